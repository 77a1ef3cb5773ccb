# SPDX-License-Identifier: ISC
"""sessions - sessions of $BUILD/bin over a socketpair, the mailbox that they deliver into or serve, and what to
expect of it when no process is left.
"""
import os
import random
import re
import shutil
import socket
import subprocess
import tempfile

import tracer
from store import NAME, files, wire

BIN = os.path.join(os.path.realpath(os.environ.get("BUILD", "build")), "bin")
SANITIZED = bool(os.environ.get("SANITIZE"))
STORE = os.path.join(BIN, "maildir-store")
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
    """A backend directory of a kind - serve, exec (the Maildir store by either contract), shell - and its mailbox."""

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

    def shut(self, event, gate):
        """Lets the program of an event wait at a gate before it does anything."""
        os.rename(os.path.join(self.backend, event), os.path.join(self.root, event))
        self.write(event, f'#!/bin/sh\n{gate.shell}exec "{self.root}/{event}"\n')

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            tracer.end_all()
        shutil.rmtree(self.root, ignore_errors=True)

    def argv(self):
        return [os.path.join(BIN, self.protocol + "-session"), "--hostname=mx.example.org", *self.options, self.backend]

    def start(self, *wrap, **popen):
        return Session([*wrap, *self.argv()], **popen)

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
        """Reads the greeting, and waits until the parser waits for a command: it may be born after the greeting."""
        while b"\n" not in self.received:
            piece = self.client.recv(4096)
            assert piece, self.logged()
            self.received += piece
        with tracer.Patience():
            while not (born := tracer.children(self.pid)) or not tracer.sleeps(born[0]):
                os.sched_yield()
        self.parser = born[0]
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
            try:
                piece = self.client.recv(65536)
            except TimeoutError:
                piece = b""
            assert piece, (pattern, self.received[-2000:], self.logged())
            self.received += piece

    def close(self):
        self.client.close()

    def logged(self):
        """The log so far; the session goes on writing at its own place."""
        return os.pread(self.log.fileno(), 1 << 20, 0).decode("latin-1")

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


def victim(session, role):
    """The process to kill: parser, runner, or one that the runner started. None when there is none."""
    if role == "runner":
        return session.pid
    if role == "parser":
        return session.parser
    started = [pid for pid in tracer.descendants(session.pid) if pid != session.parser]
    return random.choice(started) if started else None


# ---- POP3 ----

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
