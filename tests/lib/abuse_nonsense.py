#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""abuse_nonsense.py - clients that send nonsense, one test a function; tests/abuse.bats names them.

    tests/lib/abuse_nonsense.py NAME
"""
import random
import re
import socket
import sys

from abuse import DROP, LOGIN, MAIL, NOTE, PROGRAMS, SHELL, Session, Victim, begun, each, envelope


@each(PROGRAMS)
def nonsense(program):
    """Hardening 13: 10,000 lines of random octets and random arguments: each is answered, none does harm."""
    verbs = {"smtp-session": b"MAIL RCPT VRFY NOOP HELP EHLO HELO RSET DATA QUIT EXPN ETRN AUTH STARTTLS XCLIENT",
             "lmtp-session": b"LHLO MAIL RCPT VRFY NOOP HELP RSET DATA QUIT",
             "pop3-session": b"LIST UIDL RETR TOP DELE STAT RSET NOOP QUIT CAPA USER PASS APOP AUTH LANG UTF8"}
    pop3 = program == "pop3-session"
    generator = random.Random(program)
    words = [word + b" " for word in verbs[program].split()] + [b"MAIL FROM:<", b"RCPT TO:<", b"\t"]

    def line():
        octets = generator.randbytes(generator.randrange(1, 300)).replace(b"\r\n", b"--")
        if generator.random() < 0.5:
            octets = octets.translate(bytes(range(256)), b"\r\n\0")
        return generator.choice(words) + b"\xff" + octets.rstrip(b"\r") + b"\r\n"

    with Victim("--max-errors", "0", program=program, hooks=DROP if pop3 else ()) as server:
        session = begun(server, login=True)
        mark = len(session.received)
        with session.bounded():
            session.pump([line() for _ in range(10000)] + [b"CAPA\r\n" if pop3 else b"HELP\r\n"], session.lines + 10001)
            if pop3:
                session.until(rb"^\.\r\n\Z")
        replies = bytes(session.received[mark:]).split(b"\r\n")
        last = b"+OK" if pop3 else b"214"
        first = next(at for at, text in enumerate(replies) if at >= 9000 and text.startswith(last))
        final = [text for text in replies[:first] if pop3 or text[3:4] == b" "]
        assert len(final) == 10000, len(final)
        assert session.say(b"QUIT\r\n")[:3] in ("221", "+OK")
        server.over()
        assert not server.log.find("level=(err|warning).*(parser|broke)")


RCPT = b"RCPT TO:<jo@example.org>\r\n"
# A dialogue, and the events that count with a pattern of the octets that must have come for each.
CUT = {
    "smtp-session": (b"EHLO x\r\nMAIL FROM:<a@example.net> SIZE=9\r\n" + RCPT + b"DATA\r\nSubject: x\r\n\r\n..\r\n.\r\n"
                     b"RSET\r\nMAIL FROM:<>\r\n" + RCPT + b"BDAT 3\r\nab\nBDAT 0",
                     {"rcpt": RCPT, "deliver": rb"\r\n\.\r\n"}),
    "lmtp-session": (b"LHLO x\r\nMAIL FROM:<>\r\n" + RCPT + b"DATA\r\n\r\n.\r\nMAIL FROM:<>\r\n" + RCPT + b"BDAT 2 LAST\r\n\r\n",
                     {"rcpt": RCPT, "deliver": rb"\r\n\.\r\n|LAST\r\n\r\n"}),
    "pop3-session": (b"CAPA\r\n" + LOGIN[0] + b"STAT\r\nUIDL 1\r\nDELE 1\r\nNOOP\r\nQUIT\r\n",
                     {"list": LOGIN[0], "delete": b"QUIT\r\n"}),
}


@each(PROGRAMS)
def cut_off(program):
    """Hardening 2, GEN-009, POP-043: a client that is gone after any octet: no event before its command is whole."""
    dialogue, wanted = CUT[program]
    hooks = {name: NOTE for name in wanted}
    if program == "pop3-session":
        hooks = {**DROP, "list": NOTE + DROP["list"]}
    with Victim(program=program, hooks=hooks) as server:
        for end in range(len(dialogue) + 1):
            before = server.read("events")
            session = Session(server)
            session.socket.sendall(dialogue[:end])
            session.socket.shutdown(socket.SHUT_WR)
            session.rest()
            assert "reason=quit" in server.over(end + 1) or not dialogue[:end].endswith(b"QUIT\r\n")
            events = server.read("events")[len(before):].decode().splitlines()
            for event, octets in wanted.items():
                assert events.count(event) == len(re.findall(octets, dialogue[:end])), (dialogue[:end], events)
        assert not server.log.find("level=(err|warning).*(parser|session)")


NUMBERS = {
    # What stands for a number: what it is to POP3 with one message, and to SIZE with a limit of 50 MiB.
    "0": (False, 250), "1": (True, 250), "01": (True, 250), "0" * 19 + "1": (True, 250), "-1": (False, 501),
    "+1": (False, 501), "1.0": (False, 501), "1x": (False, 501), "x1": (False, 501), "0x1": (False, 501),
    "1e0": (False, 501), "52428800": (False, 250), "52428801": (False, 552), "2147483647": (False, 552),
    "2147483648": (False, 552), "4294967296": (False, 552), "4294967297": (False, 552),
    "9223372036854775808": (False, 552), "18446744073709551616": (False, 552), "18446744073709551617": (False, 552),
    "99999999999999999999": (False, 552), "100000000000000000000": (False, 501), "1" * 30: (False, 501),
}


def numbers():
    """GEN-015, POP-009, SIZE-002, hardening 6: numbers at every edge: none wraps to one that is good."""
    with Victim("--max-errors", "0", hooks=MAIL) as server:
        session = begun(server)
        for text, (_, code) in NUMBERS.items():
            reply = session.say(f"MAIL FROM:<> SIZE={text}\r\n".encode())
            assert reply.startswith(str(code)), (text, reply)
            if code == 250:
                session.say(b"RSET\r\n")
        for text in ("-1", "+1", "0x1", "1" * 30, "18446744073709551616", "1.0", ""):
            session = begun(server)
            envelope(session)
            session.pump([f"BDAT {text}\r\nQUIT\r\n".encode()], to_end=True)
            assert re.search(rb"\n501 5\.5\.4 [^\n]*\r\n$", session.received), (text, session.received)
    with Victim("--max-errors", "0", program="pop3-session", hooks={**DROP, "list": SHELL + "echo one 4\n"}) as server:
        session = begun(server, login=True)
        for text, (good, _) in NUMBERS.items():
            for command in ("LIST {}", "UIDL {}", "DELE {}"):
                reply = session.say(f"{command.format(text)}\r\n".encode())
                assert reply.startswith("+OK") == good, (command, text, reply[:80])
            session.say(b"RSET\r\n")
            if not good:
                for command in ("RETR {}", "TOP {} 0", "TOP {} {}", "RETR  {}"):
                    reply = session.say(f"{command.format(text, text)}\r\n".encode())
                    assert reply.startswith("-ERR"), (command, text, reply[:80])


@each(PROGRAMS)
def foreigners(program):
    """Hardening 67, GEN-013: HTTP and TLS on the plain port: a word and good-bye, one line of the log, no hook between."""
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2
    http = b"GET / HTTP/1.1\r\nHost: example.org\r\nUser-Agent: QUIT\r\n\r\n"
    post = b"POST / HTTP/1.1\r\nContent-Length: 20\r\n\r\nEHLO x\r\nMAIL FROM:<>\r\n"
    noted = ("connect", "helo", "mail", "rcpt", "data", "rset", "noop", "quit", "timeout", "disconnect")
    pop3 = program == "pop3-session"
    hooks = {name: NOTE for name in noted if not pop3 or name not in ("helo", "mail", "rcpt", "data")}
    with Victim(program=program, hooks=hooks) as server:
        quiet = len(server.log.lines)
        for count, octets in enumerate((hello, http, post, b"CONNECT example.org:25 HTTP/1.1\r\n\r\n"), 1):
            session = Session(server).pump(lines=1)
            session.pump([octets], to_end=True)
            words = session.received.split(b"\r\n")[1]
            assert words.startswith(b"-ERR " if pop3 else b"421 4.7.0 mx.example.org "), words
            assert session.lines == 2
            server.over(count)
        assert len(server.log.lines) == quiet + count, server.log.lines
        assert server.read("events").decode().split() == ["connect", "disconnect", "error"] * count
    # One that does not wait for the greeting gets no further.
    with Victim(program=program) as server:
        session = Session(server)
        session.pump([http], to_end=True)
        assert session.received == b"" or session.lines == 2
        server.over()
        # SSH is just an unknown command.
        assert begun(server).say(b"SSH-2.0-OpenSSH_9.2\r\n")[:3] in ("500", "-ER")


if __name__ == "__main__":
    random.seed(sys.argv[1])
    globals()[sys.argv[1]]()
