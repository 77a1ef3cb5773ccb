#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""frontends.py - tests of front ends that speak for their clients, one a function; tests/frontends.bats names them.

    tests/lib/frontends.py NAME

They write PROXY headers and XCLIENT themselves; frontends_real.py has real front ends.
"""

import base64
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import BIN, PATIENCE, Client, Server, eventually, served  # noqa: E402

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
REAL = "127.0.0.2"  # the front end's address; clients that are none come from 127.0.0.1
V1 = b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 2525\r\n"

# The greeting tells what a program is told of the peer.
TELL = ('#!/bin/sh\necho "220 addr=$REMOTE_ADDR port=$REMOTE_PORT host=$REMOTE_HOST local=$LOCAL_ADDR/$LOCAL_PORT '
        'tls=$TLS_VERSION/$TLS_CIPHER/$TLS_SNI/$TLS_PEER"\n')
HOOKS = {"connect": TELL, "rcpt": "#!/bin/sh\n", "deliver": "#!/bin/sh\nexec sed -n 1,5p >&2\n"}


def v2(block=b"", command=0x21, family=0x11, length=None):
    return SIGNATURE + struct.pack("!BBH", command, family, len(block) if length is None else length) + block


def inet(source="192.0.2.1", destination="198.51.100.2", ports=(56324, 2525)):
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    return (socket.inet_pton(family, source) + socket.inet_pton(family, destination) + struct.pack("!HH", *ports))


def tlv(kind, value):
    return struct.pack("!BH", kind, len(value)) + value


def tls_tlv(flags, verify, *more):
    return tlv(0x20, struct.pack("!BI", flags, verify) + b"".join(more))


def greeting(addr="192.0.2.1", port="56324", local="198.51.100.2/2525", tls="///"):
    return f"220 mx.example.org ESMTP addr={addr} port={port} host= local={local} tls={tls}\r\n"


def front(*options, networks=REAL, **more):
    """A server whose front end is at `networks`."""
    return Server("--proxy-protocol", networks, *options, **{"hooks": HOOKS, **more}).ready()


def heard(server, octets):
    """The first line that a client behind these octets hears, and the client."""
    client = server.connect(REAL)
    client.socket.sendall(octets)
    return client.line(), client


def own(server, client):
    """The greeting of a client that is taken for itself."""
    address, port = client.socket.getsockname()
    return greeting(address, port, f"127.0.0.1/{server.port}")


# ---- who sends a header ----


def untrusted():
    """PRX-001 PRX-013, hardening 64: from elsewhere it is an unknown verb, and the address is the real one."""
    with front() as server:
        client = server.connect("127.0.0.1")
        assert client.line() == own(server, client)
        assert client.say(V1.decode().strip()).startswith("500 5.5.2 ")
        assert client.say("QUIT").startswith("221 ")
        assert "peer=127.0.0.1 " in server.log.wait("msg=\"session end\"")
        assert not server.log.find(" via=")


def without_option():
    """PRX-001 PRX-013: never detected; without the option it is an unknown verb wherever it comes from."""
    with Server(hooks=HOOKS).ready() as server:
        client = server.connect(REAL)
        client.socket.sendall(V1)
        assert client.line() == own(server, client)
        assert client.line().startswith("500 5.5.2 ")


def twice():
    """PRX-002 PRX-013: one header, and a second one is an unknown verb."""
    with front() as server:
        line, client = heard(server, V1 + V1)
        assert line == greeting()
        assert client.line().startswith("500 5.5.2 ")
        line, client = heard(server, v2(inet()) + b"NOOP\r\n" + v2(inet()) + b"\r\n")
        assert line == greeting() and client.line().startswith("250 ")
        assert client.line().startswith("500 5.5.2 ")


def greeting_waits():
    """PRX-002 PRX-003: not an octet is sent before the header is whole, however it comes; what follows is SMTP."""
    with front() as server:
        for header in (V1, v2(inet())):
            client = server.connect(REAL)
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(len(header)):
                assert not select.select([client.socket], [], [], 0.01 if at % 9 == 0 else 0)[0], at
                client.socket.sendall(header[at:at + 1])
            assert client.line() == greeting()
            assert client.say("NOOP").startswith("250 ")
            line, client = heard(server, header + b"EHLO client.example\r\nQUIT\r\n")
            assert line == greeting()
            assert client.line().startswith("250-") and client.rest().endswith("Bye\r\n")


def late():
    """PRX-003: a header that is not whole after five seconds ends the connection, without a word."""
    with front() as server:
        began = time.monotonic()
        clients = [heard_nothing(server, octets) for octets in (b"", V1[:-1], v2(inet())[:20])]
        for client in clients:
            assert client.rest() == ""
            assert time.monotonic() - began >= 3
        server.log.wait(f'msg="no PROXY header" reason=late peer={REAL}', 3)


def heard_nothing(server, octets):
    client = server.connect(REAL)
    client.socket.sendall(octets)
    return client


def malformed():
    """PRX-004 PRX-006 PRX-008 PRX-009 PRX-011: closed at once and silently, with a line that names the real peer."""
    cases = [
        b"EHLO client.example\r\n",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        V1.replace(b"\r\n", b"\n"),
        V1.replace(b"TCP4", b"tcp4"),
        V1.replace(b"192.0.2.1", b"192.0.2.01"),
        V1.replace(b" 2525", b" 65536"),
        V1.replace(b" 2525", b"\t2525"),
        b"PROXY UNKNOWN " + b"x" * 100 + b"\r\n",
        v2(inet(), command=0x11),
        v2(inet(), command=0x22),
        v2(inet(), family=0x12),
        v2(inet("2001:db8::1", "2001:db8::2"), family=0x22),
        v2(b"/" * 216, family=0x32),
        v2(inet()[:11]),
        v2(inet(), family=0x21),
        v2(inet() + tlv(2, b"mx.example.org")[:-1]),
        v2(inet() + tlv(3, b"\0\0\0\0")),
        v2(inet() + tlv(5, b"x" * 129)),
    ]
    with front() as server:
        for number, octets in enumerate(cases):
            client = heard_nothing(server, octets)
            assert client.rest() == "", octets
            server.log.wait(f'msg="no PROXY header" reason=malformed peer={REAL}', number + 1)
        client = heard_nothing(server, V1[:-1])
        client.socket.shutdown(socket.SHUT_WR)
        assert client.rest() == ""
        server.log.wait('msg="no PROXY header" reason=incomplete')
        assert not server.log.find("session end") and not server.log.find("session failed")


# ---- what it says ----


def endpoints():
    """PRX-004 PRX-006 PRX-008 PRX-012: the addresses are the client's, for programs, Received and the log."""
    with front() as server:
        for header in (V1, v2(inet()), v2(inet() + tlv(1, b"h2") + tlv(4, b"\0\0") + tlv(0xee, b"?"))):
            assert heard(server, header)[0] == greeting()
        six = greeting("2001:db8::1", "1", "2001:db8::2/2")
        assert heard(server, b"PROXY TCP6 2001:DB8::1 2001:db8::2 1 2\r\n")[0] == six
        assert heard(server, v2(inet("2001:db8::1", "2001:db8::2", (1, 2)), family=0x21))[0] == six
        assert heard(server, v2(b"/" * 216, family=0x31))[0] == greeting("", "", "/")
        line, client = heard(server, V1 + b"EHLO client.example\r\nMAIL FROM:<>\r\nRCPT TO:<u@x.example>\r\nDATA\r\n"
                             b"\r\nx\r\n.\r\nQUIT\r\n")
        assert client.rest().count("\r\n250 2.0.0 ") == 1
        server.log.wait(r"Received: from client.example \(\[192.0.2.1\]\)")
        server.log.wait(f"msg=\"session end\".* peer=192.0.2.1 via={REAL} .*messages=1 ")


def real_endpoints():
    """PRX-005 PRX-007 PRX-008: UNKNOWN, LOCAL and UNSPEC leave the connection what it is."""
    with front() as server:
        for header in (b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN 192.0.2.1 192.0.2.2 1 2\r\n",
                       b"PROXY UNKNOWN " + b"x" * 91 + b"\r\n", v2(command=0x20, family=0),
                       v2(b"\xff" * 500, command=0x20), v2(b"\xff" * 65535, command=0x20), v2(family=0)):
            line, client = heard(server, header)
            assert line == own(server, client), (header[:40], line)
            assert client.say("QUIT").startswith("221 ")
        assert not server.log.find(" via=")


def variables():
    """PRX-012: stale variables of a super-server neither decide who is trusted nor outlive the header."""
    listener = socket.create_server(("127.0.0.1", 0))
    stale = {"PROTO": "TCP", "TCPREMOTEIP": "203.0.113.9", "TCPREMOTEHOST": "stale.example", "TCPLOCALPORT": "1"}
    with Server(hooks=HOOKS).ready() as server:  # for its backend
        for networks, header, wanted in (("127.0.0.0/8", V1, greeting()), ("203.0.113.9", b"", None)):
            client = Client(socket.create_connection(listener.getsockname()))
            accepted, _ = listener.accept()
            with subprocess.Popen([os.path.join(BIN, "smtp-session"), "--hostname=mx.example.org", "--proxy-protocol",
                                   networks, os.path.join(server.directory, "backend")], stdin=accepted,
                                  stdout=accepted, stderr=subprocess.PIPE, env=dict(os.environ, **stale)) as session:
                accepted.close()
                client.socket.sendall(header + b"QUIT\r\n")
                line = client.line()
                assert line == wanted or (wanted is None and "addr=203.0.113.9 port= host=stale.example" in line), line
                client.rest()
                session.stderr.read()
                assert session.wait(PATIENCE) == 0
    listener.close()


def without_address():
    """PRX-001 PRX-003 with `unix`: over a socketpair and two pipes, and from a file in which mail follows."""
    with Server(hooks=HOOKS).ready() as server:
        command = [os.path.join(BIN, "smtp-session"), "--hostname=mx.example.org", "--proxy-protocol=unix",
                   os.path.join(server.directory, "backend")]
        for header in (V1, v2(inet())):
            octets = header + b"NOOP\r\nQUIT\r\n"
            wanted = greeting() + "250 2.0.0 OK\r\n221 2.0.0 mx.example.org Bye\r\n"
            piped = subprocess.run(command, input=octets, capture_output=True, timeout=PATIENCE, check=True)
            assert piped.stdout.decode() == wanted, piped.stdout
            with tempfile.TemporaryFile() as file:
                file.write(octets)
                file.seek(0)
                read = subprocess.run(command, stdin=file, capture_output=True, timeout=PATIENCE, check=True)
            assert read.stdout.decode() == wanted, read.stdout
        refused = subprocess.run(command, input=b"QUIT\r\n", capture_output=True, timeout=PATIENCE, check=True)
        assert refused.stdout == b"" and b"reason=malformed peer=unix" in refused.stderr
        ours, theirs = socket.socketpair()
        with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL) as session:
            theirs.close()
            client = Client(ours)
            ours.sendall(V1)
            assert client.line() == greeting() and client.say("QUIT").startswith("221 ")
            assert session.wait(PATIENCE) == 0


def over_tls():
    """PRX-009 PRX-010: a front end that ended TLS says so: for programs, Received, REQUIRETLS; names are clean."""
    names = (tlv(0x21, b"TLSv1.3"), tlv(0x22, b"client"), tlv(0x23, b"TLS_AES_256_GCM_SHA384"), tlv(0x24, b"RSA"))
    whole = v2(inet() + tlv(2, b"mx.example.org") + tls_tlv(7, 0, *names))
    mail = b"MAIL FROM:<>\r\nRCPT TO:<u@x.example>\r\nDATA\r\n\r\nx\r\n.\r\nQUIT\r\n"
    with front("--announce", "REQUIRETLS") as server:
        line, client = heard(server, whole + b"EHLO client.example\r\n" + mail)
        assert line == greeting(tls="TLSv1.3/TLS_AES_256_GCM_SHA384/mx.example.org/CN=client"), line
        assert "REQUIRETLS" in client.rest()
        server.log.wait("with ESMTPS id")
        server.log.wait("session end.* tls=TLSv1.3 ")
        # A certificate that was not verified, none, no TLS at all, and a name that is unfit for a variable.
        for header, tls in ((tls_tlv(7, 1, *names), "TLSv1.3/TLS_AES_256_GCM_SHA384//"),
                            (tls_tlv(1, 0, *names), "TLSv1.3/TLS_AES_256_GCM_SHA384//"),
                            (tls_tlv(1, 0), "TLS///"), (tls_tlv(6, 0, *names), "///"),
                            (tlv(2, b"a b\n"), "///"), (tlv(2, b"x.example"), "//x.example/")):
            line, client = heard(server, v2(inet() + header) + b"EHLO client.example\r\nQUIT\r\n")
            assert line == greeting(tls=tls), (line, tls)
            assert ("REQUIRETLS" in client.rest()) == tls.startswith("TLS")


def pop3():
    """PRX-010 PRX-012: POP3 takes the header too; passwords are judged by the client's address and its TLS."""
    hooks = {"auth": "#!/bin/sh\nexit 1\n", "list": "#!/bin/sh\n", "retrieve": "#!/bin/sh\n"}
    local, loopback = v2(command=0x20, family=0), v2(inet("127.0.0.1", "127.0.0.1"))
    tls = v2(inet() + tls_tlv(1, 0, tlv(0x21, b"TLSv1.3")))
    with front(program="pop3-session", hooks=hooks) as server:
        for header, clear in ((local, True), (loopback, True), (V1, False), (tls, True)):
            line, client = heard(server, header)
            assert line.startswith("+OK ")
            assert client.say("USER jo").startswith("+OK" if clear else "-ERR"), header
        client = heard_nothing(server, b"QUIT\r\n")
        assert client.rest() == ""


def per_source():
    """PRX-012, DESIGN 13: --max-per-source counts the client behind the front end, not the front end."""
    def client_of(address):
        return heard(server, v2(inet(address)))
    for program, refusal in (("smtp-session", "421 mx.example.org too many connections from your address\r\n"),
                             ("pop3-session", "-ERR too many connections from your address\r\n")):
        with front("--max-per-source", "2", program=program, hooks=()) as server:
            crowd = [client_of("192.0.2.1") for _ in range(6)]
            greetings = sorted(line for line, _ in crowd)
            assert greetings.count(refusal) == 4, greetings
            assert all(client.rest() == "" for line, client in crowd if line == refusal)
            server.log.wait('connection refused.* reason="too many connections from your address" remote=192.0.2.1 ')
            # Others have their own share, and so has the front end where it speaks for itself.
            for other in ("192.0.2.2", "192.0.2.2", "2001:db8::1"):
                line, _ = heard(server, v2(inet(other, other), family=0x21 if ":" in other else 0x11))
                assert line.startswith(("220", "+OK")), line
            for _ in range(2):
                assert heard(server, b"PROXY UNKNOWN\r\n")[0].startswith(("220", "+OK"))
            assert heard(server, b"PROXY UNKNOWN\r\n")[0] == refusal
            # A place that becomes free is given away. Those that were refused have ended before, and so does one more.
            client = next(client for line, client in crowd if line != refusal)
            eventually(lambda: len(server.sessions()) == 7, "a session that was refused has not ended")
            client.say("QUIT")
            eventually(lambda: len(server.sessions()) == 6, "the session has not ended")
            assert client_of("192.0.2.1")[0].startswith(("220", "+OK"))


def guessers():
    """AUTH-013, hardening 60: where a login failed the next one waits, in every session, and nowhere else."""
    auth = '#!/bin/sh\n[ "$(tr "\\0" "\\n" <&3 | sed -n 2p)" = secret ] || exit 1\nUSER=joe exec "$@"\n'

    def login(server, address, password="secret"):
        """The session and the seconds that the login took."""
        line, client = heard(server, v2(inet(address)))
        assert line.startswith("220 "), line
        client.say("HELO x")
        client.socket.sendall(b"EHLO x\r\n")
        while client.line()[3] != " ":
            pass
        began = time.monotonic()
        said = client.say("AUTH PLAIN " + base64.b64encode(f"\0joe\0{password}".encode()).decode())
        took = time.monotonic() - began
        assert said.startswith("235 " if password == "secret" else "535 "), said
        client.say("QUIT")
        assert client.rest() == ""
        return took
    with front("--insecure-auth", "always", "--trusted-networks", "192.0.2.3", hooks={"auth": auth}) as server:
        def guess(guesser):
            """The seconds that logins take where one has failed, and elsewhere."""
            assert login(server, guesser, "wrong") > 0.9
            eventually(lambda: not server.sessions(), "the session has not ended")
            took = login(server, guesser), login(server, "192.0.2.2")
            # It is forgiven.
            return *took, login(server, guesser)
        for guesser in ("192.0.2.1", "192.0.2.3", "127.0.0.1"):
            # What else runs on the machine makes logins longer, and what is left of the wait shorter; not each time.
            times = [guess(guesser) for _ in range(3)]
            waited, elsewhere, forgiven = zip(*times)
            assert min(elsewhere) < 1 and min(forgiven) < 1, times
            # Those who speak for many users do not wait.
            assert max(waited) > 2 if guesser == "192.0.2.1" else min(waited) < 1, (guesser, times)
        # It was no trouble of ours.
        assert not server.log.find("session failed")


def waiting_headers():
    """Front ends that say nothing hold no place of a source, and no session behind another waits for them."""
    with front("--max-per-source", "2") as server:
        # Few enough to say what they owe in the five seconds that they have.
        silent = [server.connect(REAL) for _ in range(10)]
        eventually(lambda: len(server.sessions()) == 10, "not accepted")
        assert heard(server, V1)[0] == greeting()
        assert served(server.connect("127.0.0.1"))
        for client in silent:
            client.socket.sendall(v2(inet("192.0.2.9")))
        lines = [client.line()[:3] for client in silent]
        assert lines.count("220") == 2 and lines.count("421") == 8, lines


def stopping():
    """SIGTERM while a header is awaited: the client is served, or told to go, never left hanging."""
    with front("--drain", "0") as server:
        client = server.connect(REAL)
        eventually(server.sessions, "not accepted")
        server.signal(signal.SIGTERM)
        server.log.wait("msg=stopping")
        client.socket.sendall(V1)
        assert client.rest().startswith(("220 ", "421 "))
        assert server.exit() == 0


def reload():
    """SIGHUP changes who is a front end, for new connections."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "config")

        def configure(text):
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
        configure("")
        with Server("--config", path, hooks=HOOKS).ready() as server:
            assert served(server.connect(REAL))
            configure(f"proxy-protocol 192.0.2.0/24, {REAL}\n")
            server.signal(signal.SIGHUP)
            server.log.wait("configuration read again")
            assert heard(server, V1)[0] == greeting()
            configure("proxy-protocol 192.0.2.0/33\n")
            server.signal(signal.SIGHUP)
            server.log.wait("bad configuration, the old one stays.*an address, ADDRESS/BITS or unix")
            assert heard(server, V1)[0] == greeting()


def with_xclient():
    """Hardening 66: behind a header it is the client's address that XCLIENT needs, and then its own."""
    with front("--trusted-networks", "192.0.2.0/24") as server:
        client = server.connect("127.0.0.1")
        client.line()
        assert client.say("XCLIENT ADDR=192.0.2.1").startswith("550 5.7.0 ")
        line, client = heard(server, v2(inet("198.51.100.9")))
        assert client.say("XCLIENT ADDR=192.0.2.1").startswith("550 5.7.0 ")
        line, client = heard(server, v2(b"/" * 216, family=0x31))
        assert client.say("XCLIENT ADDR=192.0.2.1").startswith("550 5.7.0 ")
        line, client = heard(server, V1)
        assert line == greeting()
        assert client.say("XCLIENT ADDR=192.0.2.7") == greeting("192.0.2.7", "")
        assert client.say("XCLIENT ADDR=IPV6:2001:db8::7 PORT=9 NAME=spike.example").startswith(
            "220 mx.example.org ESMTP addr=2001:db8::7 port=9 host=spike.example local=198.51.100.2/2525 ")
        assert client.say("XCLIENT ADDR=192.0.2.7").startswith("550 5.7.0 ")
        assert client.say("QUIT").startswith("221 ")
        assert server.log.wait(f"session end.* peer=2001:db8::7 via={REAL} ")


def with_unix():
    """XCL-001 PRX-001 over --listen unix: the word `unix` is for peers without an address."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "socket")
        for option, header in (("--trusted-networks", b""), ("--proxy-protocol", V1)):
            with Server(option, "unix", listen=f"unix:{path}", hooks=HOOKS) as server:
                server.log.wait("msg=listening")
                connection = socket.socket(socket.AF_UNIX)
                connection.connect(path)
                client = server.keep(connection)
                connection.sendall(header)
                assert client.line() == (greeting() if header else greeting("", "", "/"))
                answer = client.say("XCLIENT ADDR=192.0.2.1")
                assert answer.startswith("550 " if header else "220 "), answer


if __name__ == "__main__":
    globals()[sys.argv[1]]()
