#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# maildir-pop3 - maildir-store as a maildrop: messages, unique-ids, locks, deletion; and the co-process contract.
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # quoted for the shell inside; variables come from lib/store; tests share none

bats_require_minimum_version 1.5.0
load lib/store

setup() {
	maildir_setup
}

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

# ---- the co-process contract -------------------------------------------------------------------

@test "co-process: hello, every event, messages as bytes and as descriptors" {
	python3 - <<-'END'
		import os, store
		jo = os.environ["MAIL"] + "/jo"
		body = b"Subject: x\r\n\r\n" + os.urandom(300000) + b"\n"
		for argv in ([os.environ["STORE"], "serve"], [os.environ["STORE"]]):
		    with store.Store(argv) as session:
		        assert session.hello == {"hello": "1", "events": "rcpt deliver list size retrieve delete", "can": "fds ahead"}
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
