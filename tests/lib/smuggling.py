#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""smuggling.py - almost-ends of a message in two pieces, cut at every octet, for tests/smuggling.bats.

    tests/lib/smuggling.py ENDING...      with \\r, \\n and \\0 as printf(1) has them

Each piece is read before the next is sent. Whatever the cut, the replies are the same: one 354, one verdict on the
message, and of a second message nothing.
"""
import fcntl
import re
import struct
import sys
import termios
import time

sys.dont_write_bytecode = True

from sessions import Mailbox  # noqa: E402
from tracer import PATIENCE  # noqa: E402

INSIDE = b"MAIL FROM:<evil@y.example>\r\nRCPT TO:<victim@x.example>\r\nDATA\r\nSubject: second\r\n\r\nsecond\r\n.\r\n"


def taken(connection):
    """Waits until the other side has read all that was sent."""
    deadline = time.monotonic() + PATIENCE
    while struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, b"\0" * 4))[0]:
        assert time.monotonic() < deadline, "nobody reads"
        time.sleep(0.0002)


def verdict(mailbox, greeting, ending, cut):
    session = mailbox.start().greeting()
    session.send(greeting + b" a.example\r\nMAIL FROM:<you@y.example>\r\nRCPT TO:<jo@example.org>\r\nDATA\r\n")
    session.until("^354 ")
    content = b"Subject: first\r\n\r\nfirst" + ending + INSIDE
    at = len(content) - len(INSIDE) - len(ending) + cut
    for piece in (content[:at], content[at:]):
        session.send(piece)
        taken(session.client)
    session.send(b"QUIT\r\n")
    received = session.rest()
    session.close()
    assert session.end() == 0
    replies = [line[:9] for line in received[received.index(b"354 "):].decode().split("\r\n")[:-1]]
    # In LMTP and SMTP alike: the verdict, and the answer to QUIT.
    assert len(replies) == 3 and replies[2].startswith("221 "), (ending, cut, replies)
    return replies[1]


def main():
    for protocol, greeting in (("smtp", b"EHLO"), ("lmtp", b"LHLO")):
        for mode in ("reject", "clean"):
            with Mailbox(protocol, "exec", ("--bare-newline", mode)) as mailbox:
                for text in sys.argv[1:]:
                    ending = re.sub(rb"\\(.)", lambda match: {b"r": b"\r", b"n": b"\n", b"0": b"\0"}[match[1]], text.encode())
                    said = {verdict(mailbox, greeting, ending, cut) for cut in range(len(ending) + 1)}
                    assert len(said) == 1 and said <= {"250 2.0.0", "554 5.6.0"}, (mode, text, said)


main()
