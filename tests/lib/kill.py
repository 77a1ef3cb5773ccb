#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""kill.py - sessions that are killed, left and out of luck; tests/kill.bats names them.

    tests/lib/kill.py TEST [ARGUMENT ...]

Each test is a function. It plays sessions of $BUILD/bin over a socketpair, and looks after each, when no
process is left, at what is in the mailbox: never a part of a message, and all of one whose 250 was seen.
KILL_TRIES sets how many random moments are tried, KILL_MOMENTS how many system calls at most (0: all).
"""
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import tracer
from store import NAME, files, wire

BIN = os.path.join(os.path.realpath(os.environ.get("BUILD", "build")), "bin")
SANITIZED = bool(os.environ.get("SANITIZE"))
TRIES = int(os.environ.get("KILL_TRIES", 10 if SANITIZED else 100))
MOMENTS = int(os.environ.get("KILL_MOMENTS", 20 if SANITIZED else 150))
STORE = os.path.join(BIN, "maildir-store")
SEED = int(os.environ.get("KILL_SEED", 1))
USER = "jo@example.org"

# Writes and renames: the least that a program of one's own should do.
SHELL_DELIVER = """#!/bin/sh
set -e
cat >"$DROP/tmp/$TRANSACTION_ID"
mv "$DROP/tmp/$TRANSACTION_ID" "$DROP/new/$TRANSACTION_ID"
"""
SHELL_LIST = """#!/bin/sh
cd "$DROP/new" && for file in *; do [ ! -f "$file" ] || echo "$file" "$(wc -c <"$file")"; done
"""
SHELL_RETRIEVE = '#!/bin/sh\nexec cat "$DROP/new/$MESSAGE"\n'
SHELL_DELETE = '#!/bin/sh\ncd "$DROP/new" && while read -r file; do rm "$file" || exit 75; done\n'
AUTH = f'#!/bin/sh\nexport USER={USER}\nexec "$@"\n'


def message_of(octets):
    """A message that shows where it was cut."""
    lines = [b"Subject: whole"] + [b"", *(b"%08d and so on" % number for number in range(octets // 18))]
    return b"\n".join(lines) + b"\nlast line\n"


class Mailbox:
    """A backend directory of one kind - serve, exec (the Maildir store by either contract) or shell - and its mailbox."""

    def __init__(self, protocol, kind, options=()):
        self.protocol, self.kind, self.options = protocol, kind, options
        self.root = tempfile.mkdtemp(prefix="kill.")
        self.backend = os.path.join(self.root, "backend")
        self.maildir = os.path.join(self.root, "mail/example.org/jo")
        self.undisturbed = 0
        os.mkdir(self.backend, 0o755)
        for folder in ("new", "cur", "tmp"):
            os.makedirs(os.path.join(self.maildir, folder))
        self.write("env", f"MAILDIR={self.root}/mail/%d/%n\nDROP={self.maildir}\nASAN_OPTIONS=detect_leaks=0\n", 0o644)
        events = ("list", "retrieve", "delete") if protocol == "pop3" else ("rcpt", "deliver")
        if protocol == "pop3":
            self.write("auth", AUTH)
        if kind == "serve":
            os.symlink(STORE, os.path.join(self.backend, "serve"))
        for event in events if kind == "exec" else ():
            os.symlink(STORE, os.path.join(self.backend, event))
        if kind == "shell":
            shell = {"rcpt": "#!/bin/sh\n", "deliver": SHELL_DELIVER, "list": SHELL_LIST,
                     "retrieve": SHELL_RETRIEVE, "delete": SHELL_DELETE}
            for event in events:
                self.write(event, shell[event])

    def write(self, name, text, mode=0o755):
        path = os.path.join(self.backend, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, mode)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            tracer.end_all()
        shutil.rmtree(self.root, ignore_errors=True)

    def start(self, *wrap, **popen):
        return Session([*wrap, os.path.join(BIN, self.protocol + "-session"), "--hostname=mx.example.org",
                        *self.options, self.backend], **popen)

    def empty(self):
        for path in files(self.maildir):
            os.unlink(path)

    def check_message(self, path, message):
        with open(path, "rb") as file:
            content = file.read()
        assert b"Received: " in content[:200] and content.endswith(message), (path, len(content))
        if self.kind != "shell":
            sizes = NAME.match(os.path.basename(path).encode())
            assert sizes and (int(sizes[1]), int(sizes[2])) == (len(content), wire(content)), path

    def delivered(self, message):
        """How many messages are in place, all of them whole. Then the mailbox is empty again."""
        new = files(self.maildir, "new", "cur")
        for path in new:
            self.check_message(path, message)
        self.empty()
        return len(new)


class Gate:
    """Where a program of the shell waits until the test lets it go on."""

    def __init__(self, root):
        self.at, self.go = os.path.join(root, "gate-at"), os.path.join(root, "gate-go")
        self.shell = f'echo >"{self.at}"\nread -r _ <"{self.go}"\n'
        os.mkfifo(self.at)
        os.mkfifo(self.go)

    def reached(self):
        with tracer.Patience(), open(self.at, encoding="ascii") as file:
            file.read()

    def open(self):
        with tracer.Patience(), open(self.go, "w", encoding="ascii") as file:
            file.write("\n")


def tcp_pair():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        # What is sent is on its way even when the client resets the connection right after.
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client, listener.accept()[0]


class Session:
    """One session, and the client at its other end."""

    def __init__(self, argv, tcp=False, **popen):
        self.client, theirs = tcp_pair() if tcp else socket.socketpair()
        self.client.settimeout(tracer.PATIENCE)
        self.log = tempfile.TemporaryFile()
        self.received = b""
        environment = {"PATH": os.environ["PATH"], "ASAN_OPTIONS": "detect_leaks=0"}
        with theirs:
            self.process = subprocess.Popen(argv, **{"stdin": theirs, "stdout": theirs, "stderr": self.log,
                                                     "env": environment, **popen})
        self.pid = self.process.pid
        # What it ends with is told by tracer.wait_all.
        self.process.returncode = 0

    def greeting(self):
        """Reads the greeting: the parser runs now."""
        while b"\n" not in self.received:
            piece = self.client.recv(4096)
            assert piece, self.logged()
            self.received += piece
        self.parser = tracer.children(self.pid)[0]
        return self

    def send(self, octets):
        """All that the session takes; whoever is at the other end may be dead."""
        try:
            self.client.sendall(octets)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def rest(self):
        """All replies, as soon as the session has closed."""
        try:
            while piece := self.client.recv(65536):
                self.received += piece
        except ConnectionResetError:
            pass
        return self.received

    def until(self, pattern):
        """Reads until what came matches."""
        while not re.search(pattern.encode(), self.received, re.M):
            piece = self.client.recv(65536)
            assert piece, (pattern, self.received, self.logged())
            self.received += piece

    def close(self):
        self.client.close()

    def logged(self):
        self.log.seek(0)
        return self.log.read().decode("latin-1")

    def end(self):
        """Waits until no process is left. The exit status of the session, as the shell writes it."""
        status = tracer.wait_all()[self.pid]
        return os.waitstatus_to_exitcode(status)


def replies(received):
    """The replies, each by its last line."""
    return [line for line in received.decode("latin-1").split("\r\n")[:-1] if line[3:4] != "-"]


def verdict(received):
    """What the client heard after the message: the reply behind 354, or None."""
    lines = replies(received)
    after = [lines[at + 1:] for at, line in enumerate(lines) if line.startswith("354")]
    return after[0][0] if after and after[0] else None


def mail_dialogue(protocol, message, quit_after=True):
    greeting = b"LHLO client\r\n" if protocol == "lmtp" else b"EHLO client\r\n"
    return (greeting + b"MAIL FROM:<you@example.net>\r\nRCPT TO:<" + USER.encode() + b">\r\nDATA\r\n" +
            message.replace(b"\n.", b"\n..").replace(b"\n", b"\r\n") + b".\r\n" + (b"QUIT\r\n" if quit_after else b""))


def check_mail(mailbox, session, message, what):
    """The promise. True when the client saw 250."""
    session.rest()
    said = verdict(session.received)
    count = mailbox.delivered(message)
    accepted = said is not None and said.startswith("250")
    assert count <= 1, f"{what}: {count} messages"
    assert not accepted or count == 1, f"{what}: 250, and no message\n{session.logged()}"
    assert said is None or said[:1] in "24", f"{what}: {said}"
    return accepted


# ---- kills at random moments ---------------------------------------------------------------


def victim(session, role):
    """The process to kill: parser, runner, or one that the runner started. None when there is none."""
    if role == "runner":
        return session.pid
    if role == "parser":
        return session.parser
    started = [pid for pid in tracer.descendants(session.pid) if pid != session.parser]
    return random.choice(started) if started else None


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
            name = os.path.join(mailbox.backend, "deliver")
            os.rename(name, os.path.join(mailbox.root, "deliver"))
            mailbox.write("deliver", f'#!/bin/sh\n{gate.shell}exec "{mailbox.root}/deliver"\n')
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

NAMES = [f"170000000{number}.M1P1Q1.host" for number in range(1, 5)]
LOGIN = f"USER {USER}\r\nPASS secret\r\n".encode()


def fill(mailbox):
    mailbox.empty()
    for name in NAMES:
        with open(os.path.join(mailbox.maildir, "new", name), "wb") as file:
            file.write(message_of(2000))


def left(mailbox):
    """The names of the messages that are there, each of them whole."""
    paths = files(mailbox.maildir, "new", "cur")
    for path in paths:
        with open(path, "rb") as file:
            assert file.read() == message_of(2000), path
    return sorted(os.path.basename(path).split(":")[0] for path in paths)


def logged_in(mailbox, **options):
    session = mailbox.start(**options).greeting()
    session.send(LOGIN)
    session.until("^[+]OK[^\n]*\n[+]OK[^\n]*\n[+]OK")
    return session


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


def main():
    random.seed(SEED)
    tracer.adopt_orphans()
    globals()[sys.argv[1]](*sys.argv[2:])


main()
