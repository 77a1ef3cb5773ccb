# SPDX-License-Identifier: ISC
"""peers.py - other servers, from Debian's packages, each in a view of the host that has its packages and its /etc.

Every starter takes (directory, port, case), prepares the configuration in `directory` and returns the command. What
is not said here is as the package ships it.
"""
import os
import shutil
import subprocess

from place import BENCH, OWNER, REPOSITORY, SWITCH, Missing, maildirs, named, tcpserver, write

PASSWORD = "secret"
PACKAGES = {
    "postfix": ["postfix"],
    "dovecot": ["dovecot-lmtpd", "dovecot-pop3d"],
    "mailfront": ["mailfront", "cvm"],
    "popa3d": ["popa3d"],
}
USERS = {
    "postfix": [("postfix", 30010), ("postdrop", 30020)],
    "dovecot": [("dovecot", 30011), ("dovenull", 30012)],
    "popa3d": [("popa3d", 30013)],
}


def fetch(package):
    if not SWITCH:
        raise Missing("needs root, and a build directory that everybody may search")
    fetched = subprocess.run([os.path.join(REPOSITORY, "tests/bench/fetch"), os.path.join(BENCH, "peers"), package,
                              *PACKAGES[package]], capture_output=True, text=True, check=False)
    if fetched.returncode:
        raise Missing(f"{package}: {fetched.stderr.strip().splitlines()[-1:]}")
    return os.path.join(BENCH, "peers", package)


class View:
    """The host with a peer's packages laid over it, and files laid over those."""

    def __init__(self, directory, package):
        self.directory, self.layer, self.tree = directory, os.path.join(directory, "layer"), fetch(package)
        users = [*USERS.get(package, []), ("u0", OWNER)]
        passwd = "".join(f"{name}:x:{uid}:{uid}::{self.mail()}/{name}:/bin/sh\n" for name, uid in users)
        groups = "".join(f"{name}:x:{uid}:\n" for name, uid in users)
        for name, added in (("passwd", passwd), ("group", groups)):
            with open(f"/etc/{name}", encoding="utf-8") as file:
                self.file(f"etc/{name}", file.read() + added)

    def mail(self):
        return os.path.join(self.directory, "mail")

    def file(self, path, text, mode=0o644):
        write(os.path.join(self.layer, path), text, mode)

    def command(self, *command):
        return [os.path.join(REPOSITORY, "tests/bench/enter"), os.path.join(self.directory, "scratch"), BENCH,
                self.tree, self.layer, "--", *command]


def shadow_of(name):
    """A line of shadow(5) with a hash that is quick to check."""
    hashed = subprocess.run(["openssl", "passwd", "-1", PASSWORD], capture_output=True, text=True, check=True)
    return f"{name}:{hashed.stdout.strip()}:19000:0:99999:7:::\n"


def mailfront(directory, port, case):
    view = View(directory, "mailfront")
    if case.protocol == "smtp":
        os.makedirs(os.path.join(view.layer, "var/lib/qmail/control"))
        variables = {"QMAILQUEUE": named(directory, "qmail-queue"), "RELAYCLIENT": "",
                     "QMAILHOME": "/var/lib/qmail"}
        # smtpfront-qmail is a shell script around this; the shell is not what is to be measured.
        with open(os.path.join(view.tree, "usr/sbin/smtpfront-qmail"), encoding="ascii") as file:
            arguments = file.read().split("/mailfront ")[1].split()
        program = ["/usr/sbin/mailfront", *(word for word in arguments if word != '"$@"')]
    else:
        mail = maildirs(directory, case)
        passwd = os.path.join(directory, "passwd")
        write(passwd, "".join(f"u{n}:{PASSWORD}:{OWNER}:{OWNER}::{mail}/u{n}:/bin/sh\n" for n in range(case.users)))
        variables = {"CVM_PWFILE_PATH": passwd, "CVM_ACCOUNT_SPLIT_CHARS": ""}
        program = ["/usr/sbin/pop3front-auth", "/usr/bin/cvm-pwfile", "/usr/sbin/pop3front-maildir", "."]
    return view.command("env", *(f"{name}={value}" for name, value in variables.items()), *tcpserver(port, *program))


POSTFIX_MAIN = """\
compatibility_level = 3.6
myhostname = mx.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
maillog_file = /var/log/postfix.log
relay_domains = {relay}
relay_transport = discard:
virtual_mailbox_domains = {virtual}
virtual_mailbox_base = {mail}
virtual_mailbox_maps = static:u0/
virtual_uid_maps = static:{owner}
virtual_gid_maps = static:{owner}
message_size_limit = 1073741824
virtual_mailbox_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_recipient_limit = 5000
"""


def postfix_services(shipped, port):
    """master.cf as shipped, but for the port, and without chroots, for which the view has no copy of libraries."""
    rows = [f"127.0.0.1:{port} inet n - n - - smtpd"]
    with open(shipped, encoding="ascii") as file:
        for line in file:
            words = line.split()
            if line[0].isspace() or len(words) < 8:
                rows.append(line.rstrip("\n"))
            elif not line.startswith(("#", "smtp      inet")):
                rows.append(" ".join([*words[:4], "n", *words[5:]]))
    return "\n".join(rows) + "\n"


def postfix(directory, port, case):
    view = View(directory, "postfix")
    durable = case.behind == "durable"
    shipped = os.path.join(view.tree, "usr/share/postfix")
    view.file("etc/postfix/master.cf", postfix_services(os.path.join(shipped, "master.cf.dist"), port))
    view.file("etc/postfix/main.cf", POSTFIX_MAIN.format(
        relay="" if durable else "example.org", virtual="example.org" if durable else "",
        mail=maildirs(directory, case), owner=OWNER))
    # The queue lies on the host's disk, as the Maildirs of all others do.
    queue = os.path.join(directory, "queue")
    os.makedirs(queue)
    # The directories that its installation makes; quick-start is its own way to leave out the check of all files.
    return view.command("sh", "-euc", f"""
        postconf -e queue_directory={queue} data_directory={queue}-data
        mkdir -p {queue}-data /var/lib/postfix
        cd {queue}
        touch quick-start
        mkdir pid active bounce corrupt defer deferred flush hold incoming maildrop private public saved trace
        chmod 700 [a-oq-z]*
        chown -R postfix . {queue}-data
        chown root . pid
        exec postfix start-fg""")


DOVECOT = """\
protocols = lmtp pop3
ssl = no
disable_plaintext_auth = no
base_dir = /run/dovecot
log_path = {directory}/dovecot.log
first_valid_uid = {owner}
mail_location = maildir:{mail}/%n
mail_fsync = {fsync}
auth_username_format = %Ln
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner} home={mail}/%n allow_all_users=yes
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    address = 127.0.0.1
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
"""


def dovecot(directory, port, case):
    view = View(directory, "dovecot")
    view.file("etc/dovecot/dovecot.conf", DOVECOT.format(
        directory=directory, owner=OWNER, mail=maildirs(directory, case), password=PASSWORD,
        fsync="always" if case.protocol == "lmtp" else "optimized",
        lmtp=port if case.protocol == "lmtp" else 0, pop3=port if case.protocol == "pop3" else 0))
    return view.command("/usr/sbin/dovecot", "-F")


def popa3d(directory, port, case):
    view = View(directory, "popa3d")
    view.file("etc/shadow", shadow_of("u0"), 0o600)
    view.file("etc/pam.d/common-auth", "auth required pam_unix.so\n")
    view.file("etc/pam.d/common-account", "account required pam_unix.so\n")
    os.makedirs(os.path.join(view.layer, "var/mail"), exist_ok=True)
    os.makedirs(os.path.join(view.layer, "var/lib/popa3d"), exist_ok=True)
    if case.maildrop:
        mbox = os.path.join(view.layer, "var/mail/u0")
        shutil.copy2(case.maildrop + ".mbox", mbox)  # it waits a second when the file is new
        os.chown(mbox, OWNER, OWNER)
        os.chmod(mbox, 0o600)
    return view.command(*tcpserver(port, "/usr/sbin/popa3d", switch=False))


STARTERS = {"postfix": postfix, "dovecot": dovecot, "mailfront": mailfront, "popa3d": popa3d}
# What its POP3 clients must be told (load-pop3.c).
POP3_OPTIONS = {"mailfront": ["--domain", "", "--inexact"], "popa3d": ["--domain", ""]}
