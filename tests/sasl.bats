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
	run timeout 600 tests/lib/sasl.py "$@"
	assert_success
	[[ $output != kernel:* ]] || skip "$output"
}

@test "AUTH-020: SCRAM-SHA-256 by verifier and by password, and nobody" {
	sasl scram_login
}

@test "AUTH-019, POP-018: CRAM-MD5 and APOP" {
	sasl digest_login
}

@test "AUTH-020: the example of RFC 7677, and the keys of verifiers" {
	sasl rfc_7677_example
}

@test "AUTH-020: first messages of SCRAM, right and wrong; =2C and =3D, m=, somebody else's identity" {
	sasl scram_first
}

@test "AUTH-020: final messages of SCRAM, right and wrong" {
	sasl scram_final
}

@test "AUTH-020: unknown users have a stable salt, the same round trips and the same time" {
	sasl unknown_users
}

@test "AUTH-021: channel binding is tls-exporter alone, and nobody may hide that it was offered" {
	sasl scram_plus
}

@test "AUTH-019, POP-018: the digest is the last word and lower-case" {
	sasl digest_grammar
}

@test "AUTH-019, AUTH-020: what one session heard is worth nothing to the next" {
	sasl replay
}

@test "POP-019: no store is asked for a name with no place in a path" {
	sasl names
}

@test "what a store prints and nobody can use is trouble" {
	sasl bad_secrets
}

@test "lines of the runner: limits, nonsense, cuts" {
	sasl runner_lines
}

@test "the runner goes at each step (hardening 68)" {
	sasl gone_runner
}

@test "the helper is locked up before it reads the first octet (hardening 62)" {
	sasl cage
}

@test "mutated messages: one last word, never a crash" {
	sasl fuzz
}

@test "sasl-session is called by nobody else" {
	for arguments in '' SCRAM-SHA-1 scram-sha-256 'APOP x' --mechanism; do
		# shellcheck disable=SC2086
		run -64 "$SASL" $arguments </dev/null
		assert_output --partial 'usage: sasl-session'
	done
	run -0 "$SASL" --help
	run -0 "$SASL" --version
	# No socket, nobody there: no harm.
	run -0 "$SASL" APOP </dev/null
	assert_output ''
}
