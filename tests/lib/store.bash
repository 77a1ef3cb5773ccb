# SPDX-License-Identifier: ISC
# store.bash - for suites of the stores: $STORE is the program, $T the test's own directory, $MAIL where its mailboxes
# are, jo's among them, and $T/message a message.
#
# shellcheck shell=bash

# store_setup PROGRAM - what the two below share.
store_setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	unset USER LISTING_CACHE QUOTA QUOTA_LIMIT RECIPIENT SENDER MESSAGE MESSAGE_SIZE
	STORE=$(realpath "${BUILD:-build}/bin/$1")
	T=$BATS_TEST_TMPDIR
	export STORE T PYTHONPATH=$PWD/tests/lib PYTHONDONTWRITEBYTECODE=1
	printf 'Subject: hi\n\nbody\n' >"$T/message"
}

maildir_setup() {
	store_setup maildir-store || return
	export MAIL=$T/mail/example.org MAILDIR=$T/mail/%d/%n
	"$STORE" create jo@example.org >/dev/null
}

mbox_setup() {
	store_setup mbox-store || return
	export MAIL=$T/mail MBOX=$T/mail/%n USER=jo
	"$STORE" create jo >/dev/null
}

# power_cut PREPARE CHANGE CHECK - the power fails right after three deliveries, of which one is large, to jo and ann each.
#
# In the scripts, of a shell that ends at the first failure, the mailboxes are below $T/before: PREPARE makes them, CHANGE
# goes on behind the deliveries. CHECK finds below $T/after what the disk held then.
power_cut() {
	truncate -s 32M "$T/disk"
	mke2fs -q -t ext4 "$T/disk"
	mkdir "$T/before" "$T/after"
	unshare -m mount -o loop "$T/disk" "$T/before" 2>/dev/null || skip "kernel: no loop mounts here"
	head -c 3000000 /dev/urandom >"$T/big"
	run -0 unshare -m bash -euc "
		mount -o loop,commit=300 \"\$T/disk\" \"\$T/before\"
		$1
		for message in message big message; do
			printf '%s\\n' '' jo ann >\"\$T/envelope\"
			\"\$STORE\" deliver <\"\$T/\$message\" 3<\"\$T/envelope\"
		done
		$2
		# The file system holds back all that nobody asked to have written.
		cp \"\$T/disk\" \"\$T/copy\"
		mount -o loop \"\$T/copy\" \"\$T/after\"
		$3"
}

# deliver MESSAGE-FILE RECIPIENT... - the exec contract, from SENDER.
deliver() {
	local message=$1
	shift
	printf '%s\n' "${SENDER-you@example.net}" "$@" >"$T/envelope"
	"$STORE" deliver <"$message" 3<"$T/envelope"
}

# The files of the Maildir $1 in its folders new, cur and tmp.
files() {
	find "$MAIL/$1/new" "$MAIL/$1/cur" "$MAIL/$1/tmp" -mindepth 1 | sort
}
