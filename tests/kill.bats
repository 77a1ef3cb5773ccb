#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# kill - a kill -9, a client that leaves, and trouble of the system, at any point of a session: never a part of a
# message in place, and all of one that was answered with 250. The tests themselves are functions of
# tests/lib/kill.py and tests/lib/trouble.py, which say how to try more moments than these.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	export PYTHONDONTWRITEBYTECODE=1
}

kills() {
	run timeout -k 2 600 tests/lib/kill.py "$@"
	assert_success
	[[ $output != kernel:* ]] || skip "$output"
}

trouble() {
	run timeout -k 2 600 tests/lib/trouble.py "$@"
	assert_success
	[[ $output != kernel:* ]] || skip "$output"
}

# kills or trouble with the Maildir store by either contract, and with a hook that writes and renames.
each_kind() {
	for kind in serve exec shell; do
		"$@" "$kind"
	done
}

# ---- SMTP and LMTP ----

@test "the parser is killed at a hundred random moments (DESIGN 2, hardening 81)" {
	each_kind kills random_kills parser smtp
}

@test "the runner is killed at a hundred random moments (hardening 81)" {
	each_kind kills random_kills runner smtp
}

@test "who stores is killed at a hundred random moments (hardening 81)" {
	each_kind kills random_kills store smtp
}

@test "the parser is killed at each system call (hardening 72)" {
	each_kind kills sweep parser smtp
}

@test "the runner is killed at each system call (hardening 72)" {
	each_kind kills sweep runner smtp
	kills sweep runner lmtp serve
}

@test "who stores is killed at each system call (hardening 72)" {
	each_kind kills sweep store smtp
}

@test "DATA-010: the client is gone after each octet of a message (hardening 80)" {
	each_kind kills cuts smtp
	kills cuts lmtp shell
}

@test "DATA-010: the client is gone between the last dot and its 250 (hardening 80)" {
	each_kind kills gone_before_250 smtp
	each_kind kills gone_before_250 lmtp
}

# ---- POP3 ----

@test "POP-043: without QUIT nothing is deleted, whoever is killed or leaves (hardening 46)" {
	each_kind kills no_quit
	each_kind kills unread_message
}

@test "POP-044: DELE and QUIT count when nobody stays for the replies" {
	each_kind kills quit_and_gone
}

@test "POP-043: a kill at any system call of the update deletes nothing that was not marked (hardening 72)" {
	for role in parser runner store; do
		each_kind kills update_sweep "$role"
	done
}

@test "POP-015 POP-016 POP-043: a kill at any system call of auth or the store, from the login to the end (hardening 72)" {
	for manner in becomes waits; do
		kills login_sweep serve "$manner"
	done
	kills login_sweep exec becomes
	kills login_sweep shell becomes
}

# ---- trouble of the system ----

@test "DATA-009: a full spool refuses one message for now and takes the next (hardening 76)" {
	each_kind trouble full_spool
}

@test "a spool directory that is not there is needed when memory does not suffice" {
	each_kind trouble no_spool
}

@test "a limit on the size of files is a full disk, and ends nobody (hardening 77)" {
	each_kind trouble file_size
}

@test "out of processes: 451, -ERR [SYS/TEMP], and the session goes on (hardening 77)" {
	each_kind trouble no_process
	trouble no_parser
}

@test "with any number of descriptors a session delivers or refuses for now (hardening 77)" {
	each_kind trouble descriptors
}

@test "a limit below those of the cage keeps nobody out of it (hardening 77)" {
	trouble low_limits
}

@test "each system call of a runner fails: 4xx or success, never 250 without the message (hardening 71)" {
	each_kind trouble errors
}

@test "replies into a full device or a closed pipe: a quiet end, and no part of a message (hardening 78)" {
	trouble full_output
}

# ---- SIGTERM ----

@test "SMTP-006: SIGTERM lets a client go on for the drain time and then says 421" {
	trouble term_idle smtp
	trouble term_idle lmtp
	trouble term_idle pop3
}

@test "SMTP-006: SIGTERM inside a message: 421, and nothing is delivered" {
	each_kind trouble term_in_data smtp
	each_kind trouble term_in_data lmtp
}

@test "SMTP-006: a delivery that has begun when SIGTERM comes finishes and is reported" {
	trouble term_in_delivery smtp
	trouble term_in_delivery lmtp
}
