# shellcheck shell=bash
# SPDX-License-Identifier: ISC
# adapters.bash - the sample backends, as installed, with the servers behind them, for adapters, filters, maildrops and smuggling.
#
# shellcheck disable=SC2016,SC2034,SC2154 # quoted for other programs; variables come from lib/launch, and are for the tests

adapters_setup() {
	launch_setup
	samples=$(realpath "${BUILD:-build}")/stage/share/mail-session/backends
	peer=$PWD/tests/lib/adapter-peer
	options=(--hostname mx.example.org --accept-domain x.example --spool-dir "$DIR" --max-errors 1000 --hook-timeout 200)
	printf 'Subject: hi\n\n.first\n\nlast\n' >"$DIR/message"
	export PYTHONDONTWRITEBYTECODE=1
	# Where programs run: a canary would be here.
	mkdir "$DIR/cwd"
	cd "$DIR/cwd" || return
}

adapters_teardown() {
	launch_teardown
	[ -z "$(find "$DIR" -name 'canary*')" ]
}

# sample NAME [NAME=VALUE...] - the sample NAME as the backend $B, with these lines in its env.
sample() {
	local line
	rm -rf "$B"
	cp -a "$samples/$1" "$B"
	touch "$B/env"
	for line in "${@:2}"; do
		sed -i "/^${line%%=*}=/d" "$B/env"
		printf '%s\n' "$line" >>"$B/env"
	done
}

# The program $1-session over $B with the lines of $DIR/said: its replies behind EHLO's become $lines.
session() {
	timeout 300 "$bin/$1-session" "${options[@]}" "${@:2}" "$B" <"$DIR/said" >"$DIR/replies" 2>>"$DIR/log"
	run sed -e 's/\r$//' -e '/^220 /d' -e '/^250[ -]\(mx\|[A-Z0-9]*$\|[A-Z]* \)/d' -e '/^221 /d' -e '/^250 2\.1\.0 /d' \
		-e '/^354 /d' "$DIR/replies"
}

# transaction SENDER RECIPIENT... - prints what a client says to send $DIR/message.
transaction() {
	printf 'MAIL FROM:<%s>\r\n' "$1"
	shift
	printf 'RCPT TO:<%s>\r\n' "$@"
	printf 'DATA\r\n'
	sed -e 's/^\./../' -e 's/$/\r/' "$DIR/message"
	printf '.\r\n'
}

# send smtp|lmtp SENDER RECIPIENT... - a session with one transaction; $options are the program's.
send() {
	{
		case $1 in smtp) printf 'EHLO a.example\r\n' ;; lmtp) printf 'LHLO a.example\r\n' ;; esac
		transaction "${@:2}"
		printf 'QUIT\r\n'
	} >"$DIR/said"
	session "$1"
}

# What send heard: each argument begins one of the replies, from RCPT's on.
heard() {
	local index=0 beginning
	for beginning; do
		assert_equal "${lines[index]:0:${#beginning}}" "$beginning"
		index=$((index + 1))
	done
	assert_equal "${#lines[@]}" "$#"
}

# The message as it arrived in file $1 is $DIR/message behind Received fields, the last of them our own.
assert_message() {
	awk '!/^Received: |^[ \t]/ { exit } { field = $0 ~ /^R/ ? $0 : field $0 } END { exit field !~ /from a\.example .*by mx\./ }' "$1"
	awk '!body && /^Received: |^[ \t]/ { next } { body = 1; print }' "$1" | cmp - "$DIR/message"
}

# serve PROGRAM DIR ADDRESS [OPTION...] - starts it, and sets $port when it listens.
serve() {
	local line
	start "$bin/$1-session" --hostname up.example --spool-dir "$DIR" --listen "$3" "${@:4}" "$2"
	line=$(await "$DIR/log" "program=$1-session .*msg=listening")
	port=${line##* port=}
}

# Starts adapter-peer $1 with the directory $DIR/peer, and sets $port.
serve_peer() {
	mkdir -p "$DIR/peer"
	mkfifo "$DIR/port"
	"$peer" "$1" "$DIR/peer" </dev/null >"$DIR/port" 2>>"$DIR/log" 3>&- &
	pids+=($!)
	read -r -t 60 port <"$DIR/port"
}

# A backend in $DIR/upstream that archives: refused@ may not send, bad@ is a 550, later@ a 452.
upstream() {
	mkdir "$DIR/archive"
	cp -a "$samples/archive" "$DIR/upstream"
	printf 'ARCHIVE=%s\n' "$DIR/archive" >"$DIR/upstream/env"
	cat >"$DIR/upstream/rcpt" <<-'END_OF_RCPT'
		#!/bin/sh
		case $RECIPIENT in
		bad@*) printf '%s\n' '550-5.1.1 No such user' '550 5.1.1 at upstream'; exit 67 ;;
		later@*) echo '452 4.2.2 Full'; exit 75 ;;
		*) echo '250 2.1.5 Fine with upstream' ;;
		esac
	END_OF_RCPT
	cat >"$DIR/upstream/mail" <<-'END_OF_MAIL'
		#!/bin/sh
		case $SENDER in
		refused@*) echo '554 5.7.1 Not from you'; exit 77 ;;
		esac
		printf '%s\n' "${MAIL_PARAMS-}" >"${0%/*}/params"
	END_OF_MAIL
	chmod 755 "$DIR/upstream/rcpt" "$DIR/upstream/mail"
}

# Addresses that hope for a shell, an option, a format, another language; legal under --address-charset rfc.
hostile() {
	cat <<-'END_OF_HOSTILE'
		";touch canary;"
		"$(touch canary)"
		"`touch canary`"
		"|touch canary"
		"& touch canary &"
		"';touch canary;'"
		"\";touch canary;\""
		"${run{touch canary}}"
		"~!touch canary"
		"@canary"
		"<canary;type=x"
		"> canary"
		"x'); DROP TABLE messages; --"
		".output canary"
		"a\\nb"
		"a  b"
		--help
		-oQcanary
		-v
		%s%n
		'
		*
		"/../canary"
		/./canary
		$IFS
		/dev/null
	END_OF_HOSTILE
}

# Sends a message from and to each hostile address, in a session of protocol $1. $DIR/expected has their envelopes.
send_hostile() {
	local part parts
	mapfile -t parts < <(hostile)
	rm -f "$DIR/expected"
	{
		printf '%s\r\n' "$([ "$1" = smtp ] && echo EHLO || echo LHLO) \$(touch.canary)"
		printf '%s\r\n' "$([ "$1" = smtp ] && echo EHLO || echo LHLO) a.example"
		for part in "${parts[@]}"; do
			transaction "$part@y.example" "$part@x.example"
			printf '%s\n' "$part@y.example" "$part@x.example" >>"$DIR/expected"
		done
		printf 'QUIT\r\n'
	} >"$DIR/said"
	session "$1" --address-charset rfc
	assert_equal "$(grep -c '^250 2\.1\.5' <<<"$output")" "${#parts[@]}"
	assert_equal "$(grep -c '^250 2\.0\.0' <<<"$output")" "${#parts[@]}"
}

# ---- servers behind them ---------------------------------------------------------------------

qmail() {
	mkdir -p "$DIR/peer"
	printf '#!/bin/sh\nexec %s qmail-queue %s\n' "$peer" "$DIR/peer" >"$DIR/qmail-queue"
	chmod 755 "$DIR/qmail-queue"
	sample qmail-queue "QMAIL_QUEUE=$DIR/qmail-queue"
}

# msmtp as the sendmail command, with a server of ours as the next.
msmtp() {
	upstream
	serve smtp "$DIR/upstream" 127.0.0.1:0
	printf '%s\n' 'account default' 'host 127.0.0.1' "port $port" 'set_date_header off' 'set_from_header off' \
		'set_msgid_header off' >"$DIR/msmtprc"
	chmod 600 "$DIR/msmtprc"
	printf '#!/bin/sh\nexec /usr/bin/msmtp --file=%s "$@"\n' "$DIR/msmtprc" >"$DIR/sendmail"
	chmod 755 "$DIR/sendmail"
	sample sendmail "SENDMAIL=$DIR/sendmail"
}

proxy() {
	upstream
	serve lmtp "$DIR/upstream" "unix:$DIR/lmtp" "$@"
	sample lmtp-proxy "LMTP_SERVER=UNIX-CONNECT:$DIR/lmtp"
}

webhook() {
	serve_peer webhook
	sample webhook "WEBHOOK=http://127.0.0.1:$port/mail" WEBHOOK_RETRIES=0
}
