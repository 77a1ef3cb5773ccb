#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# mbox - mbox-store by both contracts: what it stores, what it refuses, and whole sessions. Beside it mbox-others and mbox-faults.
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # quoted for the shell inside; variables come from lib/store; tests share none

bats_require_minimum_version 1.5.0
load lib/store

setup() {
	mbox_setup
}

# ---- which mailboxes there are -----------------------------------------------------------------

@test "create makes a mailbox, says so, and does no harm to one that is there" {
	MBOX=$T/new/%d/%n run -0 "$STORE" create ann@Example.org
	assert_output "created $T/new/example.org/ann"
	assert_equal "$(stat -c %a:%s "$T/new/example.org/ann")" 600:0
	deliver "$T/message" jo
	size=$(stat -c %s "$MAIL/jo")
	run -0 "$STORE" create jo
	assert_output "exists already: $MAIL/jo"
	assert_equal "$(stat -c %s "$MAIL/jo")" "$size"
	run -1 "$STORE" create jo.lock
	run -1 "$STORE" create ../jo
	assert_output 'mbox-store: MBOX gives this name no mailbox: ../jo'
	MBOX='' run -1 "$STORE" create jo
	assert_line --partial 'MBOX is not set'
	run -64 "$STORE" nonsense
	run -0 "$STORE" --help
	assert_line 'usage: mbox-store EVENT     answer one event: rcpt deliver list retrieve top delete'
}

@test "rcpt: there is a mailbox where there is its file, and no opinion while the disk is not there" {
	RECIPIENT=jo run -0 "$STORE" rcpt
	RECIPIENT=jo@example.org run -0 "$STORE" rcpt
	RECIPIENT=ann run -67 "$STORE" rcpt
	assert_output '550 5.1.1 No such mailbox'
	RECIPIENT=jo MBOX=$T/unmounted/%n run -75 "$STORE" rcpt
	assert_line '451 4.3.0 The mailbox cannot be used now'
	RECIPIENT=jo MBOX='' run -78 "$STORE" rcpt
	run -67 "$STORE" rcpt
	run -67 deliver "$T/message" ann
	USER=ann run -67 "$STORE" list
	[ ! -e "$MAIL/ann" ]
}

@test "rcpt: where the pattern names the file itself, its directory says that there is a mailbox" {
	export MBOX=$T/home/%n/mbox
	mkdir -p "$T/home/ann"
	RECIPIENT=jo run -67 "$STORE" rcpt
	RECIPIENT=ann run -0 "$STORE" rcpt
	USER=ann run -0 "$STORE" list
	assert_output ''
	[ ! -e "$T/home/ann/mbox" ]
	run -0 deliver "$T/message" ann
	assert_equal "$(stat -c %a "$T/home/ann/mbox")" 600
	USER=ann run -0 "$STORE" list
	assert_equal "${#lines[@]}" 1
	assert_equal "$(ls "$T/home/ann")" mbox
}

@test "no name leads out of the mail directory or to a file beside a mailbox (hardening 30)" {
	echo 'From x' >"$T/outside"
	: >"$MAIL/jo.lock"
	: >"$MAIL/jo.session"
	: >"$MAIL/jo.rewrite"
	for name in ../outside . .. a/b .jo '' jo.lock jo.session jo.rewrite 'jo.rewrite~' "$(printf '%0300d' 0)"; do
		RECIPIENT=$name run -67 "$STORE" rcpt
		USER=$name run ! "$STORE" list
		[ "$output" = "No such mailbox" ] || [ -z "$name" ]
	done
}

@test "symbolic links, hard links, FIFOs and directories in place of a mailbox: later, and nothing is touched (hardening 42)" {
	echo precious >"$T/precious"
	for kind in link dangling hard fifo directory; do
		rm -rf "$MAIL/jo"
		case $kind in
		link) ln -s "$T/precious" "$MAIL/jo" ;;
		dangling) ln -s "$T/nowhere" "$MAIL/jo" ;;
		hard) ln "$T/precious" "$MAIL/jo" ;;
		fifo) mkfifo "$MAIL/jo" ;;
		directory) mkdir "$MAIL/jo" ;;
		esac
		RECIPIENT=jo run -75 timeout 60 "$STORE" rcpt
		RECIPIENT=jo run -75 timeout 60 "$STORE" deliver <"$T/message" 3<&-
		run -75 timeout 60 "$STORE" list
		MESSAGE=0.9.0000000000000000 run -75 timeout 60 "$STORE" retrieve
		run -75 timeout 60 "$STORE" delete <<<0.9.0000000000000000
		assert_equal "$(cat "$T/precious")" precious
		[ ! -e "$T/nowhere" ]
	done
	rm -rf "$MAIL" "$T/elsewhere"
	mkdir -p "$T/elsewhere" "$T/home"
	cp "$T/precious" "$T/elsewhere/mbox"
	ln -s "$T/elsewhere" "$T/home/jo"
	RECIPIENT=jo MBOX=$T/home/%n/mbox run -75 "$STORE" deliver <"$T/message" 3<&-
	assert_equal "$(cat "$T/elsewhere/mbox")" precious
}

@test "what lies in place of the files beside a mailbox is not followed (hardening 42)" {
	for _ in 1 2 3; do
		deliver "$T/message" jo
	done
	for name in lock session rewrite 'rewrite~'; do
		for kind in link directory; do
			echo precious >"$T/precious"
			case $kind in
			link) ln -s "$T/precious" "$MAIL/jo.$name" ;;
			directory) mkdir "$MAIL/jo.$name" ;;
			esac
			touch -h -d '1 hour ago' "$MAIL/jo.$name"
			timeout 300 python3 - <<-'END'
				import os, store
				with store.Store([os.environ["STORE"], "serve"], MBOX=os.environ["MBOX"]) as session:
				    code, listing, _ = session.call("list", USER="jo")
				    assert code in (0, 75), (code, listing)
				    names = [line.split()[0] for line in listing.splitlines()] if code == 0 else []
				    assert session.call("delete", USER="jo", body=b"".join(name + b"\n" for name in names[:1]))[0] in (0, 75)
			END
			assert_equal "$(cat "$T/precious")" precious
			rm -rf "$MAIL/jo.$name"
		done
	done
}

@test "a mailbox of somebody else is not used (hardening 42)" {
	[ "$(id -u)" = 0 ] || skip "kernel: needs root to be somebody else"
	chown 1234 "$MAIL/jo"
	run -75 deliver "$T/message" jo
	assert_line --partial 'Operation not permitted'
	run -75 "$STORE" list
	assert_equal "$(stat -c %s "$MAIL/jo")" 0
}

# ---- deliver -----------------------------------------------------------------------------------

@test "deliver: separator, Return-Path and Delivered-To, quoted lines, a blank line (SMTP-070, LMTP-023)" {
	printf 'Subject: x\n\nFrom me\n>From you\n>>From them\nFrom\n From us\nFrom: all\nno end' >"$T/message"
	SENDER='' TZ=Asia/Tokyo run -0 deliver "$T/message" jo@Example.org
	run -0 cat "$MAIL/jo"
	assert_line --index 0 --regexp '^From MAILER-DAEMON [A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} 20[0-9]{2}$'
	assert_equal "$(tail -n +2 "$MAIL/jo"; echo .)" "$(printf '%s\n' 'Return-Path: <>' 'Delivered-To: jo@Example.org' 'Subject: x' '' \
		'>From me' '>>From you' '>>>From them' From ' From us' 'From: all' 'no end' '' .)"
	SENDER='"a b"@example.net' run -0 deliver "$T/message" jo
	run -0 grep -c '^From "a_b"@example.net ' "$MAIL/jo"
	assert_output 1
}

@test "deliver: whatever other programs left at the end, the next message is one of its own" {
	for end in '' 'From a b\n' 'From a b\n\n' 'From a b\nA: b\n\nx' 'From a b\nA: b\n\nx\n' 'From a b\nA: b\n\nx\n\n' \
		'From a b\r\nA: b\r\n\r\nx\r\n\r\n' 'From a b\r\nA: b\r\n\r\nx\r\n' 'From a b\nA: b\n\nx\n\n\n\n'; do
		# shellcheck disable=SC2059
		printf "$end" >"$MAIL/jo"
		"$STORE" list | cut -d' ' -f3 >"$T/before"
		run -0 deliver "$T/message" jo
		"$STORE" list | cut -d' ' -f3 >"$T/after"
		assert_equal "$(wc -l <"$T/after")" $(($(wc -l <"$T/before") + 1))
		head -n -1 "$T/after" | cmp "$T/before" -
	done
}

@test "every message comes back as it was, with the size that was listed (POP-023, POP-024)" {
	python3 - <<-'END'
		import mbox, os, random, store
		random.seed(3)
		bits = [b"From ", b"From", b">", b">>From me\n", b"From a b\n", b"\nFrom x\n", b"\n", b"\r\n", b"\r", b"\0", b"\xff\xfe", b".\n",
		        b"text ", b"A: b\n", b"Status: RO\n", b">" * 100, b" From "]
		nasty = [b"\n", b"From ", b"From x\n", b"A: b", b"A: b\n", b"A: b\n\n", b"A: b\r\n\r\nx\r\n", b"\0", b"\n\n\n\n", b"A: b\n\n\n\nFrom \n\n\n",
		         b">" * 200000 + b"From x", b">" * 65535 + b"From x\n", b">" * 65536, b"A: b\n\n" + b"x" * 300000, b"x" * 65535 + b"\nFrom x\n"]
		nasty += [b"A: b\n" + b"y" * (65536 - 60 + number) + b"\n\nFrom x\n>From y\n\nFrom z\n" for number in range(-6, 60)]
		nasty += [b"".join(random.choice(bits) for _ in range(random.randrange(1, 40))) for _ in range(400)]
		argv, environment = [os.environ["STORE"]], {"MBOX": os.environ["MBOX"]}
		for fds in (True, False):
		    open(os.environ["MAIL"] + "/jo", "wb").close()
		    with store.Store([*argv, "serve"], fds=fds, **environment) as session:
		        assert session.hello == {"hello": "1", "events": "rcpt deliver list retrieve top delete", "can": "fds ahead"}
		        for text in nasty:
		            assert session.call("deliver", envelope=b"\njo\n", body=text, MESSAGE_SIZE=len(text)) == (0, b"", False), text[:50]
		        code, lines, _ = session.call("list", USER="jo")
		        rows = [line.split() for line in lines.decode().splitlines()]
		        assert code == 0 and len(rows) == len(nasty), (code, len(rows))
		        assert len({row[2] for row in rows}) == len(rows)
		        for (name, size, _), text in zip(rows, nasty):
		            code, got, _ = session.call("retrieve", USER="jo", MESSAGE=name)
		            end = b"" if text.endswith(b"\n") else b"\n"
		            header = b"Return-Path: <>%b\nDelivered-To: jo%b\n"
		            crlf = text.split(b"\n")[0].endswith(b"\r") and b"\n" in text
		            header %= (b"\r", b"\r") if crlf else (b"", b"")
		            assert code == 0 and got == header + text + end, (text[:80], got[:120])
		            assert int(size) == store.wire(got), (text[:80], size, store.wire(got))
		            for lines in (0, 1, 3, 1000000):
		                code, top, _ = session.call("top", USER="jo", MESSAGE=name, TOP_LINES=lines)
		                taken, left = b"", None
		                for line in [part + b"\n" for part in got.split(b"\n")[:-1]]:
		                    if left == 0:
		                        break
		                    taken += line
		                    if left is None:
		                        if line in (b"\n", b"\r\n"):
		                            left = lines
		                    else:
		                        left -= 1
		                assert code == 0 and top == taken, (text[:80], lines, top[:100], taken[:100])
		    assert mbox.messages(os.environ["MAIL"] + "/jo") == mbox.listing(argv, **environment)[0]
	END
}

@test "deliver: a message that ended early is not stored (hardening 71)" {
	MESSAGE_SIZE=19 run -75 deliver "$T/message" jo
	: >"$T/empty"
	run -75 deliver "$T/empty" jo
	assert_equal "$(stat -c %s "$MAIL/jo")" 0
	MESSAGE_SIZE=18 run -0 deliver "$T/message" jo
}

@test "deliver: synced before success, and the mailbox is unlocked after (hardening 74)" {
	ASAN_OPTIONS=detect_leaks=0 RECIPIENT=jo run -0 strace -qq -y -o "$T/trace" -e trace=pwritev,fsync,unlinkat \
		"$STORE" deliver <"$T/message" 3<&-
	run grep -oE '^[a-z]+|/jo>|jo.lock' "$T/trace"
	assert_output "$(printf '%s\n' pwritev '/jo>' fsync '/jo>' unlinkat jo.lock)"
	assert_equal "$(ls "$MAIL")" jo
}

@test "deliver: all recipients or none, however the failure comes" {
	for user in ann bob; do
		"$STORE" create "$user" >/dev/null
		deliver "$T/message" "$user"
	done
	cp "$MAIL/ann" "$T/ann"
	run -67 deliver "$T/message" nobody
	run -75 deliver "$T/message" ann jo ann nobody bob
	assert_output '451 4.2.1 The mailbox of a recipient is gone'
	cmp "$MAIL/ann" "$T/ann"
	assert_equal "$(stat -c %s "$MAIL/jo")" 0
	RECIPIENT='' run -75 "$STORE" deliver <"$T/message" 3<&-
	assert_output --partial '451 4.3.0 There is no recipient'
	run -0 deliver "$T/message" ann jo ann bob
	for user in ann bob jo; do
		USER=$user "$STORE" list | wc -l
	done >"$T/counts"
	assert_equal "$(xargs <"$T/counts")" '3 2 1'
	assert_equal "$(find "$MAIL" -type f | wc -l)" 3
}

# ---- POP3 --------------------------------------------------------------------------------------

@test "list: what is no mbox is not served, and junk behind one is part of its last message" {
	echo 'Dear friend' >"$MAIL/jo"
	run -75 "$STORE" list
	assert_line --partial 'cannot list the mailbox: jo'
	printf '\n\n\nFrom a b\nA: b\n\ntext\nFrom the body\nx\n\nFrom c d\nA: c\n' >"$MAIL/jo"
	run -0 "$STORE" list
	assert_equal "${#lines[@]}" 2
	assert_line --index 0 --regexp '^3\.[0-9]+\.[0-9a-f]{16} 32 [0-9a-f]{16}$'
	MESSAGE=$(cut -d' ' -f1 <<<"${lines[0]}") run -0 "$STORE" retrieve
	assert_output "$(printf 'A: b\n\ntext\nFrom the body\nx')"
	for id in '' x 0.0.0 1.2.3 3.25.0123456789abcdef 99999.5.0123456789abcdef 99999999999999999999.1.0123456789abcdef \
		3.9223372036854775807.0123456789abcdef; do
		MESSAGE=$id run -69 "$STORE" retrieve
		run -75 "$STORE" delete <<<"$id"
	done
	assert_equal "$(grep -c ^From "$MAIL/jo")" 3
}

@test "unique-ids stay when notes are taken and messages go, and differ for messages that are alike (POP-033)" {
	python3 - <<-'END'
		import mbox, os
		path, argv, environment = os.environ["MAIL"] + "/jo", [os.environ["STORE"]], {"MBOX": os.environ["MBOX"]}
		texts = [b"Subject: %d\nX-Status: F\n more\nTo: x\n\nbody\n" % (number % 7) for number in range(40)]
		def write(texts):
		    with open(path, "wb") as file:
		        for text in texts:
		            file.write(b"From a@b Sat Nov 21 13:14:15 2026\n" + text + b"\n")
		write(texts)
		before = mbox.listing(argv, **environment)[1]
		assert len(set(before)) == 40
		assert mbox.listing(argv, **environment)[1] == before
		write([text.replace(b"X-Status: F\n more\n", b"").replace(b"\n\n", b"\nstatus: RO\nX-UID: 5\nContent-Length: 5\nLines: 1\n\n")
		       for text in texts])
		assert mbox.listing(argv, **environment)[1] == before
		# Other bodies and other headers are other messages.
		write([text.replace(b"body", b"Body") for text in texts])
		assert not set(mbox.listing(argv, **environment)[1]) & set(before)
		write([text.replace(b"To", b"Cc") for text in texts])
		assert not set(mbox.listing(argv, **environment)[1]) & set(before)
		write(texts[:3] + texts[4:7])
		assert mbox.listing(argv, **environment)[1] == before[:3] + before[4:7]
	END
}

@test "100000 messages: one pass, in memory that is bounded; alike ones too (POP-035)" {
	python3 - <<-'END'
		import os, store
		for text in (b"A: %d\n\nbody\n", b"A: b%.0d\n\nbody\n"):
		    with open(os.environ["MAIL"] + "/jo", "wb") as file:
		        for number in range(100000):
		            file.write(b"From a@b Sat Nov 21 13:14:15 2026\n" + text % number + b"\n")
		    with store.Store([os.environ["STORE"], "serve"], MBOX=os.environ["MBOX"]) as session:
		        def memory(what):
		            with open(f"/proc/{session.process.pid}/status", encoding="ascii") as status:
		                return next(int(line.split()[1]) for line in status if line.startswith(what))
		        before = memory("VmRSS:")
		        code, listing, _ = session.call("list", USER="jo")
		        grown, peak = memory("VmRSS:") - before, memory("VmHWM:") - before
		        assert code == 0
		        rows = [line.split() for line in listing.splitlines()]
		        assert len({row[2] for row in rows}) == len(rows) == 100000
		        assert os.environ.get("SANITIZE") or (peak <= 2048 and grown <= 512), (peak, grown)
		        # Every second one goes, by one rewrite.
		        ids = b"".join(row[0] + b"\n" for row in rows[::2])
		        assert session.call("delete", USER="jo", body=ids) == (0, b"", False)
		        code, listing, _ = session.call("list", USER="jo")
		        assert code == 0 and listing.count(b"\n") == 50000
	END
}

@test "delete: exactly those it was told, in any order, twice named ones too (POP-040, POP-041)" {
	python3 - <<-'END'
		import mbox, os, random, store
		random.seed(5)
		path, argv, environment = os.environ["MAIL"] + "/jo", [os.environ["STORE"]], {"MBOX": os.environ["MBOX"]}
		for turn in range(60):
		    texts = [b"A: %d\n\n" % number + b"x\n" * random.choice((0, 1, 5, 100000, 40)) for number in range(random.randrange(1, 12))]
		    with open(path, "wb") as file:
		        file.write(b"".join(b"From a b\n" + text + b"\n" for text in texts)[:None if turn % 2 else -1])
		    got, uids, ids = mbox.listing(argv, **environment)
		    marked = random.sample(range(len(texts)), random.randrange(len(texts) + 1))
		    inode = os.stat(path).st_ino
		    with store.Store([*argv, "serve"], **environment) as session:
		        body = "".join(ids[number] + "\n" for number in marked + marked[:1]).encode()
		        assert session.call("delete", USER="jo", body=body) == (0, b"", False)
		        assert os.stat(path).st_ino == inode
		    rest = [number for number in range(len(texts)) if number not in marked]
		    left, left_uids, _ = mbox.listing(argv, **environment)
		    assert left == [got[number] for number in rest], (marked, len(texts))
		    assert left_uids == [uids[number] for number in rest]
		    assert mbox.messages(path) == left
		    assert os.listdir(os.environ["MAIL"]) == ["jo"]
	END
}

@test "a message that another program moved or changed is gone, and never taken for another" {
	python3 - <<-'END'
		import mbox, os, store
		path = os.environ["MAIL"] + "/jo"
		texts = [b"A: %d\n\nsame length\n" % number for number in range(4)]
		def write(texts):
		    with open(path, "wb") as file:
		        file.write(b"".join(b"From a b\n" + text + b"\n" for text in texts))
		write(texts)
		with store.Store([os.environ["STORE"], "serve"], MBOX=os.environ["MBOX"]) as session:
		    ids = [line.split()[0].decode() for line in session.call("list", USER="jo")[1].splitlines()]
		    # The first is gone, so that the others are where their neighbours were.
		    write(texts[1:])
		    for name in ids:
		        code, text, _ = session.call("retrieve", USER="jo", MESSAGE=name)
		        assert (code, text) == (69, b"The message is gone\n"), (code, text)
		    code, text, _ = session.call("delete", USER="jo", body="\n".join(ids).encode())
		    assert (code, text) == (75, b"Some messages were not removed\n"), (code, text)
		    assert mbox.messages(path) == texts[1:]
		    # One is still there.
		    write([texts[0], texts[2], texts[1], texts[3]])
		    code, text, _ = session.call("delete", USER="jo", body="\n".join(ids[:3]).encode())
		    assert code == 75 and mbox.messages(path) == [texts[2], texts[1], texts[3]]
		    os.unlink(path)
		    assert session.call("retrieve", USER="jo", MESSAGE=ids[0])[0] == 69
		    assert session.call("delete", USER="jo", body=ids[0].encode())[0] == 75
		    assert session.call("list", USER="jo")[:2] == (0, b"")
	END
}

# ---- whole sessions ----------------------------------------------------------------------------

@test "mail goes in by SMTP and comes out by POP3, and is deleted at QUIT" {
	mkdir -p "$T/B"
	ln -s "$STORE" "$T/B/serve"
	printf 'MBOX=%s\n' "$MBOX" >"$T/B/env"
	printf '#!/bin/sh\nexport USER=jo\nexec "$@"\n' >"$T/B/auth"
	chmod 755 "$T/B/auth"
	BIN=$(dirname "$STORE") B=$T/B python3 - <<-'END'
		import os, socket, subprocess
		def talk(program, *said):
		    ours, theirs = socket.socketpair()
		    ours.settimeout(300)
		    with theirs:
		        process = subprocess.Popen([f"{os.environ['BIN']}/{program}", os.environ["B"]], stdin=theirs, stdout=theirs,
		                                   stderr=subprocess.DEVNULL, env={**os.environ, "MAILSESSION_HOSTNAME": "mx.example.org",
		                                                                   "MAILSESSION_INSECURE_AUTH": "always"})
		    answer = b""
		    with ours, ours.makefile("rb") as file:
		        ours.sendall(b"".join(said))
		        ours.shutdown(socket.SHUT_WR)
		        answer = file.read()
		    assert process.wait(timeout=300) == 0
		    return answer.decode("latin-1")
		sent = talk("smtp-session", b"EHLO x\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<no@example.org>\r\nRCPT TO:<jo@example.org>\r\nDATA\r\n"
		            b"Subject: one\r\n\r\nFrom me\r\n>From you\r\n..dot\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<jo@example.org>\r\nDATA\r\n"
		            b"Subject: two\r\n\r\nbody\r\n.\r\nQUIT\r\n")
		assert sent.count("\r\n250 2.0.0") == 2 and "\r\n550 5.1.1" in sent, sent
		login = b"USER jo\r\nPASS x\r\n"
		got = talk("pop3-session", login, b"STAT\r\nUIDL\r\nRETR 1\r\nTOP 2 0\r\nDELE 1\r\nQUIT\r\n")
		assert "\r\n\r\nFrom me\r\n>From you\r\n..dot\r\n.\r\n" in got, got
		assert "Subject: two\r\n\r\n.\r\n" in got and "+OK 2 " in got, got
		got = talk("pop3-session", login, b"STAT\r\nRETR 1\r\nDELE 1\r\n")
		assert "+OK 1 " in got and "Subject: two" in got, got
		# No QUIT, nothing removed (POP-043).
		got = talk("pop3-session", login, b"STAT\r\nQUIT\r\n")
		assert "+OK 1 " in got, got
		assert os.listdir(os.environ["MAIL"]) == ["jo"]
	END
}
