#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""large.py - POP3 on a mailbox of 100,000 messages; tests/pop3.bats names the tests.

    tests/lib/large.py TEST

LARGE_COUNT sets another number of messages.
"""
import os
import re
import subprocess
import sys

import tracer
from sessions import BIN, LOGIN, SANITIZED, USER, Mailbox, replies

COUNT = int(os.environ.get("LARGE_COUNT", 5000 if SANITIZED else 100_000))
MOST = 5 << 20  # octets that such a session may hold more than one on an empty mailbox
MESSAGE = b"Subject: x\n\nbody\n"
WIRE = len(MESSAGE) + 3


def fill(mailbox, sizes, count):
    """Messages whose names tell their sizes on the wire, or not, as other programs deliver them."""
    fields = f",S={len(MESSAGE)},W={WIRE}" if sizes else ""
    new = os.path.join(mailbox.maildir, "new")
    for number in range(count):
        fd = os.open(f"{new}/{1700000000 + number}.M{number % 1000000:06}P4711Q1R{number:016x}.mx.example{fields}",
                     os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(fd, MESSAGE)
        os.close(fd)


def pss(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Pss: +(\d+) kB", file.read(), re.M)[1]) << 10


def held(mailbox, count):
    """Octets that parser, runner and store hold after every command that looks at all messages."""
    session = mailbox.start().greeting()
    session.send(LOGIN + b"STAT\r\nLIST\r\nUIDL\r\nCAPA\r\n")
    session.until(r"IMPLEMENTATION[^\n]*\n\.\r\n")
    assert f"+OK {count} {count * WIRE}\r\n".encode() in session.received, session.received[:500]
    assert session.received.count(b"\n") > 2 * count
    session.send(b"RETR %d\r\nTOP %d 1\r\nDELE %d\r\nNOOP\r\n" % ((max(count, 1),) * 3))
    session.until("^(?:.*\n)*[+]OK\r\n$" if not count else r"[+]OK[^\n]*\n[+]OK\r\n$")
    total = sum(pss(pid) for pid in [session.pid, *tracer.descendants(session.pid)])
    count_of_processes = 1 + len(list(tracer.descendants(session.pid)))
    assert count_of_processes == 3, count_of_processes
    session.close()
    assert session.end() == 0, session.logged()
    return total


def memory():
    """DEF, POP-035: parser, runner and store together hold at most 5 MiB more than on an empty mailbox."""
    with Mailbox("pop3", "serve") as mailbox:
        empty = held(mailbox, 0)
        fill(mailbox, True, COUNT)
        full = held(mailbox, COUNT)
        print(f"empty {empty >> 10} KiB, {COUNT} messages {full >> 10} KiB: {(full - empty) >> 10} KiB more")
        assert full - empty <= MOST


def opened(mailbox, name):
    """The files of messages that a session opens which looks at all of them, as strace sees it."""
    trace = os.path.join(mailbox.root, name)
    status = subprocess.run(
        ["strace", "-f", "--seccomp-bpf", "-qq", "-o", trace, "-e", "trace=open,openat", os.path.join(BIN, "pop3-session"),
         "--hostname=mx.example.org", mailbox.backend], check=False, input=LOGIN + b"STAT\r\nLIST\r\nUIDL\r\nQUIT\r\n",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"PATH": os.environ["PATH"]})
    if b"ptrace" in status.stderr.lower():
        print("kernel: no strace")
        sys.exit(0)
    assert status.returncode == 0 and f"+OK maildrop has {COUNT} messages".encode() in status.stdout, status.stderr
    with open(trace, encoding="latin-1") as file:
        return sum("P4711Q1R" in line for line in file)


def unread():
    """POP-035: opening a mailbox opens no message, by its names alone, or once its sizes are known."""
    with Mailbox("pop3", "serve") as mailbox:
        fill(mailbox, True, COUNT)
        assert opened(mailbox, "names") == 0
    with Mailbox("pop3", "serve") as mailbox:
        fill(mailbox, False, COUNT)
        cold = held(mailbox, COUNT)
        assert opened(mailbox, "warm") == 0
        warm = held(mailbox, COUNT)
        # What another program adds is read, and that alone.
        with open(os.path.join(mailbox.maildir, "new/1600000000.M1P4711Q1R0.other"), "wb") as file:
            file.write(MESSAGE)
        globals()["COUNT"] += 1
        assert opened(mailbox, "one more") == 1
        print(f"sizes found out {cold >> 10} KiB, known {warm >> 10} KiB")
        mailbox.empty()
        assert max(cold, warm) - held(mailbox, 0) <= MOST


def main():
    tracer.adopt_orphans()
    globals()[sys.argv[1]]()


main()
