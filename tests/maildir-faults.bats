#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# maildir-faults - what maildir-store survives: failures of system calls, kills, full disks, the loss of power.
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # quoted for the shell inside; variables come from lib/store; tests share none

bats_require_minimum_version 1.5.0
load lib/store

setup() {
	maildir_setup
}

@test "every system call of a delivery fails once: whole, or an error and nothing left (hardening 71, 75)" {
	for contract in exec serve; do
		for recipients in 1 2; do
			mkdir "$T/$contract$recipients"
			run -0 python3 tests/lib/faults.py errors $contract "$STORE" "$T/$contract$recipients" $recipients
		done
	done
	mkdir "$T/quota"
	QUOTA_LIMIT=1GS run -0 python3 tests/lib/faults.py errors exec "$STORE" "$T/quota" 1
}

@test "killed at every system call: success was said only of whole messages (hardening 72)" {
	for contract in exec serve; do
		for recipients in 1 2; do
			mkdir "$T/$contract$recipients"
			run -0 python3 tests/lib/faults.py kill $contract "$STORE" "$T/$contract$recipients" $recipients
		done
	done
}

@test "replies for a full disk, a full mailbox and other trouble" {
	export RECIPIENT=jo@example.org SENDER='' ASAN_OPTIONS=detect_leaks=0
	for error in ENOSPC EDQUOT EFBIG; do
		run -75 strace -qq -o "$T/trace" -e inject=write:error=$error:when=2 "$STORE" deliver <"$T/message" 3<&-
		assert_line '452 4.3.1 Not enough space'
	done
	run -75 strace -qq -o "$T/trace" -e inject=fsync:error=EIO:when=1 "$STORE" deliver <"$T/message" 3<&-
	assert_line '451 4.3.0 The mailbox cannot be used now'
	# A failed sync is not tried again (hardening 75).
	assert_equal "$(grep -c fsync "$T/trace")" 1
	run files jo
	assert_output ''
}

@test "where a file cannot be moved without replacing another, it is linked; it leaves tmp after that is durable" {
	export RECIPIENT=jo@example.org SENDER='' ASAN_OPTIONS=detect_leaks=0
	run -0 strace -qq -o "$T/trace" -e trace=fsync,linkat,unlinkat,renameat2 -e inject=renameat2:error=EINVAL \
		"$STORE" deliver <"$T/message" 3<&-
	run grep -oE '^[a-z0-9]+' "$T/trace"
	assert_output "$(printf '%s\n' fsync renameat2 linkat fsync unlinkat)"
	run files jo
	assert_output --regexp "^$MAIL/jo/new/[^/]*\$"
}

@test "a full file system: later, nothing is left, and deleting makes room (hardening 76)" {
	mkdir "$T/small"
	unshare -m mount -t tmpfs none "$T/small" 2>/dev/null || skip "kernel: no mounts here"
	head -c 300000 /dev/zero >"$T/big"
	cat >"$T/empty-maildrop" <<-'END'
		import os, store
		with store.Store([os.environ["STORE"], "serve"], MAILDIR=os.environ["MAILDIR"]) as session:
		    names = session.call("list", USER="jo")[1].split()
		    assert session.call("delete", USER="jo", body=names[0])[0] == 0
	END
	run -0 unshare -m bash -euc '
		mount -t tmpfs -o size=400k,nr_inodes=14 none "$T/small"
		export MAILDIR=$T/small/%n RECIPIENT=jo SENDER= USER=jo
		"$STORE" create jo
		"$STORE" deliver <"$T/big" 3<&-
		status=0
		"$STORE" deliver <"$T/big" 3<&- >"$T/reply" || status=$?
		[ $status = 75 ]
		grep -qx "452 4.3.1 Not enough space" "$T/reply"
		[ -z "$(ls "$T/small/jo/tmp")" ]
		[ "$(ls "$T/small/jo/new" | wc -l)" = 1 ]
		# No inode left either: nothing that POP3 does needs one.
		number=0
		while : >"$T/small/inode$((++number))"; do :; done 2>/dev/null
		status=0
		"$STORE" deliver <"$T/message" 3<&- || status=$?
		[ $status = 75 ]
		python3 "$T/empty-maildrop"
		[ -z "$(ls "$T/small/jo/new")" ]
		"$STORE" deliver <"$T/big" 3<&-'
}

@test "the power fails right after success: the message is there, whole (hardening 74)" {
	power_cut '
		export MAILDIR=$T/before/%n SENDER=
		"$STORE" create jo ann' '' '
		for user in jo ann; do
			diff -r "$T/before/$user" "$T/after/$user"
			[ "$(ls "$T/after/$user/new" | wc -l)" = 3 ]
		done'
}

@test "resource limits: later, never a crash (hardening 77)" {
	export RECIPIENT=jo@example.org SENDER=''
	head -c 300000 /dev/zero >"$T/big"
	run -75 bash -c 'ulimit -f 100; exec "$STORE" deliver <"$T/big" 3<&-'
	assert_line '452 4.3.1 Not enough space'
	for files in 4 5 6 7; do
		run -75 bash -c "ulimit -n $files"'; exec "$STORE" deliver' <"$T/message" 3<&-
	done
	run files jo
	assert_output ''
	run -0 bash -c 'ulimit -n 8; exec "$STORE" deliver' <"$T/message" 3<&-
}
