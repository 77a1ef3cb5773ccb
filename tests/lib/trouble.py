#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""trouble.py - sessions on a system out of space, processes or descriptors, and the end of service; tests/kill.bats
names the tests.

    tests/lib/trouble.py TEST [ARGUMENT ...]

Each test is a function. Trouble of ours is temporary: 4xx, never 250 without the message, never 5xx, and where
there is a session it goes on. KILL_MOMENTS sets how many failing system calls are tried at most (0: all).
"""
import os
import platform
import re
import resource
import signal
import subprocess
import sys
import time

import tracer
from cage import without
from sessions import (LOGIN, NAMES, SANITIZED, Gate, Mailbox, check_mail, fill, left, logged_in, mail_dialogue,
                      message_of, replies)

MOMENTS = int(os.environ.get("KILL_MOMENTS", 150))
ERRORS = "ENOSPC EMFILE ENOMEM EIO EINTR".split()
# Without a way to fail that leaves the process as it was, or before anything of ours runs.
LEFT_OUT = {"close", "execve", "arch_prctl", "set_tid_address", "exit_group", "exit", "getpid", "geteuid", "mmap",
            "brk", "munmap", "mprotect", "mremap", "rt_sigreturn", "restart_syscall", "wait4", "kill", "rt_sigprocmask"}
# What the C libraries do for vfork(2): the number, and the first argument where it is one of many uses.
VFORK, FORK = {"x86_64": ((58,), (57,)), "aarch64": ((220, 0x4111), (220, 17))}.get(platform.machine(), (None, None))
EAGAIN = 11
SMALL = message_of(1000)
ENVELOPE = ["250 ", "250 2.1.0 ", "250 2.1.5 ", "354 "]


def failing(call):
    return without((call[0], EAGAIN, *call[1:]))


def heard(session, wanted):
    """Checks all replies, of which each begins as told."""
    session.rest()
    lines = replies(session.received)
    assert len(lines) == len(wanted) and all(map(str.startswith, lines, wanted)), (lines, session.logged())


def limit(what, value):
    return lambda: resource.setrlimit(what, (value, value))


# ---- space ----------------------------------------------------------------------------------


def full_spool(kind):
    """Hardening 76, DATA-009: the spool is full, the message is refused for now, and the next one is welcome."""
    big = mail_dialogue("smtp", message_of(300_000), quit_after=False)
    with Mailbox("smtp", kind) as mailbox:
        spool = os.path.join(mailbox.root, "spool")
        os.mkdir(spool)
        mailbox.options = ["--spool-memory=4K", f"--spool-dir={spool}"]
        wrap = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=64k none "$0" && exec "$@"', spool]
        if subprocess.run([*wrap, "true"], check=False).returncode != 0:
            print("kernel: no mount for this user")
            return
        session = mailbox.start(*wrap).greeting()
        session.send(big)
        session.until("^452 4.3.1 ")
        session.send(mail_dialogue("smtp", message_of(20_000)))
        heard(session, ["220 ", *ENVELOPE, "452 4.3.1 ", *ENVELOPE, "250 ", "221 "])
        assert session.end() == 0 and mailbox.delivered(message_of(20_000)) == 1, session.logged()
        assert "cannot keep the message" in session.logged() and "No space left" in session.logged(), session.logged()


def no_spool(kind):
    """The spool's directory is not there: the same, as soon as memory does not suffice."""
    with Mailbox("smtp", kind, ["--spool-memory=4K", "--spool-dir=/nonexistent"]) as mailbox:
        session = mailbox.start().greeting()
        session.send(mail_dialogue("smtp", message_of(300_000), quit_after=False) + mail_dialogue("smtp", SMALL))
        heard(session, ["220 ", *ENVELOPE, "451 4.3.0 ", *ENVELOPE, "250 ", "221 "])
        assert session.end() == 0 and mailbox.delivered(SMALL) == 1, session.logged()


def file_size(kind):
    """Hardening 77: RLIMIT_FSIZE counts for the spool like a full disk, and SIGXFSZ ends nobody."""
    for options in ([], ["--spool-memory=4K"]):
        with Mailbox("smtp", kind, options) as mailbox:
            session = mailbox.start(preexec_fn=limit(resource.RLIMIT_FSIZE, 65536)).greeting()
            session.send(mail_dialogue("smtp", message_of(300_000), quit_after=False) + mail_dialogue("smtp", SMALL))
            heard(session, ["220 ", *ENVELOPE, "452 4.3.1 ", *ENVELOPE, "250 ", "221 "])
            assert session.end() == 0 and mailbox.delivered(SMALL) == 1, session.logged()


# ---- processes and descriptors --------------------------------------------------------------


def no_process(kind):
    """No program can be started: temporary failures, and the session goes on."""
    if VFORK is None:
        return
    with Mailbox("smtp", kind) as mailbox:
        session = mailbox.start(preexec_fn=failing(VFORK)).greeting()
        session.send(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<jo@example.org>\r\nNOOP\r\nQUIT\r\n")
        heard(session, ["220 ", "250 ", "250 2.1.0 ", "451 4.3.0 ", "250 2.0.0 ", "221 "])
        assert session.end() == 0
    with Mailbox("smtp", "shell", ["--accept-domain=example.org"]) as mailbox:
        os.unlink(os.path.join(mailbox.backend, "rcpt"))
        session = mailbox.start(preexec_fn=failing(VFORK)).greeting()
        session.send(mail_dialogue("smtp", SMALL))
        heard(session, ["220 ", *ENVELOPE, "451 4.3.0 ", "221 "])
        assert session.end() == 0 and mailbox.delivered(SMALL) == 0
        assert "cannot run the program" in session.logged() and "temporarily unavailable" in session.logged().lower()
    with Mailbox("pop3", kind) as mailbox:
        session = mailbox.start(preexec_fn=failing(VFORK)).greeting()
        session.send(LOGIN + b"QUIT\r\n")
        heard(session, ["+OK ", "+OK ", "-ERR [SYS/TEMP] ", "+OK "])
        assert session.end() == 0


def no_parser():
    """Not even the parser can be started: 421, -ERR, behind the greeting where none is asked about it, and a temporary
    exit status."""
    if FORK is None:
        return
    for protocol, greeting, words in (("smtp", "220 ", "421 mx.example.org "), ("lmtp", "220 ", "421 mx.example.org "),
                                      ("pop3", "+OK ", "-ERR ")):
        for asked in (False, True):
            with Mailbox(protocol, "serve") as mailbox:
                if asked:
                    mailbox.write("connect", "#!/bin/sh\n")
                session = mailbox.start(preexec_fn=failing(FORK))
                heard(session, [words] if asked else [greeting, words])
                assert session.end() == 75 and "cannot start the parser" in session.logged(), session.logged()


def descriptors(kind):
    """Hardening 77: with any number of descriptors a session delivers, or refuses for now."""
    said = set()
    with Mailbox("smtp", kind) as mailbox:
        for count in range(3, 40):
            session = mailbox.start(preexec_fn=limit(resource.RLIMIT_NOFILE, count))
            session.send(mail_dialogue("smtp", SMALL))
            accepted = check_mail(mailbox, session, SMALL, f"{count} descriptors")
            session.end()
            lines = replies(session.received)
            assert not any(re.match("5[^0]", line) for line in lines), (count, lines)
            said.add("delivered" if accepted else "refused" if lines else "nothing")
            session.close()
        assert accepted, session.logged()
    print(said)
    assert {"delivered", "refused"} <= said, said


def low_limits():
    """Less memory than the cage allows, as by softlimit(8), is no reason not to enter it."""

    def lower():
        resource.setrlimit(resource.RLIMIT_AS, (32 << 20, 32 << 20))
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
    if SANITIZED:
        return
    with Mailbox("smtp", "serve") as mailbox:
        for path in (mailbox.root, mailbox.backend):
            os.chmod(path, 0o755)
        session = mailbox.start(preexec_fn=lower)
        session.send(b"QUIT\r\n")
        heard(session, ["220 ", "221 "])
        assert session.end() == 0


# ---- system calls ----------------------------------------------------------------------------


def errors(kind):
    """Hardening 71: each system call of a runner fails in turn, with one error and then with the next."""
    if SANITIZED:
        return
    message = message_of(20_000)
    with Mailbox("smtp", kind, ["--spool-memory=4K"]) as mailbox:
        trace = os.path.join(mailbox.root, "trace")

        def run(*options):
            session = mailbox.start("strace", "-qq", "-o", trace, *options)
            session.send(mail_dialogue("smtp", message))
            seen = check_mail(mailbox, session, message, options)
            session.end()
            # After a refused recipient the message is taken for commands, which 50x says.
            assert not re.search(rb"^5[^0]", session.received, re.M), (options, session.received)
            session.close()
            return seen

        assert run()
        counts, cases = {}, []
        with open(trace, encoding="ascii", errors="replace") as file:
            for call in re.findall(r"^(\w+)\(", file.read(), re.M):
                counts[call] = counts.get(call, 0) + 1
                if call not in LEFT_OUT:
                    cases += [(call, error, counts[call]) for error in ERRORS]
        count = min(MOMENTS or len(cases), len(cases))
        seen = 0
        for number in range(count):
            call, error, when = cases[number * len(cases) // count]
            seen += run("-e", f"inject={call}:error={error}:when={when}")
    print(f"{count} of {len(cases)} failures, 250 seen at {seen}")
    assert len(cases) > 100 and 0 < seen < count


# ---- output that goes nowhere ----------------------------------------------------------------


def full_output():
    """Hardening 78: replies that cannot be written end a session quietly, and no part of a message is left."""
    with Mailbox("smtp", "shell") as mailbox:
        dialogue = os.path.join(mailbox.root, "dialogue")
        with open(dialogue, "wb") as file:
            file.write(mail_dialogue("smtp", SMALL))
        reading, writing = os.pipe()
        os.close(reading)
        with open("/dev/full", "wb") as full, open(os.devnull, "rb") as null:
            for stdout in (full, writing, null):
                with open(dialogue, "rb") as stdin:
                    session = mailbox.start(stdin=stdin, stdout=stdout, stderr=full)
                    assert session.end() == 0
                assert mailbox.delivered(SMALL) <= 1
                session.close()
        os.close(writing)


# ---- SIGTERM ----------------------------------------------------------------------------------


def term_idle(protocol):
    """SMTP-006: the client may go on for --drain seconds, then hears that the service ends."""
    farewell = "-ERR " if protocol == "pop3" else "421 4.3.2 mx.example.org "
    for drain in (0, 4):
        with Mailbox(protocol, "serve", [f"--drain={drain}"]) as mailbox:
            fill(mailbox)
            if protocol == "pop3":
                session = logged_in(mailbox)
                session.send(b"DELE 1\r\n")
                session.until("([+]OK[^\n]*\n){4}")
            else:
                session = mailbox.start().greeting()
            began, greeted = time.monotonic(), len(replies(session.received))
            os.kill(session.pid, signal.SIGTERM)
            if drain:
                session.send(b"NOOP\r\n")
            lines = replies(session.rest())[greeted:]
            took = time.monotonic() - began
            assert lines[-1].startswith(farewell) and len(lines) == 1 + (drain > 0), lines
            assert took >= drain, took
            assert session.end() == 0 and "reason=shutdown" in session.logged(), session.logged()
            assert protocol != "pop3" or left(mailbox) == NAMES
            session.close()


def term_in_data(protocol, kind):
    """A message that is not all there is not delivered."""
    dialogue = mail_dialogue(protocol, SMALL)
    with Mailbox(protocol, kind, ["--drain=0"]) as mailbox:
        session = mailbox.start().greeting()
        session.send(dialogue[:-20])
        session.until("^354 ")
        os.kill(session.pid, signal.SIGTERM)
        assert replies(session.rest())[-1].startswith("421 "), session.received
        assert session.end() == 0 and mailbox.delivered(SMALL) == 0, session.logged()
        session.close()


def term_in_delivery(protocol):
    """A delivery that has begun finishes and is reported."""
    with Mailbox(protocol, "shell", ["--drain=0"]) as mailbox:
        gate = Gate(mailbox.root)
        mailbox.shut("deliver", gate)
        session = mailbox.start().greeting()
        session.send(mail_dialogue(protocol, SMALL, quit_after=False))
        gate.reached()
        os.kill(session.pid, signal.SIGTERM)
        gate.open()
        assert check_mail(mailbox, session, SMALL, "SIGTERM"), session.logged()
        assert replies(session.received)[-1].startswith("421 "), session.received
        assert session.end() == 0 and "messages=1 " in session.logged(), session.logged()
        session.close()


def main():
    tracer.adopt_orphans()
    globals()[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
