#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# budget - what five standard sessions may cost, in instructions and system calls (tests/lib/budget.py): a figure that
# has grown by more than 5 % over tests/budget.table fails. After a change that is worth it, or one that lowers the
# figures: tests/lib/budget.py write

bats_require_minimum_version 1.5.0

@test "five standard sessions cost no more instructions and system calls than the table says" {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	grep -q musl "${BUILD:-build}/flags" || skip "built without musl"
	grep -q -- '-O2' "${BUILD:-build}/flags" || skip "built without optimisation"
	run timeout -k 2 600 tests/lib/budget.py
	echo "$output"
	assert_success
}
