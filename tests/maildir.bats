#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# maildir - maildir-store by both contracts: what it stores, what it refuses, what it survives.
#
# shellcheck disable=SC2016,SC2030,SC2031 # what is quoted is for the shell inside; tests do not share variables

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	unset USER LISTING_CACHE QUOTA QUOTA_LIMIT RECIPIENT SENDER MESSAGE MESSAGE_SIZE
	STORE=$(realpath "${BUILD:-build}/bin/maildir-store")
	T=$BATS_TEST_TMPDIR
	MAIL=$T/mail/example.org
	export STORE T MAIL MAILDIR=$T/mail/%d/%n PYTHONPATH=$PWD/tests/lib PYTHONDONTWRITEBYTECODE=1
	"$STORE" create jo@example.org >/dev/null
	printf 'Subject: hi\n\nbody\n' >"$T/message"
}

# deliver MESSAGE-FILE RECIPIENT... - the exec contract, from SENDER.
deliver() {
	local message=$1
	shift
	printf '%s\n' "${SENDER-you@example.net}" "$@" >"$T/envelope"
	"$STORE" deliver <"$message" 3<"$T/envelope"
}

# The files of the mailbox $1 in its folders new, cur and tmp.
files() {
	find "$MAIL/$1/new" "$MAIL/$1/cur" "$MAIL/$1/tmp" -mindepth 1 | sort
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
			run -75 timeout 20 env RECIPIENT=jo@example.org "$STORE" deliver <"$T/message" 3<&-
			assert_line '451 4.3.0 The mailbox cannot be used now'
			assert_equal "$(find "$T/outside" "$T/mail" -type f -size +0)" ''
			[ ! -e "$T/nowhere" ]
		done
	done
	rm -r "$T/mail"
	"$STORE" create jo@example.org >/dev/null
	rm -r "$MAIL/jo/cur"
	ln -s "$T/outside/cur" "$MAIL/jo/cur"
	USER=jo@example.org run -75 timeout 20 "$STORE" list
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
	run -0 timeout 20 "$STORE" list
	assert_equal "${#lines[@]}" 1
	refute_output --partial ' 8 '
	for id in new/1.M1P1Q1.link,S=7,W=8 new/2.M1P1Q1.dangling,S=7,W=8 'cur/3.M1P1Q1.fifo,S=7,W=8:2,' \
		'cur/4.M1P1Q1.directory,S=7,W=8:2,'; do
		MESSAGE=$id run -75 timeout 20 "$STORE" retrieve
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
		            codes.append(subprocess.run([exe, "deliver"], stdin=message, capture_output=True, timeout=60, check=False,
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

# ---- POP3 --------------------------------------------------------------------------------------

@test "list: ID, size on the wire and unique-id, in the order of delivery (POP-023, POP-032)" {
	mkdir "$MAIL/jo/cur/.hidden"
	cd "$MAIL/jo"
	printf 'a\nb' >'new/1700000002.M5P1Q1.h,S=3,W=4711'
	printf 'a\nb' >'cur/1700000001.M7P1Q1.h:2,S'
	printf 'a\r\nb\r\n' >'cur/1700000001.M000006P1Q1.h,S=6:2,'
	printf 'x' >'new/1700000003.V1M1.a b%'
	printf 'x\n' >"new/odd$(printf '%080d' 0)"
	: >new/.dot
	USER=jo@example.org run -0 "$STORE" list
	assert_output "$(
		cat <<-END
			new/odd$(printf '%080d' 0) 3 odd$(printf '%050d' 0)~499b1eab8fe2067e
			cur/1700000001.M000006P1Q1.h,S=6:2, 6 1700000001.M000006P1Q1.h
			cur/1700000001.M7P1Q1.h:2,S 6 1700000001.M7P1Q1.h
			new/1700000002.M5P1Q1.h,S=3,W=4711 4711 1700000002.M5P1Q1.h
			new/1700000003.V1M1.a%20b%25 3 1700000003.V1M1.a_b%~b06207522a404131
		END
	)"
	MESSAGE=new/1700000003.V1M1.a%20b%25 USER=jo@example.org run -0 "$STORE" retrieve
	assert_output x
	MESSAGE=cur/1700000001.M7P1Q1.h:2,S USER=jo@example.org run -0 "$STORE" size
	assert_output 6
}

@test "list: nobody, no user, no mailbox, no message" {
	USER=nobody@example.org run -67 "$STORE" list
	assert_output 'No such mailbox'
	run -75 "$STORE" list
	USER=jo@example.org run -0 "$STORE" list
	assert_output ''
	for id in new/1.x cur/1.x tmp/1.x new/ new/../cur/x x '' new/.x; do
		MESSAGE=$id USER=jo@example.org run -69 "$STORE" retrieve
	done
	: >"$MAIL/jo/tmp/1.M1.h"
	MESSAGE=tmp/1.M1.h USER=jo@example.org run -69 "$STORE" retrieve
}

@test "unique-ids: two alike messages differ, renames change nothing (POP-033)" {
	deliver "$T/message" jo@example.org
	deliver "$T/message" jo@example.org
	export USER=jo@example.org
	"$STORE" list | cut -d' ' -f3 >"$T/before"
	assert_equal "$(sort -u "$T/before" | wc -l)" 2
	for file in "$MAIL/jo/new/"*; do
		mv "$file" "$MAIL/jo/cur/${file##*/}:2,RS"
	done
	"$STORE" list | cut -d' ' -f3 | diff "$T/before" -
}

@test "a message that is met twice is listed once (POP-034)" {
	touch "$MAIL/jo/new/1700000001.M1P1.h,S=0,W=0" "$MAIL/jo/cur/1700000001.M1P1.h,S=0,W=0:2,S" \
		"$MAIL/jo/cur/1700000001.M1P1.h:2,T"
	USER=jo@example.org run -0 "$STORE" list
	assert_equal "${#lines[@]}" 1
}

@test "100000 messages: by names alone, in order, in constant memory (POP-035)" {
	python3 - <<-'END'
		import os, random, store
		new, cur = (os.environ["MAIL"] + "/jo/" + folder for folder in ("new", "cur"))
		names = [f"{1700000000 + random.randrange(90000)}.M{number % 1000000:06}P{number}Q1R0123456789abcdef.mx.example.org"
		         for number in range(100000)]
		for number, name in enumerate(names):
		    open(f"{new}/{name},S=1,W={number}" if number % 2 else f"{cur}/{name},S=1,W={number}:2,S", "x").close()
		trace = os.environ["T"] + "/trace"
		with store.Store(["strace", "-qq", "-o", trace, "-e", "trace=open,openat,execve", os.environ["STORE"], "serve"],
		                 ASAN_OPTIONS="detect_leaks=0", MAILDIR=os.environ["MAILDIR"]) as session:
		    strace = session.process.pid
		    pid = int(open(f"/proc/{strace}/task/{strace}/children", encoding="ascii").read())
		    def memory(what):
		        with open(f"/proc/{pid}/status", encoding="ascii") as status:
		            return next(int(line.split()[1]) for line in status if line.startswith(what))
		    before = memory("VmRSS:")
		    code, listing, _ = session.call("list", USER="jo@example.org")
		    grown, peak = memory("VmRSS:") - before, memory("VmHWM:") - before
		assert code == 0
		lines = [line.split() for line in listing.decode().splitlines()]
		print(f"{len(lines)} messages, peak {peak} KiB, {grown} KiB kept")
		expected = sorted(names, key=lambda name: (int(name[:10]), int(name[12:18]), name))
		assert [line[2] for line in lines] == expected
		assert {int(line[1]) for line in lines} == set(range(100000))
		opened = [line for line in open(trace, encoding="utf-8") if "R0123456789abcdef" in line]
		assert not opened, opened[:3]
		if "SANITIZE" not in os.environ or not os.environ["SANITIZE"]:
		    assert peak <= 3584 and grown <= 256, (peak, grown)
	END
}

# Lists what other programs put there, COUNT messages of them; prints which messages were opened.
foreign() {
	rm -rf "$MAIL/jo"
	"$STORE" create jo@example.org >/dev/null
	python3 - "$1" <<-'END'
		import os, sys
		for number in range(int(sys.argv[1])):
		    folder, flags = (("new", ""), ("cur", ":2,S"), ("cur", ",S=%d:2," % (8 + len(str(number)))))[number % 3]
		    path = f"{os.environ['MAIL']}/jo/{folder}/{1600000000 + number // 7}.M{number}P{number * 7919 % 1000}.mx{flags}"
		    with open(path, "w", encoding="ascii") as file:
		        file.write(f"A: {number}\n\nbody")
		    os.utime(path, ns=(1600000000123456789, 1600000000123456789))
	END
}

# Lists; the output goes to the file $1, the number of messages that were opened is printed.
list_opening() {
	ASAN_OPTIONS=detect_leaks=0 USER=jo@example.org strace -qq -o "$T/trace" -e trace=openat "$STORE" list >"$1" || return
	grep -cE '"[0-9]+\.M[0-9]+P[0-9]+\.mx' "$T/trace" || :
}

@test "list: messages that other programs delivered are read once, not at every login" {
	foreign 100
	run -0 list_opening "$T/first"
	assert_output 100
	assert_equal "$(wc -l <"$T/first")" 100
	assert_equal "$(stat -c %a "$MAIL/jo/mail-session.sizes")" 600
	inode=$(stat -c %i "$MAIL/jo/mail-session.sizes")
	run -0 list_opening "$T/second"
	assert_output 0
	cmp "$T/first" "$T/second"
	# Nothing has changed, so nothing is written.
	assert_equal "$(stat -c %i "$MAIL/jo/mail-session.sizes")" "$inode"
	# Flags, folders and fields change; the unique parts do not.
	for file in "$MAIL/jo/new/"*; do
		mv "$file" "$MAIL/jo/cur/${file##*/}:2,FRS"
	done
	cut -d' ' -f2- "$T/first" >"$T/before"
	run -0 list_opening "$T/third"
	assert_output 0
	cut -d' ' -f2- "$T/third" | cmp "$T/before"
	assert_equal "$(ls "$MAIL/jo/tmp")" ''
}

@test "list: only what is new, changed or exchanged is read again" {
	foreign 99
	list_opening "$T/first"
	mapfile -t paths < <(cut -d' ' -f1 "$T/first")
	(
		cd "$MAIL/jo"
		# One message longer; one of the same length at another time; one exchanged for another file of the same time.
		printf 'more\n' >>"${paths[10]}"
		touch -d @1600000001 "${paths[20]}"
		cp -p "${paths[30]}" "$T/copy"
		mv "$T/copy" "${paths[30]}"
		rm "${paths[0]}" "${paths[40]}" "${paths[98]}"
		printf 'A: b\n' >new/1500000000.M1P1.mx
		touch -d @1600000000 new/1500000000.M1P1.mx
		printf 'A: b\n' >new/1900000000.M1P1.mx
		touch -d @1600000000 new/1900000000.M1P1.mx
	)
	run -0 list_opening "$T/second"
	assert_output 5
	assert_equal "$(wc -l <"$T/second")" 98
	assert_equal "$(grep -F -- "${paths[10]}" "$T/second" | cut -d' ' -f2)" \
		$(($(grep -F -- "${paths[10]}" "$T/first" | cut -d' ' -f2) + 4))
	run -0 list_opening "$T/third"
	assert_output 0
	cmp "$T/second" "$T/third"
	assert_equal "$(wc -l <"$MAIL/jo/mail-session.sizes")" 99
}

@test "list: a file that may still be changing is not remembered" {
	printf 'A: b\n' >"$MAIL/jo/new/1600000000.M1P1.mx"
	touch -d tomorrow "$MAIL/jo/new/1600000000.M1P1.mx"
	for _ in 1 2; do
		run -0 list_opening "$T/listing"
		assert_output 1
	done
}

@test "list: whatever happened to the file of sizes, the sizes are right" {
	foreign 60
	list_opening "$T/right"
	cp "$MAIL/jo/mail-session.sizes" "$T/whole"
	python3 - <<-'END'
		import os, random, subprocess
		t, cache = os.environ["T"], os.environ["MAIL"] + "/jo/mail-session.sizes"
		right, whole = (open(f"{t}/{name}", "rb").read() for name in ("right", "whole"))
		random.seed(7)
		lines = whole.splitlines(True)
		damaged = [b"", b"\n", b"x" * 100000, whole[:-1], whole[:700], whole[1:], whole + whole, whole + b"junk", bytes(5000),
		           b"".join(lines[:1] + lines[:0:-1]), b"".join(lines[:30] + lines[20:]), b"".join(lines[:10] + lines[40:]),
		           b"mail-session.sizes 2\n" + b"".join(lines[1:])]
		for _ in range(150):
		    at = random.randrange(len(whole))
		    damaged.append(whole[:at] + bytes([whole[at] ^ 1 << random.randrange(8)]) + whole[at + 1:])
		for content in damaged:
		    with open(cache, "wb") as file:
		        file.write(content)
		    for _ in range(2):
		        done = subprocess.run([os.environ["STORE"], "list"], env={**os.environ, "USER": "jo@example.org"},
		                              capture_output=True, check=True, timeout=60)
		        assert done.stdout == right and not done.stderr, (content[:80], done)
		    # What was of no use was replaced.
		    assert open(cache, "rb").read().startswith(whole) or content.startswith(whole), content[:80]
	END
}

# Many messages whose names tell all, in folders that have been left alone for a while.
many() {
	python3 - "$1" <<-'END'
		import os, sys
		folders = [f"{os.environ['MAIL']}/jo/{name}" for name in ("new", "cur")]
		for number in range(int(sys.argv[1])):
		    name = f"{1600000000 + number * 7919 % 100003}.M{number}P1.mx,S={number},W={number + 9}"
		    os.close(os.open(f"{folders[number % 2]}/{name}" + (":2,S" if number % 2 else ""), os.O_CREAT | os.O_WRONLY))
		for folder in folders:
		    os.utime(folder, ns=(1700000000123456789, 1700000000123456789))
	END
}

# Lists; the output goes to the file $1, the number of times that a folder was read is printed.
list_reading() {
	ASAN_OPTIONS=detect_leaks=0 USER=jo@example.org strace -qq -o "$T/trace" -e trace=getdents64 "$STORE" list >"$1" || return
	grep -c getdents64 "$T/trace" || :
}

@test "list: a long listing is kept until a folder changes" {
	many 40000
	cache=$MAIL/jo/mail-session.listing
	run -0 list_reading "$T/first"
	refute_output 0
	assert_equal "$(wc -l <"$T/first")" 40000
	cut -d' ' -f3 "$T/first" | sort -t. -k1,1n -k2,2 -c -s -k1,1n
	assert_equal "$(stat -c %a "$cache" "$MAIL/jo/mail-session.seal" | sort -u)" 600
	cmp "$T/first" "$cache"
	assert_equal "$(ls "$MAIL/jo/tmp")" ''
	run -0 list_reading "$T/second"
	assert_output 0
	cmp "$T/first" "$T/second"
	# A session that takes descriptors gets the file itself.
	python3 - <<-'END'
		import os, store
		for fds in (True, False):
		    with store.Store([os.environ["STORE"], "serve"], fds=fds, MAILDIR=os.environ["MAILDIR"]) as session:
		        with open(os.environ["T"] + "/first", "rb") as first:
		            assert session.call("list", USER="jo@example.org") == (0, first.read(), fds)
	END
	# A flag, a message that is gone, a new one: the folder's time tells.
	moment=1700000000
	# shellcheck disable=SC2034 # eval below uses it
	last=$(tail -1 "$T/first" | cut -d' ' -f1)
	for change in 'mv "$MAIL/jo/$last" "$MAIL/jo/cur/${last#*/}:2,F"' 'rm "$MAIL/jo/$(head -1 "$T/first" | cut -d" " -f1)"' \
		': >"$MAIL/jo/new/1900000000.M1P1.mx,S=0,W=0"'; do
		eval "$change"
		for _ in 1 2; do
			# The change was just now: what is listed may be changed once more in the same moment.
			run -0 list_reading "$T/changed"
			refute_output 0
		done
		run -1 cmp -s "$T/first" "$T/changed"
		touch -d "@$((++moment))" "$MAIL/jo/new" "$MAIL/jo/cur"
		run -0 list_reading "$T/first"
		refute_output 0
		cmp "$T/changed" "$T/first"
		run -0 list_reading "$T/changed"
		assert_output 0
		cmp "$T/changed" "$T/first"
	done
	assert_equal "$(wc -l <"$T/first")" 40000
}

@test "list: a program that sets the time of a folder back, as tar and rsync do, hides no change" {
	many 1200
	run -0 list_reading "$T/first"
	run -0 list_reading "$T/first"
	assert_output 0
	: >"$MAIL/jo/new/1900000000.M1P1.mx,S=0,W=0"
	touch -d @1700000000.123456789 "$MAIL/jo/new"
	run -0 list_reading "$T/changed"
	refute_output 0
	assert_equal "$(wc -l <"$T/changed")" 1201
}

@test "list: a listing that took long is not kept of folders that were just changed when it began" {
	many 1200
	touch "$MAIL/jo/new"
	ASAN_OPTIONS=detect_leaks=0 USER=jo@example.org strace -qq -o "$T/trace" -e trace=getdents64 \
		-e inject=getdents64:delay_enter=4500000:when=1 "$STORE" list >"$T/first"
	assert_equal "$(wc -l <"$T/first")" 1200
	[ ! -e "$MAIL/jo/mail-session.listing" ]
}

@test "list: a short listing is not kept, nor one of messages that were just written or cannot be read" {
	many 999
	run -0 list_reading "$T/first"
	[ ! -e "$MAIL/jo/mail-session.listing" ]
	many 1500
	printf 'A: b\n' >"$MAIL/jo/cur/1600000000.M1P1.mx"
	touch -d @1700000001 "$MAIL/jo/cur"
	run -0 list_reading "$T/first"
	[ ! -e "$MAIL/jo/mail-session.listing" ]
	assert_equal "$(ls "$MAIL/jo/tmp")" ''
	touch -d @1700000000 "$MAIL/jo/cur/1600000000.M1P1.mx"
	rm -f "$MAIL/jo/mail-session.sizes"
	ASAN_OPTIONS=detect_leaks=0 USER=jo@example.org run -0 --separate-stderr strace -qq -o "$T/trace" \
		-P 1600000000.M1P1.mx -e inject=openat:error=EIO "$STORE" list
	# shellcheck disable=SC2154 # run sets it
	[[ $stderr == *'maildir-store: left out of the listing: 1600000000.M1P1.mx'* ]]
	[ ! -e "$MAIL/jo/mail-session.listing" ]
	run -0 list_reading "$T/first"
	[ -e "$MAIL/jo/mail-session.listing" ]
}

@test "list: sizes that messages were looked at for are believed for an hour, and while the clock says so" {
	foreign 1200
	touch -d @1700000000 "$MAIL/jo/new" "$MAIL/jo/cur"
	run -0 list_reading "$T/first"
	run -0 list_reading "$T/second"
	assert_output 0
	cmp "$T/first" "$T/second"
	# Somebody writes to a message, which no Maildir program does.
	echo x >>"$MAIL/jo/$(tail -1 "$T/first" | cut -d' ' -f1)"
	run -0 list_reading "$T/second"
	assert_output 0
	seal=$MAIL/jo/mail-session.seal
	read -r magic version looked rest <"$seal"
	[ $(($(date +%s) - looked)) -lt 60 ]
	for moment in $((looked - 3600)) $((looked + 3600)); do
		echo "$magic $version $moment $rest" >"$seal"
		run -0 list_reading "$T/second"
		refute_output 0
		run -1 cmp -s "$T/first" "$T/second"
	done
	# What was just written to is not kept.
	run -0 list_reading "$T/third"
	refute_output 0
	cmp "$T/second" "$T/third"
}

@test "list: LISTING_CACHE says which listings are kept" {
	foreign 1200
	touch -d @1700000000 "$MAIL/jo/new" "$MAIL/jo/cur"
	for keeping in names no; do
		LISTING_CACHE=$keeping run -0 list_reading "$T/right"
		[ ! -e "$MAIL/jo/mail-session.listing" ]
	done
	LISTING_CACHE=yes run -0 list_reading "$T/listing"
	for keeping in '' yes; do
		LISTING_CACHE=$keeping run -0 list_reading "$T/listing"
		assert_output 0
	done
	for keeping in names no; do
		LISTING_CACHE=$keeping run -0 list_reading "$T/listing"
		refute_output 0
		cmp "$T/right" "$T/listing"
	done
	rm -r "$MAIL/jo/new" && mkdir "$MAIL/jo/new"
	rm -f "$MAIL/jo/cur/"*
	many 1200
	LISTING_CACHE=names run -0 list_reading "$T/listing"
	LISTING_CACHE=names run -0 list_reading "$T/listing"
	assert_output 0
	LISTING_CACHE=no run -0 list_reading "$T/listing"
	refute_output 0
	LISTING_CACHE=off USER=jo@example.org run -78 "$STORE" list
	assert_line 'maildir-store: LISTING_CACHE is none of yes, names and no'
}

@test "list: whatever happened to the kept listing, the listing is right" {
	many 1200
	python3 - <<-'END'
		import os, random, subprocess
		box = os.environ["MAIL"] + "/jo"
		cache = f"{box}/mail-session.listing"

		def listing():
		    return subprocess.run([os.environ["STORE"], "list"], env={**os.environ, "USER": "jo@example.org"},
		                          capture_output=True, check=True, timeout=60)
		right = listing().stdout
		seal = f"{box}/mail-session.seal"
		random.seed(11)

		def read(path):
		    with open(path, "rb") as file:
		        return file.read()
		assert read(cache) == right
		for path in (cache, seal):
		    whole = read(path)
		    damaged = [b"", b"\n", whole + whole, whole[:-1], whole[1:], whole[:4096] + whole[4097:], whole + b"x", whole + b"\n", bytes(5000),
		               bytes(len(whole)), whole[:8192] + bytes(len(whole[8192:])), whole.replace(b"seal 1", b"seal 2") + b"\n"]
		    for _ in range(100):
		        at = random.randrange(len(whole))
		        damaged.append(whole[:at] + bytes([whole[at] ^ 1 << random.randrange(8)]) + whole[at + 1:])
		    for content in damaged:
		        with open(path, "r+b") as file:
		            file.write(content)
		            file.truncate()
		        done = listing()
		        assert done.stdout == right and not done.stderr, (content[:80], done)
		        again = read(seal)
		        # What was of no use was replaced, and what replaced it is of use.
		        assert read(cache) == right and again.count(b"\n") == 1, content[:80]
		        done = listing()
		        assert done.stdout == right and read(seal) == again, (content[:80], done)
		# A listing of another Maildir, with its folders' times.
		os.rename(f"{box}/new", f"{box}/old")
		os.mkdir(f"{box}/new")
		os.utime(f"{box}/new", ns=(1700000000123456789, 1700000000123456789))
		assert len(listing().stdout.splitlines()) == 600
	END
	cache=$MAIL/jo/mail-session.listing
	export ASAN_OPTIONS=detect_leaks=0 USER=jo@example.org
	"$STORE" list >"$T/right"
	for file in "$cache" "$MAIL/jo/mail-session.seal"; do
		for kind in link fifo directory; do
			rm -rf "$file"
			case $kind in
			link) ln -s "$T/right" "$file" ;;
			fifo) mkfifo "$file" ;;
			directory) mkdir "$file" ;;
			esac
			timeout 20 "$STORE" list | cmp "$T/right"
			assert_equal "$(ls "$MAIL/jo/tmp")" ''
		done
		rm -rf "$file"
	done
	rm -rf "$MAIL/jo/new" && mv "$MAIL/jo/old" "$MAIL/jo/new"
	"$STORE" list >"$T/right"
	for inject in write:error=ENOSPC:when=1 renameat:error=EROFS getrandom:error=EIO; do
		rm -f "$cache"
		strace -qq -o "$T/trace" -e "inject=$inject" "$STORE" list >"$T/listing"
		grep -q INJECTED "$T/trace"
		cmp "$T/listing" "$T/right"
		[ ! -e "$cache" ]
		assert_equal "$(ls "$MAIL/jo/tmp")" ''
	done
}

@test "list: what lies in place of the file of sizes is not followed, and where it cannot be written no harm is done" {
	foreign 20
	list_opening "$T/right"
	cache=$MAIL/jo/mail-session.sizes
	for kind in link dangling fifo directory; do
		rm -rf "$cache"
		echo precious >"$T/precious"
		case $kind in
		link) ln -s "$T/precious" "$cache" ;;
		dangling) ln -s "$T/nowhere" "$cache" ;;
		fifo) mkfifo "$cache" ;;
		directory) mkdir "$cache" ;;
		esac
		USER=jo@example.org run -0 timeout 20 "$STORE" list
		assert_output "$(cat "$T/right")"
		assert_equal "$(cat "$T/precious")" precious
		[ ! -e "$T/nowhere" ]
		assert_equal "$(ls "$MAIL/jo/tmp")" ''
	done
	# Every error of every call that it takes; reading the messages is not at stake.
	rm -rf "$cache"
	export ASAN_OPTIONS=detect_leaks=0 USER=jo@example.org
	for inject in write:error=ENOSPC:when=1 renameat:error=EROFS getrandom:error=EIO sendfile:error=EIO; do
		rm -f "$cache"
		[ $inject != sendfile:error=EIO ] || {
			list_opening "$T/listing"
			echo x >>"$MAIL/jo/$(tail -1 "$T/listing" | cut -d' ' -f1)"
			list_opening "$T/right"
			touch -d @1600000002 "$MAIL/jo/$(tail -1 "$T/listing" | cut -d' ' -f1)"
		}
		strace -qq -o "$T/trace" -e "inject=$inject" "$STORE" list >"$T/listing" 2>"$T/said" || {
			# The listing itself is written as well.
			[ $inject = write:error=ENOSPC:when=1 ]
			cp "$T/right" "$T/listing"
		}
		grep -q INJECTED "$T/trace"
		cmp "$T/listing" "$T/right"
		assert_equal "$(ls "$MAIL/jo/tmp")" ''
	done
}

@test "list: a second reader, deliveries and renaming programs beside it (hardening 45)" {
	foreign 300
	python3 - <<-'END'
		import os, subprocess, threading
		jo, stop = os.environ["MAIL"] + "/jo", threading.Event()

		def rename():
		    turn = 0
		    while not stop.is_set():
		        turn += 1
		        for folder in ("new", "cur"):
		            for name in os.listdir(f"{jo}/{folder}"):
		                os.rename(f"{jo}/{folder}/{name}", f"{jo}/cur/{name.split(':')[0]}:2,{'FRS'[:turn % 4]}")

		def listing():
		    done = subprocess.run([os.environ["STORE"], "list"], env={**os.environ, "USER": "jo@example.org"},
		                          capture_output=True, check=True, timeout=60)
		    return {line.split()[2]: line.split()[1] for line in done.stdout.splitlines()}

		right = listing()
		assert len(right) == 300
		thread = threading.Thread(target=rename)
		thread.start()
		failures = []
		def read():
		    try:
		        for _ in range(25):
		            seen = listing()
		            # A rename during readdir(3) can hide a message from one listing; none is wrong or doubled.
		            assert all(right[uid] == size for uid, size in seen.items()), seen
		    except Exception as error:
		        failures.append(error)
		readers = [threading.Thread(target=read) for _ in range(3)]
		for reader in readers:
		    reader.start()
		for reader in readers:
		    reader.join()
		stop.set()
		thread.join()
		assert not failures, failures
		assert listing() == right
		assert not os.listdir(jo + "/tmp")
	END
}

@test "list: a login that runs out of time has not read in vain" {
	foreign 60
	list_opening "$T/first"
	# All but the last ones are read again, slowly.
	mapfile -t paths < <(cut -d' ' -f1 "$T/first")
	(cd "$MAIL/jo" && touch -d @1600000001 "${paths[@]:0:50}")
	ASAN_OPTIONS=detect_leaks=0 USER=jo@example.org run -137 strace -qq -o "$T/trace" -e trace=openat,close \
		-e inject=openat:delay_enter=150000 -e inject=close:signal=KILL:when=52 "$STORE" list
	run -0 list_opening "$T/second"
	[ "$output" -lt 40 ]
	[ "$output" -gt 0 ]
	cmp "$T/first" "$T/second"
}

@test "list: 100000 messages of other programs, in constant memory too (POP-035)" {
	foreign 100000
	python3 - <<-'END'
		import os, store
		def login():
		    with store.Store([os.environ["STORE"], "serve"], MAILDIR=os.environ["MAILDIR"]) as session:
		        def memory(what):
		            with open(f"/proc/{session.process.pid}/status", encoding="ascii") as status:
		                return next(int(line.split()[1]) for line in status if line.startswith(what))
		        before = memory("VmRSS:")
		        code, listing, _ = session.call("list", USER="jo@example.org")
		        peak = memory("VmHWM:") - before
		    assert code == 0 and listing.count(b"\n") == 100000
		    assert os.environ.get("SANITIZE") or peak <= 2048, peak
		    return listing
		assert login() == login()
	END
	run -0 list_opening "$T/listing"
	assert_output 0
}

@test "login removes what killed deliveries left in tmp 36 hours ago, and nothing else (hardening §3)" {
	(
		cd "$MAIL/jo"
		touch -d '37 hours ago' tmp/1.M1.old new/2.M1.old cur/3.M1.old:2,
		mkdir tmp/4.M1.directory
		touch -d '37 hours ago' tmp/4.M1.directory
		touch -d '35 hours ago' tmp/5.M1.young
		touch -m -d '37 hours ago' tmp/6.M1.read
		touch -a -d '37 hours ago' tmp/7.M1.written
		ln -s "$T/message" tmp/8.M1.link
		touch -h -d '37 hours ago' tmp/8.M1.link
		touch -d '37 hours ago' "$T/message"
	)
	cat >"$T/login" <<-'END'
		import os, store
		with store.Store([os.environ["STORE"], "serve"], MAILDIR=os.environ["MAILDIR"]) as session:
		    assert session.call("list", USER="jo@example.org")[0] == 0
	END
	python3 "$T/login"
	run ls "$MAIL/jo/tmp"
	assert_output "$(printf '%s\n' 4.M1.directory 5.M1.young 6.M1.read 7.M1.written 8.M1.link)"
	assert_equal "$(find "$MAIL/jo/new" "$MAIL/jo/cur" -type f | wc -l)" 2
	# Bounded: a login looks at a thousand entries, and the next ones at the rest.
	(cd "$MAIL/jo/tmp" && seq -f '%g.M1.old' 10000 10999 | xargs touch -d '37 hours ago')
	python3 "$T/login"
	[ "$(find "$MAIL/jo/tmp" -mindepth 1 | wc -l)" -lt 20 ]
	python3 "$T/login"
	assert_equal "$(find "$MAIL/jo/tmp" -mindepth 1 | wc -l)" 5
}

@test "one session at a time; the lock names its holder and dies with it (POP-016)" {
	python3 - <<-'END'
		import os, store
		def begin():
		    return store.Store([os.environ["STORE"], "serve"], MAILDIR=os.environ["MAILDIR"])
		first = begin()
		assert first.call("list", USER="jo@example.org") == (0, b"", False)
		for _ in range(2):
		    second = begin()
		    code, text, _ = second.call("list", USER="jo@example.org")
		    assert (code, text) == (75, b"[IN-USE] Another session uses this mailbox\n"), (code, text)
		    assert second.end() == 0
		    assert f"locked by: process {first.process.pid}\n".encode() in second.error, second.error
		# The first one is not disturbed, and mail comes in meanwhile.
		with begin() as delivery:
		    assert delivery.call("deliver", envelope=b"\njo@example.org\n", body=b"x\n")[0] == 0
		assert first.call("delete", USER="jo@example.org", body=b"new/1.gone\n")[0] == 0
		first.process.kill()
		first.process.wait()
		with begin() as third:
		    code, listing, _ = third.call("list", USER="jo@example.org")
		    assert code == 0 and listing.count(b"\n") == 1
		# An orderly end frees it as well.
		with begin() as fourth:
		    assert fourth.call("list", USER="jo@example.org")[0] == 0
	END
}

@test "a message renamed by another program during the session is still found (hardening 45)" {
	python3 - <<-'END'
		import os, store
		jo = os.environ["MAIL"] + "/jo/"
		for number in range(4):
		    with open(f"{jo}new/170000000{number}.M1P1Q{number}.h,S=2,W=3", "xb") as file:
		        file.write(b"%d\n" % number)
		with store.Store([os.environ["STORE"], "serve"], MAILDIR=os.environ["MAILDIR"]) as session:
		    ids = [line.split()[0].decode() for line in session.call("list", USER="jo@example.org")[1].splitlines()]
		    os.rename(jo + ids[0], jo + "cur/" + ids[0][4:] + ":2,")
		    os.rename(jo + ids[1], jo + "cur/" + ids[1][4:] + ":2,FRS")
		    os.rename(jo + ids[2], jo + "cur/" + ids[2][4:].split(",")[0] + ":2,S")
		    for number, name in enumerate(ids):
		        answer = session.call("retrieve", USER="jo@example.org", MESSAGE=name)
		        assert answer == (0, b"%d\n" % number, True), answer
		    # What is gone is gone for good, and was removed as wanted.
		    os.unlink(jo + ids[3])
		    assert session.call("retrieve", USER="jo@example.org", MESSAGE=ids[3])[0] == 69
		    assert session.call("delete", USER="jo@example.org", body="\n".join(ids).encode())[0] == 0
		assert not store.files(jo)
	END
}

@test "delete removes exactly those it was told, durably, in one go (POP-040, POP-041, hardening 46)" {
	for _ in 1 2 3 4; do
		deliver "$T/message" jo@example.org
	done
	export USER=jo@example.org
	"$STORE" list | cut -d' ' -f1 >"$T/ids"
	ASAN_OPTIONS=detect_leaks=0 run -0 strace -qq -y -o "$T/trace" -e trace=unlink,unlinkat,fsync "$STORE" delete \
		< <(sed -n '1p;3p' "$T/ids")
	run grep -oE '^[a-z]+' "$T/trace"
	assert_output "$(printf '%s\n' unlinkat unlinkat fsync fsync)"
	"$STORE" list | cut -d' ' -f1 | diff <(sed -n '2p;4p' "$T/ids") -
	run -0 "$STORE" delete </dev/null
	assert_equal "$(files jo | wc -l)" 2
}

@test "delete goes on after a failure, and says that something is left (POP-040)" {
	for _ in 1 2 3; do
		deliver "$T/message" jo@example.org
	done
	export USER=jo@example.org ASAN_OPTIONS=detect_leaks=0
	"$STORE" list | cut -d' ' -f1 >"$T/ids"
	run -75 strace -qq -o "$T/trace" -e inject=unlinkat:error=EIO:when=2 "$STORE" delete <"$T/ids"
	assert_line 'Some messages were not removed'
	"$STORE" list | cut -d' ' -f1 | diff <(sed -n 2p "$T/ids") -
	run -75 strace -qq -o "$T/trace" -e inject=fsync:error=EIO:when=1 "$STORE" delete <"$T/ids"
	run -75 "$STORE" delete <<<'no/id'
	run -75 "$STORE" delete < <(printf '%09000d\n' 0)
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

# ---- the co-process contract -------------------------------------------------------------------

@test "co-process: hello, every event, messages as bytes and as descriptors" {
	python3 - <<-'END'
		import os, store
		jo = os.environ["MAIL"] + "/jo"
		body = b"Subject: x\r\n\r\n" + os.urandom(300000) + b"\n"
		for argv in ([os.environ["STORE"], "serve"], [os.environ["STORE"]]):
		    with store.Store(argv) as session:
		        assert session.hello == {"hello": "1", "events": "rcpt deliver list size retrieve delete", "can": "fds"}
		        facts = {"MAILDIR": os.environ["MAILDIR"], "UNKNOWN": "a=b"}
		        def call(event, **rest):
		            return session.call(event, **facts, **rest)
		        assert call("rcpt", RECIPIENT="jo@example.org") == (0, b"", False)
		        assert call("rcpt", RECIPIENT="x@example.org") == (67, b"550 5.1.1 No such mailbox\n", False)
		        # A fact that is not told is not there, whatever came before.
		        assert call("rcpt")[0] == 67
		        # Refused calls take their bodies with them.
		        assert call("deliver", envelope=b"a@b\nx@example.org\n", body=body)[0] == 67
		        assert call("deliver", envelope=b"a@b\n", body=body)[0] == 75
		        assert call("deliver", envelope=b"a@b\njo@example.org\n", body=body, MESSAGE_SIZE=len(body)) == (0, b"", False)
		        with open(os.environ["T"] + "/body", "w+b") as file:
		            file.write(body)
		            file.flush()
		            # Its offset is of no account, and stays.
		            for _ in range(2):
		                assert call("deliver", envelope=b"\njo@example.org\njo@example.org\n", fd=file.fileno())[0] == 0
		            assert file.tell() == len(body)
		        paths = store.files(jo)
		        assert len(paths) == 5
		        for path in paths:
		            store.check_whole(path, body)
		        code, listing, _ = call("list", USER="jo@example.org")
		        lines = [line.split() for line in listing.decode().splitlines()]
		        assert code == 0 and len(lines) == 5
		        for name, size, _ in lines:
		            code, content, passed = call("retrieve", USER="jo@example.org", MESSAGE=name)
		            assert code == 0 and passed and content.endswith(body) and int(size) == store.wire(content)
		            assert call("size", USER="jo@example.org", MESSAGE=name) == (0, f"{size}\n".encode(), False)
		        ids = "".join(line[0] + "\n" for line in lines).encode()
		        assert call("delete", USER="jo@example.org", body=ids) == (0, b"", False)
		        assert call("expn")[0] == 75 and call("nonsense", body=b"x" * 100000)[0] == 75
		        assert call("list", USER="jo@example.org") == (0, b"", False)
		        assert session.end() == 0
	END
}

@test "co-process: an asker that takes no descriptors gets the message in parts" {
	python3 - <<-'END'
		import os, store
		body = os.urandom(200000)
		with store.Store([os.environ["STORE"], "serve"], fds=False, MAILDIR=os.environ["MAILDIR"]) as session:
		    assert session.call("deliver", envelope=b"\njo@example.org\n", body=body)[0] == 0
		    name = session.call("list", USER="jo@example.org")[1].split()[0].decode()
		    code, content, passed = session.call("retrieve", USER="jo@example.org", MESSAGE=name)
		    assert (code, passed) == (0, False) and content.endswith(body) and len(content) == len(body) + 45
	END
}

@test "co-process: whatever cannot be understood ends it, and stores nothing" {
	python3 - <<-'END'
		import os, socket, store
		whole = b"call=deliver\nMAILDIR=%s\nenvelope=17\nlength=100\n\n\njo@example.org\n\n" % os.environ["MAILDIR"].encode()
		garbage = [b"\0", b"GET / HTTP/1.0\r\n\r\n", b"=x\n\n", b"x" * 40000, b"k=v\n" * 200,
		           b"call=deliver\nlength=-1\n\n", b"call=deliver\nlength=99999999999999999999\n\n",
		           b"call=deliver\nenvelope=4194305\n\n", b"call=deliver\nlength=x\n\n", b"call=deliver\nfd=1\n\n",
		           b"call=deliver\nfd=2\n\n", b"call=deliver\nenvelope=10\n\nabc", whole + b"x" * 99, whole, whole[:-5]]
		for sent in garbage:
		    session = store.Store([os.environ["STORE"], "serve"])
		    session.socket.sendall(sent)
		    session.socket.shutdown(socket.SHUT_WR)
		    try:
		        while True:
		            answer = session.answer()
		            assert answer[0] == 75, (sent[:40], answer)
		    except (store.Ended, ConnectionResetError):
		        pass
		    status = session.end()
		    assert status == 75, (sent[:40], status)
		assert not store.files(os.environ["MAIL"] + "/jo")
	END
}

@test "co-process: records and bodies octet by octet" {
	python3 - <<-'END'
		import os, store
		with store.Store([os.environ["STORE"], "serve"], MAILDIR=os.environ["MAILDIR"]) as session:
		    for octet in b"call=deliver\nenvelope=16\nlength=9\n\n\njo@example.org\nSubject:\ncall=rcpt\nRECIPIENT=jo@example.org\n\n":
		        session.socket.send(bytes([octet]))
		    assert session.answer()[0] == 0 and session.answer()[0] == 0
		path, = store.files(os.environ["MAIL"] + "/jo")
		store.check_whole(path, b"Subject:\n")
	END
}

# ---- faults ------------------------------------------------------------------------------------

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
	truncate -s 32M "$T/disk"
	mke2fs -q -t ext4 "$T/disk"
	mkdir "$T/before" "$T/after"
	unshare -m mount -o loop "$T/disk" "$T/before" 2>/dev/null || skip "kernel: no loop mounts here"
	head -c 3000000 /dev/urandom >"$T/big"
	# The image is copied while the file system holds back all that nobody asked to have written.
	run -0 unshare -m bash -euc '
		mount -o loop,commit=300 "$T/disk" "$T/before"
		export MAILDIR=$T/before/%n SENDER=
		"$STORE" create jo ann
		for message in message big message; do
			printf "%s\n" "" jo ann >"$T/envelope"
			"$STORE" deliver <"$T/$message" 3<"$T/envelope"
		done
		cp "$T/disk" "$T/copy"
		mount -o loop "$T/copy" "$T/after"
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
