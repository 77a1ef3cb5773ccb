# SPDX-License-Identifier: ISC
"""servers.py - starts and stops what is measured: our programs, the limits and the peers.

start(NAME, Case) gives a running Server. Each runs on a free port of the loopback interface with a fresh directory
of its own, as an unprivileged user where it can be one; all processes that come of it become ours (subreaper), so
that the time they took is known when they have ended.
"""
import contextlib
import ctypes
import os
import resource
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass

import peers
from place import (BIN, LIBEXEC, OWNER, REPOSITORY, SWITCH, Missing, maildirs, named, tcpserver, tool, write)

PR_SET_CHILD_SUBREAPER = 36
PATIENCE = 30


@dataclass
class Case:
    """What a server has to be: its protocol, what is behind it, and the maildrop that it serves."""
    protocol: str
    behind: str = "sink"  # sink: a program that reads the message; durable: a Maildir; check: sink, users checked
    maildrop: str = ""  # of u0, to be served
    users: int = 1


def become_subreaper():
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children(pid):
    """All processes below this one."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                below = [int(number) for number in file.read().split()]
        except OSError:
            continue
        for child in below:
            found.append(child)
            try:
                found += children(child)
            except OSError:
                continue
    return found


def pss(pid):
    """KiB of memory, shared pages counted by their share; 0 for a process that is gone."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    except OSError:
        return 0


def cpu_of_ended():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, name, directory, port, command):
        self.name, self.directory, self.port = name, directory, port
        self.address = f"127.0.0.1:{port}"
        self.before = cpu_of_ended()
        self.others = 0  # CPU seconds of processes that ended since and were not the server's
        self.log = open(os.path.join(directory, "log"), "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        cwd=directory, start_new_session=True)
        self.await_port()

    def await_port(self):
        until = time.monotonic() + PATIENCE
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as probe:
                    if probe.recv(1):
                        return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise Missing(f"{self.name} did not start: see {self.directory}/log")
            time.sleep(0.02)

    def processes(self):
        """Those below the one that listens."""
        return children(self.process.pid)

    def stop(self):
        """Ends it and all that is left of it; the CPU seconds of all that ended since it was started."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        # Orphans are ours now. Some need a moment to end by themselves.
        until = time.monotonic() + 1
        send = signal.SIGTERM
        while left := children(os.getpid()):
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                break
            if time.monotonic() > until:
                send = signal.SIGKILL
            for pid in left if send else []:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, send)
            send = None
            time.sleep(0.01)
        self.log.close()
        return cpu_of_ended() - self.before


def as_owner():
    return ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups"] if SWITCH else []


def backend(directory, case):
    """A backend directory for our programs."""
    path = os.path.join(directory, "backend")
    os.mkdir(path)
    if case.behind in ("durable", "check", "maildrop"):
        write(os.path.join(path, "env"), f"MAILDIR={maildirs(directory, case)}/%n\n")
        os.symlink(os.path.join(LIBEXEC, "maildir-store"), os.path.join(path, "serve"))
    if case.behind in ("sink", "check"):
        named(path, "deliver")
    if case.behind == "maildrop":
        named(path, "auth")
    return path


def session(directory, case, *options):
    command = [os.path.join(BIN, f"{case.protocol}-session"), "--hostname", "mx.example.org", "--log-level", "warning"]
    if case.protocol != "pop3":
        command += ["--size-limit", "1G"]
    if case.behind == "sink" and case.protocol == "smtp":
        command += ["--accept-domain", "example.org"]
    return [*command, *options, backend(directory, case)]


def mail_session(directory, port, case, sandbox="on"):
    return tcpserver(port, *session(directory, case, f"--sandbox={sandbox}"))


def mail_session_off(directory, port, case):
    return mail_session(directory, port, case, "off")


def mail_session_loop(directory, port, case):
    return as_owner() + session(directory, case, "--listen", f"127.0.0.1:{port}", "--max-per-source", "0")


def canned(directory, case):
    """The program that plays the protocol, and what it runs."""
    if case.protocol == "pop3":
        return [tool("limit-pop3"), named(directory, "list")]
    if case.behind == "durable":
        return [tool("limit-smtp"), case.protocol, named(directory, "durable"), maildirs(directory, case) + "/u0"]
    return [tool("limit-smtp"), case.protocol, named(directory, "deliver")]


def limit(directory, port, case):
    return as_owner() + [tool("limit-accept"), str(port), *canned(directory, case)]


def limit_tcpserver(directory, port, case):
    return tcpserver(port, *canned(directory, case))


def systemd(directory, port, case):
    return [os.path.join(REPOSITORY, "tests/bench/systemd"), str(port), backend(directory, case)]


STARTERS = {
    "mail-session": mail_session,
    "mail-session, sandbox off": mail_session_off,
    "mail-session, own loop": mail_session_loop,
    "limit": limit,
    "limit under tcpserver": limit_tcpserver,
    "systemd": systemd,
    **peers.STARTERS,
}


def start(name, case, directory):
    """Starts it with an empty directory of its own."""
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory, mode=0o755)
    port = free_port()
    return Server(name, directory, port, STARTERS[name](directory, port, case))
