#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# hostile - POP3 over stores that lie, hang, flood, die and print nonsense: by programs of single events and by the
# co-process contract. The tests themselves are functions of tests/lib/hostile.py.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	export PYTHONDONTWRITEBYTECODE=1
}

hostile() {
	run timeout -k 2 600 tests/lib/hostile.py "$1"
	assert_success
}

@test "POP-034 DEF-016: a listing that breaks its form, or names something twice, opens nothing" {
	hostile bad_listings
}

@test "POP-015 POP-097: a listing that ends early, hangs, or is refused" {
	hostile listings_that_end_early
}

@test "endless output of list, retrieve and top ends in time and in little memory (hardening 80)" {
	hostile endless
}

@test "POP-025: a size that was listed wrong changes nothing of the message and is logged" {
	hostile lies_on_sizes
}

@test "POP-023: a size that is none is told as trouble of ours, and the session goes on" {
	hostile bad_sizes
}

@test "POP-027: a program that fails, dies or hangs amid a message leaves no stump" {
	hostile failing_messages
}

@test "POP-005 POP-024 POP-026 POP-031: octets of any kind, and more lines than TOP wanted" {
	hostile strange_messages
}

@test "POP-040 DEF-027: what QUIT says is what delete did, and no text can say otherwise" {
	hostile failing_deletions
}

@test "POP-041 MAP-049: delete is told what was marked, once, and nothing else" {
	hostile unmarked
}

@test "records that are none end the co-process and not the session" {
	hostile garbage_records
}

@test "an answer that nobody asked for is not the next one's" {
	hostile too_many_answers
}

@test "POP-015: without a hello there is no login, and none can claim more than is a store's" {
	hostile hello_of_any_kind
}
