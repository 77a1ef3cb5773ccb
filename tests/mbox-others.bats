#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# mbox-others - mbox-store beside other programs that use the mailbox meanwhile.
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # quoted for the shell inside; variables come from lib/store; tests share none

bats_require_minimum_version 1.5.0
load lib/store

setup() {
	mbox_setup
}

@test "mail that comes during a session waits for nothing, is not lost, and shows in the next one (POP-020)" {
	python3 - <<-'END'
		import mbox, os, store
		path, argv, environment = os.environ["MAIL"] + "/jo", [os.environ["STORE"]], {"MBOX": os.environ["MBOX"]}
		texts = [b"A: %d\n\nbody\n" % number for number in range(6)]
		for text in texts[:3]:
		    mbox.append(path, text)
		with store.Store([*argv, "serve"], **environment) as session:
		    ids = [line.split()[0].decode() for line in session.call("list", USER="jo")[1].splitlines()]
		    assert len(ids) == 3
		    mbox.append(path, texts[3], wait=False)
		    with store.Store([*argv, "serve"], **environment) as other:
		        assert other.call("deliver", envelope=b"\njo\n", body=texts[4])[0] == 0
		    for name, text in zip(ids, texts):
		        assert session.call("retrieve", USER="jo", MESSAGE=name)[:2] == (0, text)
		    mbox.append(path, texts[5], dot=False, wait=False)
		    assert session.call("delete", USER="jo", body="\n".join(ids[:2]).encode())[0] == 0
		got = mbox.listing(argv, **environment)[0]
		assert [text[-len(texts[0]):] for text in got] == texts[2:], got
	END
}

@test "a message without an end to its last line stays what it was when mail comes behind it (POP-020)" {
	python3 - <<-'END'
		import mbox, os, store
		path, argv, environment = os.environ["MAIL"] + "/jo", [os.environ["STORE"]], {"MBOX": os.environ["MBOX"]}
		for text in (b"A: 1\n\ncut", b"A: 1\n\ncut\r", b"A: 1", b"A: 1\n\n>From"):
		    with open(path, "wb") as file:
		        file.write(b"From a b\nA: 0\n\nbody\n\nFrom a b\n" + text)
		    with store.Store([*argv, "serve"], **environment) as session:
		        first, last = [line.split() for line in session.call("list", USER="jo")[1].decode().splitlines()]
		        assert session.call("retrieve", USER="jo", MESSAGE=last[0])[:2] == (0, text)
		        with store.Store([*argv, "serve"], **environment) as other:
		            assert other.call("deliver", envelope=b"\njo\n", body=b"A: 2\n\nbody\n")[0] == 0
		        got = session.call("retrieve", USER="jo", MESSAGE=last[0])
		        assert got[:2] == (0, text), (text, got)
		        assert session.call("delete", USER="jo", body=last[0].encode())[0] == 0
		    texts, uids, _ = mbox.listing(argv, **environment)
		    assert len(texts) == 2 and texts[0] == b"A: 0\n\nbody\n" and uids[0] == first[2], (texts, uids, first)
	END
}

@test "a program that waits for the lock with the file open does not write into the void" {
	python3 - <<-'END'
		import fcntl, mbox, os, store
		path, argv, environment = os.environ["MAIL"] + "/jo", [os.environ["STORE"]], {"MBOX": os.environ["MBOX"]}
		for number in range(3):
		    mbox.append(path, b"A: %d\n\n" % number)
		waiting = open(path, "ab", buffering=0)
		ids = mbox.listing(argv, **environment)[2]
		with store.Store([*argv, "serve"], **environment) as session:
		    assert session.call("delete", USER="jo", body=ids[0].encode())[0] == 0
		    fcntl.lockf(waiting, fcntl.LOCK_EX | fcntl.LOCK_NB)
		    waiting.write(b"From a b\nA: waited\n\n\n")
		    waiting.close()
		assert mbox.listing(argv, **environment)[0] == [b"A: 1\n\n", b"A: 2\n\n", b"A: waited\n\n"]
	END
}

@test "four delivery programs and sessions that delete all they see: each message comes once" {
	python3 - <<-'END'
		import mbox, os, re, store, subprocess, sys, threading
		path, argv, environment = os.environ["MAIL"] + "/jo", [os.environ["STORE"]], {"MBOX": os.environ["MBOX"]}
		failures, seen, left = [], [], threading.Semaphore(0)
		program = """if True:
		    import mbox, sys
		    for number in range(60):
		        mbox.append(sys.argv[1], b"A: %b.%d\\n\\n" % (sys.argv[2].encode(), number) + b"x\\n" * (number * 50), dot=sys.argv[3] == "dot")
		"""
		def deliver(how):
		    try:
		        if how in ("dot", "fcntl"):
		            subprocess.run([sys.executable, "-c", program, path, how, how], check=True, timeout=600)
		        else:
		            with store.Store([*argv, "serve"], **environment) as session:
		                for number in range(60):
		                    text = b"A: %b.%d\n\n" % (how.encode(), number) + b"x\n" * (number * 50)
		                    assert session.call("deliver", envelope=b"\njo\n", body=text)[0] == 0
		    except Exception as error:
		        failures.append(error)
		    left.release()
		hows = ["dot", "fcntl", "one", "two"]
		threads = [threading.Thread(target=deliver, args=(how,)) for how in hows]
		for thread in threads:
		    thread.start()
		done = 0
		while True:
		    last = done == len(hows)
		    with store.Store([*argv, "serve"], **environment) as session:
		        # Whoever waits for the lock on a busy machine may wait too long, but not when nobody else is left.
		        code, listing, _ = session.call("list", USER="jo")
		        assert code == 0 or (not last and listing.startswith(b"[IN-USE]")), listing
		        ids = [line.split()[0].decode() for line in listing.splitlines()] if code == 0 else []
		        texts = []
		        for name in ids:
		            code, text, _ = session.call("retrieve", USER="jo", MESSAGE=name)
		            assert code == 0
		            texts.append(text)
		        code, why, _ = session.call("delete", USER="jo", body="".join(name + "\n" for name in ids).encode())
		        assert code == 0 or (not last and b"Another program uses this mailbox" in why), why
		        seen += texts if code == 0 else []
		    if last:
		        break
		    while left.acquire(blocking=False):
		        done += 1
		for thread in threads:
		    thread.join()
		assert not failures, failures
		found = sorted(re.search(rb"^A: (.*)$", text, re.M)[1].decode() for text in seen)
		assert found == sorted(f"{how}.{number}" for how in hows for number in range(60)), len(found)
		for text in seen:
		    assert text.count(b"x\n") == 50 * int(re.search(rb"^A: \w+\.(\d+)$", text, re.M)[1])
		assert os.path.getsize(path) == 0 and os.listdir(os.environ["MAIL"]) == ["jo"]
	END
}

@test "another program holds the mailbox: [IN-USE], later, and no wait for ever (POP-016)" {
	deliver "$T/message" jo
	cp "$MAIL/jo" "$T/before"
	python3 - <<-'END'
		import fcntl, mbox, os, subprocess, time
		def run(*argv, **more):
		    return subprocess.run([os.environ["STORE"], *argv], env={**os.environ, **more}, capture_output=True, stdin=subprocess.DEVNULL,
		                          timeout=60, check=False)
		path = os.environ["MAIL"] + "/jo"
		with open(path, "r+b") as file:
		    fcntl.lockf(file, fcntl.LOCK_EX)
		    done = run("list")
		    assert (done.returncode, done.stdout) == (75, b"[IN-USE] Another program uses this mailbox\n"), done
		    assert not os.path.exists(path + ".lock")
		# NAME.lock of a process that lives, of one that names none, and of one that is gone.
		def lock(content):
		    with open(path + ".lock", "w", encoding="ascii") as file:
		        file.write(content)
		lock(f"{os.getpid()}\n")
		assert run("list").returncode == 75
		assert os.path.exists(path + ".lock")
		child = subprocess.Popen(["true"])
		child.wait()
		lock(f"{child.pid}")
		done = run("list")
		assert done.returncode == 0 and done.stdout.count(b"\n") == 1 and not os.path.exists(path + ".lock")
		lock("")
		os.utime(path + ".lock", (time.time() - 700, time.time() - 700))
		assert run("list").returncode == 0
	END
	cmp "$T/before" "$MAIL/jo"
}

@test "one session at a time, whose lock dies with it; delivery goes on (POP-016)" {
	python3 - <<-'END'
		import os, store
		def begin():
		    return store.Store([os.environ["STORE"], "serve"], MBOX=os.environ["MBOX"])
		beside = os.environ["MAIL"] + "/jo.session"
		first = begin()
		assert first.call("list", USER="jo") == (0, b"", False)
		assert first.call("list", USER="jo") == (0, b"", False)
		with begin() as second:
		    assert second.call("list", USER="jo")[:2] == (75, b"[IN-USE] Another session uses this mailbox\n")
		    # Whoever was refused takes nobody else's lock away.
		assert os.path.exists(beside)
		with begin() as delivery:
		    assert delivery.call("deliver", envelope=b"\njo\n", body=b"x\n")[0] == 0
		with begin() as second:
		    assert second.call("list", USER="jo")[0] == 75
		first.process.kill()
		first.process.wait()
		assert os.path.exists(beside)
		with begin() as third:
		    code, listing, _ = third.call("list", USER="jo")
		    assert code == 0 and listing.count(b"\n") == 1
		assert not os.path.exists(beside)
		with begin() as fourth:
		    assert fourth.call("list", USER="jo")[0] == 0
	END
}
