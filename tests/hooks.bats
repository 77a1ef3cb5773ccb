#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# hooks - programs of every kind behind a session: what they are told, and what becomes of the
# session when they hang, crash, flood, never read, print garbage or leave daemons behind.
#
# shellcheck disable=SC2016 # what is quoted is for the hook

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
	# A greeted session with a sender.
	shopt -s lastpipe # so that "... | smtp" sets $output
	opening=('EHLO a.example' 'MAIL FROM:<s@b.example>')
}

# A hook of event $1 with the shell text $2.
hook() {
	printf '#!/bin/sh\n%s\n' "$2" >"$B/$1"
	chmod 755 "$B/$1"
}

# Lines of a client, each with its CRLF.
lines() {
	printf '%s\r\n' "$@"
}

# An SMTP session on two pipes with the options $@: its replies behind EHLO's go to $output, its log to $T/log.
smtp() {
	local status=0
	timeout 200 "$programs/smtp-session" --hostname=mx.example --accept-domain=x.example "$@" "$B" \
		2>"$T/log" >"$T/replies" || status=$?
	output=$(sed -e 's/\r$//' -e '/^220 /d' -e '/^250[ -][A-Z0-9]*\( \|$\)/d' -e '/^250-mx.example/d' \
		-e '/^250 2.1.0 /d' "$T/replies")
	return "$status"
}

# Waits until the process whose number is in file $1 is gone; what was killed is there for a moment more.
gone() {
	local pid
	read -r pid <"$1" || return
	timeout 60 sh -c 'while [ -e "/proc/$1" ] && ! grep -q "^State:.Z" "/proc/$1/status" 2>/dev/null; do :; done' sh "$pid"
}

# The reply to RCPT for exit code $1 (DESIGN 6).
rcpt_reply() {
	case $1 in
	0 | 99) echo '250 2.1.5' ;;
	65) echo '554 5.6.0' ;;
	67 | 69 | 100 | 20 | 31) echo '550 5.1.1' ;;
	68) echo '550 5.1.2' ;;
	73) echo '552 5.2.2' ;;
	77) echo '550 5.7.1' ;;
	78) echo '451 4.3.5' ;;
	*) echo '451 4.3.0' ;;
	esac
}

@test "exit codes 0 to 255 have the replies of the table (SMTP-061, GEN-006)" {
	hook rcpt 'code=${RECIPIENT%@*}; exit "${code#u}"'
	for code in {0..255}; do
		rcpt_reply "$code"
	done >"$T/wanted"
	{
		lines "${opening[@]}"
		for code in {0..255}; do
			lines "RCPT TO:<u$code@x.example>"
		done
	} | smtp --max-errors=1000
	cut -d ' ' -f 1,2 <<<"$output" | diff "$T/wanted" -
}

@test "a hook that a signal ends is a temporary failure (GEN-006)" {
	hook rcpt 'signal=${RECIPIENT%@*}; kill -"${signal#u}" $$; exit 0'
	for signal in 1 2 3 4 6 7 8 9 11 13 14 15; do
		lines "RCPT TO:<u$signal@x.example>"
	done | cat <(lines "${opening[@]}") - >"$T/in"
	smtp --max-errors=1000 <"$T/in"
	[ "$(grep -c '^451 4\.3\.0 ' <<<"$output")" -eq 12 ]
	[ "$(wc -l <<<"$output")" -eq 12 ]
}

@test "exec that fails is a temporary failure, never a yes (GEN-006)" {
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' >"$T/in"
	printf '#!/no/such/interpreter\n' >"$B/rcpt"
	chmod 755 "$B/rcpt"
	smtp <"$T/in"
	assert_output --regexp '^451 4\.3\.[05] [^
]*$'
	printf 'no program' >"$B/rcpt"
	smtp <"$T/in"
	assert_output --regexp '^451 4\.3\.[05] [^
]*$'
	chmod 644 "$B/rcpt"
	smtp <"$T/in"
	assert_output --regexp '^451 4\.3\.[05] [^
]*$'
	ln -sf "$T/nothing" "$B/rcpt"
	smtp <"$T/in"
	assert_output --regexp '^451 4\.3\.[05] [^
]*$'
}

@test "a program that others may write is not run" {
	hook rcpt ': >"$T/ran"'
	chmod 777 "$B/rcpt"
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' | smtp
	assert_output --regexp '^451 4\.3\.[05] '
	[ ! -e "$T/ran" ]
	grep -q rcpt "$T/log"
}

@test "argv is the path and the event name (hardening 25)" {
	hook rcpt 'tr "\0" "|" </proc/$$/cmdline >"$T/argv"'
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' | smtp
	assert_output --partial '250 2.1.5 '
	[ "$(cat "$T/argv")" = "/bin/sh|$B/rcpt|rcpt|" ]
}

@test "the environment is built from nothing (hardening 27, MAP-007)" {
	hook rcpt 'export -p | sed "s/^export //; s/=.*//" | grep -vx PWD | sort >"$T/names"'
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' >"$T/in"
	env -i PATH="$PATH" T="$T" LD_PRELOAD_X=1 BASH_ENV=/tmp/x IFS=x PS4=x ENV=/tmp/x 'BASH_FUNC_ls%%=() { :; }' PERL5OPT=x \
		PYTHONPATH=x SSLCTLFD=9 NOTIFY_SOCKET=/x bash -c 'timeout 300 "$@" <"$T/in" >/dev/null 2>&1' - \
		"$programs/smtp-session" --hostname=mx.example "$B"
	run cat "$T/names"
	assert_output "$(printf '%s\n' HELO HOOK_DEADLINE LANG ORIGINAL_RECIPIENT ORIGINAL_SENDER PATH RECIPIENT \
		RECIPIENT_COUNT RECIPIENT_SAFE SENDER SENDER_SAFE SESSION_EVENT SESSION_ID SESSION_PROTOCOL T TRANSACTION_ID |
		LC_ALL=C sort)"
}

@test "nothing but the documented descriptors is inherited (hardening 47)" {
	# fd 10 is the shell's own, of its script.
	local text='open=; for fd in 0 1 2 3 4 5 6 7 8 9 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 30 40 50; do
		[ ! -e /proc/self/fd/$fd ] || open="$open $fd"
	done
	echo "${0##*/}:$open" >>"$T/fds"'
	for event in helo mail rcpt data deliver quit disconnect; do
		hook "$event" "$text"
	done
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' DATA x . QUIT >"$T/in"
	smtp 5</dev/null 6</dev/null 7</dev/null 9</dev/null 11</dev/null 20</dev/null 50</dev/null <"$T/in"
	run sort "$T/fds"
	assert_output "$(printf '%s\n' 'data: 0 1 2' 'deliver: 0 1 2 3' 'disconnect: 0 1 2' 'helo: 0 1 2' 'mail: 0 1 2' \
		'quit: 0 1 2' 'rcpt: 0 1 2')"
}

@test "a hook's standard input is never the client's (PIPE-002, GEN-011, MAP-014)" {
	hook rcpt 'cat >"$T/stdin"; echo stray >&2'
	hook noop 'cat; echo 550 no'
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' 'NOOP' 'RCPT TO:<v@x.example>' QUIT | smtp
	[ "$(cut -d ' ' -f 1,2 <<<"$output")" = "$(printf '%s\n' '250 2.1.5' '250 2.0.0' '250 2.1.5' '221 2.0.0')" ]
	[ ! -s "$T/stdin" ]
	grep -q 'stray' "$T/log"
}

@test "hostile addresses are refused, or arrive as they are (hardening 23, SMTP-047)" {
	hook rcpt 'printf "%s\n" "$RECIPIENT" >>"$T/seen"'
	local part
	for part in ';id;' '$(id)' '`id`' '|id' '&' '-oQ/tmp' '--help' '() { :;};' '${run{id}}' '%n' "'" '~!id' '*' '#' '!x' \
		'a=b' 'a+b' 'a/b' 'a/../b' '{a,b}' '{a}' '^x' '?' 'a"b' 'a\b'; do
		lines "RCPT TO:<$part@x.example>"
	done | cat <(lines "${opening[@]}") - >"$T/in"
	smtp --max-errors=1000 <"$T/in"
	[ "$(wc -l <<<"$output")" -eq 25 ]
	run cat "$T/seen"
	assert_output "$(printf '%s@x.example\n' '&' '%n' "'" '~!id' '*' '#' '!x' 'a=b' 'a+b' 'a/b' '{a}' '^x' '?')"
}

@test "what a hook prints becomes one clean reply (hardening 32, GEN-003, GEN-004, DEF-012)" {
	hook rcpt 'case $RECIPIENT in
	a@*) head -c 1048576 /dev/zero | tr "\0" x ;;
	b@*) printf "550 a\0b\033[2J\r\n250 ok\n" ;;
	c@*) printf "\200\377\n" ;;
	d@*) i=0; while [ $i -lt 5000 ]; do echo "line $i"; i=$((i + 1)); done ;;
	e@*) echo ":nonsense x"; echo ":recipient"; echo ":header no colon" ;;
	esac
	exit 69'
	for part in a b c d e; do
		lines "RCPT TO:<$part@x.example>"
	done | cat <(lines "${opening[@]}") - >"$T/in"
	smtp <"$T/in"
	[ "$(grep -c '^550 5\.1\.1' <<<"$output")" -eq 5 ]
	! grep -avE '^550[ -]5\.1\.1' <<<"$output" || false
	! LC_ALL=C grep -aP '[^\x20-\x7e\r]' "$T/replies" || false
	! grep -aE '^.{512}' "$T/replies" || false
	# 8 KiB of text and what each line has in front.
	[ "$(wc -c <"$T/replies")" -lt 60000 ]
}

@test "a hook that hangs and ignores SIGTERM is ended in time, with all it started (hardening 34, SMTP-009)" {
	hook rcpt 'trap "" TERM; echo $$ >"$T/pid"; (trap "" TERM; while :; do sleep 1; done) & echo $! >"$T/child"
		while :; do sleep 1; done'
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' QUIT | smtp --hook-timeout=4
	assert_output --regexp '^451 4\.3\.0 [^
]*
221 2\.0\.0 '
	gone "$T/pid"
	gone "$T/child"
}

@test "a daemon that holds a hook's output does not hold the session (hardening 34)" {
	hook rcpt '(trap "" HUP; exec sleep 1000) & echo $! >"$T/pid"; exit 0'
	# A session that waits for it does not end in time.
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' QUIT | smtp --hook-timeout=290
	assert_output --regexp '^250 2\.1\.5 '
	gone "$T/pid"
}

@test "a deliver that does not read its message may succeed; one that closes its input too" {
	hook deliver 'exit 0'
	{
		lines "${opening[@]}" 'RCPT TO:<u@x.example>' DATA
		for _ in {1..3000}; do
			printf '%0900d\r\n' 0
		done
		lines . QUIT
	} >"$T/in"
	smtp <"$T/in"
	assert_output --regexp '
250 2\.0\.0 [^
]*
221 2\.0\.0 '
	hook deliver 'exec <&-; exit 0'
	smtp <"$T/in"
	assert_output --regexp '
250 2\.0\.0 [^
]*
221 2\.0\.0 '
}

@test "a deliver that hangs is ended after --deliver-timeout (SMTP-009)" {
	hook deliver 'echo $$ >"$T/pid"; exec sleep 1000'
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' DATA x . QUIT | smtp --deliver-timeout=4
	assert_output --regexp '
451 4\.3\.0 [^
]*
221 2\.0\.0 '
	gone "$T/pid"
}

@test "the message is a seekable file that cannot be written (DESIGN 6)" {
	hook deliver 'cat >"$T/once"; cat </dev/stdin >"$T/twice"; (echo x >&0) 2>/dev/null && echo writable >"$T/bad"; exit 0'
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' DATA 'Subject: a' '' b . | smtp
	cmp "$T/once" "$T/twice"
	[ ! -e "$T/bad" ]
	[ "$(tail -n 3 "$T/once")" = "$(printf 'Subject: a\n\nb')" ]
	head -n 1 "$T/once" | grep -q '^Received: '
}

@test "a client that goes after the final dot: the delivery runs to its end (GEN-010, DATA-010)" {
	mkfifo "$T/go"
	hook deliver 'cat >"$T/message.tmp"; read -r word <"$T/go"; mv "$T/message.tmp" "$T/message"'
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' DATA x . >"$T/in"
	# The reader of the replies is gone when the final dot is on its way.
	("$programs/smtp-session" --hostname=mx.example --accept-domain=x.example "$B" <"$T/in" 2>"$T/log" |
		sed -n '/^354/q') &
	timeout 100 sh -c 'echo go >"$T/go"'
	wait "$!"
	[ "$(tail -n 1 "$T/message")" = x ]
}

@test "a client that goes before the final dot delivers nothing (DATA-010, CHNK-012)" {
	hook deliver ': >"$T/ran"'
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' DATA x | smtp
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' 'BDAT 10 LAST' x | smtp
	[ ! -e "$T/ran" ]
}

@test "co-processes that break the contract are temporary failures (GEN-006)" {
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' NOOP QUIT >"$T/in"
	local text
	for text in 'exit 0' 'echo garbage; sleep 1000' 'printf "hello=1\nevents=rcpt\n\nexit=300\n\n"; sleep 1000' \
		'printf "hello=1\nevents=rcpt\n\n"; exit 0' 'printf "hello=1\nevents=rcpt\n\n"; sleep 1000' \
		'printf "hello=1\nevents=rcpt\n\nexit=0\nlength=99999999999999999999\n\n"; sleep 1000' \
		'head -c 1048576 /dev/zero' 'sleep 1000' 'kill -9 $$'; do
		hook serve "$text"
		smtp --hook-timeout=1 <"$T/in"
		[ "$(cut -d ' ' -f 1,2 <<<"$output")" = "$(printf '%s\n' '451 4.3.0' '250 2.0.0' '221 2.0.0')" ] || {
			echo "$text: $output"
			return 1
		}
	done
}

@test "disconnect runs once and last, whatever the end (MAP-019, POP-082)" {
	hook disconnect 'echo "$SESSION_END" >>"$T/ends"'
	lines QUIT | smtp
	lines NOOP | smtp
	lines 'GET / HTTP/1.1' | smtp
	lines FOO FOO FOO | smtp --max-errors=2
	[ "$(wc -l <"$T/ends")" -eq 4 ]
	[ "$(sed -n 1,2p "$T/ends")" = "$(printf 'quit\neof')" ]
}

@test "variables that one hook sets reach the later ones (MAP-078, MAP-007)" {
	hook mail 'echo ":set COLOR=red blue"'
	hook rcpt 'printf "%s\n" "$HOOK_COLOR" >"$T/color"; echo ":recipient other@x.example"'
	hook deliver 'printf "%s %s\n" "$RECIPIENT" "$ORIGINAL_RECIPIENT" >"$T/recipient"; cat <&3 >"$T/envelope"'
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' DATA x . | smtp
	[ "$(cat "$T/color")" = 'red blue' ]
	[ "$(cat "$T/recipient")" = 'other@x.example u@x.example' ]
	[ "$(cat "$T/envelope")" = "$(printf 's@b.example\nother@x.example')" ]
}

@test "POP3: a store that is a daemon behind B/serve, opened by auth alone" {
	local libexec=$PWD/${BUILD:-build}/stage/libexec/mail-session user=()
	[ -x "$libexec/maildir-store" ]
	printf 'MAILDIR=%s/mail/%%u\nPASSWD_FILE=%s/passwd\n' "$T" "$T" >"$B/env"
	MAILDIR=$T/mail/%u "$libexec/maildir-store" create joe
	printf 'Subject: t\n\nhi\n' >"$T/mail/joe/new/1.M1P1.host"
	echo secret | PASSWD_FILE=$T/passwd "$libexec/passwd-auth" set joe
	ln -s "$libexec/passwd-auth" "$B/auth"
	timeout 300 socat "UNIX-LISTEN:$B/serve,fork" "EXEC:$libexec/maildir-store serve" 3>&- &
	user=($!)
	timeout 60 sh -c 'until grep -q " 00010000 .* $1\$" /proc/net/unix; do :; done' sh "$B/serve"
	run timeout 300 "$programs/pop3-session" --hostname=mx.example "$B" \
		< <(lines 'USER joe' 'PASS wrong' 'USER joe' 'PASS secret' 'STAT' 'QUIT') 2>"$T/log"
	kill "${user[0]}"
	assert_output --partial $'-ERR [AUTH]'
	assert_output --partial $'+OK 1 18\r'
}

@test "nothing that others could have written is run, as auth and as serve neither" {
	hook auth ': >"$T/ran"; exec "$@"'
	hook list 'echo m1 3'
	hook retrieve 'echo x'
	chmod 777 "$B/auth"
	run timeout 300 "$programs/pop3-session" --hostname=mx.example "$B" \
		< <(lines 'USER joe' 'PASS secret' 'QUIT') 2>"$T/log"
	assert_output --partial '-ERR [SYS/TEMP]'
	rm "$B/auth"
	hook serve ': >"$T/ran"; printf "hello=1\nevents=rcpt deliver\n\n"; cat >/dev/null'
	chmod 777 "$B/serve"
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' | smtp
	assert_output --partial '451 4.3.0'
	assert [ ! -e "$T/ran" ]
	assert grep -q 'writable by group or others' "$T/log"
}

@test "directives of a refusal are not carried out, and addresses in them are checked" {
	hook rcpt 'printf ":recipient -oQ/tmp\n"; [ "$RECIPIENT" = good@x.example ] || { printf ":header X-Refused: yes\n:sender other@b.example\n"; exit 67; }'
	hook deliver 'printf "%s %s\n" "$SENDER" "$RECIPIENT"; grep -c X-Refused; true'
	lines "${opening[@]}" 'RCPT TO:<bad@x.example>' 'RCPT TO:<good@x.example>' 'DATA' 'Subject: t' '' 'x' '.' 'QUIT' | smtp
	assert_output --partial '250-2.0.0 s@b.example good@x.example'
	assert_output --partial '250 2.0.0 0'
}

@test "header fields end with their transaction and their greeting" {
	hook helo 'echo ":header X-Helo: $HELO"'
	hook mail 'echo ":header X-Mail: $SENDER"'
	hook deliver 'sed -n "s/^X-/X-/p"'
	lines "${opening[@]}" 'EHLO b.example' 'MAIL FROM:<t@b.example>' 'RCPT TO:<u@x.example>' 'DATA' '.' 'QUIT' | smtp
	refute_output --partial 'a.example'
	refute_output --partial 's@b.example'
	assert_output --partial '250-2.0.0 X-Helo: b.example'
	assert_output --partial '250 2.0.0 X-Mail: t@b.example'
}

@test "exit 99 at data takes the message and drops it (MAP-011)" {
	hook data 'exit 99'
	hook deliver ': >"$T/delivered"'
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' 'DATA' 'x' '.' 'QUIT' | smtp
	assert_output --partial '250 2.0.0'
	assert [ ! -e "$T/delivered" ]
}

@test "a filter that never reads is ended in its time, whatever the client still sends" {
	hook filter 'exec sleep 60'
	hook deliver ': >"$T/delivered"'
	{
		lines "${opening[@]}" 'RCPT TO:<u@x.example>' 'DATA'
		yes "$(printf '%070d\r' 0)" | head -n 6000
		lines '.' 'NOOP' 'QUIT'
	} | smtp --hook-timeout=1
	assert_output --partial '451 4.3.0'
	assert_output --partial '221 2.0.0'
	assert [ ! -e "$T/delivered" ]
}

@test "a filter that has ended need not be read for by what it left behind" {
	# That keeps the standard input and reads none of it; it lives no longer than the session.
	hook filter 'exec 4<&0; setsid sleep 600 <&4 4<&- >/dev/null 2>&1 & printf "Subject: short\n\nshort\n"'
	hook deliver 'tail -n 1'
	{
		lines "${opening[@]}" 'RCPT TO:<u@x.example>' 'DATA'
		yes "$(printf '%070d\r' 0)" | head -n 6000
		lines '.' 'NOOP' 'QUIT'
	} | smtp
	assert_output --partial '250 2.0.0 short'
	assert_output --partial '221 2.0.0'
}

@test "two messages in one write, the first of them dropped half-way (BDAT, RSET)" {
	hook deliver 'tail -n 1'
	{
		lines "${opening[@]}" 'RCPT TO:<u@x.example>'
		printf 'BDAT 10\r\n0123456789RSET\r\nMAIL FROM:<s@b.example>\r\nRCPT TO:<u@x.example>\r\nBDAT 5 LAST\r\nabcdeQUIT\r\n'
	} | smtp
	assert_output --partial '250 2.0.0 abcde'
}

@test "a greeting that is refused between two chunks leaves the message alone, one that is not ends it" {
	hook helo '[ "$HELO" != bad ] || exit 67'
	hook deliver 'tail -n 1'
	{
		lines "${opening[@]}" 'RCPT TO:<u@x.example>'
		printf 'BDAT 3\r\nabcEHLO bad\r\nBDAT 3 LAST\r\ndef'
		lines 'MAIL FROM:<s@b.example>' 'RCPT TO:<u@x.example>'
		printf 'BDAT 3\r\nghiEHLO good\r\n'
		lines 'MAIL FROM:<s@b.example>' 'RCPT TO:<u@x.example>'
		printf 'BDAT 3 LAST\r\njklQUIT\r\n'
	} | smtp
	assert_output --partial '250 2.0.0 abcdef'
	assert_output --partial '250 2.0.0 jkl'
}

@test "a line of the log names the transaction" {
	hook deliver 'echo hello >&2'
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' 'DATA' 'x' '.' 'QUIT' | smtp
	assert grep -qE 'msg="hook says" session=([0-9a-f-]+) transaction=\1\.1 event=deliver text=hello' "$T/log"
	assert grep -qE 'msg=message session=([0-9a-f-]+) transaction=\1\.1 .*exit=0' "$T/log"
}

@test "POP3: what hooks behind auth say, and what becomes of them, is a line of the log each" {
	hook auth 'echo hello >&2; exec "$@"'
	hook list 'echo "one two" >&2; echo m1 3'
	hook retrieve 'echo x'
	printf '#!/nonexistent/interpreter\n' >"$B/delete"
	chmod 755 "$B/delete"
	lines 'USER joe' 'PASS secret' 'DELE 1' 'QUIT' |
		timeout 300 "$programs/pop3-session" --hostname=mx.example "$B" >"$T/replies" 2>"$T/log"
	assert grep -qE 'msg="hook says" session=[0-9a-f-]+ event=[a-z]+ text=hello$' "$T/log"
	assert grep -qE 'msg="hook says" session=[0-9a-f-]+ event=list text="one two"$' "$T/log"
	assert grep -qE 'msg="hook says" session=[0-9a-f-]+ event=delete text="cannot run the program event=delete path=/.*/delete error=.*No such file' "$T/log"
	refute grep -q 'text=.*hook-runner' "$T/log"
}

@test "a co-process whose successor answers more is asked for it from then on" {
	# Until the first has ended; nobody has asked for its status yet.
	hook helo 'while [ -e "$T/pid" ] && grep -qs "^State:.[^Z]" "/proc/$(cat "$T/pid")/status"; do sleep 0.01; done'
	hook serve 'first=$([ -e "$T/pid" ] || echo 1)
		printf "hello=1\nevents=rcpt deliver%s\n\n" "$([ -n "$first" ] || echo " data")"
		while IFS= read -r line; do
			case $line in
			call=*) echo "${line#call=}" >>"$T/calls" ;;
			"")
				[ -z "$first" ] || echo $$ >"$T/pid"
				printf "exit=0\n\n"
				[ -z "$first" ] || exit 0 ;;
			esac
		done'
	lines "${opening[@]}" 'RCPT TO:<u@x.example>' "${opening[@]}" 'RCPT TO:<u@x.example>' 'DATA' '.' 'QUIT' | smtp
	assert_output --partial '250 2.0.0'
	assert_equal "$(tr '\n' ' ' <"$T/calls")" 'rcpt rcpt data deliver '
	refute grep -q 'broke the rules' "$T/log"
}
