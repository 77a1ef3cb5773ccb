#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# pop3 - LOGIN-DELAY and EXPIRE, announced and kept; what a session on a large mailbox costs.
#
# shellcheck disable=SC2016,SC2030,SC2031 # what is quoted is for the hook; bats runs each test in a shell of its own

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	bin=$(realpath "${BUILD:-build}/bin")
	T=$BATS_TEST_TMPDIR B=$T/backend
	mkdir "$B" "$T/spool"
	export PYTHONDONTWRITEBYTECODE=1
	hook auth 'IFS= read -r -d "" USER <&3 || exit 75; export USER; exec "$@"' bash
	hook list 'echo one 2'
	hook retrieve 'echo'
	# Where the users of this backend directory are remembered: made by the first login.
	login probe --login-delay=1 >"$T/probe"
	state=$(echo "$T/spool/mail-session-login.$(id -u)".*)
	rm "$state/probe" "$T/log"
}

# A hook of event $1 with the text $2, for sh or what $3 says.
hook() {
	printf '#!/bin/%s\n%s\n' "${3:-sh}" "$2" >"$B/$1"
	chmod 755 "$B/$1"
}

# A session with the options $@ that says what is on standard input, in lines.
pop3() {
	sed 's/$/\r/' | timeout 300 "$bin/pop3-session" --hostname=mx.example --spool-dir="$T/spool" "$@" "$B" 2>>"$T/log" | tr -d '\r'
}

# A login as user $1 with the options behind, and QUIT.
login() {
	local user=$1
	shift
	printf '%s\n' "USER $user" 'PASS secret' QUIT | pop3 "$@"
}

# The login of user $1 with the options behind succeeds, or hears LOGIN-DELAY.
welcome() {
	run login "$@"
	assert_line --index 2 '+OK maildrop has 1 message'
}

too_early() {
	run login "$@"
	assert_line --index 2 --regexp '^-ERR \[LOGIN-DELAY\] come back in [0-9]+ seconds?$'
}

# The login of user $1, whose delay is of $2 seconds, hears to the second how many are left at some moment of the session.
told_left() {
	local last before after left
	last=$(stat -c %.9Y "$state/$1")
	last=${last/./}
	before=$(date +%s%N)
	too_early "$1" "${@:3}"
	after=$(date +%s%N)
	left=$(sed -n 's/.*come back in \([0-9]*\) .*/\1/p' <<<"$output")
	[ "$left" -le $(($2 - (before - last) / 1000000000)) ]
	[ "$left" -ge $(($2 - (after - last) / 1000000000)) ]
}

# ---- LOGIN-DELAY ----

@test "POP-094 MAP-051: --login-delay is announced before and after login" {
	run pop3 --login-delay=90 <<<CAPA
	assert_line 'LOGIN-DELAY 90'
	run pop3 --login-delay=2m < <(printf '%s\n' 'USER jo' 'PASS x' CAPA)
	assert_line 'LOGIN-DELAY 120'
	run pop3 <<<CAPA
	refute_line --partial LOGIN-DELAY
}

@test "POP-094 DEF-028: who comes back too early hears LOGIN-DELAY, to the second; others do not" {
	welcome jo --login-delay=1h
	told_left jo 3600 --login-delay=1h
	welcome ann --login-delay=1h
	touch -d '-3500 seconds' "$state/jo"
	told_left jo 3600 --login-delay=1h
	# A refused login is none.
	touch -d '-3600 seconds' "$state/jo"
	welcome jo --login-delay=1h
	too_early jo --login-delay=1h
	# Without the option nobody looks.
	welcome jo
}

@test "POP-094: neither wrong passwords nor logins that failed begin a delay, and none is told who has one" {
	hook auth '[ -e "$T/good" ] && exec "$@"; exit 1'
	printf 'T=%s\n' "$T" >"$B/env"
	run login jo --login-delay=1h
	assert_line --index 2 --partial '-ERR [AUTH]'
	touch "$T/good"
	hook list 'exit 75'
	run login jo --login-delay=1h
	assert_line --index 2 --partial '-ERR [SYS/TEMP]'
	hook list 'echo one 2'
	welcome jo --login-delay=1h
	rm "$T/good"
	run login jo --login-delay=1h
	assert_line --index 2 --partial '-ERR [AUTH]'
}

@test "POP-094: a client that is too early may log in as somebody else" {
	welcome jo --login-delay=1h
	run pop3 --login-delay=1h < <(printf '%s\n' 'USER jo' 'PASS x' 'USER ann' 'PASS x' QUIT)
	assert_line --index 2 --partial '[LOGIN-DELAY]'
	assert_line --index 4 '+OK maildrop has 1 message'
}

@test "POP-094 MAP-051: a login-delay program wins, and what it prints is enforced" {
	hook login-delay 'case ${USER-} in jo) echo 60 ;; ann) echo 0 ;; "") echo 3600 ;; *) exit 1 ;; esac'
	run pop3 --login-delay=5 < <(printf '%s\n' CAPA 'USER jo' 'PASS x' CAPA QUIT)
	assert_line 'LOGIN-DELAY 3600 USER'
	assert_line 'LOGIN-DELAY 60'
	told_left jo 60 --login-delay=5
	welcome ann --login-delay=5
	welcome ann --login-delay=5
	# One that fails leaves the option in force.
	welcome joe --login-delay=1h
	too_early joe --login-delay=1h
}

@test "login-delay: names of users are safe as names of files, however long" {
	# shellcheck disable=SC2043
	for user in ../../up a/b .. .hidden "$(printf '%0200d' 0)/x" 'x y'; do
		welcome "$user" --login-delay=1h
		too_early "$user" --login-delay=1h
	done
	run find "$T/spool" "$state" -mindepth 1 -maxdepth 1
	assert_equal "${#lines[@]}" 7
	run find "$state" -type f -size 0 -perm 600
	assert_equal "${#lines[@]}" 6
	[ ! -e "$T/up" ]
}

@test "login-delay: a directory that is not ours alone, a link, a file, or none keeps nobody out" {
	mkdir "$T/open"
	chmod 777 "$T/open"
	ln -s "$T/open" "$T/link"
	: >"$T/file"
	for directory in "$T/open" "$T/file" "$T/none" "$T/link"; do
		: >"$T/log"
		welcome jo --login-delay=1h --login-delay-dir="$directory"
		welcome jo --login-delay=1h --login-delay-dir="$directory"
		run grep -c 'msg="logins cannot be remembered"' "$T/log"
		assert_output 2
	done
	# The one below the spool, made by somebody else as a link.
	rmdir "$state"
	ln -s "$T/spool" "$state"
	welcome jo --login-delay=1h
	welcome jo --login-delay=1h
	# One of the administrator's.
	mkdir -m 700 "$T/own"
	ln -s own "$T/link-to-own"
	welcome jo --login-delay=1h --login-delay-dir="$T/link-to-own"
	too_early jo --login-delay=1h --login-delay-dir="$T/own"
}

@test "login-delay: a clock that was set back, and what is no file, keep nobody out" {
	welcome jo --login-delay=1h
	touch -d '+1 day' "$state/jo"
	welcome jo --login-delay=1h
	too_early jo --login-delay=1h
	rm "$state/jo"
	ln -s /nonexistent "$state/jo"
	touch -h -d '-2 hours' "$state/jo"
	welcome jo --login-delay=1h
	[ ! -e /nonexistent ]
}

@test "login-delay: no system call that fails on the state keeps anybody out" {
	for inject in mkdirat:error=ENOSPC openat:error=ENOSPC utimensat:error=EIO newfstatat:error=EIO fstat,newfstatat:error=EIO; do
		rm -rf "$state"
		only=(-P "$state")
		[[ $inject != mkdirat* ]] || only=()
		run strace -qq -o "$T/trace" "${only[@]}" -e trace="${inject%%:*}" -e inject="$inject" \
			"$bin/pop3-session" --hostname=mx.example --spool-dir="$T/spool" --login-delay=1h "$B" \
			< <(printf '%s\r\n' 'USER jo' 'PASS x' QUIT)
		[[ $output != *PTRACE* ]] || skip "kernel: no strace"
		assert_line --partial '+OK maildrop has 1 message'
		run cat "$T/trace"
		assert_output --partial INJECTED
	done
}

@test "login-delay: a full disk keeps nobody out, and who was there before is still remembered" {
	unshare -m true 2>/dev/null || skip "kernel: no mount for this user"
	mkdir "$T/full"
	run unshare -m bash -c '
		mount -t tmpfs -o size=32k,nr_inodes=3,mode=700 none "$1/full" || exit 99
		session() {
			printf "USER $1\r\nPASS x\r\nQUIT\r\n" |
				"$2/pop3-session" --hostname=mx.example --spool-dir="$3/spool" --login-delay=1h \
					--login-delay-dir="$3/full" "$4" 2>>"$3/log" | sed -n 3p
		}
		session jo "$2" "$1" "$3"
		while echo x >"$1/full/fill$((count++))"; do :; done 2>/dev/null
		session jo "$2" "$1" "$3"
		session ann "$2" "$1" "$3"
		session ann "$2" "$1" "$3"' - "$T" "$bin" "$B"
	assert_line --index 0 --partial '+OK maildrop'
	assert_line --index 1 --partial '-ERR [LOGIN-DELAY]'
	assert_line --index 2 --partial '+OK maildrop'
	assert_line --index 3 --partial '+OK maildrop'
	run grep -c 'the login cannot be remembered.*No space' "$T/log"
	assert_output 2
}

# ---- a large mailbox ----

large() {
	run timeout -k 2 900 tests/lib/large.py "$1"
	echo "$output"
	assert_success
	[[ $output != kernel:* ]] || skip "$output"
}

@test "POP-035: on 100,000 messages parser, runner and store hold at most 5 MiB more than on none" {
	large memory
}

@test "POP-035: opening 100,000 messages reads none, by their names, or once their sizes are known" {
	large unread
}

# ---- EXPIRE ----

# The Maildir of jo, by a co-process or by programs of single events, with EXPIRE=$1.
maildir() {
	D=$T/mail/jo
	export EXPIRE=$1
	printf 'MAILDIR=%s/mail/%%n\nEXPIRE=%s\n' "$T" "$1" >"$B/env"
	rm -rf "$B/list" "$B/retrieve" "$T/mail"
	mkdir -p "$D"/{new,cur,tmp}
	ln -sf "$bin/maildir-store" "$B/expire"
}

# A message in folder $1 whose name tells that it came $2 days ago, and whose file is of $3 days ago.
message() {
	local file
	count=$((count + 1))
	file=$D/$1/$(date -d "-$2 days" +%s).M1P1Q$count.host
	printf 'Subject: %s\n\n%s\n' "$2" "$3" >"$file"
	touch -d "-$3 days" "$file"
}

@test "POP-093 MAP-052: EXPIRE of maildir-store is announced, and what is older is gone before the listing" {
	for contract in serve exec; do
		maildir 30
		if [ "$contract" = serve ]; then
			ln -s "$bin/maildir-store" "$B/serve"
		else
			rm "$B/serve"
			for event in list retrieve; do ln -s "$bin/maildir-store" "$B/$event"; done
		fi
		message new 31 31
		message cur 40 31
		# Nothing but what is old in both ways.
		message new 31 29
		message cur 29 31
		message new 0 0
		echo foreign >"$D/cur/foreign:2,S"
		touch -d '-31 days' "$D/cur/foreign:2,S"
		echo tmp >"$D/tmp/1.M1P1Q1.host"
		run pop3 < <(printf '%s\n' CAPA 'USER jo' 'PASS x' CAPA QUIT)
		assert_line 'EXPIRE 30 USER'
		assert_line 'EXPIRE 30'
		assert_line '+OK maildrop has 3 messages'
		run find "$D/new" "$D/cur" "$D/tmp" -type f
		assert_equal "${#lines[@]}" 4
		refute_line --partial foreign
		run grep -c 'messages that were too old are gone: 3' "$T/log"
		assert_output 1
		: >"$T/log"
	done
}

@test "POP-031 MAP-048: reading moves no file of a Maildir, changes no flag and adds none" {
	maildir NEVER
	ln -s "$bin/maildir-store" "$B/serve"
	for name in new/1.M1P1Q1.x cur/2.M1P1Q1.x:2,FS new/3.M1P1Q1.x,S=12,W=16 'cur/4.M1P1Q1.x:2,'; do
		printf 'Subject: x\n\n' >"$D/$name"
	done
	before=$(find "$D/new" "$D/cur" -type f -printf '%P %i %C@\n' | sort)
	run pop3 < <(printf '%s\n' 'USER jo' 'PASS x' 'RETR 1' 'RETR 2' 'TOP 3 0' 'UIDL' 'LIST' 'DELE 4' 'RSET' QUIT)
	assert_line '+OK maildrop has 4 messages'
	assert_equal "$(grep -c '^Subject: x$' <<<"$output")" 3
	assert_equal "$(find "$D/new" "$D/cur" -type f -printf '%P %i %C@\n' | sort)" "$before"
}

@test "EXPIRE: a session that is open loses nothing, and a quota is told what went" {
	maildir 30
	ln -s "$bin/maildir-store" "$B/serve"
	message new 31 31
	message new 1 1
	printf '1000S\n200 2\n' >"$D/maildirsize"
	run pop3 < <(printf '%s\n' 'USER jo' 'PASS x' STAT QUIT)
	assert_line --regexp '^\+OK 1 '
	run cat "$D/maildirsize"
	assert_line --index 2 --regexp '^-[0-9]+ -1$'
	# The message grows old while somebody reads it.
	coproc SESSION { timeout 300 "$bin/pop3-session" --hostname=mx.example "$B" 2>>"$T/log"; }
	session=$SESSION_PID
	printf 'USER jo\r\nPASS x\r\n' >&"${SESSION[1]}"
	for _ in 1 2 3; do read -r line <&"${SESSION[0]}"; done
	[[ $line == '+OK maildrop has 1 message'* ]]
	touch -d '-31 days' "$D"/new/*
	mv "$D"/new/* "$D/new/1.M1P1Q1.host"
	touch -d '-31 days' "$D"/new/*
	run login jo
	assert_line --partial '[IN-USE]'
	printf 'QUIT\r\n' >&"${SESSION[1]}"
	wait "$session"
	run find "$D/new" -type f
	assert_equal "${#lines[@]}" 1
	run login jo
	assert_line '+OK maildrop has 0 messages'
}

@test "EXPIRE: NEVER and nothing keep all, and a mistake removes nothing" {
	for value in NEVER never ''; do
		maildir "$value"
		ln -sf "$bin/maildir-store" "$B/serve"
		message new 9999 9999
		run login jo
		assert_line '+OK maildrop has 1 message'
	done
	run pop3 <<<CAPA
	refute_line --partial EXPIRE
	maildir NEVER
	run pop3 <<<CAPA
	assert_line 'EXPIRE NEVER USER'
	for value in 0 -1 1d 100000 x; do
		maildir "$value"
		message new 9999 9999
		run login jo
		assert_line --partial '-ERR [SYS/PERM]'
		run find "$D/new" -type f
		assert_equal "${#lines[@]}" 1
		run pop3 <<<CAPA
		refute_line --partial EXPIRE
	done
}
