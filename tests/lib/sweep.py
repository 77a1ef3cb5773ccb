# SPDX-License-Identifier: ISC
"""sweep - makes the system calls of one event fail, or kills the program at them, one after the other."""
import re

ERRORS = "ENOSPC EDQUOT EIO EMFILE ENOMEM EINTR".split()


class Sweep:
    """What the stores have in common. `root` holds the file `trace` of each run."""

    LEFT_OUT = frozenset()  # calls without a way to fail, or the sanitizers' own

    def run(self, *options):
        """The event under strace with these options; the exit code, None when there was no answer."""
        raise NotImplementedError

    def check(self, status, what):
        """The promises after a run."""
        raise NotImplementedError

    def failed_call(self, call, status, what):
        """Between a run with an error and its check."""

    def calls(self):
        """Each system call of an undisturbed run with the number of its occurrence."""
        assert self.run() == 0
        self.check(0, "undisturbed")
        seen, started = {}, False
        with open(self.root + "/trace", encoding="ascii", errors="replace") as trace:
            for line in trace:
                # The first thing that main does; before it nothing of ours runs.
                started = started or "SIGPIPE" in line
                name = re.match(r"\w+", line)
                if not name or name[0] in self.LEFT_OUT:
                    continue
                seen[name[0]] = seen.get(name[0], 0) + 1
                if started:
                    yield name[0], seen[name[0]]

    def errors(self):
        for call, number in list(self.calls()):
            for error in ERRORS:
                status, what = self.run("-e", f"inject={call}:error={error}:when={number}"), f"{call} {number} {error}"
                self.failed_call(call, status, what)
                self.check(status, what)
                yield status

    def kill(self):
        for call, number in list(self.calls()):
            status = self.run("-e", f"inject={call}:signal=KILL:when={number}")
            self.check(status, f"{call} {number} killed")
            yield status

    def report(self, kind):
        """Goes through all of `errors` or `kill`, and says how many there were."""
        statuses = list(getattr(self, kind)())
        failed = sum(status != 0 for status in statuses)
        print(f"{len(statuses)} runs, {failed} of them no success")
        # A sweep in which nothing fails has injected nothing.
        assert len(statuses) > 20 and failed > len(statuses) / 4, (len(statuses), failed)
