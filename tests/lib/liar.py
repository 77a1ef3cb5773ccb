#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""liar.py - a server that plays a POP3 or SMTP session but for one lie, for the load generators to find.

    tests/lib/liar.py LIE MESSAGE

MESSAGE is a file with CRLF line ends. Prints its port, serves one connection, and exits. "none" tells the truth.
"""
import socket
import sys

LIE, PATH = sys.argv[1:]
with open(PATH, "rb") as file:
    MESSAGE = file.read()
WIRE = b"".join(b"." + line if line.startswith(b".") else line for line in MESSAGE.splitlines(True))
SIZE = len(MESSAGE)
POP3 = {
    b"": b"+OK ready\r\n",
    b"STAT": b"+OK 1 %d\r\n" % SIZE,
    b"UIDL": b"+OK\r\n1 an-id\r\n.\r\n",
    b"LIST": b"+OK\r\n1 %d\r\n.\r\n" % SIZE,
    b"RETR": b"+OK %d octets\r\n%s.\r\n" % (SIZE, WIRE),
}
SMTP = {b"": b"220 ready\r\n", b"EHLO": b"250-liar.example\r\n250 SIZE\r\n", b"DATA": b"354 go on\r\n",
        b"QUIT": b"221 bye\r\n"}
LIES = {
    "none": {},
    "greeting": {b"": b"-ERR busy\r\n"},
    "stat-count": {b"STAT": b"+OK 2 %d\r\n" % SIZE},
    "stat-sum": {b"STAT": b"+OK 1 %d\r\n" % (SIZE + 1)},
    "list-size": {b"LIST": b"+OK\r\n1 %d\r\n.\r\n" % (SIZE + 1), b"STAT": b"+OK 1 %d\r\n" % (SIZE + 1)},
    "list-number": {b"LIST": b"+OK\r\n2 %d\r\n.\r\n" % SIZE},
    "uidl-long": {b"UIDL": b"+OK\r\n1 %s\r\n.\r\n" % (b"x" * 71)},
    "uidl-twice": {b"UIDL": b"+OK\r\n1 a\r\n2 b\r\n.\r\n"},
    "retr-size": {b"RETR": b"+OK %d octets\r\n%s.\r\n" % (SIZE + 1, WIRE)},
    "retr-octet": {b"RETR": b"+OK %d octets\r\n%s.\r\n" % (SIZE, WIRE[:-3] + bytes([WIRE[-3] ^ 1]) + b"\r\n")},
    "retr-unstuffed": {b"RETR": b"+OK %d octets\r\n%s.\r\n" % (SIZE, MESSAGE)},
    "retr-lf": {b"RETR": b"+OK %d octets\r\n%s.\r\n" % (SIZE, WIRE.replace(b"\r\n", b"\n"))},
    "retr-no-dot": {b"RETR": b"+OK %d octets\r\n%s" % (SIZE, WIRE)},
    "retr-short": {b"RETR": b"+OK %d octets\r\n%s.\r\n" % (SIZE, WIRE[:WIRE.rindex(b"\r\n", 0, -2) + 2])},
    "retr-long": {b"RETR": b"+OK %d octets\r\n%sx\r\n.\r\n" % (SIZE, WIRE)},
    "more": {b"QUIT": b"+OK bye\r\n+OK again\r\n"},
    "smtp-none": {},
    "smtp-code": {b"RCPT": b"550 no\r\n"},
    "smtp-mixed": {b"EHLO": b"250-liar.example\r\n251 SIZE\r\n"},
    "smtp-lf": {b"MAIL": b"250 ok\n"},
    "smtp-extra": {b"MAIL": b"250 ok\r\n250 ok\r\n"},
    "smtp-long": {b"MAIL": b"250 %s\r\n" % (b"x" * 510)},
    "smtp-lost": {b".": b"451 later\r\n"},
    "smtp-closed": {b".": b""},
}
replies = {**(SMTP if LIE.startswith("smtp") else POP3), **LIES[LIE]}
usual = b"250 ok\r\n" if LIE.startswith("smtp") else b"+OK\r\n"

with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    listener.settimeout(100)
    client, _ = listener.accept()
client.settimeout(100)
with client, client.makefile("rb") as lines:
    data = False
    try:
        client.sendall(replies[b""])
        for line in lines:
            verb = line.split()[0] if line.split() else b""
            if not data or line == b".\r\n":
                reply = replies.get(verb, usual)
                if not reply or verb == b"RETR" and LIE == "retr-no-dot":
                    client.sendall(reply)
                    break
                client.sendall(reply)
                data = verb == b"DATA"
            if verb == b"QUIT":
                break
    except OSError:
        pass  # it was found out
