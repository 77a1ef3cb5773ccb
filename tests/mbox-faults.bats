#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# mbox-faults - what mbox-store survives: failures of system calls, kills, full disks, the loss of power.
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # quoted for the shell inside; variables come from lib/store; tests share none

bats_require_minimum_version 1.5.0
load lib/store

setup() {
	mbox_setup
}

@test "every system call fails once: no message is lost, none is there twice (hardening 71, 75)" {
	for event in deliver delete; do
		mkdir "$T/$event"
		run -0 python3 tests/lib/mbox.py errors $event "$STORE" "$T/$event"
	done
}

@test "killed at every system call, and other mail comes before anybody looks: no message is lost (hardening 72)" {
	for event in deliver delete; do
		mkdir "$T/$event"
		run -0 python3 tests/lib/mbox.py kill $event "$STORE" "$T/$event"
	done
}

@test "a rewrite that was killed in its last steps, and mail or another program's changes before it is completed" {
	python3 - <<-'END'
		import mbox, os, shutil, store, subprocess
		t, path, argv, environment = os.environ["T"], os.environ["MAIL"] + "/jo", [os.environ["STORE"]], {"MBOX": os.environ["MBOX"]}
		texts = [b"A: %d\n\n" % number + b"%d\n" % number * 3000 for number in range(5)]
		rest = [texts[0], texts[2], texts[4]]
		big = b"A: big\n\n" + b"x\n" * 40000
		def killed(*inject):
		    for name in os.listdir(os.environ["MAIL"]):
		        os.unlink(os.environ["MAIL"] + "/" + name)
		    with open(path, "wb") as file:
		        file.write(b"".join(b"From a b\n" + text + b"\n" for text in texts))
		    ids = mbox.listing(argv, **environment)[2]
		    subprocess.run(["strace", "-qq", "-o", t + "/trace", "-e", f"inject={inject[0]}:signal=KILL:when={inject[1]}", *argv, "delete"],
		                   input=f"{ids[1]}\n{ids[3]}\n".encode(), env={**os.environ, **environment, "ASAN_OPTIONS": "detect_leaks=0"},
		                   check=False, timeout=300)
		    assert os.path.exists(path + ".rewrite"), inject
		    os.unlink(path + ".lock")
		# While it is written over, before the cut, after it; strace kills before a call is made.
		for inject in (("pwrite64", 4), ("ftruncate", 1), ("unlinkat", 1)):
		    # Nothing comes; a little; more than was cut off.
		    for more in ([], [b"A: new\n\n"], [big, b"A: new\n\n"]):
		        killed(*inject)
		        for text in more:
		            mbox.append(path, text)
		        got = mbox.listing(argv, **environment)[0]
		        assert got == rest + more, (inject, len(more), [text[:9] for text in got])
		        assert os.listdir(os.environ["MAIL"]) == ["jo"]
		    # Another program, which knows nothing of it, changes the middle: rather twice than lost.
		    killed(*inject)
		    with open(path, "r+b") as file:
		        content = file.read()
		        at = content.rindex(b"4\n4\n", 0, os.path.getsize(path) - 10 if inject[0] == "unlinkat" else None)
		        file.seek(at)
		        file.write(b"5")
		    got = mbox.listing(argv, **environment)[0]
		    assert set(rest) <= set(got), (inject, [text[:9] for text in got])
	END
}

@test "a signal to end does not interrupt what was begun on the mailbox" {
	head -c 300000 /dev/zero | tr '\0' x >>"$T/message"
	ASAN_OPTIONS=detect_leaks=0 RECIPIENT=jo run strace -qq -o "$T/trace" -e inject=pwritev:signal=TERM:when=1 \
		"$STORE" deliver <"$T/message" 3<&-
	grep -q SIGTERM "$T/trace"
	run -0 "$STORE" list
	assert_equal "${#lines[@]}" 1
	assert_equal "$(ls "$MAIL")" jo
	MESSAGE=$(cut -d' ' -f1 <<<"$output") "$STORE" retrieve | tail -n +3 | head -c 300018 | cmp - "$T/message"
}

@test "a full file system: later, nothing is left, and deleting makes room (hardening 76)" {
	mkdir "$T/small"
	unshare -m mount -t tmpfs none "$T/small" 2>/dev/null || skip "kernel: no mounts here"
	head -c 250000 /dev/zero >"$T/big"
	run -0 unshare -m bash -euc '
		mount -t tmpfs -o size=600k none "$T/small"
		export MBOX=$T/small/%n RECIPIENT=jo SENDER=
		"$STORE" create jo
		"$STORE" deliver <"$T/message" 3<&-
		"$STORE" deliver <"$T/big" 3<&-
		cp "$T/small/jo" "$T/before"
		status=0
		"$STORE" deliver <"$T/big" 3<&- >"$T/reply" || status=$?
		[ $status = 75 ]
		grep -qx "452 4.3.1 Not enough space" "$T/reply"
		cmp "$T/small/jo" "$T/before"
		[ "$(ls "$T/small")" = jo ]
		head -c 300k /dev/zero >"$T/small/other" 2>/dev/null || :
		# No room for what stays: later, and all is there. The last one needs none.
		"$STORE" list | cut -d" " -f1 >"$T/ids"
		status=0
		head -1 "$T/ids" | "$STORE" delete || status=$?
		[ $status = 75 ]
		cmp "$T/small/jo" "$T/before"
		tail -1 "$T/ids" | "$STORE" delete
		[ "$("$STORE" list | cut -d" " -f1)" = "$(head -1 "$T/ids")" ]
		"$STORE" deliver <"$T/message" 3<&-'
}

@test "the power fails right after success: the message is there, whole (hardening 74)" {
	power_cut '
		mkdir "$T/before/jo" "$T/before/ann"
		sync
		export MBOX=$T/before/%n/mbox SENDER=' '
		"$STORE" list | head -1 | cut -d" " -f1 | "$STORE" delete' '
		for user in jo ann; do
			cmp "$T/before/$user/mbox" "$T/after/$user/mbox"
		done
		# The lock of a process that is gone, had this been a power failure.
		rm -f "$T/after/jo/mbox.lock"
		[ "$(MBOX=$T/after/%n/mbox "$STORE" list | wc -l)" = 2 ]'
}

@test "resource limits: later, never a crash (hardening 77)" {
	export RECIPIENT=jo SENDER=''
	head -c 300000 /dev/zero >"$T/big"
	run -75 bash -c 'ulimit -f 100; exec "$STORE" deliver <"$T/big" 3<&-'
	assert_line '452 4.3.1 Not enough space'
	for files in 4 5; do
		run -75 bash -c "ulimit -n $files"'; exec "$STORE" deliver' <"$T/message" 3<&-
	done
	assert_equal "$(stat -c %s "$MAIL/jo")" 0
	assert_equal "$(ls "$MAIL")" jo
}
