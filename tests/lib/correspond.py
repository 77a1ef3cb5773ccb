#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""correspond.py - exchanges mail with running servers, for tests/clients.bats.

    tests/lib/correspond.py NAME      with the ports in $smtp, $lmtp and $pop3

One test a function: messages that must survive every way byte for byte, Python's own clients,
and the habits of clients that cannot be run here, line by line. jo@example.org, with the password
"secret", has a mailbox that is empty at first.
"""
import base64
import os
import poplib
import random
import re
import smtplib
import socket
import sys

from server import PATIENCE, Client, eventually

USER = "jo@example.org"
TRACE = re.compile(rb"Return-Path: <[^\r\n]*>\r\nDelivered-To: [^\r\n]+\r\nReceived: [^\r\n]+\r\n(\t[^\r\n]+\r\n)+")


def connect(name):
    """A client of smtp, lmtp or pop3 that has read the greeting."""
    client = Client(socket.create_connection(("127.0.0.1", int(os.environ[name])), PATIENCE))
    greeting = client.line()
    assert greeting.startswith(("220 ", "+OK ")), greeting
    return client


def reply(client):
    """A whole reply of SMTP or LMTP."""
    lines = [client.line()]
    while lines[-1][3:4] == "-":
        lines.append(client.line())
    return "".join(lines)


def say(client, octets, *codes):
    """Sends octets, and wants a reply with each of the codes."""
    client.socket.sendall(octets.encode() if isinstance(octets, str) else octets)
    replies = [reply(client) for _ in codes]
    assert [text[:3] for text in replies] == [str(code) for code in codes], replies
    return replies[-1] if replies else ""


def greeted(name):
    client = connect(name)
    say(client, "LHLO client.example\r\n" if name == "lmtp" else "EHLO client.example\r\n", 250)
    return client


def envelope(client, *users):
    say(client, "MAIL FROM:<you@example.net>\r\n", 250)
    for user in users or (USER,):
        say(client, f"RCPT TO:<{user}>\r\n", 250)


def stuffed(message):
    """The octets of DATA, for a message that ends in CRLF or is empty."""
    return re.sub(rb"(^|\r\n)\.", rb"\1..", message) + b".\r\n"


def send_data(client, message):
    envelope(client)
    say(client, "DATA\r\n", 354)
    say(client, stuffed(message), 250)


def send_chunks(client, message):
    """BDAT in pieces, at places that only chance knows."""
    envelope(client)
    cuts = sorted(random.sample(range(len(message)), min(3, len(message))))
    pieces = [message[a:b] for a, b in zip([0, *cuts], [*cuts, len(message)])]
    for piece in pieces[:-1]:
        say(client, b"BDAT %d\r\n%s" % (len(piece), piece), 250)
    say(client, b"BDAT %d LAST\r\n%s" % (len(pieces[-1]), pieces[-1]), 250)


class Maildrop(Client):
    """A POP3 session."""

    def __init__(self, login=True):
        super().__init__(socket.create_connection(("127.0.0.1", int(os.environ["pop3"])), PATIENCE))
        assert self.line().startswith("+OK ")
        if login:
            self.ok(f"USER {USER}")
            self.ok("PASS secret")

    def ok(self, command):
        status = self.say(command)
        assert status.startswith("+OK"), f"{command}: {status}"
        return status

    def lines(self, command=None):
        """The lines of a multi-line reply, of one that was asked for before without a command."""
        if command is None:
            assert self.line().startswith("+OK")
        else:
            self.ok(command)
        lines = []
        while (line := self.file.readline()) != b".\r\n":
            assert line.endswith(b"\r\n"), line
            lines.append(line[1:] if line.startswith(b".") else line)
        return lines

    def pairs(self, command):
        return [line.decode().split() for line in self.lines(command)]

    def quit(self):
        self.ok("QUIT")
        assert self.rest() == ""
        self.close()


def flush():
    """Empties the maildrop."""
    maildrop = Maildrop()
    for number, _ in maildrop.pairs("LIST"):
        maildrop.ok(f"DELE {number}")
    maildrop.quit()


def check_copy(got, message):
    """What RETR gave is the trace fields and the message, whose last line has got an end."""
    if message and not message.endswith(b"\r\n"):
        message += b"\r\n"
    assert got.endswith(message), (got[-200:], message[-200:])
    trace = got[:len(got) - len(message)]
    assert TRACE.fullmatch(trace), trace


NASTY = {
    "empty": b"",
    "one empty line": b"\r\n",
    "header only": b"Subject: x\r\n",
    "header and empty line": b"Subject: x\r\n\r\n",
    "empty lines at the end": b"Subject: x\r\n\r\nbody\r\n\r\n\r\n",
    "body at once": b"\r\nbody\r\n",
    "no header at all": b"hello\r\n",
    "dots": b"Subject: x\r\n\r\n.\r\n..\r\n...\r\n. \r\n.a\r\n..b\r\na.\r\n.\r\n",
    "dots only": b".\r\n.\r\n",
    "a dot in the header": b".X: y\r\n\r\n",
    "words of the protocol": b"Subject: x\r\n\r\nQUIT\r\nRSET\r\nFrom me\r\nBDAT 3 LAST\r\n+OK\r\n-ERR\r\n",
    "NUL": b"Subject: x\r\n\r\n\0\r\na\0b\r\n\0.\r\n",
    "all octets but CR and LF": b"Subject: x\r\n\r\n" + bytes(set(range(256)) - {10, 13}) * 4 + b"\r\n",
    "8 bits in the header": "Subject: grüße\r\n\r\nпривет\r\n".encode() + b"\xff\xfe\x80\r\n",
    **{f"lines of {length} octets": b"Subject: x\r\n\r\n" + b"".join(
        character * (length - 2) + b"\r\n" for character in (b"x", b".", b"\xe9", b" "))
       for length in (998, 1000, 1002, 5000, 65536, 65537)},
    "64 KiB of dots": b".\r\n" * 22000,
}
UNFINISHED = {
    "no line end at the end": b"Subject: x\r\n\r\nbody",
    "a dot at the end": b"Subject: x\r\n\r\nbody\r\n.",
    "one octet": b"x",
    "a header that stops": b"Subject: x",
    "NUL at the end": b"Subject: x\r\n\r\n\0",
}


def nasty():
    """DATA-001 ... 008, POP-005, POP-023, POP-026: what was sent is what is read, however it was sent."""
    ways = [("smtp", send_data, NASTY), ("lmtp", send_data, NASTY),
            ("smtp", send_chunks, {**NASTY, **UNFINISHED}), ("lmtp", send_chunks, {**NASTY, **UNFINISHED})]
    for name, send, messages in ways:
        client = greeted(name)
        for message in messages.values():
            send(client, message)
        maildrop = Maildrop()
        sizes = [int(size) for _, size in maildrop.pairs("LIST")]
        assert len(sizes) == len(messages), sizes
        for number, (title, message) in enumerate(messages.items(), 1):
            got = b"".join(maildrop.lines(f"RETR {number}"))
            check_copy(got, message)
            assert len(got) == sizes[number - 1], (title, len(got))
            assert b"".join(maildrop.lines(f"TOP {number} 1000000")) == got, title
        maildrop.quit()
        flush()


def wire(message):
    """What a stored message is on the wire, by the book (POP-023, POP-024)."""
    message = re.sub(rb"(?<!\r)\n", b"\r\n", message)
    return message if not message or message.endswith(b"\r\n") else message + b"\r\n"


def stored():
    """POP-023, POP-024, POP-026: files with CRLF, with LF, with both, and without a last line end; the octets of RETR."""
    folder = os.environ["MAILDIR"].replace("%d", "example.org").replace("%n", "jo") + "/new"
    messages = [form for text in [*NASTY.values(), *UNFINISHED.values()] for form in (
        text, text.replace(b"\r\n", b"\n"), text.replace(b"\r\n", b"\n", 3), text + b"last", text + b"last\r\n.")]
    for number, text in enumerate(messages):
        with open(f"{folder}/{1700000000 + number}.other", "wb") as file:
            file.write(text)
    # Sizes are found out by the first session and remembered for the second.
    for _ in range(2):
        maildrop = Maildrop()
        sizes = [int(size) for _, size in maildrop.pairs("LIST")]
        assert len(sizes) == len(messages)
        for number, text in enumerate(messages, 1):
            got = b"".join(maildrop.lines(f"RETR {number}"))
            assert got == wire(text) and len(got) == sizes[number - 1], (number, text[:200], got[:200])
            assert b"".join(maildrop.lines(f"TOP {number} 1000000")) == got
        maildrop.quit()
    flush()


def python():
    """IOP-006: smtplib, its LMTP, and poplib."""
    port = {name: int(os.environ[name]) for name in ("smtp", "lmtp", "pop3")}
    text = "Subject: by smtplib\r\n\r\n.dot\r\nn\u00e4ive\r\n".encode()
    with smtplib.SMTP("127.0.0.1", port["smtp"], timeout=PATIENCE) as client:
        # Some or all recipients are refused, smtplib says RSET, and the connection is used again.
        refused = client.sendmail("you@example.net", [USER, "nobody@example.org"], text, ["BODY=8BITMIME"])
        assert refused["nobody@example.org"][0] == 550, refused
        try:
            client.sendmail("you@example.net", ["nobody@example.org"], text)
            raise AssertionError("nobody has got mail")
        except smtplib.SMTPRecipientsRefused as error:
            assert list(error.recipients) == ["nobody@example.org"]
        assert client.sendmail("", [USER], text, ["SMTPUTF8"]) == {}
        assert client.has_extn("size") and client.esmtp_features["size"] == str(50 << 20)
        assert client.vrfy("jo")[0] == 252
        assert client.noop()[0] == 250
        assert client.docmd("help")[0] == 214
    with smtplib.LMTP("127.0.0.1", port["lmtp"], timeout=PATIENCE) as client:
        assert client.sendmail("you@example.net", [USER], text) == {}
    pop = poplib.POP3("127.0.0.1", port["pop3"], timeout=PATIENCE)
    assert "TOP" in pop.capa() and pop.utf8().startswith(b"+OK")
    pop.user(USER)
    assert pop.pass_("secret").startswith(b"+OK")
    count, octets = pop.stat()
    assert count == 3
    assert sum(int(line.split()[1]) for line in pop.list()[1]) == octets
    identifiers = [line.split()[1] for line in pop.uidl()[1]]
    assert len(set(identifiers)) == 3
    assert pop.uidl(2).split()[2] == identifiers[1] and pop.list(3).startswith(b"+OK 3 ")
    for number in range(1, 4):
        _, lines, _ = pop.retr(number)
        check_copy(b"".join(line + b"\r\n" for line in lines), text)
        assert pop.top(number, 0)[1] == lines[:-2]
    pop.dele(1)
    assert pop.stat()[0] == 2
    pop.rset()
    assert pop.stat()[0] == 3
    assert pop.noop().startswith(b"+OK")
    assert pop.quit().startswith(b"+OK")


def left_on_server():
    """POP-016, POP-020, POP-028, POP-032, POP-033: UIDLs are what a message is known by from session to session."""
    client = greeted("smtp")
    for number in range(3):
        send_data(client, b"Subject: the same bytes\r\n\r\nbody\r\n")
    first = Maildrop()
    identifiers = dict(first.pairs("UIDL"))
    assert len(set(identifiers.values())) == 3
    # Later mail is invisible until the next session.
    send_data(client, b"Subject: later\r\n\r\n")
    assert first.ok("STAT").startswith("+OK 3 ")
    # A second session of the same user has to wait, and the first does not notice.
    second = Maildrop(login=False)
    second.ok(f"USER {USER}")
    status = second.say("PASS secret")
    assert status.startswith("-ERR [IN-USE] "), status
    assert first.ok("NOOP")
    first.ok("DELE 2")
    for command in ("RETR 2", "DELE 2", "LIST 2", "UIDL 2", "TOP 2 0"):
        assert first.say(command).startswith("-ERR"), command
    # IOP-005: numbers stay when their neighbour is deleted.
    assert first.ok("UIDL 3").split()[1:] == ["3", identifiers["3"]]
    assert [number for number, _ in first.pairs("LIST")] == ["1", "3"]
    first.quit()
    second.ok(f"USER {USER}")
    second.ok("PASS secret")
    now = [identifier for _, identifier in second.pairs("UIDL")]
    assert len(now) == 3 and set(now) >= {identifiers["1"], identifiers["3"]}
    assert identifiers["2"] not in now
    # Without QUIT nothing is deleted, and the lock is gone with the connection.
    second.ok("DELE 1")
    second.close()

    def free():
        third = Maildrop(login=False)
        third.ok(f"USER {USER}")
        if third.say("PASS secret").startswith("+OK"):
            return third
        third.close()
        return None
    third = eventually(free, "the lock stays")
    assert [identifier for _, identifier in third.pairs("UIDL")] == now
    third.quit()


def big():
    """POP-035, IOP-007: 500 messages, read by commands sent in one go."""
    count = 500
    client = greeted("smtp")
    body = b"Subject: %d\r\n\r\n" + b"0123456789abcdef\r\n" * 200
    for number in range(count):
        send_data(client, body % number)
    maildrop = Maildrop()
    listing = maildrop.pairs("LIST")
    assert [number for number, _ in listing] == [str(number) for number in range(1, count + 1)]
    assert len(maildrop.lines("UIDL")) == count
    assert len({identifier for _, identifier in maildrop.pairs("UIDL")}) == count
    maildrop.socket.sendall(b"".join(b"RETR %d\r\n" % number for number in range(1, count + 1)))
    seen = set()
    for number, size in listing:
        got = b"".join(maildrop.lines())
        assert len(got) == int(size), number
        subject = int(re.search(rb"^Subject: (\d+)", got, re.M)[1])
        check_copy(got, body % subject)
        seen.add(subject)
    assert len(seen) == count
    # IOP-012, POP-044: everything is marked, QUIT follows, and nobody waits for a reply.
    maildrop.socket.sendall(b"".join(b"DELE %d\r\n" % number for number in range(1, count + 1)) + b"QUIT\r\n")
    maildrop.close()
    eventually(empty, "messages are left")


def empty():
    maildrop = Maildrop(login=False)
    maildrop.ok(f"USER {USER}")
    if not maildrop.say("PASS secret").startswith("+OK"):
        maildrop.close()
        return False
    free = maildrop.say("STAT") == "+OK 0 0\r\n"
    # Whose lock is gone with the reply, as without QUIT it is not.
    maildrop.quit()
    return free


# ---- the habits of clients that cannot be run here ----


def outlook():
    """IOP-001, IOP-002, AUTH-025, POP-122: single-label names, the line AUTH=, LOGIN with its prompts, AUTH alone."""
    user, secret = (base64.b64encode(text.encode()).decode() for text in (USER, "secret"))
    for name, code in (("MY_PC", 250), ("Büro-PC", 501), ("DESKTOP-1234", 250)):
        client = connect("smtp")
        keywords = say(client, f"EHLO {name}\r\n", code)
    lines = re.split("\r\n250[ -]", keywords)
    assert "AUTH PLAIN LOGIN" in lines and "AUTH=PLAIN LOGIN" in lines, lines
    assert say(client, "AUTH LOGIN\r\n", 334) == "334 VXNlcm5hbWU6\r\n"
    assert say(client, f"{user}\r\n", 334) == "334 UGFzc3dvcmQ6\r\n"
    say(client, f"{secret}\r\n", 235)
    maildrop = Maildrop(login=False)
    assert maildrop.lines("AUTH") == [b"PLAIN\r\n", b"LOGIN\r\n"]
    assert maildrop.say("AUTH LOGIN") == "+ VXNlcm5hbWU6\r\n"
    assert maildrop.say(user) == "+ UGFzc3dvcmQ6\r\n"
    maildrop.ok(secret)
    assert maildrop.say("AUTH").startswith("-ERR")
    maildrop.quit()


def thunderbird():
    """IOP-003, IOP-004: address literals, CAPA before and after the login, TOP for headers, both UIDL and LIST."""
    for name in ("[192.168.1.9]", "[IPv6:fe80::1]", "localhost"):
        client = connect("smtp")
        keywords = say(client, f"EHLO {name}\r\n", 250)
        for keyword in ("SIZE ", "8BITMIME", "PIPELINING"):
            assert re.search(f"^250[ -]{keyword}", keywords, re.M), keywords
    message = b"Subject: x\r\nX-Long: y\r\n\r\nfirst\r\nsecond\r\n"
    send_data(client, message)
    maildrop = Maildrop(login=False)
    assert b"USER\r\n" in maildrop.lines("CAPA")
    assert b"SASL PLAIN LOGIN\r\n" in maildrop.lines("CAPA")
    assert maildrop.say("AUTH CRAM-MD5").startswith("-ERR")
    assert maildrop.say("STLS").startswith("-ERR")
    maildrop.ok(f"USER {USER}")
    assert maildrop.say("PASS wrong").startswith("-ERR [AUTH] ")
    maildrop.ok(f"USER {USER}")
    maildrop.ok("PASS secret")
    assert {b"TOP\r\n", b"UIDL\r\n", b"PIPELINING\r\n"} <= set(maildrop.lines("CAPA"))
    assert maildrop.pairs("UIDL")[0] == maildrop.ok("UIDL 1").split()[1:]
    assert len(maildrop.lines("LIST")) == 1
    assert b"".join(maildrop.lines("TOP 1 0")).endswith(b"Subject: x\r\nX-Long: y\r\n\r\n")
    assert b"".join(maildrop.lines("TOP 1 1")).endswith(b"X-Long: y\r\n\r\nfirst\r\n")
    maildrop.quit()


def scanner():
    """IOP-009: lower case, blanks where none belong, HELO alone, an octet a packet, no good-bye."""
    client = connect("smtp")
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def type_in(text, code):
        for octet in text.encode():
            client.socket.sendall(bytes([octet]))
        assert reply(client).startswith(str(code)), text
    type_in("helo scanner\r\n", 250)
    type_in("mail from: <scanner@example.net> \r\n", 250)
    type_in(f"rcpt to:  <{USER}>\t\r\n", 250)
    type_in("data \r\n", 354)
    type_in("Subject: scan\r\n\r\n..\r\n.\r\n", 250)
    client.close()
    # QUIT, and gone without a look at the reply.
    client = connect("smtp")
    client.socket.sendall(b"HELO scanner\r\nMAIL FROM:<>\r\nRCPT TO:<%s>\r\nDATA\r\n" % USER.encode()
                          + stuffed(b"Subject: scan\r\n\r\n") + b"QUIT\r\n")
    client.socket.shutdown(socket.SHUT_WR)
    assert client.rest().count("\r\n") == 6
    maildrop = Maildrop()
    assert maildrop.ok("STAT").startswith("+OK 2 ")
    maildrop.quit()


def relay():
    """IOP-010: Postfix, Exim and Exchange as peers: callouts, BDAT, the dot and QUIT in one packet."""
    client = greeted("smtp")
    say(client, f"MAIL FROM:<>\r\nRCPT TO:<{USER}>\r\nRSET\r\n", 250, 250, 250)
    say(client, f"MAIL FROM:<>\r\nRCPT TO:<{USER}>\r\nQUIT\r\n", 250, 250, 221)
    assert client.rest() == ""
    assert empty(), "a callout has delivered"
    client = greeted("smtp")
    body = "Subject: relayed\r\n\r\ngrüße\r\n".encode()
    say(client, b"MAIL FROM:<you@example.net> SIZE=%d\r\nRCPT TO:<%s>\r\nDATA\r\n" % (len(body), USER.encode()),
        250, 250, 354)
    say(client, stuffed(body) + b"QUIT\r\n", 250, 221)
    client = greeted("smtp")
    say(client, b"MAIL FROM:<you@example.net>\r\nRCPT TO:<%s>\r\nBDAT %d LAST\r\n%s"
        % (USER.encode(), len(body), body), 250, 250, 250)
    client = greeted("lmtp")
    # XFORWARD is for those who are trusted, and here is nobody.
    assert "XFORWARD" not in say(client, "LHLO postfix.example\r\n", 250)
    replies = f"MAIL FROM:<you@example.net>\r\nRCPT TO:<{USER}>\r\nRCPT TO:<nobody@example.org>\r\n" \
              f"RCPT TO:<ann@example.org>\r\nDATA\r\n"
    say(client, replies, 250, 250, 550, 250, 354)
    say(client, stuffed(body) + b"QUIT\r\n", 250, 250, 221)
    maildrop = Maildrop()
    for number, _ in maildrop.pairs("LIST"):
        check_copy(b"".join(maildrop.lines(f"RETR {number}")), body)
    assert number == "3", number
    maildrop.quit()


def hurried():
    """IOP-012: the lock is gone before the reply to QUIT, NOOP keeps alive, LIST omits what was deleted."""
    client = greeted("smtp")
    for _ in range(30):
        send_data(client, b"Subject: x\r\n\r\n")
    for left in range(30, 0, -1):
        maildrop = Maildrop()
        assert len(maildrop.lines("LIST")) == left
        maildrop.ok("NOOP")
        maildrop.ok("DELE 1")
        assert len(maildrop.lines("LIST")) == left - 1
        maildrop.ok("QUIT")
    assert empty()


def human():
    """IOP-013: lines that end in LF alone are answered at once, in words."""
    for name in ("smtp", "lmtp"):
        client = connect(name)
        text = say(client, "HELP\n", 500)
        assert "CR" in text and "LF" in text, text
        say(client, "ME\r\nNOOP\r\n", 250)
    maildrop = Maildrop(login=False)
    maildrop.socket.sendall(b"CAPA\n")
    assert "CRLF" in maildrop.line()
    maildrop.socket.sendall(b"\r\n")
    maildrop.quit()


if __name__ == "__main__":
    random.seed(sys.argv[1])
    globals()[sys.argv[1]]()
