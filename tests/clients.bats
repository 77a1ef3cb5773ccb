#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# clients - real mail clients (readers.bats has more), and the habits of others, against the three programs over a Maildir.
#
# What is scripted line by line is a function of tests/lib/correspond.py.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154 # variables come from lib/launch and bats; tests do not share them

bats_require_minimum_version 1.5.0
load lib/launch
load lib/mailbox

setup() {
	launch_setup
	mailbox_setup
}

teardown() {
	launch_teardown
}

# The same under tcpserver.
serve_by_tcpserver() {
	local program=$1 port
	mkfifo "$DIR/$program.port"
	tcpserver -v -1 -H -R -l mx.example.org 127.0.0.1 0 "$bin/$program-session" --hostname mx.example.org \
		--spool-dir "$DIR" "$B" </dev/null >"$DIR/$program.port" 2>>"$DIR/log" 3>&- &
	pids+=($!)
	read -r -t 60 port <"$DIR/$program.port"
	export "$program=$port"
}

# The options are for smtp-session.
serve_all() {
	serve smtp "$@"
	serve lmtp
	serve pop3
}

# Runs a test of correspond.py against all three programs; further arguments are options of smtp-session.
correspond() {
	serve_all "${@:2}"
	run timeout -k 2 600 tests/lib/correspond.py "$1"
	assert_success
}

# ---- every octet ----

@test "DATA-001 DATA-003 DATA-006 DATA-008 POP-005 POP-023 POP-026: nasty messages come back byte for byte" {
	correspond nasty
}

@test "POP-023 POP-024 POP-026: stored with CRLF, LF, both or no last line end, every octet is on the wire" {
	correspond stored
}

@test "POP-005 POP-023 POP-024 POP-026: nasty messages come back byte for byte out of an mbox" {
	ln -sf "$bin/mbox-store" "$B/serve"
	export MBOX=$DIR/box/%d/%n
	mkdir -p "$DIR/box/example.org"
	echo "MBOX=$MBOX" >>"$B/env"
	"$bin/mbox-store" create jo@example.org
	correspond nasty
}

@test "POP-016 POP-020 POP-028 POP-033: mail left on the server is known by its UIDL; one session at a time" {
	correspond left_on_server
}

@test "POP-035 POP-044 POP-098 IOP-007 IOP-012: 500 messages by pipelined RETR, and pipelined DELE without waiting" {
	correspond big
}

# ---- curl ----

@test "IOP-008: curl sends by SMTP, and asks VRFY, EXPN and HELP" {
	serve smtp
	run curl -m 100 -sS --upload-file "$DIR/message" --mail-from you@example.net --mail-rcpt jo@example.org \
		--mail-rcpt ann@example.org "smtp://127.0.0.1:$smtp/client.example"
	assert_success
	assert_stored jo
	assert_stored ann
	run curl -m 100 -sS --upload-file "$DIR/message" --mail-from you@example.net --mail-rcpt nobody@example.org "smtp://127.0.0.1:$smtp"
	assert_failure 55
	assert_output --partial 550
	run curl -m 100 -sS --mail-rcpt jo "smtp://127.0.0.1:$smtp"
	assert_success
	assert_output --regexp '^252 '
	run curl -m 100 -sS -X EXPN --mail-rcpt list "smtp://127.0.0.1:$smtp"
	assert_failure
	run curl -m 100 -sSv -X HELP "smtp://127.0.0.1:$smtp"
	assert_line --regexp '^< 214'
}

@test "IOP-008: curl lists, reads and deletes by POP3" {
	deliver 3
	serve pop3
	drop=(curl -m 100 -sS --user jo@example.org:secret)
	run "${drop[@]}" "pop3://127.0.0.1:$pop3/"
	assert_success
	assert_line --index 0 --regexp '^1 [0-9]+'
	assert_equal "${#lines[@]}" 3
	run "${drop[@]}" -X UIDL "pop3://127.0.0.1:$pop3/"
	assert_success
	assert_line --index 2 --regexp '^3 [!-~]{1,70}'
	run "${drop[@]}" "pop3://127.0.0.1:$pop3/2"
	assert_success
	assert_line $'body\r'
	run "${drop[@]}" -X 'TOP 2 0' "pop3://127.0.0.1:$pop3/"
	assert_success
	refute_line $'body\r'
	run "${drop[@]}" --head -X 'DELE 2' "pop3://127.0.0.1:$pop3/"
	assert_success
	assert_equal "$(count jo)" 2
	run "${drop[@]}" "pop3://127.0.0.1:$pop3/3"
	assert_failure
	run curl -m 100 -sS --user jo@example.org:wrong "pop3://127.0.0.1:$pop3/"
	assert_failure 67
	run "${drop[@]}" --head -X NOOP "pop3://127.0.0.1:$pop3/"
	assert_success
}

@test "MAP-002: curl under tcpserver, there and back" {
	serve_by_tcpserver smtp
	serve_by_tcpserver pop3
	run curl -m 100 -sS --upload-file "$DIR/message" --mail-from you@example.net --mail-rcpt jo@example.org "smtp://127.0.0.1:$smtp"
	assert_success
	run curl -m 100 -sS --user jo@example.org:secret "pop3://127.0.0.1:$pop3/1"
	assert_success
	assert_output --partial '([127.0.0.1])'
	assert_output --partial $'first\r\n.dot'
}

# ---- senders ----

@test "PIPE-001: swaks sends by SMTP and LMTP, pipelined and not" {
	serve smtp
	serve lmtp
	for protocol in ESMTP SMTP LMTP; do
		port=$smtp
		[ $protocol != LMTP ] || port=$lmtp
		for pipeline in '' --pipeline; do
			# HELO offers no extension.
			[ "$protocol$pipeline" != SMTP--pipeline ] || continue
			run timeout 100 swaks --protocol $protocol $pipeline --server 127.0.0.1 --port "$port" --from you@example.net \
				--to jo@example.org,ann@example.org --data "@$DIR/message"
			assert_success
		done
	done
	assert_equal "$(count jo) $(count ann)" '5 5'
	assert_equal "$(stored jo | grep -c '^\.dot$')" 5
	run timeout 100 swaks --protocol LMTP --pipeline --server 127.0.0.1 --port "$lmtp" --from you@example.net \
		--to jo@example.org,nobody@example.org --data "@$DIR/message"
	assert_equal "$(count jo)" 6
	run timeout 100 swaks --server 127.0.0.1 --port "$smtp" --from you@example.net --to nobody@example.org
	assert_failure 24
}

@test "IOP-007: msmtp sends by SMTP and LMTP" {
	serve smtp
	serve lmtp
	sender=(timeout 100 msmtp --host=127.0.0.1 --tls=off --auth=off --from=you@example.net)
	run "${sender[@]}" --port="$smtp" jo@example.org ann@example.org <"$DIR/message"
	assert_success
	# It adds nothing to a message that has Date and Message-ID.
	assert_stored ann
	run "${sender[@]}" --port="$lmtp" --protocol=lmtp jo@example.org <"$DIR/message"
	assert_success
	assert_equal "$(count jo)" 2
	run "${sender[@]}" --port="$smtp" nobody@example.org <"$DIR/message"
	assert_failure 65
	run "${sender[@]}" --port="$smtp" --serverinfo
	assert_success
	assert_output --partial 'SIZE'
	assert_output --partial 'PIPELINING'
}

@test "IOP-006: Python's smtplib, its LMTP, and poplib" {
	correspond python
}

@test "Perl's Net::SMTP and Net::POP3" {
	serve smtp
	serve pop3
	run -0 timeout 100 perl -MNet::SMTP -e '
		$smtp = Net::SMTP->new("127.0.0.1", Port => $ENV{smtp}, Hello => "perl.example", Timeout => 100) or die;
		$smtp->mail("you\@example.net", Size => 100, Bits => 8) or die $smtp->message;
		my @good = $smtp->recipient("jo\@example.org", "nobody\@example.org", { SkipBad => 1 });
		@good == 1 or die "@good";
		$smtp->data or die;
		open my $message, "<", "$ENV{HOME}/message" or die;
		$smtp->datasend(map { s/\r//r } <$message>) or die;
		$smtp->dataend or die $smtp->message;
		$smtp->quit or die;'
	assert_stored jo
	run -0 timeout 100 perl -MNet::POP3 -e '
		$pop = Net::POP3->new("127.0.0.1", Port => $ENV{pop3}, Timeout => 100) or die;
		$pop->login("jo\@example.org", "secret") == 1 or die;
		my ($count, $size) = $pop->popstat;
		$count == 1 && $size == $pop->list(1) or die;
		my $uid = $pop->uidl(1) or die;
		${$pop->uidl}{1} eq $uid or die;
		my $message = join "", @{$pop->get(1)};
		length($message =~ s/\n/\r\n/gr) == $size or die;
		$message =~ /first\n\.dot\n\z/ or die $message;
		@{$pop->top(1, 1)} == @{$pop->get(1)} - 1 or die;
		$pop->delete(1) or die;
		$pop->quit or die;'
	assert_equal "$(count jo)" 0
}

# ---- habits ----

@test "IOP-001 IOP-002 AUTH-025 POP-122: single-label names, AUTH= beside AUTH, LOGIN, and AUTH alone" {
	correspond outlook --announce AUTH=
}

@test "IOP-003 IOP-004: address literals, CAPA twice, TOP for headers, UIDL and LIST" {
	correspond thunderbird
}

@test "IOP-009 SMTP-013 SMTP-035: lower case, stray blanks, HELO alone, an octet a packet, no good-bye" {
	correspond scanner
}

@test "IOP-010: callouts deliver nothing, 8 bits without BODY, BDAT, the final dot and QUIT together" {
	correspond relay
}

@test "IOP-011: a health check connects and closes: no complaint, no hook but connect and disconnect" {
	for event in connect helo ehlo mail rcpt data deliver rset quit timeout disconnect; do
		printf '#!/bin/sh\necho "${0##*/}" >>%s/events\n' "$DIR" >"$B/$event"
		chmod 755 "$B/$event"
	done
	serve smtp
	: >"$DIR/log"
	python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1]))).close()' "$smtp"
	run await "$DIR/log" 'session end'
	assert_output --partial 'commands=0'
	assert_output --partial 'reason=eof'
	run cat "$DIR/events"
	assert_output $'connect\ndisconnect'
	run grep -vc 'level=info' "$DIR/log"
	assert_output 0
}

@test "IOP-012: delete and quit and come again, thirty times" {
	correspond hurried
}

@test "IOP-013 GEN-013: lines that end in LF are answered at once" {
	correspond human
}
