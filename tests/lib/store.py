# SPDX-License-Identifier: ISC
"""store - asks a store by either contract, and looks at what is in a Maildir.

Everything that waits has a time limit: a store that hangs fails the test.
"""
import array
import os
import re
import socket
import subprocess

LIMIT = 300
NAME = re.compile(rb"\d+\.M\d{6}P\d+Q\d+R[0-9a-f]{16}\.[^,:/]+,S=(\d+),W=(\d+)$")


class Ended(Exception):
    """The co-process ended, in order or not, where an answer was due."""


class Store:
    """A co-process: `with Store([path, "serve"], MAILDIR=...) as store: store.call("rcpt", ...)`."""

    def __init__(self, argv, fds=True, hello=True, **environment):
        ours, theirs = socket.socketpair()
        ours.settimeout(LIMIT)
        with theirs:
            self.process = subprocess.Popen(
                argv, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, env=environment)
        self.socket, self.data, self.fds = ours, b"", []
        self.first = {"can": "fds"} if fds else {}
        self.hello = self.record() if hello else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Hangs up and returns the exit status."""
        self.socket.close()
        for fd in self.fds:
            os.close(fd)
        self.fds = []
        self.error = self.process.communicate(timeout=LIMIT)[1]
        return self.process.returncode

    def fill(self):
        data, ancillary, _, _ = self.socket.recvmsg(1 << 16, socket.CMSG_LEN(64))
        for _, _, content in ancillary:
            fds = array.array("i")
            fds.frombytes(content[:len(content) - len(content) % fds.itemsize])
            self.fds += fds
        if not data:
            raise Ended
        self.data += data

    def take(self, length):
        while len(self.data) < length:
            self.fill()
        taken, self.data = self.data[:length], self.data[length:]
        return taken

    def record(self):
        while b"\n\n" not in self.data:
            self.fill()
        head, self.data = self.data.split(b"\n\n", 1)
        return dict(line.split("=", 1) for line in os.fsdecode(head).split("\n"))

    def send(self, event, envelope=None, body=None, fd=None, **facts):
        """One call; `body` follows the record, `fd` goes with it."""
        lines = {"call": event, **self.first, **facts}
        self.first = {}
        if envelope is not None:
            lines["envelope"] = len(envelope)
        if body is not None:
            lines["length"] = len(body)
        if fd is not None:
            lines["fd"] = 1
        head = "".join(f"{key}={value}\n" for key, value in lines.items()) + "\n"
        data = os.fsencode(head) + (envelope or b"") + (body or b"")
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))] if fd is not None else []
        sent = self.socket.sendmsg([data], rights)
        self.socket.sendall(data[sent:])

    def answer(self):
        """(exit code, standard output, whether that was a descriptor)."""
        output = b""
        while True:
            record = self.record()
            output += self.take(int(record.get("length", 0)))
            if "exit" not in record:
                assert record["more"] == "1", record
                continue
            if record.get("fd") == "1":
                with os.fdopen(self.fds.pop(0), "rb") as file:
                    return int(record["exit"]), file.read(), True
            return int(record["exit"]), output, False

    def call(self, event, **rest):
        self.send(event, **rest)
        return self.answer()


def files(maildir, *folders):
    """The files of new/, cur/ and tmp/, or of those named."""
    return sorted(os.path.join(maildir, folder, name)
                  for folder in folders or ("new", "cur", "tmp")
                  for name in os.listdir(os.path.join(maildir, folder)))


def wire(message):
    """The size on the wire of POP-023, by the book."""
    text = message.replace(b"\r\n", b"\n")
    if text and not text.endswith(b"\n"):
        text += b"\n"
    return len(text.replace(b"\n", b"\r\n"))


def check_whole(path, message):
    """A file of new/ must hold all of the message, and its name must tell the truth."""
    with open(path, "rb") as file:
        content = file.read()
    assert content.endswith(message), path
    header = content[:len(content) - len(message)]
    assert re.fullmatch(rb"Return-Path: <[^\n]*>\r?\nDelivered-To: [^\n]+\n", header), header
    name = NAME.match(os.fsencode(os.path.basename(path)))
    assert name, path
    assert (int(name[1]), int(name[2])) == (len(content), wire(content)), path
