#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""secure.py - tests of TLS in the sessions, one a function; tests/secure.bats names them.

    tests/lib/secure.py NAME

Each starts a program on a free port and speaks with it as clients, and as those who are none, do.
"""
import contextlib
import fcntl
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
import termios
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import certificates  # noqa: E402
from server import BIN, PATIENCE, Server, descendants, eventually, served  # noqa: E402

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

    def alone(self):
        """All processes but the server itself are gone, in milliseconds where nothing else runs."""
        eventually(lambda: not self.processes(), "processes are left")

    def processes(self):
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
        runner = eventually(it.processes, "no session")[0]
        os.kill(runner, signal.SIGSTOP)
        client.socket.sendall(VERB[program].encode() + b"\r\n")
        eventually(lambda: on_the_way(client.socket) == 0 and waiting_in(it.port) == 0, "the parser does not read")
        client.socket.sendall(b"RSET\r\n")
        eventually(lambda: waiting_in(it.port) == 6, "nothing comes")
        os.kill(runner, signal.SIGCONT)
        heard = raw_rest(client).decode()
        assert heard.startswith(REFUSED[program]) and heard.count("\r\n") == 1, heard
        assert "tls=" not in it.end("reason=error")
        it.alone()
        assert not it.log.find("level=error"), it.log.lines


def on_the_way(connection):
    """Octets that were sent and have not come to the other side's kernel."""
    return struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, b"\0" * 4))[0]


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
    # What has to be done within the limit is done within a longer one where the machine is slow.
    for seconds in (2, 10, 50):
        try:
            limited(seconds)
            return
        except (AssertionError, OSError):
            if seconds == 50:
                raise


def limited(seconds):
    with server("--session-timeout", str(seconds)) as it:
        began = time.monotonic()
        client = it.begun()
        assert raw_rest(client) == b""
        assert time.monotonic() - began >= seconds - 1
        it.end("reason=timeout")
        it.log.wait("timeout end=timeout")
        it.alone()
        # It goes on behind TLS, and does not begin again.
        began = time.monotonic()
        client = served(it.connect())
        it.hello(client)
        while time.monotonic() - began < 0.6 * seconds:
            select.select([client.socket], [], [], 0.1)
        assert client.say("STARTTLS").startswith("220 ")
        begins = time.monotonic()
        client = it.shaken(client)
        assert client.rest().startswith("421 4.4.2 ")
        # Much earlier than a limit that began with TLS.
        assert time.monotonic() - begins < 0.9 * seconds


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


if __name__ == "__main__":
    globals()[sys.argv[1]]()
