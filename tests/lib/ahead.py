#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""ahead.py - co-processes that find the next calls in their socket (can=ahead), one test a function; tests/ahead.bats
names them.

    tests/lib/ahead.py NAME

Whatever is asked ahead, a client hears the same, octet for octet, as where one call follows the other's answer.
"""
import json
import os
import random
import re
import resource
import select
import socket
import subprocess
import sys
import time

import tracer
from sessions import AUTH, LOGIN, STORE, USER, Mailbox, Session, message_of

SERVE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "ahead-serve")
EVENTS = {"smtp": "rcpt deliver", "lmtp": "rcpt deliver", "pop3": "list retrieve delete"}
PASSING = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{16}(\.[0-9]+)?")  # SESSION_ID, TRANSACTION_ID
SEEDS = 25


class Planned(Mailbox):
    """A backend directory whose B/serve is ahead-serve with this plan."""

    def __init__(self, protocol, can="ahead fds", options=(), messages=(), wanted=None, events=None, listens=False):
        domains = [] if protocol == "pop3" else ["--accept-domain=x.example"]
        super().__init__(protocol, "none", ["--hook-timeout=60", *domains, *options])
        self.store = None
        with open(f"{self.root}/plan", "w", encoding="ascii") as file:
            json.dump({"can": can, "events": events or EVENTS[protocol], "messages": list(messages), "wanted": wanted or {}},
                      file)
        if listens:
            self.listen()
        else:
            os.symlink(SERVE, f"{self.backend}/serve")

    def listen(self):
        """B/serve as a unix socket: a process for each connection."""
        os.mkdir(f"{self.root}/bin")
        os.symlink(SERVE, f"{self.root}/bin/store")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{self.backend}/serve")
        os.chmod(f"{self.backend}/serve", 0o755)
        listener.listen(10)
        self.store = os.fork()
        while self.store == 0:
            connection, _ = listener.accept()
            if os.fork() == 0:
                os.dup2(connection.fileno(), 0)
                os.execl(sys.executable, sys.executable, "-B", f"{self.root}/bin/store")
            connection.close()
        listener.close()

    def __exit__(self, kind, *rest):
        if self.store:
            tracer.kill(self.store)
            os.waitpid(self.store, 0)
        super().__exit__(kind, *rest)

    def noted(self, name):
        try:
            with open(f"{self.root}/{name}", encoding="latin-1") as file:
                return [json.loads(line) if line[0] in "[{" else line.strip() for line in file]
        except FileNotFoundError:
            return []

    def play(self, *lines, **popen):
        """One session of these lines, sent at once: what the client heard, without what passes."""
        session = self.start(**popen)
        session.send("".join(line + "\r\n" for line in lines).encode())
        session.client.shutdown(socket.SHUT_WR)
        heard = PASSING.sub(b"ID", session.rest())
        session.client.close()
        if self.store is None:
            session.end()
        else:
            os.waitpid(session.pid, 0)
        self.log = session.logged()
        self.reason = re.search("reason=([a-z]+)", self.log)[1]
        return heard.decode("latin-1").split("\r\n")[:-1]


def mail(*recipients, protocol="smtp", data=True):
    message = ["DATA", "Subject: x", "", "x", "."] if data else []
    return ["LHLO c" if protocol == "lmtp" else "EHLO c", "MAIL FROM:<s@b.example>",
            *(f"RCPT TO:<{name}@x.example>" for name in recipients), *message, "QUIT"]


def login(*lines):
    return [*LOGIN.decode().split("\r\n")[:-1], *lines, "QUIT"]


def codes(heard, code):
    return sum(line.startswith(code) for line in heard)


# ---- that it is so ----

def recipients_ahead():
    """
    All of a batch are there before the first is answered: one that starts the co-process, then as many as there may
    be, then more when eight are left.
    """
    for protocol in ("smtp", "lmtp"):
        for listens in (False, True):
            with Planned(protocol, wanted={"rcpt": [1, 33, 24, 24, 18]}, listens=listens) as planned:
                heard = planned.play(*mail(*(f"u{number}" for number in range(100)), protocol=protocol))
                assert [line for line in heard if line.startswith("250 2.1.5")] == [
                    f"250 2.1.5 to=u{number}@x.example n={number} from=s@b.example x=None was=u{number}@x.example"
                    for number in range(100)], (heard, planned.log)
                assert len([call for call in planned.noted("calls") if call["call"] == "rcpt"]) == 100
                assert planned.noted("envelopes")[0][0].count("\n") == (101 if protocol == "smtp" else 2)


def messages_ahead():
    messages = [f"{('fd', 'parts')[number % 2]}{number}" for number in range(60)]
    with Planned("pop3", messages=messages, wanted={"retrieve": [25, 16, 16, 3]}) as planned:
        heard = planned.play(*login(*(f"RETR {number}" for number in range(1, 61))))
        assert [line for line in heard if line.startswith("Subject")] == [f"Subject: {name}" for name in messages], heard
        assert len(planned.noted("calls")) == 61


def one_at_a_time():
    """Who does not say can=ahead finds no second call, and neither do programs."""
    for protocol in ("smtp", "lmtp"):
        with Planned(protocol, can="fds") as planned:
            heard = planned.play(*mail(*(f"u{number}" for number in range(100)), protocol=protocol))
            assert codes(heard, "250 2.1.5") == 100 and planned.noted("crowd") == [], heard
    with Planned("pop3", can="fds", messages=[f"fd{number}" for number in range(60)]) as planned:
        heard = planned.play(*login(*(f"RETR {number}" for number in range(1, 61))))
        assert codes(heard, "Subject") == 60 and planned.noted("crowd") == [], heard
    # With it there is a crowd: the test can fail.
    with Planned("smtp") as planned:
        planned.play(*mail(*(f"u{number}" for number in range(100))))
        assert "rcpt" in planned.noted("crowd")


# ---- that it makes no difference ----

def both(protocol, lines, **plan):
    """The same dialogue with one call after the other, and ahead: what was heard, kept and told has to be the same."""
    plain, ahead = Planned(protocol, can="fds", **plan), Planned(protocol, can="fds ahead", **plan)
    with plain, ahead:
        heard = [planned.play(*lines) for planned in (plain, ahead)]
        assert heard[0] == heard[1], (lines, *heard, plain.log, ahead.log)
        assert plain.reason == ahead.reason, (plain.log, ahead.log)
        kept = [[line[:2] for line in planned.noted("envelopes")] for planned in (plain, ahead)]
        assert kept[0] == kept[1], (lines, kept)
        # Each call whose answer was used told what it tells one after the other.
        calls = iter(ahead.noted("calls"))
        for call in plain.noted("calls"):
            assert call in calls, (lines, call)
        ahead.calls = len(ahead.noted("calls"))
        return heard[0], ahead


def random_mail(protocol, choice):
    words = choice.choice([["u", "set", "u", "no"], ["u", "u", "u", "noset"], ["u", "drop", "other", "long", "parts"],
                           ["u", "no", "set", "noset", "late", "drop", "other", "header", "sender", "parts", "long"]])
    # One that breaks at a call that was withdrawn fails the next, which is not that of the other way.
    trouble = choice.choice([[], ["die"], ["garbage"], ["close"]] if words[1:2] == ["drop"] else [[], ["close"]])
    lines = ["LHLO c" if protocol == "lmtp" else "EHLO c"]
    for _ in range(choice.randrange(1, 5)):
        lines.append("MAIL FROM:<s@b.example>")
        for number in range(choice.randrange(60)):
            word = choice.choice(words)
            if trouble and choice.random() < 0.02:
                word = trouble.pop()
            lines.append(f"RCPT TO:<{word}{number}@x.example>")
            if choice.random() < 0.08:
                lines.append(choice.choice(["NOOP", "RCPT TO:<>", "RCPT TO:<a b>", "VRFY u", "FOO", "RCPT TO:<u> X=1"]))
        lines += choice.choice([["DATA", "Subject: x", "", "x", "."], ["RSET"], ["BDAT 3 LAST", "x"], ["EHLO c"], []])
    return lines + ["QUIT"]


def same_mail():
    for seed in range(SEEDS):
        choice = random.Random(seed)
        protocol = choice.choice(["smtp", "lmtp"])
        options = choice.choice([[], [], ["--max-errors=4"], ["--max-recipients=20"], ["--max-commands=40"]])
        both(protocol, random_mail(protocol, choice), options=options, listens=seed % 4 == 0)


def same_maildrop():
    for seed in range(SEEDS):
        choice = random.Random(seed)
        words = choice.choice([["fd"], ["parts"], ["fd", "parts"], ["fd", "fd", "parts", "fail"]])
        messages = [f"{choice.choice(words)}{number}" for number in range(40)]
        if seed % 5 == 0:
            messages[choice.randrange(40)] = choice.choice(["die", "garbage"]) + "40"
        lines = []
        for _ in range(choice.randrange(120)):
            number = choice.randrange(42)
            lines.append(choice.choice([f"RETR {number}"] * 9 + [f"DELE {number}", "NOOP", "RSET", f"TOP {number} 2",
                                                                 f"LIST {number}", "RETR x", "FOO"]))
        options = choice.choice([[], [], ["--max-errors=3"], ["--max-commands=60"]])
        both("pop3", login(*lines), messages=messages, options=options)


def exact_facts():
    """RECIPIENT_COUNT, HOOK_X and SENDER as they are when the turn comes, though later calls were there before."""
    names = ["u1", "u2", "no3", "u4", "set5", "u6", "noset7", "u8", "sender9", "u10", "drop11", "u12", "late13", "u14"]
    heard, ahead = both("smtp", mail(*names))
    assert [re.search("n=([0-9]+) from=(.*) x=(.*) was", line).groups() for line in heard if "n=" in line] == [
        ("0", "s@b.example", "None"), ("1", "s@b.example", "None"), ("2", "s@b.example", "None"), ("2", "s@b.example", "None"),
        ("3", "s@b.example", "None"), ("4", "s@b.example", "set5"), ("5", "s@b.example", "set5"),
        ("5", "s@b.example", "noset7"), ("6", "s@b.example", "noset7"), ("7", "sender9@s.example", "noset7"),
        ("8", "sender9@s.example", "noset7"), ("9", "sender9@s.example", "noset7"),
        ("10", "sender9@s.example", "noset7")], heard
    # Each by itself, in a run that nothing before it has cut short.
    for name in ("no", "set", "noset", "sender", "late"):
        both("smtp", mail("u1", "u2", f"{name}3", "u4", "u5"))
    # What was withdrawn was asked twice.
    assert ahead.calls > len(names) + 1


def limits():
    """A session that ends amid a run says why, as it does without."""
    for options, reason in ((["--max-commands=9"], "limit"), ([], "eof")):
        lines = mail(*[f"no{number}" for number in range(40)], data=False)[:None if options else -1]
        heard, ahead = both("smtp", lines, options=options)
        assert ahead.reason == reason and "the parser" not in ahead.log, (heard, ahead.log)
    heard, ahead = both("smtp", mail("u1", "u2", "close3", "u4", "u5", data=False))
    assert codes(heard, "250 2.1.5") == 3 and ahead.reason == "limit", (heard, ahead.log)


# ---- trouble ----

def trouble():
    """One that breaks the contract fails for now, and for what was asked; nobody is accepted whom it did not accept."""
    for word in ("die", "garbage", "hang", "twice", "deaf", "gone"):
        with Planned("smtp", options=["--hook-timeout=5"] if word == "hang" else []) as planned:
            names = [f"u{number}" for number in range(40)]
            names[20] = f"{word}20"
            heard = planned.play(*mail(*names))
            yes = [re.search("was=(.*)@", line)[1] for line in heard if line.startswith("250 2.1.5 to=")]
            assert set(yes) <= set(names) and codes(heard, "4") <= 3, (word, heard, planned.log)
            # Those before it, and those behind another start.
            assert yes[:20] == names[:20] and yes[-5:] == names[-5:] and yes == sorted(yes, key=names.index), (word, yes)
            envelope = planned.noted("envelopes")[-1][0].split("\n")[1:-1]
            accepted = codes(heard, "250 2.1.5")
            assert len(envelope) == accepted and heard[-1].startswith("221"), (word, envelope, heard)
            assert (f"{word}20@x.example" in envelope) == (word in ("deaf", "gone") and accepted > len(yes)), (word, heard)


def trouble_of_stores():
    """A message is another one never, and a store that broke the contract serves no more."""
    for word in ("die", "garbage", "hang", "twice", "nofd", "deaf", "gone"):
        messages = [f"fd{number}" for number in range(40)]
        messages[9] = f"{word}9"
        with Planned("pop3", messages=messages, options=["--hook-timeout=5"] if word == "hang" else []) as planned:
            heard = planned.play(*login(*(f"RETR {number}" for number in range(1, 41))))
            at = [number for number, line in enumerate(heard) if line.startswith(("+OK", "-ERR"))][3:]
            assert len(at) == 41 and heard[-1].startswith("+OK"), (word, heard, planned.log)
            for number, name in enumerate(messages):
                assert heard[at[number]].startswith("-ERR [SYS/TEMP]") or number >= 9 or \
                    heard[at[number] + 1] == f"Subject: {name}", (word, number, heard)
            assert all(heard[line].startswith("+OK") for line in at[:9]), (word, heard)
            assert all(heard[line].startswith("-ERR [SYS/TEMP]") for line in at[36:40]), (word, heard)


def superfluous_descriptors():
    """One that was not announced is closed, not the next message."""
    messages = [f"morefds{number}" for number in range(30)]
    for can in ("fds", "fds ahead"):
        with Planned("pop3", can=can, messages=messages) as planned:
            heard = planned.play(*login(*(f"RETR {number}" for number in range(1, 31))))
            assert codes(heard, "Subject: forged") == 0, heard
            assert codes(heard, "+OK") == 3 + 30 + 1, (heard, planned.log)


def no_reader():
    """A client that reads nothing keeps nobody, however much has been answered."""
    for word in ("fd", "parts"):
        with Planned("pop3", messages=[f"{word}{number}" for number in range(1, 60)], options=["--idle-timeout=3"]) as planned:
            session = planned.start()
            session.send("".join(line + "\r\n" for line in login(*["RETR 39", "RETR 28"] * 1000)[:-1]).encode())
            session.end()
            assert "reason=timeout" in session.logged(), (word, session.logged())
            assert 40 < len(planned.noted("calls")) < 2000
            session.close()


def slow_reader():
    """Messages that do not fit into any socket: whole, in order, with few descriptors and with fewer."""
    for most in (1024, 20):
        with Mailbox("pop3", "serve") as mailbox:
            names = [f"17000000{number:02}.M1P1Q1.host" for number in range(60)]
            for number, name in enumerate(names):
                with open(os.path.join(mailbox.maildir, "new", name), "wb") as file:
                    file.write(message_of(60000 + number))
            session = mailbox.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most)))
            session.send("".join(line + "\r\n" for line in login(*(f"RETR {number}" for number in range(1, 61)))).encode())
            whole = b""
            while piece := session.client.recv(3000):
                whole += piece
            wanted = b"".join(message_of(60000 + number).replace(b"\n", b"\r\n") + b".\r\n" for number in range(60))
            heard = b"".join(line for line in whole.splitlines(keepends=True) if not line.startswith(b"+OK"))
            assert heard == wanted, (most, len(heard), session.logged())
            session.close()
            session.end()


def error_delay():
    """Each refusal waits, though the next answer is there already."""
    with Planned("smtp", options=["--error-delay=1"]) as planned:
        began = time.monotonic()
        heard = planned.play(*mail("u0", "no1", "no2", "no3", data=False))
        assert codes(heard, "550") == 3 and time.monotonic() - began >= 3, heard


def idle_store():
    """A co-process that was asked about what it does not handle has no time limit behind that."""
    with Planned("smtp", events="deliver", options=["--hook-timeout=4"]) as planned:
        session = planned.start()
        lines = mail("u1", "u2")
        for line in lines[:4]:
            session.send(f"{line}\r\n".encode())
        session.until("^250[^\n]*u2@")
        assert not select.select([session.client], [], [], 6)[0]  # more than its time has passed
        session.send("".join(line + "\r\n" for line in lines[4:]).encode())
        session.rest()
        session.close()
        session.end()
        assert "took too long" not in session.logged() and len(planned.noted("envelopes")) == 1, session.logged()


# ---- the shipped stores ----

def store_recipients():
    """maildir-store and mbox-store on a hundred recipients at once, some of whom there are."""
    for program, setting in (("maildir-store", "MAILDIR"), ("mbox-store", "MBOX")):
        with Mailbox("smtp", "none") as mailbox:
            store = os.path.join(os.path.dirname(STORE), program)
            mailbox.write("env", f"{setting}={mailbox.root}/boxes/%n\n", 0o644)
            os.mkdir(f"{mailbox.root}/boxes")
            os.symlink(store, f"{mailbox.backend}/serve")
            there = [number for number in range(100) if number % 3]
            for number in there:
                subprocess.run([store, "create", f"u{number}@x.example"], check=True, stdout=subprocess.DEVNULL,
                               env={setting: f"{mailbox.root}/boxes/%n"})
            session = mailbox.start()
            session.send("".join(line + "\r\n" for line in mail(*(f"u{number}" for number in range(100)))).encode())
            lines = session.rest().decode().split("\r\n")
            session.close()
            session.end()
            at = [number for number, line in enumerate(lines) if line.startswith("250 2.1.0")][0]
            assert [line[:9] for line in lines[at + 1:at + 101]] == [
                "250 2.1.5" if number in there else "550 5.1.1" for number in range(100)], lines
            assert lines[at + 101][:3] == "354" and lines[at + 102][:3] == "250", lines
            for number in range(100):
                path = f"{mailbox.root}/boxes/u{number}"
                got = (os.path.isfile(path) and os.path.getsize(path) > 0) if setting == "MBOX" else \
                    (os.path.isdir(path) and len(os.listdir(f"{path}/new")) == 1)
                assert got == (number in there), (program, number)


def store_messages():
    """mbox-store on sixty messages at once, some of them twice (maildir-store: slow_reader)."""
    with Mailbox("pop3", "none") as mailbox:
        bodies = [f"Subject: {number}\n\n" + f".line {number}\n" * (number * 53) for number in range(60)]
        mailbox.write("env", f"MBOX={mailbox.root}/mbox\n", 0o644)
        mailbox.write("auth", AUTH)
        os.symlink(os.path.join(os.path.dirname(STORE), "mbox-store"), f"{mailbox.backend}/serve")
        with open(f"{mailbox.root}/mbox", "w", encoding="ascii") as file:
            file.writelines(f"From a@b.example Thu Jan  1 00:00:00 2026\n{body}\n" for body in bodies)
        order = [*range(60), 0, 59, 59, 7]
        session = mailbox.start()
        session.send("".join(line + "\r\n" for line in login(*(f"RETR {number + 1}" for number in order))).encode())
        whole = session.rest().decode()
        session.close()
        session.end()
        got = re.findall(r"\+OK [0-9]+ octets\r\n(.*?)\r\n\.\r\n", whole, re.S)
        got = [re.sub("(?m)^\\.\\.", ".", text).replace("\r\n", "\n") + "\n" for text in got]
        assert got == [bodies[number] for number in order], (len(got), whole[:500], session.logged())


def main():
    tracer.adopt_orphans()
    globals()[sys.argv[1]]()


main()
