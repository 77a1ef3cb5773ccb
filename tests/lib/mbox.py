# SPDX-License-Identifier: ISC
"""mbox - what mbox-store is tested with: another reader, another delivery program, and faults.

    mbox.py errors|kill deliver|delete PATH-OF-STORE DIRECTORY

makes each system call of a delivery or a deletion fail, or kills the store at it, one after the other. After
each run another program delivers, and then the promises are checked: no message that was to stay is lost,
none is there in part or twice, and success was said only of what was done.
"""
import fcntl
import os
import re
import shutil
import subprocess
import sys

from store import Ended, Store
from sweep import Sweep


def messages(path):
    """The messages of an mbox by the book, without the "From " line and the blank line behind."""
    with open(path, "rb") as file:
        content = file.read()
    if not content:
        return []
    assert content.startswith(b"From "), content[:80]
    starts = [0] + [hit.start() + 1 for hit in re.finditer(rb"(?<=\n)\r?\n(?=From )", content)]
    starts = [content.index(b"From ", start) for start in starts]
    found = []
    for start, end in zip(starts, starts[1:] + [len(content)]):
        text = content[start:end].split(b"\n", 1)[1] if b"\n" in content[start:end] else b""
        text = re.sub(rb"(^|(?<=\n))\r?\n\Z", b"", text)
        found.append(re.sub(rb"(?m)^>(>*From )", rb"\1", text))
    return found


class Lock:
    """What a delivery program holds: fcntl(2), NAME.lock, or both; `wait` for the first."""

    def __init__(self, path, dot=True, wait=True):
        self.path, self.dot, self.wait = path, dot, wait

    def __enter__(self):
        self.file = open(self.path, "ab", buffering=0)
        fcntl.lockf(self.file, fcntl.LOCK_EX | (0 if self.wait else fcntl.LOCK_NB))
        while self.dot:
            try:
                os.close(os.open(self.path + ".lock", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                break
            except FileExistsError:
                assert self.wait
        return self.file

    def __exit__(self, *_):
        if self.dot:
            os.unlink(self.path + ".lock")
        self.file.close()


def append(path, text, **how):
    """Delivers as another program does."""
    with Lock(path, **how) as file:
        file.write(b"From other@example.org Sat Nov 21 13:14:15 2026\n" + text + b"\n")


def listing(argv, **environment):
    """Texts in the order of the listing, and UIDs, by a session that deletes nothing."""
    with Store([*argv, "serve"], **environment) as session:
        code, lines, _ = session.call("list", USER="jo")
        assert code == 0, (code, lines)
        rows = [line.split() for line in lines.decode().splitlines()]
        texts = []
        for name, size, _ in rows:
            code, text, _ = session.call("retrieve", USER="jo", MESSAGE=name)
            assert code == 0, (code, text)
            texts.append(text)
        return texts, [row[2] for row in rows], [row[0] for row in rows]


class Change(Sweep):
    # Without a way to fail, the sanitizers' own, or looks whose failure is trouble without a trace.
    LEFT_OUT = {"execve", "arch_prctl", "set_tid_address", "exit_group", "getpid", "geteuid", "brk", "mprotect",
                "munmap", "set_robust_list", "rseq", "prlimit64", "readlink", "access", "sigaltstack", "sched_getaffinity",
                "gettid", "madvise", "sysinfo", "getcwd", "readlinkat", "rt_sigprocmask", "getsockopt", "rt_sigaction"}
    MARKED = (1, 2, 4)

    def __init__(self, event, store, root):
        self.event, self.store, self.root, self.path = event, store, root, root + "/mail/jo"
        self.environment = {"PATH": os.environ["PATH"], "MBOX": root + "/mail/%n", "ASAN_OPTIONS": "detect_leaks=0"}
        self.texts = [b"Subject: %d\n\n" % number + b"%d 0123456789abcdef\n" % number * size
                      for number, size in enumerate((3, 900, 1, 20000, 5, 9000))]
        self.new = b"Subject: new\n\n" + b"new and then some\n" * 9000

    def fresh(self):
        shutil.rmtree(self.root + "/mail", ignore_errors=True)
        os.mkdir(self.root + "/mail")
        for text in self.texts:
            append_to = open(self.path, "ab")
            with append_to:
                append_to.write(b"From you@example.org Sat Nov 21 13:14:15 2026\n" + text + b"\n")

    def run(self, *options):
        """One event under strace; the exit code, None when there was no answer."""
        self.fresh()
        ids = listing([self.store], **self.environment)[2] if self.event == "delete" else []
        argv = ["strace", "-qq", "-o", self.root + "/trace", *options, self.store, "serve"]
        try:
            with Store(argv, **self.environment) as store:
                if self.event == "deliver":
                    return store.call("deliver", envelope=b"you@example.net\njo\n", body=self.new)[0]
                marked = "".join(ids[number] + "\n" for number in self.MARKED).encode()
                return store.call("delete", USER="jo", body=marked)[0]
        except (Ended, BrokenPipeError, ConnectionResetError):
            return None

    def check(self, status, what):
        other = b"Subject: other\n\nof another program\n"
        # The lock of a killed process names it; other programs know that too.
        with open(self.path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            ended = file.read() == b"\n"
        if os.path.exists(self.path + ".lock"):
            assert status is None, f"{what}: NAME.lock is left"
            with open(self.path + ".lock", encoding="ascii") as file:
                pid = file.read()
            assert not pid or not os.path.exists(f"/proc/{int(pid)}"), what
            os.unlink(self.path + ".lock")
        assert ended or status is None, what
        if ended:
            append(self.path, other, wait=False)
        got = listing([self.store], **self.environment)[0]
        left = set(os.listdir(self.root + "/mail")) - {"jo"}
        assert not left, f"{what}: {left} is left"
        assert messages(self.path) == got, f"{what}: another program reads something else"
        if ended:
            assert got.pop() == other, f"{what}: mail of another program is lost"
        if self.event == "delete":
            rest = [text for number, text in enumerate(self.texts) if number not in self.MARKED]
            # With an error said, some may be left; each is whole and in its place.
            assert set(got) >= set(rest) and (status != 0 or got == rest), (what, status, [text[:30] for text in got])
            assert got == [text for text in self.texts if text in got], what
            return
        assert got[:len(self.texts)] == self.texts, what
        new = got[len(self.texts):]
        if status == 0:
            assert len(new) == 1 and new[0].endswith(self.new), what
        elif status is not None:
            assert not new, f"{what}: exit {status}, but something is left"

    def failed_call(self, call, status, what):
        # The lock cannot be taken away: it is found to be that of a process that is gone.
        if call.startswith("unlink") and os.path.exists(self.path + ".lock"):
            os.unlink(self.path + ".lock")


def main():
    kind, event, store, root = sys.argv[1:]
    Change(event, os.path.abspath(store), os.path.abspath(root)).report(kind)


if __name__ == "__main__":
    main()
