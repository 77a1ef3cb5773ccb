#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""relays.py - messages that MTAs and mail libraries pass on arrive octet by octet; tests/relays.bats names the tests.

    tests/lib/relays.py NAME

Postfix, Exim and OpenSMTPD are packages that conflict: unpacked, they run on directories of their own, the latter two
in a mount namespace where their users exist and their fixed paths are empty. Each is given every message by SMTP and
relays it by SMTP and by LMTP; a test waits until all have come, and compares them.
"""
import contextlib
import os
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from frontends_real import PEERS, Postfix  # noqa: E402
from server import PATIENCE, Client, Server, eventually  # noqa: E402

DELIVER = '#!/bin/sh\ncat >"${0%/*}/../$TRANSACTION_ID.part"\nmv "${0%/*}/../$TRANSACTION_ID.part" "${0%/*}/../$TRANSACTION_ID.mail"\n'
HEAD = (b"From: <a@client.example>\r\nTo: <u@x.example>\r\nDate: Sat, 21 Nov 2026 13:11:42 +0000\r\n"
        b"Message-ID: <%d@client.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 8bit\r\nSubject: %d\r\n")
# Line ends and dots at every place that stuffing, and blocks of a power of two, could get wrong.
BODIES = [
    b"\r\n", b"\r\nbody\r\n", b"\r\nbody\r\n\r\n\r\n", b"\r\n.\r\n", b"\r\n..\r\n", b"\r\n...\r\n.\r\n..\r\n.\r\n",
    b"\r\n.a\r\n..b\r\na.\r\n. \r\n .\r\n.\t\r\n", b"\r\n\r\n.\r\n\r\n", b"\r\nQUIT\r\nRSET\r\nFrom me\r\n>From me\r\n"
    b"BDAT 3 LAST\r\nMAIL FROM:<>\r\n", "\r\nпривет\r\n.ü\r\n".encode(), b"\r\n" + b".\r\n" * 3000,
    b"\r\n" + b"".join(b"." * (number % 5) + b"x" * number + b"\r\n" for number in range(0, 990, 7)),
    *(b"\r\n" + b"x" * pad + b"\r\n" + b"." * 62 + b"\r\n" + b".\r\n..\r\n" * 2048 for pad in range(900, 908)),
]
MESSAGES = [HEAD % (number, number) + body for number, body in enumerate(BODIES)]


def stuffed(message):
    return re.sub(rb"(^|\r\n)\.", rb"\1..", message) + b".\r\n"


class Sink(Server):
    """A session program that keeps what it takes, with CRLF."""

    def __init__(self, program, *options):
        super().__init__("--line-ends", "crlf", "--max-errors", "0", "--max-per-source", "0", *options, program=program,
                         hooks={"rcpt": "#!/bin/sh\n", "deliver": DELIVER})

    def messages(self):
        names = [name for name in os.listdir(self.directory) if name.endswith(".mail")]
        contents = []
        for name in names:
            with open(os.path.join(self.directory, name), "rb") as file:
                contents.append(file.read())
        return contents

    def check(self, wanted, foreign=0):
        """All that is wanted has come, once, behind our Received field and so many of others."""
        arrived = eventually(lambda: (got := self.messages()) and len(got) >= len(wanted) and got,
                             f"of {len(wanted)} messages there are {len(self.messages())}")
        assert len(arrived) == len(wanted), len(arrived)
        left = list(wanted)
        for message in arrived:
            fields = re.match(rb"(?:Received: [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)+)+", message)
            assert fields and len(re.findall(rb"(?m)^Received: ", fields[0])) == 1 + foreign, message[:900]
            bare = message[fields.end():]
            assert bare in left, (len(bare), bare[:2000])
            left.remove(bare)


def submit(connection, messages, recipients):
    """Gives all messages to an MTA."""
    client = Client(connection)
    assert client.line().startswith("220 ")
    assert client.say("HELO client.example").startswith("250 ")
    for message in messages:
        for command in ("MAIL FROM:<a@client.example>", *(f"RCPT TO:<{name}>" for name in recipients)):
            assert (said := client.say(command)).startswith("250 "), said
        assert client.say("DATA").startswith("354 ")
        connection.sendall(stuffed(message))
        said = client.line()
        assert said.startswith("250 "), said
    assert client.say("QUIT").startswith("221 ")
    client.close()


def postfix():
    """Postfix's smtp and lmtp clients."""
    with Sink("smtp-session").ready() as smtp, Sink("lmtp-session").ready() as lmtp, \
            Postfix(smtp.port, lmtp.port) as mailer:
        submit(mailer.connect(), MESSAGES, ("u@smtp.example", "u@lmtp.example"))
        smtp.check(MESSAGES, foreign=1)
        lmtp.check(MESSAGES, foreign=1)


class Peer:
    """An unpacked MTA in a mount namespace of its own."""

    USERS = {}

    def __init__(self, package):
        self.tree = os.path.join(PEERS, package)
        self.directory = tempfile.mkdtemp(prefix="relay.")
        os.chmod(self.directory, 0o755)
        for name, line in (("passwd", "{}:x:{}:{}::/:/bin/false\n"), ("group", "{}:x:{}:\n")):
            with open(f"/etc/{name}", encoding="utf-8") as file, \
                    open(f"{self.directory}/{name}", "w", encoding="utf-8") as own:
                own.write("".join(entry for entry in file if entry.split(":")[0] not in self.USERS))
                own.writelines(line.format(user, number, number) for user, number in self.USERS.items())

    def inside(self, script, *arguments, **popen):
        return subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-euc",
             f"for name in passwd group; do mount --bind {self.directory}/$name /etc/$name; done\n{script}",
             "sh", *arguments], start_new_session=True, **popen)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory)


EXIM = """
primary_hostname = exim.example
spool_directory = {directory}/spool
log_file_path = {directory}/log-%s
pid_file_path = {directory}/pid
exim_path = {program}
tls_advertise_hosts =
keep_environment =
smtp_accept_max_per_connection = 0
smtp_accept_queue_per_connection = 0
bounce_return_body = false
acl_smtp_rcpt = accept
acl_smtp_data = accept
begin routers
lmtp:
  driver = manualroute
  domains = lmtp.example
  transport = lmtp
  route_list = * 127.0.0.1 byname
  self = send
smtp:
  driver = manualroute
  transport = smtp
  route_list = * 127.0.0.1 byname
  self = send
begin transports
lmtp:
  driver = smtp
  protocol = lmtp
  port = {lmtp}
  hosts_try_chunking = {chunking}
  hosts_try_prdr =
smtp:
  driver = smtp
  port = {smtp}
  hosts_try_chunking = {chunking}
  hosts_try_prdr =
begin retry
* * F,1h,1m
"""


class Exim(Peer):
    """Runs for one conversation, and delivers what came in it before it ends."""

    USERS = {"Debian-exim": 4201}

    def __init__(self, smtp, lmtp, chunking):
        super().__init__("exim4-daemon-light")
        self.program = os.path.join(self.tree, "usr/sbin/exim4")
        os.mkdir(f"{self.directory}/spool")
        for path in (self.directory, f"{self.directory}/spool"):
            os.chown(path, 4201, 4201)
        with open(f"{self.directory}/conf", "w", encoding="ascii") as file:
            file.write(EXIM.format(directory=self.directory, program=self.program, smtp=smtp, lmtp=lmtp, chunking=chunking))

    def __enter__(self):
        # -odi delivers before the next message is taken.
        ours, theirs = socket.socketpair()
        ours.settimeout(PATIENCE)
        with theirs:
            self.process = self.inside('exec "$1" -C "$2/conf" -bs -odi', self.program, self.directory, stdin=theirs,
                                       stdout=theirs)
        self.socket = ours
        return self

    def __exit__(self, *arguments):
        self.socket.close()
        self.process.wait(PATIENCE)
        super().__exit__(*arguments)


def exim():
    """Exim's client, by DATA and by BDAT."""
    for chunking in ("", "*"):
        with Sink("smtp-session").ready() as smtp, Sink("lmtp-session").ready() as lmtp, \
                Exim(smtp.port, lmtp.port, chunking) as mailer:
            submit(mailer.socket, MESSAGES, ("u@smtp.example", "u@lmtp.example"))
            smtp.check(MESSAGES, foreign=1)
            lmtp.check(MESSAGES, foreign=1)


OPENSMTPD = """
listen on {address} port 25
action "smtp" relay host smtp://127.0.0.1:{smtp} helo opensmtpd.example
action "lmtp" relay host lmtp://127.0.0.1:{lmtp} helo opensmtpd.example
match from any for domain "lmtp.example" action "lmtp"
match from any for any action "smtp"
"""


class OpenSMTPD(Peer):
    """A daemon on a loopback address of its own."""

    USERS = {"opensmtpd": 4202, "opensmtpq": 4203}

    def __init__(self, smtp, lmtp):
        super().__init__("opensmtpd")
        self.address = f"127.43.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"
        with open(f"{self.directory}/conf", "w", encoding="ascii") as file:
            file.write(OPENSMTPD.format(address=self.address, smtp=smtp, lmtp=lmtp))
        os.chmod(f"{self.directory}/conf", 0o600)
        with open(f"{self.directory}/log", "wb") as log:
            self.process = self.inside(
                'for place in /var/lib /var/spool /run; do mount -t tmpfs -o mode=755 none $place; done\n'
                'mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd\nchmod 711 /var/spool/smtpd\n'
                'echo opensmtpd.example >/run/mailname\n'
                'exec "$1/usr/sbin/smtpd" -d -f "$2/conf"', self.tree, self.directory, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)

    def connect(self):
        def attempt():
            with contextlib.suppress(ConnectionRefusedError):
                return socket.create_connection((self.address, 25), PATIENCE)
        return eventually(attempt, "OpenSMTPD does not listen")

    def __exit__(self, kind, *rest):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(PATIENCE)
        if kind:
            with open(f"{self.directory}/log", encoding="utf-8") as file:
                print(file.read()[-4000:], file=sys.stderr)
        super().__exit__(kind, *rest)


def opensmtpd():
    """OpenSMTPD's client."""
    with Sink("smtp-session").ready() as smtp, Sink("lmtp-session").ready() as lmtp, \
            OpenSMTPD(smtp.port, lmtp.port) as mailer:
        submit(mailer.connect(), MESSAGES, ("u@smtp.example", "u@lmtp.example"))
        smtp.check(MESSAGES, foreign=1)
        lmtp.check(MESSAGES, foreign=1)


def python():
    """smtplib and its LMTP, which take octets."""
    for program, client_class in (("smtp-session", smtplib.SMTP), ("lmtp-session", smtplib.LMTP)):
        with Sink(program).ready() as server, client_class("127.0.0.1", server.port, timeout=PATIENCE) as client:
            for message in MESSAGES:
                assert client.sendmail("a@client.example", ["u@x.example"], message) == {}
            server.check(MESSAGES)


def each_message(server, argv, environment=(), form=bytes):
    """One run a message, which is a file in the form that the program wants."""
    with tempfile.NamedTemporaryFile() as file:
        for message in MESSAGES:
            file.seek(0)
            file.truncate()
            file.write(form(message))
            file.flush()
            done = subprocess.run([word.format(port=server.port, file=file.name) for word in argv], capture_output=True,
                                  text=True, timeout=PATIENCE, check=False, env={**os.environ, **dict(environment)},
                                  stdin=open(file.name, "rb"))
            assert done.returncode == 0, (done.stdout, done.stderr)
    server.check(MESSAGES)


def commands():
    """curl, and msmtp and swaks, which have LMTP too."""
    curl = ["curl", "-sS", "-m", "120", "--upload-file", "{file}", "--mail-from", "a@client.example", "--mail-rcpt", "u@x.example",
            "smtp://127.0.0.1:{port}"]
    msmtp = ["msmtp", "--host=127.0.0.1", "--port={port}", "--tls=off", "--auth=off", "--from=a@client.example",
             "--undisclosed-recipients=off", "u@x.example"]
    swaks = ["swaks", "--server", "127.0.0.1", "--port", "{port}", "--from", "a@client.example", "--to", "u@x.example",
             "--helo", "client.example", "--data", "@{file}", "--no-data-fixup", "--silent", "2", "--protocol"]
    for program, ways in (("smtp-session", (curl, msmtp, swaks + ["ESMTP"])),
                          ("lmtp-session", (msmtp + ["--protocol=lmtp"], swaks + ["LMTP"]))):
        for way in ways:
            with Sink(program).ready() as server:
                # What swaks would do by itself adds a line at the end.
                each_message(server, way, form=stuffed if "--no-data-fixup" in way else bytes)


PERL = """
use strict; use Net::SMTP;
# Net::LMTP is this: Net::SMTP that says LHLO.
package LMTP; our @ISA = "Net::SMTP"; sub _EHLO { shift->command("LHLO", @_)->response == Net::Cmd::CMD_OK() }
package main;
my ($class, $port, $file) = @ARGV;
my $client = $class->new("127.0.0.1", Port => $port, Hello => "perl.example", Timeout => 120) or die "no session";
open my $in, "<:raw", $file or die; local $/; my $message = <$in>;
$client->mail('a@client.example') && $client->to('u@x.example') or die $client->message;
$client->data($message =~ s/\\r\\n/\\n/gr) or die $client->message;
$client->quit or die;
"""


def perl():
    """Net::SMTP, and what Net::LMTP makes of it."""
    for program, name in (("smtp-session", "Net::SMTP"), ("lmtp-session", "LMTP")):
        with Sink(program).ready() as server:
            each_message(server, ["perl", "-e", PERL.replace("{", "{{").replace("}", "}}"), name, "{port}", "{file}"])


NODE = """
const [port, file, lmtp] = process.argv.slice(1);
const SMTPConnection = require("nodemailer/lib/smtp-connection");
const raw = require("fs").readFileSync(file);
const fail = error => { console.error(error); process.exit(1); };
const connection = new SMTPConnection({ host: "127.0.0.1", port: Number(port), lmtp: lmtp === "lmtp", ignoreTLS: true });
connection.on("error", fail);
connection.connect(() => connection.send({ from: "a@client.example", to: ["u@x.example"] }, raw, error => {
	if (error)
		fail(error);
	connection.once("end", () => process.exit(0));
	connection.quit();
}));
"""


def nodemailer():
    """nodemailer, by SMTP and LMTP."""
    for program, way in (("smtp-session", "smtp"), ("lmtp-session", "lmtp")):
        with Sink(program).ready() as server:
            each_message(server, ["node", "-e", NODE.replace("{", "{{").replace("}", "}}"), "{port}", "{file}", way],
                         {"NODE_PATH": "/usr/share/nodejs"}.items())


if __name__ == "__main__":
    globals()[sys.argv[1]]()
