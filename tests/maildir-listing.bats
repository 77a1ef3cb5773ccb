#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# maildir-listing - the sizes and listings that maildir-store keeps: when they are believed, and what may be wrong with them.
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # quoted for the shell inside; variables come from lib/store; tests share none

bats_require_minimum_version 1.5.0
load lib/store

setup() {
	maildir_setup
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
		                              capture_output=True, check=True, timeout=300)
		        assert done.stdout == right and not done.stderr, (content[:80], done)
		    # What was of no use was replaced.
		    assert open(cache, "rb").read().startswith(whole) or content.startswith(whole), content[:80]
	END
}

@test "list: a size in a name that is none is not believed" {
	for size in 1099511627776 99999999999999999999 -1 6x; do
		printf 'A: b\n' >"$MAIL/jo/new/1600000000.M1P1.mx,S=5,W=$size"
		USER=jo@example.org run -0 "$STORE" list
		assert_output "new/1600000000.M1P1.mx,S=5,W=$size 6 1600000000.M1P1.mx"
		rm "$MAIL/jo/new/1600000000.M1P1.mx,S=5,W=$size"
	done
}

@test "list: where a directory does not tell what is a file, nothing is hidden that cannot be looked at" {
	printf 'A: b\n' >"$MAIL/jo/new/1600000000.M1P1.mx,S=5,W=6"
	mkdir "$MAIL/jo/new/1600000001.M1P1.mx,S=5,W=6"
	# The entries of the folder as the kernel writes them, of no type.
	unknown=$(python3 - <<-'END'
		import ctypes, os
		block = ctypes.create_string_buffer(4096)
		folder = os.open(os.environ["MAIL"] + "/jo/new", os.O_RDONLY)
		syscall = {"x86_64": 217, "aarch64": 61}[os.uname().machine]
		count, at = ctypes.CDLL(None).syscall(syscall, folder, block, len(block)), 0
		while at < count:
		    block[at + 18] = b"\0"
		    at += int.from_bytes(block[at + 16:at + 18], "little")
		print(block[:count].hex())
	END
	)
	export ASAN_OPTIONS=detect_leaks=0 USER=jo@example.org
	for error in '' EIO; do
		run -0 --separate-stderr strace -qq -o "$T/trace" -e inject="getdents64:when=1:poke_exit=@arg2=$unknown" \
			-e "${error:+inject=newfstatat:error=}${error:-trace=getdents64}" "$STORE" list
		assert_line 'new/1600000000.M1P1.mx,S=5,W=6 6 1600000000.M1P1.mx'
		# A directory does no harm where it is taken for a message: it cannot be retrieved.
		[ -n "$error" ] || assert_equal "${#lines[@]}" 1
	done
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

@test "list: a kept listing that does not hold is not read, however large it is" {
	many 1200
	run -0 list_reading "$T/first"
	for change in 'truncate -s 2T "$MAIL/jo/mail-session.listing"' 'touch "$MAIL/jo/new"'; do
		eval "$change"
		ASAN_OPTIONS=detect_leaks=0 USER=jo@example.org timeout 60 strace -qq -o "$T/trace" -e trace=pread64 "$STORE" list >"$T/listing"
		cmp "$T/listing" "$T/first"
		run -1 grep -F "$(head -c 20 "$T/first")" "$T/trace"
	done
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

@test "list: a folder whose time is set back in the moment of a listing is not taken to have been left alone" {
	many 1200
	# As fstat(2) tells of a folder that changed when it was looked at; and then, with its time set back, once more.
	facts() {
		python3 - "$1" <<-'END'
			import ctypes, os, struct, sys
			path, block = os.environ["MAIL"] + "/jo/new", ctypes.create_string_buffer(144)
			number = {"x86_64": 262, "aarch64": 79}[os.uname().machine]
			assert ctypes.CDLL(None).syscall(number, -100, path.encode(), block, 0) == 0
			changed = os.stat(path).st_ctime_ns
			changed = struct.pack("qq", changed // 10**9, changed % 10**9)
			assert block.raw.count(changed) == 1
			print(block.raw.replace(changed, struct.pack("qq", int(sys.argv[1]), 123456789))[:128].hex())
		END
	}
	for moment in 4000000000 1700000000; do
		rm -f "$MAIL/jo/mail-session.listing"
		facts=$(facts "$moment")
		ASAN_OPTIONS=detect_leaks=0 USER=jo@example.org strace -qq -o "$T/trace" -P "$MAIL/jo/new" -e trace=fstat,newfstatat \
			-e inject="fstat:poke_exit=@arg2=$facts" -e inject="newfstatat:poke_exit=@arg3=$facts" "$STORE" list >"$T/first"
		grep -q INJECTED "$T/trace"
		assert_equal "$(wc -l <"$T/first")" 1200
		[ -e "$MAIL/jo/mail-session.listing" ] && kept=yes || kept=no
		assert_equal "$kept" "$([ "$moment" = 1700000000 ] && echo yes || echo no)"
	done
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
	touch -d '1 hour' "$MAIL/jo/cur/1600000000.M1P1.mx"
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
	# Somebody writes to a message, which no Maildir program does, and not long ago, however long this takes.
	last=$MAIL/jo/$(tail -1 "$T/first" | cut -d' ' -f1)
	echo x >>"$last"
	touch -d '1 hour' "$last"
	run -0 list_reading "$T/second"
	assert_output 0
	seal=$MAIL/jo/mail-session.seal
	read -r magic version looked rest <"$seal"
	[ $(($(date +%s) - looked)) -lt 600 ]
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
		                          capture_output=True, check=True, timeout=300)
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
			timeout 60 "$STORE" list | cmp "$T/right"
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
		USER=jo@example.org run -0 timeout 60 "$STORE" list
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
		                          capture_output=True, check=True, timeout=300)
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

@test "list: any number of files with one unique part is one message" {
	python3 - <<-'END'
		import os
		new = os.environ["MAIL"] + "/jo/new/"
		for number in range(44000):
		    os.close(os.open(f"{new}1700000000.M1P1.mx,S=1,W=1,N={number}:2,", os.O_CREAT | os.O_WRONLY))
		for number in range(3000):
		    os.close(os.open(f"{new}{1600000000 + number}.M1P1.mx,S=1,W=1:2,", os.O_CREAT | os.O_WRONLY))
	END
	run -0 list_reading "$T/listing"
	cut -d. -f1 "$T/listing" | cut -c5- | cmp <(seq 1600000000 1600002999 && echo 1700000000)
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
