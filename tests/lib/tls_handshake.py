#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""tls_handshake.py - the handshakes, the octets and the cage of tls-session; tests/tls-session.bats names the tests.

    tests/lib/tls_handshake.py TEST

Each test is a function; certificates are those of tls.py.
"""
import base64
import os
import re
import socket
import ssl
import sys
import threading
import time

from tls import (
    MX, NAME, PATIENCE, SANITIZED, Session, client_context, closed, folder, hello, memory_of, path, pipe_client,
    receive, refused, reset, secret_of, status, tcp_pair, ticket_file
)


# ---- the handshake -------------------------------------------------------------------------------

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
    # To the last octet it would have been a minute.
    assert 29 < time.monotonic() - began < 59, time.monotonic() - began
    session.refuses('reason="too slow"')


# ---- octets --------------------------------------------------------------------------------------

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
    """However the connection breaks: the program reads what came whole, then the end; nobody waits for more."""
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
        try:
            assert session.plain.recv(9) == b"", how
        except ConnectionResetError:
            pass
        session.plain.close()
        assert session.process.wait(PATIENCE) == 0, how
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


# ---- the cage ------------------------------------------------------------------------------------

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
