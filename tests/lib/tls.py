#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""tls.py - tls-session, from both of its ends; tests/tls-session.bats names the tests.

    tests/lib/tls.py TEST

Each test is a function. Certificates are made once a run, in $TLS_CERTIFICATES.
"""
import base64
import fcntl
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

BIN = os.path.join(os.path.realpath(os.environ.get("BUILD", "build")), "bin")
TLS = os.path.join(BIN, "tls-session")
SANITIZED = bool(os.environ.get("SANITIZE"))
FILES = os.environ.get("TLS_CERTIFICATES", "/nonexistent")
PATIENCE = 20
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
        self.log_file.seek(0)
        return self.log_file.read().decode()

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


# ---- the handshake -----------------------------------------------------------------------------

def facts():
    for version, suite in ((ssl.TLSVersion.TLSv1_3, "TLS_AES_256_GCM_SHA384"),
                           (ssl.TLSVersion.TLSv1_2, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")):
        session = Session()
        assert session.ready == b"r"
        inside, told = session.handshake(least=version, most=version)
        exporter = told.pop("SSL_EXPORTER")
        assert len(base64.b64decode(exporter, validate=True)) == 32
        assert told == {"SSL_PROTOCOL": inside.version(), "SSL_CIPHER": suite, "SSL_TLS_SNI_SERVERNAME": NAME,
                        "SSL_CLIENT_VERIFY": "NONE"}, told
        assert inside.compression() is None
        assert session.end() == ""
    session = Session(start="y")
    session.client = client_context().wrap_socket(session.client, server_hostname=NAME)
    assert session.told() is None
    session.plain.send(b"quiet")
    assert session.client.recv(9) == b"quiet"
    session.end()


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


def exporter():
    for version in ("-tls1_3",):  # openssl's client leaves the context out, which is another thing before TLS 1.3
        session = Session()
        process = pipe_client(session, version, "-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32")
        told = session.told()
        session.plain.close()
        output = process.communicate(timeout=PATIENCE)[0].decode()
        material = re.search(r"Keying material: ([0-9A-F]+)", output)
        assert bytes.fromhex(material[1]) == base64.b64decode(told["SSL_EXPORTER"]), output
        session.end()


def no_go():
    session = Session(start="")
    session.client.send(b"\x16\x03\x01")
    assert session.end() == ""
    session = Session(start="x")
    assert session.told() is None and session.end() == ""


def versions():
    refused(Session(*MX, "--tls-min", "1.3"), "unsupported protocol", most=ssl.TLSVersion.TLSv1_2)
    for weak in ("AES256-SHA@SECLEVEL=0", "ECDHE-ECDSA-AES128-SHA@SECLEVEL=0"):
        refused(Session(), "no shared cipher", most=ssl.TLSVersion.TLSv1_2, ciphers=weak)
    session = Session()
    process = pipe_client(session, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    output = process.communicate(timeout=PATIENCE)[0].decode()
    assert "protocol version" in output, output
    session.refuses("unsupported protocol")
    # what clients prefer does not count
    session = Session()
    inside, _ = session.handshake(most=ssl.TLSVersion.TLSv1_2, ciphers="ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256")
    assert inside.cipher()[0] == "ECDHE-ECDSA-AES128-GCM-SHA256", inside.cipher()
    session.end()


def renegotiation():
    session = Session()
    process = pipe_client(session, "-tls1_2")
    session.told()
    process.stdin.write(b"R\n")
    process.stdin.flush()
    output = process.communicate(timeout=PATIENCE)[0].decode()
    assert "no renegotiation" in output, output
    session.end()


def alpn():
    session = Session()
    inside, _ = session.handshake(alpn=["http/1.1", "smtp"])
    assert inside.selected_alpn_protocol() == "smtp"
    session.end()
    refused(Session(), "no application protocol", alpn=["http/1.1", "h2"])
    session = Session(*MX, "--tls-alpn", "imap")
    assert session.handshake(alpn=["imap"])[0].selected_alpn_protocol() == "imap"
    session.end()
    refused(Session(*MX, "--tls-alpn", "imap"), "no application protocol", alpn=["smtp"])


CLEAR = (b"QUIT\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 600, b"\xff" * 600, b"\x16\x03\x01\xff\xff" + b"a" * 70000,
         b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + b"x" * 37, b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03",
         b"\x15\x03\x01\x00\x02\x02\x28", b"\x17\x03\x03\x00\x10" + b"y" * 16)


def clear():
    for octets in CLEAR:
        session = Session()
        try:
            session.client.sendall(octets)
            session.client.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        answer = b""
        try:
            while more := session.client.recv(4096):
                answer += more
        except ConnectionError:
            pass
        assert answer == b"" or (answer[0] == 0x15 and len(answer) == 7), answer
        session.refuses("reason=")


def hello():
    """The octets of a ClientHello."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        client_context().wrap_bio(incoming, outgoing, server_hostname=NAME).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def cut():
    octets = hello()
    for at in (0, 1, 5, 6, 40, len(octets) - 1, len(octets)):
        for end in ("eof", "reset"):
            session = Session(client=tcp_pair())
            session.client.sendall(octets[:at])
            if end == "reset":
                reset(session.client)
            else:
                session.client.shutdown(socket.SHUT_WR)
            session.refuses("the client is gone")


def garbled():
    """A valid ClientHello with octets changed, at 200 places: TLS or a refusal, never a crash."""
    octets = hello()
    for at in range(0, len(octets), max(1, len(octets) // 200)):
        session = Session()
        changed = bytearray(octets)
        changed[at] ^= 0xff if at % 2 else 1
        session.client.sendall(changed)
        session.client.shutdown(socket.SHUT_WR)
        assert session.told() is None
        session.end()


def deadline():
    session = Session()
    began = time.monotonic()
    octets = hello()
    session.client.settimeout(1)
    for at in range(60):
        try:
            session.client.send(octets[at:at + 1])
            if session.client.recv(1) == b"":
                break
        except socket.timeout:
            pass
        except OSError:
            break
    assert 29 < time.monotonic() - began < 33, time.monotonic() - began
    session.refuses('reason="too slow"')


# ---- certificates ------------------------------------------------------------------------------

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


def subject(session, name):
    context = client_context()
    context.check_hostname = False
    inside, told = session.handshake(context=context, name=name)
    return dict(pair[0] for pair in inside.getpeercert()["subject"])["commonName"], told


def names():
    root = folder({NAME: "mx", "_.example.net": "wild", "other.example.org": "other", "default": "renewed"})
    put(os.path.dirname(root), "outside", "other")
    for name, expected in ((NAME, NAME), ("MX.EXAMPLE.ORG", NAME), ("a.example.net", "*.example.net"),
                           ("a.b.example.net", "renewed"), ("other.example.org", "other.example.org"), (None, "renewed"),
                           ("unknown.example", "renewed"), ("..", "renewed"), ("../outside", "renewed"),
                           ("..%2foutside", "renewed"), ("default", "renewed"), ("default/../" + NAME, "renewed"),
                           ("x" * 63 + ".example.org", "renewed"), ("localhost", "renewed")):
        session = Session("--tls-dir", root)
        if name and (name.startswith(".") or "/" in name):  # python refuses to send these
            process = pipe_client(session, "-servername", name)
            told = session.told()
            session.plain.close()
            output = process.communicate(timeout=PATIENCE)[0].decode()
            assert f"subject=CN = {expected}" in output, (name, output)
        else:
            found, told = subject(session, name)
            assert found == expected, (name, found)
        if name and re.fullmatch(r"[A-Za-z.]*[A-Za-z]", name):
            assert told["SSL_TLS_SNI_SERVERNAME"].lower() == name.lower(), told
        elif "x" * 63 != (name or "")[:63]:
            assert "SSL_TLS_SNI_SERVERNAME" not in told, told
        session.end()


def names_trouble():
    root = folder({"other.example.org": "other", NAME: "mx"})
    refused(Session("--tls-dir", root), "cannot open default: No such file", name="unknown.example")
    with open(os.path.join(root, NAME, "privkey.pem"), "w", encoding="ascii") as file:
        file.write("rubbish")
    refused(Session("--tls-dir", root), f"no good key: {NAME}")
    os.unlink(os.path.join(root, NAME, "privkey.pem"))
    refused(Session("--tls-dir", root), f"cannot read {NAME}/privkey.pem: No such file")
    put(root, NAME, "mx")
    os.chmod(os.path.join(root, NAME), 0o777)
    refused(Session("--tls-dir", root), "may write its folder")


def renewed():
    root = folder({"default": "mx"})
    first = Session("--tls-dir", root)
    assert subject(first, NAME)[0] == NAME
    put(root, "default", "renewed")
    second = Session("--tls-dir", root)
    assert subject(second, NAME)[0] == "renewed"
    first.plain.send(b"still")
    assert first.client.recv(9) == b"still"
    first.end()
    second.end()


def stapled():
    root = folder({"default": "mx"})
    with open(os.path.join(root, "default", "ocsp.der"), "wb") as file:
        file.write(base64.b64decode("MAMKAQY="))  # OCSPResponse: unauthorized
    session = Session("--tls-dir", root)
    process = pipe_client(session, "-status")
    session.told()
    session.plain.close()
    output = process.communicate(timeout=PATIENCE)[0].decode()
    assert "OCSP Response Status: unauthorized" in output, output
    session.end()


def bad_keys():
    """Exit 78, no `r`, and one line that says which file."""
    root = tempfile.mkdtemp(dir=FILES)

    def file(name, octets, mode=0o600):
        name = os.path.join(root, name)
        with open(name, "wb") as made:
            made.write(octets)
        os.chmod(name, mode)
        return name

    def content(name):
        with open(path(name), "rb") as opened:
            return opened.read()
    wide = os.path.join(root, "wide")
    os.mkdir(wide)
    secret = openssl("ec", "-in", path("mx.key"), "-aes128", "-passout", "pass:x")
    rows = (
        (("--tls-cert", "/nonexistent", "--tls-key", path("mx.key")), "cannot read /nonexistent: No such file"),
        (("--tls-cert", path("mx.pem"), "--tls-key", "/nonexistent"), "cannot read /nonexistent: No such file"),
        (("--tls-cert", file("rubbish", b"rubbish"), "--tls-key", path("mx.key")), "no good certificate: "),
        (("--tls-cert", file("empty", b""), "--tls-key", path("mx.key")), "no good certificate: "),
        (("--tls-cert", file("cut", content("mx.pem")[:300]), "--tls-key", path("mx.key")), "no good certificate: "),
        (("--tls-cert", file("half", content("mx.pem") + content("ca.pem")[:300]), "--tls-key", path("mx.key")), "no good certificate: "),
        (("--tls-cert", path("mx.pem"), "--tls-key", file("nokey", content("mx.pem"))), "no good key: "),
        (("--tls-cert", path("mx.pem"), "--tls-key", path("other.key")), "key values mismatch"),
        (("--tls-cert", path("mx.pem"), "--tls-key", file("locked", secret)), "no good key: "),
        (("--tls-cert", path("mx.pem"), "--tls-key", file("group", content("mx.key"), 0o620)), "group or others may write it"),
        (("--tls-cert", file("others", content("mx.pem"), 0o602), "--tls-key", path("mx.key")), "group or others may write it"),
        (("--tls-cert", path("mx.pem"), "--tls-key", file("wide/key", content("mx.key"))), "may write its folder"),
        (("--tls-cert", path("mx.pem"), "--tls-key", root), "not a regular file"),
        (("--tls-cert", path("mx.pem"), "--tls-key", "/dev/zero"), "not a regular file"),
        (("--tls-cert", file("long", b"\n" * 300000), "--tls-key", path("mx.key")), "File too large"),
        (("--tls-dir", "/nonexistent"), "cannot open /nonexistent: No such file"),
        (("--tls-dir", wide), "group or others may write it"),
        ((*MX, "--tls-client-ca", "/nonexistent"), "cannot read /nonexistent"),
        ((*MX, "--tls-client-ca", path("mx.key")), "no certificates of authorities in"),
        ((*MX, "--tls-ticket-keys", file("short", b"x" * 79)), "not 1 to 8 ticket keys of 80 octets"),
        ((*MX, "--tls-ticket-keys", file("none", b"")), "not 1 to 8 ticket keys"),
        ((*MX, "--tls-ticket-keys", file("many", b"x" * 720)), "not 1 to 8 ticket keys"),
        (("--tls-cert", path("mx.pem")), "tls-cert and tls-key go together"),
        (("--tls-key", path("mx.key")), "tls-cert and tls-key go together"),
        (("--sandbox", "on"), "no tls-cert and tls-key, and no tls-dir"),
        ((*MX, "--tls-min", "1.1"), "tls-min"),
        ((*MX, "--size-limit", "1"), "size-limit"),
    )
    os.chmod(wide, 0o777)
    for flags, words in rows:
        session = Session(*flags)
        assert session.ready == b"", flags
        log = session.end(78)
        assert log.count("\n") == 1 and words in log, (words, log)
    session = Session("--tls-cert", path("mx.pem"), "--tls-key", file("read", content("mx.key"), 0o644))
    session.handshake()
    assert "everybody may read a key" in session.end()


def clients():
    asks = (*MX, "--tls-client-ca", path("ca.pem"))
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        session = Session(*asks)
        _, told = session.handshake(certificate="jo", least=version, most=version)
        assert told["SSL_CLIENT_VERIFY"] == "SUCCESS", told
        assert told["SSL_CLIENT_S_DN"] == r'CN=Jo\, or \"j\C3\B6\",O=Example', told
        assert told["SSL_CLIENT_SAN_EMAIL"] == "jo@example.org"
        session.end()
        session = Session(*asks)
        _, told = session.handshake(certificate="eve", least=version, most=version)
        assert told["SSL_CLIENT_VERIFY"].startswith("FAILED:unable to "), told
        assert told["SSL_CLIENT_S_DN"] == "CN=eve" and "SSL_CLIENT_SAN_EMAIL" not in told, told
        session.end()
        session = Session(*asks)
        _, told = session.handshake(least=version, most=version)
        assert told["SSL_CLIENT_VERIFY"] == "NONE" and "SSL_CLIENT_S_DN" not in told, told
        session.end()
        session = Session()
        _, told = session.handshake(certificate="jo", least=version, most=version)
        assert told["SSL_CLIENT_VERIFY"] == "NONE", "nobody asked"
        session.end()


# ---- tickets -----------------------------------------------------------------------------------

def ticket_file(*keys):
    handle, name = tempfile.mkstemp(dir=FILES)
    os.write(handle, b"".join(keys))
    os.close(handle)
    return name


def visit(keys, version, context, session=None, more=(), certificate=None):
    """One connection: was it resumed, and the session to resume next."""
    flags = (*MX, *(("--tls-ticket-keys", keys) if keys else ()), *more)
    served = Session(*flags)
    del version, certificate
    inside, told = served.handshake(context=context, session=session)
    served.plain.send(b"x")
    inside.recv(1)  # by now the tickets of TLS 1.3 are here
    result = inside.session_reused, inside.session, told
    served.end()
    return result


def tickets():
    old, new = os.urandom(80), os.urandom(80)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = client_context(least=version, most=version)
        keys = ticket_file(old)
        reused, session, _ = visit(keys, version, context)
        assert not reused and session.has_ticket
        reused, session, told = visit(keys, version, context, session)
        assert reused and told["SSL_TLS_SNI_SERVERNAME"] == NAME, "resumed in another process"
        rotated = ticket_file(new, old)
        reused, renewed_session, _ = visit(rotated, version, context, session)
        assert reused, "opened by an older key"
        reused, _, _ = visit(ticket_file(new), version, context, renewed_session)
        assert reused, "and renewed by the new one"
        reused, _, _ = visit(ticket_file(new), version, context, session)
        assert not reused, "the old key is gone"
        reused, session, _ = visit(None, version, context)
        assert not reused and not session.has_ticket, "no tickets without keys"


def ticket_clients():
    """What was found out about a client holds in a resumed session, unless the authorities changed."""
    keys = ticket_file(os.urandom(80))
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = client_context(certificate="jo", least=version, most=version)
        _, session, _ = visit(keys, version, context, more=("--tls-client-ca", path("ca.pem")))
        reused, session, told = visit(keys, version, context, session, more=("--tls-client-ca", path("ca.pem")))
        assert reused and told["SSL_CLIENT_VERIFY"] == "SUCCESS" and told["SSL_CLIENT_SAN_EMAIL"] == "jo@example.org", told
        served = Session(*MX, "--tls-ticket-keys", keys, "--tls-client-ca", path("foreign.pem"))
        inside, told = served.handshake(context=context, session=session)
        assert not inside.session_reused and told["SSL_CLIENT_VERIFY"] != "SUCCESS", told
        served.end()


# ---- octets ------------------------------------------------------------------------------------

def receive(sock, count):
    data = bytearray()
    while len(data) < count and (more := sock.recv(65536)):
        data += more
    return bytes(data)


def exchange():
    for size in (1, 16384, 16385, 5_000_001):
        data = os.urandom(size)
        session = Session()
        inside, _ = session.handshake()
        for source, target in ((inside, session.plain), (session.plain, inside)):
            sender = threading.Thread(target=source.sendall, args=(data,))
            sender.start()
            assert receive(target, size) == data
            sender.join()
        session.end()


def half_close():
    session = Session()
    inside, _ = session.handshake()
    session.plain.shutdown(socket.SHUT_WR)  # the program ends first: close_notify
    assert closed(inside)
    assert session.process.wait(PATIENCE) == 0
    session.end()
    # close_notify of the client: the end of input, and the answer still comes
    session = Session()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_context().wrap_bio(incoming, outgoing, server_hostname=NAME)

    def step(action):
        while True:
            try:
                return action()
            except ssl.SSLWantReadError:
                session.client.sendall(outgoing.read())
                incoming.write(session.client.recv(65536))
            finally:
                session.client.sendall(outgoing.read())
    step(tls.do_handshake)
    session.told()
    tls.write(b"QUIT")
    session.client.sendall(outgoing.read())
    assert session.plain.recv(9) == b"QUIT"
    try:
        tls.unwrap()
    except ssl.SSLWantReadError:
        session.client.sendall(outgoing.read())
    assert session.plain.recv(9) == b""
    session.plain.sendall(b"221 bye")
    session.plain.close()
    rest = b""
    while more := session.client.recv(65536):
        rest += more
    assert len(rest) > 30, "the last reply, and close_notify"
    session.end()


def broken():
    """However the connection breaks: the program reads what came whole, then the end; both are gone at once."""
    for how in ("eof", "reset", "half", "rubbish", "clear"):
        session = Session(client=tcp_pair())
        inside, _ = session.handshake()
        inside.sendall(b"DATA")
        assert session.plain.recv(9) == b"DATA"
        raw = socket.socket(fileno=inside.detach())
        if how == "half":
            raw.sendall(b"\x17\x03\x03\x40\x00" + b"x" * 900)
        elif how == "rubbish":
            raw.sendall(b"\x17\x03\x03\x00\x40" + b"x" * 64)
        elif how == "clear":
            raw.sendall(b"\r\n.\r\nQUIT\r\n")
        if how == "reset":
            reset(raw)
        elif how not in ("rubbish", "clear"):
            raw.shutdown(socket.SHUT_WR)
        began = time.monotonic()
        try:
            assert session.plain.recv(9) == b"", how
        except ConnectionResetError:
            pass
        session.plain.close()
        assert session.process.wait(PATIENCE) == 0
        assert time.monotonic() - began < 1.5, how
        raw.close()
        session.client = session.plain
        session.end()


def memory():
    """A reader that does not read holds up the writer, in constant memory, both ways."""
    def resident(process):
        with open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as file:
            return int(re.search(r"Private_Dirty: +(\d+)", file.read())[1])
    session = Session()
    inside, _ = session.handshake()
    inside.sendall(b"x" * 16384)
    receive(session.plain, 16384)
    before = resident(session.process)
    for source, target in ((inside, session.plain), (session.plain, inside)):
        source.settimeout(0.3)
        sent = 0
        try:
            while sent < 64 << 20:
                sent += source.send(b"x" * 16384)
        except (socket.timeout, ssl.SSLWantWriteError):
            pass
        assert sent < 8 << 20, "nobody read it"
        assert resident(session.process) - before <= (2048 if SANITIZED else 64), (before, resident(session.process))
        source.settimeout(PATIENCE)
        if target is session.plain:
            sink = threading.Thread(target=receive, args=(target, sent))
            sink.start()
            sink.join(PATIENCE)
    session.process.kill()
    session.process.wait()
    session.end(-9)


# ---- the cage ----------------------------------------------------------------------------------

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


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def caged():
    for flags in (MX, ("--tls-dir", folder({"default": "mx"}))):
        session = Session(*flags)
        assert status(session.process.pid, "Seccomp") == "2" and status(session.process.pid, "NoNewPrivs") == "1"
        session.handshake()
        session.end()


def wiped():
    """After the handshake no private key and no ticket key is left in memory; the search does find one before."""
    tickets_key = os.urandom(80)
    for certificate in ("mx", "rsa"):
        files = ("--tls-cert", path(certificate + ".pem"), "--tls-key", path(certificate + ".key"))
        secrets = (*secret_of(certificate + ".key"), tickets_key[16:48], tickets_key[48:])
        session = Session(*files, "--tls-ticket-keys", ticket_file(tickets_key))
        before = memory_of(session.process.pid)
        assert any(secret in before for secret in secrets[:2]) and secrets[3] in before
        session.handshake(cafile="ca.pem" if certificate == "mx" else "rsa.pem")
        after = memory_of(session.process.pid)
        for number, secret in enumerate(secrets):
            assert secret not in after, (certificate, number)
        session.end()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
