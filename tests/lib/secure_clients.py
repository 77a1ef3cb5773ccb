#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""secure_clients.py - logins inside TLS that need a program; tests/secure-clients.bats names the tests.

    tests/lib/secure_clients.py NAME      with certificates in $TLS_CERTIFICATES, and a backend in $HOME

jo@example.org and ann@example.org have the password "secret", ann's kept as it is.
"""
import base64
import contextlib
import os
import poplib
import re
import select
import shutil
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

from frontends_real import Postfix
from server import BIN, PATIENCE, Server, descendants, eventually, served
from relays import submit as submit_to
from tls import client_context, memory_of, path, secret_of

HOST = "localhost"
HOME = os.environ["HOME"]
JO, ANN, PASSWORD = "jo@example.org", "ann@example.org", "secret"
ALL = "SCRAM-SHA-256-PLUS,SCRAM-SHA-256,CRAM-MD5,APOP,PLAIN,LOGIN,EXTERNAL,OAUTHBEARER,XOAUTH2"
LOGIN = ("--tls-client-ca", path("ca.pem"), "--insecure-auth", "never", "--auth-mechanisms", ALL)
KEYS = ("--tls-cert", path("local.pem"), "--tls-key", path("local.key"))
TEXT = (b"Subject: by Python\r\nDate: Sat, 21 Nov 2026 13:11:42 +0000\r\nMessage-ID: <1@client.example>\r\n\r\n.dot\r\n" + b"".join(b"%d\r\n" % 10 ** (n % 200) for n in range(400)))


def program(name, *options, keys=KEYS):
    submits = ("--submission",) if name == "smtp-session" else ()
    return Server(*LOGIN, *keys, *submits, *options, program=name, own=os.path.join(HOME, "backend"))


def mailbox():
    """The messages of jo, as they are stored, without what the store put before them; then the mailbox is empty."""
    folder = os.path.join(HOME, "mail/example.org/jo/new")
    found = []
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            found.append(file.read())
        os.unlink(os.path.join(folder, name))
    return found


def received(protocol, text=TEXT, foreign=False):
    """Checks that one message has come, by this protocol inside TLS, octet by octet; perhaps with fields of another server."""
    message, = mailbox()
    head, _, body = message.decode().partition("\n\n")
    wanted, _, rest = text.replace(b"\r\n", b"\n").decode().partition("\n\n")
    assert body == rest, body[:500]
    assert head.endswith(wanted) if not foreign else wanted in head, head
    assert re.search(rf"\n\tby mx\.example\.org with {protocol} id \S+\n(\tfor .*\n)?\ttls TLS_\w+;\n", head), head


def oauth(name, token):
    return {"XOAUTH2": f"user={name}\1auth=Bearer {token}\1\1", "OAUTHBEARER": f"n,a={name},\1auth=Bearer {token}\1\1"}


def submit(client, protocol):
    assert client.sendmail(JO, [JO], TEXT) == {}
    client.quit()
    received(protocol)


def log_in(client, mechanism, good=True):
    """By smtplib's own means, or with its help."""
    name, word = (ANN if mechanism == "CRAM-MD5" else JO), PASSWORD if good else "wrong"
    if mechanism in ("XOAUTH2", "OAUTHBEARER"):
        client.auth(mechanism, lambda challenge=None: oauth(JO, "good" if good else "bad")[mechanism] if challenge is None else "")
    else:
        client.user, client.password = name, word
        client.auth(mechanism, getattr(client, "auth_" + mechanism.lower().replace("-", "_")))


def libraries():
    """AUTH-018 AUTH-019 AUTH-022 AUTH-025 IOP-006: smtplib, its LMTP, and poplib, by STARTTLS, STLS and implicit TLS."""
    context = client_context()

    def starttls(kind, port):
        client = kind(HOST, port, timeout=PATIENCE)
        client.ehlo_or_helo_if_needed()
        assert not client.has_extn("auth") or "PLAIN" not in client.esmtp_features["auth"]
        client.starttls(context=context)
        client.ehlo_or_helo_if_needed()
        return client
    with program("smtp-session").ready() as smtp, program("smtp-session", "--tls", "implicit").ready() as smtps, \
            program("lmtp-session").ready() as lmtp:
        ways = [(lambda: starttls(smtplib.SMTP, smtp.port), "ESMTPSA", smtp),
                (lambda: smtplib.SMTP_SSL(HOST, smtps.port, context=context, timeout=PATIENCE), "ESMTPSA", smtps),
                (lambda: starttls(smtplib.LMTP, lmtp.port), "LMTPSA", lmtp)]
        for connect, protocol, server in ways:
            for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER"):
                client = connect()
                client.ehlo_or_helo_if_needed()
                with contextlib.suppress(smtplib.SMTPAuthenticationError):
                    log_in(client, mechanism, good=False)
                    raise AssertionError("let in")
                log_in(client, mechanism)
                submit(client, protocol)
                server.log.wait(rf'msg="session end".* tls=TLSv1.3 user={ANN if mechanism == "CRAM-MD5" else JO} .*messages=1 ')
    with program("pop3-session").ready() as pop, program("pop3-session", "--tls", "implicit").ready() as pops:
        subprocess.run([os.path.join(BIN, "maildir-store"), "deliver"], input=TEXT, check=True, env=dict(
            os.environ, SENDER="", RECIPIENT=JO), pass_fds=(envelope := descriptor_of(f"\n{JO}\n"),),
            preexec_fn=lambda: os.dup2(envelope, 3))
        for secure in (False, True):
            if secure:
                client = poplib.POP3_SSL(HOST, pops.port, context=context, timeout=PATIENCE)
            else:
                client = poplib.POP3(HOST, pop.port, timeout=PATIENCE)
                client.stls(context)
            assert "STLS" not in client.capa()
            client.user(JO)
            client.pass_(PASSWORD)
            lines = client.retr(1)[1]
            assert b"\r\n".join(lines).endswith(TEXT.removesuffix(b"\r\n")), lines[:9]
            client.quit()
            client = poplib.POP3(HOST, pop.port, timeout=PATIENCE)
            client.stls(context)
            assert client.apop(ANN, PASSWORD).startswith(b"+OK")
            client.quit()
    mailbox()


def descriptor_of(text):
    file = tempfile.TemporaryFile()
    file.write(text.encode())
    file.seek(0)
    return os.dup(file.fileno())


def in_front():
    """TLS-010 TLS-013 AUTH-024: tls-session in front of a session tells it of TLS, and of the client's certificate."""
    # What is told to the first program is what all are told.
    hook = os.path.join(HOME, "backend/connect")
    with open(hook, "w", encoding="ascii", opener=lambda *call: os.open(*call, 0o755)) as file:
        file.write('#!/bin/sh\nenv | grep -E "^(TLS|SSL)" >&2\nexit 0\n')
    for certificate, version in (("jo", "TLSv1.3"), (None, "TLSv1.2")):
        with tempfile.TemporaryFile() as log, socket.create_server(("127.0.0.1", 0)) as listener:
            ours = socket.create_connection(listener.getsockname(), PATIENCE)
            theirs, _ = listener.accept()
            with theirs:
                process = subprocess.Popen(
                    [os.path.join(BIN, "tls-session"), *KEYS, *LOGIN[:2], "--", os.path.join(BIN, "smtp-session"),
                     "--hostname=mx.example.org", "--submission", *LOGIN[2:], os.path.dirname(hook)],
                    stdin=theirs, stdout=theirs, stderr=log)
            client = smtplib.SMTP()
            most = getattr(ssl.TLSVersion, version.replace(".", "_"))
            client.sock = client_context(certificate=certificate, most=most).wrap_socket(ours, server_hostname=HOST)
            assert client.getreply()[0] == 220
            client.ehlo("client.example")
            offer = client.esmtp_features["auth"].split()
            assert not client.has_extn("starttls") and "SCRAM-SHA-256-PLUS" in offer, offer
            assert ("EXTERNAL" in offer) == bool(certificate), offer
            if certificate:
                assert client.docmd("AUTH", "EXTERNAL =")[0] == 235
            else:
                client.login(JO, PASSWORD)
            submit(client, "ESMTPSA")
            assert process.wait(PATIENCE) == 0
            client.close()
            log.seek(0)
            said = log.read().decode()
        assert re.search(rf'msg="session end".* tls={version} user={JO} ', said), said
        assert f"TLS_VERSION={version}" in said and "TLS_CIPHER=TLS_" in said and "TLS_SNI=localhost" in said, said
        assert ("TLS_PEER=" in said) == bool(certificate) and "SSL_" not in said, said
    os.unlink(hook)


def postfix():
    """IOP-010 AUTH-018 AUTH-019 AUTH-020 AUTH-025: Postfix, to which the certificate and the login are a condition."""
    text = TEXT.replace(b"by Python", b"by Postfix")
    for name, protocol in (("smtp", "ESMTPSA"), ("lmtp", "LMTPSA")):
        for mechanism, user in (("PLAIN", JO), ("LOGIN", JO), ("CRAM-MD5", ANN), ("SCRAM-SHA-256", JO)):
            settings = {"tls_security_level": "secure", "tls_secure_cert_match": HOST, "tls_CAfile": path("ca.pem"),
                        "sasl_auth_enable": "yes", "sasl_mechanism_filter": mechanism,
                        "sasl_security_options": "noanonymous", "sasl_tls_security_options": "noanonymous",
                        "sasl_password_maps": f"static:{{{user}:{PASSWORD}}}"}
            with program(f"{name}-session").ready() as server, Postfix(
                    server.port, server.port, default_transport=f"{name}:{'inet:' if name == 'lmtp' else ''}[127.0.0.1]:{server.port}",
                    **{f"{name}_{key}": value for key, value in settings.items()}) as mailer:
                submit_to(mailer.connect(), [text], [JO])
                server.log.wait(f"msg=login .*user={user} mechanism={mechanism}$")
                server.log.wait(f'msg="session end".* tls=TLSv1.3 user={user} .*messages=1 ')
                received(protocol, text, foreign=True)


class Introduced:
    """A port of its own before a server, for one client that says STARTTLS without EHLO: who connects finds it said."""

    def __init__(self, server):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.server = server
        self.thread = threading.Thread(target=self.pass_on, daemon=True)
        self.thread.start()

    def pass_on(self):
        near, _ = self.listener.accept()
        far = self.server.connect()
        greeting = far.line()
        greet(far, "STARTTLS")
        near.sendall(greeting.encode())
        ends = {near: far.socket, far.socket: near}
        while ends:
            for end in select.select(list(ends), [], [], PATIENCE)[0]:
                if data := end.recv(65536):
                    ends[end].sendall(data)
                else:
                    with contextlib.suppress(OSError):
                        ends.pop(end).shutdown(socket.SHUT_WR)


def gsasl():
    """AUTH-017 AUTH-020 AUTH-021: GNU SASL's own client; its channel binding is tls-exporter."""
    with program("smtp-session", "--max-per-source", "0").ready() as server:
        tries = 0
        for mechanism, user, *options in (
                ("SCRAM-SHA-256-PLUS", JO), ("SCRAM-SHA-256-PLUS", ANN), ("SCRAM-SHA-256", JO, "--no-cb"), ("PLAIN", JO), ("LOGIN", JO),
                ("CRAM-MD5", ANN), ("SCRAM-SHA-256", JO)):
            # Who could bind, and says that we could not, has been lied to.
            downgraded = mechanism == "SCRAM-SHA-256" and not options
            for word, status in ((PASSWORD, int(downgraded)), ("wrong", 1)):
                done = subprocess.run(
                    ["gsasl", "--smtp", "--connect", f"{HOST}:{Introduced(server).port}", "--starttls", "--x509-ca-file", path("ca.pem"),
                     "--mechanism", mechanism, "--authentication-id", user, "--password", word, *options], stdin=subprocess.DEVNULL,
                    capture_output=True, text=True, timeout=PATIENCE, check=False)
                assert done.returncode == status, (mechanism, word, done.stdout, done.stderr)
                end = server.log.wait('msg="session end"', tries := tries + 1)
                assert " tls=TLSv1.3 " in end and (f" user={user} " in end) == (status == 0), end
            assert downgraded or server.log.find(f"msg=login .*user={user} mechanism={mechanism}$"), mechanism


# ---- connections that begin in clear -------------------------------------------------------------


def greet(client, verb, hello="EHLO"):
    """EHLO or LHLO, and all that is said to it."""
    if verb == "STARTTLS":
        client.socket.sendall(hello.encode() + b" client.example\r\n")
        while client.line()[3] != " ":
            pass


def secured(server, verb="STARTTLS", session=None, context=None, hello="EHLO"):
    """A client inside TLS."""
    client = served(server.connect())
    greet(client, verb, hello)
    assert client.say(verb)[:3] in ("220", "+OK")
    inside = (context or client_context()).wrap_socket(client.socket, server_hostname=HOST, session=session)
    return server.keep(inside)


def visit(server, context, session=None, verb="STARTTLS"):
    """The session of a connection, and whether it was resumed."""
    client = secured(server, verb, session, context)
    assert client.say("QUIT")[:3] in ("221", "+OK") and client.rest() == ""
    return client.socket.session, client.socket.session_reused


def tickets():
    """Programs that have the same keys take each other's tickets, one that has others does not."""
    files = [os.path.join(HOME, name) for name in ("keys", "others")]
    for name in files:
        with open(name, "wb", opener=lambda *call: os.open(*call, 0o600)) as file:
            file.write(os.urandom(80))
    with program("smtp-session", "--tls-ticket-keys", files[0]).ready() as one, \
            program("smtp-session", "--tls-ticket-keys", files[0]).ready() as two, \
            program("pop3-session", "--tls-ticket-keys", files[0]).ready() as pop, \
            program("smtp-session", "--tls-ticket-keys", files[1]).ready() as other:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = client_context(least=version, most=version)
            session, reused = visit(one, context)
            assert session.has_ticket and not reused
            assert visit(one, context, session)[1] and visit(two, context, session)[1]
            assert visit(pop, context, session, "STLS")[1]
            assert not visit(other, context, session)[1]


def renewed():
    """What is in the files when a connection comes is its certificate."""
    own = [os.path.join(HOME, name) for name in ("cert.pem", "key.pem")]

    def install(name):
        for kind, target in zip((".pem", ".key"), own):
            shutil.copy(path(name + kind), target + ".new")
            os.chmod(target + ".new", 0o600)
            os.rename(target + ".new", target)
    install("local")
    context = client_context()
    context.check_hostname = False
    with program("smtp-session", keys=("--tls-cert", own[0], "--tls-key", own[1])).ready() as server:
        early = secured(server, context=context)
        names = [early.socket.getpeercert()["subject"][0][0][1]]
        install("renewed")
        assert early.say("NOOP").startswith("250 "), "who is there stays"
        names.append(secured(server, context=context).socket.getpeercert()["subject"][0][0][1])
    assert names == ["localhost", "renewed"], names


def memory():
    """DESIGN 2.7, hardening 84: after a login nothing secret is in the parser, and not the key in anybody but nobody."""
    word = base64.b32encode(os.urandom(15)).decode()
    subprocess.run([os.path.join(BIN, "passwd-auth"), "set", JO], input=word.encode(), check=True)
    plain = base64.b64encode(f"\0{JO}\0{word}".encode()).decode()
    secrets = {"password": word.encode(), "its base64": plain[len(JO) * 4 // 3 + 8:].rstrip("=").encode()}
    secrets.update(zip(("key", "key", "its text"), secret_of("local.key")))
    logins = {"smtp-session": (f"AUTH PLAIN {plain}",), "lmtp-session": (f"AUTH PLAIN {plain}",),
              "pop3-session": (f"USER {JO}", f"PASS {word}")}
    for name, commands in logins.items():
        with program(name).ready() as server:
            verb, hello = "STLS" if name == "pop3-session" else "STARTTLS", "LHLO" if name == "lmtp-session" else "EHLO"
            client = secured(server, verb, hello=hello)
            greet(client, verb, hello)
            said = [client.say(command) for command in commands]
            assert said[-1][:3] in ("235", "+OK"), said
            assert client.say("NOOP")[:3] in ("250", "+OK")
            parser, = eventually(lambda: [pid for pid in descendants(server.pid) if is_parser(pid)], "there is no parser")
            with open(f"/proc/{parser}/maps", encoding="ascii") as maps:
                mapped = maps.read()
            assert not re.search(r"libssl|libcrypto|libcrypt|libgsasl|\.so", mapped), mapped
            contents = memory_of(parser)
            assert b"client.example" in contents or name == "pop3-session", "the scan sees what is there"
            for what, secret in secrets.items():
                assert secret not in contents, (name, what)
            # Nor is it in the runner.
            contents = memory_of(server.sessions()[0])
            for what, secret in secrets.items():
                assert secret not in contents, (name, "runner", what)


def is_parser(pid):
    """The process of a session that may not make system calls: tls-session apart."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            text = status.read()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return "Seccomp:\t2" in text and "tls-session" not in text.split("\n", 1)[0]


if __name__ == "__main__":
    globals()[sys.argv[1]]()
