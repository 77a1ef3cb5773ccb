#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# maildrops - the sample backends that show something as a maildrop, as installed: sizes and unique-ids, trouble, and
# strings that hope for a shell (hardening 24).
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154 # quoted for other programs; variables come from lib/launch and bats; tests share none

bats_require_minimum_version 1.5.0
load lib/launch
load lib/adapters

setup() {
	adapters_setup
}

teardown() {
	adapters_teardown
}

# ---- sqlite ------------------------------------------------------------------------------------

# A login for POP3 in $DIR/passwd, whose name is jo@x.example and whose password is secret.
login() {
	PASSWD_FILE=$DIR/passwd "$bin/passwd-auth" set jo@x.example <<<secret
}

# pop3 LINE... - a POP3 session behind the login; its replies are in $lines, from PASS's on.
pop3() {
	printf '%s\r\n' 'USER jo@x.example' 'PASS secret' "$@" >"$DIR/said"
	timeout 300 "$bin/pop3-session" --hostname mx.example.org --spool-dir "$DIR" --lock-file "$DIR/lock" "$B" \
		<"$DIR/said" >"$DIR/replies" 2>>"$DIR/log"
	run sed -e 's/\r$//' -e 1,2d "$DIR/replies"
}

# The message that was retrieved.
retrieved() {
	sed -e '1,/^+OK [0-9]* octets\r$/d' "$DIR/replies" | sed -e '/^\.\r$/,$d' -e 's/^\.\././'
}

# As many messages as $1 are as long on the wire as LIST says, ASCII in lines that RFC 5322 allows, and dated. Their
# subjects, decoded, are in $DIR/subjects.
assert_sound() {
	local number
	pop3 LIST QUIT
	grep -E '^[0-9]+ [0-9]+$' <<<"$output" >"$DIR/sizes"
	assert_equal "$(wc -l <"$DIR/sizes")" "$1"
	rm -f "$DIR/subjects"
	for ((number = 1; number <= $1; number++)); do
		pop3 "RETR $number" QUIT
		retrieved >"$DIR/message.$number"
		assert_equal "$number $(wc -c <"$DIR/message.$number")" "$(sed -n "${number}p" "$DIR/sizes")"
		python3 - "$DIR/message.$number" >>"$DIR/subjects" <<-'END'
			import email, email.policy, sys
			octets = open(sys.argv[1], "rb").read()
			assert octets.isascii() and max(map(len, octets.split(b"\r\n"))) <= 998, octets
			assert all(len(line) <= 76 for line in octets.split(b"\r\n") if b"=?" in line), octets
			message = email.message_from_bytes(octets, policy=email.policy.default)
			assert message["date"].datetime and "@" in message["from"] and not message.defects, octets
			print(message["subject"])
		END
	done
}

database() {
	sqlite3 "$DIR/mail.db" <"$samples/sqlite/schema.sql" >/dev/null
	sqlite3 "$DIR/mail.db" "INSERT INTO mailboxes VALUES ('jo@x.example'), ('ann@x.example')"
	login
	sample sqlite "DATABASE=$DIR/mail.db" "PASSWD_FILE=$DIR/passwd"
}

@test "sqlite: a message goes in by SMTP and LMTP, comes out by POP3, and is deleted" {
	database
	send smtp you@y.example jo@x.example no@x.example Ann@X.example
	heard '250 2.1.5' '550 5.1.1' '250 2.1.5' '250 2.0.0'
	printf 'Subject: 2\n\ntwo\n' >"$DIR/message"
	send lmtp '' jo@x.example ann@x.example
	heard '250 2.1.5' '250 2.1.5' '250 2.0.0' '250 2.0.0'
	assert_equal "$(sqlite3 "$DIR/mail.db" 'SELECT id, mailbox, sender FROM messages')" \
		$'1|jo@x.example|you@y.example\n2|Ann@X.example|you@y.example\n3|jo@x.example|\n4|ann@x.example|'
	pop3 UIDL 'RETR 2' QUIT
	assert_line --index 0 --regexp '^\+OK'
	assert_line '1 1'
	assert_line '2 3'
	retrieved >"$DIR/arrived"
	assert_line "+OK $(wc -c <"$DIR/arrived") octets"
	sed -i 's/\r$//' "$DIR/arrived"
	assert_message "$DIR/arrived"
	pop3 'DELE 1' QUIT
	pop3 UIDL QUIT
	assert_line '1 3'
	refute_line --regexp '^2 '
	pop3 'DELE 1'
	assert_equal "$(sqlite3 "$DIR/mail.db" 'SELECT id FROM messages ORDER BY id')" $'2\n3\n4'
}

@test "sqlite: 250 is said when the log of the database is on the disk; without that, 451" {
	database
	printf '%s\n' you@y.example jo@x.example >"$DIR/envelope"
	deliver() {
		DATABASE=$DIR/mail.db run strace -f -y -o "$DIR/trace" "$@" "$B/deliver" deliver <"$DIR/message" 3<"$DIR/envelope"
	}
	deliver -e trace=fsync,fdatasync,openat
	assert_success
	run ! grep '\.sqliterc' "$DIR/trace"
	grep -qE "f(data)?sync\([0-9]+<$DIR/mail.db-wal>\) += 0" "$DIR/trace"
	deliver -e inject=fsync,fdatasync:error=EIO
	[ "$status" != 0 ]
	assert_equal "$(sqlite3 "$DIR/mail.db" 'SELECT count(*) FROM messages')" 1
}

@test "sqlite: sizes count CRLF, NUL and an end that is missing" {
	database
	while read -r hex size; do
		sqlite3 "$DIR/mail.db" "DELETE FROM messages; INSERT INTO messages (mailbox, sender, content) VALUES ('jo@x.example', '', x'$hex')"
		pop3 'LIST 1' 'RETR 1' QUIT
		assert_line --index 1 "+OK 1 $size"
		assert_equal "$(retrieved | wc -c)" "$size"
	done <<-END_OF_CONTENTS
		610a 3
		61 3
		610a0a62 8
		6100620a0a 7
		c3a90a 4
	END_OF_CONTENTS
}

@test "sqlite: no database, no table, a full disk, a lock: 451, and no recipient has it" {
	database
	mv "$DIR/mail.db" "$DIR/away.db"
	send smtp you@y.example jo@x.example
	assert_line --index 0 --regexp '^451 4\.3\.0'
	[ ! -e "$DIR/mail.db" ]
	mv "$DIR/away.db" "$DIR/mail.db"
	# A mailbox that goes away behind RCPT.
	printf '#!/bin/sh\n' >"$DIR/rcpt"
	chmod 755 "$DIR/rcpt"
	mv "$DIR/rcpt" "$B/rcpt"
	send smtp you@y.example jo@x.example gone@x.example
	heard '250 2.1.5' '250 2.1.5' '451 4.3.0'
	assert_equal "$(sqlite3 "$DIR/mail.db" 'SELECT count(*) FROM messages')" 0
	sqlite3 "$DIR/mail.db" "CREATE TRIGGER full BEFORE INSERT ON messages BEGIN SELECT raise(ABORT, 'full'); END"
	send smtp you@y.example jo@x.example
	heard '250 2.1.5' '451 4.3.0'
}

@test "sqlite: hostile names are values (hardening 23, 24)" {
	database
	hostile | while read -r name; do
		printf "INSERT INTO mailboxes VALUES (CAST(x'%s' AS TEXT));\n" "$(printf '%s@x.example' "$name" | od -An -v -tx1 | tr -d ' \n')"
	done | sqlite3 "$DIR/mail.db"
	hostile >"$DIR/parts"
	send_hostile smtp
	sqlite3 -separator $'\n' "$DIR/mail.db" 'SELECT sender, mailbox FROM messages ORDER BY id' | cmp - "$DIR/expected"
	# A mailbox sees its own messages and no others.
	USER="' OR 1 --" DATABASE=$DIR/mail.db run "$B/list" list
	assert_success
	assert_output ''
	USER=jo@x.example MESSAGE='1 OR 1' DATABASE=$DIR/mail.db run "$B/retrieve" retrieve
	[ "$status" = 75 ]
	assert_output ''
	USER=jo@x.example DATABASE=$DIR/mail.db run "$B/delete" delete <<<'1 OR 1'
	assert_success
	assert_equal "$(sqlite3 "$DIR/mail.db" 'SELECT count(*) FROM messages')" "$(hostile | wc -l)"
}

# ---- repository --------------------------------------------------------------------------------

@test "repository: the latest commits are the messages, each with its patch" {
	export GIT_AUTHOR_NAME=Jo GIT_AUTHOR_EMAIL=jo@x.example GIT_COMMITTER_NAME=Jo GIT_COMMITTER_EMAIL=jo@x.example \
		GIT_CONFIG_GLOBAL=/dev/null
	git init -q "$DIR/project"
	for number in 1 2 3; do
		printf '%s\n' "$number" >"$DIR/project/file"
		git -C "$DIR/project" add file
		git -C "$DIR/project" commit -q -m "Write $number"
	done
	git -C "$DIR/project" commit -q --allow-empty -m 'Change nothing'
	login
	sample repository "REPOSITORY=$DIR/project" COMMITS=2 "PASSWD_FILE=$DIR/passwd"
	pop3 UIDL 'RETR 1' 'RETR 2' 'DELE 1' QUIT
	assert_line "1 $(git -C "$DIR/project" rev-parse HEAD~1)"
	assert_line "2 $(git -C "$DIR/project" rev-parse HEAD)"
	assert_line 'Subject: [PATCH] Write 3'
	assert_line 'Subject: [PATCH] Change nothing'
	assert_line 'From: Jo <jo@x.example>'
	assert_line '+3'
	refute_line --regexp '^From [0-9a-f]'
	assert_line --regexp '^-ERR'
	rm -r "$DIR/project"
	pop3 STAT
	assert_equal "$(sed -n 3p "$DIR/replies" | grep -c 'SYS/TEMP')" 1
}

# ---- report ------------------------------------------------------------------------------------

@test "report: messages made as they are read, a new unique-id each day (MAP-046, MAP-048)" {
	login
	sample report "PASSWD_FILE=$DIR/passwd"
	before=$(date -u +%F)
	pop3 UIDL 'RETR 1' 'RETR 2' 'TOP 1 0' 'DELE 1' QUIT
	[ "$before" = "$(date -u +%F)" ] || skip 'kernel: the day has ended'
	assert_line "1 load.$before"
	assert_line "2 disks.$before"
	assert_line "Subject: load of $(uname -n)"
	assert_line "To: jo@x.example"
	assert_line --regexp '^[0-9.]+ [0-9.]+ [0-9.]+ [0-9]+/[0-9]+ [0-9]+$'
	assert_line --regexp '^Filesystem '
	assert_line --regexp '^-ERR'
}

# ---- directory ---------------------------------------------------------------------------------

@test "directory: files of any name and content are messages, oldest first, and are deleted with them" {
	login
	mkdir "$DIR/outbox" "$DIR/outbox/sub"
	head -c 5000 /dev/urandom >"$DIR/outbox/random"
	touch -d '-3 days' "$DIR/outbox/random"
	name='a $(touch canary) "b"; `touch canary2` \\n -rf'
	printf 'text\n' >"$DIR/outbox/$name"
	touch -d '-2 days' "$DIR/outbox/$name"
	printf x >"$DIR/outbox/-rf"
	: >"$DIR/outbox/.hidden"
	: >"$DIR/outbox/two"$'\n'lines
	sample directory "DIRECTORY=$DIR/outbox" "PASSWD_FILE=$DIR/passwd"
	assert_sound 3
	pop3 STAT UIDL 'RETR 1' 'RETR 2' 'RETR 3' 'DELE 2' QUIT
	assert_line --regexp '^\+OK 3 '
	assert_line 'Subject: random'
	assert_line "Subject: $name"
	assert_line 'Subject: -rf'
	sed -n '/^Content-Disposition: attachment; filename="random"/,/^\.\r$/p' "$DIR/replies" | tr -d '\r' | sed -e 1,2d -e '$d' |
		base64 -d | cmp - "$DIR/outbox/random"
	assert_equal "$(find "$DIR/outbox" -type f | grep -c 'touch')" 0
	[ -e "$DIR/outbox/random" ] && [ -e "$DIR/outbox/-rf" ] && [ -e "$DIR/outbox/.hidden" ]
	# Names in other letters, and long ones; sizes around the length of a line.
	mkdir "$DIR/names"
	long=$(printf 'größer €𝄞 %.0s' {1..13})x
	printf %57s '' >"$DIR/names/$long"
	printf %58s '' >"$DIR/names/=?utf-8?Q?x?="
	printf %s $'latin \xe4' >"$DIR/names/ "
	printf %56s '' >"$DIR/names/"$'latin \xe4'
	sample directory "DIRECTORY=$DIR/names" "PASSWD_FILE=$DIR/passwd"
	assert_sound 4
	grep -Fqx -e "$long" "$DIR/subjects"
	grep -Fqx -e '=?utf-8?Q?x?=' "$DIR/subjects"
	python3 - "$DIR"/message.? <<-'END' >"$DIR/attached"
		import email, email.policy, sys
		for name in sys.argv[1:]:
		    message = email.message_from_file(open(name), policy=email.policy.default)
		    print(message.get_filename(), len(message.get_content()))
	END
	grep -Fqx -e "$long 57" "$DIR/attached"
	grep -Fqx -e '=?utf-8?Q?x?= 58' "$DIR/attached"
	sample directory "DIRECTORY=$DIR/outbox" "PASSWD_FILE=$DIR/passwd"
	# Renamed, a file is still the same message.
	pop3 'UIDL 1' QUIT
	first=${lines[3]}
	mv "$DIR/outbox/random" "$DIR/outbox/renamed"
	pop3 'UIDL 1' QUIT
	assert_equal "${lines[3]}" "$first"
	# What cannot be read whole is not listed in part.
	mkdir "$DIR/broken"
	printf '#!/bin/sh\n%s "$@"; exit 1\n' "$(command -v find)" >"$DIR/broken/find"
	chmod 755 "$DIR/broken/find"
	DIRECTORY=$DIR/outbox PATH=$DIR/broken:$PATH run -1 "$B/list" list
	assert_output ''
	rm -r "$DIR/outbox"
	pop3 QUIT
	assert_line --partial 'SYS/TEMP'
}

# ---- feed --------------------------------------------------------------------------------------

@test "feed: the items of an RSS feed are messages, oldest first, and stay what they are" {
	login
	cat >"$DIR/feed.xml" <<-'END'
		<?xml version="1.0"?><rss version="2.0"><channel><title>The channel</title>
		<item><title><![CDATA[Newer & better]]></title><pubDate>Sat, 21 Nov 2026 10:00:00 +0000</pubDate>
		<description>&lt;p&gt;Two &amp;amp; two&lt;/p&gt;
		.dot</description><link>https://www.example.org/2</link></item>
		<item><title>Older
		Bcc: nobody</title><description>One $(touch canary) `touch canary`</description><link>https://www.example.org/1</link></item>
		<item><title>Older
		Bcc: nobody</title><description>One $(touch canary) `touch canary`</description><link>https://www.example.org/1</link></item>
		</channel></rss>
	END
	sample feed "FEED=file://$DIR/feed.xml" "PASSWD_FILE=$DIR/passwd"
	assert_sound 2
	pop3 STAT UIDL 'RETR 1' 'RETR 2' 'DELE 1' QUIT
	assert_line --regexp '^\+OK 2 '
	assert_line --regexp '^1 [0-9a-f]{64}$'
	older=$(grep -m 1 '^1 [0-9a-f]' <<<"$output")
	assert_line 'Subject: Older Bcc: nobody'
	assert_line 'One $(touch canary) `touch canary`'
	assert_line 'Subject: Newer & better'
	assert_line 'Date: Sat, 21 Nov 2026 10:00:00 +0000'
	assert_line '<p>Two &amp; two</p>'
	assert_line '..dot'
	assert_line 'https://www.example.org/2'
	refute_line --partial 'The channel'
	assert_line --regexp '^-ERR'
	# A new item comes behind.
	sed -i 's|<item><title><!|<item><title>Newest</title></item>&|' "$DIR/feed.xml"
	pop3 STAT UIDL 'TOP 3 0' QUIT
	assert_line --regexp '^\+OK 3 '
	assert_line "$older"
	assert_line 'Subject: Newest'
	# Other letters, long lines, line ends of another kind, dates that are none.
	long=$(printf 'Größer €𝄞 %.0s' {1..20})end
	printf '<item><title>%s</title><pubDate>%s</pubDate><description>%s\r\na = \r\n\r%s\xff\0</description></item>\n' \
		"$long" "$long" "$long" "$(printf %1000s x)" "$long" yesterday '' '' >"$DIR/odd.xml"
	sample feed "FEED=file://$DIR/odd.xml" "PASSWD_FILE=$DIR/passwd"
	assert_sound 2
	assert_equal "$(sort -u "$DIR/subjects")" "$long"
	python3 -c 'import quopri, sys; sys.stdout.buffer.write(quopri.decodestring(open(sys.argv[1], "rb").read()))' "$DIR/message.2" |
		sed -e '1,/^\r$/d' >"$DIR/arrived"
	printf '%s\r\na = \r\n\r\n%s\xff\r\n\r\n' "$long" "$(printf %1000s x)" | cmp - "$DIR/arrived"
	sample feed "FEED=file://$DIR/feed.xml" "PASSWD_FILE=$DIR/passwd"
	# A long one, and one that a message has left since it was listed.
	for number in {1..300}; do printf '<item><title>%s</title></item>\n' "$number"; done >"$DIR/long.xml"
	run -0 bash -c 'ulimit -n 64; FEED=file://$1 "$2" list' - "$DIR/long.xml" "$B/list"
	assert_equal "${#lines[@]}" 300
	FEED=file://$DIR/feed.xml MESSAGE=${lines[0]} run -69 "$B/retrieve" retrieve
	assert_output ''
	echo '<rss><channel></channel></rss>' >"$DIR/feed.xml"
	FEED=file://$DIR/feed.xml MESSAGE=${older#1 } run -69 "$B/retrieve" retrieve
	assert_output ''
	pop3 STAT QUIT
	assert_line '+OK 0 0'
	rm "$DIR/feed.xml"
	pop3 QUIT
	assert_line --partial 'SYS/TEMP'
}

# ---- pop3-account ------------------------------------------------------------------------------

# Another server, whose user jo@x.example has the password $1 and two messages.
account() {
	mkdir "$DIR/upstream"
	ln -s "$bin/maildir-store" "$DIR/upstream/serve"
	ln -s "$bin/passwd-auth" "$DIR/upstream/auth"
	export MAILDIR=$DIR/mail/%d/%n PASSWD_FILE=$DIR/passwd
	printf 'MAILDIR=%s\nPASSWD_FILE=%s\n' "$MAILDIR" "$PASSWD_FILE" >"$DIR/upstream/env"
	"$bin/maildir-store" create jo@x.example
	"$bin/passwd-auth" set jo@x.example <<<"$1"
	printf 'Subject: 1\n\n.one\n' >"$DIR/mail/x.example/jo/new/1.first.x"
	printf 'Subject: 2\n\ntwo\n' >"$DIR/mail/x.example/jo/new/2.second.x"
	serve pop3 "$DIR/upstream" 127.0.0.1:0 --max-per-source 0
	sample pop3-account "POP3_SERVER=pop3://127.0.0.1:$port"
}

@test "pop3-account: messages, sizes and unique-ids are those of the other server" {
	account secret
	pop3 LIST UIDL 'RETR 1' 'TOP 2 0' 'DELE 1' QUIT
	for line in '1 20' '2 19' '1 1.first.x' '2 2.second.x' '..one' 'Subject: 2'; do
		assert_line "$line"
	done
	assert_line --regexp '^-ERR'
	refute_line two
	assert_equal "$(find "$DIR/mail/x.example/jo" -type f -name '[12].*' | wc -l)" 2
}

@test "pop3-account: a wrong password is refused, a server that is not there is trouble for now" {
	account other
	pop3 QUIT
	assert_line --index 0 --regexp '^-ERR \[AUTH\]'
	sample pop3-account "POP3_SERVER=pop3://127.0.0.1:$(free_port)"
	pop3 QUIT
	assert_line --index 0 --regexp '^-ERR \[SYS/TEMP\]'
}

@test "pop3-account: a message whose number is another's by now is not taken for it" {
	account secret
	export POP3_LOGIN=jo@x.example:secret POP3_SERVER=pop3://127.0.0.1:$port
	run "$B/list" list
	assert_output $'1/1.first.x 20 1.first.x\n2/2.second.x 19 2.second.x'
	MESSAGE=2/2.second.x run "$B/retrieve" retrieve
	assert_success
	assert_line $'two\r'
	rm "$DIR/mail/x.example/jo/new/1.first.x"
	printf 'Subject: 3\n\nthree\n' >"$DIR/mail/x.example/jo/new/3.third.x"
	MESSAGE=2/2.second.x run -75 "$B/retrieve" retrieve
	assert_output ''
}

@test "pop3-account: hostile names and passwords are values (hardening 23, 24)" {
	password='"\; $(touch canary) `touch canary` output = "canary" %n '"'"
	account "$password"
	printf '%s\r\n' 'USER jo@x.example' "PASS $password" STAT QUIT >"$DIR/said"
	run "$bin/pop3-session" "$B" <"$DIR/said"
	assert_line --regexp '^\+OK 2 39'
	# All at once: a failed login takes its time. The second is as auth has it, whatever a session refuses by itself.
	while read -r name; do
		printf '%s\r\n' "USER $name" 'PASS "$(touch canary)"' QUIT | "$bin/pop3-session" "$B" >>"$DIR/answers" 2>>"$DIR/log" &
		attempts+=($!)
		{
			code=0
			POP3_SERVER=pop3://127.0.0.1:$port "$B/auth" touch canary 3< <(printf '%s\0x\0\0' "$name") 2>>"$DIR/log" || code=$?
			echo $code >>"$DIR/codes"
		} &
		attempts+=($!)
	done < <(hostile)
	wait "${attempts[@]}"
	run cat "$DIR/answers"
	assert_line --regexp '^-ERR \[AUTH\]'
	refute_line --partial SYS/TEMP
	refute_line --partial maildrop
	assert_equal "$(sort -u "$DIR/codes")" 1
	assert_equal "$(wc -l <"$DIR/codes")" "$(hostile | wc -l)"
}

# ---- commands ----------------------------------------------------------------------------------

@test "commands: VERSION and LAST are commands by their files (POP-130, MAP-057)" {
	login
	mkdir -p "$DIR/mail/jo@x.example"
	for number in 1 2 3; do
		printf 'Subject: %s\n\n' $number >"$DIR/mail/jo@x.example/$number.eml"
	done
	sample shell "MAIL_ROOT=$DIR/mail" "PASSWD_FILE=$DIR/passwd"
	pop3 LAST VERSION QUIT
	assert_line --index 1 --regexp '^-ERR'
	assert_line --index 2 --regexp '^-ERR'
	cp -a "$samples/commands/." "$B/"
	pop3 VERSION LAST 'RETR 2' 'RETR 1' LAST QUIT
	assert_line --index 1 --regexp '^\+OK mail-session [0-9]+\.[0-9]+'
	assert_line --index 2 '+OK 0'
	assert_line '+OK 2'
	pop3 LAST
	assert_line --index 1 '+OK 2'
	printf '%s\r\n' LAST VERSION QUIT >"$DIR/said"
	run "$bin/pop3-session" --hostname mx.example.org "$B" <"$DIR/said"
	assert_line --index 1 --regexp '^-ERR'
	assert_line --index 2 --regexp '^\+OK mail-session'
}

@test "webhook, feed, pop3-account: what lies at home has no say" {
	login
	hostile_home
	webhook
	send smtp you@y.example jo@x.example
	heard '250 2.1.5' '250 2.0.0'
	echo '<item><title>One</title></item>' >"$DIR/feed.xml"
	sample feed "FEED=file://$DIR/feed.xml" "PASSWD_FILE=$DIR/passwd"
	pop3 'RETR 1' QUIT
	assert_line 'Subject: One'
	account secret
	pop3 'RETR 1' QUIT
	assert_line 'Subject: 1'
}
