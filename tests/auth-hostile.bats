#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# auth-hostile - logins and TLS with helpers, programs, front ends and clients that mean harm (tests/lib/auth_hostile.py).
# A parser that was taken over is tests/unit/login_frames.c.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	export PYTHONDONTWRITEBYTECODE=1
}

hostile() {
	run timeout -k 2 600 tests/lib/auth_hostile.py "$1"
	assert_success
}

@test "AUTH-008: an exchange that is cancelled leaves nothing to the next one, nor to programs" {
	hostile again
}

@test "AUTH-011: a sasl-session that hangs, ends, floods or lies lets nobody in, and the session goes on" {
	hostile helpers
}

@test "AUTH-010: a sasl-session that never reads does not stop the session" {
	hostile deaf_helper
}

@test "hardening 84: programs, helpers and parser have their descriptors and no other; the runner keeps none of a login" {
	hostile descriptors
}

@test "hardening 39: helper and parser end with a runner that is killed in an exchange" {
	hostile killed
}

@test "AUTH-024 TLS-013: TLS that ended in front is known from the environment, as far as it can be true" {
	hostile in_front
}

@test "AUTH-024 XCL-006: the certificate of a front end is not that of the client it tells of" {
	hostile certificate_of_front
}

@test "POP-044 TLS-011: a slow reader that said QUIT behind RETR gets all of the message" {
	hostile slow_reader
}
