#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# smuggling - what is almost the end of a message (DATA-013 to DATA-024): through the programs with every cut, and through
# the adapters with servers of their own behind. One message comes of it, or none, and never the one inside.
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # quoted for other programs; variables come from lib/launch and bats; tests share none

bats_require_minimum_version 1.5.0
load lib/launch
load lib/adapters

setup() {
	adapters_setup
}

teardown() {
	adapters_teardown
}

# Not one of them is the end: the first have a CR or LF that stands alone, the others are content like any other.
bare=('\n.\n' '\n.\r\n' '\r\n.\n' '\r.\r' '\r.\r\n' '\r\n.\r' '\r\n.\rx' '\r\0\n.\r\n' '\n\n.\n\n' '\r\n.\r\r\n' '\n\r.\n\r')
plain=('\r\n\0.\r\n' '\r\n.\0\r\n' '\r\n .\r\n' '\r\n..\r\n')

# What a client says that wants the message behind the almost-end $2 taken for a second one; $1 greets.
smuggle() {
	printf '%s a.example\r\nMAIL FROM:<you@y.example>\r\nRCPT TO:<jo@x.example>\r\nDATA\r\nSubject: first\r\n\r\nfirst' "$1"
	# shellcheck disable=SC2059 # the escapes are its
	printf "$2"
	printf '%s\r\n' 'MAIL FROM:<evil@y.example>' 'RCPT TO:<victim@x.example>' DATA 'Subject: second' '' second . QUIT
}

# through MODE COMMAND... - sends all almost-ends through the backend in MODE, and has COMMAND print, after each, the
# envelopes that arrived: one with the true sender or, in reject, none.
through() {
	local mode=$1 ending protocol arrived accepted wanted
	shift
	for ending in "${bare[@]}" "${plain[@]}"; do
		for protocol in smtp lmtp; do
			wanted=1
			[[ $mode = clean || " ${plain[*]} " = *" $ending "* ]] || wanted=0
			smuggle "$([ $protocol = smtp ] && echo EHLO || echo LHLO)" "$ending" >"$DIR/said"
			timeout 300 "$bin/$protocol-session" "${options[@]}" --bare-newline "$mode" "$B" <"$DIR/said" >"$DIR/replies" 2>>"$DIR/log"
			assert_equal "$ending $(grep -ac '^354 ' "$DIR/replies")" "$ending 1"
			accepted=$(sed -n '/^354 /{n;p}' "$DIR/replies" | grep -c '^250 ' || true)
			arrived=$("$@")
			if [ "$accepted" = 1 ]; then
				assert_equal "$ending $arrived" "$ending you@y.example jo@x.example"
			else
				assert_equal "$ending $arrived" "$ending "
			fi
			# The administrator learns why.
			[ "$wanted" = 1 ] || grep -q 'msg="message refused" .*fault="Bare CR or LF in message"' "$DIR/log"
			: >"$DIR/log"
			# What is behind may refuse a NUL, or be there for content without one.
			[[ $ending = *0* ]] || assert_equal "$ending $accepted" "$ending $wanted"
		done
	done
}

# The envelopes in the archive, which is then empty.
archived() {
	local file
	for file in "$DIR"/archive/2*/envelope; do
		[ ! -e "$file" ] || paste -sd ' ' "$file"
	done
	rm -rf "$DIR"/archive/2*
}

queued() {
	[ ! -e "$DIR/peer/envelope" ] || tr '\0' ' ' <"$DIR/peer/envelope" | sed 's/^F//; s/ T/ /g; s/ *$//'
	rm -f "$DIR/peer/envelope"
}

posted() {
	local file
	for file in "$DIR"/peer/request.*; do
		[ ! -e "$file" ] || python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["fields"]["envelope"]["data"].strip().replace("\n", " "))' "$file"
	done
	rm -f "$DIR"/peer/request.*
}

@test "DATA-013 to DATA-022, hardening 19: through the programs, cut at every octet of the almost-end" {
	cd "$BATS_TEST_DIRNAME/.." || return
	run timeout -k 2 900 tests/lib/smuggling.py "${bare[@]}" "${plain[@]}"
	assert_success
}

@test "DATA-024: through lmtp-proxy" {
	proxy --max-per-source 0
	through reject archived
	through clean archived
}

@test "DATA-024: through sendmail" {
	msmtp
	through reject archived
	through clean archived
}

@test "DATA-024: through qmail-queue" {
	qmail
	through reject queued
	through clean queued
}

@test "DATA-024: through webhook" {
	webhook
	through reject posted
	through clean posted
}
