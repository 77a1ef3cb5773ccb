#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""sasl - a runner and its client for sasl-session, and the tests of tests/sasl.bats that need them.

    tests/lib/sasl.py TEST      runs one of the functions at the end; says nothing when all holds

Proofs and digests are computed here with hashlib and hmac alone.
"""
import base64
import hashlib
import hmac
import os
import re
import socket
import subprocess
import sys

PROGRAM = os.path.abspath(os.environ.get("BUILD", "build") + "/bin/sasl-session")
PATIENCE = 20
BINDING = bytes(range(32))
PLUS = {"SASL_BINDING": base64.b64encode(BINDING).decode(), "SASL_PLUS": "1"}
APOP = {"SASL_BANNER": "<1896.697170952@dbc.mtview.ca.us>"}


def b64(data):
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


class Helper:
    """sasl-session and its socket."""

    def __init__(self, mechanism, **environment):
        self.socket, other = socket.socketpair()
        self.socket.settimeout(PATIENCE)
        self.reader = self.socket.makefile("rb")
        environment = {"SASL_HOSTNAME": "mx.example.org", **environment}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        self.process = subprocess.Popen([PROGRAM, mechanism], stdin=other, stdout=other,
                                        stderr=subprocess.PIPE, env=environment)
        other.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.reader.close()
        self.socket.close()
        self.process.stderr.close()
        try:
            self.process.wait(PATIENCE)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()

    def say(self, line):
        self.socket.sendall(line + b"\n" if isinstance(line, bytes) else line.encode() + b"\n")

    def hear(self):
        """The next line as its words; the values of the runner's protocol decoded. () at the end."""
        line = self.reader.readline().decode()
        if not line:
            return ()
        assert line.endswith("\n"), line
        word, *values = line[:-1].split(" ")
        if word in ("error", "trouble"):
            assert values and line[:-1].isprintable(), line
            return (word, " ".join(values))
        return (word, *(base64.b64decode(value, validate=True) for value in values))

    def respond(self, data):
        self.say("response " + b64(data))
        return self.hear()

    def answer(self, secret):
        self.say("unknown" if secret is None else "secret " + secret)
        return self.hear()

    def ends(self):
        assert self.hear() == ()
        assert self.process.wait(PATIENCE) == 0, self.process.returncode
        assert self.process.stderr.read() == b""


# ---- SCRAM (RFC 5802, RFC 7677), as a client ----

def keys(password, salt, iterations):
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client = hmac.digest(salted, b"Client Key", "sha256")
    return client, hashlib.sha256(client).digest(), hmac.digest(salted, b"Server Key", "sha256")


def verifier(password, salt=b"0123456789abcdef", iterations=4096):
    _, stored, server = keys(password, salt, iterations)
    return "{SCRAM-SHA-256}%d,%s,%s,%s" % (iterations, b64(salt), b64(stored), b64(server))


def escape(name):
    return name.replace("=", "=3D").replace(",", "=2C")


class Client:
    def __init__(self, name="user", password="pencil", header="n,,", binding=b"", nonce="rOprNGfwEbeRWgbNEkqO"):
        self.password, self.header, self.binding, self.nonce = password, header, binding, nonce
        self.bare = f"n={escape(name)},r={nonce}"

    def first(self):
        return self.header + self.bare

    def final(self, server_first, **changes):
        """`changes` replaces the attributes c, r and p."""
        self.server_first = server_first.decode()
        found = re.fullmatch(r"r=([!-+\--~]+),s=([A-Za-z0-9+/=]+),i=([1-9][0-9]*)", self.server_first)
        self.full, salt, iterations = found[1], base64.b64decode(found[2], validate=True), int(found[3])
        assert self.full.startswith(self.nonce) and len(self.full) >= len(self.nonce) + 18, self.full
        assert iterations >= 4096
        self.salt = salt
        client, stored, server = keys(self.password, salt, iterations)
        without = "c=%s,r=%s" % (changes.get("c", b64(self.header.encode() + self.binding)), changes.get("r", self.full))
        text = f"{self.bare},{self.server_first},{without}".encode()
        proof = bytes(a ^ b for a, b in zip(client, hmac.digest(stored, text, "sha256")))
        self.signature = hmac.digest(server, text, "sha256")
        return without + ",p=" + changes.get("p", b64(proof))


def scram(client, secret, mechanism="SCRAM-SHA-256", name=b"user", **environment):
    """A whole exchange: the last word."""
    with Helper(mechanism, **environment) as helper:
        said = helper.respond(client.first())
        if said[0] == "secret":
            assert said == ("secret", name), said
            said = helper.answer(secret)
        if said[0] == "challenge":
            said = helper.respond(client.final(said[1]))
        if said[0] == "success":
            assert said == ("success", name, b"v=" + b64(client.signature).encode()), said
        helper.ends()
        return said[0]


# ---- the tests ----

def scram_login():
    assert scram(Client(), verifier("pencil")) == "success"
    assert scram(Client(), verifier("pencil", iterations=10000, salt=b"s" * 64)) == "success"
    assert scram(Client(), "{PLAIN}pencil") == "success"
    assert scram(Client(password="pencil2"), verifier("pencil")) == "failure"
    assert scram(Client(password="pencil2"), "{PLAIN}pencil") == "failure"
    assert scram(Client(), None) == "failure"
    # The password of a user who is not there is none that could be guessed from the program.
    assert scram(Client(password="nobody"), None) == "failure"
    # The store has a hash, or the like, that SCRAM cannot use: as if nobody was there.
    assert scram(Client(password="nobody"), "$y$j9T$x$y") == "failure"
    # SASLprep (RFC 4013) of a password: no-break space is a space, and the ligature is two letters.
    assert scram(Client(password="a fi"), "{PLAIN}a\u00a0\ufb01") == "success"
    # The client sends its first message when it is asked for it.
    with Helper("SCRAM-SHA-256") as helper:
        client = Client()
        helper.say("begin")
        assert helper.hear() == ("challenge", b"")
        assert helper.respond(client.first()) == ("secret", b"user")
        challenge = helper.answer(verifier("pencil"))
        assert helper.respond(client.final(challenge[1]))[0] == "success"
        helper.ends()


def digest_login():
    """RFC 2195 2 and RFC 1939 7, with their examples where the challenge is given."""
    with Helper("APOP", **APOP) as helper:
        assert helper.respond("mrose c4c9334bac560ecc979e58001b3e22fb") == ("secret", b"mrose")
        assert helper.answer("{PLAIN}tanstaaf") == ("success", b"mrose")
        helper.ends()
    challenges = set()
    for name, stored, password, verdict in (
            ("tim", "{PLAIN}tanstaaftanstaaf", "tanstaaftanstaaf", "success"),
            ("a name with blanks", "{PLAIN}x y", "x y", "success"), ("tim", "{PLAIN}" + "k" * 100, "k" * 100, "success"),
            ("tim", "{PLAIN}tanstaaf", "tanstaa", "failure"), ("tim", None, "", "failure"), ("tim", "{PLAIN}", "", "failure"),
            ("tim", verifier("x"), "", "failure")):
        with Helper("CRAM-MD5") as helper:
            helper.say("begin")
            word, challenge = helper.hear()
            assert word == "challenge" and re.fullmatch(rb"<[0-9a-f]{48}\.[0-9]+@mx\.example\.org>", challenge), challenge
            challenges.add(challenge[:17])
            digest = hmac.new(password.encode(), challenge, "md5").hexdigest()
            assert helper.respond(f"{name} {digest}") == ("secret", name.encode())
            said = helper.answer(stored)
            assert said == (("success", name.encode()) if verdict == "success" else ("failure",)), (name, said)
            helper.ends()
    assert len(challenges) == 7


if __name__ == "__main__":
    globals()[sys.argv[1]]()
