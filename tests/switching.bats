#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# switching - POP3 logins by which the store becomes a user of the system (DESIGN 8): two users, of whom neither
# reaches the other's mail. The tests themselves are functions of tests/lib/switching.py.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	[ "$(id -u)" = 0 ] || skip "kernel: needs root to become somebody else"
	export PYTHONDONTWRITEBYTECODE=1
}

switching() {
	run timeout -k 2 600 tests/lib/switching.py "$1"
	assert_success
}

@test "two users at a time: each store has the user's ids alone, reads and deletes that user's mail, and ends with the session" {
	switching own_mail
}

@test "no link, name or pattern leads a user to the other's mail (hardening 40, 42)" {
	switching astray
}

@test "a hook can do what its user can: nothing to the other's mail, the session or root" {
	switching greedy
}
