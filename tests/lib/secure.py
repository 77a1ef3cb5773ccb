#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""secure.py - tests of TLS in the sessions, one a function; tests/secure.bats names them.

    tests/lib/secure.py NAME

Each starts a program on a free port and speaks with it as clients, and as those who are none, do.
"""
import contextlib
import os
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import certificates  # noqa: E402
from loop import BIN, PATIENCE, Server, descendants, eventually, served  # noqa: E402

PROGRAMS = ("smtp-session", "lmtp-session", "pop3-session")
VERB = {"smtp-session": "STARTTLS", "lmtp-session": "STARTTLS", "pop3-session": "STLS"}
REFUSED = {"smtp-session": "554 5.5.0 ", "lmtp-session": "554 5.5.0 ", "pop3-session": "-ERR "}
HELLO = {"smtp-session": "EHLO c.example", "lmtp-session": "LHLO c.example", "pop3-session": "CAPA"}

# Every program says what it is told.
TELL = ('#!/bin/sh\necho "$SESSION_EVENT end=$SESSION_END helo=$HELO addr=$REMOTE_ADDR host=$REMOTE_HOST user=$AUTH_USER '
        'a=$HOOK_A b=$HOOK_B tls=$TLS_VERSION/$TLS_CIPHER/$TLS_SNI/$TLS_PEER ssl=$SSLCTLFD$SSL_PROTOCOL" >&2\n')
HOOKS = {name: TELL for name in ("rcpt", "timeout", "disconnect")}
HOOKS["deliver"] = TELL + "exec cat >&2\n"


class Secure(Server):
    """A server with a certificate."""

    def __init__(self, *options, folder, hooks=HOOKS, program="smtp-session", key=None, **more):
        self.cert, own = certificates.self_signed(folder)
        self.program = program
        mail = () if program == "pop3-session" else ("--accept-domain", "x.example")
        super().__init__(*mail, "--tls-cert", self.cert, "--tls-key", key or own, *options, program=program,
                         hooks=hooks, **more)
        self.ready()

    def hello(self, client):
        """What the server announces."""
        client.socket.sendall(HELLO[self.program].encode() + b"\r\n")
        lines = [client.line()]
        last = (lambda line: line == ".\r\n") if self.program == "pop3-session" else (lambda line: line[3] == " ")
        while not last(lines[-1]):
            lines.append(client.line())
        return [line[0 if self.program == "pop3-session" else 4:].strip() for line in lines[1:]]

    def begun(self, source="127.0.0.1"):
        """A client that was told to begin TLS."""
        client = served(self.connect(source))
        self.hello(client)
        assert client.say(VERB[self.program])[:3] in ("220", "+OK")
        return client

    def shaken(self, client, cert=None, **options):
        context = ssl.create_default_context(cafile=self.cert)
        if cert is not None:
            context.load_cert_chain(*cert)
        secure = context.wrap_socket(client.socket, server_hostname="mx.example", **options)
        return self.keep(secure)

    def secured(self, **options):
        return self.shaken(self.begun(), **options)

    def end(self, pattern=""):
        """The line on the end of a session."""
        return self.log.wait(f'msg="session end".*{pattern}')

    def alone(self, within=1):
        """All processes but the server itself are gone within a second."""
        deadline = time.monotonic() + within * (20 if os.environ.get("SANITIZE") else 1)
        while left := self.processes():
            assert time.monotonic() < deadline, left
            time.sleep(0.005)

    def processes(self):
        """What descends from the server; a process that ends meanwhile is one more reason to look again."""
        while True:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                return list(descendants(self.pid))


@contextlib.contextmanager
def server(*options, **more):
    with tempfile.TemporaryDirectory() as folder, Secure(*options, folder=folder, **more) as secure:
        yield secure


def everywhere(test):
    """Runs a test with each program."""
    def run():
        for program in PROGRAMS:
            test(program)
    run.__doc__ = test.__doc__
    return run


# ---- the way to TLS ------------------------------------------------------------------------------


@everywhere
def offered(program):
    """TLS-001 TLS-003 TLS-004 TLS-013 POP-091: announced before, gone behind; facts of TLS for programs and log."""
    with server(program=program) as it:
        client = served(it.connect())
        assert VERB[program] in it.hello(client)
        assert client.say(VERB[program])[:3] in ("220", "+OK")
        client = it.shaken(client)
        version, cipher = client.socket.version(), client.socket.cipher()[0]
        assert VERB[program] not in it.hello(client)
        assert client.say(VERB[program])[:4] in ("503 ", "-ERR")
        if program != "pop3-session":
            assert client.say("MAIL FROM:<>").startswith("250 ")
            assert client.say("RCPT TO:<u@x.example>").startswith("250 ")
            it.log.wait(f"rcpt end= .*tls={version}/{cipher}/mx.example/ ssl=\"")
            assert client.say("DATA").startswith("354 ")
            assert client.say("\r\nx\r\n.").startswith("250 ")
            kind = "ESMTPS" if program == "smtp-session" else "LMTPS"
            it.log.wait(f"by mx.example.org with {kind} id")
            it.log.wait(f"tls {cipher};")
        assert client.say("QUIT")[:3] in ("221", "+OK")
        assert client.rest() == ""
        assert f"tls={version}" in it.end("reason=quit")
        it.alone()


@everywhere
def off(program):
    """TLS-002: with --tls off a certificate is for nothing, and without one there is no TLS."""
    verdict = "-ERR" if program == "pop3-session" else "502 "
    with server("--tls", "off", program=program) as it:
        client = served(it.connect())
        assert VERB[program] not in it.hello(client)
        assert client.say(VERB[program])[:4] == verdict


@everywhere
def implicit(program):
    """TLS-010 POP-127: the handshake first, then the greeting; a client that speaks clear hears nothing in clear."""
    with server("--tls", "implicit", program=program) as it:
        client = served(it.shaken(it.connect()))
        assert VERB[program] not in it.hello(client)
        assert client.say(VERB[program])[:4] in ("503 ", "-ERR")
        assert client.say("QUIT")[:3] in ("221", "+OK")
        it.end("reason=quit")
        clear = it.connect()
        clear.socket.sendall(b"EHLO c.example\r\nQUIT\r\n")
        heard = raw_rest(clear)
        assert heard == b"" or heard[0] == 0x15, heard
        assert "commands=0" in it.end("reason=error")
        it.log.wait("disconnect end=error")
        it.alone()


def implicit_without_keys():
    """TLS-007: where TLS cannot be had before the greeting, nothing is said in clear."""
    with tempfile.TemporaryDirectory() as folder:
        cert, key = certificates.self_signed(folder)
        backend = os.path.join(folder, "backend")
        os.mkdir(backend, 0o755)
        with open(key, "w", encoding="ascii") as file:
            file.write("nonsense")
        for options in (("--tls-cert", cert, "--tls-key", key), ("--tls-cert", cert, "--tls-key", key + "x")):
            done = subprocess.run([os.path.join(BIN, "smtp-session"), "--hostname", "mx.example.org", "--tls=implicit",
                                   *options, backend], input=b"EHLO c.example\r\nQUIT\r\n", capture_output=True,
                                  timeout=PATIENCE, check=False)
            assert done.stdout == b"" and done.returncode == 0, done
            assert b'msg="no TLS"' in done.stderr and b"reason=error" in done.stderr, done.stderr


# ---- octets that are not the client's ------------------------------------------------------------


def raw_rest(client):
    """All octets until the end, whatever they are."""
    octets = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := client.socket.recv(65536):
            octets += piece
    return octets


@everywhere
def injected_with(program):
    """TLS-005 POP-111, hardening 15: behind the line in one segment: refused once, closed, no handshake."""
    with server(program=program) as it:
        for octets in (b"RSET\r\n", b"\x16", b"EHLO x\r\nMAIL FROM:<>\r\n" * 500):
            client = served(it.connect())
            it.hello(client)
            client.socket.sendall(VERB[program].encode() + b"\r\n" + octets)
            heard = raw_rest(client).decode()
            assert heard.startswith(REFUSED[program]) and heard.count("\r\n") == 1, heard
            assert "tls=" not in it.end("reason=error")
            it.alone()
        assert not it.log.find("program=tls-session")


@everywhere
def injected_before(program):
    """TLS-005, hardening 15: octets that come between the line and the reply are refused as well."""
    with server(program=program) as it:
        client = served(it.connect())
        it.hello(client)
        # The session stands still until both are in the kernel's buffer.
        runner = eventually(lambda: list(it.processes()), "no session")[0]
        os.kill(runner, signal.SIGSTOP)
        client.socket.sendall(VERB[program].encode() + b"\r\n")
        eventually(lambda: waiting_in(it.port) == 0, "the parser does not read")
        client.socket.sendall(b"RSET\r\n")
        eventually(lambda: waiting_in(it.port) == 6, "nothing comes")
        os.kill(runner, signal.SIGCONT)
        heard = raw_rest(client).decode()
        assert heard.startswith(REFUSED[program]) and heard.count("\r\n") == 1, heard
        assert "tls=" not in it.end("reason=error")
        it.alone()
        assert not it.log.find("level=error"), it.log.lines


def waiting_in(port):
    """Octets that a connection to `port` holds for the server; None when there is none."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in table.readlines()[1:]:
            words = line.split()
            if words[1].endswith(f":{port:04X}") and words[3] == "01":
                return int(words[4].split(":")[1], 16)
    return None


@everywhere
def clear_instead(program):
    """TLS-006 TLS-007: commands in place of a handshake are no commands, and no clear text answers them."""
    with server(program=program) as it:
        for octets in (b"QUIT\r\n", b"EHLO c.example\r\nMAIL FROM:<>\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 70000,
                       b"GET / HTTP/1.0\r\n\r\n"):
            client = it.begun()
            client.socket.sendall(octets)
            heard = raw_rest(client)
            assert heard == b"" or heard[0] == 0x15, heard
            assert "tls=" not in it.end("reason=error")
            it.log.wait("disconnect end=error helo= ")
            it.alone()


@everywhere
def given_up(program):
    """TLS-007: a client that leaves instead of the handshake, in either manner."""
    with server(program=program) as it:
        for reset in (False, True):
            client = it.begun()
            if reset:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            it.log.wait("disconnect end=error", 1 + reset)
            it.alone()


def handshake_timeout():
    """TLS-007 GEN-012: the limit on the session counts the handshake and what was before it."""
    with server("--session-timeout", "2") as it:
        began = time.monotonic()
        client = it.begun()
        assert raw_rest(client) == b""
        assert 1 <= time.monotonic() - began < PATIENCE
        it.end("reason=timeout")
        it.log.wait("timeout end=timeout")
        it.alone()
        # It goes on behind TLS, and does not begin again.
        began = time.monotonic()
        client = served(it.connect())
        it.hello(client)
        while time.monotonic() - began < 1.2:
            select.select([client.socket], [], [], 0.1)
        assert client.say("STARTTLS").startswith("220 ")
        client = it.shaken(client)
        assert client.rest().startswith("421 4.4.2 ")
        assert time.monotonic() - began < 3.5 + (PATIENCE if os.environ.get("SANITIZE") else 0)


# ---- what survives -------------------------------------------------------------------------------


def forgotten():
    """TLS-003 XCL-006 XCL-007, hardening 16 66: only addresses, and what connect made of them, outlive the handshake."""
    hooks = dict(HOOKS, connect=TELL + "echo :set A=connect\necho ':header X-Connect: 1'\n",
                 helo=TELL + 'echo :set "B=$HELO"\necho ":header X-Helo: $HELO"\n')
    with server("--trusted-networks", "192.0.2.1,198.51.100.7", "--proxy-protocol", "127.0.0.2", hooks=hooks) as it:
        client = it.connect("127.0.0.2")
        client.socket.sendall(b"PROXY TCP4 192.0.2.1 192.0.2.2 1000 25\r\n")
        served(client)
        it.hello(client)
        assert client.say("XCLIENT ADDR=198.51.100.7 NAME=told.example HELO=told.example LOGIN=jo").startswith("220 ")
        client.socket.sendall(b"EHLO clear.example\r\n")
        while client.line()[3] == "-":
            pass
        assert client.say("XFORWARD NAME=forwarded.example").startswith("250 ")
        assert client.say("STARTTLS").startswith("220 ")
        client = it.shaken(client)
        assert client.say("MAIL FROM:<>").startswith("503 ")
        assert client.say("RCPT TO:<u@x.example>").startswith("503 ")
        client.socket.sendall(b"EHLO behind.example\r\n")
        while client.line()[3] == "-":
            pass
        for command in ("MAIL FROM:<>", "RCPT TO:<u@x.example>", "DATA", "\r\nx\r\n."):
            assert client.say(command)[0] in "23"
        told = it.log.wait("rcpt end= ")
        assert "helo=behind.example addr=198.51.100.7 host=told.example user= a=connect b=behind.example" in told, told
        it.log.wait("X-Connect: 1")
        it.log.wait("X-Helo: behind.example")
        assert not it.log.find("deliver.*X-Helo: (clear|told)"), it.log.lines
        assert it.log.find(r"with ESMTPS id") and not it.log.find("ESMTPSA")
        # XCLIENT goes on behind TLS, which it does not end.
        assert client.say("XCLIENT ADDR=203.0.113.9").startswith("220 ")
        assert client.say("STARTTLS").startswith("503 ")
        client.socket.sendall(b"EHLO again.example\r\n")
        while client.line()[3] == "-":
            pass
        assert client.say("MAIL FROM:<>").startswith("250 ")
        assert client.say("RCPT TO:<u@x.example>").startswith("250 ")
        assert "tls=TLSv1." in it.log.wait("rcpt end= helo=again.example addr=203.0.113.9")
        assert client.say("QUIT").startswith("221 ")


SERVE = """#!/usr/bin/env python3
import os, sys
OUT = os.fdopen(1, "wb", buffering=0)
OUT.write(b"hello=1\\nevents=vrfy\\n\\n")
told = {}
for line in os.fdopen(0, "rb"):
    key, _, told[key] = line[:-1].partition(b"=")
    if not key:
        known = " ".join(told.get(name, b"-").decode()[:5] for name in (b"HELO", b"AUTH_USER", b"TLS_VERSION"))
        print("told", os.getpid(), known, file=sys.stderr, flush=True)
        told = {}
        OUT.write(b"exit=0\\n\\n")
"""


def goes_on():
    """TLS-003: a co-process started in clear goes on, and no call behind TLS has what the client said before."""
    with server("--trusted-networks", "127.0.0.1", hooks={"serve": SERVE}) as it:
        client = served(it.connect())
        assert client.say("XCLIENT LOGIN=jo").startswith("220 ")
        it.hello(client)
        assert client.say("VRFY jo").startswith("25")
        clear = re.search(r"told ([0-9]+) c\.exa jo -", it.log.wait("told "))
        assert clear, it.log.lines
        assert client.say("STARTTLS").startswith("220 ")
        client = it.shaken(client)
        assert client.say("VRFY jo").startswith("25")
        it.log.wait(f"told {clear[1]} - - TLSv1")
        assert client.say("QUIT").startswith("221 ")


def certificate_of_client():
    """TLS-012 TLS-013: the name in a certificate that holds is told, that in another is not; none is needed."""
    with tempfile.TemporaryDirectory() as folder:
        good = certificates.self_signed(folder, "client.example", "good")
        bad = certificates.self_signed(folder, "evil.example", "bad")
        with server("--tls-client-ca", good[0]) as it:
            for cert, peer in ((good, "CN=client.example"), (bad, ""), (None, "")):
                client = it.secured(cert=cert)
                it.hello(client)
                assert client.say("MAIL FROM:<>").startswith("250 ")
                assert client.say("RCPT TO:<u@x.example>").startswith("250 ")
                assert client.say("QUIT").startswith("221 ")
                told = it.log.wait("disconnect end=quit")
                it.log.wait(f"rcpt end= .*/mx.example/{peer} ssl=")
                assert "evil" not in told
            assert not it.log.find("rcpt.*evil")


# ---- the end -------------------------------------------------------------------------------------


def broken_off():
    """TLS-011, hardening 18: however TLS ends within a message, it is not delivered, and nobody hears clear text."""
    def notify(client):
        with contextlib.suppress(ssl.SSLError, OSError):
            client.socket.unwrap()

    def finish(client):
        client.socket.shutdown(socket.SHUT_WR)

    def reset(client):
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()

    def clear(octets):
        def write(client):
            os.write(client.socket.fileno(), octets)
        return write

    ways = (notify, finish, reset, clear(b"\r\n.\r\nQUIT\r\n"), clear(b"\x17\x03\x03\0\x20" + b"x" * 32),
            clear(b"\x15\x03\x03\0\x02\x01\0"))
    with server() as it:
        for number, way in enumerate(ways * 2):
            client = it.secured()
            it.hello(client)
            assert client.say("MAIL FROM:<>").startswith("250 ")
            assert client.say("RCPT TO:<u@x.example>").startswith("250 ")
            if number < len(ways):
                assert client.say("DATA").startswith("354 ")
                client.socket.sendall(b"Subject: a part\r\n\r\npart\r\n")
            else:
                client.socket.sendall(b"BDAT 100000 LAST\r\nSubject: a part\r\n\r\npart\r\n")
            way(client)
            it.log.wait("disconnect end=(eof|error)", number + 1)
            it.alone()
            if way is not reset:
                raw = socket.socket(fileno=os.dup(client.socket.fileno()))
                raw.settimeout(PATIENCE)
                heard = b""
                with raw, contextlib.suppress(ConnectionResetError):
                    while piece := raw.recv(65536):
                        heard += piece
                # Records of TLS, and no line of a reply.
                assert b"\r\n" not in heard or not re.search(rb"[2-5]\d\d ", heard), heard
        assert not it.log.find("deliver end") and not it.log.find("Subject: a part")


@everywhere
def killed(program):
    """TLS-011: when the process that speaks TLS dies, the session ends, with a line in the log."""
    with server(program=program) as it:
        client = it.secured()
        it.hello(client)
        os.kill(process_of(it, "tls-session"), signal.SIGKILL)
        with contextlib.suppress(ssl.SSLEOFError):
            assert client.socket.recv(1) == b""
        it.end("reason=eof")
        it.log.wait('msg="tls-session ended badly".* signal=9')
        it.alone()


def drained():
    """SIGTERM within the handshake: the session ends when the drain time is over, and says nothing."""
    with server("--drain", "1") as it:
        client = it.begun()
        it.signal(signal.SIGTERM)
        assert raw_rest(client) == b""
        it.end("reason=shutdown")
        assert it.exit() == 0
    with server("--drain", "0") as it:
        client = it.secured()
        it.hello(client)
        it.signal(signal.SIGTERM)
        assert client.rest().startswith("421 4.3.2 ")
        assert it.exit() == 0


# ---- who holds what ------------------------------------------------------------------------------


def process_of(it, name):
    for pid in it.processes():
        with contextlib.suppress(OSError):
            if os.path.basename(os.readlink(f"/proc/{pid}/exe")).split(" ")[0] == name:
                return pid
    return None


def socket_of(it):
    """The server's socket of its one connection, as /proc names it."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in table.readlines()[1:]:
            words = line.split()
            if words[1].endswith(f":{it.port:04X}") and words[3] == "01":
                return f"socket:[{words[9]}]"
    raise AssertionError("no connection")


def holds(pid):
    return {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}


def cage():
    """TLS-003 DESIGN 9, hardening 84: behind TLS tls-session alone holds the client; no crypto in parser and runner."""
    with server() as it:
        client = it.secured()
        it.hello(client)
        connection = socket_of(it)
        tls = process_of(it, "tls-session")
        assert connection in holds(tls)
        others = [pid for pid in it.processes() if pid != tls]
        assert len(others) == 2, others
        for pid in others:
            assert connection not in holds(pid), pid
            with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
                assert not re.search("libssl|libcrypto|\\.pem", maps.read())
        # Neither has the runner kept it where TLS cannot begin.
        with server("--tls", "off") as bare:
            served(bare.connect())
            # The greeting comes before the parser, which then is the one that holds the client.
            eventually(lambda: len(list(bare.processes())) == 2 and
                       sum(socket_of(bare) in holds(pid) for pid in bare.processes()) == 1, "not one holds the client")


@everywhere
def unusable(program):
    """TLS-002: a key that cannot be used by now is a temporary fault, in a line of the log, and clear text goes on."""
    with server(program=program) as it:
        with open(it.cert.replace("cert.pem", "key.pem"), "w", encoding="ascii") as key:
            key.write("nonsense")
        client = served(it.connect())
        for _ in range(2):
            it.hello(client)
            reply = client.say(VERB[program])
            assert reply.startswith("-ERR [SYS/TEMP] " if program == "pop3-session" else "454 4.7.0 "), reply
        it.log.wait('program=tls-session level=error msg="no TLS"', 2)
        assert client.say("QUIT")[:3] in ("221", "+OK")
        it.end("reason=quit")
        it.alone()


def bad_start():
    """A certificate that cannot be used: exit 78 of --check and of an accept loop, and a reload keeps the old one."""
    with tempfile.TemporaryDirectory() as folder:
        cert, key = certificates.self_signed(folder)
        backend = os.path.join(folder, "backend")
        os.mkdir(backend, 0o755)

        def run(*options):
            return subprocess.run([os.path.join(BIN, "smtp-session"), "--hostname", "mx.example.org", "--tls-cert", cert,
                                   "--tls-key", key, *options, backend], capture_output=True, timeout=PATIENCE,
                                  check=False, stdin=subprocess.DEVNULL)
        good = run("--check")
        assert good.returncode == 0 and b"TLS: when the client asks for it\n  certificate " in good.stdout, good
        assert b"\n  250-STARTTLS\n" in good.stdout
        assert b"TLS: before the greeting\n" in run("--check", "--tls=implicit").stdout
        assert b"TLS: off\n" in run("--check", "--tls=off").stdout
        with open(key, "w", encoding="ascii") as file:
            file.write("nonsense")
        for options in (("--check",), ("--listen", "127.0.0.1:0")):
            bad = run(*options)
            assert bad.returncode == 78 and b"no good key: " in bad.stderr, bad
            assert b'error="a certificate cannot be used"' in bad.stderr, bad
    with server() as it:
        with open(it.cert, "w", encoding="ascii") as cert:
            cert.write("nonsense")
        it.signal(signal.SIGHUP)
        it.log.wait("the old configuration stays")


def signals_of_programs():
    """A loop that has run tls-session itself hands no ignored signal on to the programs of its sessions."""
    say = "#!/bin/sh\necho ignored=$(sed -n 's/^SigIgn:[^0-9a-f]*//p' /proc/self/status) >&2\n"
    with server(hooks={"connect": say}) as it:
        served(it.connect())
        ignored = re.search(r"ignored=([0-9a-f]+)", it.log.wait("ignored="))[1]
        assert int(ignored, 16) & (1 << 31) - 1 == 0, ignored


def silent_key():
    """A key that does not come: 454 after --hook-timeout, and no process is left behind."""
    with tempfile.TemporaryDirectory() as folder:
        with server("--hook-timeout", "1") as it:
            key = it.cert.replace("cert.pem", "key.pem")
            os.unlink(key)
            os.mkfifo(key, 0o600)
            client = served(it.connect())
            it.hello(client)
            assert client.say("STARTTLS").startswith("454 4.7.0 ")
            assert client.say("QUIT").startswith("221 ")
            it.alone()


# ---- servers in front ----------------------------------------------------------------------------


def ucspi(command, cert, conversation, environment=None):
    """Runs a UCSPI-TLS server around smtp-session on a TCP connection, and converses."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname(), PATIENCE)
        theirs = listener.accept()[0]
    with tempfile.TemporaryFile() as log, ours:
        with theirs:
            process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=log,
                                       env=dict(os.environ, **(environment or {})))
        try:
            conversation(ours, ssl.create_default_context(cafile=cert))
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
            process.wait()
            log.seek(0)
            said = log.read().decode()
        return said


def backend_in(folder):
    backend = os.path.join(folder, "backend")
    os.mkdir(backend, 0o755)
    for name, script in dict(HOOKS, deliver=TELL + "env >&2\nls -l /proc/self/fd >&2\n").items():
        with open(os.path.join(backend, name), "w", opener=lambda *call: os.open(*call, 0o755)) as file:
            file.write(script)
    return backend


def converse(ours, context):
    file = ours.makefile("rb")
    assert file.readline().startswith(b"220 ")
    ours.sendall(b"EHLO c.example\r\n")
    announced = []
    while not announced or announced[-1][3:4] == b"-":
        announced.append(file.readline())
    assert b"250-STARTTLS\r\n" in announced
    ours.sendall(b"STARTTLS\r\n")
    assert file.readline().startswith(b"220 ")
    with context.wrap_socket(ours, server_hostname="mx.example") as secure:
        file = secure.makefile("rb")
        secure.sendall(b"MAIL FROM:<>\r\n")
        assert file.readline().startswith(b"503 ")
        secure.sendall(b"EHLO c.example\r\n")
        announced = []
        while not announced or announced[-1][3:4] == b"-":
            announced.append(file.readline())
        assert b"250-STARTTLS\r\n" not in announced
        secure.sendall(b"MAIL FROM:<>\r\nRCPT TO:<u@x.example>\r\nDATA\r\n\r\nx\r\n.\r\nQUIT\r\n")
        assert [line[:3] for line in file.read().splitlines()] == [b"250", b"250", b"354", b"250", b"221"]


def own_server():
    """TLS-001 TLS-013: UCSPI-TLS by tls-session --ucspi; its variables and descriptors reach no program."""
    with tempfile.TemporaryDirectory() as folder:
        cert, key = certificates.self_signed(folder)
        session = [os.path.join(BIN, "smtp-session"), "--hostname=mx.example", "--accept-domain=x.example",
                   backend_in(folder)]
        tls = [os.path.join(BIN, "tls-session"), "--ucspi", "--tls-cert", cert, "--tls-key", key, "--"]
        said = ucspi(tls + session, cert, converse)
        assert re.search(r"rcpt end= .*tls=TLSv1\.[23]/TLS_\w+/mx.example/ ssl=\W", said), said
        assert not re.search(r"SSLCTLFD=|SSLREADFD|SSLWRITEFD|SSL_", said), said
        assert "with ESMTPS" not in said and 'msg="session end"' in said and "tls=TLSv1." in said

        def inject(ours, _):
            file = ours.makefile("rb")
            assert file.readline().startswith(b"220 ")
            ours.sendall(b"EHLO c.example\r\nSTARTTLS\r\nQUIT\r\n")
            last = file.read().splitlines()[-1]
            assert last.startswith(b"554 5.5.0 "), last
        ucspi(tls + session, cert, inject)


def foreign_server():
    """TLS-001 TLS-005 TLS-007 TLS-013: another server's UCSPI-TLS, played: the go is one Y, facts are checked, EOF is the end."""
    for told in (b"SSL_PROTOCOL=TLSv1.2\0SSL_CIPHER=ECDHE\x01\0SSL_CLIENT_S_DN=CN=evil\0SSL_CLIENT_VERIFY=NONE\0PATH=/x\0\0", b""):
        ours, theirs = socket.socketpair()
        control, control_end = socket.socketpair()
        (read_end, write), (read, write_end) = os.pipe(), os.pipe()
        ours.settimeout(PATIENCE)
        control.settimeout(PATIENCE)
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as log:
            environment = dict(os.environ, SSLCTLFD=str(control_end.fileno()), SSLREADFD=str(read_end),
                               SSLWRITEFD=str(write_end))
            process = subprocess.Popen([os.path.join(BIN, "smtp-session"), "--hostname=mx.example", "--accept-domain=x.example",
                                        backend_in(folder)], stdin=theirs, stdout=theirs, stderr=log, env=environment,
                                       pass_fds=(control_end.fileno(), read_end, write_end))
            for end in (theirs, control_end):
                end.close()
            os.close(read_end)
            os.close(write_end)
            clear = ours.makefile("rb")
            assert clear.readline().startswith(b"220 ")
            ours.sendall(b"EHLO c.example\r\n")
            while (line := clear.readline())[3:4] == b"-":
                pass
            ours.sendall(b"STARTTLS\r\n")
            assert clear.readline().startswith(b"220 ")
            assert control.recv(16) == b"Y"
            control.sendall(told)
            control.close()
            # The client's own descriptors are with nobody but the server in front now.
            assert clear.read() == b""
            if told:
                os.write(write, b"EHLO c.example\r\nMAIL FROM:<>\r\nRCPT TO:<u@x.example>\r\nQUIT\r\n")
            with os.fdopen(read, "rb") as secure:
                lines = secure.read().splitlines()
            os.close(write)
            assert process.wait(PATIENCE) == 0
            log.seek(0)
            said = log.read().decode()
            ours.close()
        if told:
            assert lines[-1].startswith(b"221 ") and not any(line.startswith(b"220") for line in lines), lines
            assert re.search(r"rcpt end= .*tls=TLSv1.2/// ssl=\W", said), said
        else:
            assert lines == [] and "reason=error" in said, (lines, said)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
