# SPDX-License-Identifier: ISC
"""server.py - a program of $BUILD/bin that listens on a free port, its log, its processes, and clients of it.

Whatever is waited for is an event, and comes within PATIENCE seconds.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from tracer import children, descendants  # noqa: F401 - for those who test with a server

BIN = os.path.join(os.environ.get("BUILD", "build"), "bin")
SANITIZED = bool(os.environ.get("SANITIZE"))
PATIENCE = 60  # seconds, for what comes at once on an idle machine


class Log:
    """What a program writes to standard error, line by line as it comes."""

    def __init__(self, pipe):
        self.lines = []
        self.ended = False
        self.news = threading.Condition()
        self.thread = threading.Thread(target=self.collect, args=(pipe,), daemon=True)
        self.thread.start()

    def collect(self, pipe):
        for line in pipe:
            with self.news:
                self.lines.append(line.decode().rstrip("\n"))
                self.news.notify_all()
        with self.news:
            self.ended = True
            self.news.notify_all()

    def find(self, pattern):
        return [line for line in self.lines if re.search(pattern, line)]

    def wait(self, pattern, count=1):
        """Waits until `count` lines match, and returns the last of them."""
        deadline = time.monotonic() + PATIENCE
        with self.news:
            while len(self.find(pattern)) < count:
                left = deadline - time.monotonic()
                assert not self.ended and left > 0, f"no {pattern!r} in {self.lines[-20:]}"
                self.news.wait(left)
            return self.find(pattern)[count - 1]


class Manager:
    """A service manager's end of NOTIFY_SOCKET."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(PATIENCE)

    def next(self):
        return self.socket.recv(4096).decode()

    def until(self, pattern):
        while not re.search(pattern, message := self.next()):
            pass
        return message


class Server:
    """
    A session program that listens. `hooks` are names of programs that say yes, or a map of names to scripts;
    `own` is the backend where there is one already.
    """

    def __init__(self, *options, program="smtp-session", listen="127.0.0.1:0", wrap=(), env=None, hooks=(), own=None):
        self.directory = tempfile.mkdtemp()
        self.clients = []
        os.chmod(self.directory, 0o755)
        backend = os.path.join(self.directory, "backend")
        os.mkdir(backend, 0o755)
        for name in hooks:
            path = os.path.join(backend, name)
            if isinstance(hooks, dict):
                with open(path, "w", opener=lambda *call: os.open(*call, 0o755)) as script:
                    script.write(hooks[name])
            else:
                os.symlink("/bin/true", path)
        command = [*wrap, os.path.join(BIN, program), "--hostname", "mx.example.org"]
        command += ["--listen", listen] if listen else []
        self.process = subprocess.Popen(
            [*command, *options, own or backend],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=dict(os.environ, **(env or {}), **({"ASAN_OPTIONS": "detect_leaks=0"} if wrap else {})),
        )
        self.log = Log(self.process.stderr)
        self.pid = self.process.pid
        self.port = None

    def ready(self):
        self.port = int(re.search(r" port=(\d+)", self.log.wait("msg=listening"))[1])
        return self

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        for pid in self.sessions():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        for client in self.clients:
            client.close()
        if kind:
            self.log.thread.join(PATIENCE)
            print("\n".join(self.log.lines[-40:]), file=sys.stderr)
        # What a session that was killed had started may still be writing.
        shutil.rmtree(self.directory, ignore_errors=True)

    def connect(self, source="127.0.0.1"):
        return self.keep(socket.create_connection(("127.0.0.1", self.port), PATIENCE, (source, 0)))

    def keep(self, connection):
        """A client on a connection, which stays open while the server is there."""
        self.clients.append(Client(connection))
        return self.clients[-1]

    def sessions(self):
        """The processes of sessions: the loop's children."""
        return children(self.pid)

    def signal(self, number):
        self.process.send_signal(number)

    def exit(self):
        return self.process.wait(PATIENCE)


class Client:
    def __init__(self, connection):
        self.socket = connection
        self.file = connection.makefile("rb")

    def line(self):
        return self.file.readline().decode()

    def say(self, command):
        self.socket.sendall(command.encode() + b"\r\n")
        return self.line()

    def close(self):
        self.file.close()
        self.socket.close()

    def rest(self):
        """All that comes until the server closes, in whatever manner."""
        try:
            return self.file.read().decode()
        except ConnectionResetError:
            return ""


def served(client):
    greeting = client.line()
    assert greeting.startswith(("220 ", "+OK ")), greeting
    return client


def title(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as text:
        return text.read().rstrip(b"\0").decode()


def eventually(condition, what):
    """For facts of the kernel that nobody announces. Returns what the condition came to."""
    deadline = time.monotonic() + PATIENCE
    while not (fact := condition()):
        assert time.monotonic() < deadline, what
        os.sched_yield()
    return fact
