#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""tls_front.py - tls-session in front of programs; tests/tls-session.bats names the tests.

    tests/lib/tls_front.py TEST

Each test is a function; certificates are those of tls.py.
"""
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile

from server import eventually
from tls import FILES, MX, NAME, PATIENCE, TLS, client_context, folder, hello, memory_of, path, receive, secret_of, status, tcp_pair
from tracer import children


SHOW = "import os,sys\nfor k in sorted(os.environ): print(k + '=' + os.environ[k])\n"


class Front:
    """tls-session [--ucspi] ... -- PROGRAM with the client on fd 0 and 1."""

    def __init__(self, *words, env=None, client=None, flags=MX):
        self.client, end = client or tcp_pair()
        self.client.settimeout(PATIENCE)
        self.log_file = tempfile.TemporaryFile()  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [TLS, *flags, *words], stdin=end, stdout=end, stderr=self.log_file, env={**os.environ, **(env or {})})
        end.close()

    def handshake(self, **settings):
        self.client = client_context(**settings).wrap_socket(self.client, server_hostname=NAME, suppress_ragged_eofs=False)
        return self.client

    def end(self, expected=0):
        got = self.process.wait(PATIENCE)
        self.client.close()
        self.log_file.seek(0)
        lines = self.log_file.read().decode().splitlines(keepends=True)
        log = "".join(line for line in lines if "this is a sanitizer build" not in line)
        assert got == expected, (got, log)
        return log


def everything(sock):
    data = b""
    while more := sock.recv(65536):
        data += more
    return data


def quiet(sock):
    """What comes before the end, or before a reset for what was not read."""
    data = b""
    try:
        while more := sock.recv(65536):
            data += more
    except ConnectionResetError:
        pass
    return data


def program():
    stale = {"SSL_CLIENT_S_DN": "CN=root", "SSL_PROTOCOL": "old", "SSL_TLS_SNI_SERVERNAME": "stale", "KEPT": "yes",
             "TCPREMOTEHOST": "-stale"}
    session = Front("--", "python3", "-c", SHOW, env=stale)
    peer = session.client.getsockname(), session.client.getpeername()
    seen = dict(line.split("=", 1) for line in everything(session.handshake()).decode().splitlines() if "=" in line)
    assert seen["SSL_PROTOCOL"] == "TLSv1.3" and seen["SSL_TLS_SNI_SERVERNAME"] == NAME and seen["KEPT"] == "yes", seen
    assert "SSL_CLIENT_S_DN" not in seen and "TCPREMOTEHOST" not in seen and seen["PROTO"] == "TCP", seen
    assert (seen["TCPREMOTEIP"], int(seen["TCPREMOTEPORT"])) == peer[0], seen
    assert (seen["TCPLOCALIP"], int(seen["TCPLOCALPORT"])) == peer[1], seen
    assert session.end() == ""
    # without --, and the program's own flags are left alone; what it exits with
    session = Front("sh", "-c", 'read -r line; echo "got $line"; exit 9', "--tls-min")
    inside = session.handshake()
    inside.sendall(b"hello\n")
    assert everything(inside) == b"got hello\n"
    assert session.end(9) == ""


def descriptors():
    session = Front("--", "cat")
    inside = session.handshake()
    inside.sendall(b"x")
    assert inside.recv(1) == b"x"
    seen = [os.listdir(f"/proc/{pid}/fd") for pid in children(session.process.pid) if status(pid, "Name") == "cat"]
    assert [sorted(fds) for fds in seen] == [["0", "1", "2"]], seen
    eventually(lambda: os.listdir(f"/proc/{session.process.pid}/fd") == ["2"], "who waits holds a connection")
    inside.close()
    session.end()


def failures():
    mark = os.path.join(tempfile.mkdtemp(dir=FILES), "ran")
    session = Front("--", "touch", mark)
    session.client.sendall(b"EHLO x\r\n")
    session.client.shutdown(socket.SHUT_WR)
    assert "TLS handshake failed" in session.end() and not os.path.exists(mark)
    session = Front("--", "touch", mark, flags=("--tls-cert", path("mx.pem"), "--tls-key", path("other.key")))
    assert "mismatch" in session.end(78) and not os.path.exists(mark)
    session = Front("--", "/nonexistent/program")
    session.handshake()
    assert "cannot run the program" in session.end(127)
    session = Front("--")
    assert "there is no program to run" in session.end(78)


def signal():
    session = Front("--", "sh", "-c", "trap 'echo drained; exit 3' TERM; echo ready; while :; do read -r x; done")
    inside = session.handshake()
    assert inside.recv(99) == b"ready\n"
    session.process.terminate()
    inside.sendall(b"\n")  # some shells run a trap only behind a command
    assert everything(inside) == b"drained\n"
    session.end(3)


def wiped():
    """The key is in no process behind: not in the program, not in the one that waits."""
    for flags in (MX, ("--tls-dir", folder({"default": "mx"}))):
        session = Front("--", "cat", flags=flags)
        inside = session.handshake()
        inside.sendall(b"x")
        assert inside.recv(1) == b"x"
        secrets = secret_of("mx.key")
        for pid in (session.process.pid, *children(session.process.pid)):
            contents = memory_of(pid)
            for number, secret in enumerate(secrets):
                assert secret not in contents, (flags[0], status(pid, "Name"), number)
        inside.unwrap()
        session.end()


def user():
    """Keys that only root may read, and nobody else from then on."""
    session = Front("--", "sh", "-c", "id -un; cat '%s' >/dev/null 2>&1 || echo no key" % path("mx.key"), flags=(*MX, "--user", "nobody"))
    inside = session.handshake()
    processes = [pid for pid in (session.process.pid, *children(session.process.pid))]
    assert everything(inside) == b"nobody\nno key\n"
    del processes
    session.end()
    os.chmod(FILES, 0o711)
    root = folder({"default": "mx"})
    session = Front("--", "id", "-un", flags=("--tls-dir", root, "--user", "nobody"))
    assert everything(session.handshake()) == b"nobody\n"
    session.end()
    session = Front("--", "id", flags=(*MX, "--user", "nosuchuser"))
    assert "no such user" in session.end(78)


def proxy():
    trusts = (*MX, "--proxy-protocol", "127.0.0.0/8")
    v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes([192, 0, 2, 7, 198, 51, 100, 1]) + struct.pack(">HH", 4711, 995)
    for header in (b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 995\r\n", v2):
        session = Front("--", "python3", "-c", SHOW, flags=trusts)
        session.client.sendall(header)
        seen = everything(session.handshake()).decode().splitlines()
        for line in ("TCPREMOTEIP=192.0.2.7", "TCPREMOTEPORT=4711", "TCPLOCALIP=198.51.100.1", "TCPLOCALPORT=995",
                     "MAILSESSION_PROXY_PROTOCOL="):
            assert line in seen, (line, seen)
        session.end()
    session = Front("--", "true", flags=trusts)
    session.client.sendall(hello())
    assert quiet(session.client) == b""
    assert "no PROXY header" in session.end()


def curl():
    """A real client and a real session: the greeting comes inside TLS, and STARTTLS is not offered."""
    backend = tempfile.mkdtemp(dir=FILES)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = subprocess.Popen(  # pylint: disable=consider-using-with
            ["curl", "-sSv", "--max-time", str(PATIENCE), "--cacert", path("ca.pem"), "--resolve", f"{NAME}:{port}:127.0.0.1",
             f"smtps://{NAME}:{port}/"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        near = server.accept()[0]
    session = Front("--", os.path.join(os.path.dirname(TLS), "smtp-session"), "--hostname", NAME, backend, client=(socket.socket(), near))
    said = client.communicate(timeout=PATIENCE)[0].decode()
    assert client.returncode == 0 and f"220 {NAME}" in said and "< 214" in said and "STARTTLS" not in said, said
    log = session.end()
    assert "reason=quit" in log, log


UCSPI = """
import os, sys
print(sys.stdin.readline().strip(), flush=True)
control = int(os.environ["SSLCTLFD"])
os.write(control, b"Y")
told = b""
while not told.endswith(b"\\0\\0"):
    more = os.read(control, 4096)
    if not more:
        sys.exit(5)
    told += more
reading, writing = os.fdopen(int(os.environ["SSLREADFD"]), "rb"), int(os.environ["SSLWRITEFD"])
os.write(writing, told.split(b"\\0")[0] + b" " + reading.readline())
"""


def ucspi():
    session = Front("--", "python3", "-c", UCSPI, flags=("--ucspi", *MX))
    session.client.sendall(b"STLS\n")
    assert receive(session.client, 5) == b"STLS\n", "in clear"
    inside = session.handshake()
    inside.sendall(b"NOOP\n")
    assert everything(inside) == b"SSL_PROTOCOL=TLSv1.3 NOOP\n"
    assert session.end() == ""
    # who never asks has a plain connection
    session = Front("--", "sh", "-c", "read -r x; echo $x; exit 4", flags=("--ucspi", *MX))
    session.client.sendall(b"NOOP\n")
    assert everything(session.client) == b"NOOP\n"
    assert session.end(4) == ""
    # and who asks in vain hears of it
    session = Front("--", "python3", "-c", UCSPI, flags=("--ucspi", *MX))
    session.client.sendall(b"STLS\n")
    assert receive(session.client, 5) == b"STLS\n"
    session.client.sendall(b"USER joe\n")
    session.client.shutdown(socket.SHUT_WR)
    assert "TLS handshake failed" in session.end(5)


def pipes():
    """The client is two pipes, as under ssh or socat."""
    up, down = os.pipe(), os.pipe()
    process = subprocess.Popen([TLS, *MX, "cat"], stdin=up[0], stdout=down[1])  # pylint: disable=consider-using-with
    os.close(up[0])
    os.close(down[1])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_context().wrap_bio(incoming, outgoing, server_hostname=NAME)
    data, back = os.urandom(300_000), b""

    def step(action):
        while True:
            try:
                return action()
            except ssl.SSLWantReadError:
                os.write(up[1], outgoing.read())
                incoming.write(os.read(down[0], 65536))
    step(tls.do_handshake)
    os.write(up[1], outgoing.read())
    for at in range(0, len(data), 10_000):
        tls.write(data[at:at + 10_000])
        os.write(up[1], outgoing.read())
        while len(back) < at + 10_000:
            back += step(lambda: tls.read(65536))
    assert back == data
    os.close(up[1])
    assert process.wait(PATIENCE) == 0
    assert not os.get_blocking(down[0]) is False
    os.close(down[0])


def log_of_inetd():
    """Descriptor 2 is the client: nothing of ours is written there, and the cage bears the other way."""
    client, end = tcp_pair()
    with end:
        process = subprocess.Popen([TLS, *MX, "true"], stdin=end, stdout=end, stderr=end)  # pylint: disable=consider-using-with
    client.sendall(b"QUIT\r\n")
    client.shutdown(socket.SHUT_WR)
    assert quiet(client)[:1] in (b"", b"\x15")
    assert process.wait(PATIENCE) == 0


if __name__ == "__main__":
    globals()[sys.argv[1]]()
