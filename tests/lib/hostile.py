#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""hostile.py - POP3 over stores that lie, hang, flood, die and print nonsense; tests/hostile.bats names the tests.

    tests/lib/hostile.py TEST

Whatever a store does, a client gets whole replies, nothing is deleted that was not marked, memory stays small, and
the session goes on where there is something left to go on with.
"""
import os
import re
import sys
import time

import tracer
from sessions import LOGIN, Mailbox

# Octets that a process of a session may have held at its worst, the sanitizers apart.
MEMORY = 8 << 20
OK, ERR, TEMP, PERM = "+OK", "-ERR", "-ERR [SYS/TEMP] ", "-ERR [SYS/PERM] "

# A co-process: its hello, then an answer to each call out of a table of Python octets.
SERVE = """#!/usr/bin/env python3
import os, signal, sys, time
os.set_inheritable(0, False)
ANSWERS = {answers!r}
HELLO = {hello!r}

def put(data):
    while data:
        data = data[os.write(1, data):]

data = b""
def fill():
    global data
    piece = os.read(0, 65536)
    if not piece:
        sys.exit(0)
    data += piece

put(HELLO)
while True:
    while b"\\n\\n" not in data:
        fill()
    head, data = data.split(b"\\n\\n", 1)
    fields = dict(line.split(b"=", 1) for line in head.split(b"\\n"))
    length = int(fields.get(b"length", 0))
    while len(data) < length:
        fill()
    data = data[length:]
    for answer in ANSWERS.get(fields[b"call"].decode(), [b"exit=75\\n\\n"]):
        if answer == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif answer == "hang":
            time.sleep(1000)
        elif answer == "flood":
            while True:
                put(b"more=1\\nlength=65536\\n\\n" + b"x" * 65536)
        else:
            put(answer)
"""
HELLO = b"hello=1\nevents=list size retrieve top delete\n\n"
LISTING = b"one 20\ntwo 20\n"
MESSAGE = b"Subject: x\n\nbody\n"


def answer(text=b"", code=0):
    return b"exit=%d\nlength=%d\n\n%s" % (code, len(text), text)


WELL = {"list": [answer(LISTING)], "retrieve": [answer(MESSAGE)], "delete": [answer()]}


class Hostile(Mailbox):
    """A backend of shell programs, {event: text}, or of a co-process with these answers."""

    def __init__(self, hooks=None, serve=None, hello=HELLO, options=()):
        # Where nothing hangs the time limit is not what ends it.
        hangs = hello != HELLO or re.search("sleep|yes|hang|flood", repr((hooks, serve)))
        super().__init__("pop3", "none", ["--hook-timeout=" + ("4" if hangs else "60"), *options])
        for event, text in (hooks or {}).items():
            self.write(event, f"#!/bin/sh\n{text}\n")
        if serve is not None:
            self.write("serve", SERVE.format(answers={**WELL, **serve}, hello=hello))

    def play(self, *commands, login=True):
        """The status lines of a dialogue, the greeting and those of USER left out, and all that came."""
        session = self.start().greeting()
        session.send((LOGIN if login else b"") + b"".join(line.encode() + b"\r\n" for line in commands))
        session.rest()
        assert session.end() == 0, session.logged()
        self.log, self.received = session.logged(), session.received
        session.close()
        return statuses(self.received)[2:]


def statuses(received):
    """The lines that begin a reply: what stands in a reply of several lines is skipped."""
    lines, inside = [], False
    for line in received.split(b"\r\n")[:-1]:
        if inside:
            inside = line != b"."
            continue
        assert re.match(rb"[+]OK|-ERR", line), (line, received[-2000:])
        assert re.fullmatch(rb"[\x20-\x7e]*", line) and len(line) <= 510, line
        lines.append(line.decode())
        inside = re.fullmatch(rb"[+]OK ([0-9]+ octets|message follows|top of message follows|capabilities follow|"
                              rb"[0-9]+ messages? .*)", line) is not None
    return lines


def expect(lines, *wanted):
    assert len(lines) == len(wanted) and all(map(str.startswith, lines, wanted)), (lines, wanted)


HOOKS = {"list": "printf 'one 20\\ntwo 20\\n'", "retrieve": "printf 'Subject: x\\n\\nbody\\n'", "delete": "cat >/dev/null"}


# ---- list -----------------------------------------------------------------------------------


BAD_LISTINGS = {
    "a NUL": b"o\0ne 20\n", "8 bits in an ID without a unique-id": b"\xf6ne 20\n", "8 bits in a unique-id": b"one 20 \xf6\n",
    "a control octet": b"o\x07ne 20\n", "DEL": b"one 20 \x7f\n", "a unique-id of 71 octets": b"one 20 " + b"x" * 71 + b"\n",
    "an ID of 71 octets without a unique-id": b"x" * 71 + b" 20\n", "an ID of 1025 octets": b"x" * 1025 + b" 20 uid\n",
    "a line without an end": b"x" * 300_000, "a negative size": b"one -20\n", "a size in hexadecimal": b"one 0x14\n",
    "a size past 64 bits": b"one 18446744073709551616\n", "a size with a fraction": b"one 1.5\n",
    "four words": b"one 20 uid more\n", "two equal IDs": b"one 20\none 20\n",
    "two equal unique-ids": b"one 20 uid\ntwo 20 uid\n", "a unique-id that is another's ID": b"one 20\ntwo 20 one\n",
    "equal unique-ids far apart": b"".join(b"m%d 20\n" % n for n in range(50_000)) + b"m7 20\n",
    "replies": b"+OK maildrop has 1 message\r\n.\r\n-ERR\r\n",
}


def bad_listings():
    """POP-034 DEF-016, hardening: a listing that breaks its form opens nothing, and is told as our fault."""
    for what, listing in BAD_LISTINGS.items():
        with Hostile(HOOKS) as mailbox:
            with open(os.path.join(mailbox.root, "listing"), "wb") as file:
                file.write(listing)
            mailbox.write("list", f"#!/bin/sh\nexec cat {mailbox.root}/listing\n")
            lines = mailbox.play("STAT", "RETR 1", "DELE 1", "CAPA", "QUIT")
            assert lines[0].startswith((PERM, TEMP)), (what, lines)
            expect(lines[1:], ERR, ERR, ERR, OK, OK)
            assert "bad listing" in mailbox.log or lines[0].startswith(TEMP), (what, mailbox.log)
        with Hostile(serve={"list": [answer(listing)]}) as mailbox:
            lines = mailbox.play("STAT", "QUIT")
            assert lines[0].startswith((PERM, TEMP)), (what, lines)
            expect(lines[1:], ERR, OK)


def listings_that_end_early():
    """POP-015: nothing, exits, signals, silence: what came before an end that was none does not count."""
    for text, wanted in (("exit 75", TEMP), ("echo one 20; exit 1", TEMP), ("echo one 20; kill -9 $$", TEMP),
                         ("echo one 20; exec sleep 1000", TEMP), ("echo '[IN-USE] busy'; exit 75", "-ERR [IN-USE] busy"),
                         ("echo '[AUTH] no'; exit 75", "-ERR [SYS/TEMP] (AUTH] no"), ("echo +OK; exit 78", PERM),
                         ("exit 0", "+OK maildrop has 0 messages"), ("printf 'one 20'", "+OK maildrop has 1 message")):
        with Hostile({**HOOKS, "list": text}) as mailbox:
            lines = mailbox.play("QUIT")
            expect(lines, wanted, OK)
    for reply in (["die"], [b"more=1\nlength=7\n\none 20\n", "die"], [b"exit=0\nlength=100\n\none 20\n", "die"], ["hang"],
                  [b"exit=0\nfd=1\n\n"]):
        with Hostile(serve={"list": reply}) as mailbox:
            expect(mailbox.play("QUIT"), TEMP, OK)


def endless():
    """Hardening: endless output of list, retrieve and top ends at the time limit, in little memory."""
    for event, commands, wanted in (("list", ["QUIT"], [TEMP, OK]), ("retrieve", ["RETR 1", "NOOP", "QUIT"], [OK, TEMP, OK, OK]),
                                    ("top", ["TOP 1 5", "NOOP", "QUIT"], [OK, TEMP, OK, OK])):
        for backend in ({"hooks": {**HOOKS, event: "exec yes 'one more line of many'"}}, {"serve": {event: ["flood"]}}):
            with Hostile(**backend, options=["--spool-memory=64K"]) as mailbox:
                session = mailbox.start(preexec_fn=small_files).greeting()
                session.send(LOGIN + b"".join(line.encode() + b"\r\n" for line in commands))
                worst, began = 0, time.monotonic()
                session.client.setblocking(False)
                while time.monotonic() - began < tracer.PATIENCE:
                    worst = max([worst, *map(held, (session.pid, session.parser))])
                    try:
                        piece = session.client.recv(65536)
                    except BlockingIOError:
                        time.sleep(0)
                        continue
                    if not piece:
                        break
                    session.received += piece
                assert session.end() == 0, session.logged()
                expect(statuses(session.received)[2:], *wanted)
                assert worst <= MEMORY, (event, worst)
                session.close()


def small_files():
    """What floods is held up by the limit on files, so that the test does not fill the disk."""
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (32 << 20, 32 << 20))


def held(pid):
    """The peak of its memory that is its own, 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            found = re.search(r"^RssAnon:\s+(\d+) kB", file.read(), re.M)
        return int(found[1]) << 10 if found else 0
    except (FileNotFoundError, ProcessLookupError):
        return 0


# ---- sizes ----------------------------------------------------------------------------------


def lies_on_sizes():
    """POP-025 POP-023: the octets that are sent are the message, whatever was listed, and the lie is logged."""
    for size in (0, 1, 19, 21, 10**12):
        for backend in ({"hooks": {**HOOKS, "list": f"echo one {size}"}}, {"serve": {"list": [answer(b"one %d\n" % size)]}}):
            with Hostile(**backend) as mailbox:
                lines = mailbox.play("LIST 1", "RETR 1", "NOOP", "QUIT")
                expect(lines, OK, f"+OK 1 {size}", f"+OK {size} octets", OK, OK)
                assert b"octets\r\nSubject: x\r\n\r\nbody\r\n.\r\n+OK" in mailbox.received, mailbox.received
                assert "a message is not as long as was listed" in mailbox.log, mailbox.log


def bad_sizes():
    """POP-023: a size that is none is told as our fault, and the session goes on."""
    for said in (b"-1", b"x", b"", b"0x5", b"18446744073709551616", b"1 2", b"\xff", b"5" * 5000):
        for backend in ({"hooks": {**HOOKS, "list": "echo one", "size": "printf '%s\\n' '" + said.decode("latin-1").replace("\xff", "?") + "'"}},
                        {"serve": {"list": [answer(b"one -\n")], "size": [answer(said)]}}):
            with Hostile(**backend) as mailbox:
                expect(mailbox.play("LIST 1", "STAT", "LIST", "UIDL 1", "RETR 1", "QUIT"), OK, TEMP, TEMP, TEMP, OK, OK, OK)
    for text in ("exit 75", "kill -9 $$", "exec sleep 1000"):
        with Hostile({**HOOKS, "list": "echo one", "size": text}) as mailbox:
            expect(mailbox.play("LIST 1", "NOOP", "QUIT"), OK, TEMP, OK, OK)


# ---- retrieve and top -----------------------------------------------------------------------


def failing_messages():
    """POP-027: a message whose program fails, is slow or dies is refused as a whole; none is a stump."""
    for text in ("exit 75", "printf 'Subject: x\\n'; exit 1", "printf 'Subject: x\\n'; kill -9 $$",
                 "printf 'Subject: x\\n'; exec sleep 1000", "head -c 3000000 /dev/zero; kill -9 $$"):
        with Hostile({**HOOKS, "retrieve": text}) as mailbox:
            lines = mailbox.play("RETR 1", "TOP 2 1", "DELE 1", "RSET", "QUIT")
            expect(lines, OK, TEMP, TEMP, OK, OK, OK)
            assert b" octets" not in mailbox.received
    part = b"more=1\nlength=11\n\nSubject: x\n"
    for reply in (["die"], [part, "die"], [part, "hang"], [b"exit=0\nlength=100\n\nSubject: x\n", "die"]):
        with Hostile(serve={"retrieve": reply}) as mailbox:
            lines = mailbox.play("RETR 1", "NOOP", "RETR 2", "DELE 1", "QUIT")
            # The store is gone, and with it whoever could delete.
            expect(lines, OK, TEMP, OK, TEMP, OK, TEMP)
            assert b" octets" not in mailbox.received
    # A descriptor that is announced and does not come.
    with Hostile(serve={"retrieve": [b"exit=0\nfd=1\n\n"]}) as mailbox:
        expect(mailbox.play("RETR 1", "DELE 1", "QUIT"), OK, TEMP, OK, OK)


def strange_messages():
    """POP-005 POP-024 POP-026 POP-031: octets of any kind pass; too much of a TOP is cut; dots are always stuffed."""
    text = b"A: \0\xff\x1b\n.\n..\n\n\r\r\n.\r\n" + b"x" * 70_000 + b"\n.end"
    wire = b"A: \0\xff\x1b\r\n..\r\n...\r\n\r\n\r\r\n..\r\n" + b"x" * 70_000 + b"\r\n..end\r\n.\r\n"
    for serve in (False, True):
        hooks = {**HOOKS, "top": 'exec cat "$DROP/text"', "retrieve": 'exec cat "$DROP/text"'}
        with Hostile(**({"serve": {"retrieve": [answer(text)], "top": [answer(text)]}} if serve else {"hooks": hooks})) as mailbox:
            with open(os.path.join(mailbox.maildir, "text"), "wb") as file:
                file.write(text)
            session = mailbox.start().greeting()
            session.send(LOGIN + b"RETR 1\r\nTOP 1 1\r\nTOP 1 0\r\nQUIT\r\n")
            received = session.rest()
            assert session.end() == 0
            assert b" octets\r\n" + wire in received
            end = wire.index(b"\r\n\r\n") + 4
            assert b"top of message follows\r\n" + wire[:end] + b"\r\r\n.\r\n" in received, received[-300:]
            assert b"top of message follows\r\n" + wire[:end] + b".\r\n" in received, received[-300:]
            session.close()


# ---- delete ---------------------------------------------------------------------------------


def failing_deletions():
    """POP-040 POP-041 DEF-027: what QUIT says is what delete did, and no text of its can say otherwise."""
    for text, wanted in (("exit 0", OK), ("cat >/dev/null; exit 75", TEMP), ("kill -9 $$", TEMP), ("exec sleep 1000", TEMP),
                         ("echo '+OK all gone'; exit 1", "-ERR [SYS/TEMP] +OK all gone"), ("echo '[IN-USE] x'; exit 75", "-ERR [SYS/TEMP] (IN-USE] x"),
                         ("exit 73", PERM), ("head -c 1000000 /dev/urandom; exit 75", TEMP), ("yes; exit 0", TEMP),
                         ("printf '-ERR\\r\\n.\\r\\n'; exit 0", OK), ("exit 126", TEMP), ("exit 200", TEMP)):
        with Hostile({**HOOKS, "delete": text}) as mailbox:
            expect(mailbox.play("DELE 1", "DELE 2", "QUIT"), OK, OK, OK, wanted)
    for reply in (["die"], ["hang"], [b"exit=300\n\n"], [answer(code=75)], [b"\n\n"], [b"exit=0\nlength=-1\n\n"]):
        with Hostile(serve={"delete": reply}) as mailbox:
            expect(mailbox.play("DELE 1", "QUIT"), OK, OK, TEMP)


def unmarked():
    """POP-041: delete is told the IDs that were marked, an ID a line, once, and nothing when there are none."""
    with Hostile({**HOOKS, "delete": 'cat >>"$DROP/deleted"; echo end >>"$DROP/deleted"'}) as mailbox:
        expect(mailbox.play("DELE 2", "QUIT"), OK, OK, OK)
        expect(mailbox.play("DELE 2", "RSET", "QUIT"), OK, OK, OK, OK)
        expect(mailbox.play("QUIT"), OK, OK)
        with open(os.path.join(mailbox.maildir, "deleted"), encoding="ascii") as file:
            assert file.read() == "two\nend\n"


# ---- the co-process -------------------------------------------------------------------------


def garbage_records():
    """DESIGN 6: records that are none end the co-process; the session goes on, and nothing more is had of it."""
    for reply in (b"garbage\n\n", b"\0" * 100, b"exit=\n\n", b"exit=256\n\n", b"exit=-1\n\n", b"exit=0\nexit=1\n\nx", b"=\n\n",
                  b"exit=0\nlength=99999999999999999999\n\n", b"x" * 200_000, b"k=v\n" * 50_000, b"more=1\n\n" * 3 + b"exit=x\n\n",
                  HELLO, b"exit=0\nlength=5\n\nab"):
        with Hostile(serve={"retrieve": [reply, "die"]}) as mailbox:
            lines = mailbox.play("RETR 1", "NOOP", "STAT", "RETR 1", "QUIT")
            assert len(lines) == 6 and lines[1].startswith((TEMP, OK)), (reply[:50], lines)
            expect([lines[0], *lines[2:4], lines[5]], OK, OK, OK, OK)
            assert lines[4].startswith(TEMP), (reply[:50], lines)
            assert statuses(mailbox.received)


def too_many_answers():
    """An answer that nobody asked for is not taken for the answer to the next question."""
    with Hostile(serve={"retrieve": [answer(MESSAGE) + answer(b"Subject: forged\n\n")]}) as mailbox:
        lines = mailbox.play("RETR 1", "RETR 2", "QUIT")
        expect(lines, OK, OK, TEMP, OK)
        assert b"forged" not in mailbox.received, mailbox.received


def hello_of_any_kind():
    """DESIGN 8: without hello=1 there is no login, whatever is said instead, and auth's time is limited."""
    for hello in (b"", b"hello=2\nevents=list\n\n", b"hi\n\n", b"\n\n", b"exit=0\n\n", b"hello=1\n" + b"x" * 100_000, b"\0\0"):
        with Hostile(serve={"list": ["hang"]}, hello=hello or b"more=1\n") as mailbox:
            expect(mailbox.play("STAT", "QUIT"), TEMP, ERR, OK)
    # One that handles next to nothing, and one that claims what is none of a store's.
    with Hostile(serve={}, hello=b"hello=1\nevents=list\n\n") as mailbox:
        expect(mailbox.play("RETR 1", "DELE 1", "NOOP", "QUIT"), OK, TEMP, ERR, OK, OK)
    with Hostile(serve={}, hello=b"hello=1\nevents=list retrieve auth connect nonsense deliver command-XXX\n\n") as mailbox:
        expect(mailbox.play("XXX", "RETR 1", "CAPA", "QUIT"), OK, ERR, OK, OK, OK)


def main():
    tracer.adopt_orphans()
    globals()[sys.argv[1]]()


main()
