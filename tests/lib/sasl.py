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
import random
import re
import socket
import subprocess
import sys
import time

PROGRAM = os.path.abspath(os.environ.get("BUILD", "build") + "/bin/sasl-session")
PATIENCE = 60
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

    def worked(self):
        """Seconds of a processor that it has taken so far."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

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


def rfc_7677_example():
    """RFC 7677 3: the keys that this file computes, and those of the program, are the example's."""
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    text = (b"n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
            b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0")
    client, stored, server = keys("pencil", salt, 4096)
    proof = bytes(a ^ b for a, b in zip(client, hmac.digest(stored, text, "sha256")))
    assert b64(proof) == "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    assert b64(hmac.digest(server, text, "sha256")) == "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    salts = set()
    for password in ("pencil", "pencil", "x", "\u00e4 \u20ac", "p" * 1023):
        line = subprocess.run([PROGRAM, "verifier"], input=password.encode() + b"\nmore", stdout=subprocess.PIPE, check=True).stdout
        found = re.fullmatch(rb"\{SCRAM-SHA-256\}4096,([^,]{24}),([^,]{44}),([^,]{44})\n", line)
        salt = base64.b64decode(found[1], validate=True)
        _, stored, server = keys(password, salt, 4096)
        assert (found[2].decode(), found[3].decode()) == (b64(stored), b64(server)), password
        salts.add(salt)
    assert len(salts) == 5
    for password in (b"", b"\nx", b"a\0b", b"p" * 1024, b"\xff", b"a\x01"):
        done = subprocess.run([PROGRAM, "verifier"], input=password, capture_output=True, check=False)
        assert done.returncode == 1 and done.stdout == b"" and done.stderr.count(b"\n") == 1, password


def verdict(mechanism, message, **environment):
    """What a first message leads to: "secret" and the name, or the last word."""
    with Helper(mechanism, **environment) as helper:
        said = helper.respond(message)
        if said[0] not in ("secret", "challenge"):
            helper.ends()
        return said[:2] if said[0] == "secret" else said[0]


def scram_first():
    """RFC 5802 5.1 and 7: each way in which a first message can be wrong, and the names that it can hold."""
    for message, expected in (
            ("n,,n=user,r=abc", ("secret", b"user")), ("y,,n=user,r=abc", ("secret", b"user")),
            ("n,a=user,n=user,r=abc", ("secret", b"user")), ("n,,n=user,r=abc,x=1,Y=2", ("secret", b"user")),
            ("n,,n=a=2Cb=3Dc=2C,r=x", ("secret", b"a,b=c,")), ("n,a=a=2C,n=a=2C,r=x", ("secret", b"a,")),
            ("n,,n=j\u00f6,r=x", ("secret", "j\u00f6".encode())), ("n,,n=a b,r=x", ("secret", b"a b")),
            ("n,,n=" + "u" * 255 + ",r=x", ("secret", b"u" * 255)),
            # Somebody else.
            ("n,a=other,n=user,r=abc", "failure"), ("n,a=us,n=user,r=abc", "failure"), ("n,a==3D,n=user,r=abc", "failure"),
            # Extensions that must be understood.
            ("n,,m=x,n=user,r=abc", "failure"), ("n,,n=user,r=abc,m=x", "failure"),
            # Channel bindings, without TLS.
            ("p=tls-exporter,,n=user,r=abc", "failure"), ("p=tls-unique,,n=user,r=abc", "failure"),
            *((message, "error") for message in (
                "", "n", "n,", "n,,", "n,,n=user", "n,,n=user,", "n,,n=user,r=", "n,,n=,r=abc", "n,,r=abc,n=user", "n,,n=user,r=a\0b",
                "x,,n=user,r=abc", "N,,n=user,r=abc", "nn,,n=user,r=abc", ",,n=user,r=abc", "p,,n=user,r=abc", "p=,,n=user,r=abc",
                "p=a b,,n=user,r=abc", "n,user,n=user,r=abc", "n,a=,n=user,r=abc", "n,a=user,", "n,a=user", "n,,user,r=abc",
                "n,,n=us=er,r=abc", "n,,n=us=2c,r=abc", "n,,n=us=3d,r=abc", "n,,n=us=2,r=abc", "n,,n==,r=abc", "n,,n=us=00,r=abc",
                "n,,n=user,r=a b", "n,,n=user,r=\u00e4", "n,,n=user,r=a\x7f", "n,,n=user,r=abc,", "n,,n=user,r=abc,x", "n,,n=user,r=abc,x=",
                "n,,n=user,r=abc,1=2", "n,,n=user\0,r=abc", "n,,n=user,r=abc\0", b"n,,n=us\xff,r=abc", b"n,,n=\xc0\xaf,r=abc",
                b"n,,n=\xed\xa0\x80,r=abc", "n,,n=" + "u" * 2000 + ",r=x", "n,a=" + "u" * 2000 + ",n=u,r=x"))):
        assert verdict("SCRAM-SHA-256", message) == expected, (message, expected)


def names():
    """POP-019: no store is asked for these, and the client sees what it would see of any other that is not there."""
    for name in ("u" * 256, "a\nb", "a\tb", "a\x7f", "\x01", "a\u0085b", "a\u200bb", "a\u202eb"):
        with Helper("SCRAM-SHA-256") as helper:
            client = Client(name, password="nobody")
            said = helper.respond(client.first())
            # What SASLprep has no place for fails at once, whether it is there or not.
            assert said[0] in ("challenge", "failure"), (name, said)
            if said[0] == "challenge":
                assert helper.respond(client.final(said[1])) == ("failure",)
            helper.ends()
        with Helper("APOP", **APOP) as helper:
            digest = hashlib.md5(APOP["SASL_BANNER"].encode()).hexdigest()
            assert helper.respond(f"{name} {digest}") == ("failure",)
            helper.ends()


def scram_final():
    """RFC 5802 5.1 and 7: each way in which a final message can be wrong."""
    other = b64(bytes(32))

    def attempt(change):
        with Helper("SCRAM-SHA-256") as helper:
            client = Client()
            helper.respond(client.first())
            challenge = helper.answer(verifier("pencil"))[1]
            said = helper.respond(change(client, client.final(challenge)))
            helper.ends()
            return said[0]

    # An unknown extension is part of what is proven, and so does not fail for itself.
    def extended(client, final):
        text = f"{client.bare},{client.server_first},{final.partition(',p=')[0]},x=1".encode()
        key, stored, _ = keys("pencil", client.salt, 4096)
        proof = bytes(a ^ b for a, b in zip(key, hmac.digest(stored, text, "sha256")))
        return final.partition(",p=")[0] + ",x=1,p=" + b64(proof)

    assert attempt(lambda client, final: final) == "success"
    assert attempt(extended) == "success"
    for expected, change in (
            ("failure", lambda client, final: client.final(client.server_first.encode(), c=b64("y,,"))),
            ("failure", lambda client, final: client.final(client.server_first.encode(), c=b64("n,a=user,"))),
            ("failure", lambda client, final: client.final(client.server_first.encode(), c=b64("n,,") + "AA==")),
            ("failure", lambda client, final: client.final(client.server_first.encode(), r=client.nonce)),
            ("failure", lambda client, final: client.final(client.server_first.encode(), r=client.full + "x")),
            ("failure", lambda client, final: client.final(client.server_first.encode(), r=client.full[:-1])),
            ("failure", lambda client, final: client.final(client.server_first.encode(), p=other)),
            ("error", lambda client, final: client.final(client.server_first.encode(), p=other[:40])),
            ("error", lambda client, final: client.final(client.server_first.encode(), p="AAAA" + other)),
            ("error", lambda client, final: client.final(client.server_first.encode(), p="!" + other[1:])),
            ("error", lambda client, final: client.final(client.server_first.encode(), p="")),
            ("error", lambda client, final: client.final(client.server_first.encode(), r="a b")),
            ("error", lambda client, final: ""),
            ("error", lambda client, final: final.partition(",p=")[0]),
            ("error", lambda client, final: final + ","),
            ("error", lambda client, final: final + ",x=1"),
            ("error", lambda client, final: final + "\0"),
            ("error", lambda client, final: "r=" + final),
            ("error", lambda client, final: final.replace(",p=", ",m=1,p=")),
            ("error", lambda client, final: final.replace(",p=", ",x=,p=")),
            ("error", lambda client, final: final.replace("c=", "c=\u00e4").encode("latin-1")),
            ("error", lambda client, final: "p=" + other),
            ("error", lambda client, final: "c=biws,p=" + other)):
        assert attempt(change) == expected, (expected, change.__code__.co_firstlineno)


def scram_plus():
    """RFC 5802 6, RFC 9266: the binding is tls-exporter, of this connection, and nobody may cut its offer out."""
    header = "p=tls-exporter,,"
    plus = "SCRAM-SHA-256-PLUS"
    secret = verifier("pencil")
    assert scram(Client(header=header, binding=BINDING), secret, plus, **PLUS) == "success"
    assert scram(Client(header="p=tls-exporter,a=user,", binding=BINDING), secret, plus, **PLUS) == "success"
    assert scram(Client(header=header, binding=bytes(32)), secret, plus, **PLUS) == "failure"
    assert scram(Client(header=header, binding=BINDING[:31]), secret, plus, **PLUS) == "failure"
    assert scram(Client(header=header, binding=BINDING + b"x"), secret, plus, **PLUS) == "failure"
    assert scram(Client(header=header), secret, plus, **PLUS) == "failure"
    assert scram(Client("user", "x", header=header, binding=BINDING), secret, plus, **PLUS) == "failure"
    assert scram(Client(header=header, binding=BINDING), None, plus, **PLUS) == "failure"
    for flag in ("n", "y", "p=tls-unique", "p=tls-server-end-point", "p=TLS-exporter", "p=tls-exporter2"):
        assert verdict(plus, flag + ",,n=user,r=abc", **PLUS) == "failure", flag
    # Offered, and not used; `y` says that the client was not offered it.
    assert scram(Client(), secret, **PLUS) == "success"
    assert scram(Client(header="y,,"), secret, **PLUS) == "failure"
    assert scram(Client(header="y,,"), secret) == "success"
    assert verdict("SCRAM-SHA-256", header + "n=user,r=abc", **PLUS) == "failure"
    # Without TLS, or with a binding that is none.
    assert verdict(plus, header + "n=user,r=abc") == "trouble"


def challenge_of(name, secret, **environment):
    with Helper("SCRAM-SHA-256", **environment) as helper:
        assert helper.respond(Client(name).first()) == ("secret", name.encode())
        client = Client(name)
        client.final(helper.answer(secret)[1])
        return client.salt, client.full, client.server_first.rpartition(",")[2]


def unknown_users():
    """RFC 5802 9: who asks for a user twice cannot tell whether there is one."""
    salts, nonces = {}, set()
    for name in ("jo", "bob", "jo", "bob"):
        for secret in (None, "{PLAIN}x"):
            salt, nonce, iterations = challenge_of(name, secret)
            assert len(salt) == 16 and iterations == "i=4096"
            assert salts.setdefault(name, salt) == salt
            nonces.add(nonce)
    assert salts["jo"] != salts["bob"] and len(nonces) == 8
    assert challenge_of("jo", None, SASL_HOSTNAME="other.example.org")[0] != salts["jo"]
    # As much work for each of them; a hash for the password alone would be ten times as much. What disturbs only adds to it.
    least = {}
    for turn in range(60):
        for secret in (None, "{PLAIN}x", verifier("x")):
            with Helper("SCRAM-SHA-256") as helper:
                helper.respond(Client("jo").first())
                before = helper.worked()
                helper.answer(secret)
                took = helper.worked() - before
                least[secret] = min(least.get(secret, took), took)
        if turn > 10 and max(least.values()) < 2 * min(least.values()):
            return
    raise AssertionError(least)


def bad_secrets():
    """What a store prints and nobody can use is trouble, never a refusal."""
    good = verifier("pencil").split(",")
    for line in ("{SCRAM-SHA-256}", verifier("x", iterations=4095), verifier("x", salt=b""), verifier("x", salt=b"s" * 65),
                 verifier("x").replace("4096", "99999999999999999999"), verifier("x").replace("4096", "10000001"),
                 verifier("x").replace("4096", "+4096"), verifier("x").replace("4096", ""), verifier("x") + ",", verifier("x") + "\0",
                 ",".join(good[:3]), ",".join(good[:2] + ["AAAA", good[3]]), ",".join(good[:3] + ["A" * 44]), "{PLAIN}a\0b",
                 b"{PLAIN}\xff", "{PLAIN}" + "x" * 1100):
        for mechanism, message in (("SCRAM-SHA-256", "n,,n=user,r=abc"),):
            with Helper(mechanism) as helper:
                assert helper.respond(message) == ("secret", b"user")
                helper.say(b"secret " + (line if isinstance(line, bytes) else line.encode()))
                assert helper.hear()[0] == "trouble", line
                helper.ends()
    for mechanism, message in (("SCRAM-SHA-256", "n,,n=user,r=abc"), ("APOP", "user " + "0" * 32)):
        for line in ("trouble", "begin", "response ", "secret", "unknown ", ""):
            with Helper(mechanism, **APOP) as helper:
                assert helper.respond(message) == ("secret", b"user")
                helper.say(line)
                assert helper.hear()[0] == "trouble", line
                helper.ends()


def digest_grammar():
    """RFC 1939 7, RFC 2195 2: the digest is the last word and has 32 digits, in lower case."""
    good = "c4c9334bac560ecc979e58001b3e22fb"
    for response in ("", "mrose", good, " " + good, "mrose " + good[1:], "mrose " + good.upper(), "mrose " + good[1:] + "g", "mrose\t" + good,
                     "mrose" + good, "mrose " + good + " ", "m\0ose " + good, "mrose " + good + "0", "mrose x" + good):
        for mechanism in ("APOP", "CRAM-MD5"):
            with Helper(mechanism, **APOP) as helper:
                if mechanism == "CRAM-MD5":
                    helper.say("begin")
                    helper.hear()
                assert helper.respond(response)[0] == "error", response
                helper.ends()
    assert verdict("CRAM-MD5", "tim " + good) == "error"
    assert verdict("APOP", "mrose " + good) == "trouble"  # no greeting
    with Helper("APOP", **APOP) as helper:
        helper.say("begin")
        assert helper.hear()[0] == "trouble"


def replay():
    """What one session heard is worth nothing to the next."""
    client, secret = Client(), verifier("pencil")
    with Helper("SCRAM-SHA-256") as helper:
        helper.respond(client.first())
        final = client.final(helper.answer(secret)[1])
        assert helper.respond(final)[0] == "success"
    with Helper("SCRAM-SHA-256") as helper:
        helper.respond(client.first())
        helper.answer(secret)
        assert helper.respond(final) == ("failure",)
    responses = []
    for _ in range(2):
        with Helper("CRAM-MD5") as helper:
            helper.say("begin")
            digest = hmac.new(b"x", helper.hear()[1], "md5").hexdigest()
            responses.append("tim " + digest)
            helper.respond(responses[0])
            assert helper.answer("{PLAIN}x")[0] == ("success" if len(responses) == 1 else "failure")


def runner_lines():
    """A line of 16384 octets is read, one of more is trouble, and so is what is no line of the protocol."""
    for line in ("", "hello", "response", "response A", "response AA=A", "response  ", "begin ", "BEGIN", "unknown", "trouble",
                 "response " + "A" * 12292):
        for mechanism in ("SCRAM-SHA-256", "CRAM-MD5", "APOP"):
            with Helper(mechanism, **APOP) as helper:
                helper.say(line)
                assert helper.hear()[0] == "trouble", (mechanism, line)
                helper.ends()
    for octets, expected in ((16384, "failure"), (16385, "trouble")):
        with Helper("APOP", **APOP) as helper:
            assert helper.respond("mrose " + "0" * 32) == ("secret", b"mrose")
            helper.say("secret {PLAIN}" + "x" * (octets - len("secret {PLAIN}\n")))
            assert helper.hear()[0] == expected, octets
            helper.ends()
    with Helper("SCRAM-SHA-256") as helper:
        assert helper.respond("n,,n=user,r=" + "x" * (9216 - 12))[0] == "secret"
        word, challenge = helper.answer(None)
        assert word == "challenge" and challenge.startswith(b"r=" + b"x" * 9204)
    # Octet by octet, and two lines at once.
    with Helper("APOP", **APOP) as helper:
        for octet in b"response " + b64("mrose c4c9334bac560ecc979e58001b3e22fb").encode() + b"\n":
            helper.socket.sendall(bytes((octet,)))
        assert helper.hear() == ("secret", b"mrose")
        assert helper.answer("{PLAIN}tanstaaf") == ("success", b"mrose")
    with Helper("APOP", **APOP) as helper:
        helper.say("response " + b64("mrose c4c9334bac560ecc979e58001b3e22fb") + "\nsecret {PLAIN}tanstaaf")
        assert helper.hear() == ("secret", b"mrose")
        assert helper.hear() == ("success", b"mrose")


def gone_runner():
    """Whenever the runner goes, the helper goes too, and says nothing more."""
    for mechanism, lines in (("SCRAM-SHA-256", ("response " + b64(Client().first()), "secret " + verifier("pencil"))),
                             ("CRAM-MD5", ("begin", "response " + b64("tim " + "0" * 32))),
                             ("APOP", ("response " + b64("tim " + "0" * 32),))):
        for count in range(len(lines) + 1):
            for part in (b"", b"response AAAA"):
                with Helper(mechanism, **APOP) as helper:
                    for line in lines[:count]:
                        helper.say(line)
                        assert helper.hear()[0] in ("challenge", "secret"), (mechanism, line)
                    helper.socket.sendall(part)
                    helper.socket.shutdown(socket.SHUT_WR)
                    helper.ends()
                # And with nobody to read what it says.
                with Helper(mechanism, **APOP) as helper:
                    for line in lines[:count]:
                        helper.say(line)
                    helper.reader.close()
                    helper.socket.close()
                    assert helper.process.wait(PATIENCE) == 0


def cage():
    """It is locked up before it reads: nothing but its three descriptors, no dump, no new privileges, a filter."""
    if subprocess.run(["grep", "-q", "__asan_init", PROGRAM], check=False).returncode == 0:
        print("kernel: a sanitizer build has no cage")
        return
    for mechanism in ("SCRAM-SHA-256", "CRAM-MD5", "APOP"):
        with Helper(mechanism, **APOP) as helper:
            # A second word shows that the first was read.
            helper.say("begin" if mechanism != "APOP" else "response " + b64("mrose " + "0" * 32))
            assert helper.hear()[0] in ("challenge", "secret")
            proc = f"/proc/{helper.process.pid}"
            with open(proc + "/status", encoding="ascii") as file:
                status = dict(line.rstrip("\n").split(":\t", 1) for line in file)
            assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", mechanism
            assert sorted(os.listdir(proc + "/fd")) == ["0", "1", "2"], mechanism
            with open(proc + "/limits", encoding="ascii") as file:
                limits = file.read()
            for name in ("Max core file size", "Max processes", "Max file size"):
                assert re.search(rf"^{name} +0 +0 ", limits, re.M), (mechanism, name)


def fuzz():
    """Mutations of good messages: always one last word, never a crash, and success for none but the good one."""
    random.seed(7677)
    good = Client().first().encode()
    alphabet = b"\0\n =,anpyrmc23CDx\x7f\x80\xff"
    for _ in range(300):
        message = bytearray(good)
        for _ in range(random.randint(1, 3)):
            at = random.randrange(len(message) + 1)
            message[at:at + random.randint(0, 2)] = bytes(random.choices(alphabet, k=random.randint(0, 2)))
        with Helper("SCRAM-SHA-256") as helper:
            said = helper.respond(bytes(message))
            if said[0] == "secret":
                said = helper.answer(None)
            if said[0] == "challenge":
                nonce = said[1].partition(b",")[0]
                final = bytearray(b"c=biws," + nonce + b",p=" + b64(random.randbytes(32)).encode())
                at = random.randrange(len(final))
                final[at:at + random.randint(0, 1)] = bytes(random.choices(alphabet, k=1))
                said = helper.respond(bytes(final))
            assert said[0] in ("failure", "error"), (message, said)
            helper.ends()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
