#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# readers - real mail clients that fetch from pop3-session over a Maildir, in numbers.
#
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
	run timeout 120 mpop -q -C "$DIR/mpoprc"
	assert_success
	assert_equal "$(find "$DIR/fetched/new" -type f | wc -l) $(count jo)" '60 60'
	assert_equal "$(cat "$DIR/fetched/new"/* | grep '^Subject: ' | sort -u | wc -l)" 60
	# Nothing is new now; then one message is.
	at_rest
	run timeout 120 mpop -q -C "$DIR/mpoprc"
	assert_success
	deliver 1
	at_rest
	run timeout 120 mpop -q -C "$DIR/mpoprc" --keep=off
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
		at_rest
		run timeout -k 2 120 fetchmail -f "$DIR/fetchmailrc"
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

@test "IOP-006 IOP-007 POP-033: getmail6 fetches 40, passes them on by LMTP, knows them by UIDL, and deletes" {
	local fetched=$DIR/mail/example.org/ann
	big 40
	# Whom it takes for the sender.
	sed -i '1i Return-Path: <you@example.net>' "$DIR/mail/example.org/jo/new"/*
	serve pop3
	serve lmtp
	mkdir "$DIR/getmail"
	# Programs and Maildirs of its own it waits for by a signal, and for ever when that comes early.
	get() {
		printf '%s\n' '[retriever]' 'type = SimplePOP3Retriever' 'server = 127.0.0.1' "port = $pop3" 'username = jo@example.org' \
			'password = secret' '[destination]' 'type = MDA_lmtp' 'host = 127.0.0.1' "port = $lmtp" 'override = ann@example.org' \
			'[options]' 'read_all = false' "delete = $1" 'delivered_to = false' 'received = false' >"$DIR/getmail/getmailrc"
		at_rest
		run timeout -k 2 300 getmail --getmaildir "$DIR/getmail"
		assert_success
	}
	get false
	fetched "$fetched" 40
	assert_equal "$(count jo)" 40
	get false
	assert_output --partial '0 messages'
	fetched "$fetched" 40
	deliver 1
	rm "$fetched"/new/*
	get true
	assert_output --partial '1 messages'
	assert_equal "$(count jo) $(count ann)" '0 1'
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
		at_rest
		# It wants a terminal.
		TERM=vt100 run -0 timeout -k 2 300 script -qec "mutt -n -F '$DIR/muttrc'" "$DIR/typescript" </dev/null
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
	run -0 timeout -k 2 300 ruby -rnet/pop -e '
		# The session before may still be ending.
		def session(&block)
			Net::POP3.start("127.0.0.1", ENV["pop3"].to_i, "jo@example.org", "secret", &block)
		rescue Net::POPAuthenticationError => error
			error.message.include?("[IN-USE]") ? retry : raise
		end
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
			do { # the session before may still be ending
				$box = @imap_open("{127.0.0.1:" . getenv("pop3") . "/pop3/notls}INBOX", "jo@example.org", "secret", 0, 1);
			} while (!$box && str_contains(imap_last_error(), "[IN-USE]"));
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
	run -0 timeout -k 2 300 php "$DIR/fetch.php"
	assert_equal "$(count jo)" 150
}

@test "IOP-007 POP-033: Perl's Mail::POP3Client fetches 300 with UIDLs, and deletes" {
	big 300
	serve pop3
	run -0 timeout -k 2 300 perl -MMail::POP3Client -e '
		# The session before may still be ending.
		sub session {
			my $pop;
			do {
				$pop = Mail::POP3Client->new(USER => "jo\@example.org", PASSWORD => "secret", HOST => "127.0.0.1", PORT => $ENV{pop3});
			} while $pop->Message =~ /\[IN-USE\]/;
			$pop
		}
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
		const POP3 = require(process.argv[2] + "/node-pop3");
		const session = async () => {
			for (;;) {
				const pop = new POP3({
					user: "jo@example.org", password: "secret", host: "127.0.0.1", port: +process.env.pop3, timeout: 120000 });
				try {
					await pop.STAT();
					return pop;
				} catch (error) { // the session before may still be ending
					if (!`${error.message}`.includes("IN-USE"))
						throw error;
				}
			}
		};
		(async () => {
			let pop = await session();
			const uids = await pop.UIDL();
			assert.equal(new Set(uids.map((line) => line[1])).size, 300);
			assert.match(await pop.STAT(), /^300 [0-9]+/);
			// It leaves dots as they come, and the last line end out.
			for (let number = 1; number <= 300; number++)
				assert.equal(await pop.RETR(number), `Subject: ${number}\r\n\r\nbody ${number}\r\n..dot\r\nend`);
			assert.match(await pop.TOP(7, 1), /^Subject: 7\r\n\r\nbody 7/);
			await pop.QUIT();
			pop = await session();
			assert.deepEqual(await pop.UIDL(), uids);
			for (let number = 1; number <= 300; number += 2)
				await pop.DELE(number);
			await pop.QUIT();
			pop = await session();
			assert.deepEqual((await pop.UIDL()).map((line) => line[1]), uids.filter((_, at) => at % 2).map((line) => line[1]));
			await pop.QUIT();
		})().catch((error) => { console.error(error); process.exit(1); });
	END
	run -0 timeout -k 2 300 node "$DIR/fetch.js" "$PWD/${BUILD:-build}/npm/node_modules"
	assert_equal "$(count jo)" 150
}
