#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# auth - logging in to the programs, with scripted auth, token and secret programs (tests/lib/auth.py). The dialogues are
# transcripts: tests/transcript/{smtp,pop3}/auth.t, pop3/apop.t and smtp/submission.t.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
}

logins() {
	run timeout -k 2 600 tests/lib/auth.py "$@"
	assert_success
}

@test "AUTH-011 AUTH-016: what each end of auth comes to; success is its program running alone" {
	logins codes
}

@test "AUTH-013: unknown users, wrong passwords and names that nobody has are told alike and take as long" {
	logins alike
}

@test "AUTH-013: failures are counted and logged in SMTP and LMTP" {
	logins limit
}

@test "AUTH-022 AUTH-023: tokens, and whose they are" {
	logins tokens
}

@test "AUTH-017 AUTH-019 AUTH-020 MAP-045 POP-018 POP-123: SCRAM-SHA-256, CRAM-MD5 and APOP" {
	logins secrets
}

@test "POP-112: APOP behind STLS, with the timestamp of the one greeting; and CAPA anew" {
	logins one_greeting
}

@test "AUTH-013, hardening 61: unknown, wrong, ill-formed and trouble take the same time by every mechanism" {
	logins alike_in_time
}

@test "SUBM-001 SUBM-003 SUBM-004 SUBM-005 SUBM-006: submission" {
	logins submission
}

@test "GEN-016: a password is nowhere but where it has to be" {
	logins canary
}

@test "AUTH-008 AUTH-018: a client that leaves at any step" {
	logins gone
}
