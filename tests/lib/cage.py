#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""cage.py - the sandbox of the parser of a real session; tests/sandbox.bats names the tests.

    tests/lib/cage.py TEST [ARGUMENT ...]

Each test is a function. What an old kernel lacks is taken away by a seccomp filter around the program.
"""
import ctypes
import os
import platform
import re
import socket
import struct
import sys

import tracer
from sessions import LOGIN, SANITIZED, Mailbox

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2
SECCOMP = {"x86_64": 317, "aarch64": 277}.get(platform.machine(), 317)
LANDLOCK_CREATE_RULESET = 444
SET_MODE_FILTER = 1
ENOSYS, EPERM = 38, 1


def without(*calls):
    """For a child before exec: each (number, errno) fails from now on, or (number, errno, n) if called with n first."""
    program = []
    for number, error, *first in calls:
        program.append((0x20, 0, 0, 0))  # load the number
        program.append((0x15, 0, 3 if first else 1, number))
        if first:
            program.append((0x20, 0, 0, 16))  # load the argument
            program.append((0x15, 0, 1, first[0]))
        program.append((0x06, 0, 0, 0x00050000 | error))
    program.append((0x06, 0, 0, 0x7fff0000))

    def enter():
        code = b"".join(struct.pack("HBBI", *step) for step in program)
        text = ctypes.create_string_buffer(code)
        fprog = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(text)))
        libc = ctypes.CDLL(None)
        assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        assert libc.prctl(PR_SET_SECCOMP, FILTER, fprog, 0, 0) == 0
    return enter


NO_LANDLOCK = (LANDLOCK_CREATE_RULESET, ENOSYS)
NO_SECCOMP = (SECCOMP, ENOSYS)


def fact(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        found = re.search(rf"^{name}:\s+(\S+)$", file.read(), re.M)
    return found and found[1]


def descriptors(pid):
    """What each descriptor of a process is. Only root may look into one that is in the cage."""
    if not os.access(f"/proc/{pid}/fd", os.R_OK | os.X_OK):
        print("kernel: no look into the parser for this user")
        sys.exit(0)
    return {int(fd): os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}


def kinds(pid):
    return {fd: re.sub(r":\[\d+\]", "", path) for fd, path in descriptors(pid).items()}


def finish(session):
    session.send(b"QUIT\r\n")
    session.rest()
    assert session.end() == 0, session.logged()
    session.close()


def lacks(session):
    return [line for line in session.logged().splitlines() if "sandbox" in line]


def parser(protocol):
    """The parser of a running session, as the kernel sees it, from the greeting on and to the end."""
    inherited = [os.dup(0) for _ in range(20)]
    with Mailbox(protocol, "serve") as mailbox:
        session = mailbox.start(pass_fds=inherited).greeting()
        pid = session.parser
        if SANITIZED:
            finish(session)
            return
        assert fact(pid, "Seccomp") == "2" and fact(pid, "Seccomp_filters") == "1" and fact(pid, "NoNewPrivs") == "1"
        # The runner has no cage: what it runs may change users.
        assert fact(session.pid, "Seccomp") == "0" and fact(session.pid, "NoNewPrivs") == "0"
        assert kinds(pid) == {0: "socket", 1: "socket", 2: "/dev/null", 3: "socket", 4: "pipe"}, kinds(pid)
        ours = descriptors(pid)
        assert ours[0] == ours[1]
        if protocol == "pop3":
            session.send(LOGIN)
            session.until("([+]OK[^\n]*\n){3}")
        else:
            session.send(b"LHLO x\r\n" if protocol == "lmtp" else b"EHLO x\r\n")
            session.until("^250 ")
        assert {fd: path for fd, path in descriptors(pid).items() if fd < 5} == ours
        # Beside these no more than the listing of a maildrop, which is an unnamed file.
        more = {fd: path for fd, path in descriptors(pid).items() if fd >= 5}
        assert len(more) <= (protocol == "pop3") and all("(deleted)" in path for path in more.values()), more
        # The client's connection is the parser's alone: when that ends, so does the connection.
        assert ours[0] not in descriptors(session.pid).values(), descriptors(session.pid)
        assert not lacks(session), session.logged()
        finish(session)


def traced():
    """--trace is one descriptor more, and files of the client's are written all the same."""
    with Mailbox("smtp", "serve") as mailbox:
        mailbox.options = [f"--trace={mailbox.root}/trace"]
        session = mailbox.start().greeting()
        assert SANITIZED or descriptors(session.parser)[5] == mailbox.root + "/trace", descriptors(session.parser)
        assert SANITIZED or fact(session.parser, "Seccomp") == "2"
        finish(session)
        with open(mailbox.root + "/trace", encoding="ascii") as file:
            assert "C: QUIT" in file.read()


def off():
    with Mailbox("smtp", "serve", ["--sandbox=off"]) as mailbox:
        session = mailbox.start().greeting()
        assert fact(session.parser, "Seccomp") == "0" and fact(session.parser, "NoNewPrivs") == "0"
        finish(session)
        assert not lacks(session), session.logged()


def old_kernel(protocol):
    """Hardening 85: `on` serves and says in one line what is lacking, `require` refuses, `off` says nothing."""
    words = {"Landlock": [NO_LANDLOCK], "seccomp": [NO_SECCOMP], '"seccomp and Landlock"': [NO_LANDLOCK, NO_SECCOMP]}
    for word, calls in words.items():
        with Mailbox(protocol, "serve") as mailbox:
            mailbox.options = ["--sandbox=on"]
            session = mailbox.start(preexec_fn=without(*calls)).greeting()
            # The filter around is one, ours another.
            assert SANITIZED or fact(session.parser, "Seccomp_filters") == ("2" if word == "Landlock" else "1")
            finish(session)
            assert len(lacks(session)) == 1, session.logged()
            assert SANITIZED or re.search(rf"level=warning .*lacks={word}$", lacks(session)[0]), session.logged()

            mailbox.options = ["--sandbox=require"]
            session = mailbox.start(preexec_fn=without(*calls))
            said = session.rest()
            assert session.end() == 78, session.logged()
            refusal = rb"-ERR [^\r]+\r\n" if protocol == "pop3" else rb"421 mx\.example\.org [^\r]+\r\n"
            assert re.fullmatch(refusal, said), said
            assert re.search(r"level=error .*(kernel lacks|sanitizer)", session.logged()), session.logged()

            mailbox.options = ["--sandbox=off"]
            session = mailbox.start(preexec_fn=without(*calls)).greeting()
            finish(session)
            assert not lacks(session), session.logged()


def required():
    """On a kernel that has everything `require` changes nothing."""
    with Mailbox("smtp", "serve", ["--sandbox=require"]) as mailbox:
        session = mailbox.start()
        if SANITIZED:
            session.rest()
            assert session.end() == 78
            return
        session.greeting()
        assert fact(session.parser, "Seccomp") == "2"
        finish(session)


def refused_filter():
    """A kernel that offers seccomp and then refuses the filter: nothing of a client's is read outside of the cage."""
    if SANITIZED:
        return
    for mode in ("on", "require"):
        with Mailbox("smtp", "serve", [f"--sandbox={mode}"]) as mailbox:
            session = mailbox.start(preexec_fn=without((SECCOMP, EPERM, SET_MODE_FILTER)))
            session.send(b"QUIT\r\n")
            assert re.fullmatch(rb"220 [^\r]+\r\n", session.rest()), session.received
            session.end()
            assert "the parser ended badly" in session.logged(), session.logged()


def loop():
    """An accept loop says once what is lacking, not for each of its sessions."""
    with Mailbox("smtp", "serve") as mailbox:
        path = mailbox.root + "/socket"
        mailbox.options = [f"--listen=unix:{path}"]
        with open(os.devnull, "rb") as null:
            server = mailbox.start(stdin=null, stdout=null, preexec_fn=without(NO_LANDLOCK))
        with tracer.Patience():
            while "msg=listening" not in server.logged():
                os.sched_yield()
        for _ in range(3):
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(tracer.PATIENCE)
                client.connect(path)
                assert client.recv(1000).startswith(b"220 ")
                client.sendall(b"QUIT\r\n")
                while client.recv(1000):
                    pass
        os.kill(server.pid, 15)
        assert server.end() == 0
        assert len(lacks(server)) == 1, server.logged()


def main():
    tracer.adopt_orphans()
    globals()[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
