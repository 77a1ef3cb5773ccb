#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""tls_certificates.py - which certificates and tickets tls-session shows and believes; tests/tls-session.bats names the tests.

    tests/lib/tls_certificates.py TEST

Each test is a function; certificates are those of tls.py.
"""
import base64
import os
import re
import ssl
import sys
import tempfile

from tls import (
    FILES, MX, NAME, PATIENCE, Session, client_context, folder, openssl, path, pipe_client, put, refused,
    ticket_file
)


# ---- certificates --------------------------------------------------------------------------------

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


# ---- tickets -------------------------------------------------------------------------------------

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


if __name__ == "__main__":
    globals()[sys.argv[1]]()
