#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""switching.py - POP3 logins that become users of the system; tests/switching.bats names the tests.

    tests/lib/switching.py NAME      as root

jo and ann are passwd-auth's, have ids of their own that nothing else has, and Maildirs that they alone can read. They
log in through every kind of store: B/serve, the stores' programs as hooks, and shell hooks that try to get further.
"""
import contextlib
import os
import shutil
import socket
import sys
import tempfile

from auth import Session
from certificates import self_signed
from server import PATIENCE, descendants, eventually

TOOLS = os.path.join(os.path.abspath(os.environ.get("BUILD", "build")), "stage", "libexec", "mail-session")
IDS = {"jo": (64301, 64401), "ann": (64302, 64402)}
EVENTS = ("list", "retrieve", "delete")
SERVE = {"serve": "maildir-store"}
HOOKS = dict.fromkeys(EVENTS, "maildir-store")


class Place:
    """The users, their mail and the backend directory; `programs` are shell scripts, or names of ours."""

    def __init__(self, folder, programs):
        self.folder = folder
        os.chmod(folder, 0o755)
        self.mail = os.path.join(folder, "mail")
        os.mkdir(self.mail, 0o755)
        for name, (uid, gid) in IDS.items():
            for part in ("", "new", "cur", "tmp"):
                path = os.path.join(self.mail, name, part)
                os.mkdir(path, 0o700)
                os.chown(path, uid, gid)
            self.write(name, "new/1.first", f"Subject: of {name}\n\nfor {name} alone\n")
        passwd = os.path.join(folder, "passwd")
        with open(passwd, "w", opener=lambda *call: os.open(*call, 0o600), encoding="ascii") as file:
            for name, (uid, gid) in IDS.items():
                # jo has the names that would lead to ann, if names did.
                for alias in (name, *(("../ann", "jo/../ann", "/", "..") if name == "jo" else ())):
                    file.write(f"{alias}:{{PLAIN}}secret-{name}:{uid}:{gid}::{self.mail}/{name}\n")
        self.programs = {"auth": "passwd-auth", **programs}
        self.env = f"MAILDIR={self.mail}/%n\nPASSWD_FILE={passwd}\nMAIL={self.mail}\n"

    def write(self, name, path, text):
        path = os.path.join(self.mail, name, path)
        with open(path, "w", opener=lambda *call: os.open(*call, 0o600), encoding="ascii") as file:
            file.write(text)
        os.chown(path, *IDS[name])

    def link(self, path, target):
        """As jo would: nothing keeps a user from links in the own home."""
        os.symlink(target, os.path.join(self.mail, "jo", path))
        os.chown(os.path.join(self.mail, "jo", path), *IDS["jo"], follow_symlinks=False)

    def messages(self, name):
        found = [os.path.join(self.mail, name, part, file) for part in ("new", "cur")
                 for file in os.listdir(os.path.join(self.mail, name, part))]
        assert all((os.lstat(path).st_uid, os.lstat(path).st_gid) == IDS[name] for path in found), found
        return found

    @contextlib.contextmanager
    def session(self, secure=False):
        options = ["--lock-file", f"{self.mail}/%n/.lock"]
        if secure:
            cert, key = self_signed(self.folder)
            options += ["--tls-cert", cert, "--tls-key", key]
        programs = {event: text if text.startswith("#!") else os.path.join(TOOLS, text)
                    for event, text in self.programs.items()}
        it = Session("pop3-session", {**programs, "env": self.env}, *options)
        try:
            if secure:
                it.secure(cert)
            yield it
            with contextlib.suppress(OSError):
                it.say("QUIT")
        finally:
            it.close()


@contextlib.contextmanager
def place(programs):
    with tempfile.TemporaryDirectory() as folder:
        yield Place(folder, programs)


def login(it, name, password=None):
    assert it.say(f"USER {name}").startswith("+OK")
    return it.say(f"PASS {password or 'secret-' + name}")


def store_of(it):
    """The process that answers for the maildrop: what became somebody else."""
    found = []
    for pid in descendants(it.process.pid):
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            facts = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
        if facts["Uid"].split()[0] != "0":
            found.append((pid, facts))
    assert len(found) == 1, found
    return found[0]


def check_identity(it, name):
    """Real, effective, saved and file system ids, no other groups, no capability."""
    pid, facts = store_of(it)
    uid, gid = IDS[name]
    assert facts["Uid"].split() == [str(uid)] * 4 and facts["Gid"].split() == [str(gid)] * 4, facts
    assert set(facts["Groups"].split()) <= {str(gid)}, facts
    assert {facts[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Amb")} == {"0" * 16}, facts
    return pid


def everywhere(test):
    """Runs a test with the store as co-process and with hooks, in clear and behind STLS."""
    def run():
        for programs in (SERVE, HOOKS):
            for secure in (False, True):
                test(programs, secure)
    run.__doc__ = test.__doc__
    return run


@everywhere
def own_mail(programs, secure):
    """Each reads and deletes the own mail, at the same time, under the own ids; and nothing is left of a session."""
    with place(programs) as it:
        with it.session(secure) as jo, it.session(secure) as ann:
            assert login(jo, "jo") == login(ann, "ann") == "+OK maildrop has 1 message"
            stores = [check_identity(jo, "jo"), check_identity(ann, "ann")]
            assert jo.lines("RETR 1")[-1] == "for jo alone" and ann.lines("RETR 1")[-1] == "for ann alone"
            with it.session(secure) as second:
                assert login(second, "jo").startswith("-ERR [IN-USE] ")
            assert jo.say("DELE 1").startswith("+OK")
        assert it.messages("jo") == [] and len(it.messages("ann")) == 1
        eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in stores), "a store is left")
        # A client that is gone takes the store of somebody else with it.
        with it.session(secure) as ann:
            login(ann, "ann")
            pid = check_identity(ann, "ann")
            ann.socket.shutdown(socket.SHUT_RDWR)
            ann.process.wait(PATIENCE)
            eventually(lambda: not os.path.exists(f"/proc/{pid}"), "the store is left")


@everywhere
def astray(programs, secure):
    """No link, no name and no pattern leads one user to the other's mail."""
    with place(programs) as it:
        for target in (f"{it.mail}/ann/new/1.first", "../../ann/new/1.first"):
            it.link(f"new/{len(target)}.link", target)
        with it.session(secure) as jo:
            assert login(jo, "jo") == "+OK maildrop has 1 message"
            assert jo.lines("RETR 1")[-1] == "for jo alone"
        for alias in ("../ann", "jo/../ann", "/", ".."):
            with it.session(secure) as jo:
                assert login(jo, alias, "secret-jo").startswith("-ERR "), alias
        with it.session(secure) as jo:
            assert login(jo, "ann", "secret-jo").startswith("-ERR [AUTH] ")
        # A pattern that leads jo to ann, straight and by a link: the kernel says no.
        it.link("way", "../ann")
        good = it.env
        for pattern in ("ann", "jo/way", "jo/../ann"):
            it.env = good.replace("/%n\n", f"/{pattern}\n", 1)
            with it.session(secure) as jo:
                assert login(jo, "jo").startswith("-ERR [SYS/TEMP] "), pattern
        it.env = good
        shutil.rmtree(os.path.join(it.mail, "jo", "cur"))
        it.link("cur", "../ann/cur")
        with it.session(secure) as jo:
            assert login(jo, "jo").startswith("-ERR [SYS/TEMP] ")
        assert len(it.messages("ann")) == 1


# What somebody who writes hooks of the own could try.
GREEDY = """#!/bin/sh
exec 2>&1
case $SESSION_EVENT in
list)
	echo m1
	exit ;;
esac
echo
echo "in $(pwd) as $(id -u) $(id -g) $(id -G)"
cat "$MAIL/ann/new/1.first" ../ann/new/1.first link/new/1.first && echo reached
ls "$MAIL/ann" ../ann/ link/ && echo reached
ln "$MAIL/ann/new/1.first" stolen && echo reached
echo intruder >"$MAIL/ann/new/2.intruder" && echo reached
mv "$MAIL/ann" "$MAIL/jo/ann" && echo reached
cat "$PASSWD_FILE" && echo reached
setpriv --reuid 64302 true && echo reached
setpriv --reuid 0 true && echo reached
session=$(awk '{ print $4 }' "/proc/$PPID/stat")
kill -0 "$session" && echo reached
ls "/proc/$session/fd" && echo reached
exit 0
"""


def greedy():
    """What a hook may do is what the user may: nothing of the other's, of the session's or of root's."""
    for secure in (False, True):
        with place({"list": GREEDY, "retrieve": GREEDY}) as it:
            it.link("link", "../ann")
            with it.session(secure) as jo:
                assert login(jo, "jo") == "+OK maildrop has 1 message"
                check_identity(jo, "jo")
                said = jo.lines("RETR 1")
                uid, gid = IDS["jo"]
                assert said[1] == f"in {it.mail}/jo as {uid} {gid} {gid}", said
                assert "reached" not in said and not any("for ann" in line for line in said), said
                assert sum("ermission denied" in line or "not permitted" in line for line in said) >= 12, said
            assert [os.path.basename(path) for path in it.messages("ann")] == ["1.first"]


if __name__ == "__main__":
    globals()[sys.argv[1]]()
