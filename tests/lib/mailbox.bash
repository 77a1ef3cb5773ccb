# SPDX-License-Identifier: ISC
# mailbox.bash - for suites in which real clients exchange mail: programs on free ports over a Maildir and a password file.
#
# Goes with launch.bash, and is loaded behind it.
# shellcheck shell=bash disable=SC2154

# To be called from setup: a backend of the shipped store and password file, in which jo@example.org, with the password
# "secret", and ann@example.org have mailboxes; $DIR/message is a message, $DIR the home of clients.
mailbox_setup() {
	rm "$B/connect"
	ln -s "$bin/maildir-store" "$B/serve"
	ln -s "$bin/passwd-auth" "$B/auth"
	export MAILDIR=$DIR/mail/%d/%n PASSWD_FILE=$DIR/passwd
	printf 'MAILDIR=%s\nPASSWD_FILE=%s\n' "$MAILDIR" "$PASSWD_FILE" >"$B/env"
	"$bin/maildir-store" create jo@example.org ann@example.org
	"$bin/passwd-auth" set jo@example.org <<<secret
	printf '%s\r\n' 'Subject: hello' 'From: <you@example.net>' 'Date: Sat, 21 Nov 2026 13:11:42 +0000' \
		'Message-ID: <1@example.net>' '' first .dot >"$DIR/message"
	# Clients look for their configuration here, and for the user's name.
	export HOME=$DIR PYTHONDONTWRITEBYTECODE=1
	unset XDG_CONFIG_HOME MAILRC FETCHMAILHOME
}

# serve smtp|lmtp|pop3 [OPTION...] - starts that program on a free port, and exports its name as the port.
serve() {
	local program=$1 line
	start "$bin/$program-session" --hostname mx.example.org --spool-dir "$DIR" --listen 127.0.0.1:0 "${@:2}" "$B"
	line=$(await "$DIR/log" "program=$program-session .*msg=listening")
	export "$program=${line##* port=}"
}

# Waits until no session is left: a maildrop is free a moment after its client has gone.
at_rest() {
	local pid
	for pid in "${pids[@]}"; do
		timeout 60 sh -c 'while [ -n "$(cat "/proc/$1/task/$1/children")" ]; do sleep 0.02; done' sh "$pid"
	done
}

# Puts $1 messages, or one, with the subjects "1", "2"... into jo's mailbox.
deliver() {
	local number
	for number in $(seq "${1:-1}"); do
		printf 'Subject: %d\n\nbody\n' "$number" |
			"$bin/maildir-store" deliver 3< <(printf 'you@example.net\njo@example.org\n')
	done
}

# What is in the mailbox of $1, without CR, the trace fields left out.
stored() {
	cat "$DIR/mail/example.org/$1"/new/* | sed -e '/^Return-Path: /d' -e '/^Delivered-To: /d' -e '/^Received: /,/^\t.*[+-][0-9]\{4\}$/d'
}

# Checks that the mailbox of $1 holds the file $2 and nothing else.
assert_stored() {
	run diff <(stored "$1") <(tr -d '\r' <"${2:-$DIR/message}")
	assert_success
	assert_output ''
}

# The number of messages of $1.
count() {
	find "$DIR/mail/example.org/$1/new" "$DIR/mail/example.org/$1/cur" -type f | wc -l
}
