# SPDX-License-Identifier: ISC
"""tracer - kills a process at its n-th system call, and waits for the end of everything.

The caller becomes the parent of all that the processes it starts leave behind, so that a test knows
when nothing runs any more.
"""
import ctypes
import os
import signal
import sys
import time

PATIENCE = 90  # seconds; what a session leaves behind is gone in milliseconds

PR_SET_CHILD_SUBREAPER = 36
TRACE_CONT, TRACE_SYSCALL, TRACE_SEIZE, TRACE_INTERRUPT, TRACE_LISTEN = 7, 24, 0x4206, 0x4207, 0x4208
OPTIONS_SYSCALL = 1
OPTIONS_CHILDREN = 2 | 4 | 8  # fork, vfork, clone
EVENT_STOP = 128
WAIT_ALL = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def adopt_orphans():
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def ptrace(request, pid, data=0):
    """False when the process is gone, as one may be at any time."""
    return libc.ptrace(request, pid, None, ctypes.c_void_p(data)) == 0


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def sleeps(pid):
    """Does it wait for something to happen?"""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] == "S"


def descendants(pid):
    for child in children(pid):
        yield child
        yield from descendants(child)


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def alarm(*_):
    raise TimeoutError(f"these do not end: {[(pid, title(pid)) for pid in descendants(os.getpid())]}")


def title(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode("latin-1").strip()
    except OSError:
        return "gone"


class Patience:
    """A block that may take so long and no longer."""

    def __init__(self, seconds=PATIENCE):
        self.seconds = seconds

    def __enter__(self):
        signal.signal(signal.SIGALRM, alarm)
        signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *_):
        signal.setitimer(signal.ITIMER_REAL, 0)


def wait_all():
    """Waits until there is no process left: {pid: status}."""
    ended = {}
    with Patience():
        while True:
            try:
                pid, status = os.waitpid(-1, WAIT_ALL)
            except ChildProcessError:
                return ended
            ended[pid] = status


def end_all():
    """For the end of a test that failed."""
    deadline = time.monotonic() + PATIENCE
    while (left := list(descendants(os.getpid()))) and time.monotonic() < deadline:
        for pid in left:
            kill(pid)
        try:
            while os.waitpid(-1, os.WNOHANG | WAIT_ALL)[0]:
                pass
        except ChildProcessError:
            return


class Trace:
    """Traces `pid`, what it starts from now on, or both, as far as the n-th stop at a system call.

    Each call has two stops: before the kernel does it and after. Where tracing is not allowed the test is over."""

    def __init__(self, pid, itself=True, children=False):
        self.pid, self.itself, self.children, self.stops = pid, itself, children, 0
        options = OPTIONS_SYSCALL | (OPTIONS_CHILDREN if children else 0)
        if not ptrace(TRACE_SEIZE, pid, options):
            print("kernel:", os.strerror(ctypes.get_errno()))
            sys.exit(0)
        assert ptrace(TRACE_INTERRUPT, pid)

    def kill_at(self, number):
        """Lets all run to its end, and kills at stop `number` (None: nothing). {pid: status}, as wait_all."""
        ended = {}
        with Patience():
            while True:
                try:
                    pid, status = os.waitpid(-1, WAIT_ALL)
                except ChildProcessError:
                    return ended
                if os.WIFSTOPPED(status):
                    self.stopped(pid, os.WSTOPSIG(status), status >> 16, number)
                else:
                    ended[pid] = status

    def stopped(self, pid, number, event, at):
        wanted = self.itself if pid == self.pid else self.children
        pass_on = 0
        if number == signal.SIGTRAP | 0x80:
            self.stops += 1
            if self.stops == at:
                kill(pid)
                return
        elif event == 0:
            pass_on = number
        elif event == EVENT_STOP and number not in (signal.SIGTRAP, signal.SIGSTOP):
            ptrace(TRACE_LISTEN, pid)
            return
        count_on = wanted and (at is None or self.stops < at)
        ptrace(TRACE_SYSCALL if count_on else TRACE_CONT, pid, pass_on)
