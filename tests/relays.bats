#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# relays - what real MTAs and mail libraries pass on arrives octet by octet, in every case of line ends and dots. The tests
# themselves are functions of tests/lib/relays.py.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
}

relays() {
	run timeout -k 2 600 tests/lib/relays.py "$1"
	assert_success
}

# mta PACKAGE NAME
mta() {
	tests/lib/fetch-peer "$1"
	relays "$2"
}

@test "IOP-010 DATA-003 DATA-011: Postfix relays by SMTP and LMTP" {
	mta postfix postfix
}

@test "IOP-010 DATA-003 CHNK-002: Exim relays by SMTP and LMTP, with DATA and with BDAT" {
	mta exim4-daemon-light exim
}

@test "IOP-010 DATA-003: OpenSMTPD relays by SMTP and LMTP" {
	mta opensmtpd opensmtpd
}

@test "IOP-006 DATA-003: Python's smtplib and its LMTP" {
	relays python
}

@test "DATA-003: Perl's Net::SMTP, and what Net::LMTP makes of it" {
	relays perl
}

@test "IOP-007 IOP-008 DATA-003: curl, msmtp and swaks" {
	relays commands
}

@test "DATA-003: nodemailer by SMTP and LMTP" {
	relays nodemailer
}
