#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""abuse.py - clients that send too much, too little or nonsense, one test a function; tests/abuse.bats names them.

    tests/lib/abuse.py NAME

Every session runs under an accept loop, where its two processes can be watched: what they take of memory
while the client does its worst must stay below a bound. Of time only the order of magnitude is judged.
"""
import concurrent.futures
import contextlib
import os
import random
import re
import select
import socket
import sys
import time

from loop import PATIENCE, SANITIZED, Server, descendants, eventually

PROGRAMS = ("smtp-session", "lmtp-session", "pop3-session")
WATCHDOG = 60  # seconds, for a whole flood
GROWTH = 1024  # KiB that a process may grow by
MIB = 1 << 20

SHELL = "#!/bin/sh\n"
NOTE = SHELL + 'echo "${0##*/}${SESSION_END+ $SESSION_END}" >>"${0%/*}/../events"\n'
DELIVER = SHELL + 'cat >"${0%/*}/../message"\ncat <&3 >"${0%/*}/../envelope"\necho >>"${0%/*}/../delivered"\n'
MAIL = {"deliver": DELIVER}
DROP = {
    "auth": SHELL + 'cat <&3 >/dev/null\nUSER=jo exec "$@"\n',
    "list": SHELL + f"echo big {16 * MIB}\n",
    "retrieve": SHELL + f"exec head -c {16 * MIB} /dev/zero\n",
    "delete": NOTE,
}
LOGIN = (b"USER jo\r\nPASS x\r\n", 2)


def peak(pid):
    """The most memory that a process has ever had, in KiB."""
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])


class Session:
    """One connection: sends without end and reads at the same time, so that nobody waits for the other."""

    def __init__(self, server, receive_buffer=0):
        self.server = server
        known = set(server.sessions())
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", server.port))
        self.client = server.keep(self.socket)
        self.received, self.lines, self.ended = bytearray(), 0, False
        self.runner, = eventually(lambda: set(server.sessions()) - known, "no session")

    def pump(self, pieces=(), lines=0, to_end=False, on_turn=None):
        """Sends all pieces; reads until so many lines have come in all, or to the end."""
        deadline = time.monotonic() + WATCHDOG
        pieces, piece = iter(pieces), memoryview(b"")
        self.socket.setblocking(False)
        while not self.ended:
            while pieces and not piece:
                piece = next(pieces, None)
                if piece is None:
                    pieces = None
                piece = memoryview(piece or b"")
            if not piece and not to_end and self.lines >= lines:
                break
            left = deadline - time.monotonic()
            assert left > 0, f"no end; {self.lines} lines came: {bytes(self.received[-300:])}"
            readable, writable, _ = select.select([self.socket], [self.socket] if piece else [], [], left)
            if writable:
                try:
                    piece = piece[self.socket.send(piece[:262144]):]
                except (BrokenPipeError, ConnectionResetError):
                    pieces, piece = None, memoryview(b"")
            if readable:
                try:
                    got = self.socket.recv(262144)
                except ConnectionResetError:
                    got = b""
                self.received += got
                self.lines += got.count(b"\n")
                self.ended = not got
            if on_turn:
                on_turn()
        self.socket.setblocking(True)
        return self

    def say(self, octets, lines=1):
        """Sends octets and returns the lines of the reply, that many."""
        before = len(self.received)
        self.pump([octets], self.lines + lines)
        return bytes(self.received[before:]).decode()

    def until(self, pattern):
        """Reads on until what has come since the greeting holds the pattern."""
        while not re.search(pattern, self.received, re.M):
            self.pump(lines=self.lines + 1)

    def rest(self):
        """What comes until the end."""
        before = len(self.received)
        self.pump(to_end=True)
        return bytes(self.received[before:]).decode()

    def pids(self):
        """The runner and the parser, which is its first child."""
        return [self.runner, eventually(lambda: next(descendants(self.runner), None), "no parser")]

    def close(self):
        self.client.close()

    @contextlib.contextmanager
    def bounded(self, most=GROWTH):
        """Neither process grows by more than `most` KiB meanwhile. Yields a function for pump's on_turn, which is
        what counts where the session ends before the block does."""
        pids = self.pids()
        before = now = [peak(pid) for pid in pids]

        def look():
            nonlocal now
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, TypeError):
                now = [peak(pid) for pid in pids]
        yield look
        look()
        growth = [b - a for a, b in zip(before, now)]
        print(f"runner grew by {growth[0]} KiB, parser by {growth[1]} KiB", file=sys.stderr)
        # A sanitizer has shadow pages of its own.
        assert SANITIZED or max(growth) <= most, growth


def begun(server, login=False, **rest):
    """A session behind its greeting, and EHLO or LHLO, or with `login` behind the login."""
    session = Session(server, **rest).pump(lines=1)
    program = server.program
    if program != "pop3-session":
        session.pump([b"EHLO x\r\n" if program == "smtp-session" else b"LHLO x\r\n"])
        session.until(rb"^250 .*\r\n")
    elif login:
        session.say(*LOGIN)
    return session


class Victim(Server):
    """A server of `program`, with options that do not get in the way."""

    def __init__(self, *options, program="smtp-session", **rest):
        options = (*options, "--accept-domain", "example.org") if program != "pop3-session" else options
        super().__init__(*options, program=program, **rest)
        self.program = program

    def __enter__(self):
        return self.ready()

    def read(self, name):
        """A file that hooks have left, or nothing."""
        try:
            with open(os.path.join(self.directory, name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    def over(self, count=1):
        """Waits until so many sessions are over, and returns the last one's line of the log."""
        return self.log.wait("session end", count)


def each(programs):
    """Lets a test run with each of the programs, at the same time."""
    def decorate(test):
        def run():
            with concurrent.futures.ThreadPoolExecutor() as pool:
                list(pool.map(test, programs))
        return run
    return decorate


def envelope(session, recipients=1):
    text = "MAIL FROM:<you@example.net>\r\n" + "".join(
        f"RCPT TO:<u{number}@example.org>\r\n" for number in range(recipients))
    return session.say(text.encode(), recipients + 1)


# ---- too much ----


def recipients():
    """Hardening 4, SMTP-048: 10,000 recipients; each over the limit hears 452, the rest get the mail."""
    with Victim(hooks=MAIL) as server:
        session = begun(server)
        with session.bounded():
            replies = envelope(session, 10000).splitlines()[1:]
            assert all(line.startswith("250 2.1.5 ") for line in replies[:1000])
            assert all(line.startswith("452 4.5.3 ") for line in replies[1000:])
            assert session.say(b"DATA\r\n").startswith("354 ")
            assert session.say(b"Subject: x\r\n.\r\n").startswith("250 ")
        assert server.read("envelope").count(b"@example.org\n") == 1000
    with Victim("--max-recipients", "10000", hooks=MAIL) as server:
        session = begun(server)
        # What the recipients take: 150 octets each.
        with session.bounded(GROWTH + 1500):
            replies = envelope(session, 10001).splitlines()[1:]
            assert replies[9999].startswith("250 ") and replies[10000].startswith("452 4.5.3 ")
            assert session.say(b"DATA\r\n").startswith("354 ")
            assert session.say(b"Subject: x\r\n.\r\n").startswith("250 ")
        assert server.read("envelope").count(b"@example.org\n") == 10000


def flood_of_recipients():
    """Hardening 4: 100,000 RCPT in one go."""
    with Victim() as server:
        session = begun(server)
        count = 100000
        piece = b"RCPT TO:<joe.user@example.org>\r\n" * 1000
        with session.bounded():
            before = session.lines
            session.pump([b"MAIL FROM:<>\r\n"] + [piece] * (count // 1000), before + count + 1)
            assert session.received.count(b"\n250 2.1.5 ") == 1000
            assert session.received.count(b"\n452 4.5.3 ") == count - 1000
            assert session.say(b"RSET\r\n").startswith("250 ")


def unread_recipients():
    """PIPE-009: 1000 RCPT in one write, and the replies are read only when all of it is sent."""
    with Victim() as server:
        session = begun(server, receive_buffer=4096)
        with session.bounded():
            session.socket.sendall(b"MAIL FROM:<>\r\n" + b"RCPT TO:<joe.user@example.org>\r\n" * 1000)
            session.pump(lines=session.lines + 1001)
            assert session.received.count(b"\n250 2.1.5 ") == 1000


@each(PROGRAMS)
def noops(program):
    """Hardening 4: a million commands in one go, and as many replies."""
    count = 1000000
    with Victim(program=program, hooks=DROP if program == "pop3-session" else ()) as server:
        session = begun(server, login=True)
        with session.bounded():
            session.pump([b"NOOP\r\n" * 10000] * (count // 10000), session.lines + count)
            wanted = b"\n+OK" if program == "pop3-session" else b"\n250 2.0.0 "
            assert session.received.count(wanted) >= count
        session.say(b"QUIT\r\n")
        assert session.rest() == ""
        assert f"commands={count + (3 if program == 'pop3-session' else 2)} " in server.over()


@each(PROGRAMS)
def long_lines(program):
    """Hardening 1, GEN-008, SMTP-012, POP-002: a line of 1 MiB, and every octet at every edge, costs one error."""
    lengths = (0, 1, 2, 253, 254, 511, 512, 513, 998, 1000, 2046, 2047, 2048, 2049, 65535)
    refusal = b"-ERR" if program == "pop3-session" else b"5"
    with Victim("--max-errors", "0", program=program, hooks=DROP if program == "pop3-session" else ()) as server:
        for state in range(2):
            session = begun(server, login=bool(state))
            if state and program != "pop3-session":
                envelope(session)
            with session.bounded():
                for octet in range(256):
                    before, mark = session.lines, len(session.received)
                    session.pump([bytes([octet]) * length + b"\r\n" for length in lengths], before + len(lengths))
                    replies = bytes(session.received[mark:]).splitlines()
                    assert all(line.startswith(refusal) for line in replies), (octet, replies)
                for octet in (b"A", b" ", b"\0", b"\r", b"\xff"):
                    assert session.say(octet * MIB + b"\r\n").encode().startswith(refusal), octet
            assert session.say(b"NOOP\r\n")[:1] in ("2", "+", "-")
            assert session.lines == session.received.count(b"\n")


@each(PROGRAMS)
def no_line_end(program):
    """GEN-008: 64 MiB without a line end are one error, and the session goes on."""
    with Victim(program=program) as server:
        session = begun(server)
        with session.bounded():
            session.pump([b"A" * MIB] * 64 + [b"\r\n"], session.lines + 1)
        assert session.say(b"QUIT\r\n")[:3] in ("221", "+OK")
        assert "errors=1 " in server.over()


def long_line_of_content():
    """Hardening 5, DATA-006: a line of 10 MiB is stored octet by octet as it came."""
    line = random.randbytes(10 * MIB).translate(bytes(range(256)), b"\r\n") + b"\r\n"
    with Victim(hooks=MAIL) as server:
        session = begun(server)
        with session.bounded():
            envelope(session)
            session.say(b"DATA\r\n")
            assert session.say(b"Subject: x\r\n\r\n." + line + b".\r\n").startswith("250 ")
        assert server.read("message").endswith(b"\nSubject: x\n\n" + line.replace(b"\r\n", b"\n"))


@each(PROGRAMS[:2])
def too_big(program):
    """Hardening 3, DATA-009, SIZE-005: over the limit 552 at the end; from ten times the limit 421, and nothing read."""
    piece = (b"0123456789abcdef" * 63 + b"\r\n") * 64
    with Victim("--size-limit", "1M", program=program, hooks=MAIL) as server:
        session = begun(server)
        with session.bounded() as look:
            envelope(session)
            session.say(b"DATA\r\n")
            session.pump([piece] * 80 + [b".\r\n"], session.lines + 1)
            assert session.received.splitlines()[-1].startswith(b"552 5.3.4 ")
            assert session.say(b"MAIL FROM:<> SIZE=4294967297\r\n").startswith("552 5.3.4 ")
            envelope(session)
            session.say(b"DATA\r\n")
            session.pump([piece] * 1600, to_end=True, on_turn=look)
        # A client that goes on sending may miss the good-bye.
        assert session.received.splitlines()[-1].startswith((b"421 4.7.0 ", b"354 "))
        assert "reason=limit" in server.over()
        assert not server.read("delivered")


def huge_chunk():
    """CHNK-008: a chunk of 10 GiB is announced: 421 from ten times the limit; without a limit memory stays as it was."""
    with Victim("--size-limit", "1M", hooks=MAIL) as server:
        session = begun(server)
        with session.bounded() as look:
            envelope(session)
            session.pump([b"BDAT 10737418240 LAST\r\n"] + [b"x" * 65536] * 150, on_turn=look)
            # Close to the limit: not a word yet, nothing of it was a command.
            assert session.received.endswith(b"<u0@example.org> OK\r\n")
            session.pump([b"x" * 65536] * 100, to_end=True, on_turn=look)
        assert "reason=limit" in server.over()
        # A chunk that fits behind one that did not: swallowed and answered, one by one.
        session = begun(server)
        envelope(session)
        assert session.say(b"BDAT 2097152\r\n" + b"x" * 2 * MIB).startswith("552 5.3.4 ")
        assert session.say(b"BDAT 6 LAST\r\nQUIT\r\n").startswith("503 ")
    with Victim("--size-limit", "0", "--spool-memory", "64K", hooks=MAIL) as server:
        session = begun(server)
        with session.bounded():
            envelope(session)
            session.pump([b"BDAT 10737418240 LAST\r\n"] + [b"0123456789abcd\r\n" * 65536] * 32)
        session.close()
        assert "messages=0" in server.over()
        assert not server.read("delivered")


def many_headers():
    """Hardening 56: a million header lines."""
    with Victim("--size-limit", "0", "--max-hops", "10000", hooks=MAIL) as server:
        session = begun(server)
        with session.bounded():
            envelope(session)
            session.say(b"DATA\r\n")
            session.pump([b"Received: x\r\n" * 9999] + [b"X-Y: z\r\n" * 10000] * 100 + [b".\r\n"], session.lines + 1)
            assert session.received.splitlines()[-1].startswith(b"250 ")
        assert server.read("message").count(b"\nX-Y: z") == 1000000


# ---- nonsense ----


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


# ---- nothing ----


STARTS = 6


def share(program):
    """KiB of memory that a session takes: its two processes' share of every page."""
    hooks = DROP if program == "pop3-session" else MAIL
    with Victim("--max-per-source", "0", program=program, hooks=hooks) as server:
        sessions = [begun(server) for _ in range(50)]
        total = 0
        for pid in (pid for session in sessions for pid in session.pids()):
            with open(f"/proc/{pid}/smaps_rollup") as rollup:
                total += int(re.search(r"Pss:\s+(\d+)", rollup.read())[1])
    return total / 50


def footprint():
    """
    What an idle session takes of the memory that there is: the least of some starts, since where the kernel puts
    the stack makes it up to a page more in each process.
    """
    for program in PROGRAMS:
        shares = [share(program) for _ in range(STARTS)]
        print(f"{program}: {shares} KiB a session")
        assert min(shares) <= 62 and max(shares) <= 72, f"{program}: {shares} KiB a session"


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
    with Victim("--idle-timeout", "2", program=program, hooks=hooks) as server:
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
    with Victim("--idle-timeout", "2", program=program) as server:
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
    with Victim("--idle-timeout", "2", program=program) as server:
        session = begun(server)
        began = time.monotonic()
        while time.monotonic() - began < 4:
            session.say(b"NOOP\r\n")
            assert not select.select([session.socket], [], [], 0.5)[0]
        session.say(b"QUIT\r\n")
        assert session.rest() == ""


@each(PROGRAMS[:2])
def slow_content(program):
    """SMTP-008: silence amid a message ends it after --data-timeout, a trickle by --min-rate; nothing is delivered."""
    with Victim("--data-timeout", "2", "--min-rate", "100", program=program, hooks=MAIL) as server:
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
        session.say(b"DATA\r\n")
        assert session.say(b"x" * 1000 + b"\r\n.\r\n").startswith("250 ")


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
    with Victim("--session-timeout", "2", program=program) as server:
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
            assert session.say(b"NOOP\r\n" if program != "pop3-session" else b"USER jo\r\n")[:1] in "2+"
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
