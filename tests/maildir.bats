#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# maildir - maildir-store by the exec contract: which mailboxes there are, what it stores and what it refuses. Beside it
# maildir-pop3, maildir-listing and maildir-faults.
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # quoted for the shell inside; variables come from lib/store; tests share none

bats_require_minimum_version 1.5.0
load lib/store

setup() {
	maildir_setup
}

# ---- create and rcpt ---------------------------------------------------------------------------

@test "create makes a mailbox, says so, completes it, and does no harm to one that is there" {
	run "$STORE" create ann@Example.ORG
	assert_success
	assert_output "created $MAIL/ann"
	assert_equal "$(stat -c %a "$MAIL/ann" "$MAIL/ann/"{new,cur,tmp} | sort -u)" 700
	deliver "$T/message" ann@example.org
	run "$STORE" create ann@example.org
	assert_success
	assert_output "exists already: $MAIL/ann"
	assert_equal "$(files ann | wc -l)" 1
	rmdir "$MAIL/ann/tmp"
	run "$STORE" create ann@example.org
	assert_output "created $MAIL/ann"
	[ -d "$MAIL/ann/tmp" ]
}

@test "create says what is wrong" {
	run -64 "$STORE" create
	assert_line --regexp '^usage: '
	run -1 "$STORE" create ../x@example.org
	assert_output 'maildir-store: MAILDIR gives this name no mailbox: ../x@example.org'
	MAILDIR='' run -1 "$STORE" create ann@example.org
	assert_line --partial 'MAILDIR is not set'
	MAILDIR=$T/mail/%x run -1 "$STORE" create ann@example.org
	assert_line --partial 'MAILDIR is no path pattern'
	: >"$T/file"
	MAILDIR=$T/file/%n run -1 "$STORE" create ann@example.org
	assert_line --partial 'Not a directory'
	run -64 "$STORE" nonsense
	run -64 "$STORE" </dev/null
	run -0 "$STORE" --help
	assert_line --partial 'maildir-store create USER...'
	run -0 "$STORE" --version
	assert_output --regexp '^maildir-store [0-9]'
}

@test "create gives new directories to the owner of the one above" {
	[ "$(id -u)" = 0 ] || skip "kernel: needs root to be somebody else"
	chown 1234:2345 "$MAIL"
	run "$STORE" create ann@example.org
	assert_equal "$(stat -c %u:%g "$MAIL/ann" "$MAIL/ann/"{new,cur,tmp} | sort -u)" 1234:2345
}

@test "rcpt: yes, no, and no opinion while the disk is not there" {
	RECIPIENT=jo@EXAMPLE.org run -0 "$STORE" rcpt
	assert_output ''
	RECIPIENT=ann@example.org run -67 "$STORE" rcpt
	assert_output '550 5.1.1 No such mailbox'
	RECIPIENT=jo@example.net run -67 "$STORE" rcpt
	RECIPIENT=JO@example.org run -67 "$STORE" rcpt
	RECIPIENT=jo@example.org MAILDIR=$T/unmounted/%d/%n run -75 "$STORE" rcpt
	assert_line '451 4.3.0 The mailbox cannot be used now'
	MAILDIR='' RECIPIENT=jo@example.org run -78 "$STORE" rcpt
	assert_line '451 4.3.5 The store is not configured'
	run -67 "$STORE" rcpt
}

@test "rcpt takes the event's name from a link, and needs no domain where the pattern does not (LMTP-025)" {
	ln -s "$STORE" "$T/rcpt"
	RECIPIENT=jo run -67 "$STORE" rcpt
	RECIPIENT=jo MAILDIR=$MAIL/%n run -0 "$T/rcpt"
	RECIPIENT=ann MAILDIR=$MAIL/%n run -67 "$T/rcpt"
	RECIPIENT=jo@x MAILDIR=$MAIL/%n run -0 "$T/rcpt" rcpt
}

@test "no name leads out of the mail directory (hardening 30)" {
	mkdir -p "$T/mail/x/new" "$T/outside/new"
	for name in ../outside@example.org ../../outside@example.org .@example.org ..@example.org a/b@example.org jo@.. \
		jo@../example.org @example.org jo@ .jo@example.org "$(printf '%0300d' 0)@example.org"; do
		RECIPIENT=$name run -67 "$STORE" rcpt
		run -67 deliver "$T/message" "$name"
		USER=$name run -67 "$STORE" list
	done
}

# ---- deliver -----------------------------------------------------------------------------------

@test "deliver puts Return-Path and Delivered-To on top and the sizes into the name (SMTP-070, LMTP-023)" {
	printf 'Return-Path: <old@example.net>\nSubject: x\n\n.dot\nno end' >"$T/message"
	run -0 deliver "$T/message" jo@Example.org
	assert_output ''
	run files jo
	assert_output --regexp "^$MAIL/jo/new/[0-9]+\.M[0-9]{6}P[0-9]+Q1R[0-9a-f]{16}\.[^,:/]+,S=[0-9]+,W=[0-9]+\$"
	assert_equal "$(cat "$output")" "$(printf 'Return-Path: <you@example.net>\nDelivered-To: jo@Example.org\n'
		cat "$T/message")"
	assert_equal "$(stat -c %a:%h "$output")" 600:1
	python3 -c 'import sys, store; store.check_whole(sys.argv[1], open(sys.argv[2], "rb").read())' "$output" "$T/message"
}

@test "deliver: the null sender, CRLF line ends, and a message without a last line end" {
	printf 'Subject: x\r\n\r\nbody\r\nend' >"$T/message"
	SENDER='' run -0 deliver "$T/message" jo@example.org
	run files jo
	assert_equal "$(od -An -c "$output")" "$(printf 'Return-Path: <>\r\nDelivered-To: jo@example.org\r\n%b' \
		'Subject: x\r\n\r\nbody\r\nend' | od -An -c)"
	python3 -c 'import sys, store; store.check_whole(sys.argv[1], open(sys.argv[2], "rb").read())' "$output" "$T/message"
}

@test "deliver takes SENDER and RECIPIENT where there is no envelope" {
	SENDER=you@example.net RECIPIENT=jo@example.org run -0 "$STORE" deliver <"$T/message" 3<&-
	run cat "$(files jo)"
	assert_line --index 0 'Return-Path: <you@example.net>'
	run -75 "$STORE" deliver <"$T/message" 3<&-
	assert_line '451 4.3.0 There is no recipient'
}

@test "deliver: every recipient of the envelope, parameters apart" {
	for user in u{1..120}; do
		"$STORE" create "$user@example.org" >/dev/null
		printf '%s@example.org\tNOTIFY=NEVER ORCPT=rfc822;x\n' "$user"
	done >"$T/recipients"
	head -c 300000 /dev/urandom | base64 >>"$T/message"
	mapfile -t recipients <"$T/recipients"
	ulimit -n 16
	run -0 deliver "$T/message" "${recipients[@]}"
	python3 - <<-'END'
		import os, store
		mail, message = os.environ["MAIL"], open(os.environ["T"] + "/message", "rb").read()
		for number in range(1, 121):
		    path, = store.files(f"{mail}/u{number}")
		    store.check_whole(path, message)
		    assert f"Delivered-To: u{number}@example.org\n".encode() in open(path, "rb").read()
	END
}

@test "deliver: all recipients or none, and one that is gone does not make it bounce for the rest" {
	"$STORE" create ann@example.org
	"$STORE" create bob@example.org
	run -67 deliver "$T/message" nobody@example.org
	assert_output '550 5.1.1 No such mailbox'
	run -75 deliver "$T/message" ann@example.org nobody@example.org jo@example.org
	assert_output '451 4.2.1 The mailbox of a recipient is gone'
	rmdir "$MAIL/bob/new"
	run -75 deliver "$T/message" ann@example.org bob@example.org jo@example.org
	assert_line '451 4.3.0 The mailbox cannot be used now'
	for user in ann jo; do
		run files "$user"
		assert_output ''
	done
	assert_equal "$(find "$MAIL/bob" -type f)" ''
}

@test "deliver: a message that ended early is not stored (hardening 71)" {
	MESSAGE_SIZE=19 run -75 deliver "$T/message" jo@example.org
	: >"$T/empty"
	run -75 deliver "$T/empty" jo@example.org
	MESSAGE_SIZE=x run -75 deliver "$T/message" jo@example.org
	run files jo
	assert_output ''
	MESSAGE_SIZE=18 run -0 deliver "$T/message" jo@example.org
}

@test "deliver: the file is synced, then moved, then its directory is synced (hardening 74)" {
	printf '%s\n' you@example.net jo@example.org >"$T/envelope"
	ASAN_OPTIONS=detect_leaks=0 strace -qq -y -o "$T/trace" -e trace=fsync,renameat2,write,linkat \
		"$STORE" deliver <"$T/message" 3<"$T/envelope"
	run sed -E 's/"[^"]*"(\.\.\.)?/_/g; s|/[0-9]+\.M[^>]*>|/NAME>|; s/\([0-9]+</(</; s/, [0-9]+</, </; s/ += .*//' "$T/trace"
	# The directories that rename is given differ in their numbers alone.
	assert_line --index 0 --regexp "^write\(<$MAIL/jo/tmp/NAME>"
	run grep -oE '^[a-z0-9]+' <<<"$output"
	assert_output "$(printf '%s\n' write write fsync renameat2 fsync)"
	run grep -E '^fsync' "$T/trace"
	assert_line --index 0 --regexp "/jo/tmp/"
	assert_line --index 1 --regexp "/jo/new>"
}

@test "twenty at once: each message whole under a name of its own (hardening 44)" {
	# shellcheck disable=SC2034 # the words are only counted
	seq 20 | xargs -P 20 -I{} bash -c 'for i in {1..50}; do
		RECIPIENT=jo@example.org SENDER=s{} "$STORE" deliver <"$T/message" 3<&- || exit 255; done'
	python3 - <<-'END'
		import os, store
		paths = store.files(os.environ["MAIL"] + "/jo", "new")
		assert len(paths) == 1000 == len({path.split(",")[0] for path in paths}), len(paths)
		for path in paths:
		    store.check_whole(path, b"Subject: hi\n\nbody\n")
		assert not store.files(os.environ["MAIL"] + "/jo", "tmp", "cur")
	END
}

@test "whoever hears nothing of the answer changes nothing of the delivery (hardening 78)" {
	for out in /dev/full "$T/closed"; do
		mkfifo -m 600 "$T/closed" 2>/dev/null || :
		# A pipe that nobody reads any more.
		# shellcheck disable=SC2094
		exec 5<>"$T/closed" 6>"$T/closed" 5<&-
		if [ "$out" = /dev/full ]; then exec 7>/dev/full; else exec 7>&6; fi
		run -0 env RECIPIENT=jo@example.org SENDER= bash -c 'exec "$STORE" deliver <"$T/message" >&7 2>&7 3<&-'
		run -67 env RECIPIENT=no@example.org SENDER= bash -c 'exec "$STORE" deliver <"$T/message" >&7 2>&7 3<&-'
		exec 6>&- 7>&-
	done
	assert_equal "$(files jo | wc -l)" 2
}

# ---- what lies in the way ----------------------------------------------------------------------

@test "symbolic links, FIFOs and files in place of directories: later, and nothing is touched (hardening 42)" {
	mkdir -p "$T/outside/new" "$T/outside/cur" "$T/outside/tmp"
	for victim in "$MAIL/jo" "$MAIL/jo/new" "$MAIL/jo/tmp" "$MAIL"; do
		for kind in link dangling fifo file; do
			rm -rf "$T/mail"
			"$STORE" create jo@example.org >/dev/null
			rm -r "$victim"
			case $kind in
			link) ln -s "$T/outside" "$victim" ;;
			dangling) ln -s "$T/nowhere" "$victim" ;;
			fifo) mkfifo "$victim" ;;
			file) : >"$victim" ;;
			esac
			echo "$victim $kind"
			run -75 timeout 60 env RECIPIENT=jo@example.org "$STORE" deliver <"$T/message" 3<&-
			assert_line '451 4.3.0 The mailbox cannot be used now'
			assert_equal "$(find "$T/outside" "$T/mail" -type f -size +0)" ''
			[ ! -e "$T/nowhere" ]
		done
	done
	rm -r "$T/mail"
	"$STORE" create jo@example.org >/dev/null
	rm -r "$MAIL/jo/cur"
	ln -s "$T/outside/cur" "$MAIL/jo/cur"
	USER=jo@example.org run -75 timeout 60 "$STORE" list
}

@test "a Maildir of somebody else is not used (hardening 42)" {
	[ "$(id -u)" = 0 ] || skip "kernel: needs root to be somebody else"
	for victim in "$MAIL/jo" "$MAIL/jo/new" "$MAIL/jo/tmp"; do
		chown 1234 "$victim"
		run -75 deliver "$T/message" jo@example.org
		assert_output --partial 'Operation not permitted'
		chown 0 "$victim"
	done
	run files jo
	assert_output ''
}

@test "messages that are links, FIFOs, directories or somebody else's are not served (hardening 42)" {
	deliver "$T/message" jo@example.org
	echo secret >"$T/secret"
	ln -s "$T/secret" "$MAIL/jo/new/1.M1P1Q1.link,S=7,W=8"
	ln -s "$T/nowhere" "$MAIL/jo/new/2.M1P1Q1.dangling,S=7,W=8"
	mkfifo "$MAIL/jo/cur/3.M1P1Q1.fifo,S=7,W=8:2,"
	mkdir "$MAIL/jo/cur/4.M1P1Q1.directory,S=7,W=8:2,"
	export USER=jo@example.org
	run -0 timeout 60 "$STORE" list
	assert_equal "${#lines[@]}" 1
	refute_output --partial ' 8 '
	for id in new/1.M1P1Q1.link,S=7,W=8 new/2.M1P1Q1.dangling,S=7,W=8 'cur/3.M1P1Q1.fifo,S=7,W=8:2,' \
		'cur/4.M1P1Q1.directory,S=7,W=8:2,'; do
		MESSAGE=$id run -75 timeout 60 "$STORE" retrieve
		refute_output --partial secret
	done
	[ "$(id -u)" = 0 ] || return 0
	# For root, a hard link may be to anybody's file; for the others the owner tells.
	ln "$T/secret" "$MAIL/jo/new/5.M1P1Q1.hard,S=7,W=8"
	MESSAGE=new/5.M1P1Q1.hard,S=7,W=8 run -75 "$STORE" retrieve
	rm "$MAIL/jo/new/5.M1P1Q1.hard,S=7,W=8"
	cp "$T/secret" "$MAIL/jo/new/6.M1P1Q1.foreign,S=7,W=8"
	chown 1234 "$MAIL/jo/new/6.M1P1Q1.foreign,S=7,W=8"
	MESSAGE=new/6.M1P1Q1.foreign,S=7,W=8 run -75 "$STORE" retrieve
}

@test "a directory that is exchanged for a symbolic link during deliveries leads nowhere (hardening 43)" {
	python3 - <<-'END'
		import ctypes, os, subprocess, threading
		mail, t, exe = (os.environ[name] for name in ("MAIL", "T", "STORE"))
		os.makedirs(t + "/outside/new"), os.makedirs(t + "/outside/tmp"), os.makedirs(t + "/outside/cur")
		pairs = [("/jo/new", "/outside/new"), ("/jo/tmp", "/outside/tmp"), ("/jo", "/outside")]
		libc, stop, swaps = ctypes.CDLL(None, use_errno=True), threading.Event(), [0]
		for number, (_, target) in enumerate(pairs):
		    os.symlink(t + target, f"{t}/link{number}")

		def swap():
		    while not stop.is_set():
		        for number, (victim, _) in enumerate(pairs):
		            for _ in range(2):
		                assert libc.renameat2(-100, f"{t}/link{number}".encode(), -100, (mail + victim).encode(), 2) == 0
		                swaps[0] += 1

		thread = threading.Thread(target=swap)
		thread.start()
		codes = []
		try:
		    while len(codes) < 400 or (len(set(codes)) < 2 and len(codes) < 5000):
		        with open(t + "/message", "rb") as message:
		            codes.append(subprocess.run([exe, "deliver"], stdin=message, capture_output=True, timeout=300, check=False,
		                         env={"MAILDIR": os.environ["MAILDIR"], "RECIPIENT": "jo@example.org", "SENDER": ""}).returncode)
		finally:
		    stop.set()
		    thread.join()
		outside = [name for _, _, names in os.walk(t + "/outside") for name in names]
		stored = os.listdir(mail + "/jo/new")
		print(swaps, {code: codes.count(code) for code in set(codes)}, len(stored))
		assert not outside, outside
		assert set(codes) == {0, 75} and swaps[0] > 1000
		assert len(stored) == codes.count(0)
	END
}

# ---- quota -------------------------------------------------------------------------------------

# The sums of the Maildir's maildirsize.
quota_sums() {
	awk 'NR > 1 { octets += $1; messages += $2 } END { print octets, messages }' "$MAIL/jo/maildirsize"
}

@test "quota: the limits of QUOTA_LIMIT, or of maildirsize, which is kept (LMTP-019)" {
	export QUOTA_LIMIT=10KS,3C
	for _ in 1 2 3; do
		run -0 deliver "$T/message" jo@example.org
	done
	assert_equal "$(head -1 "$MAIL/jo/maildirsize")" 10240S,3C
	size=$(stat -c %s "$MAIL/jo/new/"* | awk '{ sum += $1 } END { print sum }')
	assert_equal "$(quota_sums)" "$size 3"
	run -75 deliver "$T/message" jo@example.org
	assert_output '452 4.2.2 Mailbox full'
	RECIPIENT=jo@example.org run -75 "$STORE" rcpt
	assert_output '452 4.2.2 Mailbox full'
	QUOTA=permanent run -73 deliver "$T/message" jo@example.org
	assert_output '552 5.2.2 Mailbox full'
	RECIPIENT=jo@example.org QUOTA=permanent run -73 "$STORE" rcpt
	QUOTA_LIMIT='' run -75 deliver "$T/message" jo@example.org
	assert_equal "$(files jo | wc -l)" 3
	# Room again, as POP3 and as another program would make it.
	USER=jo@example.org "$STORE" list | head -1 | cut -d' ' -f1 | USER=jo@example.org "$STORE" delete
	assert_equal "$(quota_sums | cut -d' ' -f2)" 2
	run -0 deliver "$T/message" jo@example.org
	run -75 deliver "$T/message" jo@example.org
}

@test "quota: octets, exactly the limit and one more" {
	size=$((18 + $(printf 'Return-Path: <you@example.net>\nDelivered-To: jo@example.org\n' | wc -c)))
	QUOTA_LIMIT=$((2 * size))S
	export QUOTA_LIMIT
	run -0 deliver "$T/message" jo@example.org
	run -0 deliver "$T/message" jo@example.org
	QUOTA_LIMIT=$((3 * size - 1))S run -75 deliver "$T/message" jo@example.org
	QUOTA_LIMIT=$((3 * size))S run -0 deliver "$T/message" jo@example.org
}

@test "quota: counted anew from all folders but the trash when the file is missing, long or senseless" {
	mkdir -p "$MAIL/jo/.Sent/"{new,cur,tmp} "$MAIL/jo/.Trash/"{new,cur,tmp}
	touch "$MAIL/jo/.Sent/cur/1.M1.h,S=1000:2,S" "$MAIL/jo/.Trash/cur/1.M2.h,S=5000:2," "$MAIL/jo/cur/1.M3.h,S=7000:2,ST"
	printf '%0100d' 0 >"$MAIL/jo/new/1.M4.h"
	export QUOTA_LIMIT=1MS
	for content in '' 'nonsense' '1048576S,0C
-5 1' '1048576S,0C
1 x' '2S
0 0' "1048576S,0C
$(yes '1 1' | head -2000)"; do
		printf '%s' "$content" >"$MAIL/jo/maildirsize"
		RECIPIENT=jo@example.org run -0 "$STORE" rcpt
		assert_equal "$(cat "$MAIL/jo/maildirsize")" "$(printf '1048576S,0C\n1100 2')"
	done
	assert_equal "$(ls "$MAIL/jo/tmp")" ''
	for limits in x 5 S 5X 99999999999999999999S 9999999999GS '1S,'; do
		QUOTA_LIMIT=$limits RECIPIENT=jo@example.org run -78 "$STORE" rcpt
	done
}

@test "quota: over it by a stale count is no refusal" {
	printf '1000S,0C\n900 1\n50 1\n' >"$MAIL/jo/maildirsize"
	run -0 deliver "$T/message" jo@example.org
	assert_equal "$(head -1 "$MAIL/jo/maildirsize")" 1000S,0C
	assert_equal "$(quota_sums)" "$(stat -c %s "$MAIL/jo/new/"*) 1"
}
