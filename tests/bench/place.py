# SPDX-License-Identifier: ISC
"""place.py - where things are, as whom they run, and what is laid out for all servers alike."""
import os
import shutil
import subprocess

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUILD = os.path.realpath(os.path.join(REPOSITORY, os.environ.get("BUILD", "build")))
BENCH = os.path.join(BUILD, "bench")
STAGE = os.path.join(BUILD, "stage")
BIN = os.path.join(STAGE, "bin")
LIBEXEC = os.path.join(STAGE, "libexec/mail-session")
ROOT = os.geteuid() == 0


def reachable(path):
    """Whether everybody may search the directories down to it."""
    return path == "/" or bool(os.stat(path).st_mode & 0o001) and reachable(os.path.dirname(path))


# Who owns the mail and serves it: nobody else's user, unless that one could not get here.
OWNER = 30000 if ROOT and reachable(BUILD) else os.geteuid()
SWITCH = OWNER != os.geteuid()


def tool(name):
    return os.path.join(BENCH, name)


def tcpserver(port, *command, switch=SWITCH):
    """The command line that serves `command` under tcpserver."""
    user = ["-u", str(OWNER), "-g", str(OWNER)] if switch else []
    return ["tcpserver", "-DHR", "-l", "0", "-c", "1000", "-b", "1000", *user, "127.0.0.1", str(port), *command]


def write(path, text, mode=0o644):
    """A file, with the directories above it; returns its path."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


class Missing(Exception):
    """This server cannot be had here."""


def own(path):
    if SWITCH:
        subprocess.run(["chown", "-R", f"{OWNER}:{OWNER}", path], check=True)


def named(directory, name):
    """A sink that acts as `name` (limit-sink.c)."""
    path = os.path.join(directory, name)
    os.symlink(tool("limit-sink"), path)
    return path


def maildirs(directory, case):
    """Where mail goes: a Maildir for each user, u0's with the messages of the case. Returns their parent."""
    mail = os.path.join(directory, "mail")
    for number in range(case.users):
        for part in ("tmp", "new", "cur"):
            os.makedirs(os.path.join(mail, f"u{number}", part))
    if case.maildrop and os.path.isdir(case.maildrop):
        shutil.rmtree(os.path.join(mail, "u0"))
        subprocess.run(["cp", "-al" if SWITCH else "-a", case.maildrop, os.path.join(mail, "u0")], check=True)
    own(mail)
    return mail
