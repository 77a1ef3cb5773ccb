#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# frontends - the PROXY protocol, XCLIENT and XFORWARD over sockets, and behind HAProxy and Postfix. The tests
# themselves are functions of tests/lib/frontends*.py.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	export PYTHONDONTWRITEBYTECODE=1
}

front() {
	run timeout -k 2 600 tests/lib/frontends.py "$1"
	assert_success
}

real() {
	run timeout -k 2 600 tests/lib/frontends_real.py "$1"
	assert_success
}

@test "PRX-001 PRX-013: from an address that is not listed a header is an unknown verb" {
	front untrusted
}

@test "PRX-001 PRX-013: without the option a header is an unknown verb wherever it comes from" {
	front without_option
}

@test "PRX-002 PRX-013: there is one header, and a second is an unknown verb" {
	front twice
}

@test "PRX-002 PRX-003: the greeting waits for the whole header, and what follows is SMTP" {
	front greeting_waits
}

@test "PRX-003: a late header ends the connection without a word" {
	front late
}

@test "PRX-004 PRX-006 PRX-008 PRX-009 PRX-011: a malformed header ends it at once, with one log line" {
	front malformed
}

@test "PRX-004 PRX-006 PRX-008 PRX-012: programs, Received and log know the client's addresses" {
	front endpoints
}

@test "PRX-005 PRX-007 PRX-008: UNKNOWN, LOCAL and UNSPEC leave the connection what it is" {
	front real_endpoints
}

@test "PRX-012: variables of a super-server neither decide who is trusted nor outlive the header" {
	front variables
}

@test "PRX-001 PRX-003: headers on a socketpair, a pipe and a file, by the word unix" {
	front without_address
}

@test "PRX-009 PRX-010: a front end that ended TLS is believed, in clean words" {
	front over_tls
}

@test "PRX-010 PRX-012: POP3 judges passwords in clear by the client's address and its TLS" {
	front pop3
}

@test "PRX-012: --max-per-source counts the client behind the front end" {
	front per_source
}

@test "AUTH-013, hardening 60: where a login failed the next one waits, and nowhere else" {
	front guessers
}

@test "PRX-012: connections that owe a header take no source's place" {
	front waiting_headers
}

@test "PRX-003: SIGTERM leaves no connection hanging that owes a header" {
	front stopping
}

@test "SIGHUP changes who is a front end" {
	front reload
}

@test "XCL-001 XCL-006: behind a header it is the client who needs to be trusted" {
	front with_xclient
}

@test "PRX-001 XCL-001: unix is the word for peers on a unix socket" {
	front with_unix
}

@test "PRX-004 PRX-006 PRX-009: HAProxy's headers of both versions, with a checksum" {
	real haproxy
}

@test "PRX-007: HAProxy's health checks hear a greeting" {
	real haproxy_checks
}

@test "PRX-010: HAProxy ends TLS and tells about it" {
	real haproxy_tls
}

@test "XFW-001 XFW-002 XFW-003: Postfix forwards to SMTP and LMTP what it knows of its client" {
	[ "$(id -u)" = 0 ] || skip "kernel: Postfix needs root"
	tests/lib/fetch-peer postfix
	real postfix
}

@test "XCL-001 XCL-005 XCL-006: swaks speaks for another client" {
	real swaks
}
