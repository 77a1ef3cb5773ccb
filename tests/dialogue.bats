#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# dialogue - the transcripts against the built programs: over a socketpair and two pipes with each reply
# awaited, an octet a write, and all in one write; verdicts from hook files, and the same from B/serve.
# GEN-001 GEN-002 GEN-010 GEN-011 PIPE-004 MAP-001 MAP-007 MAP-015 MAP-016

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/.." || return
	programs=$PWD/${BUILD:-build}/stage/bin
}

# Replays the files of protocol $1, with the options that follow. Shows what failed.
replay() {
	local protocol=$1
	shift
	run tests/lib/dialogue.py --programs "$programs" "$@" "tests/transcript/$protocol"/*.t
	grep -vE '^(ok |1\.\.)' <<<"$output" || true
	[ "$status" -eq 0 ]
}

# The table of verbs and states, with the options that follow: one way suffices, the engines are driven in all ways by replay.
states() {
	run tests/lib/dialogue.py --programs "$programs" --mode single "${@:2}" "tests/transcript/$1/states.table"
	grep -vE '^(ok |1\.\.)' <<<"$output" || true
	[ "$status" -eq 0 ]
}

@test "SMTP over a socketpair, each reply awaited" {
	replay smtp --mode socketpair
}

@test "SMTP over two pipes, each reply awaited" {
	replay smtp --mode pipes
}

@test "SMTP an octet at a time" {
	replay smtp --mode octets
}

@test "SMTP in a single write and half-close" {
	replay smtp --mode single
}

@test "SMTP with a co-process in place of hooks" {
	replay smtp --mode socketpair --serve
}

@test "SMTP: every verb in every state" {
	states smtp
}

@test "LMTP over a socketpair, each reply awaited" {
	replay lmtp --mode socketpair
}

@test "LMTP over two pipes, each reply awaited" {
	replay lmtp --mode pipes
}

@test "LMTP an octet at a time" {
	replay lmtp --mode octets
}

@test "LMTP in a single write and half-close" {
	replay lmtp --mode single
}

@test "LMTP with a co-process in place of hooks" {
	replay lmtp --mode socketpair --serve
}

@test "LMTP: every verb in every state" {
	states lmtp
}

@test "POP3 over a socketpair, each reply awaited" {
	replay pop3 --mode socketpair
}

@test "POP3 over two pipes, each reply awaited" {
	replay pop3 --mode pipes
}

@test "POP3 an octet at a time" {
	replay pop3 --mode octets
}

@test "POP3 in a single write and half-close" {
	replay pop3 --mode single
}

@test "POP3 with a co-process in place of hooks" {
	replay pop3 --mode socketpair --serve
}

@test "POP3: every verb in every state" {
	states pop3
}

@test "the tables of verbs and states again inside of TLS (hardening 17)" {
	for protocol in smtp lmtp pop3; do
		states "$protocol" --tls
	done
}
