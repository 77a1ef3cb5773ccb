# SPDX-License-Identifier: ISC
"""faults - makes the system calls of a delivery fail, or kills it at them, one after the other.

    faults.py errors|kill exec|serve PATH-OF-STORE DIRECTORY [RECIPIENTS]

Delivers a message by the contract named (with QUOTA_LIMIT of the environment), once for every system call that this takes (and every
error), and after each run checks the promises (hardening 71, 72, 75):

  success said      the whole message is in new/ of every recipient
  an error          success, or exit 75 and nothing is left anywhere
  killed            each new/ holds the whole message or nothing of it
"""
import os
import shutil
import subprocess
import sys

from store import Ended, Store, check_whole, files
from sweep import Sweep

MESSAGE = b"Subject: faults\n\n" + b"0123456789abcdef\n" * 10000


class Delivery(Sweep):
    # Without a way to fail, or the sanitizers' own.
    LEFT_OUT = {"execve", "arch_prctl", "set_tid_address", "exit_group", "getpid", "geteuid", "mmap", "brk", "mprotect",
                "munmap", "set_robust_list", "rseq", "prlimit64", "readlink", "pread64", "access", "newfstatat",
                "sigaltstack", "sched_getaffinity", "gettid", "madvise", "sysinfo", "getcwd", "readlinkat"}

    def __init__(self, contract, store, root, recipients):
        self.contract, self.store, self.root = contract, store, root
        self.users = [f"u{number}@example.org" for number in range(recipients)]
        self.environment = {"PATH": os.environ["PATH"], "MAILDIR": root + "/mail/%d/%n",
                            "ASAN_OPTIONS": "detect_leaks=0"}
        if "QUOTA_LIMIT" in os.environ:
            self.environment["QUOTA_LIMIT"] = os.environ["QUOTA_LIMIT"]
        self.message = root + "/message"
        with open(self.message, "wb") as file:
            file.write(MESSAGE)

    def maildirs(self):
        return [os.path.join(self.root, "mail/example.org", user.split("@")[0]) for user in self.users]

    def fresh(self):
        shutil.rmtree(self.root + "/mail", ignore_errors=True)
        for maildir in self.maildirs():
            for folder in ("new", "cur", "tmp"):
                os.makedirs(os.path.join(maildir, folder))

    def run(self, *options):
        """Delivers under strace; the exit code, None when there was no answer."""
        self.fresh()
        envelope = "".join(line + "\n" for line in ["you@example.org", *self.users]).encode()
        argv = ["strace", "-qq", "-o", self.root + "/trace", *options, self.store]
        if self.contract == "serve":
            try:
                with Store([*argv, "serve"], **self.environment) as store:
                    return store.call("deliver", envelope=envelope, body=MESSAGE)[0]
            except (Ended, BrokenPipeError, ConnectionResetError):
                return None
        with open(self.message, "rb") as message:
            reading, writing = os.pipe()
            os.write(writing, envelope)
            os.close(writing)
            status = subprocess.run(
                ["sh", "-c", 'exec "$@" 3<&%d' % reading, "sh", *argv, "deliver"], stdin=message,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=[reading], timeout=300, check=False,
                env={**self.environment, "MESSAGE_SIZE": str(len(MESSAGE))}).returncode
            os.close(reading)
        return status if status >= 0 and status != 137 else None

    def check(self, status, what):
        new = [path for maildir in self.maildirs() for path in files(maildir, "new")]
        for path in new:
            check_whole(path, MESSAGE)
        if status == 0:
            assert len(new) == len(self.users), f"{what}: success, but only {len(new)} in new/"
        elif status is not None:
            left = [path for maildir in self.maildirs() for path in files(maildir)]
            assert status == 75, f"{what}: exit {status}"
            assert not left, f"{what}: exit 75, but {left} is left"

    def failed_call(self, call, status, what):
        # A co-process that cannot talk any more is a temporary failure to whoever asked.
        broken = self.contract == "serve" and status is None
        assert broken or status is not None, f"{what}: no exit code"


def main():
    kind, contract, store, root = sys.argv[1:5]
    recipients = int(sys.argv[5]) if len(sys.argv) > 5 else 1
    Delivery(contract, os.path.abspath(store), os.path.abspath(root), recipients).report(kind)


main()
