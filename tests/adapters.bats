#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# adapters - the sample backends that hand mail on, as installed, with what they connect to: success, trouble for now,
# refusal for good, nobody there, and strings that hope for a shell (hardening 24).
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154 # quoted for other programs; variables come from lib/launch and bats; tests share none

bats_require_minimum_version 1.5.0
load lib/launch
load lib/adapters

setup() {
	adapters_setup
}

teardown() {
	adapters_teardown
}

# ---- archive -----------------------------------------------------------------------------------

@test "archive: message and envelope appear together, and senders and recipients are a line each" {
	sample archive "ARCHIVE=$DIR/archive"
	mkdir "$DIR/archive"
	send smtp you@y.example jo@x.example ann@x.example
	heard '250 2.1.5' '250 2.1.5' '250 2.0.0'
	assert_message "$DIR"/archive/2*/message
	assert_equal "$(cat "$DIR"/archive/2*/envelope)" $'you@y.example\njo@x.example\nann@x.example'
	send smtp '' jo@x.example
	heard '250 2.1.5' '250 2.0.0'
	assert_equal "$(find "$DIR/archive" -mindepth 1 -maxdepth 1 | wc -l)" 2
	send lmtp you@y.example jo@x.example ann@x.example
	heard '250 2.1.5' '250 2.1.5' '250 2.0.0' '250 2.0.0'
	assert_equal "$(find "$DIR/archive" -name message | wc -l)" 4
}

@test "archive: 250 is said behind fsync of files, directory and name; nothing is left where one fails" {
	sample archive "ARCHIVE=$DIR/archive"
	mkdir "$DIR/archive"
	printf '%s\n' you@y.example jo@x.example >"$DIR/envelope"
	archive() {
		ARCHIVE=$DIR/archive TRANSACTION_ID=1.2 run strace -f -y -o "$DIR/trace" "$@" "$B/deliver" deliver \
			<"$DIR/message" 3<"$DIR/envelope"
	}
	archive -e trace=fsync,/rename
	assert_success
	run sed -nE -e "s|^[0-9]+ +fsync\([0-9]+<$DIR/archive(.*)>\) += 0|fsync \1|p" -e 's/^[0-9]+ +(rename).*= 0$/\1/p' "$DIR/trace"
	assert_line --index 0 --regexp '^fsync /\.2.*/message$'
	assert_line --index 1 --regexp '^fsync /\.2.*/envelope$'
	assert_line --index 2 --regexp '^fsync /\.2[^/]*$'
	assert_line --index 3 rename
	assert_line --index 4 'fsync '
	rm -r "$DIR"/archive/*
	# sync is a process of its own each time: its first call, its second, its third; and the one for the name.
	for when in 1 2 3; do
		archive -e inject=fsync:error=EIO:when=$when
		[ "$status" != 0 ]
		assert_equal "$(find "$DIR/archive" -mindepth 1)" ''
	done
	archive -e trace=fsync -P "$DIR/archive" -e inject=fsync:error=EIO
	[ "$status" = 75 ]
	assert_equal "$(find "$DIR/archive" -mindepth 1)" ''
}

@test "archive: no directory, no room: 451" {
	sample archive "ARCHIVE=$DIR/archive"
	send smtp you@y.example jo@x.example
	heard '250 2.1.5' '451 4.3.0'
	sample archive ARCHIVE=/proc
	send smtp you@y.example jo@x.example
	heard '250 2.1.5' '451 4.3.0'
}

@test "archive: hostile addresses arrive as they are (hardening 23, 24)" {
	sample archive "ARCHIVE=$DIR/archive"
	mkdir "$DIR/archive"
	send_hostile smtp
	cat "$DIR"/archive/*/envelope | cmp - "$DIR/expected"
}

# ---- qmail-queue -------------------------------------------------------------------------------

@test "qmail-queue: message and envelope in its own form" {
	qmail
	send smtp you@y.example jo@x.example ann@x.example
	heard '250 2.1.5' '250 2.1.5' '250 2.0.0'
	assert_message "$DIR/peer/message"
	printf 'Fyou@y.example\0Tjo@x.example\0Tann@x.example\0\0' | cmp - "$DIR/peer/envelope"
	send smtp '' jo@x.example
	printf 'F\0Tjo@x.example\0\0' | cmp - "$DIR/peer/envelope"
	options+=(--announce DSN)
	{
		printf '%s\r\n' 'EHLO a.example' 'MAIL FROM:<you@y.example>' 'RCPT TO:<jo@x.example> NOTIFY=NEVER' DATA '' . QUIT
	} >"$DIR/said"
	session smtp
	printf 'Fyou@y.example\0Tjo@x.example\0\0' | cmp - "$DIR/peer/envelope"
}

@test "qmail-queue: exit codes 11 to 40 are permanent, all else is temporary" {
	qmail
	for code in 10 11 31 40 41 51 54 71 91 111 120; do
		echo $code >"$DIR/peer/code"
		send smtp you@y.example jo@x.example
		case $code in
		11 | 31 | 40) heard '250 2.1.5' '554 5.0.0' ;;
		*) heard '250 2.1.5' '451 4.3.0' ;;
		esac
	done
	rm "$DIR/qmail-queue"
	send smtp you@y.example jo@x.example
	heard '250 2.1.5' '451 4.3.0'
	[ ! -e "$DIR/peer/message" ]
}

@test "qmail-queue: hostile addresses arrive as they are (hardening 23, 24)" {
	qmail
	# Every envelope, one behind the other.
	sed -i 's|^exec ||; $a cat '"$DIR/peer/envelope >>$DIR/peer/envelopes" "$DIR/qmail-queue"
	send_hostile smtp
	tr '\0' '\n' <"$DIR/peer/envelopes" | sed -e '/^$/d' -e 's/^[FT]//' | cmp - "$DIR/expected"
}

# ---- sendmail ----------------------------------------------------------------------------------

@test "sendmail: through msmtp to the next server" {
	msmtp
	send smtp you@y.example jo@x.example ann@x.example
	heard '250 2.1.5' '250 2.1.5' '250 2.0.0'
	assert_equal "$(cat "$DIR"/archive/2*/envelope)" $'you@y.example\njo@x.example\nann@x.example'
	assert_message "$DIR"/archive/2*/message
	rm -r "$DIR"/archive/2*
	send smtp '' jo@x.example
	heard '250 2.1.5' '250 2.0.0'
	assert_equal "$(cat "$DIR"/archive/2*/envelope)" $'\njo@x.example'
}

@test "sendmail: its exit codes are ours, where they are sure" {
	msmtp
	send smtp you@y.example later@x.example
	heard '250 2.1.5' '451 4.3.0'
	send smtp you@y.example bad@x.example
	heard '250 2.1.5' '554 5.6.0'
	kill "${pids[@]}"
	wait "${pids[@]}" || :
	send smtp you@y.example jo@x.example
	heard '250 2.1.5' '451 4.3.0'
	while read -r code reply; do
		printf '#!/bin/sh\necho not for the client\nexit %s\n' "$code" >"$DIR/sendmail"
		send smtp you@y.example jo@x.example
		heard '250 2.1.5' "$reply"
		refute_line --partial 'not for'
	done <<-END_OF_CODES
		0 250 2.0.0
		1 451 4.3.0
		64 451 4.3.0
		65 554 5.6.0
		67 550 5.1.1
		68 550 5.1.2
		69 451 4.3.0
		75 451 4.3.0
		77 550 5.7.1
	END_OF_CODES
	rm "$DIR/sendmail"
	send smtp you@y.example jo@x.example
	heard '250 2.1.5' '451 4.3.0'
	assert_equal "$(find "$DIR/archive" -mindepth 1)" ''
}

@test "sendmail: hostile addresses arrive as they are (hardening 23, 24)" {
	# msmtp reads quoted local parts in its own way: this one tells what it is given.
	printf '#!/bin/sh\nshift 2\nprintf "%%s\\n" "$@" >>%s/given\n' "$DIR" >"$DIR/sendmail"
	chmod 755 "$DIR/sendmail"
	sample sendmail "SENDMAIL=$DIR/sendmail"
	send_hostile smtp
	awk 'NR % 2 == 0 { print "--" } { print }' "$DIR/expected" | cmp - "$DIR/given"
}

# ---- lmtp-proxy --------------------------------------------------------------------------------

@test "lmtp-proxy: the server's replies are passed as they are, at RCPT and for each recipient (LMTP-010)" {
	proxy
	printf '#!/bin/sh\necho "250 2.6.0 Kept by upstream for $RECIPIENT"\n%s/archive/deliver deliver\n' "$samples" >"$DIR/upstream/deliver"
	send lmtp you@y.example jo@x.example bad@x.example later@x.example ann@x.example
	heard '250 2.1.5 Fine with upstream' '550-5.1.1 No such user' '550 5.1.1 at upstream' '452 4.2.2 Full' \
		'250 2.1.5 Fine with upstream' '250 2.6.0 Kept by upstream for jo@x.example' '250 2.6.0 Kept by upstream for ann@x.example'
	for recipient in jo ann; do
		run grep -lx "$recipient@x.example" "$DIR"/archive/2*/envelope
		assert_equal "$(head -n 1 "$output")" you@y.example
		assert_message "${output%envelope}message"
	done
	rm -r "$DIR"/archive/2*
	send lmtp '' jo@x.example
	heard '250 2.1.5' '250 2.6.0'
	assert_equal "$(cat "$DIR"/archive/2*/envelope)" $'\njo@x.example'
}

@test "lmtp-proxy: what is no line, an empty message and 8-bit octets arrive whole" {
	proxy
	options+=(--line-ends crlf)
	for body in '.\r\n..\r\n\r\n' 'no end' '' '\0377\0200\0\001x' 'From x\r\n'; do
		printf 'S: x\r\n\r\n%b' "$body" >"$DIR/sent"
		{
			printf '%s\r\n' 'LHLO a.example' 'MAIL FROM:<you@y.example> BODY=8BITMIME' 'RCPT TO:<jo@x.example>' \
				"BDAT $(wc -c <"$DIR/sent") LAST"
			cat "$DIR/sent"
			printf 'QUIT\r\n'
		} >"$DIR/said"
		session lmtp
		heard '250 2.1.5' '250 2.0.0'
		tr -d '\r' <"$DIR/sent" | awk '{ print }' >"$DIR/message"
		assert_message "$DIR"/archive/2*/message
		assert_equal "$(cat "$DIR/upstream/params")" BODY=8BITMIME
		rm -r "$DIR"/archive/2*
	done
}

@test "lmtp-proxy: parameters are asked for where the server has them" {
	printf '%s\r\n' 'LHLO a.example' 'MAIL FROM:<you@y.example> SMTPUTF8 BODY=8BITMIME' 'RCPT TO:<jö@x.example>' \
		DATA '' . QUIT >"$DIR/said"
	proxy
	session lmtp
	heard '250 2.1.5' '250 2.0.0'
	assert_equal "$(cat "$DIR/upstream/params")" 'BODY=8BITMIME SMTPUTF8'
	assert_equal "$(cat "$DIR"/archive/2*/envelope)" $'you@y.example\njö@x.example'
	kill "${pids[@]}"
	wait "${pids[@]}" || :
	: >"$DIR/log"
	serve lmtp "$DIR/upstream" "unix:$DIR/lmtp" --announce -8BITMIME
	session lmtp
	assert_line --index 0 --regexp '^553 5\.6\.7'
	assert_equal "$(cat "$DIR/upstream/params")" ''
}

@test "lmtp-proxy: a delivery that fails behind RCPT fails with the server's words" {
	proxy
	reply() {
		printf '#!/bin/sh\necho "%s"\nexit %s\n' "$1" "$2" >"$DIR/upstream/deliver"
	}
	reply '552 5.2.2 Full for ever' 73
	send lmtp you@y.example jo@x.example
	heard '250 2.1.5' '552 5.2.2 Full for ever'
	reply '451 4.2.1 Locked' 75
	send lmtp you@y.example jo@x.example
	heard '250 2.1.5' '451 4.2.1 Locked'
	send lmtp refused@y.example jo@x.example
	assert_line --index 0 '554 5.7.1 Not from you'
}

@test "lmtp-proxy: nobody there, a server that is none, one that hangs up: 451, and never what was not about the mail" {
	sample lmtp-proxy "LMTP_SERVER=UNIX-CONNECT:$DIR/nobody"
	send lmtp you@y.example jo@x.example
	assert_line --index 0 --regexp '^451 4\.3\.0'
	for script in 'printf "554 Go away\r\n"' 'printf "220 x\r\n"; read x; printf "500 What\r\n"; read x' 'printf "220 x"' \
		'echo Hello' 'printf "220 x\r\n"; read x; printf "250-x\r\n250 y\r\n"; read x; printf "250 z\r\n"; read x'; do
		rm -f "$DIR/odd"
		printf '#!/bin/sh\n%s\n' "$script" >"$DIR/script"
		chmod 755 "$DIR/script"
		start socat "UNIX-LISTEN:$DIR/odd,fork" "EXEC:$DIR/script"
		timeout 60 sh -c 'until grep -q " 00010000 .* $1\$" /proc/net/unix; do :; done' sh "$DIR/odd"
		sample lmtp-proxy "LMTP_SERVER=UNIX-CONNECT:$DIR/odd"
		send lmtp you@y.example jo@x.example
		assert_line --index 0 --regexp '^451 4\.3\.0'
	done
	# One that says yes to everything has not taken a message.
	printf '#!/bin/sh\necho "220 x"\nwhile read -r x; do echo "250 yes"; done\n' >"$DIR/script"
	send lmtp you@y.example jo@x.example
	heard '250 2.1.5 yes' '451 4.3.0'
}

@test "lmtp-proxy: in SMTP it takes a recipient at a time" {
	proxy
	options+=(--max-recipients 1)
	send smtp you@y.example jo@x.example ann@x.example
	heard '250 2.1.5' '452 4.5.3' '250 2.0.0'
}

@test "lmtp-proxy: hostile addresses arrive as they are (hardening 23, 24)" {
	proxy --address-charset rfc
	send_hostile lmtp
	cat "$DIR"/archive/*/envelope | cmp - "$DIR/expected"
}

# ---- webhook -----------------------------------------------------------------------------------

# What python's expression $2 makes of request number $1.
request() {
	python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$DIR/peer/request.$1" "$2"
}

@test "webhook: message and envelope are files of one form, with a key for the transaction" {
	webhook
	send smtp you@y.example jo@x.example ann@x.example
	heard '250 2.1.5' '250 2.1.5' '250 2.0.0'
	assert_equal "$(request 1 'r["path"]')" /mail
	assert_equal "$(request 1 'r["fields"]["envelope"]["data"]')" $'you@y.example\njo@x.example\nann@x.example'
	assert_equal "$(request 1 'r["fields"]["envelope"]["type"]')" text/plain
	assert_equal "$(request 1 'r["fields"]["message"]["type"]')" message/rfc822
	request 1 'r["fields"]["message"]["data"]' | sed '$d' >"$DIR/arrived"
	assert_message "$DIR/arrived"
	run grep -c "$(request 1 'r["key"]')" "$DIR/arrived"
	assert_output 1
}

@test "webhook: in LMTP each recipient has a key, which repeated attempts share" {
	webhook
	sed -i s/^WEBHOOK_RETRIES=.*/WEBHOOK_RETRIES=1/ "$B/env"
	echo '503 204 204' >"$DIR/peer/status"
	send lmtp you@y.example jo@x.example ann@x.example
	heard '250 2.1.5' '250 2.1.5' '250 2.0.0' '250 2.0.0'
	[ ! -e "$DIR/peer/request.4" ]
	for number in 1 2 3; do
		request $number 'r["key"] + " " + r["fields"]["envelope"]["data"].replace("\n", " ") + r["fields"]["message"]["data"][-6:].strip()'
	done | sort | uniq -c | awk '{ print $1, $3, $4, $5 }' >"$DIR/keys"
	run sort -n "$DIR/keys"
	assert_equal "${#lines[@]}" 2
	assert_line --index 0 --regexp '^1 you@y.example (jo|ann)@x.example last$'
	assert_line --index 1 --regexp '^2 you@y.example (jo|ann)@x.example last$'
}

@test "webhook: statuses about the mail refuse it, all others are 451" {
	webhook
	while read -r http smtp; do
		echo "$http" >"$DIR/peer/status"
		send smtp you@y.example jo@x.example
		heard '250 2.1.5' "$smtp"
	done <<-END_OF_STATUSES
		200 250 2.0.0
		202 250 2.0.0
		301 451 4.3.0
		400 451 4.3.0
		401 451 4.3.0
		403 550 5.7.1
		404 451 4.3.0
		408 451 4.3.0
		410 550 5.1.1
		413 552 5.3.4 Message too big
		415 554 5.6.0
		422 554 5.6.0
		429 451 4.3.0
		500 451 4.3.0
		503 451 4.3.0
	END_OF_STATUSES
	printf 'header = "Authorization: Bearer secret"\n' >"$DIR/config"
	echo "WEBHOOK_CONFIG=$DIR/config" >>"$B/env"
	send smtp you@y.example jo@x.example
	heard '250 2.1.5' '250 2.0.0'
	assert_equal "$(request 16 'r["token"]')" 'Bearer secret'
}

@test "webhook: nobody there: 451" {
	sample webhook "WEBHOOK=http://127.0.0.1:$(free_port)/" WEBHOOK_RETRIES=0
	send smtp you@y.example jo@x.example
	heard '250 2.1.5' '451 4.3.0'
}

@test "webhook: hostile addresses arrive as they are (hardening 23, 24)" {
	webhook
	send_hostile smtp
	for number in $(seq "$(hostile | wc -l)"); do
		request "$number" 'r["fields"]["envelope"]["data"]'
	done | sed '/^$/d' | cmp - "$DIR/expected"
}

# ---- faulty ------------------------------------------------------------------------------------

@test "faulty: every kind of failure, and none at the rate of 0" {
	mkdir "$DIR/archive"
	while read -r kind reply; do
		sample faulty FAULT_RATE=100 "FAULT_KINDS=$kind" "FAULT_NEXT=$samples/archive/deliver" "ARCHIVE=$DIR/archive"
		options=(--hostname mx.example.org --accept-domain x.example --spool-dir "$DIR")
		[ "$kind" != hang ] || options+=(--deliver-timeout 1)
		send smtp you@y.example jo@x.example
		case $kind in
		noise) assert_line --index 1 --regexp "^451-4\.3\.0 " ;;
		*) heard '250 2.1.5' "$reply" ;;
		esac
		assert_equal "$(find "$DIR/archive" -name message | wc -l)" "$([ "$kind" = twice ] && echo 1 || echo 0)"
	done <<-END_OF_KINDS
		temporary 451 4.3.0
		permanent 554 5.0.0
		quota 552 5.2.2
		crash 451 4.3.0
		hang 451 4.3.0
		noise 451 4.3.0
		mistyped 451 4.3.5
		twice 451 4.3.0
	END_OF_KINDS
	sample faulty FAULT_RATE=0 "FAULT_NEXT=$samples/archive/deliver" "ARCHIVE=$DIR/archive"
	send smtp you@y.example jo@x.example
	heard '250 2.1.5' '250 2.0.0'
	assert_equal "$(find "$DIR/archive" -name message | wc -l)" 2
}

@test "faulty: in between some fail, in each of the ways, and others are dropped on purpose" {
	sample faulty FAULT_RATE=50 'FAULT_KINDS=temporary permanent'
	{
		printf 'EHLO a.example\r\n'
		for _ in $(seq 100); do
			transaction you@y.example jo@x.example
		done
		printf 'QUIT\r\n'
	} >"$DIR/said"
	session smtp
	for reply in '250 2.0.0' '451 4.3.0' '554 5.0.0'; do
		assert_line --regexp "^$reply"
	done
	assert_equal "$(grep -cE '^(250 2\.0\.0|451|554)' <<<"$output")" 100
}

# ---- all of them -------------------------------------------------------------------------------

@test "every sample says at its top what it is, is a whole backend to --check, and can be written by nobody else" {
	for name in archive directory faulty feed lmtp-proxy pop3-account qmail-queue report repository sendmail sqlite webhook; do
		sample "$name"
		program=$bin/smtp-session
		[ ! -e "$B/list" ] || [ -e "$B/deliver" ] || program=$bin/pop3-session
		run "$program" --hostname mx.example.org --check "$B"
		assert_success
		refute_output --partial 'cannot'
		for file in "$B"/*; do
			case $(head -c 2 "$file") in
			'#!')
				assert_equal "$(sed -n 1p "$file")" '#!/bin/sh'
				run sed -n 3p "$file"
				assert_output --regexp '^# [A-Z]'
				;;
			esac
		done
		assert_equal "$(find "$B" -type f -perm /022)" ''
	done
}
