#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""deliveries.py - one message for many recipients in LMTP, one test a function; tests/deliveries.bats names them.

    tests/lib/deliveries.py NAME

The backend is this file itself: as B/deliver, as B/serve, or behind B/serve as a unix socket. It notes when a
delivery begins and ends, waits where the recipient has a gate, and dies for the recipient "die".
"""
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
sys.dont_write_bytecode = True

KINDS = ("exec", "serve", "socket")


# ---- the backend ----

def note(root, word, local):
    fd = os.open(f"{root}/events", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, f"{word} {local}\n".encode())
    os.close(fd)


def deliver(root, recipient):
    """The exit code, and what is printed."""
    local = recipient.partition("@")[0]
    note(root, "begin", local)
    if local == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    gate = f"{root}/gate.{local}"
    if os.path.exists(gate):
        with open(gate, encoding="ascii") as file:
            file.read()
    note(root, "end", local)
    return (67, "550 5.1.1 no such user\n") if local == "nobody" else (0, f"kept for {local}\n")


def serve(root, into, out):
    out.write(b"hello=1\nevents=deliver\n\n")
    out.flush()
    while True:
        call = {}
        for line in iter(into.readline, b"\n"):
            if not line:
                return
            key, _, value = line[:-1].partition(b"=")
            call[key.decode()] = value.decode()
        into.read(int(call.get("envelope", 0)) + int(call.get("length", 0)))
        code, text = deliver(root, call["RECIPIENT"])
        out.write(b"exit=%d\nlength=%d\n\n%s" % (code, len(text), text.encode()))
        out.flush()


def as_backend(name):
    root = os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[0])))
    if name == "deliver":
        code, text = deliver(root, os.environ["RECIPIENT"])
        sys.stdout.write(text)
        sys.exit(code)
    serve(root, os.fdopen(0, "rb"), os.fdopen(1, "wb"))


# ---- the tests ----

class Backend:
    """A backend directory of one kind, its store, and a session over it."""

    def __init__(self, kind, *options):
        self.kind, self.options, self.store = kind, options, None
        self.root = tempfile.mkdtemp(prefix="deliveries.")
        self.dir = f"{self.root}/backend"
        os.mkdir(self.dir)
        name = "deliver" if kind == "exec" else "serve"
        if kind == "socket":
            self.listen()
        else:
            with open(__file__, encoding="utf-8") as file:
                self.write(name, file.read())

    def write(self, name, text):
        with open(f"{self.dir}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(f"{self.dir}/{name}", 0o755)

    def listen(self):
        """A store that forks for each connection."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{self.dir}/serve")
        os.chmod(f"{self.dir}/serve", 0o755)
        listener.listen(100)
        self.store = os.fork()
        if self.store == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            while True:
                connection, _ = listener.accept()
                if os.fork() == 0:
                    serve(self.root, connection.makefile("rb"), connection.makefile("wb"))
                    os._exit(0)
                connection.close()
        listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.store:
            os.kill(self.store, signal.SIGKILL)
            os.waitpid(self.store, 0)
        subprocess.run(["rm", "-rf", self.root], check=True)

    def gate(self, *locals_):
        for local in locals_:
            os.mkfifo(f"{self.root}/gate.{local}")

    def open(self, local):
        """Lets a delivery go on that waits, or will."""
        with open(f"{self.root}/gate.{local}", "w", encoding="ascii"):
            pass

    def events(self, word):
        try:
            with open(f"{self.root}/events", encoding="ascii") as file:
                return [line.split()[1] for line in file if line.startswith(word)]
        except FileNotFoundError:
            return []

    def session(self):
        from sessions import BIN, Session
        return Session([f"{BIN}/lmtp-session", "--hostname=mx.example", "--accept-domain=x.example",
                        f"--spool-dir={self.root}", *self.options, self.dir])


def transaction(*locals_):
    return b"MAIL FROM:<s@b.example>\r\n%sDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n" % b"".join(
        b"RCPT TO:<%s@x.example>\r\n" % local.encode() for local in locals_)


def wait_for(what, why):
    deadline = time.monotonic() + 90
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.01)


def codes(received):
    """What came behind the last 354: the code and last word of each reply."""
    lines = received.rpartition(b"\r\n354 ")[2].decode().split("\r\n")[1:-1]
    return [(line[:3], line.split()[-1]) for line in lines]


def finish(session):
    session.send(b"QUIT\r\n")
    received = session.rest()
    session.close()
    end(session)
    return received


def end(session):
    assert os.waitpid(session.pid, 0)[1] == 0, session.logged()


def in_parallel():
    """Four run at once, end in the opposite order, and are answered in their own."""
    for kind in KINDS:
        with Backend(kind, "--parallel-deliveries=4") as backend:
            backend.gate("u1", "u2", "u3", "u4")
            session = backend.session()
            session.send(b"LHLO a.example\r\n" + transaction("u1", "u2", "u3", "u4", "u5", "nobody"))
            wait_for(lambda: len(backend.events("begin")) == 4, "four did not begin at once")
            for local in ("u4", "u3", "u2", "u1"):
                backend.open(local)
                wait_for(lambda: local in backend.events("end"), f"{local} did not end")
            got = codes(finish(session))
            assert got[:6] == [("250", f"u{number}") for number in range(1, 6)] + [("550", "user")], (kind, got)
            assert sorted(backend.events("begin")) == ["nobody", "u1", "u2", "u3", "u4", "u5"], kind


def answered_at_once():
    """The first reply does not wait for the second recipient."""
    for kind in KINDS:
        for parallel in ("1", "2"):
            with Backend(kind, f"--parallel-deliveries={parallel}") as backend:
                backend.gate("u2")
                session = backend.session()
                session.send(b"LHLO a.example\r\n" + transaction("u1", "u2"))
                session.until("^250 2.0.0 kept for u1")
                assert b"for u2" not in session.received
                backend.open("u2")
                session.until("^250 2.0.0 kept for u2")
                finish(session)


def one_dies():
    """A co-process that is killed costs its recipient a 451 and nobody else anything; the next message has a new one."""
    for kind in KINDS:
        with Backend(kind, "--parallel-deliveries=3") as backend:
            session = backend.session()
            session.send(b"LHLO a.example\r\n" + transaction("u1", "die", "u3", "u4", "u5", "u6"))
            session.until("^250 2.0.0 kept for u6")
            assert [code for code, _ in codes(session.received)] == ["250", "451", "250", "250", "250", "250"], kind
            session.send(transaction("u7", "u8", "u9"))
            session.until("^250 2.0.0 kept for u9")
            assert [code for code, _ in codes(session.received)] == ["250"] * 3, kind
            finish(session)


def refuses_to_start():
    """A store of which there can be one only is one store for all; one that never starts is 451 for everybody."""
    with Backend("serve", "--parallel-deliveries=4") as backend:
        os.rename(f"{backend.dir}/serve", f"{backend.dir}/command-REAL")
        backend.write("serve", f'#!/bin/sh\nmkdir "{backend.root}/only" || exit 1\nexec "{backend.dir}/command-REAL"\n')
        session = backend.session()
        session.send(b"LHLO a.example\r\n" + transaction("u1", "u2", "u3", "u4"))
        assert [code for code, _ in codes(finish(session))[:4]] == ["250"] * 4
    with Backend("serve", "--parallel-deliveries=4") as backend:
        backend.write("serve", "#!/bin/sh\nexit 1\n")
        session = backend.session()
        session.send(b"LHLO a.example\r\nMAIL FROM:<>\r\n" + b"RCPT TO:<u@x.example>\r\n" * 5 + b"DATA\r\n")
        received = finish(session)
        assert received.count(b"\r\n451 4.3.0 ") == 5 and b"\r\n503 5.5.1 " in received, received


def rewritten():
    """:recipient changes where a message goes, not which replies there are."""
    with Backend("exec", "--parallel-deliveries=2") as backend:
        backend.write("rcpt", '#!/bin/sh\ncase $RECIPIENT in a@*) echo ":recipient z@x.example" ;; no@*) exit 67 ;; esac\n')
        session = backend.session()
        session.send(b"LHLO a.example\r\n" + transaction("a", "no", "a", "b"))
        assert codes(finish(session))[:3] == [("250", "z"), ("250", "z"), ("250", "b")]
        # Nothing is made of the refusal: no bounce, no notification.
        assert sorted(backend.events("begin")) == ["b", "z", "z"]


def gone_client():
    """What has begun is finished, and once; what has not may be dropped."""
    for kind in KINDS:
        with Backend(kind, "--parallel-deliveries=2") as backend:
            backend.gate("u1", "u2")
            session = backend.session()
            session.send(b"LHLO a.example\r\n" + transaction("u1", "u2", "u3", "u4"))
            wait_for(lambda: len(backend.events("begin")) == 2, "two did not begin")
            session.close()
            backend.open("u1")
            backend.open("u2")
            end(session)
            begun = sorted(backend.events("begin"))
            assert begun[:2] == ["u1", "u2"] and len(begun) == len(set(begun)), begun
            assert sorted(backend.events("end")) == begun, kind


def many():
    """10,000 recipients take ten times as much time of the processor as 1,000, and a client that does not read costs no
    memory."""
    from tracer import children
    took = {}
    with Backend("serve", "--max-recipients=10000", "--parallel-deliveries=2", "--idle-timeout=300") as backend:
        session = backend.session()
        session.greeting()
        for count in (1000, 10000):
            locals_ = [f"{number:05}{'x' * 50}" for number in range(count)]
            session.send(b"LHLO a.example\r\nMAIL FROM:<s@b.example>\r\n")
            feed(session, transaction(*locals_).partition(b"\r\n")[2], count)
            began = spent(session)
            before = peak(session.pid)
            session.send(b".\r\n")
            wait_for(lambda: len(backend.events("end")) >= 10, "no delivery ends")
            session.until(f"kept for {locals_[-1]}")
            took[count] = spent(session) - began
            assert peak(session.pid) < before + 2048, (count, before, peak(session.pid))
            os.unlink(f"{backend.root}/events")
            session.received = b""
        assert len(children(session.pid)) == 3
        finish(session)
    assert took[10000] < took[1000] * 10 * 3, took


def spent(session):
    """Nanoseconds that runner and parser were on a processor, which is about the same however many others want it."""
    ran = 0
    for pid in (session.pid, session.parser):
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
            ran += int(file.read().split()[0])
    return ran


def feed(session, octets, count):
    """RCPT after RCPT, and the replies meanwhile; up to the content, without its end."""
    lines = octets[:-len(b".\r\n")]
    sender = threading.Thread(target=session.send, args=(lines,))
    sender.start()
    session.until("^354 ")
    sender.join()
    assert session.received.count(b"\r\n250 2.1.5") >= count
    session.received = b""


def peak(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))


if os.path.basename(sys.argv[0]) in ("deliver", "serve", "command-REAL"):
    as_backend(os.path.basename(sys.argv[0]))
else:
    globals()[sys.argv[1]]()
