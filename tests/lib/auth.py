#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Logins over real programs: auth.py CASE... runs functions of this file against the built programs."""
import base64
import contextlib
import hashlib
import hmac
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from certificates import self_signed

BIN = os.path.join(os.environ.get("BUILD", "build"), "stage", "bin")
PATIENCE = 100  # seconds, for what comes at once on an idle machine
CANARY = "canary-7f3a"
RIGHT = '#!/bin/sh\nset -eu\ndata=$(tr "\\0" "\\n" <&3)\n[ "$data" != "${data#joe\nsecret}" ] || exit 1\nUSER=joe exec "$@"\n'


def b64(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


class Session:
    """One session on a socketpair, with the programs `hooks` in its backend directory: scripts, or paths for links."""

    def __init__(self, program, hooks, *options):
        self.program = program
        self.folder = tempfile.TemporaryDirectory()
        self.path = self.folder.name
        os.chmod(self.path, 0o755)
        backend = os.path.join(self.path, "backend")
        os.mkdir(backend)
        with open(os.path.join(backend, "env"), "w", encoding="ascii") as env:
            env.write(f"T={self.path}\n")
        for name, text in hooks.items():
            if text.startswith("/"):
                os.symlink(text, os.path.join(backend, name))
                continue
            with open(os.path.join(backend, name), "w", encoding="ascii") as file:
                file.write(text)
            os.chmod(os.path.join(backend, name), 0o755)
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(PATIENCE)
        self.log = open(os.path.join(self.path, "log"), "w+b")
        self.process = subprocess.Popen([os.path.join(BIN, program), "--hostname", "mx.example", *options, backend],
                                        stdin=theirs, stdout=theirs, stderr=self.log)
        theirs.close()
        self.file = self.socket.makefile("rb")
        self.greeting = self.reply()
        if program != "pop3-session":
            self.keywords = self.say("LHLO x" if program == "lmtp-session" else "EHLO x")

    def reply(self):
        lines = []
        while True:
            line = self.file.readline().decode("latin-1")
            lines.append(line.rstrip("\r\n"))
            if self.program == "pop3-session" or not line or line[3:4] != "-":
                return lines[-1] if len(lines) == 1 else "\n".join(lines)

    def say(self, line):
        self.socket.sendall(line.encode() + b"\r\n")
        return self.reply()

    def plain(self, name, password):
        return self.say("AUTH PLAIN " + b64(f"\0{name}\0{password}"))

    def secure(self, cert):
        assert self.say("STLS").startswith("+OK")
        context = ssl.create_default_context(cafile=cert)
        self.socket = context.wrap_socket(self.socket, server_hostname="mx.example")
        self.file = self.socket.makefile("rb")

    def lines(self, command):
        """The lines of a multi-line reply of POP3."""
        assert self.say(command).startswith("+OK"), command
        return list(iter(self.reply, "."))

    def logged(self):
        """The log so far; the session goes on writing at its own place."""
        return os.pread(self.log.fileno(), 1 << 20, 0).decode(errors="replace")

    def read(self, name):
        with open(os.path.join(self.path, name), encoding="latin-1") as file:
            return file.read()

    def close(self):
        self.file.close()
        self.socket.close()
        self.process.wait(PATIENCE)
        assert self.process.returncode == 0, self.logged()


@contextlib.contextmanager
def session(program, hooks, *options):
    it = Session(program, hooks, *options)
    try:
        yield it
    finally:
        it.close()


MAIL = ("smtp-session", "lmtp-session")
STORE = {"list": '#!/bin/sh\nid -un >"$T/list"; env >"$T/env"; echo m1 5\n', "retrieve": '#!/bin/sh\necho hello\n'}


def codes():
    """AUTH-011, AUTH-016: what each end of auth comes to; success is its program running, never a mere exit 0."""
    ends = {"exit 0": "454 4.7.0", "exit 1": "535 5.7.8", "exit 2": "535 5.7.8", "exit 67": "535 5.7.8",
            "exit 77": "535 5.7.8", "exit 100": "535 5.7.8", "exit 111": "454 4.7.0", "exit 75": "454 4.7.0",
            "exit 127": "454 4.7.0", "kill -9 $$": "454 4.7.0", "kill -TERM $$": "454 4.7.0",
            'USER=jo exec "$@"': "235 2.7.0"}
    for text, wanted in ends.items():
        with session("smtp-session", {"auth": f"#!/bin/sh\n{text}\n", "deliver": '#!/bin/sh\nenv >"$T/env"; cat >"$T/mail"\n'}) as it:
            said = it.plain("joe", "secret")
            assert said.startswith(wanted), (text, said)
            if wanted[0] == "2":
                for line in ("MAIL FROM:<a@b.example>", "RCPT TO:<far@away.example>", "DATA", "Subject: x\r\n\r\nx\r\n."):
                    assert it.say(line)[0] in "23"
                assert {"AUTH_USER=jo", "AUTH_MECH=PLAIN"} <= set(it.read("env").split("\n"))
                assert "with ESMTPA id" in it.read("mail")


def alike():
    """AUTH-013: an unknown user, a wrong password and an ill-formed name are told alike, and wait (how long: alike_in_time)."""
    told = set()
    for name, password in (("joe", "wrong"), ("nobody", "secret"), ("-x", "secret")):
        with session("smtp-session", {"auth": RIGHT}) as it:
            began = time.monotonic()
            told.add(it.plain(name, password))
            took = time.monotonic() - began
            assert took >= 0.998, took
    assert told == {"535 5.7.8 Authentication credentials invalid"}, told


def limit():
    """AUTH-013, POP-017: three failures, counted in every protocol, then the end; one log line each with the address."""
    for program in MAIL:
        with session(program, {"auth": RIGHT}) as it:
            for _ in range(3):
                assert it.plain("joe", "wrong").startswith("535 ")
            assert it.plain("joe", "secret") == "421 4.7.0 mx.example Too many failed logins, closing"
            assert it.reply() == ""
            assert len(re.findall('level=notice msg="authentication failed" .* user=joe mechanism=PLAIN', it.logged())) == 3


def tokens():
    """AUTH-022, AUTH-023: the token on descriptor 3, the identity by :set user=NAME, and nobody else's."""
    token = '#!/bin/sh\nread -r token <&3; echo "$AUTH_MECH $AUTH_NAME $token" >>"$T/told"\n' \
            '[ "$token" = good ] || exit 1\necho ":set user=joe"\n'
    with session("smtp-session", {"token": token, "mail": '#!/bin/sh\necho "$AUTH_USER $AUTH_MECH" >"$T/mail"\n'}) as it:
        assert it.say("AUTH XOAUTH2 " + b64("user=joe\1auth=Bearer bad\1\1")).startswith("334 ")
        assert it.say("") == "535 5.7.8 Authentication credentials invalid"
        assert it.say("AUTH XOAUTH2 " + b64("user=ann\1auth=Bearer good\1\1")).startswith("334 ")
        assert it.say("").startswith("535 ")
        assert it.say("AUTH OAUTHBEARER " + b64("n,,\1auth=Bearer good\1\1")).startswith("235 ")
        assert it.say("MAIL FROM:<a@b.example>").startswith("250 ")
        assert it.read("mail") == "joe OAUTHBEARER\n"
        assert it.read("told") == "XOAUTH2 joe bad\nXOAUTH2 ann good\nOAUTHBEARER  good\n"
        assert "bad" not in it.logged() and "good" not in it.logged()
    with session("smtp-session", {"token": "#!/bin/sh\nexit 0\n"}) as it:
        assert it.say("AUTH OAUTHBEARER " + b64("n,,\1auth=Bearer x\1\1")).startswith("454 ")
    # POP3: the store runs as the session's user.
    with session("pop3-session", {"token": token, **STORE}) as it:
        assert it.say("AUTH XOAUTH2 " + b64("user=joe\1auth=Bearer good\1\1")) == "+OK maildrop has 1 message"
        assert "\nUSER=joe\n" in "\n" + it.read("env")


def scram_response(said, name, password):
    """The client's last word after the server's first, which is in `said`."""
    first = base64.b64decode(said.split(" ", 1)[1]).decode()
    values = dict(pair.split("=", 1) for pair in first.split(","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(values["s"]), int(values["i"]))
    key = hmac.digest(salted, b"Client Key", "sha256")
    final = "c=biws,r=" + values["r"]
    signature = hmac.digest(hashlib.sha256(key).digest(), f"n={name},r=abcdef,{first},{final}".encode(), "sha256")
    return b64(final + ",p=" + b64(bytes(a ^ b for a, b in zip(key, signature))))


def scram(it, name, password, success):
    said = it.say("AUTH SCRAM-SHA-256 " + b64(f"n,,n={name},r=abcdef"))
    said = it.say(scram_response(said, name, password))
    if not success:
        return said
    assert base64.b64decode(said.split(" ", 1)[1]).startswith(b"v="), said
    return it.say("")


SECRET = '#!/bin/sh\necho "$AUTH_MECH $AUTH_NAME" >>"$T/asked"\n[ "$AUTH_NAME" = joe ] || exit 67\necho "{PLAIN}secret"\n'


def secrets():
    """AUTH-017, AUTH-019, AUTH-020, MAP-045, POP-018, POP-123: SCRAM, CRAM-MD5 and APOP by sasl-session and the secret program."""
    weak = ("--auth-mechanisms", "SCRAM-SHA-256,CRAM-MD5,APOP")
    with session("smtp-session", {"secret": SECRET}) as it:
        assert "\n250-AUTH SCRAM-SHA-256\n" in it.keywords
        assert scram(it, "joe", "wrong", False) == scram(it, "nobody", "secret", False)
        assert scram(it, "joe", "secret", True).startswith("235 ")
        assert it.read("asked") == "SCRAM-SHA-256 joe\nSCRAM-SHA-256 nobody\nSCRAM-SHA-256 joe\n"
    for _ in range(2):
        with session("smtp-session", {"secret": SECRET}, *weak) as it:
            challenge = base64.b64decode(it.say("AUTH CRAM-MD5").split(" ", 1)[1])
            assert it.say("*").startswith("501 5.7.0 ")
            again = base64.b64decode(it.say("AUTH CRAM-MD5").split(" ", 1)[1])
            assert re.fullmatch(rb"<[^<>@]+@mx.example>", again) and again != challenge
            stale = hmac.new(b"secret", challenge, "md5").hexdigest()
            assert it.say(b64("joe " + stale)).startswith("535 ")
            fresh = base64.b64decode(it.say("AUTH CRAM-MD5").split(" ", 1)[1])
            assert it.say(b64("joe " + hmac.new(b"secret", fresh, "md5").hexdigest())).startswith("235 ")
    with session("pop3-session", {"secret": SECRET, **STORE}, *weak) as it:
        stamp = re.search(r"<\d+\.\d+\.[0-9a-f]{16}@mx\.example>", it.greeting)[0]
        assert it.say("APOP joe " + "0" * 32).startswith("-ERR [AUTH] ")
        digest = hashlib.md5((stamp + "secret").encode()).hexdigest()
        assert it.say("APOP joe " + digest) == "+OK maildrop has 1 message"
        assert it.say("STAT") == "+OK 1 5"
    with session("pop3-session", {"secret": SECRET, **STORE}) as it:
        assert "<" not in it.greeting
        assert scram(it, "joe", "secret", True) == "+OK maildrop has 1 message"
    with session("smtp-session", {"secret": "#!/bin/sh\nexit 75\n"}) as it:
        assert it.say("AUTH SCRAM-SHA-256 " + b64("n,,n=joe,r=x")).startswith("454 ")


def one_greeting():
    """POP-112: APOP behind STLS has the timestamp of the one greeting, and CAPA is what is possible now."""
    with tempfile.TemporaryDirectory() as folder:
        cert, key = self_signed(folder)
        with session("pop3-session", {"auth": RIGHT, "secret": SECRET, **STORE}, "--tls-cert", cert, "--tls-key", key,
                     "--insecure-auth", "never", "--auth-mechanisms", "PLAIN,SCRAM-SHA-256,APOP") as it:
            stamp = re.search(r"<[^<>]+@mx\.example>", it.greeting)[0]
            before = it.lines("CAPA")
            assert "STLS" in before and "USER" not in before and "SASL SCRAM-SHA-256" in before, before
            it.secure(cert)
            after = it.lines("CAPA")
            assert "STLS" not in after and "USER" in after, after
            assert "SASL SCRAM-SHA-256 PLAIN" in after, after
            assert it.say("APOP joe " + hashlib.md5((stamp + "secret").encode()).hexdigest()) == "+OK maildrop has 1 message"


# ---- time ----

# Why a login fails, and the name and password with which it does.
REASONS = {"unknown": ("nobody", "secret"), "wrong": ("joe", "wrong"), "ill-formed": ("-x", "secret"),
           "trouble": ("trouble", "secret")}


def try_plain(it, name, password):
    yield "AUTH PLAIN " + b64(f"\0{name}\0{password}")


def try_login(_, name, password):
    yield "AUTH LOGIN " + b64(name)
    yield b64(password)


def try_scram(it, name, password):
    said = yield "AUTH SCRAM-SHA-256 " + b64(f"n,,n={name},r=abcdef")
    yield scram_response(said, name, password)


def try_user(_, name, password):
    yield f"USER {name}"
    yield f"PASS {password}"


def try_apop(it, name, password):
    stamp = re.search("<.*>", it.greeting)[0]
    yield f"APOP {name} " + hashlib.md5((stamp + password).encode()).hexdigest()


def failed(it, way, credentials):
    """How a login failed, and how long that took after the client's last line."""
    dialogue = way(it, *credentials)
    line = next(dialogue)
    while True:
        began = time.monotonic()
        said = it.say(line)
        took = time.monotonic() - began
        if said.startswith(("5", "454", "-ERR")):
            return said, took
        line = dialogue.send(said)


ROUNDS = 10  # of logins, until some were not disturbed


def alike_in_time():
    """AUTH-013, hardening 61: however a login fails, by any mechanism, is answered after the same time, in the same words."""
    auth = RIGHT.replace('[ "$data" !=', 'case $data in trouble*) exit 111 ;; esac\n[ "$data" !=')
    secret = SECRET.replace('[ "$AUTH_NAME"', '[ "$AUTH_NAME" != trouble ] || exit 75\n[ "$AUTH_NAME"')
    options = ("--max-auth-failures", "100", "--max-errors", "100", "--hook-timeout", "290", "--auth-mechanisms",
               "PLAIN,LOGIN,SCRAM-SHA-256,APOP")
    ways = [("smtp-session", try_plain), ("smtp-session", try_login), ("smtp-session", try_scram),
            ("pop3-session", try_user), ("pop3-session", try_apop)]
    for program, way in ways:
        # A name that cannot be one is refused at USER, and nothing is looked up.
        reasons = [name for name in REASONS if (way, name) != (try_user, "ill-formed")]
        told = {reason: set() for reason in reasons}
        times = {reason: [] for reason in reasons}

        def client(reason):
            with session(program, {"auth": auth, "secret": secret, **STORE}, *options) as it:
                for _ in range(4):
                    said, took = failed(it, way, REASONS[reason])
                    told[reason].add(said)
                    times[reason].append(took)

        def least():
            """The shortest time of each: what else runs on the machine makes a login longer, and never shorter."""
            return [min(taken) for taken in times.values()]
        for number in range(1, ROUNDS + 1):
            clients = [threading.Thread(target=client, args=(reason,)) for _ in range(6) for reason in reasons]
            for thread in clients:
                thread.start()
            for thread in clients:
                thread.join()
            assert all(len(taken) == 24 * number for taken in times.values()), (way, told)
            # The session counts in whole milliseconds.
            assert min(least()) >= 0.998, times
            if max(least()) - min(least()) < 0.005:
                break
        assert max(least()) - min(least()) < 0.005, (way, least())
        trouble = told.pop("trouble")
        assert trouble.pop().startswith(("454 4.7.0 ", "-ERR [SYS/TEMP] ")) and not trouble
        words = set.union(*told.values())
        assert len(words) == 1 and words.pop().startswith(("535 5.7.8 ", "-ERR [AUTH] ")), (way, told)


def submission():
    """SUBM-001, SUBM-003, SUBM-004, SUBM-005, SUBM-006: --submission."""
    hooks = {"auth": RIGHT, "deliver": '#!/bin/sh\ncat >"$T/mail"\n',
             "mail": '#!/bin/sh\ncase $AUTH_USER:$SENDER in joe:joe@*) ;; *) exit 77 ;; esac\n'}
    with session("smtp-session", hooks, "--submission") as it:
        assert it.say("MAIL FROM:<joe@b.example>").startswith("530 5.7.0 ")
        assert it.plain("joe", "secret").startswith("235 ")
        assert it.say("MAIL FROM:<ann@b.example>").startswith("550 5.7.1 ")
        for line in ("MAIL FROM:<joe@b.example>", "RCPT TO:<far@away.example>", "DATA"):
            assert it.say(line)[0] in "23"
        assert it.say("Subject: x\r\nBcc: z@z.example\r\n\r\nhi\r\n.").startswith("250 ")
        mail = it.read("mail").split("\n")
        assert mail[4:6] == ["Subject: x", "Bcc: z@z.example"], mail
        assert re.fullmatch(r"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000", mail[6])
        assert re.fullmatch(r"Message-ID: <[0-9a-f]+-[0-9a-f]+\.2@mx\.example>", mail[7])
        assert mail[8:] == ["", "hi", ""]


def memory(pid, word):
    """Is the word anywhere in the memory of a process? Not when that cannot be read."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            if "r" not in line.split()[1] or "[v" in line:
                continue
            mem.seek(start)
            with contextlib.suppress(OSError):
                if word in mem.read(end - start):
                    return True
    return False


def canary():
    """GEN-016: a password is in no log, trace, environment or argument, and the parser keeps no copy of it."""
    auth = '#!/bin/sh\nenv >"$T/env-auth"; tr "\\0" " " </proc/$$/cmdline >"$T/argv-auth"; cat <&3 >/dev/null\n' \
           'USER=joe exec "$@"\n'
    for program in (*MAIL, "pop3-session"):
        with tempfile.TemporaryDirectory() as folder:
            trace = os.path.join(folder, "trace")
            with session(program, {"auth": auth, **STORE}, "--trace", trace) as it:
                it.say("AUTH LOGIN")
                it.say(b64(CANARY + "-user"))
                it.socket.sendall((b64(CANARY) + "\r\nNOOP\r\n").encode())
                assert all(it.reply()[:1] in ("2", "+") for _ in range(2))
                parser = int(open(f"/proc/{it.process.pid}/task/{it.process.pid}/children", encoding="ascii").read().split()[0])
                for word in (CANARY.encode(), b64(CANARY).encode()):
                    assert not memory(parser, word), (program, word)
                assert not memory(it.process.pid, CANARY.encode() + b"\0")
                texts = [it.logged(), open(trace, encoding="latin-1").read(), it.read("env-auth"), it.read("argv-auth")]
                for text in texts:
                    assert b64(CANARY) not in text and CANARY not in text.replace(CANARY + "-user", "")


def gone():
    """AUTH: a client that leaves at any step leaves nothing behind, and auth is asked for whole credentials alone."""
    auth = {"auth": '#!/bin/sh\n: >>"$T/ran"\nexit 1\n', "secret": SECRET}
    for lines in (["AUTH PLAIN"], ["AUTH LOGIN"], ["AUTH LOGIN", b64("joe")], ["AUTH PLAIN", b64("joe")],
                  ["AUTH SCRAM-SHA-256"], ["AUTH SCRAM-SHA-256", b64("n,,n=joe,r=x")]):
        with session("smtp-session", auth) as it:
            for line in lines:
                it.say(line)
            it.socket.shutdown(socket.SHUT_RDWR)
            it.process.wait(PATIENCE)
            assert not os.path.exists(os.path.join(it.path, "ran"))


if __name__ == "__main__":
    for case in sys.argv[1:]:
        globals()[case]()
