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

from server import PATIENCE, SANITIZED, Server, descendants, eventually

PROGRAMS = ("smtp-session", "lmtp-session", "pop3-session")
WATCHDOG = 240  # seconds, for a whole flood
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


# ---- nothing ----


STARTS = 20  # of a program, at most
FOOTPRINT = 56  # KiB of an idle session


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
    the stack makes it up to a page more in each process, as often as not.
    """
    for program in PROGRAMS:
        shares = []
        while len(shares) < STARTS and min(shares, default=FOOTPRINT + 1) > FOOTPRINT:
            shares.append(share(program))
        print(f"{program}: {shares} KiB a session")
        assert min(shares) <= FOOTPRINT and max(shares) <= FOOTPRINT + 10, f"{program}: {shares} KiB a session"


if __name__ == "__main__":
    random.seed(sys.argv[1])
    globals()[sys.argv[1]]()
