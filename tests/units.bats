#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# units - the shipped units with the real programs under a systemd of their own.
#
# Needs a program that boots a private systemd: SYSTEMD_TESTBED, by default systemd-testbed
# in the directory "shared" beside the repository.
#
# shellcheck disable=SC2016 # what is quoted is for the shell inside

bats_require_minimum_version 1.5.0

setup_file() {
	cd "$BATS_TEST_DIRNAME/.." || return
	export TESTBED=${SYSTEMD_TESTBED:-../shared/systemd-testbed} MACHINE=
	[ -x "$TESTBED" ] || return 0
	export BUILDING=$BATS_FILE_TMPDIR/build PREFIX=/var/opt
	mkdir "$BUILDING"
	for part in bin shared static kernel-headers flags paths libmailsession.a libmailsession.so; do
		[ ! -e "${BUILD:-build}/$part" ] || cp -a "${BUILD:-build}/$part" "$BUILDING/"
	done
	MACHINE=$(SYSTEMD_TESTBED_TMP=/tmp "$TESTBED" start -b "$BATS_FILE_TMPDIR" -t 900) || return
	# All of it as an administrator does it, but that /srv is not the host's.
	inside make -s BUILD="$BUILDING" PREFIX=$PREFIX SYSCONFDIR=/etc install
	inside mount -t tmpfs srv /srv
	inside sh -euc '
		cp "$0"/lib/systemd/system/* /run/systemd/system/
		systemctl daemon-reload
		systemd-sysusers "$0/lib/sysusers.d/mail-session.conf"
		systemd-tmpfiles --create "$0/lib/tmpfiles.d/mail-session.conf"
		mkdir /etc/mail-session
		printf "%s\n" MAILSESSION_HOSTNAME=mx.example.org MAILSESSION_INSECURE_AUTH=local \
			>/etc/mail-session/environment
		PASSWD_FILE=/etc/mail-session/passwd
		export PASSWD_FILE
		echo secret | "$0/libexec/mail-session/passwd-auth" set jo@example.org
		chgrp mail-session $PASSWD_FILE
		chmod 640 $PASSWD_FILE' "$PREFIX"
}

teardown_file() {
	[ -z "$MACHINE" ] || "$TESTBED" stop "$MACHINE"
}

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	[ -n "$MACHINE" ] || skip "no systemd-testbed"
}

teardown() {
	[ -n "$MACHINE" ] || return 0
	inside systemctl stop '*-session*.socket' '*-session*.service'
	inside systemctl reset-failed
	inside find /run/systemd/system -path '*session*.d/*' -delete
	inside systemctl daemon-reload
	inside find /srv/mail -mindepth 1 -delete
}

inside() {
	"$TESTBED" exec "$MACHINE" "$@"
}

# The sample backend $1 for all three protocols, with a mailbox for jo@example.org.
backend() {
	inside sh -euc '
		cd /etc/mail-session
		for protocol in smtp lmtp pop3 submission; do
			rm -rf $protocol
			cp -a "$0/share/mail-session/backends/$1" $protocol
		done
		case $1 in
		maildir)
			runuser -u mail-session -- env MAILDIR=/srv/mail/%d/%n \
				"$0/libexec/mail-session/maildir-store" create jo@example.org ;;
		shell) install -d -o mail-session -g mail-session -m 700 /srv/mail/jo@example.org ;;
		esac' "$PREFIX" "$1"
}

# Sends a mail with the subject $1.
send() {
	printf 'Subject: %s\r\n\r\nHello.\r\n' "$1" |
		inside curl -sS --max-time 120 --upload-file - --mail-from you@example.org --mail-rcpt jo@example.org smtp://127.0.0.1
}

pop3() {
	inside curl -sS --max-time 120 --user jo@example.org:secret "pop3://127.0.0.1/$1"
}

# Waits until no session of the protocol $1 is left.
no_sessions_left() {
	inside timeout 120 sh -c 'while systemctl list-units --all --no-legend --plain "$0-session@*" | grep -q .; do :; done' "$1"
}

# The messages in jo's Maildir.
stored() {
	inside find /srv/mail -path '*/new/*' -type f
}

@test "systemd-analyze verify has nothing to say about any unit (hardening 87)" {
	for unit in units/systemd/*; do
		run -0 inside systemd-analyze verify --man=no "$(basename "${unit/@/@1}")"
		assert_output ''
	done
}

@test "exposure: 0.4 for every service (hardening 87)" {
	for unit in units/systemd/*.service; do
		inside systemd-analyze security --offline=true --threshold=4 "$(basename "${unit/@/@1}")" >/dev/null
	done
}

@test "exposure: each drop-in has its own threshold (hardening 87)" {
	while read -r drop_in threshold; do
		inside sh -euc '
			mkdir -p "/run/systemd/system/$1.d"
			cp "$0/share/mail-session/drop-ins/$2.conf" "/run/systemd/system/$1.d/"
			systemd-analyze verify --man=no "$1"
			systemd-analyze security --offline=true --threshold="$3" "$1" >/dev/null
			rm -r "/run/systemd/system/$1.d"' "$PREFIX" pop3-session-listen.service "$drop_in" "$threshold"
	done <<-END
		hooks-network 13
		hooks-jit 4
		hooks-setgid 48
		tls 4
		login-users 14
	END
}

@test "Accept=yes: a mail goes in by SMTP and comes out by POP3" {
	backend maildir
	inside systemctl start smtp-session.socket pop3-session.socket
	send 'in and out'
	run -0 pop3 1
	assert_line --regexp '^Subject: in and out'
	assert_line --regexp '^Received: from .*\(\[127\.0\.0\.1\]'
}

# tls UNIT... - a certificate for localhost, for these services: a system in a container cannot mount credentials for
# another user, so there the files are read where they lie.
tls() {
	inside sh -euc '
		mkdir -p /etc/mail-session/tls
		cd /etc/mail-session/tls
		openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
			-keyout privkey.pem -out fullchain.pem 2>/dev/null
		chgrp mail-session privkey.pem
		chmod 640 privkey.pem
		for unit; do
			mkdir -p /run/systemd/system/$unit.service.d
			printf "%s\n" "[Service]" LoadCredential= "Environment=MAILSESSION_TLS_CERT=$PWD/fullchain.pem" \
				"Environment=MAILSESSION_TLS_KEY=$PWD/privkey.pem" >/run/systemd/system/$unit.service.d/where.conf
		done
		systemctl daemon-reload' tls "$@"
}

# curl, believing that certificate.
secure_curl() {
	inside curl -sS --max-time 120 --cacert /etc/mail-session/tls/fullchain.pem --ssl-reqd "$@"
}

@test "TLS: STARTTLS by the drop-in" {
	backend maildir
	inside sh -euc '
		mkdir -p /run/systemd/system/smtp-session@.service.d
		cp "$0/share/mail-session/drop-ins/tls.conf" /run/systemd/system/smtp-session@.service.d/' "$PREFIX"
	tls smtp-session@
	inside systemctl start smtp-session.socket pop3-session.socket
	printf 'Subject: by TLS\r\n\r\nHello.\r\n' |
		secure_curl --upload-file - --mail-from you@example.org --mail-rcpt jo@example.org smtp://localhost
	run -0 pop3 1
	assert_line --regexp '^Subject: by TLS'
	assert_output --partial 'with ESMTPS id'
}

# submits URL [OPTION...] - curl sends a mail with the URL as its subject.
submits() {
	printf 'Subject: %s\r\n\r\nHello.\r\n' "$1" |
		secure_curl --upload-file - --mail-from jo@example.org --mail-rcpt jo@example.org "$@"
}

@test "TLS: submission, submission over TLS and POP3 over TLS, by either kind of unit" {
	backend maildir
	tls {submission,submissions,pop3s}-session{@,-listen}
	message=0
	for kind in '' -listen; do
		inside systemctl start {submission,submissions,pop3s}-session$kind.socket
		for url in smtp://localhost:587 smtps://localhost:465; do
			submits $url --user jo@example.org:secret
			# Not without a login, and curl's word for a wrong one is 67.
			run -55 submits $url
			run -67 submits $url --user jo@example.org:wrong
			printf 'Subject: by SCRAM\n\nHello.\n' |
				inside msmtp --file=/dev/null --host=localhost --port=${url##*:} --tls=on \
					--tls-starttls="$([ $url = smtps://localhost:465 ] && echo off || echo on)" \
					--tls-trust-file=/etc/mail-session/tls/fullchain.pem --auth=scram-sha-256 --user=jo@example.org \
					--passwordeval='echo secret' --from=jo@example.org jo@example.org
			for subject in $url 'by SCRAM'; do
				message=$((message + 1))
				run -0 secure_curl --user jo@example.org:secret pop3s://localhost/$message
				assert_line --regexp "^Subject: $subject"
				assert_output --partial 'with ESMTPSA id'
			done
		done
		run -0 secure_curl --user jo@example.org:secret --login-options AUTH=PLAIN pop3s://localhost/
		assert_equal "${#lines[@]}" $message
		inside systemctl stop {submission,submissions,pop3s}-session$kind.socket
	done
	# No login in clear, whatever the file for all of them says.
	inside systemctl start submission-session.socket
	run -0 inside sh -c 'printf "EHLO client.example.org\r\nAUTH PLAIN AGpvAHNlY3JldA==\r\nQUIT\r\n" | nc -N 127.0.0.1 587'
	refute_line --partial '250-AUTH'
	assert_line --regexp '^530 5\.7\.0 '
}

@test "TLS: a renewed certificate is served with the next connection, or after a restart that turns no one away" {
	backend maildir
	tls pop3s-session{@,-listen}
	for kind in '' -listen; do
		inside systemctl start pop3s-session$kind.socket
		run -0 secure_curl --user jo@example.org:secret pop3s://localhost/
		tls pop3s-session{@,-listen}
		[ -z "$kind" ] || inside systemctl restart --no-block pop3s-session-listen.service
		run -0 secure_curl --user jo@example.org:secret pop3s://localhost/
		inside systemctl stop pop3s-session$kind.socket
	done
}

@test "Accept=no: a mail goes in by SMTP and comes out by POP3" {
	backend maildir
	inside systemctl start smtp-session-listen.socket pop3-session-listen.socket
	send 'in and out'
	run -0 pop3 1
	assert_line --regexp '^Subject: in and out'
	assert_line --regexp '^Received: from .*\(\[127\.0\.0\.1\]'
	run -0 inside systemctl show -p StatusText --value smtp-session-listen.service
	assert_output
}

@test "LMTP serves the unix socket and port 24, with either kind of unit" {
	backend maildir
	for socket in lmtp-session.socket lmtp-session-listen.socket; do
		inside systemctl start "$socket"
		for server in '--socket /run/mail-session/lmtp.sock' '--server 127.0.0.1 --port 24'; do
			# shellcheck disable=SC2086
			inside swaks --silent 2 --protocol LMTP $server --from you@example.org --to jo@example.org
		done
		inside systemctl stop "$socket"
	done
	run -0 stored
	assert_equal "${#lines[@]}" 4
}

@test "the shell backend works inside the hardened units (hardening 88)" {
	backend shell
	inside systemctl start smtp-session.socket pop3-session.socket
	send 'first of two'
	send 'second of two'
	run -0 pop3 1
	assert_line --regexp '^Subject: first of two'
	inside curl -sS --max-time 120 --user jo@example.org:secret -I -X 'DELE 1' pop3://127.0.0.1/
	run -0 pop3 1
	assert_line --regexp '^Subject: second of two'
	run -0 inside find /srv/mail -type f
	assert_equal "${#lines[@]}" 1
	run inside curl -sS --max-time 120 --upload-file /etc/hostname --mail-from you@example.org --mail-rcpt no@example.org smtp://127.0.0.1
	assert_output --partial 550
}

@test "login-users: a login becomes its own user, who alone can read the mail (hardening 40, 88)" {
	backend maildir
	inside sh -euc '
		mkdir -p /run/systemd/system/pop3-session@.service.d
		cp "$0/share/mail-session/drop-ins/login-users.conf" /run/systemd/system/pop3-session@.service.d/
		systemctl daemon-reload
		chmod 711 /srv/mail
		install -d -o 4242 -g 4242 -m 700 /srv/mail/own
		export MAILDIR=/srv/mail/own/%n PASSWD_FILE=/etc/mail-session/passwd-own
		printf "MAILDIR=%s\nPASSWD_FILE=%s\n" $MAILDIR $PASSWD_FILE >/etc/mail-session/pop3/env
		echo secret | "$0/libexec/mail-session/passwd-auth" set jo@example.org --uid 4242 --gid 4242
		chmod 600 $PASSWD_FILE
		setpriv --reuid 4242 --regid 4242 --clear-groups \
			"$0/libexec/mail-session/maildir-store" create jo@example.org
		printf "Subject: mine\n\nHello.\n" |
			setpriv --reuid 4242 --regid 4242 --clear-groups dd of=/srv/mail/own/jo/new/1.1.x status=none
		systemctl start pop3-session.socket' "$PREFIX"
	run -0 pop3 1
	assert_line --regexp '^Subject: mine'
	# SCRAM, which switches nothing, is not offered, though the backend has what it needs.
	inside test -x /etc/mail-session/pop3/secret
	run -0 inside sh -c 'printf "CAPA\r\nQUIT\r\n" | nc -N 127.0.0.1 110'
	assert_line --regexp '^SASL PLAIN LOGIN.?$'
}

@test "no password crosses a network in the clear, until the administrator says so (hardening 59)" {
	backend maildir
	inside systemctl start pop3-session.socket
	run -0 pop3 ''
	inside mv /etc/mail-session/environment /etc/mail-session/environment.away
	run pop3 ''
	inside mv /etc/mail-session/environment.away /etc/mail-session/environment
	assert_failure
}

@test "250 connections within two seconds do not disable the socket (hardening 52)" {
	backend maildir
	inside systemctl start smtp-session.socket
	run -0 inside tests/lib/clients burst 25 250
	assert_output 250
	run -0 inside systemctl is-active smtp-session.socket
	assert_output active
	send 'after the burst'
}

@test "Accept=no: 250 connections within two seconds are served" {
	backend maildir
	inside systemctl start smtp-session-listen.socket
	run -0 inside tests/lib/clients burst 25 250
	assert_output 250
	send 'after the burst'
}

@test "the 21st connection from one address is refused" {
	backend maildir
	inside systemctl start smtp-session.socket
	run -0 inside python3 -c '
import socket
first = [socket.create_connection(("127.0.0.1", 25), 60) for _ in range(20)]
print(sum(c.recv(512)[:3] == b"220" for c in first))
last = socket.create_connection(("127.0.0.1", 25), 60)
try:
    print(last.recv(512))
except ConnectionResetError:
    print(b"")'
	assert_output "$(printf '%s\n' 20 "b''")"
}

@test "1000 sessions that end badly leave no unit behind, failed or not (hardening 69)" {
	backend maildir
	inside systemctl start smtp-session.socket
	run -0 inside tests/lib/clients rude 25 1000
	assert_output 1000
	no_sessions_left smtp
	run -0 inside systemctl list-units --all --no-legend --plain --state=failed
	assert_output ''
	run -0 stored
	assert_output ''
	send 'after all of them'
}

# Starts a client that stops in mid-message; what it says comes from ${HELD[0]}.
hold() {
	coproc HELD { inside tests/lib/clients hold 25; }
	HELD_IN=${HELD[1]} HELD_OUT=${HELD[0]}
	IFS= read -r -t 120 line <&"$HELD_OUT"
	[ "$line" = ready ]
}

# Lets it go on; `reply` is what it was told.
let_go() {
	echo >&"$HELD_IN"
	IFS= read -r -t 120 reply <&"$HELD_OUT"
}

# Waits until the unit $1 is in the state $2.
await_state() {
	inside timeout 120 sh -c 'until [ "$(systemctl is-active "$0")" = "$1" ]; do :; done' "$1" "$2"
}

@test "stop lets a session finish its message (hardening 70)" {
	backend maildir
	inside systemctl start smtp-session-listen.socket
	hold
	inside systemctl stop --no-block smtp-session-listen.socket smtp-session-listen.service
	await_state smtp-session-listen.service deactivating
	let_go
	[[ $reply == '250 '* ]]
	await_state smtp-session-listen.service inactive
	run -0 inside systemctl show -p Result --value smtp-session-listen.service
	assert_output success
	run -0 stored
	assert_equal "${#lines[@]}" 1
}

@test "restart serves the old client and the new one (hardening 70)" {
	backend maildir
	inside systemctl start smtp-session-listen.socket
	hold
	inside systemctl restart --no-block smtp-session-listen.service
	await_state smtp-session-listen.service deactivating
	send 'while it restarts' &
	let_go
	[[ $reply == '250 '* ]]
	wait $!
	await_state smtp-session-listen.service active
	run -0 stored
	assert_equal "${#lines[@]}" 2
}

@test "stopping the socket of Accept=yes leaves its sessions alone" {
	backend maildir
	inside systemctl start smtp-session.socket
	hold
	inside systemctl stop smtp-session.socket
	let_go
	[[ $reply == '250 '* ]]
	no_sessions_left smtp
}

@test "the journal has one summary of a session, and a failed login as the fail2ban filter wants it" {
	backend maildir
	inside systemctl start pop3-session.socket
	run inside curl -sS --max-time 120 --user jo@example.org:wrong pop3://127.0.0.1/
	assert_failure
	no_sessions_left pop3
	pattern=$(sed -n 's/^failregex = //p' units/fail2ban/filter.d/mail-session.conf)
	inside journalctl --sync
	run -0 inside journalctl --no-pager -o cat _COMM=pop3-session
	assert_output
	echo "$output" | python3 -c '
import re, sys
pattern = re.compile(sys.argv[1].replace("<HOST>", r"(?P<host>\S+)"))
hits = [hit["host"] for hit in map(pattern.search, sys.stdin) if hit]
sys.exit(hits != ["127.0.0.1"])' "$pattern"
}

@test "--log-format journal: an entry has the line, and each of its fields as its own" {
	backend maildir
	inside sh -euc 'echo MAILSESSION_LOG_FORMAT=journal >>/etc/mail-session/environment'
	inside systemctl start smtp-session.socket
	send 'to the journal'
	no_sessions_left smtp
	inside sed -i /LOG_FORMAT/d /etc/mail-session/environment
	inside journalctl --sync
	run -0 inside journalctl --no-pager -o json _COMM=smtp-session MAILSESSION_REASON=quit
	echo "$output" | python3 -c '
import json, sys
entry = json.loads(sys.stdin.read().splitlines()[-1])
assert entry["_TRANSPORT"] == "journal" and entry["PRIORITY"] == "6", entry
assert entry["SYSLOG_IDENTIFIER"] == "smtp-session" and entry["SYSLOG_FACILITY"] == "2", entry
assert entry["_SYSTEMD_UNIT"].startswith("smtp-session@"), entry
assert entry["MESSAGE"].startswith("program=smtp-session level=info msg=\"session end\" session="), entry
assert entry["MAILSESSION_MSG"] == "session end" and entry["MAILSESSION_PEER"] == "127.0.0.1", entry
assert entry["MAILSESSION_MESSAGES"] == "1" and entry["MAILSESSION_SESSION"] in entry["MESSAGE"], entry'
	# A transaction is found by its number.
	run -0 inside journalctl --no-pager -o cat _COMM=smtp-session MAILSESSION_MSG=message
	assert_output --partial 'transaction='
}

# gallery PROTOCOL SAMPLE [NAME=VALUE...] - the sample as the backend of the protocol, with these lines in its env.
gallery() {
	inside sh -euc '
		protocol=$1 sample=$2 share=$0/share/mail-session
		shift 2
		rm -rf /etc/mail-session/$protocol
		cp -a "$share/backends/$sample" /etc/mail-session/$protocol
		printf "%s\n" "$@" >>/etc/mail-session/$protocol/env
		mkdir -p /run/systemd/system/$protocol-session@.service.d
		printf "[Service]\nEnvironment=MAILSESSION_ACCEPT_DOMAIN=example.org\n" \
			>/run/systemd/system/$protocol-session@.service.d/domain.conf
		systemctl daemon-reload
		systemctl start $protocol-session.socket' "$PREFIX" "$@"
}

@test "the gallery works inside the hardened units: archive, qmail-queue, sendmail, faulty (hardening 88)" {
	for sample in archive qmail-queue sendmail; do
		inside install -d -o mail-session -g mail-session /srv/mail/$sample
	done
	gallery smtp archive ARCHIVE=/srv/mail/archive
	send archived
	inside sh -c 'grep -q "^Subject: archived" /srv/mail/archive/2*/message'
	# What stands for another mail system: it takes the message and the envelope to where it may write.
	inside sh -euc 'mkdir /srv/bin
		printf "#!/bin/sh\ncat >/srv/mail/qmail-queue/message\ncat <&1 >/srv/mail/qmail-queue/envelope\n" >/srv/bin/qmail-queue
		printf "#!/bin/sh\ncat >/srv/mail/sendmail/message\n" >/srv/bin/sendmail
		chmod 755 /srv/bin/*'
	gallery smtp qmail-queue QMAIL_QUEUE=/srv/bin/qmail-queue
	send queued
	inside sh -c 'grep -q "^Subject: queued" /srv/mail/qmail-queue/message && grep -q jo@example.org /srv/mail/qmail-queue/envelope'
	gallery smtp sendmail SENDMAIL=/srv/bin/sendmail
	send sent
	inside sh -c 'grep -q "^Subject: sent" /srv/mail/sendmail/message'
	gallery smtp faulty FAULT_RATE=100 FAULT_KINDS=permanent
	# curl's word for a message that is refused.
	run send refused
	assert_failure 8
}

@test "hooks-setgid: a sendmail that is setgid writes where its group may" {
	inside sh -euc '
		groupadd --system drop
		install -d -g drop -m 1730 /srv/mail/drop
		mkdir -p /srv/bin
		cp /bin/dd /srv/bin/postdrop
		chgrp drop /srv/bin/postdrop
		chmod 2755 /srv/bin/postdrop
		printf "#!/bin/sh\nexec /srv/bin/postdrop of=/srv/mail/drop/message status=none\n" >/srv/bin/sendmail
		chmod 755 /srv/bin/sendmail'
	gallery smtp sendmail SENDMAIL=/srv/bin/sendmail
	run ! send refused
	inside sh -euc 'cp "$0/share/mail-session/drop-ins/hooks-setgid.conf" /run/systemd/system/smtp-session@.service.d/
		systemctl daemon-reload' "$PREFIX"
	send sent
	run -0 inside stat -c %G /srv/mail/drop/message
	assert_output drop
	inside grep -q '^Subject: sent' /srv/mail/drop/message
}

@test "the gallery works inside the hardened units: sqlite and repository (hardening 88)" {
	inside runuser -u mail-session -- sh -euc '
		cd /srv/mail
		sqlite3 mail.db <"$0/share/mail-session/backends/sqlite/schema.sql" >/dev/null
		export HOME=/srv/mail GIT_AUTHOR_NAME=jo GIT_AUTHOR_EMAIL=jo@example.org GIT_COMMITTER_NAME=jo GIT_COMMITTER_EMAIL=jo@example.org
		git init -q project
		git -C project commit -q --allow-empty -m "a commit to read"' "$PREFIX"
	gallery pop3 repository REPOSITORY=/srv/mail/project PASSWD_FILE=/etc/mail-session/passwd
	run -0 pop3 1
	assert_line --partial 'a commit to read'
	inside runuser -u mail-session -- sqlite3 /srv/mail/mail.db "INSERT INTO mailboxes VALUES ('jo@example.org')"
	for protocol in smtp pop3; do
		gallery $protocol sqlite DATABASE=/srv/mail/mail.db PASSWD_FILE=/etc/mail-session/passwd
	done
	send 'into the database'
	run -0 pop3 1
	assert_line --partial 'Subject: into the database'
}

@test "the gallery works inside the hardened units: lmtp-proxy, and webhook with hooks-network (hardening 88)" {
	backend maildir
	inside systemctl start lmtp-session.socket
	gallery smtp lmtp-proxy LMTP_SERVER=UNIX-CONNECT:/run/mail-session/lmtp.sock
	send 'through the proxy'
	inside sh -c 'grep -q "^Subject: through the proxy" /srv/mail/example.org/jo/new/*'
	# A place that both sides see.
	mkdir -p "$BATS_FILE_TMPDIR/peer"
	mkfifo "$BATS_TEST_TMPDIR/port"
	inside "$PWD/tests/lib/adapter-peer" webhook "$BATS_FILE_TMPDIR/peer" >"$BATS_TEST_TMPDIR/port" 2>/dev/null </dev/null 3>&- &
	peer=$!
	read -r -t 120 port <"$BATS_TEST_TMPDIR/port"
	gallery smtp webhook "WEBHOOK=http://127.0.0.1:$port/mail" WEBHOOK_RETRIES=0
	# The network is shut to programs,
	run send posted
	assert_failure
	# until the drop-in opens it.
	inside sh -euc 'cp "$0/share/mail-session/drop-ins/hooks-network.conf" /run/systemd/system/smtp-session@.service.d/
		systemctl daemon-reload' "$PREFIX"
	send posted
	inside sh -c 'grep -q "Subject: posted" "$0"/request.1' "$BATS_FILE_TMPDIR/peer"
	kill "$peer"
	wait "$peer" || true
}
