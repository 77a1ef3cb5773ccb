#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""abuse_slow.py - clients that send too little, too late or read nothing, and the limits on sessions, one test a function;
tests/abuse.bats names them.

    tests/lib/abuse_slow.py NAME
"""
import contextlib
import random
import re
import select
import socket
import sys
import time

from abuse import DROP, LOGIN, MAIL, NOTE, PROGRAMS, WATCHDOG, Session, Victim, begun, each, envelope
from server import PATIENCE

# ---- too little ----


def ended(server, session):
    """The session ends by a time limit, with the words of its protocol."""
    rest = session.rest()
    if server.program == "pop3-session":
        assert rest == "", rest
    else:
        assert re.fullmatch(r"421 4\.4\.2 mx\.example\.org [^\r\n]*\r\n", rest), rest


@each(PROGRAMS)
def idle(program):
    """SMTP-007, POP-080, POP-082: an idle client hears 421 4.4.2, in POP3 nothing; both are noted."""
    hooks = {"timeout": NOTE, "disconnect": NOTE, **({"logout": NOTE, **DROP} if program == "pop3-session" else {})}
    with Victim("--idle-timeout", "5", program=program, hooks=hooks) as server:
        assert program != "pop3-session" or server.log.find("level=warning.*idle-timeout"), server.log.lines
        silent, session = Session(server).pump(lines=1), begun(server, login=True)
        if program == "pop3-session":
            session.say(b"DELE 1\r\n")
        ended(server, silent)
        ended(server, session)
        assert "reason=timeout" in server.over(2)
        events = server.read("events").decode().splitlines()
        assert events.count("timeout timeout") == 2 and events.count("disconnect timeout") == 2, events
        # POP-043: no update.
        assert "delete" not in events and events.count("logout timeout") == (program == "pop3-session")


def trickle(session, octets):
    """Sends octet by octet, ten a second, until the server has had enough."""
    deadline = time.monotonic() + PATIENCE
    for octet in octets:
        if session.ended:
            break
        assert time.monotonic() < deadline, "a trickle keeps the session alive"
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            session.socket.sendall(bytes([octet]))
        if select.select([session.socket], [], [], 0.1)[0]:
            session.pump(to_end=True)
    assert session.ended


def endless(octets):
    while True:
        yield from octets


@each(PROGRAMS)
def trickling(program):
    """SMTP-010, hardening 49: a command that comes octet by octet ends at the deadline, also one that is too long
    already, and one that was answered already."""
    with Victim("--idle-timeout", "4", program=program) as server:
        for start, replies in ((b"", 0), (b"A" * 5000, 1), (b"A\0", 1)):
            session = begun(server)
            if start:
                session.pump([start], session.lines + replies)
            mark = len(session.received)
            trickle(session, endless(b"NOOP "))
            rest = bytes(session.received[mark:])
            assert rest == b"" if program == "pop3-session" else b"421 4.4.2 " in rest, rest


@each(PROGRAMS)
def commands_keep_alive(program):
    """POP-080: any command begins the wait anew."""
    with Victim("--idle-timeout", "5", program=program) as server:
        session = begun(server)
        began = time.monotonic()
        while time.monotonic() - began < 8:
            session.say(b"NOOP\r\n")
            assert not select.select([session.socket], [], [], 0.5)[0]
        session.say(b"QUIT\r\n")
        assert session.rest() == ""


@each(PROGRAMS[:2])
def slow_content(program):
    """SMTP-008: silence amid a message ends it after --data-timeout, a trickle by --min-rate; nothing is delivered."""
    with Victim("--data-timeout", "4", "--min-rate", "100", program=program, hooks=MAIL) as server:
        for begin in (b"DATA\r\n", b"BDAT 1000000 LAST\r\n"):
            for slow in (False, True):
                session = begun(server)
                envelope(session)
                session.pump([begin + b"Subject: x\r\n\r\n"], session.lines + (begin == b"DATA\r\n"))
                mark = len(session.received)
                if slow:
                    trickle(session, endless(b"x"))
                    assert b"421 4.4.2 " in session.received[mark:]
                else:
                    ended(server, session)
        assert "reason=timeout" in server.over(4)
        assert not server.read("delivered")
        # One that is quick enough is delivered.
        session = begun(server)
        envelope(session)
        assert session.say(b"DATA\r\n" + b"x" * 1000 + b"\r\n.\r\n", 2).splitlines()[1].startswith("250 ")


@each(PROGRAMS)
def unread(program):
    """Hardening 50, POP-081: a client that sends and never reads is let go; meanwhile nothing is kept for it."""
    pop3 = program == "pop3-session"
    with Victim("--idle-timeout", "2", program=program, hooks=DROP if pop3 else MAIL) as server:
        session = Session(server, receive_buffer=4096)
        runner = session.runner
        command = b"RETR 1\r\n" if pop3 else b"HELP\r\n"
        with session.bounded() as look:
            session.socket.sendall(LOGIN[0] if pop3 else b"EHLO x\r\n")
            session.socket.setblocking(False)
            deadline = time.monotonic() + WATCHDOG
            while runner in server.sessions():
                assert time.monotonic() < deadline, "the session does not end"
                look()
                with contextlib.suppress(OSError):
                    session.socket.send(command * 1000)
        assert "reason=timeout" in server.over()


def unread_delivery():
    """Hardening 50: the message of a client that never reads is delivered all the same, once."""
    with Victim(hooks=MAIL) as server:
        session = Session(server)
        session.socket.sendall(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<jo@example.org>\r\nDATA\r\n"
                               b"Subject: x\r\n\r\nbody\r\n.\r\n")
        session.close()
        assert "messages=1" in server.over()
        assert server.read("delivered") == b"\n"
        assert server.read("message").endswith(b"Subject: x\n\nbody\n")


@each(PROGRAMS[:2])
def octet_by_octet(program):
    """GEN-001: a whole session, an octet a packet, in no more memory and little more time than any other."""
    greeting = b"EHLO" if program == "smtp-session" else b"LHLO"
    dialogue = greeting + b" x\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<jo@example.org>\r\nDATA\r\n" \
        b"Subject: x\r\n\r\n" + b"..\r\nabc\r\n\r\n" * 1500 + b".\r\n"
    with Victim(program=program, hooks=MAIL) as server:
        session = Session(server)
        session.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with session.bounded():
            for octet in dialogue:
                session.socket.sendall(bytes([octet]))
            session.until(rb"\n250 2\.0\.0 [^\n]*\n\Z")
        session.say(b"QUIT\r\n")
        session.pump(to_end=True)
        assert session.received.endswith(b"221 2.0.0 mx.example.org Bye\r\n")
        assert server.read("message").endswith(b"Subject: x\n\n" + b".\nabc\n\n" * 1500)


# ---- limits ----


@each(PROGRAMS)
def session_timeout(program):
    """--session-timeout ends a session that is alive."""
    with Victim("--session-timeout", "5", "--max-errors", "0", program=program) as server:
        session = begun(server)
        deadline = time.monotonic() + PATIENCE
        while not session.ended:
            assert time.monotonic() < deadline, "the session goes on"
            mark = len(session.received)
            session.pump([b"NOOP\r\n"], session.lines + 1)
            if select.select([session.socket], [], [], 0.2)[0]:
                mark = len(session.received)
                session.pump(to_end=True)
        rest = bytes(session.received[mark:])
        assert rest == b"" if program == "pop3-session" else b"421 4.4.2 " in rest, rest
        assert "reason=timeout" in server.over()


@each(PROGRAMS)
def delays(program):
    """--greeting-delay and --error-delay: those who wait are served, and only what refuses is held back."""
    hooks = DROP if program == "pop3-session" else ()
    with Victim("--greeting-delay", "1", "--error-delay", "1", program=program, hooks=hooks) as server:
        began = time.monotonic()
        session = begun(server)
        assert time.monotonic() - began >= 1
        began = time.monotonic()
        session.say(b"FOO\r\n")
        assert time.monotonic() - began >= 1
        # What does not refuse is not held back: this would take minutes.
        for _ in range(100):
            assert session.say(b"NOOP\r\n" if program != "pop3-session" else b"USER jo\r\n")[:1] in ("2", "+")
        assert session.say(b"QUIT\r\n")[:3] in ("221", "+OK")


@each(PROGRAMS)
def max_commands(program):
    """--max-commands: as many as that, and not one more."""
    with Victim("--max-commands", "10", program=program) as server:
        session = Session(server).pump(lines=1)
        command = b"CAPA\r\n" if program == "pop3-session" else b"NOOP\r\n"
        session.pump([command * 11 + b"QUIT\r\n"], to_end=True)
        if program == "pop3-session":
            assert session.received.count(b"\n.\r\n") == 10
            assert re.search(rb"\n\.\r\n-ERR [^\r\n]*\r\n$", session.received)
        else:
            assert session.received.count(b"250 2.0.0 OK\r\n") == 10
            assert re.search(rb"\n421 4\.7\.0 mx\.example\.org [^\r\n]*\r\n$", session.received)
        assert "reason=limit" in server.over()


@each(PROGRAMS)
def max_errors(program):
    """GEN-014: --max-errors: as many as that, and not one more; a message begins the count anew."""
    message = b"MAIL FROM:<>\r\nRCPT TO:<jo@example.org>\r\nDATA\r\n.\r\n"
    pop3 = program == "pop3-session"
    with Victim("--max-errors", "3", program=program, hooks=DROP if pop3 else MAIL) as server:
        session = begun(server)
        session.pump([b"FOO\r\n" * 3], session.lines + 3)
        if not pop3:
            assert session.say(message, 4).splitlines()[-1].startswith("250 ")
            session.pump([b"FOO\r\n" * 3], session.lines + 3)
        mark = len(session.received)
        session.pump([b"FOO\r\nNOOP\r\n"], to_end=True)
        rest = bytes(session.received[mark:])
        assert re.fullmatch(rb"-ERR [^\r\n]*\r\n" if pop3 else rb"421 4\.7\.0 mx\.example\.org [^\r\n]*\r\n", rest), rest
        assert "reason=limit" in server.over()


def disabled():
    """--disable-command: refused, and not announced."""
    with Victim("--disable-command", "HELP,VRFY", "--disable-command", "BDAT") as server:
        session = Session(server).pump(lines=1)
        session.pump([b"EHLO x\r\nNOOP\r\n"])
        session.until(rb"^250 2\.0\.0 OK\r\n")
        assert b"HELP" not in session.received and b"CHUNKING" not in session.received
        for command in (b"HELP\r\n", b"vrfy jo\r\n", b"BDAT 6 LAST\r\nQUIT\r\n"):
            assert session.say(command).startswith("502 5.5.1 "), command
    with Victim("--disable-command", "TOP,UIDL", program="pop3-session", hooks=DROP) as server:
        session = begun(server, login=True)
        for command in (b"TOP 1 0\r\n", b"UIDL\r\n", b"uidl 1\r\n"):
            assert session.say(command).startswith("-ERR "), command
        session.pump([b"CAPA\r\n"])
        session.until(rb"^\.\r\n\Z")
        assert b"PIPELINING\r\n" in session.received
        assert b"TOP" not in session.received and b"UIDL" not in session.received


if __name__ == "__main__":
    random.seed(sys.argv[1])
    globals()[sys.argv[1]]()
