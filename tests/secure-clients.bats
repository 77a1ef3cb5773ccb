#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# secure-clients - real clients log in and exchange mail by STARTTLS, STLS and TLS from the first octet, by every mechanism
# they know, over the shipped store and password file. Every octet comes as it went.
#
# What is a program of its own is a function of tests/lib/secure_clients.py.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154 # variables come from lib/launch and bats; tests do not share them

bats_require_minimum_version 1.5.0
load lib/launch
load lib/mailbox

setup_file() {
	export TLS_CERTIFICATES=$BATS_FILE_TMPDIR
	cd "$BATS_TEST_DIRNAME/.." || return
	tests/lib/tls.py
	# Its size is that of several records of TLS, its lines begin with dots, and are of every length up to 200.
	{
		printf '%s\r\n' 'Subject: over TLS' 'From: <jo@example.org>' 'To: <jo@example.org>' 'Date: Sat, 21 Nov 2026 13:11:42 +0000' \
			'Message-ID: <1@client.example>' ''
		for length in {1..300}; do
			printf '%.*s%0*d\r\n' "$((length % 4))" ... "$((length % 200 + 1))" "$length"
		done
	} >"$BATS_FILE_TMPDIR/message"
}

setup() {
	launch_setup
	mailbox_setup
	message=$TLS_CERTIFICATES/message
	ca=$TLS_CERTIFICATES/ca.pem
	ln -s "$bin/passwd-auth" "$B/secret"
	# "good" is jo's token.
	printf '#!/bin/sh\nread -r token <&3\n[ "$AUTH_NAME" = jo@example.org ] && [ "$token" = good ] || exit 77\necho ":set user=$AUTH_NAME"\n' >"$B/token"
	chmod 755 "$B/token"
	# ann's password is kept as it is, for the challenges of APOP and CRAM-MD5.
	"$bin/passwd-auth" set --plain ann@example.org <<<secret
}

teardown() {
	launch_teardown
	[ -n "${BATS_TEST_COMPLETED-}" ] || { printf '%s\n' "${output-}"; tail -n 50 "$DIR/log"; }
}

# secured PROGRAM NAME [OPTION...] - serves, and exports the port as NAME: the mechanisms of $offer, and no password in clear.
offer=SCRAM-SHA-256-PLUS,SCRAM-SHA-256,CRAM-MD5,APOP,PLAIN,LOGIN,EXTERNAL,OAUTHBEARER,XOAUTH2
secured() {
	local options=(--tls-cert "$TLS_CERTIFICATES/local.pem" --tls-key "$TLS_CERTIFICATES/local.key" --tls-client-ca "$ca"
		--insecure-auth never --auth-mechanisms "$offer")
	[ "$1" != smtp ] || options+=(--submission --tls-require)
	serve "$1" "${options[@]}" "${@:3}"
	export "$2=${!1}"
	: >"$DIR/log"
}

# Checks that the last session was that of user $2, logged in by mechanism $1, inside TLS; then the next may come.
logged_in() {
	run await "$DIR/log" 'msg="session end"'
	assert_output --regexp " tls=TLSv1\.[23] .*user=$2 "
	run grep -cE "msg=login .* user=$2$([ "$1" = USER ] || echo " mechanism=$1")\$" "$DIR/log"
	assert_output 1
	: >"$DIR/log"
}

# Checks that a session has ended in which somebody failed to log in.
refused() {
	run await "$DIR/log" 'msg="session end"'
	refute_output --partial ' user='
	run grep -c 'msg="authentication failed"' "$DIR/log"
	assert_output 1
	: >"$DIR/log"
}

# Checks that jo has got the message and nothing else, and leaves the mailbox empty.
got_message() {
	assert_stored jo "$message"
	rm "$DIR/mail/example.org/jo/new"/*
}

# Puts the message into the mailbox of $1; $DIR/wire is what a client gets.
put_message() {
	tr -d '\r' <"$message" | "$bin/maildir-store" deliver 3< <(printf '%s\n' you@example.net "$1")
	cat "$DIR/mail/example.org/${1%@*}"/new/* | sed 's/$/\r/' >"$DIR/wire"
}

# ---- curl -----------------------------------------------------------------------------------------

@test "IOP-008 AUTH-018 AUTH-019 AUTH-023 AUTH-025: curl sends by each mechanism it knows, STARTTLS and TLS" {
	secured smtp starttls
	secured smtp implicit --tls implicit
	for url in "smtp://localhost:$starttls" "smtps://localhost:$implicit"; do
		sender=(timeout 120 curl -sS --ssl-reqd --cacert "$ca" --upload-file "$message" --mail-from jo@example.org
			--mail-rcpt jo@example.org "$url/client.example")
		for how in PLAIN:jo LOGIN:jo CRAM-MD5:ann; do
			run -0 "${sender[@]}" --login-options "AUTH=${how%:*}" --user "${how#*:}@example.org:secret"
			logged_in "${how%:*}" "${how#*:}@example.org"
			got_message
			run -67 "${sender[@]}" --login-options "AUTH=${how%:*}" --user "${how#*:}@example.org:wrong"
			refused
		done
		run -0 "${sender[@]}" --user jo@example.org --oauth2-bearer good
		logged_in OAUTHBEARER jo@example.org
		got_message
		run -67 "${sender[@]}" --user jo@example.org --oauth2-bearer bad
		refused
	done
	# It prefers the standard.
	offer=XOAUTH2 secured smtp vendor
	sender[-1]=smtp://localhost:$vendor/client.example
	run -0 "${sender[@]}" --user jo@example.org --oauth2-bearer good
	logged_in XOAUTH2 jo@example.org
	got_message
	run -67 "${sender[@]}" --user jo@example.org --oauth2-bearer bad
	refused
}

@test "IOP-008 AUTH-018 AUTH-019 POP-018: curl reads by each mechanism it knows, STLS and TLS" {
	secured pop3 stls
	secured pop3 implicit --tls implicit
	put_message jo@example.org
	cp "$DIR/wire" "$DIR/wire.jo"
	put_message ann@example.org
	cp "$DIR/wire" "$DIR/wire.ann"
	for url in "pop3://localhost:$stls" "pop3s://localhost:$implicit"; do
		reader=(timeout 120 curl -sS --ssl-reqd --cacert "$ca" -o "$DIR/read" "$url/1")
		for how in PLAIN:jo LOGIN:jo CRAM-MD5:ann APOP:ann; do
			option=AUTH=${how%:*}
			[ "$how" != APOP:ann ] || option=AUTH=+APOP
			run -0 "${reader[@]}" --login-options "$option" --user "${how#*:}@example.org:secret"
			logged_in "${how%:*}" "${how#*:}@example.org"
			cmp "$DIR/read" "$DIR/wire.${how#*:}"
			run -67 "${reader[@]}" --login-options "$option" --user "${how#*:}@example.org:wrong"
			refused
		done
		run -0 "${reader[@]}" --user jo@example.org --oauth2-bearer good
		logged_in OAUTHBEARER jo@example.org
		cmp "$DIR/read" "$DIR/wire.jo"
	done
	offer=XOAUTH2 secured pop3 vendor
	reader[-1]=pop3://localhost:$vendor/1
	run -0 "${reader[@]}" --user jo@example.org --oauth2-bearer good
	logged_in XOAUTH2 jo@example.org
	cmp "$DIR/read" "$DIR/wire.jo"
}

# ---- msmtp and mpop, by GnuTLS and GNU SASL -------------------------------------------------------

# The configuration of msmtp or mpop at port $1, STARTTLS $2, user $3, password $4, mechanism $5.
gnu_account() {
	printf '%s\n' 'account default' 'host localhost' "port $1" 'tls on' "tls_starttls $2" "tls_trust_file $ca" "user $3" \
		"password $4" "auth $5" "${@:6}"
}

@test "IOP-007 AUTH-017 AUTH-018 AUTH-019 AUTH-020 AUTH-022 AUTH-023 AUTH-024 AUTH-025: msmtp by each mechanism it knows, STARTTLS and TLS" {
	secured smtp starttls
	secured smtp implicit --tls implicit
	send() {
		gnu_account "$@" 'from jo@example.org' >"$DIR/msmtprc"
		chmod 600 "$DIR/msmtprc"
		run "$expected" timeout 120 msmtp --file="$DIR/msmtprc" jo@example.org <"$message"
	}
	for way in "$starttls on" "$implicit off"; do
		for how in plain:jo login:jo scram-sha-256:jo scram-sha-256:ann cram-md5:ann oauthbearer:jo xoauth2:jo; do
			password=secret
			[[ $how != *oauth* ]] || password=good
			# shellcheck disable=SC2086 # two words
			expected=-0 send $way "${how#*:}@example.org" "$password" "${how%:*}"
			mechanism=${how%:*}
			logged_in "${mechanism^^}" "${how#*:}@example.org"
			got_message
			# shellcheck disable=SC2086
			expected=-77 send $way "${how#*:}@example.org" wrong "${how%:*}"
			refused
		done
		# shellcheck disable=SC2086
		expected=-0 send $way jo@example.org '' external "tls_cert_file $TLS_CERTIFICATES/jo.pem" "tls_key_file $TLS_CERTIFICATES/jo.key"
		logged_in EXTERNAL jo@example.org
		got_message
	done
}

@test "IOP-007 POP-018 AUTH-017 AUTH-019 AUTH-020 AUTH-022 AUTH-023 AUTH-024: mpop by each mechanism it knows, STLS and TLS" {
	secured pop3 stls
	secured pop3 implicit --tls implicit
	mkdir -p "$DIR/fetched"/{new,cur,tmp}
	put_message jo@example.org
	cp "$DIR/wire" "$DIR/wire.jo"
	put_message ann@example.org
	cp "$DIR/wire" "$DIR/wire.ann"
	fetch() {
		rm -f "$DIR/uidls" "$DIR/fetched/new"/*
		gnu_account "$@" 'keep on' 'received_header off' "uidls_file $DIR/uidls" "delivery maildir $DIR/fetched" >"$DIR/mpoprc"
		chmod 600 "$DIR/mpoprc"
		run "$expected" timeout 120 mpop -q -C "$DIR/mpoprc"
	}
	for way in "$stls on" "$implicit off"; do
		for how in user:jo plain:jo login:jo scram-sha-256:jo scram-sha-256:ann apop:ann cram-md5:ann oauthbearer:jo xoauth2:jo; do
			password=secret
			[[ $how != *oauth* ]] || password=good
			# shellcheck disable=SC2086
			expected=-0 fetch $way "${how#*:}@example.org" "$password" "${how%:*}"
			mechanism=${how%:*}
			logged_in "${mechanism^^}" "${how#*:}@example.org"
			cmp <(sed 's/$/\r/' "$DIR/fetched/new"/*) "$DIR/wire.${how#*:}"
			# shellcheck disable=SC2086
			expected=-77 fetch $way "${how#*:}@example.org" wrong "${how%:*}"
			refused
		done
		# shellcheck disable=SC2086
		expected=-0 fetch $way jo@example.org '' external "tls_cert_file $TLS_CERTIFICATES/jo.pem" "tls_key_file $TLS_CERTIFICATES/jo.key"
		logged_in EXTERNAL jo@example.org
		cmp <(sed 's/$/\r/' "$DIR/fetched/new"/*) "$DIR/wire.jo"
	done
}

# ---- swaks ----------------------------------------------------------------------------------------

@test "IOP-007 AUTH-018 AUTH-019 AUTH-025: swaks by each mechanism it knows, SMTP and LMTP, STARTTLS and TLS" {
	secured smtp starttls
	secured smtp implicit --tls implicit
	secured lmtp delivery
	# It ends the last line by itself.
	head -c -2 "$message" >"$DIR/unended"
	for way in "ESMTP $starttls --tls" "ESMTP $implicit --tls-on-connect" "LMTP $delivery --tls"; do
		read -r protocol port tls <<<"$way"
		for how in PLAIN:jo LOGIN:jo CRAM-MD5:ann; do
			sender=(timeout 120 swaks --protocol "$protocol" --server localhost --port "$port" "$tls" --tls-ca-path "$ca" --tls-verify
				--auth "${how%:*}" --auth-user "${how#*:}@example.org" --from jo@example.org --to jo@example.org --data "@$DIR/unended")
			run -0 "${sender[@]}" --auth-password secret
			logged_in "${how%:*}" "${how#*:}@example.org"
			got_message
			run -28 "${sender[@]}" --auth-password wrong
			refused
		done
	done
}

# ---- others ---------------------------------------------------------------------------------------

# Runs a test of secure_clients.py.
python() {
	run -0 timeout -k 2 600 tests/lib/secure_clients.py "$1"
}

@test "AUTH-018 AUTH-019 AUTH-022 AUTH-025 IOP-006: Python's smtplib, LMTP and poplib by each mechanism, STARTTLS, STLS and TLS" {
	python libraries
}

@test "TLS-010 TLS-013 AUTH-024: behind tls-session in front programs, Received and log know of TLS and of the client's certificate" {
	python in_front
}

@test "tickets resume behind STARTTLS and STLS in another process that has the same keys, and in none that has others" {
	python tickets
}

@test "a renewed certificate serves the next connection, without a restart" {
	python renewed
}

@test "after TLS and a login neither the key nor the password is in the memory of the parser, nor is there a crypto library" {
	python memory
}

@test "no session program names a library of cryptography" {
	for program in smtp-session lmtp-session pop3-session auth-ok hook-runner; do
		run -0 readelf -d "$bin/$program"
		refute_output --regexp 'NEEDED.*(ssl|crypto|crypt|gsasl|gnutls)'
	done
}

@test "AUTH-018 AUTH-019 AUTH-022 AUTH-023 AUTH-025: nodemailer by each mechanism it knows, STARTTLS and TLS" {
	secured smtp starttls
	secured smtp implicit --tls implicit
	cat >"$DIR/send.js" <<-'END'
		const [ca, message, port, secure, method, name, secret] = process.argv.slice(2);
		const fs = require("fs");
		const auth = method === "XOAUTH2" ? { type: "OAuth2", user: name, accessToken: secret } : { user: name, pass: secret };
		require("nodemailer").createTransport({
			host: "localhost", port: +port, secure: secure === "tls", requireTLS: true, authMethod: method, auth,
			tls: { ca: fs.readFileSync(ca) },
		}).sendMail({ envelope: { from: "jo@example.org", to: "jo@example.org" }, raw: fs.readFileSync(message) },
			(error) => { if (error) { console.error(error); process.exit(error.code === "EAUTH" ? 67 : 1); } process.exit(0); });
	END
	send() {
		run "$expected" env NODE_PATH=/usr/share/nodejs timeout 120 node "$DIR/send.js" "$ca" "$message" "$@"
	}
	for way in "$starttls starttls" "$implicit tls"; do
		for how in PLAIN:jo LOGIN:jo CRAM-MD5:ann XOAUTH2:jo; do
			password=secret
			[[ $how != XOAUTH2* ]] || password=good
			# shellcheck disable=SC2086 # two words
			expected=-0 send $way "${how%:*}" "${how#*:}@example.org" "$password"
			logged_in "${how%:*}" "${how#*:}@example.org"
			got_message
			# shellcheck disable=SC2086
			expected=-67 send $way "${how%:*}" "${how#*:}@example.org" wrong
			refused
		done
	done
}

@test "IOP-005 POP-018 AUTH-019: fetchmail by USER, APOP and CRAM-MD5, STLS and TLS" {
	secured pop3 stls
	secured pop3 implicit --tls implicit
	# fetch PORT SSL USER PASSWORD PROTOCOL-AND-AUTH OPTION...
	fetch() {
		printf '%s\n' 'set no syslog' "set idfile $DIR/ids" "set pidfile $DIR/fetchmail.pid" \
			"poll localhost protocol $5 port $1" "username $3 password $4 $2 sslcertck sslcertfile $ca ${*:6}" \
			"mda \"cat >$DIR/read\" keep fetchall" >"$DIR/fetchmailrc"
		chmod 600 "$DIR/fetchmailrc"
		run "$expected" timeout -k 2 120 fetchmail --invisible --norewrite -f "$DIR/fetchmailrc"
	}
	put_message jo@example.org
	cp "$DIR/wire" "$DIR/wire.jo"
	put_message ann@example.org
	cp "$DIR/wire" "$DIR/wire.ann"
	for way in "$stls:sslproto TLS1.2+" "$implicit:ssl"; do
		for how in 'USER:jo:pop3 auth password' 'CRAM-MD5:ann:pop3 auth cram-md5' APOP:ann:apop; do
			IFS=: read -r mechanism who auth <<<"$how"
			# It knows no STLS before APOP.
			[[ $how$way != APOP*sslproto* ]] || continue
			expected=-0 fetch "${way%%:*}" "${way#*:}" "$who@example.org" secret "$auth"
			logged_in "$mechanism" "$who@example.org"
			cmp <(sed 's/$/\r/' "$DIR/read") "$DIR/wire.$who"
			expected=-3 fetch "${way%%:*}" "${way#*:}" "$who@example.org" wrong "$auth"
			refused
		done
	done
}

@test "IOP-007 POP-018 AUTH-020: mutt reads by USER, APOP and SASL, and sends, STLS, STARTTLS and TLS" {
	secured pop3 stls
	secured pop3 implicit --tls implicit
	secured smtp starttls
	secured smtp submissions --tls implicit
	mkdir -p "$DIR/fetched"/{new,cur,tmp}
	cat >"$DIR/base" <<-END
		set ssl_force_tls=yes
		set ssl_starttls=yes
		set certificate_file=$ca
		set ssl_usesystemcerts=no
		set spoolfile=$DIR/fetched
		set mbox_type=Maildir
		set pop_delete=no
		set pop_last=no
		set quit=yes
		set move=no
		set folder=$DIR
		set from=jo@example.org
		set hostname=client.example
	END
	mutt_does() {
		TERM=vt100 run -0 timeout -k 2 120 script -qec "mutt -n -F '$DIR/muttrc' $1" "$DIR/typescript" </dev/null
	}
	put_message jo@example.org
	put_message ann@example.org
	for url in "pop://localhost:$stls" "pops://localhost:$implicit"; do
		for how in user:jo apop:ann scram-sha-256:jo cram-md5:ann plain:jo login:jo; do
			who=${how#*:}@example.org
			{
				cat "$DIR/base"
				printf '%s\n' "set pop_host=$url" "set pop_user=$who" 'set pop_pass=secret' "set pop_authenticators=${how%:*}" \
					'push "<fetch-mail><quit>"'
			} >"$DIR/muttrc"
			rm -f "$DIR/fetched"/*/*
			mutt_does ''
			mechanism=${how%:*}
			logged_in "${mechanism^^}" "$who"
			run -0 diff <(sed -n '/^From: /,$p' "$DIR/fetched"/*/* | grep '^\.') <(tr -d '\r' <"$message" | grep '^\.')
		done
	done
	for url in "smtp://jo@example.org@localhost:$starttls" "smtps://jo@example.org@localhost:$submissions"; do
		for how in plain login scram-sha-256; do
			{
				cat "$DIR/base"
				printf '%s\n' "set smtp_url=$url" 'set smtp_pass=secret' "set smtp_authenticators=$how" 'set record='
			} >"$DIR/muttrc"
			rm "$DIR/mail/example.org/jo/new"/*
			mutt_does "-s subject jo@example.org -i '$TLS_CERTIFICATES/message' </dev/null"
			logged_in "${how^^}" jo@example.org
			run grep -c '^\.\.\.0' "$DIR/mail/example.org/jo/new"/*
			assert_output 75
		done
	done
}

@test "AUTH-017 AUTH-020 AUTH-021: gsasl by SCRAM-SHA-256-PLUS, bound to the connection, and by the rest that it knows" {
	python gsasl
}

@test "AUTH-018 AUTH-019 AUTH-025: Perl's Net::SMTP and Net::POP3 with Authen::SASL, STARTTLS, STLS and TLS" {
	secured smtp starttls
	secured smtp submissions --tls implicit
	secured pop3 stls
	secured pop3 pops --tls implicit
	export SSL_CERT_FILE=$ca message
	for how in PLAIN:jo LOGIN:jo CRAM-MD5:ann; do
		for port in "$starttls" "$submissions"; do
			run -0 timeout 120 perl -MNet::SMTP -MAuthen::SASL -e '
				my ($port, $implicit, $mechanism, $user) = @ARGV;
				my %ssl = (SSL_ca_file => $ENV{SSL_CERT_FILE}, SSL_verifycn_name => "localhost");
				my $smtp = Net::SMTP->new("localhost", Port => $port, Hello => "perl.example", Timeout => 120, SSL => $implicit, %ssl) or die "$@";
				$implicit or $smtp->starttls(%ssl) or die $smtp->message;
				my $sasl = sub { Authen::SASL->new(mechanism => $mechanism, callback => { user => $user, authname => "", pass => $_[0] }) };
				!$smtp->auth($sasl->("wrong")) or die "let in";
				$smtp->auth($sasl->("secret")) or die $smtp->message;
				$smtp->mail("jo\@example.org") && $smtp->to("jo\@example.org") && $smtp->data or die $smtp->message;
				open my $file, "<:raw", $ENV{message} or die;
				$smtp->datasend(map { s/\r//r } <$file>) && $smtp->dataend && $smtp->quit or die $smtp->message;' \
				"$port" "$([ "$port" = "$submissions" ] && echo 1 || echo 0)" "${how%:*}" "${how#*:}@example.org"
			run await "$DIR/log" 'msg="session end"'
			assert_output --regexp " tls=TLSv1.3 user=${how#*:}@example.org .*messages=1 "
			run -0 grep -c "msg=login .*mechanism=${how%:*}\$" "$DIR/log"
			: >"$DIR/log"
			got_message
		done
	done
	put_message jo@example.org
	for port in "$stls" "$pops"; do
		run -0 timeout 120 perl -MNet::POP3 -e '
			my ($port, $implicit) = @ARGV;
			my %ssl = (SSL_ca_file => $ENV{SSL_CERT_FILE}, SSL_verifycn_name => "localhost");
			my $pop = Net::POP3->new("localhost", Port => $port, Timeout => 120, SSL => $implicit, %ssl) or die "$@";
			$implicit or $pop->starttls(%ssl) or die $pop->message;
			!defined $pop->login("jo\@example.org", "wrong") or die "let in";
			$pop->login("jo\@example.org", "secret") == 1 or die $pop->message;
			open my $file, ">:raw", "$ENV{HOME}/read" or die;
			print $file map { s/\r?\n/\r\n/r } @{$pop->get(1)};
			$pop->quit or die;' "$port" "$([ "$port" = "$pops" ] && echo 1 || echo 0)"
		cmp "$DIR/read" "$DIR/wire"
		logged_in USER jo@example.org
	done
}

@test "IOP-007: getmail6 inside TLS" {
	secured pop3 pops --tls implicit
	put_message jo@example.org
	mkdir "$DIR/getmail"
	printf '#!/bin/sh\nexec cat >"%s/read"\n' "$DIR" >"$DIR/mda"
	chmod 755 "$DIR/mda"
	printf '%s\n' '[retriever]' 'type = SimplePOP3SSLRetriever' 'server = localhost' "port = $pops" 'username = jo@example.org' \
		'password = secret' "ca_certs = $ca" '[destination]' 'type = MDA_external' "path = $DIR/mda" 'allow_root_commands = true' \
		'[options]' 'delivered_to = false' 'received = false' >"$DIR/getmail/getmailrc"
	run -0 timeout -k 2 300 getmail --getmaildir "$DIR/getmail"
	logged_in USER jo@example.org
	cmp <(tail -n +6 "$DIR/read") <(tr -d '\r' <"$DIR/wire" | tail -n +6)
}

@test "TLS-001 TLS-010 AUTH-024: openssl s_client, SMTP, LMTP and POP3, with a certificate for EXTERNAL" {
	secured smtp starttls
	secured smtp submissions --tls implicit
	secured lmtp delivery
	secured pop3 stls
	secured pop3 pops --tls implicit
	client=(timeout 120 openssl s_client -quiet -verify_return_error -CAfile "$ca" -verify_hostname localhost -servername localhost
		-cert "$TLS_CERTIFICATES/jo.pem" -key "$TLS_CERTIFICATES/jo.key")
	{
		printf '%s\r\n' 'EHLO client.example' 'AUTH EXTERNAL =' 'MAIL FROM:<jo@example.org>' 'RCPT TO:<jo@example.org>' DATA
		sed 's/^\./../' "$message"
		printf '%s\r\n' . QUIT
	} >"$DIR/said"
	for way in "$starttls -starttls smtp" "$submissions" "$delivery -starttls lmtp"; do
		# shellcheck disable=SC2086 # words
		run -0 "${client[@]}" -connect localhost:$way < <([[ $way == *lmtp ]] && sed 's/^EHLO/LHLO/' "$DIR/said" || cat "$DIR/said")
		assert_output --partial $'235 2.7.0'
		assert_line --partial $'221 2.0.0'
		logged_in EXTERNAL jo@example.org
		got_message
	done
	put_message jo@example.org
	for way in "$stls -starttls pop3" "$pops"; do
		# shellcheck disable=SC2086
		run -0 "${client[@]}" -connect localhost:$way < <(printf '%s\r\n' 'AUTH EXTERNAL =' 'RETR 1' QUIT)
		diff <(sed -n '/^Return-Path/,/^\.\r$/p' <<<"$output" | sed -e 's/^\.//' -e '$d') "$DIR/wire"
		logged_in EXTERNAL jo@example.org
	done
}

# ---- Postfix --------------------------------------------------------------------------------------

@test "IOP-010 AUTH-018 AUTH-019 AUTH-020 AUTH-025: Postfix relays inside TLS alone, verifies, and logs in, by SMTP and LMTP" {
	tests/lib/fetch-peer postfix
	python postfix
}

# ---- the README -----------------------------------------------------------------------------------

@test "the README's section on logins, as it is printed" {
	local one two
	mkdir "$DIR/readme"
	one=$(free_port)
	two=$(free_port)
	# Its ports and its prefix are replaced, the rest is run by a shell that stops at the first failure, and says who is to end.
	sed -n '/^## Logins/,/^## /s/^    //p' README.md | sed -e "s/5870/$one/g; s/9950/$two/g" -e "s|/usr/local/libexec/mail-session|$bin|g" \
		-e "s|&$|2>>log </dev/null 3>\&- \& echo \$! >>pids|" >"$DIR/readme/script"
	# The programs listen before clients come.
	sed -i 's/^printf .Subject/timeout 120 tail -n +1 -F log 2>>tail | grep -m 2 msg=listening >>tail\n&/' "$DIR/readme/script"
	run bash -c 'cd "$1" && PATH=$2:$PATH timeout 300 bash -eu script' sh "$DIR/readme" "$bin"
	while read -r pid; do
		pids+=("$pid")
	done <"$DIR/readme/pids"
	assert_success
	assert_output --partial 'This is a test mailing'
	assert_equal "$(grep -c 'msg=login .*user=jo@example.org' "$DIR/readme/log")" 3
	# shellcheck disable=SC2012 # names without blanks
	assert_equal "$(ls "$DIR/readme/mail/example.org/jo/new" | wc -l)" 2
}

# ---- what testssl.sh finds ------------------------------------------------------------------------

@test "TLS-009: testssl.sh finds nothing above LOW with the options as shipped: STARTTLS, STLS and TLS at once" {
	local name found=()
	rm "$B/auth" "$B/serve"
	ln -s /bin/true "$B/auth"
	for name in smtp lmtp pop3; do
		serve "$name" --tls-cert "$TLS_CERTIFICATES/local.pem" --tls-key "$TLS_CERTIFICATES/local.key" --max-per-source 0
		export "plain_$name=${!name}"
	done
	# Its port is told after this.
	: >"$DIR/log"
	serve smtp --tls implicit --tls-cert "$TLS_CERTIFICATES/local.pem" --tls-key "$TLS_CERTIFICATES/local.key" --max-per-source 0
	# --fast leaves out the list of every cipher with every version, which testssl would take minutes more for;
	# preferences, ciphers by kind, certificate and all vulnerabilities are looked at. It takes a minute and a half.
	for way in "smtp:-t smtp localhost:$plain_smtp" "lmtp:-t lmtp localhost:$plain_lmtp" "pop3:-t pop3 localhost:$plain_pop3" "tls:localhost:$smtp"; do
		# shellcheck disable=SC2086 # words
		timeout -k 5 1200 testssl --quiet --warnings off --color 0 --fast --add-ca "$ca" --ip 127.0.0.1 --jsonfile "$DIR/${way%%:*}.json" \
			${way#*:} >"$DIR/${way%%:*}.out" 2>&1 </dev/null 3>&- &
		found+=($!)
	done
	for name in "${found[@]}"; do
		wait "$name" || :
	done
	for name in smtp lmtp pop3 tls; do
		run -0 jq -r '.[] | select(.severity | IN("OK", "INFO", "LOW", "DEBUG") | not) | "\(.id) \(.severity) \(.finding)"' "$DIR/$name.json"
		# It says so where it lacks something itself.
		assert_equal "$name $(grep -vE '^(engine_problem|RC4) WARN ' <<<"$output")" "$name "
		# And it has come to the end, and has seen what is there.
		run -0 jq -r '.[] | select(.id == "scanTime" or .id == "TLS1_3" or .id == "TLS1_2" or .id == "cert_trust") | .severity' "$DIR/$name.json"
		assert_equal "$(sort <<<"$output" | uniq -c | xargs)" '1 INFO 3 OK'
	done
}
