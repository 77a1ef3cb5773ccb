#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# option - what the programs make of flags, environment and configuration file.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	bin=${BUILD:-$BATS_TEST_DIRNAME/../build}/bin
	man=${BUILD:-$BATS_TEST_DIRNAME/../build}/man/cmd
	backend=$BATS_TEST_TMPDIR/backend
	mkdir "$backend"
	file=$BATS_TEST_TMPDIR/conf
}

# An SMTP session that says EHLO and QUIT, with these options; standard error goes to a file.
greet() {
	printf 'EHLO client.example\r\nQUIT\r\n' |
		"$bin/smtp-session" --hostname mx.example.org "$@" "$backend" 2>"$BATS_TEST_TMPDIR/stderr" | tr -d '\r'
	return "${PIPESTATUS[1]}"
}

@test "a value from flag, environment and file reaches the session (MAP-017, SIZE-001)" {
	run -0 greet --greeting 'at your service' --size-limit=7K
	assert_line --index 0 '220 mx.example.org ESMTP at your service'
	assert_line '250-SIZE 7168'
	MAILSESSION_SIZE_LIMIT=8K run -0 greet
	assert_line '250-SIZE 8192'
	echo 'size-limit 9K' >"$file"
	run -0 greet --config "$file"
	assert_line '250-SIZE 9216'
	MAILSESSION_CONFIG=$file run -0 greet
	assert_line '250-SIZE 9216'
}

@test "flag wins over environment, environment over file, file over default" {
	printf '%s\n' '# limits' 'size-limit 3' 'max-hops 3' 'max-errors 3' >"$file"
	export MAILSESSION_SIZE_LIMIT=2 MAILSESSION_MAX_HOPS=2 MAILSESSION_CONFIG=$file
	run -0 "$bin/smtp-session" --check --size-limit 1 --hostname mx.example.org "$backend"
	assert_line --regexp '^size-limit +1 +\(flag\)$'
	assert_line --regexp '^max-hops +2 +\(MAILSESSION_MAX_HOPS\)$'
	assert_line --regexp "^max-errors +3 +\\($file:4\\)\$"
	assert_line --regexp '^max-recipients +1000 +\(default\)$'
}

@test "a mistake: exit 78, the place is named, the client hears 421 (MAP-005)" {
	printf '%s\n' '' 'max-hops none' >"$file"
	run -78 greet --config "$file"
	assert_line --regexp '^421 '
	assert_equal "${#lines[@]}" 1
	run cat "$BATS_TEST_TMPDIR/stderr"
	assert_output --partial "$file:2: max-hops: "
	MAILSESSION_MAX_HOPS=none run -78 greet
	run cat "$BATS_TEST_TMPDIR/stderr"
	assert_output --partial 'MAILSESSION_MAX_HOPS: '
	run -78 greet --max-hop 3
	run cat "$BATS_TEST_TMPDIR/stderr"
	assert_output --partial -- '--max-hop: no such option'
	MAILSESSION_NONSENSE=1 run -78 greet
	run -78 greet --config "$BATS_TEST_TMPDIR/absent"
	run cat "$BATS_TEST_TMPDIR/stderr"
	assert_output --partial "$BATS_TEST_TMPDIR/absent: No such file or directory"
}

@test "a mistake: a client of POP3 hears -ERR (MAP-005)" {
	run -78 --separate-stderr "$bin/pop3-session" --hostname mx.example.org --max-errors=x "$backend" < <(printf 'QUIT\r\n')
	assert_output --regexp '^-ERR '
	# shellcheck disable=SC2154 # run sets it
	[[ $stderr == *'--max-errors: '* ]]
}

@test "TLS: a key needs its certificate, one way to certificates is enough, implicit needs one" {
	run -78 greet --tls-cert cert.pem
	run cat "$BATS_TEST_TMPDIR/stderr"
	assert_output --partial 'tls-cert: tls-cert and tls-key go together'
	run -78 greet --tls-key key.pem
	run -78 greet --tls-cert cert.pem --tls-key key.pem --tls-dir certs
	run cat "$BATS_TEST_TMPDIR/stderr"
	assert_output --partial 'tls-dir: there is tls-cert already'
	run -78 greet --tls implicit
	run cat "$BATS_TEST_TMPDIR/stderr"
	assert_output --partial 'tls: implicit needs tls-cert and tls-key, or tls-dir'
	run -78 greet --tls-min 1.1
	run -78 greet --tls yes
}

@test "options of a sibling are passed over in environment and file, refused as flags" {
	echo 'lock-file /run/lock/%u' >"$file"
	MAILSESSION_EXPIRE='not looked at' run -0 greet --config "$file"
	run -78 greet --expire 5
	run cat "$BATS_TEST_TMPDIR/stderr"
	assert_output --partial -- '--expire: an option of pop3-session'
}

@test "a greeting that fills the line is taken, one octet more is a mistake (MAP-050)" {
	text=$(printf 'x%.0s' {1..506})
	run -0 --separate-stderr "$bin/pop3-session" --hostname mx.example.org --greeting "$text" "$backend" < <(printf 'QUIT\r\n')
	assert_line --index 0 "+OK $text"$'\r'
	run -78 --separate-stderr "$bin/pop3-session" --hostname mx.example.org --greeting "x$text" "$backend" < <(printf 'QUIT\r\n')
}

@test "--help and --version say what they say and look at nothing else" {
	for program in smtp lmtp pop3; do
		MAILSESSION_NONSENSE=1 run -0 "$bin/$program-session" --help
		assert_line --index 0 "Usage: $program-session [OPTION]... [DIRECTORY]"
		run -0 "$bin/$program-session" --version
		assert_output --regexp "^$program-session [0-9]+\\.[0-9]+\\.[0-9]+\$"
	done
}

@test "the manual pages tell of every option that --help lists" {
	for program in smtp lmtp pop3; do
		"$bin/$program-session" --help | sed -n 's/^  --\([a-z-]*\).*/\1/p' >"$BATS_TEST_TMPDIR/help"
		sed -n 's/^\.It Fl -\([a-z-]*\).*/\1/p' "$man/$program-session/$program-session.8" >"$BATS_TEST_TMPDIR/manual"
		[ "$(wc -l <"$BATS_TEST_TMPDIR/help")" -gt 20 ]
		diff "$BATS_TEST_TMPDIR/help" "$BATS_TEST_TMPDIR/manual"
	done
}
