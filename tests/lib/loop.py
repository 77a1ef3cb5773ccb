#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""loop.py - tests of the accept loop, one a function; tests/loop.bats names them.

    tests/lib/loop.py NAME

Each starts a program of $BUILD/bin on a free port, waits for what it logs, and drives
it over sockets and signals. Exit status 0 when all that it asserts holds.
"""

import contextlib
import os
import re
import resource
import select
import signal
import socket
import struct
import sys
import tempfile
import time

from server import PATIENCE, SANITIZED, Manager, Server, descendants, eventually, served, title

# ---- limits ----


def per_source():
    """Hardening 51: one address takes its share and no more, and others do not notice."""
    with Server("--max-per-source", "20").ready() as server:
        began = time.monotonic()
        crowd = [server.connect() for _ in range(200)]
        greetings = [client.line() for client in crowd]
        assert greetings[:20] == ["220 mx.example.org ESMTP\r\n"] * 20, greetings[:20]
        assert set(greetings[20:]) == {"421 mx.example.org too many connections from your address\r\n"}
        assert not any(client.rest() for client in crowd[20:])
        served(server.connect("127.0.0.2"))
        assert server.connect().line().startswith("421 ")
        # A place that becomes free is given away.
        assert crowd[0].say("QUIT").startswith("221 ")
        eventually(lambda: len(server.sessions()) == 20, "the session has not ended")
        served(server.connect())
        assert server.log.wait("connection refused.*remote=127.0.0.1")
        # One line a second, of nearly two hundred refusals.
        assert len(server.log.find("connection refused")) < 10 + time.monotonic() - began


def max_connections():
    """Over the limit every protocol has its own words, and the client is closed."""
    words = {"smtp-session": "421 mx.example.org ", "lmtp-session": "421 mx.example.org ", "pop3-session": "-ERR "}
    for program, refusal in words.items():
        with Server("--max-connections", "2", program=program).ready() as server:
            clients = [served(server.connect()) for _ in range(2)]
            late = server.connect("127.0.0.9")
            assert late.line() == f"{refusal}too many connections\r\n"
            assert late.rest() == ""
            clients[0].say("QUIT")
            eventually(lambda: len(server.sessions()) == 1, "the session has not ended")
            served(server.connect("127.0.0.9"))


def connection_rate():
    with Server("--connection-rate", "5", "--max-per-source", "0").ready() as server:
        began = time.monotonic()
        greetings = [client.line()[:4] for client in [server.connect() for _ in range(60)]]
        took = time.monotonic() - began
        assert 5 <= greetings.count("220 ") <= 6 + 5 * took, (took, greetings)
        assert set(greetings) == {"220 ", "421 "}, greetings


def unlimited_source():
    with Server("--max-per-source", "0").ready() as server:
        for client in [server.connect() for _ in range(40)]:
            served(client)


def dual_stack():
    """Hardening 55: one socket for both families, and an IPv4 peer counts and shows as one."""
    with Server("--max-per-source", "1", listen="*:0").ready() as server:
        served(server.connect())
        assert server.connect().line().startswith("421 ")
        assert title(server.sessions()[0]).startswith("smtp-session: 127.0.0.1")
        served(server.keep(socket.create_connection(("::1", server.port), PATIENCE)))


# ---- trouble ----


def crashes():
    """Hardening 54: a thousand sessions crash, many at a time; the counts stay right."""
    with Server("--max-connections", "20", "--max-per-source", "20").ready() as server:
        for _ in range(50):
            clients = [served(server.connect()) for _ in range(20)]
            for pid in server.sessions():
                os.kill(pid, signal.SIGABRT)
            for client in clients:
                client.rest()
                client.close()
            eventually(lambda: not server.sessions(), "a session, or a zombie, is left")
        server.log.wait(f"session failed.*signal={signal.SIGABRT.value}", 1000)
        assert len(server.log.find("session failed")) == 1000
        for client in [server.connect() for _ in range(20)]:
            served(client)


def injected(trace):
    with open(trace, encoding="latin-1") as file:
        return file.read().count("INJECTED")


def accept_errors():
    """Hardening 53: the loop neither ends nor spins when accept(2) fails, and recovers."""
    for error in ("EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "ECONNABORTED", "EPROTO"):
        with tempfile.NamedTemporaryFile() as trace:
            passing = error in ("ECONNABORTED", "EPROTO")  # many of these make a pause, one of the others does
            inject = f"inject=accept4:error={error}:when=1..{40 if passing else 10}"
            strace = ("strace", "-D", "-qq", "-o", trace.name, "-e", "trace=accept4", "-e", inject)
            with Server(wrap=strace).ready() as server:
                began = time.monotonic()
                client = server.connect()
                if not passing:
                    server.log.wait("cannot accept connections")
                    calls = eventually(lambda: (made := injected(trace.name)) >= 5 and made, "no further call")
                    # Five a second.
                    took = time.monotonic() - began
                    assert calls <= 3 + 8 * took, f"{error}: {calls} calls in {took} s"
                served(client)
                assert len(server.log.find("cannot accept")) == 1


def descriptors():
    """Hardening 53: out of descriptors, for real. What else runs makes the loop go on later, but not every time."""
    took = 1
    for _ in range(10):
        if took >= 1:
            took = starved()
    assert took < 1


def starved():
    """How long a client waits once there are descriptors again."""
    with Server().ready() as server:
        usual = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        most = len(os.listdir(f"/proc/{server.pid}/fd"))
        first = served(server.connect())
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (most, usual[1]))
        client = server.connect()
        server.log.wait("cannot accept connections.*file descriptors|open files")
        assert first.say("NOOP").startswith("250 ")
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, usual)
        began = time.monotonic()
        served(client)
        return time.monotonic() - began


def processes():
    """Hardening 53: fork(2) fails: the client is told to come back, the next one is served."""
    strace = ("strace", "-D", "-qq", "-o", "/dev/null", "-e", "trace=fork,clone")
    inject = [f"inject={call}:error=EAGAIN:when=1..2" for call in ("fork", "clone")]
    with Server(wrap=(*strace, "-e", inject[0], "-e", inject[1])).ready() as server:
        for _ in range(2):
            assert server.connect().line().startswith("421 mx.example.org ")
        served(server.connect())
        assert server.log.find("cannot start a session")


def quiet_after_trouble():
    """Hardening 53: a pause that is over costs nothing, though nobody connects after it."""
    with tempfile.NamedTemporaryFile() as trace:
        strace = ("strace", "-D", "-qq", "-o", trace.name, "-e", "trace=fork,clone,poll,ppoll")
        inject = [f"inject={call}:error=EAGAIN:when=1" for call in ("fork", "clone")]
        with Server(wrap=(*strace, "-e", inject[0], "-e", inject[1])).ready() as server:
            assert server.connect().line().startswith("421 mx.example.org ")

            def settled():
                with open(trace.name, encoding="latin-1") as file:
                    calls = file.read().partition("INJECTED")[2].splitlines()
                # The last one waits for whatever comes; or there is no end of them.
                return len(calls) if calls and re.search(r", (-1|NULL, NULL, \d+)$", calls[-1]) or len(calls) > 99 else 0

            calls = eventually(settled, "the loop waits for something else")
            assert calls < 10, f"{calls} calls and more"
            served(server.connect())


def signal_storm():
    """Hardening 48: signals rain on a session's processes, and its replies stay right."""
    with Server().ready() as server:
        client = served(server.connect())
        targets = list(descendants(server.pid))
        storm = (signal.SIGHUP, signal.SIGALRM, signal.SIGPIPE, signal.SIGCHLD)
        for turn in range(2000):
            for pid in targets:
                os.kill(pid, storm[turn % len(storm)])
            assert client.say("NOOP") == "250 2.0.0 OK\r\n"
        os.kill(server.pid, signal.SIGPIPE)
        os.kill(server.pid, signal.SIGALRM)
        assert client.say("QUIT").startswith("221 ")
        served(server.connect())


# ---- the life of a loop ----


def drain():
    """Hardening 70: SIGTERM closes the door, those inside go on, a second one hurries nobody."""
    with tempfile.TemporaryDirectory() as directory:
        manager = Manager(f"{directory}/notify")
        with Server("--drain", "600", env={"NOTIFY_SOCKET": f"{directory}/notify"}).ready() as server:
            client = served(server.connect())
            server.signal(signal.SIGTERM)
            manager.until("STOPPING=1")
            with contextlib.suppress(ConnectionRefusedError):
                raise AssertionError(server.connect())
            server.signal(signal.SIGTERM)
            server.signal(signal.SIGINT)
            assert client.say("NOOP") == "250 2.0.0 OK\r\n"
            assert server.process.poll() is None
            assert client.say("QUIT").startswith("221 ")
            assert server.exit() == 0
            server.log.wait("msg=stopping reason=signal sessions=1")


def drain_ends():
    """SMTP-006: when the drain time is over clients hear 421, and the loop ends with 0."""
    with Server("--drain", "1").ready() as server:
        clients = [served(server.connect()) for _ in range(5)]
        server.signal(signal.SIGTERM)
        for client in clients:
            assert client.rest().startswith("421 "), "no farewell"
        assert server.exit() == 0


def early_term():
    """A SIGTERM that meets sessions just begun: each is greeted, none is lost."""
    for _ in range(20):
        with Server("--drain", "600").ready() as server:
            clients = [server.connect() for _ in range(3)]
            eventually(lambda: server.sessions(), "no session")
            server.signal(signal.SIGTERM)
            for client in clients:
                try:
                    greeting = client.line()
                except ConnectionResetError:
                    continue  # it was still in the queue
                assert greeting.startswith("220 "), greeting
                assert client.say("QUIT").startswith("221 ")
            assert server.exit() == 0
            assert not server.log.find("session failed")


def idle_exit():
    with Server("--idle-exit", "4").ready() as server:
        client = served(server.connect())
        assert not select.select([client.socket], [], [], 6)[0], client.line()
        assert server.process.poll() is None, "left while a session ran"
        client.close()
        assert server.exit() == 0
        server.log.wait("msg=stopping reason=idle sessions=0 served=1")


def reload():
    """SIGHUP: new connections see the new configuration; a bad one changes nothing."""
    with tempfile.TemporaryDirectory() as directory:
        config = f"{directory}/config"
        manager = Manager(f"{directory}/notify")

        def configure(text):
            with open(config, "w") as file:
                file.write(text)

        configure("greeting one\nmax-per-source 1\n")
        environment = {"NOTIFY_SOCKET": f"{directory}/notify"}
        with Server("--config", config, env=environment).ready() as server:
            assert manager.next() == "READY=1\nSTATUS=0 sessions, 0 served"
            first = server.connect()
            assert first.line() == "220 mx.example.org ESMTP one\r\n"
            assert server.connect().line().startswith("421 ")
            configure("greeting two\nmax-per-source 2\n")
            before = time.monotonic_ns() // 1000
            server.signal(signal.SIGHUP)
            stamp = re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)", manager.until("RELOADING"))
            assert before <= int(stamp[1]) <= time.monotonic_ns() // 1000
            assert manager.until("READY=1").startswith("READY=1\nSTATUS=1 sessions, 1 served")
            assert server.connect().line() == "220 mx.example.org ESMTP two\r\n"
            assert first.say("NOOP").startswith("250 ")
            configure("greeting three\nno-such-option 1\n")
            server.signal(signal.SIGHUP)
            manager.until("READY=1")
            server.log.wait("bad configuration, the old one stays.*config.*2.*no-such-option")
            assert server.connect().line().startswith("421 ")
            assert first.say("QUIT").startswith("221 ")
            eventually(lambda: len(server.sessions()) == 1, "the session has not ended")
            assert server.connect().line() == "220 mx.example.org ESMTP two\r\n"


def reload_and_stop():
    """The file of a unix socket goes with the loop, whatever its configuration has become."""
    with tempfile.TemporaryDirectory() as directory:
        config, path = f"{directory}/config", f"{directory}/socket"
        manager = Manager(f"{directory}/notify")
        with open(config, "w") as file:
            file.write(f"listen unix:{path}\n")
        environment = {"NOTIFY_SOCKET": f"{directory}/notify"}
        with Server("--config", config, listen=None, env=environment) as server:
            manager.until("READY=1")
            for greeting in ("first", "second", "third"):
                with open(config, "w") as file:
                    file.write(f"accept-domain {greeting}.example\nlisten unix:{path}.{greeting}\n")
                server.signal(signal.SIGHUP)
                manager.until("READY=1")
            server.signal(signal.SIGTERM)
            assert server.exit() == 0
        assert not os.path.exists(path), "the socket's file is left"


def notify():
    """READY=1 and STATUS= on sockets in the file system and in the abstract name space."""
    with tempfile.TemporaryDirectory() as directory:
        for name in (f"{directory}/notify", f"@mail-session-{os.getpid()}"):
            manager = Manager(name.replace("@", "\0"))
            with Server(env={"NOTIFY_SOCKET": name}).ready() as server:
                assert manager.next() == "READY=1\nSTATUS=0 sessions, 0 served"
                client = served(server.connect())
                manager.until("^STATUS=1 sessions, 1 served$")
                client.say("QUIT")
                manager.until("^STATUS=0 sessions, 1 served$")
                server.signal(signal.SIGTERM)
                assert manager.until("STOPPING=1") == "STOPPING=1\nSTATUS=0 sessions, 1 served"
                assert server.exit() == 0


def titles_of(session):
    return [title(pid) for pid in (session, *descendants(session))]


def titles():
    """ps shows the loop's counts, and of each session the peer and what it is about."""
    with Server(hooks=["mail"]).ready() as server:
        eventually(lambda: title(server.pid) == "smtp-session: listening, 0 sessions, 0 served", "no title of the loop")
        client = served(server.connect("127.0.0.7"))
        eventually(lambda: "1 sessions, 1 served" in title(server.pid), "no count in the title")
        (session,) = server.sessions()
        assert title(session).startswith("smtp-session: 127.0.0.7"), title(session)
        client.say("HELO client.example")
        client.say("MAIL FROM:<secret-sender@example.org>")
        # Replies go out before titles are renewed.
        shown = eventually(lambda: re.search("(?i)mail", str(titles_of(session)[1:])) and titles_of(session), "no state")
        assert len(shown) == 2 and all(text.startswith("smtp-session: 127.0.0.7") for text in shown), shown
        assert not any("secret" in text for text in shown), shown


def no_secret_in_titles():
    """GEN-016: what a client says is no part of a title."""
    with Server(program="pop3-session").ready() as server:
        client = served(server.connect())
        client.say("USER canary")
        client.say("PASS canary")
        shown = [title(pid) for pid in descendants(server.pid)]
        assert len(shown) == 2 and not any("canary" in text for text in shown), shown


def links_of(pid):
    """What the descriptors of a process are; one that it closes meanwhile is none."""
    links = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            links.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
    return links


def inheritance():
    """Hardening 47: a session has its connection and the log, nothing of the loop or of other sessions."""
    with Server().ready() as server:
        clients = [served(server.connect()) for _ in range(3)]
        # The greeting may come before either process is all set up.
        assert all(client.say("NOOP").startswith("250") for client in clients)
        ours = links_of(server.pid) - {"/dev/null", os.readlink(f"/proc/{server.pid}/fd/2")}
        ours = {link for link in ours if not link.startswith("anon_inode:")}
        processes = list(descendants(server.pid))
        assert len(processes) == 6 and ours, (processes, ours)
        for pid in processes:
            eventually(lambda: not links_of(pid) & ours, f"process {pid} keeps what is the loop's")
        # When a session ends its client notices, though others go on.
        os.kill(server.sessions()[0], signal.SIGKILL)
        gone = eventually(lambda: select.select([client.socket for client in clients], [], [], 0)[0], "nobody notices")
        assert len(gone) == 1
        assert all(client.say("NOOP").startswith("250") for client in clients if client.socket not in gone)
        eventually(lambda: len(server.sessions()) == 2, "the session has not ended")


def memory():
    """A hundred idle sessions: what each has for itself stays small."""
    with Server("--max-per-source", "0").ready() as server:
        clients = [served(server.connect()) for _ in range(100)]
        total = 0
        for pid in descendants(server.pid):
            with open(f"/proc/{pid}/smaps_rollup") as rollup:
                text = rollup.read()
            total += sum(int(size) for size in re.findall(r"Private_(?:Dirty|Clean):\s+(\d+)", text))
        assert len(clients) == 100
        # A sanitizer has shadow pages of its own.
        assert SANITIZED or total / 100 < 200, f"{total / 100} KiB a session"


def many_addresses():
    """--listen again and again: every socket is served."""
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/socket"
        with Server("--listen", f"unix:{path}", "--listen", "[::1]:0").ready() as server:
            port = int(re.search(r"port=(\d+)", server.log.wait("address=::1"))[1])
            server.log.wait(f"msg=listening path={path}")
            served(server.connect())
            served(server.keep(socket.create_connection(("::1", port), PATIENCE)))
            local = socket.socket(socket.AF_UNIX)
            local.connect(path)
            served(server.keep(local))
            # A live socket is not taken over; a stale one is.
            with Server(listen=f"unix:{path}") as second:
                assert second.exit() == 75
                second.log.wait("cannot listen on unix:.*Address (already )?in use")
            server.process.kill()
            server.exit()
            for pid in list(server.sessions()):
                os.kill(pid, signal.SIGKILL)
            with Server(listen=f"unix:{path}") as third:
                third.log.wait("msg=listening")
                third.signal(signal.SIGTERM)
                assert third.exit() == 0
            assert not os.path.exists(path), "the socket's file is left"
        with open(path, "w"):
            with Server(listen=f"unix:{path}") as server:
                assert server.exit() == 75
        assert os.path.exists(path), "a file that is no socket was removed"


def reset_clients():
    """Clients that are gone before they are served cost nothing but themselves."""
    with Server("--max-per-source", "0").ready() as server:
        for _ in range(200):
            client = server.connect()
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        served(server.connect())
        eventually(lambda: len(server.sessions()) == 1, "sessions are left")
        assert not server.log.find("session failed")


if __name__ == "__main__":
    globals()[sys.argv[1]]()
