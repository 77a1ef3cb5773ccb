#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""tls.py - what the tests of tls-session share: a session, clients, certificates.

    tests/lib/tls.py    makes the certificates, once a run, in $TLS_CERTIFICATES
"""
import fcntl
import os
import re
import socket
import ssl
import struct
import subprocess
import tempfile
import threading

BIN = os.path.join(os.path.realpath(os.environ.get("BUILD", "build")), "bin")
TLS = os.path.join(BIN, "tls-session")
SANITIZED = bool(os.environ.get("SANITIZE"))
FILES = os.environ.get("TLS_CERTIFICATES", "/nonexistent")
PATIENCE = 60
NAME = "mx.example.org"


def path(name):
    return os.path.join(FILES, name)


def openssl(*words, **more):
    return subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=PATIENCE, **more).stdout


def make_certificates():
    """An authority, servers mx, local, other, wild and rsa of it, clients jo and (of another authority) eve."""
    os.chdir(FILES)
    for authority in ("ca", "foreign"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90",
                "-subj", f"/CN={authority}", "-keyout", f"{authority}.key", "-out", f"{authority}.pem")
    for name, authority, subject, extension in (
            ("mx", "ca", f"/CN={NAME}", f"subjectAltName=DNS:{NAME}"),
            ("local", "ca", "/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1\n"
             "crlDistributionPoints=URI:http://ca.example/list.crl"),
            ("other", "ca", "/CN=other.example.org", "subjectAltName=DNS:other.example.org"),
            ("wild", "ca", "/CN=*.example.net", "subjectAltName=DNS:*.example.net"),
            ("renewed", "ca", "/CN=renewed", f"subjectAltName=DNS:{NAME}"),
            ("jo", "ca", "/O=Example/CN=Jo, or \\\"jö\\\"", "subjectAltName=email:jo@example.org"),
            ("eve", "foreign", "/CN=eve", "subjectAltName=email:jo@example.org")):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-utf8", "-subj", subject,
                "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-days", "90",
                "-extfile", "/dev/stdin", "-out", f"{name}.pem", input=extension.encode())
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", f"/CN={NAME}",
            "-addext", f"subjectAltName=DNS:{NAME}", "-keyout", "rsa.key", "-out", "rsa.pem")


MX = ("--tls-cert", path("mx.pem"), "--tls-key", path("mx.key"))


class Session:
    """tls-session --session; ours are the client, control and plain sockets, and the log."""

    def __init__(self, *flags, client=None, start="Y", env=()):
        self.client, client_end = client or socket.socketpair()
        self.control, control_end = socket.socketpair()
        self.plain, plain_end = socket.socketpair()
        self.log_file = tempfile.TemporaryFile()  # pylint: disable=consider-using-with
        ends = [client_end, client_end, self.log_file, control_end, plain_end]

        def arrange():
            high = [fcntl.fcntl(end, fcntl.F_DUPFD, 100) for end in ends]
            for number, end in enumerate(high):
                os.dup2(end, number)
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [TLS, "--session", *(flags or MX)], preexec_fn=arrange, close_fds=False,
            env={"SESSION_ID": "s1", **dict(env), **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}})
        for end in ends[2:] if client else ends:
            if end is not self.log_file:
                end.close()
        if client:
            client_end.close()
        for end in (self.client, self.control, self.plain):
            end.settimeout(PATIENCE)
        self.ready = self.control.recv(1)
        if self.ready and start:
            self.control.send(start.encode())

    def handshake(self, cafile="ca.pem", name=NAME, session=None, context=None, certificate=None, **settings):
        """The client's end inside TLS, and what was told of it."""
        context = context or client_context(cafile, certificate, **settings)
        inside = context.wrap_socket(self.client, server_hostname=name, suppress_ragged_eofs=False, session=session)
        self.client = inside
        return inside, self.told()

    def told(self):
        text = b""
        while not text.endswith(b"\0\0"):
            more = self.control.recv(65536)
            if not more:
                assert text == b"", text
                return None
            text += more
        assert self.control.recv(1) == b"", "control stays open"
        return dict(entry.decode("ascii").split("=", 1) for entry in text[:-2].split(b"\0"))

    def log(self):
        return os.pread(self.log_file.fileno(), 1 << 20, 0).decode()

    def end(self, status=0):
        for end in (self.client, self.control, self.plain):
            end.close()
        got = self.process.wait(PATIENCE)
        assert got == status, (got, self.log())
        return self.log()

    def refuses(self, words):
        """No TLS comes of it: nothing told, nothing passed on, one line of the log."""
        assert self.told() is None
        assert self.plain.recv(1) == b""
        log = self.end()
        assert log.count("\n") == 1 and "TLS handshake failed" in log and words in log and "session=s1" in log, log


def client_context(cafile="ca.pem", certificate=None, least=None, most=None, alpn=None, ciphers=None):
    context = ssl.create_default_context(cafile=path(cafile))
    if certificate:
        context.load_cert_chain(path(certificate + ".pem"), path(certificate + ".key"))
    if least:
        context.minimum_version = least
    if most:
        context.maximum_version = most
    if alpn:
        context.set_alpn_protocols(alpn)
    if ciphers:
        context.set_ciphers(ciphers)
    return context


def refused(session, words, **settings):
    """A handshake that our side ends."""
    try:
        session.handshake(**settings)
    except (ssl.SSLError, ConnectionError):
        pass
    else:
        raise AssertionError("shook hands")
    log = session.end()
    assert log.count("\n") == 1 and words in log, log


def closed(inside):
    """The peer has said close_notify, or not."""
    try:
        return inside.recv(1) == b""
    except (ssl.SSLEOFError, ConnectionError):
        return False


def tcp_pair():
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        return client, server.accept()[0]


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def pipe_client(session, *words):
    """openssl s_client on the client's socket, by way of a listener of ours; its output."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        process = subprocess.Popen(  # pylint: disable=consider-using-with
            ["openssl", "s_client", "-connect", "127.0.0.1:%d" % server.getsockname()[1], "-servername", NAME,
             "-CAfile", path("ca.pem"), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        near = server.accept()[0]
    for source, target in ((near, session.client), (session.client, near)):
        threading.Thread(target=copy, args=(source, target), daemon=True).start()
    return process


def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def hello():
    """The octets of a ClientHello."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        client_context().wrap_bio(incoming, outgoing, server_hostname=NAME).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def folder(tree):
    """A folder of certificates: {name: certificate}."""
    root = tempfile.mkdtemp(dir=FILES)
    for name, certificate in tree.items():
        put(root, name, certificate)
    return root


def put(root, name, certificate):
    os.makedirs(os.path.join(root, name), exist_ok=True)
    for source, target in ((".pem", "fullchain.pem"), (".key", "privkey.pem")):
        with open(path(certificate + source), "rb") as file, open(os.path.join(root, name, target + ".new"), "wb") as copied:
            copied.write(file.read())
            os.fchmod(copied.fileno(), 0o600)
        os.rename(os.path.join(root, name, target + ".new"), os.path.join(root, name, target))


def ticket_file(*keys):
    handle, name = tempfile.mkstemp(dir=FILES)
    os.write(handle, b"".join(keys))
    os.close(handle)
    return name


def receive(sock, count):
    data = bytearray()
    while len(data) < count and (more := sock.recv(65536)):
        data += more
    return bytes(data)


def status(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return re.search(rf"^{name}:\s+(\S+)$", file.read(), re.M)[1]


def memory_of(pid):
    """All that a process could read of itself."""
    found = b""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            begin, end, rights = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()
            if rights.startswith("rw"):
                mem.seek(int(begin, 16))
                try:
                    found += mem.read(int(end, 16) - int(begin, 16))
                except OSError:
                    pass
    return found


def secret_of(key):
    """What is secret of a key: the scalar of an elliptic curve, or a prime, in either order; and its text."""
    text = openssl("pkey", "-in", path(key), "-text", "-noout").decode()
    scalar = re.search(r"(?:priv|prime1):\n((?:    .*\n)+)", text)[1]
    octets = bytes.fromhex(re.sub(r"[^0-9a-f]", "", scalar)).lstrip(b"\0")
    with open(path(key), "rb") as file:
        line = file.read().split(b"\n")[1]
    return octets, octets[::-1], line


if __name__ == "__main__":
    make_certificates()
