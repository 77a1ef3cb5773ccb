#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""secure_processes.py - how sessions with TLS end, what their processes hold, and TLS servers in front, one test a function;
tests/secure.bats names them.

    tests/lib/secure_processes.py NAME
"""
import contextlib
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import certificates  # noqa: E402
from server import BIN, PATIENCE, eventually, served  # noqa: E402
from secure import HOOKS, TELL, VERB, everywhere, raw_rest, server  # noqa: E402

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
        eventually(lambda: len(it.processes()) == 3, "not three processes")
        for pid in set(it.processes()) - {tls}:
            assert connection not in holds(pid), pid
            with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
                assert not re.search("libssl|libcrypto|\\.pem", maps.read())
        # Neither has the runner kept it where TLS cannot begin.
        with server("--tls", "off") as bare:
            served(bare.connect())
            # The greeting comes before the parser, which then is the one that holds the client.
            eventually(lambda: len(bare.processes()) == 2 and
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
