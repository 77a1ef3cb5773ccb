#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Replays transcripts against the built programs: dialogue.py [options] FILE ...

  --programs DIR   where smtp-session, lmtp-session and pop3-session are
  --mode MODE      socketpair, pipes: a line at a time, each reply awaited before the next
                   octets: one octet a write; single: all in one write, then half-close
  --tls            every case inside of TLS, but those about TLS itself
  --serve          what B/serve may answer is answered by one, the rest by hooks
  --only WORD      only cases whose title holds the word

The scripted verdicts are served by a backend directory made for each case. Prints TAP.
"""
import argparse
import atexit
import functools
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import certificates  # noqa: E402
import matrix  # noqa: E402
import transcript  # noqa: E402
from transcript import Fault  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 60  # seconds for a reply; a session answers in milliseconds
SERVABLE = {"rcpt", "data", "deliver", "vrfy", "expn", "etrn",
            "list", "size", "retrieve", "top", "delete"}
# Facts that reach a program otherwise than as a variable.
ELSEWHERE = {"OCTETS", "VERB", "HELO_TRACE", "TRACE_TYPE"}


class Client:
    """The client's end: writes without ever blocking on what it should read."""

    def __init__(self, read_fd, write_fd, close_write):
        self.read_fd, self.write_fd, self.close_write = read_fd, write_fd, close_write
        self.received, self.ended, self.deadline = b"", False, time.monotonic() + PATIENCE
        self.tls = None
        os.set_blocking(read_fd, False)
        os.set_blocking(write_fd, False)

    def secure(self, cert):
        """Shakes hands; the rest of the dialogue is inside of TLS."""
        self.tls = certificates.Wire(cert)
        while not self.tls.shake():
            before = len(self.received)
            self.write_and_read(self.tls.written(), lambda: len(self.received) > before)
            if self.ended:
                raise Fault(f"no TLS: {self.received[before:]!r}")
            self.tls.heard(self.received[before:])
            self.received = self.received[:before]
        self.write_and_read(self.tls.written(), None)

    def finish(self):
        """The client has said all."""
        if self.tls is not None:
            self.write_and_read(self.tls.goodbye(), None)
        self.close_write()

    def pump(self, octets=b"", until=None):
        """Writes all octets, and then reads until `until` says so or the stream ends."""
        if self.tls is not None and octets:
            octets = self.tls.say(octets)
        self.write_and_read(octets, until)

    def write_and_read(self, octets, until):
        self.deadline = time.monotonic() + PATIENCE
        while octets or (until is not None and not self.ended and not until()):
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise Fault(f"no reply in {PATIENCE} s; received {self.received[-300:]!r}")
            readable, writable, _ = select.select(
                [] if self.ended else [self.read_fd], [self.write_fd] if octets else [], [], left)
            if writable:
                try:
                    octets = octets[os.write(self.write_fd, octets[:65536]):]
                except (BrokenPipeError, ConnectionResetError):
                    octets = b""
            if readable:
                try:
                    piece = os.read(self.read_fd, 65536)
                except ConnectionResetError:
                    piece = b""
                self.ended = not piece
                if self.tls is not None and self.tls.tls.version() is not None:
                    self.tls.heard(piece)
                    piece = self.tls.read()
                self.received += piece


def event_log(state, protocol):
    """What the backend was asked: (event, facts), and the messages that it was given."""
    events, messages, last, run = [], [], None, 0
    while os.path.exists(os.path.join(state, f"{run}.event")):
        base = os.path.join(state, str(run))
        with open(base + ".event", encoding="latin-1") as file:
            event = file.read().strip()
        with open(base + ".env", encoding="latin-1") as file:
            words = shlex.split(file.read())
        facts = {}
        for word in words:
            if word != "export":
                key, _, value = word.partition("=")
                facts[key] = value.encode("latin-1")
        if event == "auth":
            with open(base + ".fd3", "rb") as file:
                name, password = file.read().split(b"\0")[:2]
            facts["LOGIN_NAME"], facts["PASSWORD"] = name, password
        if event in ("deliver", "delete"):
            with open(base + ".stdin", "rb") as file:
                body = file.read()
            if event == "delete":
                facts["IDS"] = b",".join(body.split())
            elif protocol != "lmtp" or facts.get("TRANSACTION_ID") != last:
                messages.append(body)
                last = facts.get("TRANSACTION_ID")
        events.append((event, facts))
        run += 1
    return events, messages


def without_trace(message, item):
    """The message behind its Received field, which is ours (SMTP-064)."""
    if not message.startswith(b"Received: "):
        raise Fault(f"line {item.line}: no Received field on top: {message[:200]!r}")
    at = message.index(b"\n") + 1
    while message[at:at + 1] in (b" ", b"\t"):
        at = message.index(b"\n", at) + 1
    return message[at:]


@functools.cache
def certificate():
    folder = tempfile.mkdtemp(prefix="dialogue.")
    atexit.register(shutil.rmtree, folder)
    return certificates.self_signed(folder)


class Session:
    def __init__(self, case, protocol, options):
        self.case, self.protocol, self.options = case, protocol, options
        self.root = tempfile.mkdtemp(prefix="dialogue.")
        self.backend = os.path.join(self.root, "backend")
        self.state = os.path.join(self.root, "state")
        self.flags, self.handled, self.cert = [], None, None

    def spill(self, name, octets):
        with open(os.path.join(self.state, name), "wb") as file:
            file.write(octets)

    def prepare(self):
        os.mkdir(self.backend, 0o755)
        os.makedirs(os.path.join(self.state, "mail"))
        self.spill("count", b"0\n")
        handled = ({"auth", "list", "retrieve", "delete"} if self.protocol == "pop3"
                   else {"deliver"})
        commands = set()
        for item in self.case.of("O"):
            name, _, value = item.text.decode().partition(" ")
            if name == "handled":
                handled = set(value.split()) - {"none"}
            elif name == "command":
                commands.add("command-" + value)
            else:
                self.flags.append(f"--{name}={value}")
            if name == "tls" and value != "off":
                self.cert, key = certificate()
                self.flags += [f"--tls-cert={self.cert}", f"--tls-key={key}"]
        handled |= commands | self.prepare_verdicts() | {"disconnect"}
        served = handled & SERVABLE if self.options.serve else set()
        for event in handled - served:
            self.install("scripted-hook", event)
        if served:
            self.spill("served", " ".join(sorted(served)).encode())
            self.install("scripted-serve", "serve")

    def install(self, program, name):
        target = os.path.join(self.backend, name)
        shutil.copyfile(os.path.join(HERE, program), target)
        os.chmod(target, 0o755)

    def prepare_verdicts(self):
        turns, listing = {}, b""
        for item in self.case.of("V"):
            event, code, *text = item.text.split(b" ", 2)
            name = event.decode()
            turns[name] = turns.get(name, 0) + 1
            self.spill(f"{name}.{turns[name]}.code", code + b"\n")
            self.spill(f"{name}.{turns[name]}.out", text[0] if text else b"")
        for item in self.case.of("D"):
            name, _, message = item.text.partition(b" ")
            wire = message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            if wire and not wire.endswith(b"\n"):
                wire += b"\r\n"
            listing += b"%s %d\n" % (name, len(wire))
            self.spill(os.path.join("mail", name.decode()), message)
        if listing:
            self.spill("list.out", listing)
        return set(turns)

    def start(self):
        program = os.path.join(self.options.programs, f"{self.protocol}-session")
        command = [program, "--hostname=mx.example", *self.flags, self.backend]
        environment = {"PATH": "/usr/bin:/bin"}
        self.errors = open(os.path.join(self.root, "stderr"), "w+b")
        if self.options.mode == "pipes":
            theirs_in, ours_out = os.pipe()
            ours_in, theirs_out = os.pipe()
            client = Client(ours_in, ours_out, lambda: os.close(ours_out))
            mine, theirs = [ours_in], [theirs_in, theirs_out]
        else:
            ours, other = socket.socketpair()
            theirs_in = theirs_out = other.detach()
            fd = ours.fileno()
            client = Client(fd, fd, lambda: ours.shutdown(socket.SHUT_WR))
            mine, theirs = [ours], [theirs_in]
        self.process = subprocess.Popen(command, stdin=theirs_in, stdout=theirs_out,
                                        stderr=self.errors, env=environment)
        for fd in theirs:
            os.close(fd)
        self.mine = mine
        return client

    def converse(self, client):
        """All octets of the client; in the patient modes each reply is awaited before the next."""
        patient = self.options.mode in ("socketpair", "pipes")
        matcher = transcript.Matcher(self.case)
        waiting, at, due = b"", 0, []

        def send(octets):
            if self.options.mode == "octets":
                for i in range(len(octets)):
                    client.pump(octets[i:i + 1])
            else:
                client.pump(octets)

        def expect(item):
            nonlocal at
            taken = None

            def ready():
                nonlocal taken
                taken = matcher.take(item, client.received[at:])
                return taken is not None
            client.pump(until=ready)
            if taken is None and not ready():
                raise Fault(f"{self.case.path}:{item.line}: the session is over\n"
                            f"  wanted: {item.text[:300]!r}\n"
                            f"  got:    {client.received[at:][:300]!r}")
            at += taken

        def settle():
            nonlocal waiting
            if waiting:
                send(waiting)
            waiting = b""
            while due:
                expect(due.pop(0))

        if "--tls=implicit" in self.flags:
            client.secure(self.cert)
        for item in self.case.items:
            if item.kind == "C":
                waiting += item.text
            elif item.kind in ("S", "R", "K", "K!"):
                due.append(item)
                if patient:
                    settle()
            elif item.kind == "T":
                settle()
                client.secure(self.cert)
        if waiting:
            send(waiting)
            waiting = b""
        client.finish()
        settle()
        client.pump(until=lambda: False)
        if len(client.received) > at:
            raise Fault(f"more output: {client.received[at:][:300]!r}")

    def check_end(self):
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Fault("the session does not end") from None
        if status != 0:
            raise Fault(f"exit status {status}")

    def check_backend(self):
        events, messages = event_log(self.state, self.protocol)
        ends = [facts.get("SESSION_END") for event, facts in events if event == "disconnect"]
        if len(ends) != 1 or events[-1][0] != "disconnect":
            raise Fault(f"disconnect is not the last event, once: {[e for e, _ in events]}")
        for item in self.case.of("X"):
            if ends[0] != item.text:
                raise Fault(f"line {item.line}: SESSION_END is {ends[0]}, not {item.text}")
        self.check_events(events[:-1])
        wanted = self.case.of("M")
        for item, message in zip(wanted, messages):
            got = without_trace(message, item)
            if got != item.text:
                raise Fault(f"line {item.line}: another message\n  wanted: {item.text[:300]!r}\n"
                            f"  got:    {got[:300]!r}")
        if len(wanted) != len(messages):
            raise Fault(f"{len(messages)} messages delivered, not {len(wanted)}")

    def check_events(self, events):
        wanted = self.case.of("E")
        if not wanted:
            return
        if wanted[0].text == b"none":
            wanted = []
        for item, (event, facts) in zip(wanted, events):
            name, *words = item.text.split(b" ")
            fits = name.decode() == event
            for word in words:
                key, _, value = word.partition(b"=")
                if word[:1] == b"-":
                    fits = fits and word[1:].decode() not in facts
                elif key.decode() not in ELSEWHERE:
                    fits = fits and facts.get(key.decode()) == transcript.unescape(value)
            if not fits:
                raise Fault(f"line {item.line}: another event\n  wanted: {item.text!r}\n"
                            f"  got:    {event} {facts}")
        if len(events) != len(wanted):
            raise Fault(f"{len(events)} events, not {len(wanted)}: {[e for e, _ in events]}")

    def run(self):
        """None, or what was wrong."""
        fault = None
        try:
            self.prepare()
            client = self.start()
            try:
                self.converse(client)
                self.check_end()
                self.check_backend()
            except Fault as error:
                fault = str(error) + "\n" + os.pread(self.errors.fileno(), 1 << 20, 0).decode("latin-1")
            finally:
                if self.process.poll() is None:
                    self.process.send_signal(signal.SIGKILL)
                    self.process.wait()
                self.errors.close()
                for end in self.mine:
                    os.close(end) if isinstance(end, int) else end.close()
        finally:
            shutil.rmtree(self.root)
        return fault


def cases_of(path):
    if path.endswith(".table"):
        return transcript.read(path, "\n".join(matrix.cases(path)).encode())
    return transcript.read(path)


def inside_tls(case):
    """Puts a case behind TLS; False for one that is about the way there."""
    said = b"".join(item.text for item in case.of("C"))
    if case.of("T") or b"STARTTLS" in said or b"STLS" in said:
        return False
    case.items.insert(0, transcript.Item("O", case.line, b"tls implicit"))
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    parser.add_argument("--mode", default="socketpair",
                        choices=["socketpair", "pipes", "octets", "single"])
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    number = failed = 0
    for path in options.files:
        protocol = os.path.basename(os.path.dirname(path))
        for case in cases_of(path):
            if case.engine_only or (case.hooks_only and options.serve) or (options.only and options.only not in case.title):
                continue
            if options.tls and not inside_tls(case):
                continue
            number += 1
            fault = Session(case, protocol, options).run()
            failed += fault is not None
            print(f"{'not ok' if fault else 'ok'} {number} - {path}: {case.title}")
            for line in (fault or "").splitlines():
                print("# " + line)
    print(f"1..{number}")
    sys.exit(1 if failed or number == 0 else 0)


if __name__ == "__main__":
    main()
