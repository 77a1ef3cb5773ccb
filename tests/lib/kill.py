#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""kill.py - sessions that are killed and left alone; tests/kill.bats names them.

    tests/lib/kill.py TEST [ARGUMENT ...]

Each test is a function. It plays sessions and looks after each, when no process is left, at what is in the
mailbox: never a part of a message, and all of one whose 250 was seen.
KILL_TRIES sets how many random moments are tried, KILL_MOMENTS how many system calls at most (0: all).
"""
import os
import random
import re
import signal
import socket
import sys
import time

import tracer
from sessions import (LOGIN, NAMES, SANITIZED, USER, Gate, Mailbox, check_mail, fill, left, logged_in,
                      mail_dialogue, message_of, victim)
from store import files

TRIES = int(os.environ.get("KILL_TRIES", 10 if SANITIZED else 100))
MOMENTS = int(os.environ.get("KILL_MOMENTS", 20 if SANITIZED else 150))
SEED = int(os.environ.get("KILL_SEED", 1))


# ---- kills at random moments ---------------------------------------------------------------


def play_mail(session, octets, at=None, role=None):
    """Sends all while it reads. After `at` seconds the process of `role` is killed, as soon as there is one.

    How many seconds it took, and whether there was one."""
    began, dead = time.monotonic(), False
    session.client.setblocking(False)
    while True:
        if at is not None and not dead and time.monotonic() - began >= at and (pid := victim(session, role)):
            tracer.kill(pid)
            dead = True
        try:
            octets = octets[session.client.send(octets[:65536]):] if octets else octets
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionResetError):
            octets = b""
        try:
            piece = session.client.recv(65536)
            session.received += piece
            if not piece:
                break
        except BlockingIOError:
            assert time.monotonic() - began < tracer.PATIENCE, "the session does not go on"
        except ConnectionResetError:
            break
    return time.monotonic() - began, dead


def random_kills(role, protocol, kind):
    """TRIES moments, spread over the time that an undisturbed session takes just now."""
    message = message_of(300_000)
    dialogue = mail_dialogue(protocol, message)
    runs = killed = accepted = 0
    with Mailbox(protocol, kind) as mailbox:
        usual = at = None
        while killed < TRIES and runs < 10 * TRIES:
            session = mailbox.start().greeting()
            took, dead = play_mail(session, dialogue, at, role)
            status = session.end()
            what = "undisturbed" if at is None else f"try {runs}, {role} killed after {at * 1000:.3f} ms"
            seen = check_mail(mailbox, session, message, what)
            session.close()
            if at is None or not dead:
                assert seen and status == 0, session.logged()
                usual = took if usual is None else (3 * usual + took) / 4
            else:
                killed += 1
                accepted += seen
            runs += 1
            at = random.uniform(0, usual)
    print(f"{runs} sessions, {killed} killed, 250 seen in {accepted} of these")
    assert killed == TRIES


# ---- kills at every system call -------------------------------------------------------------


def every_moment(run):
    """Calls `run` with None and then with each moment up to the last, or MOMENTS of them, evenly spread.

    It returns the number of the last moment that it saw, and whether the session succeeded."""
    last, _ = run(None)
    count = min(MOMENTS or last, last)
    succeeded = sum(run(round(number * last / count))[1] for number in range(1, count + 1))
    print(f"{count} of {last} moments, {succeeded} sessions succeeded")
    assert last > 10 and succeeded < count


def sweep(role, protocol, kind):
    """Hardening 72: a kill at each system call from the greeting on, before it and after it."""
    message = message_of(20_000)
    dialogue = mail_dialogue(protocol, message)
    with Mailbox(protocol, kind) as mailbox:
        def run(at):
            session = mailbox.start().greeting()
            trace = (tracer.Trace(session.pid, itself=False, children=True) if role == "store" else
                     tracer.Trace(victim(session, role)))
            session.send(dialogue)
            ended = trace.kill_at(at)
            seen = check_mail(mailbox, session, message, f"{role} killed at stop {at}")
            assert at is not None or (seen and ended[session.pid] == 0), session.logged()
            session.close()
            return trace.stops, seen
        every_moment(run)


# ---- clients that leave ---------------------------------------------------------------------


def cuts(protocol, kind):
    """DATA-010, hardening 80: the client is gone after each octet of a dialogue, having read all replies or none."""
    message = b"Subject: short\n\n.dot\nlast line\n"
    dialogue = mail_dialogue(protocol, message, quit_after=False)
    with Mailbox(protocol, kind) as mailbox:
        for cut in range(len(dialogue) + 1):
            what = f"gone after {cut} of {len(dialogue)} octets"
            session = mailbox.start().greeting()
            session.send(dialogue[:cut])
            session.close()
            assert session.end() == 0, session.logged()
            assert mailbox.delivered(message) == 0 or cut == len(dialogue), what
            session = mailbox.start()
            session.send(dialogue[:cut])
            session.client.shutdown(socket.SHUT_WR)
            session.rest()
            assert session.end() == 0, session.logged()
            accepted = check_mail(mailbox, session, message, what)
            assert accepted == (cut == len(dialogue)), (what, session.received)
            session.close()


def gone_before_250(protocol, kind):
    """DATA-010: the client has sent the last dot and goes; the delivery that has begun comes to its end."""
    message = message_of(1000)
    dialogue = mail_dialogue(protocol, message, quit_after=False)
    with Mailbox(protocol, kind) as mailbox:
        gate = Gate(mailbox.root)
        if kind != "serve":
            mailbox.shut("deliver", gate)
        session = mailbox.start().greeting()
        session.send(dialogue[:-3])
        session.until("^354")
        store = [pid for pid in tracer.children(session.pid) if pid != session.parser]
        for pid in store:
            os.kill(pid, signal.SIGSTOP)
        session.send(dialogue[-3:])
        if kind != "serve":
            gate.reached()
        session.close()
        if kind != "serve":
            gate.open()
        for pid in store:
            os.kill(pid, signal.SIGCONT)
        assert session.end() == 0 and mailbox.delivered(message) == 1, session.logged()
        assert "messages=1 " in session.logged() and "reason=eof" in session.logged(), session.logged()


# ---- POP3 -----------------------------------------------------------------------------------

def no_quit(kind):
    """POP-043, hardening 46: without QUIT nothing is deleted, whoever goes and however."""
    with Mailbox("pop3", kind) as mailbox:
        for how in ("client", "half", "parser", "runner", "store"):
            fill(mailbox)
            session = logged_in(mailbox)
            session.send(b"DELE 1\r\nDELE 3\r\nNOOP\r\n")
            session.until("([+]OK[^\n]*\n){6}")
            if how == "client":
                session.close()
            elif how == "half":
                session.client.shutdown(socket.SHUT_WR)
            else:
                tracer.kill(victim(session, how))
                session.client.shutdown(socket.SHUT_WR)
            session.end()
            assert left(mailbox) == NAMES, (how, left(mailbox))
            session.close()


def quit_and_gone(kind):
    """POP-044: DELE and QUIT in one write or in several, and nobody stays to read the replies."""
    with Mailbox("pop3", kind) as mailbox:
        for tcp in (False, True):
            for pieces in ([b"DELE 1\r\nDELE 3\r\nQUIT\r\n"], [b"DELE 1\r\n", b"DELE 3\r\n", b"QUIT\r\n"],
                           [b"STAT\r\nLIST\r\nUIDL\r\nDELE 1\r\n", b"NONSENSE\r\nDELE 3\r\nQUIT\r\n"]):
                for _ in range(TRIES // 10):
                    fill(mailbox)
                    session = logged_in(mailbox, tcp=tcp)
                    for piece in pieces:
                        session.send(piece)
                    session.close()
                    assert session.end() == 0
                    assert left(mailbox) == [NAMES[1], NAMES[3]], (pieces, left(mailbox), session.logged())
        # More than one read takes in, so that writing replies has failed before QUIT is seen.
        fill(mailbox)
        session = logged_in(mailbox)
        os.kill(session.parser, signal.SIGSTOP)
        session.client.shutdown(socket.SHUT_RD)
        session.send(b"DELE 1\r\nDELE 3\r\n" + b"NOOP\r\n" * 20_000 + b"QUIT\r\n")
        os.kill(session.parser, signal.SIGCONT)
        assert session.end() == 0
        assert left(mailbox) == [NAMES[1], NAMES[3]], (left(mailbox), session.logged())
        session.close()


def unread_message(kind):
    """POP-043: a client that goes while a message is sent to it has not meant to lose that, whatever it said behind."""
    with Mailbox("pop3", kind) as mailbox:
        fill(mailbox)
        with open(os.path.join(mailbox.maildir, "new", NAMES[0]), "wb") as file:
            file.write(message_of(2_000_000))
        session = logged_in(mailbox)
        session.send(b"RETR 1\r\nDELE 1\r\nQUIT\r\n")
        session.until("last|octets")
        session.close()
        session.end()
        assert len(files(mailbox.maildir, "new", "cur")) == len(NAMES), session.logged()


def update_sweep(role, kind):
    """Hardening 46, 72: a kill at any system call deletes what was marked or leaves it, and what +OK says is done."""
    with Mailbox("pop3", kind) as mailbox:
        def run(at):
            fill(mailbox)
            session = logged_in(mailbox)
            trace = tracer.Trace(victim(session, role), children=role == "store")
            session.send(b"DELE 1\r\nDELE 3\r\nQUIT\r\n")
            ended = trace.kill_at(at)
            done = len(re.findall(rb"^[+]OK", session.rest(), re.M)) == 6
            there = left(mailbox)
            assert set(there) >= {NAMES[1], NAMES[3]}, (at, there)
            assert not done or len(there) == 2, (at, there, session.received)
            assert at is not None or (done and ended[session.pid] == 0), session.logged()
            session.close()
            return trace.stops, done
        every_moment(run)


def login_sweep(kind, manner):
    """The same from the login on, at each system call of auth and of what it starts: a store that takes its place
    (`becomes`), or that it waits for (`waits`). The next session finds the lock free and all that was not marked."""
    with Mailbox("pop3", kind) as mailbox:
        if manner == "waits":
            mailbox.write("auth", f'#!/bin/sh\nexport USER={USER}\n"$@"\nexit $?\n')

        def run(at):
            fill(mailbox)
            session = mailbox.start().greeting()
            trace = tracer.Trace(session.pid, itself=False, children=True)
            session.send(LOGIN + b"DELE 1\r\nDELE 3\r\nQUIT\r\n")
            ended = trace.kill_at(at)
            heard = session.rest()
            done = len(re.findall(rb"^[+]OK", heard, re.M)) == 6
            there = left(mailbox)
            assert set(there) >= {NAMES[1], NAMES[3]}, (at, there)
            assert not done or len(there) == 2, (at, there, heard)
            assert b"[AUTH]" not in heard and b"SYS/PERM" not in heard, (at, heard)
            assert at is not None or done, session.logged()
            assert ended[session.pid] == 0, (at, ended, session.logged())
            session.close()
            again = logged_in(mailbox)
            assert b"maildrop has %d message" % len(there) in again.received, (at, again.received)
            again.close()
            again.end()
            return trace.stops, done
        every_moment(run)


def main():
    random.seed(SEED)
    tracer.adopt_orphans()
    globals()[sys.argv[1]](*sys.argv[2:])


main()
