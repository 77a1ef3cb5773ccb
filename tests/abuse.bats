#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# abuse - clients that send too much, too little or nonsense: memory stays bounded, time limits hold, replies
# stay right. The tests themselves are functions of tests/lib/abuse*.py.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
}

abuse() {
	run timeout -k 2 600 tests/lib/abuse.py "$1"
	assert_success
}

nonsense() {
	run timeout -k 2 600 tests/lib/abuse_nonsense.py "$1"
	assert_success
}

slow() {
	run timeout -k 2 600 tests/lib/abuse_slow.py "$1"
	assert_success
}

# ---- too much ----

@test "SMTP-048, hardening 4: 10,000 recipients" {
	abuse recipients
}

@test "hardening 4: 100,000 RCPT in one go" {
	abuse flood_of_recipients
}

@test "PIPE-009: 1000 RCPT in one write, replies unread" {
	abuse unread_recipients
}

@test "hardening 4: a million NOOPs in one go" {
	abuse noops
}

@test "GEN-008 SMTP-012 POP-002, hardening 1: lines of any octet and length up to 1 MiB cost one error" {
	abuse long_lines
}

@test "GEN-008: 64 MiB without a line end cost one error" {
	abuse no_line_end
}

@test "DATA-006, hardening 5: a line of 10 MiB is stored octet by octet" {
	abuse long_line_of_content
}

@test "DATA-009 SIZE-005, hardening 3: 552 over the limit, 421 from ten times the limit" {
	abuse too_big
}

@test "CHNK-008 CHNK-012: a chunk of 10 GiB" {
	abuse huge_chunk
}

@test "hardening 56: a million header lines" {
	abuse many_headers
}

# ---- nonsense ----

@test "SMTP-005, hardening 13: the session goes on after 10,000 lines of random octets" {
	nonsense nonsense
}

@test "GEN-009 POP-043, hardening 2: a client that is gone after any octet" {
	nonsense cut_off
}

@test "GEN-015 POP-009 SIZE-002, hardening 6: numbers at every edge" {
	nonsense numbers
}

@test "GEN-013, hardening 67: HTTP and TLS on the plain port" {
	nonsense foreigners
}

# ---- too little ----

@test "SMTP-007 POP-043 POP-080 POP-082 MAP-018 MAP-054 DEF-031: an idle client hears 421 4.4.2, in POP3 nothing" {
	slow idle
}

@test "SMTP-010, hardening 49: a command that trickles in ends at the deadline" {
	slow trickling
}

@test "POP-080: any command begins the wait anew" {
	slow commands_keep_alive
}

@test "SMTP-008: content that stops or trickles ends the session, and nothing is delivered" {
	slow slow_content
}

@test "POP-081, hardening 50: a client that never reads is let go" {
	slow unread
}

@test "DATA-010, hardening 50: the message of a client that never reads is delivered" {
	slow unread_delivery
}

@test "GEN-001: a whole session, an octet a packet" {
	slow octet_by_octet
}

# ---- limits ----

@test "--session-timeout ends a session that is alive" {
	slow session_timeout
}

@test "MAP-003: --greeting-delay and --error-delay hold back what they should, and nothing else" {
	slow delays
}

@test "--max-commands: as many as that, and not one more" {
	slow max_commands
}

@test "GEN-014: --max-errors: as many as that, and not one more; a message begins the count anew" {
	slow max_errors
}

@test "--disable-command: refused, and not announced" {
	slow disabled
}
