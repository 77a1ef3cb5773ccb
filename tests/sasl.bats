#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# sasl - sasl-session: the mechanisms, seen from the runner and from the client behind it. The tests themselves are
# functions of tests/lib/sasl.py.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	export PYTHONDONTWRITEBYTECODE=1
	SASL=$(realpath "${BUILD:-build}/bin/sasl-session")
	export SASL
}

sasl() {
	run timeout 120 tests/lib/sasl.py "$@"
	assert_success
	[[ $output != kernel:* ]] || skip "$output"
}

@test "AUTH-020: SCRAM-SHA-256 by verifier and by password, and nobody" {
	sasl scram_login
}

@test "AUTH-019, POP-018: CRAM-MD5 and APOP" {
	sasl digest_login
}
