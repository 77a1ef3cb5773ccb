#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# sandbox - the cage of the parser in real sessions, and on kernels that lack what it is made of. What the cage
# denies is tried by tests/unit/sandbox_calls.c. The tests themselves are functions of tests/lib/cage.py.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	export PYTHONDONTWRITEBYTECODE=1
}

cage() {
	run timeout 300 tests/lib/cage.py "$@"
	assert_success
	[[ $output != kernel:* ]] || skip "$output"
}

@test "a parser has seccomp, no_new_privs, and no descriptor but its own (hardening 83)" {
	cage parser smtp
	cage parser lmtp
	cage parser pop3
}

@test "--trace gives the parser one descriptor more" {
	cage traced
}

@test "--sandbox off is no cage, and says nothing" {
	cage off
}

@test "--sandbox require serves where nothing is lacking" {
	cage required
}

@test "a kernel without Landlock or seccomp: on says so once, require refuses (hardening 85)" {
	cage old_kernel smtp
	cage old_kernel lmtp
	cage old_kernel pop3
	cage loop
}

@test "a filter that the kernel refuses is never left out silently (hardening 85)" {
	cage refused_filter
}
