#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# secure - TLS in the sessions: STARTTLS, STLS, TLS before the greeting, UCSPI-TLS, and those who would get between.
# The tests themselves are functions of tests/lib/secure*.py; the dialogues are transcripts (starttls.t, stls.t).

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	export PYTHONDONTWRITEBYTECODE=1
}

secure() {
	run timeout 600 tests/lib/secure.py "$1"
	assert_success
}

processes() {
	run timeout 600 tests/lib/secure_processes.py "$1"
	assert_success
}

@test "TLS-001 TLS-003 TLS-004 TLS-013 POP-091 POP-110: offered in clear, gone behind TLS, whose facts programs, Received and log are told" {
	secure offered
}

@test "TLS-002: --tls off offers nothing, and STARTTLS is 502" {
	secure off
}

@test "TLS-010 POP-127 SUBM-005: TLS before the greeting, and no word in clear" {
	secure implicit
}

@test "TLS-007: where TLS before the greeting cannot be had nothing is said in clear" {
	secure implicit_without_keys
}

@test "TLS-005 POP-111, hardening 15: octets in one segment with STARTTLS are refused, once, and there is no handshake" {
	secure injected_with
}

@test "TLS-005 POP-111, hardening 15: octets that come before the reply are refused as well" {
	secure injected_before
}

@test "TLS-006 TLS-007: commands, garbage and HTTP in place of the handshake" {
	secure clear_instead
}

@test "TLS-007: a client that leaves instead of the handshake leaves no process behind" {
	secure given_up
}

@test "TLS-007 GEN-012: the limit on the session runs on in the handshake and behind it" {
	secure handshake_timeout
}

@test "TLS-003 XCL-006 XCL-007, hardening 16 and 66: behind PROXY, XCLIENT and STARTTLS only addresses are left of what was told in clear" {
	secure forgotten
}

@test "TLS-003: a co-process that was started in clear goes on, and is told nothing of what was said there" {
	secure goes_on
}

@test "TLS-012 TLS-013: who a client is is told from a certificate that holds, and from no other" {
	secure certificate_of_client
}

@test "TLS-011, hardening 18: a message that TLS breaks off in any manner is not delivered, and all processes end" {
	processes broken_off
}

@test "TLS-011: the session ends with the process that speaks TLS" {
	processes killed
}

@test "SIGTERM in the handshake and behind it" {
	processes drained
}

@test "TLS-003, hardening 84: tls-session alone holds the client, and there is no crypto in parser and runner" {
	processes cage
}

@test "TLS-002: a key that has gone bad is 454, and a line in the log" {
	processes unusable
}

@test "TLS-002: a key that does not come is 454 after --hook-timeout" {
	processes silent_key
}

@test "TLS-002: --check, an accept loop and SIGHUP find bad certificates" {
	processes bad_start
}

@test "programs begin with no signal ignored, whatever the loop has run before" {
	processes signals_of_programs
}

@test "TLS-001 TLS-005 TLS-013: UCSPI-TLS by tls-session, whose variables and descriptors reach no program" {
	processes own_server
}

@test "TLS-001 TLS-007 TLS-013: UCSPI-TLS by another server, whose facts are checked" {
	processes foreign_server
}
