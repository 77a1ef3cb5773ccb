#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# kill - a kill -9, a client that leaves, and trouble of the system, at any point of a session: never a part of a
# message in place, and all of one that was answered with 250. The tests themselves are functions of
# tests/lib/kill.py, which says how to try more moments than these.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	export PYTHONDONTWRITEBYTECODE=1
}

kills() {
	run timeout 300 tests/lib/kill.py "$@"
	assert_success
}

# The Maildir store by either contract, and a hook that writes and renames.
each_kind() {
	for kind in serve exec shell; do
		kills "$1" "${@:2}" "$kind"
	done
}

# ---- SMTP and LMTP ----

@test "the parser is killed at a hundred random moments (DESIGN 2, hardening 81)" {
	each_kind random_kills parser smtp
}

@test "the runner is killed at a hundred random moments (hardening 81)" {
	each_kind random_kills runner smtp
}

@test "who stores is killed at a hundred random moments (hardening 81)" {
	each_kind random_kills store smtp
}

@test "the parser is killed at each system call (hardening 72)" {
	each_kind sweep parser smtp
}

@test "the runner is killed at each system call (hardening 72)" {
	each_kind sweep runner smtp
	kills sweep runner lmtp serve
}

@test "who stores is killed at each system call (hardening 72)" {
	each_kind sweep store smtp
}

@test "DATA-010: the client is gone after each octet of a message (hardening 80)" {
	each_kind cuts smtp
	kills cuts lmtp shell
}

@test "DATA-010: the client is gone between the last dot and its 250 (hardening 80)" {
	each_kind gone_before_250 smtp
	each_kind gone_before_250 lmtp
}

# ---- POP3 ----

@test "POP-043: without QUIT nothing is deleted, whoever is killed or leaves (hardening 46)" {
	each_kind no_quit
	each_kind unread_message
}

@test "POP-044: DELE and QUIT count when nobody stays for the replies" {
	each_kind quit_and_gone
}

@test "POP-043: a kill at any system call of the update deletes nothing that was not marked (hardening 72)" {
	for role in parser runner store; do
		each_kind update_sweep "$role"
	done
}
