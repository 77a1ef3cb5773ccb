# SPDX-License-Identifier: ISC
"""rows.py - what is measured, beside whom, and what is wanted: the table of the benchmark.

A row is one question. Its entries are measured in turn, round by round, so that a ratio compares neighbours in time;
a target is a ratio of two entries, judged by the median over the rounds.
"""
from dataclasses import dataclass, field

from servers import Case


@dataclass
class Metric:
    unit: str
    of: str  # for people
    figure: object  # from the result of a generator
    digits: int = 0


METRICS = {
    "rate": Metric("messages/s", "throughput", lambda r: r["messages"] / r["seconds"]),
    "sessions": Metric("sessions/s", "throughput", lambda r: r["sessions"] / r["seconds"]),
    "speed": Metric("MB/s", "throughput", lambda r: r["octets"] / r["seconds"] / 1e6),
    "time": Metric("ms", "a session", lambda r: r["session_us"]["p50"] / 1e3, 1),
    "p50": Metric("ms", "a session, p50", lambda r: r["session_us"]["p50"] / 1e3, 2),
    "p99": Metric("ms", "a session, p99", lambda r: r["session_us"]["p99"] / 1e3, 2),
    "greeting": Metric("µs", "connect to greeting, p50", lambda r: r["greeting_us"]["p50"]),
    "greeting99": Metric("µs", "connect to greeting, p99", lambda r: r["greeting_us"]["p99"]),
    "cpu": Metric("s", "CPU time of 1,000 sessions", lambda r: r["server_cpu"] / r["sessions"] * 1000, 2),
    "memory": Metric("KiB", "memory of a connection (PSS)", lambda r: r["pss"], 1),
    "peak": Metric("KiB", "most memory of the session's processes (PSS)", lambda r: r["peak"]),
}


@dataclass
class Entry:
    """One bar: a server and what it is asked."""
    server: str
    label: str = ""  # beside the server's name
    load: list = field(default_factory=list)
    warm: bool = False  # asked once before

    @property
    def name(self):
        return self.server + (f", {self.label}" if self.label else "")


@dataclass
class Target:
    metric: str
    entry: str
    than: str
    sign: str  # ">=" or "<="
    bound: float


@dataclass
class Bound:
    """A target that is a figure, not a ratio."""
    metric: str
    entry: str
    most: float


@dataclass
class Row:
    key: str
    title: str
    case: Case
    metrics: list
    entries: list
    targets: list
    load: list = field(default_factory=list)
    timed: bool = True  # sessions for a fixed time, behind a warm-up; else exactly those that `load` says
    drop: tuple = ()  # maildrop: messages, octets, kind
    core: bool = False  # of bench-quick
    watch: bool = False  # memory, while it runs


OURS, OFF, LOOP, LIMIT, BEHIND = ("mail-session", "mail-session, sandbox off", "mail-session, own loop", "limit",
                                  "limit under tcpserver")
MISSING = {
    "notqmail": "Debian 12 has neither netqmail nor notqmail; mailfront is of the same shape, and runs the same "
                "qmail-queue stub",
    "qmail-pop3d": "Debian 12 has no qmail; mailfront's pop3front-auth, cvm-pwfile, pop3front-maildir is the same "
                   "chain of programs",
}

def entries(*servers, **more):
    return [Entry(server, **more) for server in servers]



def smtp_rows():
    for concurrency in (1, 10, 50):
        targets = [Target("rate", OURS, BEHIND, ">=", 0.70), Target("rate", OFF, BEHIND, ">=", 0.80),
                   Target("rate", OURS, LIMIT, ">=", 0.70), Target("rate", OURS, "mailfront", ">=", 2),
                   Target("rate", OURS, "notqmail", ">=", 2)]
        if concurrency == 10:
            targets.append(Target("rate", OURS, "postfix", ">=", 1.7))
        yield Row(f"smtp-{concurrency}", f"SMTP, one 4 KiB message a session into a sink, {concurrency} at a time",
                  Case("smtp"), ["rate", "p50", "p99"], entries(OURS, OFF, LOOP, BEHIND, LIMIT, "mailfront", "postfix"), targets,
                  ["--pipelining", "--concurrency", str(concurrency)], core=concurrency == 10)
    for concurrency in (1, 10, 50):
        targets = [Target("rate", OURS, BEHIND, ">=", 0.75), Target("rate", OURS, LIMIT, ">=", 0.75)]
        if concurrency == 10:
            targets.append(Target("rate", OURS, "postfix", ">=", 1.5))
        yield Row(f"smtp-durable-{concurrency}",
                  f"SMTP, one 4 KiB message a session, on the disk in one Maildir, {concurrency} at a time",
                  Case("smtp", "durable"), ["rate", "p50", "p99"], entries(OURS, LOOP, BEHIND, LIMIT, "postfix"), targets,
                  ["--pipelining", "--users", "1", "--concurrency", str(concurrency)], core=concurrency == 10)
    yield Row("lmtp-durable", "LMTP, one 4 KiB message a session, on the disk in Maildirs, 10 at a time",
              Case("lmtp", "durable", users=10), ["rate", "p50", "p99"], entries(OURS, LOOP, BEHIND, LIMIT, "dovecot"),
              [Target("rate", OURS, BEHIND, ">=", 0.7), Target("rate", OURS, LIMIT, ">=", 0.7),
               Target("rate", OURS, "dovecot", ">=", 2.5)],
              ["--pipelining", "--users", "10", "--concurrency", "10"], core=True)
    yield Row("smtp-thousand", "SMTP, 1,000 messages of 4 KiB in one session, on the disk in one Maildir",
              Case("smtp", "durable"), ["rate"], entries(OURS, BEHIND, "postfix"),
              [Target("rate", OURS, BEHIND, ">=", 0.9)],
              ["--pipelining", "--users", "1", "--messages", "THOUSAND"], timed=False, core=True)
    kinds = ("text", "chars", "dots", "dot-only")
    large = [Entry(server, kind, ["--kind", kind]) for kind in kinds for server in (OURS, LIMIT)]
    yield Row("smtp-large", "SMTP, one message of 256 MiB into a sink", Case("smtp"), ["speed", "peak"], large,
              [Target("speed", f"{OURS}, {kind}", f"{LIMIT}, {kind}", ">=", 0.7) for kind in kinds] +
              [Target("speed", f"{OURS}, {kind}", f"{OURS}, text", ">=", 0.6) for kind in kinds[1:]] +
              [Bound("peak", f"{OURS}, {kind}", 4096) for kind in kinds],
              ["--size", "LARGE", "--spread", "0"], timed=False, watch=True)
    for label, load in (("pipelined", ["--pipelining"]), ("one by one", [])):
        yield Row(f"smtp-recipients-{label.split()[0]}", f"SMTP, 100 recipients checked by maildir-store, {label}",
                  Case("smtp", "check", users=100), ["time"], entries(OURS, BEHIND, "postfix"),
                  [Target("time", OURS, BEHIND, "<=", 1.5)],
                  ["--recipients", "100", "--users", "100", "--concurrency", "1", *load])
    yield Row("accept", "SMTP, connect and QUIT, 10 at a time: who accepts", Case("smtp"), ["sessions"],
              entries(LOOP, OURS, "systemd"),
              [Target("sessions", LOOP, OURS, ">=", 1), Target("sessions", LOOP, "systemd", ">=", 20)],
              ["--messages", "0", "--concurrency", "10"], core=True)
    yield Row("greeting", "SMTP, connect to greeting", Case("smtp"), ["greeting", "greeting99"],
              entries(OURS, OFF, BEHIND, LIMIT, "mailfront", "postfix"),
              [Target("greeting", OURS, BEHIND, "<=", 1.4), Target("greeting99", OURS, BEHIND, "<=", 1.4)],
              ["--messages", "0", "--concurrency", "1"])
    yield Row("cpu", "SMTP, CPU time, one 4 KiB message a session into a sink", Case("smtp"), ["cpu"],
              entries(OURS, OFF, LOOP, BEHIND, LIMIT, "mailfront", "postfix"),
              [Target("cpu", OURS, BEHIND, "<=", 1.4), Target("cpu", OURS, LIMIT, "<=", 1.4)],
              ["--pipelining", "--concurrency", "2", "--sessions", "CPU"], timed=False, core=True)
    for protocol in ("smtp", "pop3"):
        yield Row(f"idle-{protocol}", f"{protocol.upper()}, an idle connection, all its processes",
                  Case(protocol, "sink" if protocol == "smtp" else "maildrop"), ["memory"],
                  entries(OURS, LOOP, BEHIND), [Bound("memory", OURS, 48), Bound("memory", LOOP, 48)],
                  ["--idle", "50"], timed=False, core=protocol == "smtp")


def pop3_rows():
    for concurrency in (1, 10, 50):
        yield Row(f"pop3-{concurrency}", f"POP3, login, STAT and QUIT, {concurrency} at a time",
                  Case("pop3", "maildrop", users=200), ["sessions", "p50", "p99"],
                  entries(OURS, OFF, LOOP, BEHIND, LIMIT, "mailfront", "dovecot"),
                  [Target("sessions", OURS, BEHIND, ">=", 0.7), Target("sessions", OURS, LIMIT, ">=", 0.7),
                   Target("sessions", OURS, "mailfront", ">=", 1.5), Target("sessions", OURS, "qmail-pop3d", ">=", 1.5),
                   Target("sessions", OURS, "dovecot", ">=", 9)],
                  ["--users", "200", "--concurrency", str(concurrency)], core=concurrency == 10)
    listing = [Entry(server, label, warm=label == "warm") for label in ("cold", "warm") for server in (OURS, "dovecot")]
    yield Row("pop3-listing", "POP3, login, UIDL and LIST of 100,000 messages", Case("pop3", "maildrop"), ["time"],
              listing, [Target("time", f"{OURS}, cold", "dovecot, cold", "<=", 0.25),
                        Target("time", f"{OURS}, warm", "dovecot, warm", "<=", 0.33)],
              ["--uidl", "--list"], timed=False, drop=(100000, 1024, "text"))
    for label, load, targets in (
            ("pipelined", ["--pipeline", "100"], [("dovecot", 1.8), ("popa3d", 1.3)]),
            ("one by one", [], [("dovecot", 1.15), ("mailfront", 1.15)])):
        yield Row(f"pop3-retr-{label.split()[0]}", f"POP3, RETR of 10,000 messages of 4 KiB, {label}",
                  Case("pop3", "maildrop"), ["rate"], entries(OURS, "dovecot", "mailfront", "popa3d", warm=True),
                  [Target("rate", OURS, peer, ">=", bound) for peer, bound in targets],
                  ["--retr", *load], timed=False, drop=(10000, 4096, "text"), core=label == "pipelined")
    for kind, bound in (("text", 2), ("dot-only", 20)):
        yield Row(f"pop3-large-{kind}", f"POP3, RETR of one message of 256 MiB, {kind}", Case("pop3", "maildrop"),
                  ["speed", "peak"], entries(OURS, "dovecot", "mailfront"),
                  [Target("speed", OURS, "dovecot", ">=", bound)], ["--retr"], timed=False,
                  drop=(1, 256 << 20, kind), watch=True)
    yield Row("pop3-dele", "POP3, DELE of 10,000 messages and QUIT, pipelined", Case("pop3", "maildrop"), ["time"],
              entries(OURS, "dovecot", "mailfront"), [Target("time", OURS, "dovecot", "<=", 0.4)],
              ["--dele", "--pipeline", "100"], timed=False, drop=(10000, 4096, "text"))


def rows():
    return [*smtp_rows(), *pop3_rows()]
