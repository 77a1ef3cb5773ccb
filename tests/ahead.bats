#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ahead - co-processes that say can=ahead find the next calls in their socket: that it is so, that nobody can tell by the
# replies, and what comes of it when one breaks the contract. The tests themselves are functions of tests/lib/ahead.py.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
}

ahead() {
	run timeout -k 2 600 tests/lib/ahead.py "$1"
	assert_success
}

@test "PIPE-002: a hundred recipients are there before the first of each batch is answered, in SMTP and LMTP" {
	ahead recipients_ahead
}

@test "POP-026: sixty messages are asked for before the first of each batch is answered" {
	ahead messages_ahead
}

@test "who does not say can=ahead is asked one thing at a time" {
	ahead one_at_a_time
}

@test "GEN-006: what is told of a recipient is true behind refusals, :set and :sender" {
	ahead exact_facts
}

@test "PIPE-002: random dialogues of mail are answered and delivered as without" {
	ahead same_mail
}

@test "PIPE-002: random dialogues of POP3 are answered as without" {
	ahead same_maildrop
}

@test "a session that ends amid a run says why" {
	ahead limits
}

@test "GEN-006: a co-process that dies, hangs, talks nonsense or too much amid a run: nobody is accepted but by it" {
	ahead trouble
}

@test "GEN-006: a store that does so: no message is served for another" {
	ahead trouble_of_stores
}

@test "descriptors that nobody announced are nobody's message" {
	ahead superfluous_descriptors
}

@test "POP-081: a client that reads nothing runs out of time" {
	ahead no_reader
}

@test "maildir-store: a client that reads slowly gets every message whole, with few descriptors too" {
	ahead slow_reader
}

@test "MAP-003: each refusal has its --error-delay" {
	ahead error_delay
}

@test "GEN-006: a co-process that does not handle what was asked has no time limit behind that" {
	ahead idle_store
}

@test "maildir-store and mbox-store know a hundred recipients, sent at once, from one another" {
	ahead store_recipients
}

@test "mbox-store serves messages that are asked for at once, octet for octet" {
	ahead store_messages
}
