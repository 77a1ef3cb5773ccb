#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# bench - the benchmark itself: its generators work with servers that do as they should, and find out those that
# do not. No time is asserted.
#
# shellcheck disable=SC2030,SC2031,SC2154 # variables come from lib/launch and bats; tests share none

bats_require_minimum_version 1.5.0
load lib/launch

setup() {
	launch_setup
	bench=$(realpath "${BUILD:-build}")/bench
	export PYTHONDONTWRITEBYTECODE=1
}

teardown() {
	launch_teardown
}

# Starts a program that prints the port it serves: $address.
serve() {
	rm -f "$DIR/port"
	"$@" </dev/null >"$DIR/port" 2>>"$DIR/log" 3>&- &
	pids+=($!)
	address=127.0.0.1:$(await "$DIR/port" '^[0-9]+$')
}

# generate smtp|pop3 OPTION... - a generator against $address.
generate() {
	run timeout 300 "$bench/load-$1" "${@:2}" "$address"
}

# Checks one member of the generator's result.
assert_result() {
	assert_success
	assert_regex "$output" "\"$1\": $2[,}]"
}

@test "what is sent by SMTP and LMTP is what is fetched by POP3, octet for octet, in all kinds" {
	rm -r "$B"
	mkdir "$B"
	printf 'MAILDIR=%s/mail/%%n\n' "$DIR" >"$B/env"
	ln -s "$bin/maildir-store" "$B/serve"
	cp "$bench/limit-sink" "$B/auth"
	mkdir -p "$DIR"/mail/u{0,1}/{tmp,new,cur}
	serve "$bench/limit-accept" 0 "$bin/smtp-session" --hostname mx.example.org "$B"
	for kind in text chars dots dot-only; do
		generate smtp --seed 7 --users 2 --messages 3 --sessions 4 --concurrency 2 --kind $kind --pipelining
		assert_result messages 12
	done
	generate smtp --seed 7 --users 2 --recipients 5 --size 300000 --spread 100
	assert_result messages 1
	serve "$bench/limit-accept" 0 "$bin/lmtp-session" --hostname mx.example.org "$B"
	for pipelining in '' --pipelining; do
		generate smtp --lmtp --seed 7 --users 2 --recipients 2 --messages 3 ${pipelining:+"$pipelining"}
		assert_result messages 3
	done
	stored=$(find "$DIR/mail" -path '*/new/*' -type f | wc -l)
	assert_equal "$stored" $((48 + 5 + 12))
	serve "$bench/limit-accept" 0 "$bin/pop3-session" --hostname mx.example.org "$B"
	for depth in 1 10; do
		generate pop3 --seed 7 --users 2 --sessions 2 --uidl --list --retr --pipeline $depth
		assert_result messages "$stored"
	done
	generate pop3 --seed 7 --users 2 --sessions 2 --dele --pipeline 10
	assert_success
	assert_equal "$(find "$DIR/mail" -path '*/new/*' -type f | wc -l)" 0
}

@test "what load-fill lays down is what is fetched" {
	printf 'MAILDIR=%s/mail/%%n\n' "$DIR" >"$B/env"
	ln -s "$bin/maildir-store" "$B/serve"
	cp "$bench/limit-sink" "$B/auth"
	rm "$B/connect"
	mkdir "$DIR/mail"
	"$bench/load-fill" maildir "$DIR/mail/u0" 20 5000 text 3
	"$bench/load-fill" maildir "$DIR/mail/u1" 1 5000000 dot-only 3
	serve "$bench/limit-accept" 0 "$bin/pop3-session" --hostname mx.example.org "$B"
	generate pop3 --seed 3 --users 2 --sessions 2 --list --retr
	assert_result messages 21
}

@test "the limits play their sessions, with and without a program behind them" {
	ln -s "$bench/limit-sink" "$DIR/deliver"
	ln -s "$bench/limit-sink" "$DIR/durable"
	ln -s "$bench/limit-sink" "$DIR/list"
	mkdir "$DIR/tmp" "$DIR/new"
	for sink in '' "$DIR/deliver" "$DIR/durable $DIR"; do
		# shellcheck disable=SC2086 # a program and its argument
		serve "$bench/limit-accept" 0 "$bench/limit-smtp" smtp $sink
		generate smtp --messages 2 --sessions 4 --concurrency 2 --pipelining
		assert_result messages 8
		generate smtp --kind dots --size 3000000
		assert_result messages 1
	done
	assert_equal "$(find "$DIR/new" -type f | wc -l)" 9
	serve "$bench/limit-accept" 0 "$bench/limit-smtp" lmtp "$DIR/deliver"
	generate smtp --lmtp --recipients 3 --messages 2
	assert_result messages 2
	serve "$bench/limit-accept" 0 "$bench/limit-pop3" "$DIR/list"
	generate pop3 --sessions 4 --concurrency 2
	assert_result sessions 4
}

@test "a server that lies is found out, and one that does not is believed" {
	"$bench/load-fill" print - 1 900 dots 5 >"$DIR/message"
	for lie in none greeting stat-count stat-sum list-size list-number uidl-long uidl-twice retr-size retr-octet \
		retr-unstuffed retr-lf retr-no-dot retr-short retr-long more; do
		serve tests/lib/liar.py $lie "$DIR/message"
		generate pop3 --seed 5 --uidl --list --retr
		case $lie in none) assert_result messages 1 ;; *) assert_failure 1 ;; esac
	done
	for lie in smtp-none smtp-code smtp-mixed smtp-lf smtp-extra smtp-long smtp-lost smtp-closed; do
		serve tests/lib/liar.py $lie "$DIR/message"
		generate smtp --messages 2
		case $lie in smtp-none) assert_result messages 2 ;; *) assert_failure 1 ;; esac
	done
}

@test "a row is measured, judged and drawn" {
	run timeout -k 2 600 tests/bench/run --size tiny --rounds 2 --rows '^smtp-large$'
	assert_success
	assert_line --partial 'mail-session, dots >= 0.7 x limit, dots'
	run cat "$bench/report.md"
	assert_line --regexp '^\| mail-session, text \| \*\*[0-9,]+\*\* \([0-9,]+ to [0-9,]+\) \| .* \|$'
	assert_line --regexp '^\| SMTP, one message of 256 MiB into a sink \| .* \| \*\*[0-9.]+\*\* (not )?reached \|$'
	grep -q '^</svg>$' "$bench/smtp-large.svg"
}
