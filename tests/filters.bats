#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# filters - the sample filters, as installed, with the servers that they ask: what is delivered then, nobody there, and
# strings that hope for a shell (hardening 24).
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154 # quoted for other programs; variables come from lib/launch and bats; tests share none

bats_require_minimum_version 1.5.0
load lib/launch
load lib/adapters

setup() {
	adapters_setup
}

teardown() {
	adapters_teardown
}

# ---- spamc -------------------------------------------------------------------------------------

spamc() {
	sample archive "ARCHIVE=$DIR/archive" "SPAMC_CONF=$DIR/spamc.conf"
	mkdir "$DIR/archive"
	cp -a "$samples/spamc/filter" "$B/"
	printf -- '-d 127.0.0.1\n-p %s\n--connect-retries=1\n' "$1" >"$DIR/spamc.conf"
}

@test "spamc: what spamd makes of the message is delivered" {
	serve_peer spamd
	spamc "$port"
	for verdict in ham:NO spam:YES; do
		echo "${verdict%:*}" >"$DIR/peer/verdict"
		send smtp you@y.example jo@x.example
		heard '250 2.1.5' '250 2.0.0'
		run head -n 1 "$DIR"/archive/2*/message
		assert_output "X-Spam-Flag: ${verdict#*:}"
		sed 1d "$DIR"/archive/2*/message >"$DIR/arrived"
		assert_message "$DIR/arrived"
		cmp "$DIR/arrived" "$DIR/peer/message"
		rm -r "$DIR"/archive/2*
	done
	# Over the limit it does not come to spamd.
	echo '-s 100' >>"$DIR/spamc.conf"
	rm "$DIR/peer/message"
	send smtp you@y.example jo@x.example
	heard '250 2.1.5' '250 2.0.0'
	assert_message "$DIR"/archive/2*/message
	[ ! -e "$DIR/peer/message" ]
}

@test "spamc: without spamd, or with one in trouble, nothing is delivered: 451" {
	serve_peer spamd
	spamc "$port"
	for verdict in fail close; do
		echo "$verdict" >"$DIR/peer/verdict"
		send smtp you@y.example jo@x.example
		heard '250 2.1.5' '451 4.3.0'
	done
	spamc_absent=$(free_port)
	sed -i "s/^-p .*/-p $spamc_absent/" "$DIR/spamc.conf"
	send smtp you@y.example jo@x.example
	heard '250 2.1.5' '451 4.3.0'
	assert_equal "$(find "$DIR/archive" -mindepth 1)" ''
}

# ---- rspamc ------------------------------------------------------------------------------------

# The client alone, unpacked: rspamd itself is more than a test wants.
rspamc() {
	local tree
	(cd "$BATS_TEST_DIRNAME/.." && tests/lib/fetch-peer rspamd)
	tree=$(realpath "$BATS_TEST_DIRNAME/../${BUILD:-build}/peers/rspamd")
	mkdir -p "$DIR/bin"
	printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$tree/usr/lib/rspamd" "$tree/usr/bin/rspamc" >"$DIR/bin/rspamc"
	chmod 755 "$DIR/bin/rspamc"
	sample archive "ARCHIVE=$DIR/archive" "RSPAMD=127.0.0.1:$1" "PATH=$DIR/bin:/usr/bin:/bin"
	mkdir "$DIR/archive"
	cp -a "$samples/rspamc/filter" "$B/"
}

@test "rspamc: what rspamd says of the message is in it, and rspamd is told who sent it" {
	serve_peer rspamd
	rspamc "$port"
	for verdict in ham:0 spam:1; do
		echo "${verdict%:*}" >"$DIR/peer/verdict"
		send smtp you@y.example jo@x.example
		heard '250 2.1.5' '250 2.0.0'
		assert_equal "$(grep -c '^X-Spam: yes' "$DIR"/archive/2*/message)" "${verdict#*:}"
		assert grep -q '^X-Spam-Action: ' "$DIR"/archive/2*/message
		sed '/^X-Spam/d' "$DIR"/archive/2*/message >"$DIR/arrived"
		assert_message "$DIR/arrived"
		cmp "$DIR/arrived" "$DIR/peer/message"
		rm -r "$DIR"/archive/2*
	done
	assert grep -qi '^From: you@y.example' "$DIR/peer/headers"
	assert grep -qi '^Helo: a.example' "$DIR/peer/headers"
}

@test "rspamc: without rspamd, or with one in trouble, nothing is delivered: 451" {
	serve_peer rspamd
	rspamc "$port"
	for verdict in fail close; do
		echo "$verdict" >"$DIR/peer/verdict"
		send smtp you@y.example jo@x.example
		heard '250 2.1.5' '451 4.3.0'
	done
	sed -i "s/^RSPAMD=.*/RSPAMD=127.0.0.1:$(free_port)/" "$B/env"
	send smtp you@y.example jo@x.example
	heard '250 2.1.5' '451 4.3.0'
	assert_equal "$(find "$DIR/archive" -name message)" ''
}

@test "rspamc: hostile addresses arrive as they are (hardening 23, 24)" {
	serve_peer rspamd
	rspamc "$port"
	echo ham >"$DIR/peer/verdict"
	send_hostile smtp
}
