#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""budget - what five standard sessions cost, in instructions and in system calls.

    budget.py            compares with tests/budget.table; fails when a figure has grown by more than TOLERANCE
    budget.py write      writes what is measured into the table
    budget.py NAME...    prints the figures of these sessions

Instructions are those of parser, runner and co-process, counted by callgrind with the sandbox off, since valgrind knows
neither seccomp nor Landlock; what the parser shares with the runner before the fork counts once, and programs that are run
for one event do not count. System calls are counted by strace with the sandbox on, of all processes. The input is the same
at each run, and each step waits for the replies to the one before. Where processes wait for one another the figures vary
by how often they look: the least of some runs counts.
"""
import glob
import os
import re
import sys

import tracer
from sessions import LOGIN, USER, Mailbox, Session

TABLE = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "budget.table")
TOLERANCE = 0.05
ROUNDS = 10  # until the figures are within the budget
PATH = "/usr/bin:/bin"

GREETED = ("", r"^220 .*\n")
QUIT = (b"QUIT\r\n", r"^221 .*\n")
LINE = b"Deterministic text, as long as lines of mail are on the whole: %06d.\r\n"


def text(octets):
    """A message of so many octets and a few more."""
    return b"Subject: budget\r\n\r\n" + b"".join(LINE % number for number in range(octets // len(LINE % 0) + 1))


def dense(octets):
    """Lines of one character, of a stuffed dot alone, and that begin with one."""
    return b"x\r\n..\r\n..dot\r\n" * (octets // 14)


def envelope(*names):
    recipients = b"".join(b"RCPT TO:<%s>\r\n" % name.encode() for name in names)
    return b"MAIL FROM:<you@example.net>\r\n" + recipients + b"DATA\r\n", r"^354 .*\n"


def data(message, count=1):
    return message + b".\r\n", rf"(^250 2[.]0[.]0 .*\n){{{count}}}"


SMTP = [GREETED, (b"EHLO client.example.net\r\n", r"^250 HELP\r\n")]
LMTP = [GREETED, (b"LHLO client.example.net\r\n", r"^250 HELP\r\n")]
POP3 = [("", r"^[+]OK.*\n"), (LOGIN, r"(^[+]OK.*\n){2}")]
BYE = (b"QUIT\r\n", r"^[+]OK.*\n")
MESSAGES = 100
ALL = range(1, MESSAGES + 1)

# Name, protocol, how the store is attached, the steps: what is sent, and what shows that it was answered.
STANDARD = {
    "smtp-message": ("smtp", "exec", [*SMTP, envelope(USER), data(text(4096)), QUIT]),
    "smtp-dense": ("smtp", "serve", [*SMTP, envelope(USER), data(dense(1 << 20)), QUIT]),
    "lmtp-recipients": ("lmtp", "serve", [*LMTP, envelope(*[USER] * 20), data(text(4096), 20), QUIT]),
    "pop3-look": ("pop3", "serve", [*POP3, (b"STAT\r\n", r"^[+]OK.*\n"), BYE]),
    "pop3-fetch": ("pop3", "serve", [*POP3, (b"UIDL\r\nLIST\r\n", r"(?s)^[+]OK.*\n[.]\r\n.*\n[.]\r\n"),
                                     *[(b"RETR %d\r\n" % at, r"(?s)^[+]OK.*\n[.]\r\n") for at in ALL],
                                     (b"".join(b"DELE %d\r\n" % at for at in ALL), rf"(^[+]OK.*\n){{{MESSAGES}}}"), BYE]),
}


def fill(mailbox):
    for at in range(1, MESSAGES + 1):
        with open(os.path.join(mailbox.maildir, "new", f"17000{at:05}.M000001P1Q1R0123456789abcdef.host,S=4131,W=4188"),
                  "wb") as file:
            file.write(text(4096).replace(b"\r\n", b"\n"))


def play(mailbox, steps, *wrap):
    """One session, from the greeting to its end."""
    session = Session([*wrap, *mailbox.argv()], env={"PATH": PATH})
    for sent, answered in steps:
        session.received = b""
        if sent:
            session.client.sendall(sent)
        session.until(answered)
    session.rest()
    session.close()
    assert session.end() == 0, session.logged()


def one(name, *wrap, sandbox):
    protocol, kind, steps = STANDARD[name]
    options = [f"--sandbox={sandbox}", "--log-level=warning"]
    with Mailbox(protocol, kind, options) as mailbox:
        if protocol == "pop3":
            fill(mailbox)
        play(mailbox, steps, *[part.replace("DIR", mailbox.root) for part in wrap])
        return [read(path) for path in glob.glob(os.path.join(mailbox.root, "count.*"))]


def read(path):
    with open(path, encoding="latin-1") as file:
        return file.read()


def instructions(name):
    """callgrind writes a file for each process: what it ran, and what it cost."""
    children = "yes" if STANDARD[name][1] == "serve" else "no"
    counts = one(name, "valgrind", "-q", "--tool=callgrind", f"--trace-children={children}", "--zero-before=parser_run",
                 "--callgrind-out-file=DIR/count.%p", "--log-file=DIR/log.%p", sandbox="off")
    ours = [count for count in counts if not re.search(r"^cmd: +/bin/sh", count, re.M)]
    # A parser and a runner, and the co-process.
    assert len(ours) == (3 if children == "yes" else 2), [count[:200] for count in counts]
    return sum(int(re.search(r"^summary: (\d+)", count, re.M)[1]) for count in ours)


def system_calls(name):
    lines = one(name, "strace", "-qq", "-f", "-o", "DIR/count.all", "-e", "signal=none", sandbox="on")[0].splitlines()
    return sum("<unfinished" not in line and "+++" not in line for line in lines)


COUNTERS = {"instructions": instructions, "system calls": system_calls}


def table():
    rows = [line.split() for line in read(TABLE).splitlines() if line and not line.startswith("#")]
    return {row[0]: dict(zip(COUNTERS, map(int, row[1:]))) for row in rows}


def row(name, figures):
    return f"{name:<16} {figures['instructions']:>12} {figures['system calls']:>12}"


def write():
    measured = {name: {what: min(counter(name) for _ in range(ROUNDS)) for what, counter in COUNTERS.items()}
                for name in STANDARD}
    with open(TABLE, "w", encoding="ascii") as file:
        file.write("# SPDX-License-Identifier: ISC\n"
                   "# What the standard sessions of tests/lib/budget.py cost; written by `tests/lib/budget.py write`.\n"
                   f"# {'session':<14} {'instructions':>12} {'system calls':>12}\n")
        file.writelines(row(*item) + "\n" for item in measured.items())


def check():
    """The figures that are over the budget."""
    over = []
    for name, budget in table().items():
        for what, counter in COUNTERS.items():
            figures = []
            while len(figures) < ROUNDS and (not figures or min(figures) > budget[what] * (1 + TOLERANCE)):
                figures.append(counter(name))
            print(f"{name}: {min(figures)} {what}, {min(figures) / budget[what] - 1:+.1%}")
            if min(figures) > budget[what] * (1 + TOLERANCE):
                over.append(f"{name}: {min(figures)} {what} where {budget[what]} are the budget")
    assert table().keys() == STANDARD.keys()
    return over


def main(arguments):
    tracer.adopt_orphans()
    if arguments == ["write"]:
        write()
    elif arguments:
        for name in arguments:
            print(row(name, {what: counter(name) for what, counter in COUNTERS.items()}))
    else:
        over = check()
        print(*over, sep="\n")
        return 1 if over else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
