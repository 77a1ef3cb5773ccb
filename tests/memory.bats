#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# memory - what an idle session takes (function footprint of tests/lib/abuse.py).

bats_require_minimum_version 1.5.0

@test "fifty idle sessions of each program take at most 56 KiB each, and a page for each stack, parser and runner together" {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	grep -q musl "${BUILD:-build}/flags" || skip "built without musl"
	run timeout -k 2 300 tests/lib/abuse.py footprint
	echo "$output"
	assert_success
}
