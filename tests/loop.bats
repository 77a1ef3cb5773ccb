#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# loop - the accept loop: limits, trouble, signals, what it tells a service manager. The tests
# themselves are functions of tests/lib/loop.py.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
}

loop() {
	run timeout -k 2 600 tests/lib/loop.py "$1"
	assert_success
}

@test "one address takes its share of sessions, and no other notices" {
	loop per_source
}

@test "over --max-connections every protocol has its own words" {
	loop max_connections
}

@test "--connection-rate holds back a rush" {
	loop connection_rate
}

@test "--max-per-source 0 is no limit" {
	loop unlimited_source
}

@test "one socket serves IPv4 and IPv6, and an IPv4 peer counts and shows as one" {
	loop dual_stack
}

@test "a thousand sessions crash, and the counts stay right" {
	loop crashes
}

@test "when accept fails the loop pauses, does not spin, and recovers" {
	loop accept_errors
}

@test "out of descriptors the loop waits, and goes on within a second" {
	loop descriptors
}

@test "when no process can be started the client is told to come back" {
	loop processes
}

@test "after a lack of processes the loop waits for the next client, and does not spin" {
	loop quiet_after_trouble
}

@test "GEN-010 DEF-010: signals rain on a session and its replies stay right" {
	loop signal_storm
}

@test "MAP-055: SIGTERM closes the door, sessions go on, a second one hurries nobody" {
	loop drain
}

@test "SMTP-006: when the drain time is over clients hear 421" {
	loop drain_ends
}

@test "a SIGTERM loses no session that has just begun" {
	loop early_term
}

@test "--idle-exit ends an idle loop, never a session" {
	loop idle_exit
}

@test "MAP-055: SIGHUP changes new sessions, and a bad configuration changes nothing" {
	loop reload
}

@test "a loop that has read its configuration again leaves no socket's file behind" {
	loop reload_and_stop
}

@test "READY, STATUS and STOPPING reach path and abstract sockets" {
	loop notify
}

@test "titles show counts, peers and states" {
	loop titles
}

@test "GEN-016: no title shows a secret" {
	loop no_secret_in_titles
}

@test "a session has nothing of the loop or of its siblings open" {
	loop inheritance
}

@test "an idle session has little memory of its own" {
	loop memory
}

@test "--listen takes several addresses, replaces a dead unix socket and respects a live one" {
	loop many_addresses
}

@test "clients that are gone before they are served leave nothing behind" {
	loop reset_clients
}
