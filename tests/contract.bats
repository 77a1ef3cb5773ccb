#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# contract - what the callbacks of other frameworks could do, done by programs (the MAP and DEF items): what each is told,
# what it may change, and what it may not.
#
# shellcheck disable=SC2016,SC2154 # what is quoted is for the hook; $lines is bats'

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	programs=$PWD/${BUILD:-build}/stage/bin
	B=$BATS_TEST_TMPDIR/backend T=$BATS_TEST_TMPDIR
	mkdir "$B"
	export T
	printf 'T=%s\n' "$T" >"$B/env"
	message=('MAIL FROM:<s@b.example>' 'RCPT TO:<u@x.example>' DATA 'Subject: t' '' x .)
}

# A hook of event $1 with the shell text $2.
hook() {
	printf '#!/bin/sh\n%s\n' "$2" >"$B/$1"
	chmod 755 "$B/$1"
}

# A maildrop of one message for everybody.
maildrop() {
	hook auth 'exec "$@"'
	hook list 'echo m1'
	hook retrieve 'printf "Subject: one\n\nbody\n"'
	hook delete 'cat >>"$T/deleted"'
}

lines() {
	printf '%s\r\n' "$@"
}

# talk PROGRAM OPTION... - a session with the client's lines on standard input: its replies go to $T/replies and, without
# CR, to $output; its log to $T/log.
talk() {
	local status=0
	timeout 300 "$programs/$1-session" --hostname=mx.example "${@:2}" "$B" >"$T/replies" 2>"$T/log" || status=$?
	output=$(tr -d '\r' <"$T/replies")
	mapfile -t lines <<<"$output"
	return "$status"
}

mail() {
	talk smtp --accept-domain=x.example "$@"
}

# ---- replies ----

@test "MAP-012: what quit, rset, noop and disconnect print and end with changes no reply" {
	for event in quit rset noop disconnect; do
		hook "$event" 'echo "550 5.0.0 no"; echo ":close"; echo "$SESSION_EVENT" >>"$T/events"; exit 100'
	done
	mail < <(lines 'EHLO a.example' NOOP RSET NOOP QUIT)
	assert_equal "${lines[*]: -4:3}" '250 2.0.0 OK 250 2.0.0 OK 250 2.0.0 OK'
	assert_equal "${lines[*]: -1:1}" '221 2.0.0 mx.example Bye'
	assert_equal "$(paste -sd ' ' "$T/events")" 'noop rset noop quit disconnect'
}

@test "SMTP-054: a parameter that cannot be honoured now is 455, by the mail hook" {
	hook mail 'case $MAIL_PARAMS in *BY=*) echo "455 4.5.4 not now"; exit 75 ;; esac'
	mail --announce=DELIVERBY < <(lines 'EHLO a.example' 'MAIL FROM:<s@b.example> BY=60;R' 'RCPT TO:<u@x.example>' \
		'MAIL FROM:<s@b.example>' 'RCPT TO:<u@x.example>' QUIT)
	assert_equal "$(grep -oE '^[0-9]{3} .{5}' <<<"$output" | tail -n 5 | paste -sd,)" \
		'455 4.5.4,503 5.5.1,250 2.1.0,250 2.1.5,221 2.0.0'
}

@test "MAP-011: state follows the reply, and yes to what is not kept is exit 99" {
	hook rcpt 'case $RECIPIENT in drop@*) exit 99 ;; esac'
	hook deliver 'cat <&3 >>"$T/envelopes"'
	mail < <(lines 'EHLO a.example' 'MAIL FROM:<s@b.example>' 'RCPT TO:<drop@x.example>' 'RCPT TO:<u@x.example>' DATA x . \
		'MAIL FROM:<s@b.example>' 'RCPT TO:<drop@x.example>' DATA x . QUIT)
	assert_equal "$(grep -c '^250 2\.1\.5 ' <<<"$output") $(grep -c '^250 2\.0\.0 ' <<<"$output")" '3 2'
	assert_equal "$(cat "$T/envelopes")" $'s@b.example\nu@x.example'
}

# ---- facts ----

@test "MAP-022: deliver has the message, the envelope on descriptor 3, and the facts; in LMTP once for each recipient" {
	hook deliver '{ echo "$SESSION_PROTOCOL from=$SENDER count=$RECIPIENT_COUNT to=${RECIPIENT-several} size=$MESSAGE_SIZE"
		cat <&3; wc -c; } >>"$T/told"'
	mail < <(lines 'EHLO a.example' 'MAIL FROM:<s@b.example>' 'RCPT TO:<u@x.example>' 'RCPT TO:<v@x.example>' \
		"${message[@]:2}" QUIT)
	size=$(sed -n 's/.*size=//p' "$T/told")
	diff "$T/told" - <<-END
		SMTP from=s@b.example count=2 to=several size=$size
		s@b.example
		u@x.example
		v@x.example
		$size
	END
	rm "$T/told"
	talk lmtp --accept-domain=x.example < <(lines 'LHLO a.example' 'MAIL FROM:<>' 'RCPT TO:<u@x.example>' \
		'RCPT TO:<v@x.example>' "${message[@]:2}" QUIT)
	size=$(sed -n '1s/.*size=//p' "$T/told")
	diff "$T/told" - <<-END
		LMTP from= count=2 to=u@x.example size=$size

		u@x.example
		$size
		LMTP from= count=2 to=v@x.example size=$size

		v@x.example
		$size
	END
}

@test "MAP-023: data decides before 354, and filter sees the message while it arrives" {
	hook data 'case $SENDER in no@*) exit 77 ;; esac'
	hook filter 'read -r field; read -r _; echo "$field" >"$T/seen"; cat >/dev/null; printf "Subject: new\n\nnew\n"'
	hook deliver 'cat >"$T/message"'
	mkfifo "$T/in"
	mail <"$T/in" &
	exec 4>"$T/in"
	lines 'EHLO a.example' 'MAIL FROM:<no@b.example>' 'RCPT TO:<u@x.example>' DATA RSET "${message[@]:0:4}" >&4
	# Its first lines have been read, and the message has not ended.
	timeout 100 sh -c 'until [ -s "$T/seen" ]; do :; done'
	assert [ ! -e "$T/message" ]
	lines '' x . QUIT >&4
	exec 4>&-
	wait $!
	run tr -d '\r' <"$T/replies"
	assert_line --partial '550 5.7.1'
	assert_equal "$(grep -c '^354 ' <<<"$output")" 1
	assert_equal "$(cat "$T/message")" $'Subject: new\n\nnew'
}

@test "MAP-059 MAP-044: programs of a POP3 session know user, session and peer, and commands their state" {
	maildrop
	hook auth 'cat <&3 | tr "\0" "\n" | head -n 2 >"$T/credentials"; echo "auth $REMOTE_ADDR" >>"$T/told"; exec "$@"'
	hook list 'echo "list $USER $SESSION_PROTOCOL $SESSION_ID $REMOTE_ADDR" >>"$T/told"; echo m1'
	hook command-WHO 'echo "$USER ${SESSION_STATE}"'
	export PROTO=TCP TCPREMOTEIP=192.0.2.7 TCPREMOTEPORT=99 TCPLOCALIP=192.0.2.1 TCPLOCALPORT=110
	talk pop3 --insecure-auth=always < <(lines 'USER joe' 'PASS a b ' WHO QUIT)
	assert_equal "$(cat "$T/credentials")" $'joe\na b '
	session=$(grep -oE 'msg="session end" session=[^ ]+' "$T/log" | sed 's/.*=//')
	assert_equal "$(cat "$T/told")" "auth 192.0.2.7
list joe POP3 $session 192.0.2.7"
	assert_line '+OK joe TRANSACTION'
}

# ---- auth ----

@test "MAP-044: auth says no by 1, 2, 67, 77 and 100, and yes only by what it runs" {
	maildrop
	hook auth 'name=$(cat <&3 | tr "\0" "\n" | head -n 1); exit "${name#u}"'
	for code in 0 1 2 3 65 67 69 73 75 77 78 99 100 111 126 127 255; do
		talk pop3 < <(lines "USER u$code" 'PASS x' QUIT)
		case $code in
		1 | 2 | 67 | 77 | 100) assert_line --index 2 --regexp '^-ERR \[AUTH\] ' ;;
		*) assert_line --index 2 --regexp '^-ERR \[SYS/TEMP\] ' ;;
		esac
	done
}

# ---- sessions ----

@test "MAP-040: in POP3 every line ends in CRLF, whatever the store has" {
	maildrop
	hook retrieve 'printf "Subject: one\r\n\nbody\nmore\r\nlast"'
	talk pop3 < <(lines 'USER joe' 'PASS x' CAPA LIST UIDL 'RETR 1' 'TOP 1 1' NONE QUIT)
	assert_equal "$(grep -c $'\r$' "$T/replies")" "$(wc -l <"$T/replies")"
	assert_equal "$(grep -c $'\r\r' "$T/replies")" 0
	assert_equal "$(grep -A6 'octets' "$T/replies" | tr -d '\r' | head -n 7 | tail -n 6 | paste -sd,)" 'Subject: one,,body,more,last,.'
}

@test "MAP-056 MAP-074: every verb of a POP3 session, in any case" {
	maildrop
	talk pop3 < <(lines 'uSeR joe' 'pAsS x' StAt lIsT 'UiDl' 'rEtR 1' 'tOp 1 0' 'dElE 1' 'nOoP' 'rSeT' 'cApA' 'qUiT')
	assert_equal "$(grep -c '^+OK' <<<"$output")" 13
	refute_line --partial '-ERR'
	run grep -c . "$T/deleted"
	assert_failure
}

@test "MAP-073: delete commits at QUIT alone, then logout, then disconnect" {
	maildrop
	for event in connect delete logout disconnect; do
		hook "$event" 'echo "$SESSION_EVENT${SESSION_END:+ $SESSION_END}" >>"$T/events"'
	done
	talk pop3 < <(lines 'USER joe' 'PASS x' 'DELE 1' QUIT)
	talk pop3 < <(lines 'USER joe' 'PASS x' 'DELE 1')
	talk pop3 < <(lines QUIT)
	diff "$T/events" - <<-END
		connect
		delete
		logout quit
		disconnect quit
		connect
		logout eof
		disconnect eof
		connect
		disconnect quit
	END
}

@test "MAP-071 DEF-025: sessions of an accept loop share nothing, and are those of one process each" {
	hook deliver 'echo "kept $RECIPIENT_COUNT"'
	lines 'EHLO a.example' NOOP "${message[@]}" 'MAIL FROM:<>' 'RCPT TO:<u@x.example>' >"$T/in"
	mail <"$T/in"
	wanted=$(sed 's/ id=.*//; s/kept 1.*/kept 1/' <<<"$output")
	"$programs/smtp-session" --hostname=mx.example --accept-domain=x.example --listen "unix:$T/socket" "$B" 2>"$T/loop.log" 3>&- &
	loop=$!
	timeout 100 sh -c 'until grep -q msg=listening "$T/loop.log"; do :; done'
	for _ in 1 2 3; do
		run timeout 100 socat -t 100 - "UNIX-CONNECT:$T/socket" <"$T/in"
		assert_equal "$(tr -d '\r' <<<"$output" | sed 's/ id=.*//; s/kept 1.*/kept 1/')" "$wanted"
	done
	kill "$loop"
	wait "$loop"
}

@test "MAP-053 DEF-029: --trace and --log-level debug change no reply, and show neither a secret nor, in the log, a body" {
	maildrop
	hook deliver :
	pop=('USER joe' 'PASS s3cret' STAT 'RETR 1' QUIT)
	talk pop3 < <(lines "${pop[@]}")
	wanted=$output
	talk pop3 --trace="$T/trace" --log-level=debug < <(lines "${pop[@]}")
	assert_equal "$output" "$wanted"
	run grep -rl s3cret "$T/trace" "$T/log"
	assert_failure
	assert grep -q 'USER joe' "$T/trace"
	assert grep -q 'PASS' "$T/trace"
	refute grep -q body "$T/log"
	mail --trace="$T/trace" --log-level=debug < <(lines 'EHLO a.example' "${message[@]:0:5}" n0tlogged . QUIT)
	assert_line --regexp '^250 2\.0\.0 '
	refute grep -q n0tlogged "$T/log"
}

@test "MAP-026: extensions are on where they can be used" {
	mail < <(lines 'EHLO a.example' QUIT)
	for keyword in PIPELINING 8BITMIME ENHANCEDSTATUSCODES CHUNKING SMTPUTF8 HELP; do
		assert_line --regexp "^250[ -]$keyword\$"
	done
	refute_line --partial XFORWARD
	refute_line --partial STARTTLS
	mail --trusted-networks=unix < <(lines 'EHLO a.example' QUIT)
	assert_line --regexp '^250[ -]XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE$'
	assert_line --regexp '^250[ -]XCLIENT NAME '
}

@test "SMTP-067: Received names the recipient when there is one alone" {
	hook deliver 'sed -n "1,/^Subject/p" >>"$T/trace"'
	mail < <(lines 'EHLO a.example' "${message[@]}" QUIT)
	assert grep -q 'for <u@x.example>' "$T/trace"
	rm "$T/trace"
	mail < <(lines 'EHLO a.example' 'MAIL FROM:<s@b.example>' 'RCPT TO:<u@x.example>' 'RCPT TO:<v@x.example>' "${message[@]:2}" QUIT)
	assert grep -q '^Received: ' "$T/trace"
	refute grep -q ' for ' "$T/trace"
}

@test "SMTP-069 TLS-013: Received has the cipher suite, from the front end that ended TLS and never from the client" {
	hook deliver 'sed -n "1,/^Subject/p" >"$T/trace"; echo "${TLS_VERSION-none} ${TLS_CIPHER-none}" >"$T/tls"'
	mail < <(lines 'EHLO a.example' "${message[@]}" QUIT)
	refute grep -q ' tls ' "$T/trace"
	assert_equal "$(cat "$T/tls")" 'none none'
	# Version 2, PROXY, TCP over IPv4, 55 octets: addresses, then SSL with the version and the cipher.
	{
		printf '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x37\xc0\0\x02\x07\xc0\0\x02\x01\x10\0\0\x19'
		printf '\x20\0\x28\x01\0\0\0\0\x21\0\x07TLSv1.3\x23\0\x16TLS_AES_256_GCM_SHA384'
		lines 'EHLO a.example' "${message[@]}" QUIT
	} | talk smtp --accept-domain=x.example --proxy-protocol=unix
	assert grep -q 'with ESMTPS' "$T/trace"
	assert grep -q 'tls TLS_AES_256_GCM_SHA384' "$T/trace"
	assert_equal "$(cat "$T/tls")" 'TLSv1.3 TLS_AES_256_GCM_SHA384'
}

@test "SMTP-073: what is done between the end of a message and its reply does not grow with the message" {
	hook deliver :
	{
		lines 'EHLO a.example' "${message[@]:0:5}"
		yes "$(printf '%078d\r' 0)" | head -c 40000000
		lines '' . QUIT
	} | ASAN_OPTIONS=detect_leaks=0 timeout 300 strace -f -qq -o "$T/calls" "$programs/smtp-session" --sandbox=off --hostname=mx.example \
		--accept-domain=x.example --spool-dir="$T" "$B" >"$T/replies" 2>"$T/log"
	assert_equal "$(grep -c '^250 2\.0\.0 ' "$T/replies")" 1
	# Of thousands of system calls a hundred are behind the read of the last octets, and before the program.
	run -0 awk '/ read\(0, / { last = NR } /execve\(.*\/deliver"/ { print NR, NR - last; exit }' "$T/calls"
	assert [ "${output% *}" -gt 2000 ]
	assert [ "${output#* }" -lt 400 ]
}

@test "PIPE-003: the replies to a group are one write" {
	group=$(lines 'EHLO a.example'; lines 'MAIL FROM:<s@b.example>'; for _ in {1..100}; do lines 'RCPT TO:<u@x.example>'; done; lines QUIT)
	timeout 300 strace -f -qq -e trace=write,writev,sendto,sendmsg -e write=1 -o "$T/calls" "$programs/smtp-session" \
		--sandbox=off --hostname=mx.example --accept-domain=x.example "$B" <<<"$group" >"$T/replies" 2>"$T/log"
	assert_equal "$(grep -c '^250 2\.1\.5 ' "$T/replies")" 100
	# The greeting goes out before anything is read; all else at once.
	assert_equal "$(grep -cE '(write|writev)\(1, ' "$T/calls")" 2
}

@test "the process that greeted forgets whole pages of the parser's: the last one may hold what others keep" {
	ASAN_OPTIONS=detect_leaks=0 timeout 300 strace -qq -e trace=madvise -o "$T/calls" "$programs/smtp-session" --sandbox=off --hostname=mx.example \
		--accept-domain=x.example "$B" <<<QUIT >"$T/replies" 2>"$T/log"
	octets=$(sed -n 's/^madvise(0x[0-9a-f]*, \([0-9]*\), MADV_DONTNEED) *= 0$/\1/p' "$T/calls" | sort -n | tail -1)
	assert [ "$octets" -gt 0 ]
	assert_equal $((octets % $(getconf PAGE_SIZE))) 0
}

# ---- hostile values ----

@test "hardening 28: no variable begins with (), whoever says it, and bash runs nothing" {
	for event in helo mail rcpt vrfy noop command-RUN; do
		printf '#!/bin/bash\nenv | grep -a "=()" >>"$T/found"; bash -c : bash; exit 0\n' >"$B/$event"
		chmod 755 "$B/$event"
	done
	code="() { :;}; touch $T/canary"
	mail --max-errors=0 --address-charset=rfc < <(lines "EHLO $code" 'EHLO a.example' "VRFY $code" "NOOP $code" "RUN $code" \
		"MAIL FROM:<$code@b.example>" "MAIL FROM:<\"$code\"@b.example>" 'RSET' "MAIL FROM:<()x@b.example>" \
		'MAIL FROM:<s@b.example>' "RCPT TO:<()@x.example>" "RCPT TO:<\"$code\"@x.example>" QUIT)
	assert_line --index 1 --regexp '^501 '
	assert_line --regexp '^221 '
	assert [ ! -e "$T/canary" ]
	assert [ ! -s "$T/found" ]
}

@test "hardening 29: letters of other alphabets pass octet by octet, and what cannot be seen does not" {
	hook rcpt 'printf "%s\n" "$RECIPIENT" >>"$T/recipients"'
	nfc=$'caf\xc3\xa9@x.example' nfd=$'cafe\xcc\x81@x.example'
	refused=($'a\xe2\x80\xaeb' $'a\xc2\x85b' $'a\xe2\x80\xa8b' $'a\xe2\x80\x8bb' $'a\xef\xbf\xbeb')
	{
		lines 'EHLO a.example' 'MAIL FROM:<s@b.example> SMTPUTF8' "RCPT TO:<$nfc>" "RCPT TO:<$nfd>"
		for local in "${refused[@]}"; do
			lines "RCPT TO:<$local@x.example>"
		done
		# Overlong, a surrogate, cut off.
		for local in $'\xc0\xaf' $'\xed\xa0\x80' $'a\xc3'; do
			lines "RCPT TO:<$local@x.example>"
		done
		lines RSET 'MAIL FROM:<s@b.example>' "RCPT TO:<$nfc>" QUIT
	} | talk smtp --accept-domain=x.example
	assert_equal "$(sed -n '/^250 2\.1\.0/,$p' "$T/replies" | cut -c 1-9 | paste -sd,)" \
		'250 2.1.0,250 2.1.5,250 2.1.5,553 5.1.3,553 5.1.3,553 5.1.3,553 5.1.3,553 5.1.3,501 5.1.3,501 5.1.3,501 5.1.3,250 2.0.0,250 2.1.0,553 5.6.7,221 2.0.0'
	printf '%s\n' "$nfc" "$nfd" | cmp - "$T/recipients"
}

@test "hardening 35, DSN-005: nothing that is decoded makes a second line" {
	hook deliver 'cat <&3 >"$T/envelope"; env >"$T/env"; cat >"$T/message"'
	for value in +0D+0A +00 +7F +1 + +GG +0a+0Aevil +C3+28; do
		{
			lines 'EHLO a.example' "MAIL FROM:<s@b.example> RET=HDRS ENVID=x$value" 'MAIL FROM:<s@b.example> ENVID=a+2Bb' \
				"RCPT TO:<u@x.example> ORCPT=rfc822;x$value" 'RCPT TO:<u@x.example> ORCPT=rfc822;a+2Bb@x.example' \
				"${message[@]:2}" QUIT
		} | talk smtp --accept-domain=x.example --announce=DSN
		assert_equal "$value $(sed -n '/^501/p; /^250 2/p' "$T/replies" | cut -c 1-9 | paste -sd,)" \
			"$value 501 5.5.4,250 2.1.0,501 5.5.4,250 2.1.5,250 2.0.0"
		assert_equal "$(wc -l <"$T/envelope") $(grep -c evil "$T/env" "$T/message" "$T/envelope" | grep -vc ':0')" '2 0'
		assert grep -qx 'DSN_ENVID=a+b' "$T/env"
		assert grep -qx 'DSN_ORCPT=rfc822;a+b@x.example' "$T/env"
	done
}

@test "hardening 36, GEN-016: whatever a client or a hook says, a line of the log is one line, printable, and at most 1 KiB" {
	maildrop
	hook rcpt 'printf "a\r\nlevel=emergency \033[31m\000 %s\n" "$RECIPIENT" >&2; head -c 5000 /dev/zero | tr "\0" "\377" >&2; exit 0'
	{
		lines $'EHLO a.example\x1b[31m' 'EHLO a.example' $'MAIL FROM:<"\x01\n\r"@x>' 'MAIL FROM:<"level=x \"peer=1\""@b.example>'
		for octet in {0..255}; do
			printf 'FOO \\x%02x \\n msg="x" ' "$octet"
			# shellcheck disable=SC2059 # any octet
			printf "\\x$(printf %02x "$octet")\r\n"
		done
		lines 'RCPT TO:<"msg=\"a b\" level=alert"@x.example>' 'RCPT TO:<u@x.example>'
		head -c 100000 /dev/urandom | tr -d '\n'
		lines '' QUIT
	} >"$T/said"
	for format in text json; do
		talk smtp --accept-domain=x.example --max-errors=0 --log-level=debug --log-format=$format --address-charset=rfc <"$T/said"
		cp "$T/log" "$T/log.smtp"
		talk pop3 --log-level=debug --log-format=$format < <(lines $'USER c\xff\x1b' 'PASS canary1' 'USER joe' 'PASS canary2' 'APOP joe canary3' \
			'AUTH PLAIN Y2FuYXJ5NA==' QUIT)
		cat "$T/log.smtp" >>"$T/log"
		run -1 grep -aE 'canary|Y2FuYXJ5' "$T/log"
		run -0 python3 -c 'import json, sys
lines = open(sys.argv[1], "rb").read().split(b"\n")
assert lines.pop() == b"" and len(lines) > 3, lines
for line in lines:
    assert len(line) < 1024 and all(32 <= octet < 127 for octet in line), line
    assert line.startswith(b"time=2" if sys.argv[2] == "text" else b"{"), line
    assert sys.argv[2] == "text" or json.loads(line)["level"] in ("info", "warning", "notice", "debug", "error"), line
    assert b" level=emergency" not in line.split(b"text=")[0], line' "$T/log" $format
	done
}
