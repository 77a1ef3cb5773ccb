#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""passwd - a kill -9 at each system call of `passwd-auth set`, or of what it starts.

    tests/lib/passwd.py FILE itself|children
"""
import os
import subprocess
import sys

import tracer

PROGRAM = os.path.abspath(os.environ.get("BUILD", "build") + "/bin/passwd-auth")
OLD = b"bob:{PLAIN}x:5:6::/h\njo:{PLAIN}old\njo:{SCRAM-SHA-256}1,a,b,c\nzoe:{PLAIN}z\n"


def set_password(path, whose, at):
    """The stops that were seen, and whether the new password is in place."""
    with open(path, "wb") as file:
        file.write(OLD)
    os.chmod(path, 0o640)
    # A sanitizer cannot look for leaks in a process that is traced.
    process = subprocess.Popen([PROGRAM, "set", "jo"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               env={"PASSWD_FILE": path, "PATH": os.environ["PATH"], "ASAN_OPTIONS": "detect_leaks=0"})
    trace = tracer.Trace(process.pid, itself=whose == "itself", children=whose == "children")
    process.stdin.write(b"new\n")
    process.stdin.close()
    ended = trace.kill_at(at)
    process.returncode = 0  # it is reaped
    with open(path, "rb") as file:
        found = file.read()
    lines = found.splitlines()
    changed = found != OLD
    # The old file or the whole new one: both lines of jo's, everybody else's as they were.
    assert not changed or (len(lines) == 4 and lines[1].startswith(b"jo:$y$") and lines[2].startswith(b"jo:{SCRAM-SHA-256}4096,")
                           and [lines[0], lines[3]] == [OLD.splitlines()[0], OLD.splitlines()[3]]), (at, found)
    assert os.stat(path).st_mode & 0o777 == 0o640
    assert changed or ended[process.pid] != 0, (at, ended)
    for name in os.listdir(os.path.dirname(path)):
        if name != os.path.basename(path):
            # Only a killed change leaves one behind, and nobody takes it for the file.
            assert at is not None and name.startswith("."), name
            os.unlink(os.path.join(os.path.dirname(path), name))
    return trace.stops, changed


def main():
    tracer.adopt_orphans()
    path, whose = sys.argv[1:]
    last, changed = set_password(path, whose, None)
    assert changed and last > 10, last
    outcomes = [set_password(path, whose, at)[1] for at in range(1, last + 1)]
    print(f"{last} moments, {sum(outcomes)} new files")
    assert not outcomes[0] and sum(outcomes) < last


main()
