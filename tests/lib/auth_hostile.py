#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Logins and TLS with helpers, programs and clients that mean harm: auth_hostile.py CASE; tests/auth-hostile.bats
names them."""
import contextlib
import os
import re
import select
import socket
import ssl
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import auth  # noqa: E402
import certificates  # noqa: E402
import secure  # noqa: E402
import secure_processes  # noqa: E402
import server  # noqa: E402
from auth import RIGHT, SECRET, STORE, b64, scram, session  # noqa: E402

TELL_MAIL = '#!/bin/sh\necho "mail user=$AUTH_USER mech=$AUTH_MECH peer=$TLS_PEER" >>"$T/mail"\n'
FIRST = b64("n,,n=joe,r=abcdef")


def again():
    """AUTH-008: an exchange that is cancelled leaves nothing to the next one, nor to programs."""
    for program in (*auth.MAIL, "pop3-session"):
        with session(program, {"secret": SECRET, "mail": TELL_MAIL, **STORE}) as it:
            for line in ("AUTH SCRAM-SHA-256 " + FIRST, "*", "AUTH SCRAM-SHA-256 " + FIRST, "*"):
                last = it.say(line)
            assert last.startswith(("501 5.7.0 ", "-ERR ")), last
            if program != "pop3-session":
                assert it.say("MAIL FROM:<a@b.example>").startswith("250 ")
                assert it.read("mail") == "mail user= mech= peer=\n"
                assert it.say("RSET").startswith("250 ")
            assert scram(it, "joe", "secret", True).startswith(("235 ", "+OK ")), it.logged()


# ---- helpers --------------------------------------------------------------------------------------


@contextlib.contextmanager
def played_by(script):
    """Sessions whose sasl-session is a script: it stands beside a program that finds no other installed."""
    before = auth.BIN
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(server.BIN, "smtp-session"), "rb") as file:
            program = file.read().replace(b"libexec/mail-session/", b"libexec/mail-nowhere/")
        for name, octets in (("smtp-session", program), ("sasl-session", b"#!/bin/sh\n" + script.encode())):
            with open(os.path.join(folder, name), "wb", opener=lambda *call: os.open(*call, 0o755)) as file:
                file.write(octets)
        auth.BIN = folder
        try:
            yield
        finally:
            auth.BIN = before


JOE, EVE = b64("joe"), b64("eve")
# What a helper says, and whether it is the time limit that ends the wait for it.
HELPERS = {
    "exec sleep 100": True,
    "kill -STOP $$": True,
    "exit 0": False,
    "kill -9 $$": False,
    "echo hello": False,
    "exec cat /dev/zero": False,
    "exec yes challenge": False,
    "exec yes secret": False,
    f"exec yes 'secret {JOE}'": False,
    f"echo 'success {JOE}'": False,
    f"read -r line; echo 'secret {JOE}'; read -r line; echo 'success {EVE}'": False,
    f"read -r line; echo 'secret {JOE}'; read -r line; echo 'success {b64('-joe')}'": False,
    f"read -r line; echo 'secret {JOE}'; read -r line; echo 'success {JOE} not*base64'": False,
    f"read -r line; echo 'secret {b64(chr(10))}'; read -r line; echo 'success '": False,
    "echo 'challenge not*base64'": False,
    "printf 'challenge %s\\n' \"$(printf '%012000d' 0)\"": False,
    "printf 'failure'": False,
}


def helpers():
    """DESIGN 2.6: a helper that hangs, ends, floods or lies lets nobody in, and the session goes on."""
    for script, silent in HELPERS.items():
        # Who waits for the long limit where there is nothing to wait for is late on any machine.
        with played_by(script + "\n"), session("smtp-session", {"secret": SECRET, "mail": TELL_MAIL},
                                               "--hook-timeout", "5" if silent else "200") as it:
            began = time.monotonic()
            said = it.say("AUTH SCRAM-SHA-256 " + FIRST)
            took = time.monotonic() - began
            assert said.startswith("454 4.7.0 "), (script, said)
            assert (5 if silent else 0.998) <= took < 100, (script, took)
            assert it.say("MAIL FROM:<a@b.example>").startswith("250 "), script
            assert it.read("mail") == "mail user= mech= peer=\n", script
            assert it.say("QUIT").startswith("221 ")


def deaf_helper():
    """A helper that challenges and never reads does not stop the session; the longest challenge there is."""
    longest = "challenge $(printf '%08192d' 0)"
    with played_by(f'echo "{longest}"; read -r line\n'), session("smtp-session", {"secret": SECRET}) as it:
        it.socket.sendall(b"NOOP\r\n" * 100 + b"AUTH SCRAM-SHA-256 " + FIRST.encode() + b"\r\n")
        assert [it.reply()[:4] for _ in range(100)] == ["250 "] * 100
        assert it.reply() == "334 " + "0" * 8192
        assert it.say("*").startswith("501 5.7.0 ")
    with played_by(f"echo 'challenge {JOE}'\nexec sleep 100\n"), \
            session("smtp-session", {"secret": SECRET}, "--hook-timeout", "5") as it:
        assert it.say("AUTH SCRAM-SHA-256 " + FIRST) == "334 " + JOE
        assert it.say(b64("x" * 9216)).startswith("454 4.7.0 ")
        assert it.say("NOOP").startswith("250 ")


# ---- descriptors ----------------------------------------------------------------------------------


def numbers(pid):
    return {int(fd) for fd in os.listdir(f"/proc/{pid}/fd")}


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


# /proc names what the shell itself has; its script is close-on-exec.
LIST = '#!/bin/sh\nls /proc/self/fd | tr "\\n" " " >"$T/fd-$SESSION_EVENT"\n'


def descriptors():
    """Hardening 84: programs, helpers and parser have the descriptors that they are to have; the runner keeps none of a login."""
    hooks = {"auth": LIST + "exit 1\n", "token": LIST + "exit 1\n", "secret": LIST + "exit 67\n", "mail": LIST}
    with session("smtp-session", hooks, "--max-auth-failures", "100", "--auth-mechanisms",
                 "PLAIN,XOAUTH2,SCRAM-SHA-256,CRAM-MD5") as it:
        # The greeting may come before either process is all set up; an answer of auth does not.
        assert it.plain("joe", "secret").startswith("535 ")
        parser, = children(it.process.pid)
        before, in_parser = numbers(it.process.pid), numbers(parser)
        assert in_parser == {0, 1, 2, 3, 4}, in_parser
        for _ in range(2):
            assert it.plain("joe", "secret").startswith("535 ")
            assert it.say("AUTH XOAUTH2 " + b64("user=joe\1auth=Bearer x\1\1")).startswith("334 ")
            assert it.say("").startswith("535 ")
            assert it.say("AUTH SCRAM-SHA-256 " + FIRST).startswith("334 ")
            helper = [pid for pid in children(it.process.pid) if pid != parser]
            assert len(helper) == 1 and os.readlink(f"/proc/{helper[0]}/exe").endswith("/sasl-session")
            assert it.say("!").startswith("501 5.5.2 ")
            assert it.say("AUTH CRAM-MD5").startswith("334 ")
            assert it.say("*").startswith("501 5.7.0 ")
        assert it.say("MAIL FROM:<a@b.example>").startswith("250 ")
        assert numbers(it.process.pid) == before, (before, numbers(it.process.pid))
        assert numbers(parser) == in_parser
        # The last is what ls itself opens.
        assert it.read("fd-auth") == "0 1 2 3 4 5 ", it.read("fd-auth")
        assert it.read("fd-token") == "0 1 2 3 4 ", it.read("fd-token")
        assert it.read("fd-secret") == it.read("fd-mail") == "0 1 2 3 ", it.read("fd-mail")
    with secure.server() as it:
        client = it.secured()
        it.hello(client)
        runner, = it.sessions()
        parser, = [pid for pid in children(runner) if os.readlink(f"/proc/{pid}/exe").endswith("/smtp-session")]
        assert numbers(parser) == {0, 1, 2, 3, 4}, numbers(parser)
        links = [os.readlink(f"/proc/{runner}/fd/{fd}") for fd in numbers(runner)]
        assert sum(link.startswith("socket:") for link in links) == 1, links
        assert client.say("QUIT").startswith("221 ")


def killed():
    """Hardening 39: when the runner is killed in an exchange, helper and parser end, and so does the client's connection."""
    with session("smtp-session", {"secret": SECRET}) as it:
        assert it.say("AUTH SCRAM-SHA-256 " + FIRST).startswith("334 ")
        ends = select.poll()
        left = [os.pidfd_open(pid) for pid in children(it.process.pid)]
        assert len(left) == 2
        it.process.kill()
        said = it.file.read()
        assert not said or said.startswith(b"421 "), said
        for fd in left:
            ends.register(fd, select.POLLIN)
            assert ends.poll(server.PATIENCE * 1000)
            ends.unregister(fd)
            os.close(fd)
        it.process.wait()
        it.process.returncode = 0


# ---- TLS ------------------------------------------------------------------------------------------


def in_front():
    """DESIGN 9, TLS-013, AUTH-024: TLS that ended in front is known from the environment, as far as it can be true."""
    always = {"SSL_PROTOCOL": "TLSv1.3", "SSL_CIPHER": "TLS_X", "SSL_CLIENT_S_DN": "CN=jo", "SSL_CLIENT_SAN_EMAIL": "jo@b.example"}
    plain = "PLAIN LOGIN"
    for more, keyword in (({}, None), (always, plain), ({**always, "SSL_CLIENT_VERIFY": "FAILED:SUCCESS"}, plain),
                          ({**always, "SSL_PROTOCOL": "TLS\n1"}, plain), ({**always, "SSL_PROTOCOL": "x" * 17}, plain),
                          ({**always, "SSL_CLIENT_VERIFY": "SUCCESS"}, "EXTERNAL " + plain),
                          # One that is too long hides none of those behind it.
                          ({**always, "SSL_CIPHER": "x" * 20000, "SSL_CLIENT_VERIFY": "SUCCESS"}, "EXTERNAL " + plain)):
        os.environ.update(more)
        try:
            with session("smtp-session", {"auth": RIGHT, "mail": TELL_MAIL}, "--insecure-auth", "never") as it:
                found = re.search(r"^250[ -]AUTH (.*)$", it.keywords, re.M)
                assert (found and found[1]) == keyword, (more, it.keywords)
                if keyword is None:
                    assert it.plain("joe", "secret").startswith("504 5.5.4 ")
                elif keyword.startswith("EXTERNAL"):
                    assert it.say("AUTH EXTERNAL " + b64("root")).startswith("535 ")
                    assert it.say("AUTH EXTERNAL =").startswith("235 ")
                    assert it.say("MAIL FROM:<>").startswith("250 ")
                    assert it.read("mail") == "mail user=jo@b.example mech=EXTERNAL peer=CN=jo\n"
                else:
                    assert it.plain("joe", "secret").startswith("235 ")
                    assert it.say("MAIL FROM:<>").startswith("250 ")
                    assert it.read("mail") == "mail user=joe mech=PLAIN peer=\n"
        finally:
            for name in more:
                os.environ.pop(name)


def certificate_of_front():
    """AUTH-024 XCL-006: who speaks for others with XCLIENT has a certificate for itself, and not for them."""
    with tempfile.TemporaryDirectory() as folder:
        own = certificates.self_signed(folder, "front.example", "front")
        hooks = {"auth": RIGHT, "rcpt": '#!/bin/sh\necho "rcpt user=$AUTH_USER peer=$TLS_PEER." >&2\n'}
        with secure.server("--tls-client-ca", own[0], "--trusted-networks", "127.0.0.1", hooks=hooks) as it:
            client = it.secured(cert=own)
            assert any("EXTERNAL" in line for line in it.hello(client))
            assert client.say("XCLIENT ADDR=203.0.113.9").startswith("220 ")
            assert not any("EXTERNAL" in line for line in it.hello(client))
            assert client.say("AUTH EXTERNAL =").startswith("504 5.5.4 ")
            assert client.say("MAIL FROM:<>").startswith("250 ")
            client.say("RCPT TO:<u@x.example>")
            assert it.log.wait("rcpt user=").endswith('peer=."'), it.log.lines
            assert client.say("QUIT").startswith("221 ")


def queued(port):
    """Octets that the kernel holds for the client of a server."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        return max(int(line.split()[4].split(":")[0], 16) for line in table.readlines()[1:]
                   if line.split()[1].endswith(f":{port:04X}"))


def slow_reader():
    """POP-044 TLS-011: who says QUIT behind RETR in one write and reads slowly gets all of the message."""
    octets = 8 << 20
    store = {"auth": '#!/bin/sh\nexec "$@"\n', "list": "#!/bin/sh\necho m1 %d\n" % (octets * 80 // 78),
             "retrieve": "#!/bin/sh\nhead -c %d /dev/zero | tr '\\0' x | fold -w 78\n" % octets}
    with secure.server("--insecure-auth", "always", program="pop3-session", hooks=store) as it:
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        raw.settimeout(server.PATIENCE)
        raw.connect(("127.0.0.1", it.port))
        client = server.served(it.keep(raw))
        assert client.say("STLS").startswith("+OK")
        client = it.shaken(client)
        client.socket.sendall(b"USER jo\r\nPASS x\r\nRETR 1\r\nQUIT\r\n")
        tls = server.eventually(lambda: secure_processes.process_of(it, "tls-session"), "no tls-session")
        # Nothing is read until all buffers are full, and then until the parser has ended; then not, for longer than
        # a last line may take.
        ended = select.poll()
        ended.register(os.pidfd_open(tls), select.POLLIN)
        before, held = 0, b""
        while not before or queued(it.port) > before:
            before = queued(it.port)
            assert ended.poll(300) == []
        while len(it.processes()) > 2:
            held += client.socket.recv(16384)
        ended.poll(7000)
        with contextlib.suppress(ssl.SSLEOFError):
            while piece := client.socket.recv(1 << 20):
                held += piece
        assert held.count(b"x") == octets and held.endswith(b"\r\n.\r\n+OK bye\r\n"), (held.count(b"x"), octets, held[-40:])


if __name__ == "__main__":
    for case in sys.argv[1:]:
        globals()[case]()
