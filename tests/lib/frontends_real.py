#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""frontends_real.py - HAProxy, Postfix and swaks as front ends, one test a function; tests/frontends.bats names them.

    tests/lib/frontends_real.py NAME
"""
import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from frontends import HOOKS, REAL, front, greeting  # noqa: E402
from server import PATIENCE, Client, Log, Server, eventually  # noqa: E402

# ---- HAProxy ----


class Balancer:
    """HAProxy in front of a server, on a port of its own that it inherits. `line` is of its server, `bind` of its bind."""

    def __init__(self, server, line, bind=""):
        self.directory = tempfile.mkdtemp()
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        config = os.path.join(self.directory, "haproxy.cfg")
        with open(config, "w", encoding="ascii") as file:
            file.write("global\n  log stderr format raw local0\ndefaults\n  mode tcp\n  timeout connect 10s\n"
                       "  timeout client 60s\n  timeout server 60s\n  timeout check 10s\n"
                       f"listen mail\n  bind fd@{listener.fileno()} {bind.format(directory=self.directory)}\n"
                       f"  server mail 127.0.0.1:{server.port} source {REAL} {line}\n")
        if "crt" in bind:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-subj", "/CN=client", "-keyout", f"{self.directory}/key", "-out", f"{self.directory}/cert"],
                           check=True, capture_output=True)
            with open(f"{self.directory}/pem", "wb") as pem:
                for part in ("cert", "key"):
                    with open(f"{self.directory}/{part}", "rb") as file:
                        pem.write(file.read())
        self.process = subprocess.Popen(["haproxy", "-db", "-f", config], stderr=subprocess.PIPE,
                                        pass_fds=[listener.fileno()])
        self.log = Log(self.process.stderr)
        listener.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        self.process.kill()
        self.process.wait()
        if kind:
            print("\n".join(self.log.lines), file=sys.stderr)
        shutil.rmtree(self.directory)

    def connect(self, context=None):
        connection = socket.create_connection(("127.0.0.1", self.port), PATIENCE, ("127.0.0.3", 0))
        name = connection.getsockname()
        if context is not None:
            connection = context.wrap_socket(connection, server_hostname="mx.example.org")
        return Client(connection), name

    def told(self, name, tls="///"):
        """The greeting of a client whose socket has this name."""
        return greeting(name[0], name[1], f"127.0.0.1/{self.port}", tls)


def haproxy():
    """PRX-004 PRX-006 PRX-009 with HAProxy's send-proxy and send-proxy-v2, checksum and all."""
    for line in ("send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority"):
        with front() as server, Balancer(server, line) as balancer:
            for _ in range(3):
                client, name = balancer.connect()
                assert client.line() == balancer.told(name), line
                assert client.say("EHLO client.example").startswith("250-")
                client.socket.sendall(b"QUIT\r\n")
                assert "221 " in client.rest()
                client.close()
            server.log.wait(f"session end.* peer=127.0.0.3 via={REAL} ", 3)


def haproxy_checks():
    """PRX-007: a health check sends LOCAL and hears a greeting; HAProxy holds the server for alive."""
    check = "check inter 500ms rise 1 fall 3 check-send-proxy"
    for line in (f"send-proxy-v2 {check}", f"send-proxy {check}"):
        with front() as server, Balancer(server, line + "\n  option smtpchk EHLO check.example") as balancer:
            server.log.wait(f"session end.* peer={REAL} .*commands=[12] .*reason=quit", 3)
            client, name = balancer.connect()
            assert client.line() == balancer.told(name)
            client.close()
            assert not balancer.log.find("DOWN"), balancer.log.lines


def haproxy_tls():
    """PRX-010: HAProxy ends TLS and tells version, cipher, server name and the name in the client's certificate."""
    bind = "ssl crt {directory}/pem ca-file {directory}/cert verify optional"
    options = "send-proxy-v2-ssl-cn proxy-v2-options ssl,cert-cn,ssl-cipher,authority,crc32c"
    with front() as server, Balancer(server, options, bind) as balancer:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        for peer in ("", "CN=client"):
            if peer:
                context.load_cert_chain(f"{balancer.directory}/cert", f"{balancer.directory}/key")
            client, name = balancer.connect(context)
            version, cipher = client.socket.version(), client.socket.cipher()[0]
            assert client.line() == balancer.told(name, f"{version}/{cipher}/mx.example.org/{peer}")
            client.close()


# ---- Postfix, swaks ----

PEERS = os.path.realpath(os.path.join(os.environ.get("BUILD", "build"), "peers"))
MASTER = """\
entrance unix n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
error unix - - n - - error
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000 1 tlsmgr
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
postlog unix-dgram n - n - 1 postlogd
"""
QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "pid", "private", "public",
          "saved", "trace", "maildrop")


class Postfix:
    """
    An unpacked Postfix on directories of its own, that sends what it is given on to the ports named. It can have further
    settings.
    """

    def __init__(self, smtp, lmtp, **more):
        self.tree = os.path.join(PEERS, "postfix")
        self.directory = tempfile.mkdtemp()
        os.chmod(self.directory, 0o755)
        queue, programs = os.path.join(self.directory, "queue"), os.path.join(self.tree, "usr/lib/postfix/sbin")
        for name in ("config", "data", "queue", *(os.path.join(queue, name) for name in QUEUES)):
            os.mkdir(os.path.join(self.directory, name), 0o755)
        for name in ("data", *(os.path.join(queue, name) for name in QUEUES if name != "pid")):
            shutil.chown(os.path.join(self.directory, name), "mail")
        settings = {
            "compatibility_level": "3.6", "queue_directory": queue, "data_directory": f"{self.directory}/data",
            "daemon_directory": programs, "command_directory": os.path.join(self.tree, "usr/sbin"),
            "meta_directory": f"{self.directory}/config", "shlib_directory": os.path.join(self.tree, "usr/lib/postfix"),
            "mail_owner": "mail", "default_privs": "nobody", "setgid_group": "uucp",
            "import_environment": "MAIL_CONFIG LD_LIBRARY_PATH", "maillog_file": f"{self.directory}/log",
            "maillog_file_prefixes": self.directory, "myhostname": "front.example", "mydestination": "",
            "alias_maps": "", "local_recipient_maps": "", "smtpd_peername_lookup": "no", "inet_protocols": "ipv4", "smtp_dns_support_level": "disabled",
            "smtp_host_lookup": "native", "smtp_send_xforward_command": "yes", "lmtp_send_xforward_command": "yes",
            "smtpd_recipient_restrictions": "permit", "default_transport": f"smtp:[127.0.0.1]:{smtp}",
            "transport_maps": f"inline:{{ {{ lmtp.example = lmtp:inet:[127.0.0.1]:{lmtp} }} }}",
            **more,
        }
        with open(f"{self.directory}/config/main.cf", "w", encoding="ascii") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        with open(f"{self.directory}/config/master.cf", "w", encoding="ascii") as file:
            file.write(MASTER)
        environment = dict(os.environ, LD_LIBRARY_PATH=settings["shlib_directory"],
                           MAIL_CONFIG=f"{self.directory}/config")
        self.process = subprocess.Popen([f"{programs}/master", "-d", "-c", f"{self.directory}/config"],
                                        stdin=subprocess.DEVNULL, env=environment, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if kind:
            with contextlib.suppress(OSError), open(f"{self.directory}/log", encoding="utf-8") as file:
                print(file.read(), file=sys.stderr)
        shutil.rmtree(self.directory)

    def connect(self):
        """A connection to its SMTP server."""
        entrance = os.path.join(self.directory, "queue/public/entrance")
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        # Its socket is there a moment before anybody listens on it.
        eventually(lambda: connection.connect_ex(entrance) == 0, "Postfix does not listen")
        return connection

    def send(self, *recipients):
        """Gives a mail to its SMTP server, as a client of another name."""
        connection = self.connect()
        client = Client(connection)
        assert client.line().startswith("220 front.example ")
        connection.sendall(b"HELO client.example\r\n")
        assert client.line().startswith("250 ")
        for command in ("MAIL FROM:<a@client.example>", *(f"RCPT TO:<{name}>" for name in recipients)):
            assert client.say(command).startswith("250 "), command
        assert client.say("DATA").startswith("354 ")
        assert client.say("Subject: forwarded\r\n\r\nx\r\n.").startswith("250 ")
        client.close()


FORWARDED = ('#!/bin/sh\necho "forwarded=$XFORWARD_NAME/$XFORWARD_ADDR/$XFORWARD_PROTO/$XFORWARD_HELO/$XFORWARD_SOURCE '
             'id=${XFORWARD_IDENT:+told} addr=$REMOTE_ADDR helo=$HELO" >&2\n')


def postfix():
    """XFW-001 XFW-002 XFW-003: what Postfix's smtp and lmtp clients forward reaches the programs, message by message."""
    hooks = {"rcpt": "#!/bin/sh\n", "deliver": FORWARDED}
    trusting = ("--trusted-networks", "127.0.0.1")
    wanted = r"forwarded=localhost/127.0.0.1/SMTP/client.example/\w+ id=told addr=127.0.0.1 helo=front.example"
    with Server(*trusting, hooks=hooks).ready() as smtp, \
            Server(*trusting, program="lmtp-session", hooks=hooks).ready() as lmtp, \
            Postfix(smtp.port, lmtp.port) as mailer:
        mailer.send("one@smtp.example", "two@lmtp.example")
        mailer.send("three@smtp.example", "four@lmtp.example")
        smtp.log.wait(wanted, 2)
        lmtp.log.wait(wanted, 2)
    # To a server that does not trust it Postfix sends none.
    with Server(hooks=hooks).ready() as smtp, Postfix(smtp.port, smtp.port) as mailer:
        mailer.send("one@smtp.example")
        smtp.log.wait("forwarded=//// id= addr=127.0.0.1 helo=front.example")
        smtp.log.wait("session end.* errors=0 messages=1 ")


def swaks():
    """XCL-001 XCL-005 XCL-006 with swaks: the client it speaks for reaches programs, Received and the log."""
    attributes = ("--xclient-name", "spike.example", "--xclient-addr", "192.0.2.9", "--xclient-port", "4711",
                  "--xclient-helo", "client.example", "--xclient-proto", "ESMTP", "--xclient-login", "jo+2B1")
    for program, protocol in (("smtp-session", "ESMTP"), ("lmtp-session", "LMTP")):
        with Server("--trusted-networks", "127.0.0.0/8", program=program, hooks=HOOKS).ready() as server:
            done = subprocess.run(["swaks", "--server", "127.0.0.1", "--port", str(server.port), "--protocol", protocol,
                                   "--helo", "front.example", "--from", "a@client.example", "--to", "u@x.example",
                                   *attributes], capture_output=True, text=True, timeout=PATIENCE, check=False)
            assert done.returncode == 0, done.stdout
            assert "addr=192.0.2.9 port=4711 host=spike.example " in done.stdout, done.stdout
            server.log.wait(r"Received: from client.example \(spike.example \[192.0.2.9\]\)")
            server.log.wait(f"with {protocol}A id")
            server.log.wait("session end.* peer=192.0.2.9 via=127.0.0.1 .*messages=1 ")


if __name__ == "__main__":
    globals()[sys.argv[1]]()
