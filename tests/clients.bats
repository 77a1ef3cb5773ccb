#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# clients - real mail clients, and the habits of others, against the three programs over a Maildir.
#
# What is scripted line by line is a function of tests/lib/correspond.py.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154 # variables come from lib/launch and bats; tests do not share them

bats_require_minimum_version 1.5.0
load lib/launch
load lib/mailbox

setup() {
	launch_setup
	mailbox_setup
}

teardown() {
	launch_teardown
}

# The same under tcpserver.
serve_by_tcpserver() {
	local program=$1 port
	mkfifo "$DIR/$program.port"
	tcpserver -v -1 -H -R -l mx.example.org 127.0.0.1 0 "$bin/$program-session" --hostname mx.example.org \
		--spool-dir "$DIR" "$B" </dev/null >"$DIR/$program.port" 2>>"$DIR/log" 3>&- &
	pids+=($!)
	read -r -t 10 port <"$DIR/$program.port"
	export "$program=$port"
}

# The options are for smtp-session.
serve_all() {
	serve smtp "$@"
	serve lmtp
	serve pop3
}

# Runs a test of correspond.py against all three programs; further arguments are options of smtp-session.
correspond() {
	serve_all "${@:2}"
	run timeout -k 2 60 tests/lib/correspond.py "$1"
	assert_success
}

# ---- every octet ----

@test "DATA-001 DATA-003 DATA-006 DATA-008 POP-005 POP-023 POP-026: nasty messages come back byte for byte" {
	correspond nasty
}

@test "POP-023 POP-024 POP-026: stored with CRLF, LF, both or no last line end, every octet is on the wire" {
	correspond stored
}

@test "POP-005 POP-023 POP-024 POP-026: nasty messages come back byte for byte out of an mbox" {
	ln -sf "$bin/mbox-store" "$B/serve"
	export MBOX=$DIR/box/%d/%n
	mkdir -p "$DIR/box/example.org"
	echo "MBOX=$MBOX" >>"$B/env"
	"$bin/mbox-store" create jo@example.org
	correspond nasty
}

@test "POP-016 POP-020 POP-028 POP-033: mail left on the server is known by its UIDL; one session at a time" {
	correspond left_on_server
}

@test "POP-035 POP-044 POP-098 IOP-007 IOP-012: 500 messages by pipelined RETR, and pipelined DELE without waiting" {
	correspond big
}

# ---- curl ----

@test "IOP-008: curl sends by SMTP, and asks VRFY, EXPN and HELP" {
	serve smtp
	run curl -m 20 -sS --upload-file "$DIR/message" --mail-from you@example.net --mail-rcpt jo@example.org \
		--mail-rcpt ann@example.org "smtp://127.0.0.1:$smtp/client.example"
	assert_success
	assert_stored jo
	assert_stored ann
	run curl -m 20 -sS --upload-file "$DIR/message" --mail-from you@example.net --mail-rcpt nobody@example.org "smtp://127.0.0.1:$smtp"
	assert_failure 55
	assert_output --partial 550
	run curl -m 20 -sS --mail-rcpt jo "smtp://127.0.0.1:$smtp"
	assert_success
	assert_output --regexp '^252 '
	run curl -m 20 -sS -X EXPN --mail-rcpt list "smtp://127.0.0.1:$smtp"
	assert_failure
	run curl -m 20 -sSv -X HELP "smtp://127.0.0.1:$smtp"
	assert_line --regexp '^< 214'
}

@test "IOP-008: curl lists, reads and deletes by POP3" {
	deliver 3
	serve pop3
	drop=(curl -m 20 -sS --user jo@example.org:secret)
	run "${drop[@]}" "pop3://127.0.0.1:$pop3/"
	assert_success
	assert_line --index 0 --regexp '^1 [0-9]+'
	assert_equal "${#lines[@]}" 3
	run "${drop[@]}" -X UIDL "pop3://127.0.0.1:$pop3/"
	assert_success
	assert_line --index 2 --regexp '^3 [!-~]{1,70}'
	run "${drop[@]}" "pop3://127.0.0.1:$pop3/2"
	assert_success
	assert_line $'body\r'
	run "${drop[@]}" -X 'TOP 2 0' "pop3://127.0.0.1:$pop3/"
	assert_success
	refute_line $'body\r'
	run "${drop[@]}" --head -X 'DELE 2' "pop3://127.0.0.1:$pop3/"
	assert_success
	assert_equal "$(count jo)" 2
	run "${drop[@]}" "pop3://127.0.0.1:$pop3/3"
	assert_failure
	run curl -m 20 -sS --user jo@example.org:wrong "pop3://127.0.0.1:$pop3/"
	assert_failure 67
	run "${drop[@]}" --head -X NOOP "pop3://127.0.0.1:$pop3/"
	assert_success
}

@test "MAP-002: curl under tcpserver, there and back" {
	serve_by_tcpserver smtp
	serve_by_tcpserver pop3
	run curl -m 20 -sS --upload-file "$DIR/message" --mail-from you@example.net --mail-rcpt jo@example.org "smtp://127.0.0.1:$smtp"
	assert_success
	run curl -m 20 -sS --user jo@example.org:secret "pop3://127.0.0.1:$pop3/1"
	assert_success
	assert_output --partial '([127.0.0.1])'
	assert_output --partial $'first\r\n.dot'
}

# ---- senders ----

@test "PIPE-001: swaks sends by SMTP and LMTP, pipelined and not" {
	serve smtp
	serve lmtp
	for protocol in ESMTP SMTP LMTP; do
		port=$smtp
		[ $protocol != LMTP ] || port=$lmtp
		for pipeline in '' --pipeline; do
			# HELO offers no extension.
			[ "$protocol$pipeline" != SMTP--pipeline ] || continue
			run timeout 20 swaks --protocol $protocol $pipeline --server 127.0.0.1 --port "$port" --from you@example.net \
				--to jo@example.org,ann@example.org --data "@$DIR/message"
			assert_success
		done
	done
	assert_equal "$(count jo) $(count ann)" '5 5'
	assert_equal "$(stored jo | grep -c '^\.dot$')" 5
	run timeout 20 swaks --protocol LMTP --pipeline --server 127.0.0.1 --port "$lmtp" --from you@example.net \
		--to jo@example.org,nobody@example.org --data "@$DIR/message"
	assert_equal "$(count jo)" 6
	run timeout 20 swaks --server 127.0.0.1 --port "$smtp" --from you@example.net --to nobody@example.org
	assert_failure 24
}

@test "IOP-007: msmtp sends by SMTP and LMTP" {
	serve smtp
	serve lmtp
	sender=(timeout 20 msmtp --host=127.0.0.1 --tls=off --auth=off --from=you@example.net)
	run "${sender[@]}" --port="$smtp" jo@example.org ann@example.org <"$DIR/message"
	assert_success
	# It adds nothing to a message that has Date and Message-ID.
	assert_stored ann
	run "${sender[@]}" --port="$lmtp" --protocol=lmtp jo@example.org <"$DIR/message"
	assert_success
	assert_equal "$(count jo)" 2
	run "${sender[@]}" --port="$smtp" nobody@example.org <"$DIR/message"
	assert_failure 65
	run "${sender[@]}" --port="$smtp" --serverinfo
	assert_success
	assert_output --partial 'SIZE'
	assert_output --partial 'PIPELINING'
}

@test "IOP-006: Python's smtplib, its LMTP, and poplib" {
	correspond python
}

@test "Perl's Net::SMTP and Net::POP3" {
	serve smtp
	serve pop3
	run -0 timeout 20 perl -MNet::SMTP -e '
		$smtp = Net::SMTP->new("127.0.0.1", Port => $ENV{smtp}, Hello => "perl.example", Timeout => 20) or die;
		$smtp->mail("you\@example.net", Size => 100, Bits => 8) or die $smtp->message;
		my @good = $smtp->recipient("jo\@example.org", "nobody\@example.org", { SkipBad => 1 });
		@good == 1 or die "@good";
		$smtp->data or die;
		open my $message, "<", "$ENV{HOME}/message" or die;
		$smtp->datasend(map { s/\r//r } <$message>) or die;
		$smtp->dataend or die $smtp->message;
		$smtp->quit or die;'
	assert_stored jo
	run -0 timeout 20 perl -MNet::POP3 -e '
		$pop = Net::POP3->new("127.0.0.1", Port => $ENV{pop3}, Timeout => 20) or die;
		$pop->login("jo\@example.org", "secret") == 1 or die;
		my ($count, $size) = $pop->popstat;
		$count == 1 && $size == $pop->list(1) or die;
		my $uid = $pop->uidl(1) or die;
		${$pop->uidl}{1} eq $uid or die;
		my $message = join "", @{$pop->get(1)};
		length($message =~ s/\n/\r\n/gr) == $size or die;
		$message =~ /first\n\.dot\n\z/ or die $message;
		@{$pop->top(1, 1)} == @{$pop->get(1)} - 1 or die;
		$pop->delete(1) or die;
		$pop->quit or die;'
	assert_equal "$(count jo)" 0
}

# ---- readers ----

@test "IOP-007: mpop fetches by pipelined commands, keeps or deletes, and knows by UIDL what it has" {
	deliver 60
	serve pop3
	mkdir -p "$DIR/fetched"/{new,cur,tmp}
	cat >"$DIR/mpoprc" <<-END
		account default
		host 127.0.0.1
		port $pop3
		tls off
		auth user
		user jo@example.org
		password secret
		pipelining on
		keep on
		received_header off
		uidls_file $DIR/uidls
		delivery maildir $DIR/fetched
	END
	chmod 600 "$DIR/mpoprc"
	run timeout 20 mpop -q -C "$DIR/mpoprc"
	assert_success
	assert_equal "$(find "$DIR/fetched/new" -type f | wc -l) $(count jo)" '60 60'
	assert_equal "$(cat "$DIR/fetched/new"/* | grep '^Subject: ' | sort -u | wc -l)" 60
	# Nothing is new now; then one message is.
	run timeout 20 mpop -q -C "$DIR/mpoprc"
	assert_success
	deliver 1
	run timeout 20 mpop -q -C "$DIR/mpoprc" --keep=off
	assert_success
	assert_equal "$(find "$DIR/fetched/new" -type f | wc -l) $(count jo)" '61 0'
}

@test "IOP-005 POP-001: fetchmail takes no bracket for APOP, forwards by SMTP and LMTP, and knows by UIDL what it has" {
	deliver 3
	serve smtp
	serve lmtp
	# What looks like a time stamp in a greeting is none.
	greeting '1.2@mx.example.org'
	serve pop3
	# fetch WAY OPTION... - from jo to ann.
	fetch() {
		printf '%s\n' 'set no syslog' "set idfile $DIR/ids" "set pidfile $DIR/fetchmail.pid" \
			"poll 127.0.0.1 protocol pop3 port $pop3 auth password uidl" \
			"username jo@example.org password secret sslproto '' smtpname ann@example.org $*" >"$DIR/fetchmailrc"
		chmod 600 "$DIR/fetchmailrc"
		run timeout -k 2 20 fetchmail -f "$DIR/fetchmailrc"
	}
	for way in "smtphost 127.0.0.1/$smtp" "lmtp smtphost 127.0.0.1/$lmtp"; do
		fetch "$way" keep
		assert_success
		# Nothing is new: exit status 1.
		fetch "$way" keep
		assert_failure 1
		rm "$DIR/ids"
	done
	assert_equal "$(count jo) $(count ann)" '3 6'
	fetch "$way" fetchall nokeep
	assert_success
	assert_equal "$(count jo) $(count ann)" '0 9'
}

# big COUNT - as many messages into jo's mailbox, as another program would put them there.
big() {
	python3 - "$DIR/mail/example.org/jo/new" "$1" <<-'END'
		import sys
		for number in range(1, int(sys.argv[2]) + 1):
		    with open(f"{sys.argv[1]}/{1700000000 + number}.M{number}P1Q1.other", "w", encoding="ascii") as file:
		        file.write(f"Subject: {number}\n\nbody {number}\n.dot\nend\n")
	END
}

# Every message of the Maildir $1 has come once, as it was: COUNT subjects, bodies and dots.
fetched() {
	local field
	for field in '^Subject: [0-9]+$' '^body [0-9]+$'; do
		assert_equal "$(cat "$1"/*/* | tr -d '\r' | grep -E "$field" | sort -u | wc -l)" "$2"
		assert_equal "$(cat "$1"/*/* | tr -d '\r' | grep -cE "$field")" "$2"
	done
	assert_equal "$(cat "$1"/*/* | tr -d '\r' | grep -cx '\.dot')" "$2"
}

@test "IOP-007 POP-033: getmail6 fetches 40, leaves them, knows them by UIDL, and deletes" {
	big 40
	serve pop3
	mkdir -p "$DIR/fetched"/{new,cur,tmp} "$DIR/getmail"
	# Its own Maildir is not for root.
	printf '#!/bin/sh\nexec cat >"%s/fetched/new/$$"\n' "$DIR" >"$DIR/mda"
	chmod 755 "$DIR/mda"
	get() {
		printf '%s\n' '[retriever]' 'type = SimplePOP3Retriever' 'server = 127.0.0.1' "port = $pop3" 'username = jo@example.org' \
			'password = secret' '[destination]' 'type = MDA_external' "path = $DIR/mda" 'allow_root_commands = true' \
			'[options]' 'read_all = false' \
			"delete = $1" 'delivered_to = false' 'received = false' >"$DIR/getmail/getmailrc"
		run -0 timeout -k 2 60 getmail --getmaildir "$DIR/getmail"
	}
	get false
	fetched "$DIR/fetched" 40
	assert_equal "$(count jo)" 40
	get false
	assert_output --partial '0 messages'
	fetched "$DIR/fetched" 40
	deliver 1
	rm -r "$DIR/fetched" && mkdir -p "$DIR/fetched"/{new,cur,tmp}
	get true
	assert_output --partial '1 messages'
	assert_equal "$(count jo)" 0
}

@test "IOP-007: mutt fetches 300, leaves them or deletes them" {
	big 300
	serve pop3
	mkdir -p "$DIR/fetched"/{new,cur,tmp}
	fetch() {
		printf '%s\n' "set pop_host=pop://jo@example.org@127.0.0.1:$pop3" 'set pop_user=jo@example.org' 'set pop_pass=secret' \
			"set pop_delete=$1" "set spoolfile=$DIR/fetched" 'set mbox_type=Maildir' 'set pop_last=no' 'set ssl_force_tls=no' \
			'set pop_authenticators=user' 'set quit=yes' 'set move=no' "set folder=$DIR" \
			'push "<fetch-mail><quit>"' >"$DIR/muttrc"
		# It wants a terminal.
		TERM=vt100 run -0 timeout -k 2 60 script -qec "mutt -n -F '$DIR/muttrc'" "$DIR/typescript" </dev/null
	}
	fetch no
	fetched "$DIR/fetched" 300
	assert_equal "$(count jo)" 300
	rm -r "$DIR/fetched" && mkdir -p "$DIR/fetched"/{new,cur,tmp}
	fetch yes
	fetched "$DIR/fetched" 300
	assert_equal "$(count jo)" 0
}

@test "IOP-007 POP-033: Ruby's net/pop fetches 300 with UIDLs, headers, and deletes" {
	big 300
	serve pop3
	run -0 timeout -k 2 60 ruby -rnet/pop -e '
		def session(&block) = Net::POP3.start("127.0.0.1", ENV["pop3"].to_i, "jo@example.org", "secret", &block)
		uids = nil
		session do |pop|
			raise "#{pop.n_mails}" unless pop.n_mails == 300 && pop.mails.size == 300
			raise unless pop.n_bytes == pop.mails.sum(&:length)
			uids = pop.mails.map(&:unique_id)
			raise unless uids.uniq.size == 300
			pop.mails.each_with_index do |mail, at|
				text = mail.pop
				raise text unless text == "Subject: #{at + 1}\r\n\r\nbody #{at + 1}\r\n.dot\r\nend\r\n" && text.bytesize == mail.length
			end
			raise unless pop.mails[6].top(1) == "Subject: 7\r\n\r\nbody 7\r\n" && pop.mails[6].header == "Subject: 7\r\n\r\n"
			pop.mails[0].delete
			pop.reset
		end
		session do |pop|
			raise unless pop.mails.map(&:unique_id) == uids
			pop.mails.each { |mail| mail.delete if mail.number.odd? }
		end
		session { |pop| raise unless pop.mails.map(&:unique_id) == uids.each_slice(2).map(&:last) }
		begin
			Net::POP3.start("127.0.0.1", ENV["pop3"].to_i, "jo@example.org", "wrong")
			raise "let in"
		rescue Net::POPAuthenticationError
		end'
	assert_equal "$(count jo)" 150
}

@test "IOP-007: PHP's imap fetches 300 with UIDLs, and deletes" {
	big 300
	serve pop3
	cat >"$DIR/fetch.php" <<-'END'
		<?php
		function check($what) { if (!$what) { throw new Exception(imap_last_error() ?: "no"); } }
		function box() {
			$box = imap_open("{127.0.0.1:" . getenv("pop3") . "/pop3/notls}INBOX", "jo@example.org", "secret", 0, 1);
			check($box);
			return $box;
		}
		$box = box();
		check(imap_num_msg($box) == 300);
		for ($number = 1; $number <= 300; $number++) {
			check(imap_headerinfo($box, $number)->subject == "$number");
			check(imap_body($box, $number) == "body $number\r\n.dot\r\nend\r\n");
			if ($number % 2) {
				check(imap_delete($box, $number));
			}
		}
		check(imap_close($box));
		$box = box();
		check(imap_num_msg($box) == 300);
		for ($number = 1; $number <= 300; $number += 2) {
			check(imap_delete($box, $number));
		}
		check(imap_close($box, CL_EXPUNGE));
		$box = box();
		check(imap_num_msg($box) == 150);
		check(imap_headerinfo($box, 1)->subject == "2");
		imap_close($box);
	END
	run -0 timeout -k 2 60 php "$DIR/fetch.php"
	assert_equal "$(count jo)" 150
}

@test "IOP-007 POP-033: Perl's Mail::POP3Client fetches 300 with UIDLs, and deletes" {
	big 300
	serve pop3
	run -0 timeout -k 2 60 perl -MMail::POP3Client -e '
		sub session { Mail::POP3Client->new(USER => "jo\@example.org", PASSWORD => "secret", HOST => "127.0.0.1", PORT => $ENV{pop3}) }
		my $pop = session;
		$pop->Count == 300 or die $pop->Message;
		my @uids = $pop->Uidl;
		shift @uids;
		my %seen = map { $_ => 1 } @uids;
		keys %seen == 300 or die scalar keys %seen;
		for my $number (1 .. 300) {
			$pop->HeadAndBody($number) eq "Subject: $number\r\n\r\nbody $number\r\n.dot\r\nend\r\n" or die $pop->HeadAndBody($number);
			$pop->Delete($number) if $number % 2;
		}
		$pop->Reset;
		$pop->Close;
		$pop = session;
		$pop->Count == 300 or die;
		$pop->Delete($_) for grep { $_ % 2 } 1 .. 300;
		$pop->Close or die;
		$pop = session;
		$pop->Count == 150 or die $pop->Count;
		$pop->Head(1) =~ /^Subject: 2\r?$/m or die $pop->Head(1);
		$pop->Close;'
	assert_equal "$(count jo)" 150
}

@test "IOP-007 POP-033: node-pop3 fetches 300 with UIDLs, and deletes" {
	big 300
	serve pop3
	tests/lib/fetch-npm node-pop3@0.11.0
	cat >"$DIR/fetch.js" <<-'END'
		const assert = require("assert");
		const session = () => new (require(process.argv[2] + "/node-pop3"))({
			user: "jo@example.org", password: "secret", host: "127.0.0.1", port: +process.env.pop3, timeout: 20000 });
		(async () => {
			let pop = session();
			const uids = await pop.UIDL();
			assert.equal(new Set(uids.map((line) => line[1])).size, 300);
			assert.match(await pop.STAT(), /^300 [0-9]+/);
			// It leaves dots as they come, and the last line end out.
			for (let number = 1; number <= 300; number++)
				assert.equal(await pop.RETR(number), `Subject: ${number}\r\n\r\nbody ${number}\r\n..dot\r\nend`);
			assert.match(await pop.TOP(7, 1), /^Subject: 7\r\n\r\nbody 7/);
			await pop.QUIT();
			pop = session();
			assert.deepEqual(await pop.UIDL(), uids);
			for (let number = 1; number <= 300; number += 2)
				await pop.DELE(number);
			await pop.QUIT();
			pop = session();
			assert.deepEqual((await pop.UIDL()).map((line) => line[1]), uids.filter((_, at) => at % 2).map((line) => line[1]));
			await pop.QUIT();
		})().catch((error) => { console.error(error); process.exit(1); });
	END
	run -0 timeout -k 2 60 node "$DIR/fetch.js" "$PWD/${BUILD:-build}/npm/node_modules"
	assert_equal "$(count jo)" 150
}

# ---- habits ----

@test "IOP-001 IOP-002 AUTH-025 POP-122: single-label names, AUTH= beside AUTH, LOGIN, and AUTH alone" {
	correspond outlook --announce AUTH=
}

@test "IOP-003 IOP-004: address literals, CAPA twice, TOP for headers, UIDL and LIST" {
	correspond thunderbird
}

@test "IOP-009 SMTP-013 SMTP-035: lower case, stray blanks, HELO alone, an octet a packet, no good-bye" {
	correspond scanner
}

@test "IOP-010: callouts deliver nothing, 8 bits without BODY, BDAT, the final dot and QUIT together" {
	correspond relay
}

@test "IOP-011: a health check connects and closes: no complaint, no hook but connect and disconnect" {
	for event in connect helo ehlo mail rcpt data deliver rset quit timeout disconnect; do
		printf '#!/bin/sh\necho "${0##*/}" >>%s/events\n' "$DIR" >"$B/$event"
		chmod 755 "$B/$event"
	done
	serve smtp
	: >"$DIR/log"
	python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1]))).close()' "$smtp"
	run await "$DIR/log" 'session end'
	assert_output --partial 'commands=0'
	assert_output --partial 'reason=eof'
	run cat "$DIR/events"
	assert_output $'connect\ndisconnect'
	run grep -vc 'level=info' "$DIR/log"
	assert_output 0
}

@test "IOP-012: delete and quit and come again, thirty times" {
	correspond hurried
}

@test "IOP-013 GEN-013: lines that end in LF are answered at once" {
	correspond human
}
