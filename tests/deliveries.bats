#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# deliveries - one message for many recipients in LMTP, by hooks, co-processes and a store behind a unix socket. The tests
# themselves are functions of tests/lib/deliveries.py.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
}

deliveries() {
	run timeout -k 2 600 tests/lib/deliveries.py "$1"
	assert_success
}

@test "LMTP-010 LMTP-013 LMTP-016: four run at once, end in the opposite order, and are answered in their own" {
	deliveries in_parallel
}

@test "LMTP-016: the first reply does not wait for the second recipient" {
	deliveries answered_at_once
}

@test "LMTP-013: a co-process that dies costs its recipient a 451, and nobody else anything" {
	deliveries one_dies
}

@test "GEN-006: a store of which there can be one only serves all; one that never starts is 451" {
	deliveries refuses_to_start
}

@test "LMTP-020 LMTP-022: :recipient changes neither the count nor the order of replies; nothing is made of a refusal" {
	deliveries rewritten
}

@test "LMTP-024: when the client is gone what has begun is finished, and once" {
	deliveries gone_client
}

@test "LMTP-010, hardening 4: 10,000 recipients cost ten times as much as 1,000, in bounded memory" {
	deliveries many
}
