#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# install - what `make install` puts where, and that it runs from there.

bats_require_minimum_version 1.5.0

setup_file() {
	cd "$BATS_TEST_DIRNAME/.." || return
	# A copy, since other paths build some objects again.
	BUILDING=$BATS_FILE_TMPDIR/build
	mkdir "$BUILDING"
	for part in bin shared static kernel-headers flags paths libmailsession.a libmailsession.so; do
		[ ! -e "${BUILD:-build}/$part" ] || cp -a "${BUILD:-build}/$part" "$BUILDING/"
	done
	PREFIX=$BATS_FILE_TMPDIR/prefix
	export BUILDING PREFIX
	make -s BUILD="$BUILDING" PREFIX="$PREFIX" install
}

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	static=("$PREFIX"/bin/{smtp,lmtp,pop3}-session "$PREFIX"/libexec/mail-session/{maildir-store,auth-ok,hook-runner})
}

# Skips where the compiler $1 is not there; CI has every one.
need() {
	command -v "$1" >/dev/null || skip "no $1"
}

@test "every file lies where DESIGN says, and no place-holder is left" {
	run ls "$PREFIX"
	assert_output "$(printf '%s\n' bin include lib libexec share)"
	run ls "$PREFIX/bin"
	assert_output "$(printf '%s\n' lmtp-session pop3-session smtp-session tls-session)"
	run ls "$PREFIX/libexec/mail-session"
	assert_output "$(printf '%s\n' auth-ok hook-runner maildir-store mbox-store passwd-auth sasl-session)"
	run ls "$PREFIX/lib"
	assert_output "$(printf '%s\n' libmailsession.a libmailsession.so libmailsession.so.0 libmailsession.so.0.1.0 \
		pkgconfig systemd sysusers.d tmpfiles.d)"
	for protocol in smtp lmtp pop3; do
		for unit in .socket @.service -listen.socket -listen.service; do
			[ -f "$PREFIX/lib/systemd/system/$protocol-session$unit" ]
		done
		[ -f "$PREFIX/share/man/man8/$protocol-session.8" ]
	done
	run grep -rlIE '@[A-Z]+@' "$PREFIX/include" "$PREFIX/lib" "$PREFIX/share"
	assert_output ''
}

@test "nothing is setuid or writable by others (hardening 41)" {
	run find "$PREFIX" '(' -perm /6000 -o ! -type l -perm /022 ')'
	assert_output ''
}

@test "the tree serves mail from where it is" {
	backend=$BATS_TEST_TMPDIR/backend
	cp -a "$PREFIX/share/mail-session/backends/maildir" "$backend"
	export MAILDIR=$BATS_TEST_TMPDIR/mail/%d/%n PASSWD_FILE=$BATS_TEST_TMPDIR/passwd
	printf 'MAILDIR=%s\nPASSWD_FILE=%s\n' "$MAILDIR" "$PASSWD_FILE" >"$backend/env"
	"$PREFIX/libexec/mail-session/maildir-store" create jo@example.org
	echo secret | "$PREFIX/libexec/mail-session/passwd-auth" set jo@example.org

	run "$PREFIX/bin/smtp-session" --hostname mx.example.org --spool-dir "$BATS_TEST_TMPDIR" "$backend" <<-END
		EHLO client.example.org$(printf '\r')
		MAIL FROM:<you@example.org>$(printf '\r')
		RCPT TO:<jo@example.org>$(printf '\r')
		DATA$(printf '\r')
		Subject: installed$(printf '\r')
		.$(printf '\r')
		QUIT$(printf '\r')
	END
	assert_success
	assert_line --regexp '^250 2\.0\.0 '
	run "$PREFIX/bin/pop3-session" --hostname mx.example.org "$backend" <<-END
		CAPA$(printf '\r')
		USER jo@example.org$(printf '\r')
		PASS secret$(printf '\r')
		RETR 1$(printf '\r')
		QUIT$(printf '\r')
	END
	assert_success
	assert_line --regexp '^SASL .*SCRAM-SHA-256'
	assert_line --regexp '^Subject: installed'
}

@test "--check tells which logins are offered to whom" {
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=mx.example.org -keyout "$BATS_TEST_TMPDIR/key" \
		-out "$BATS_TEST_TMPDIR/certificate" 2>/dev/null
	check() {
		run -0 "$PREFIX/bin/$1-session" --hostname mx.example.org --check "${@:2}" "$PREFIX/share/mail-session/backends/maildir"
	}
	check pop3 --tls-cert "$BATS_TEST_TMPDIR/certificate" --tls-key "$BATS_TEST_TMPDIR/key"
	assert_line '  in clear from this machine: USER SCRAM-SHA-256 PLAIN LOGIN'
	assert_line '  in clear from elsewhere: SCRAM-SHA-256'
	assert_line '  inside of TLS: USER SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN'
	check smtp --insecure-auth never --auth-mechanisms PLAIN
	assert_line '  in clear from this machine: none'
	refute_output --partial 'inside of TLS:'
	check smtp --tls implicit --tls-cert "$BATS_TEST_TMPDIR/certificate" --tls-key "$BATS_TEST_TMPDIR/key"
	refute_output --partial '  in clear'
	assert_line '  inside of TLS: SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN'
}

@test "the static programs are static-pie with nothing linked in but libc (hardening 86)" {
	for program in "${static[@]}"; do
		echo "$program"
		run -0 readelf -hldsW "$program"
		assert_line --regexp 'Type: +DYN'
		[[ $program == */auth-ok ]] || assert_line --regexp 'FUNC .* __stack_chk_fail$'
		refute_output --regexp 'INTERP|NEEDED|RPATH|RUNPATH|TEXTREL'
		assert_output --regexp 'GNU_RELRO'
		assert_output --regexp 'GNU_STACK +[0x ]+RW +'
		assert_output --regexp 'NOW'
	done
}

# The libraries that a file names.
needed() {
	readelf -dW "$1" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p'
}

@test "passwd-auth, tls-session and the library need what they are for and libc, and no path to it (hardening 86)" {
	for program in libexec/mail-session/passwd-auth bin/tls-session; do
		run -0 readelf -hldW "$PREFIX/$program"
		assert_output --regexp 'Type: +DYN'
		assert_output --regexp 'GNU_RELRO'
		assert_output --regexp 'GNU_STACK +[0x ]+RW +'
		assert_output --regexp 'NOW'
		refute_output --regexp 'RPATH|RUNPATH|TEXTREL'
	done
	run needed "$PREFIX/libexec/mail-session/passwd-auth"
	assert_output "$(printf '%s\n' libcrypt.so.1 libc.so.6)"
	run needed "$PREFIX/bin/tls-session"
	assert_output "$(printf '%s\n' libssl.so.3 libcrypto.so.3 libc.so.6)"
	run -0 readelf -dW "$PREFIX/lib/libmailsession.so"
	assert_output --regexp 'SONAME.*\[libmailsession\.so\.0\]'
	refute_output --regexp 'RPATH|RUNPATH|TEXTREL'
	run needed "$PREFIX/lib/libmailsession.so"
	assert_output libc.so.6
}

# Compiles every public header alone with the compiler $1.
headers_alone() {
	need "$1"
	for header in "$PREFIX"/include/mailsession/*.h; do
		printf '#include <mailsession/%s>\nint main(void) { return 0; }\n' "${header##*/}" |
			"$1" -Wall -Wextra -Werror -I "$PREFIX/include" -fsyntax-only -x c -
	done
}

@test "public headers compile alone with gcc" {
	headers_alone gcc
}

@test "public headers compile alone with clang" {
	headers_alone clang
}

# Sends a mail with one of two recipients refused to the SMTP server of tests/embed, which is the program $1 here;
# it writes the message to standard error.
# shellcheck disable=SC2154 # bats sets stderr
assert_serves_mail() {
	run -0 --separate-stderr "$1" < <(printf '%s\r\n' 'EHLO x' 'MAIL FROM:<you@example.net>' 'RCPT TO:<jo@example.org>' \
		'RCPT TO:<jo@example.net>' DATA 'Subject: embedded' '' ..dot . QUIT)
	assert_line --index 0 $'220 mx.example.com ESMTP\r'
	assert_line --regexp '^250 2\.1\.5 <jo@example\.org> OK'
	assert_line $'550 5.7.1 not our domain\r'
	assert_line --regexp '^250 2\.0\.0 OK'
	assert_line $'221 2.0.0 mx.example.com Bye\r'
	assert_equal "$stderr" $'Subject: embedded\n\n.dot'
}

@test "MAP-006: the example of embedding builds by pkg-config and takes mail, shared and static" {
	need pkg-config
	export PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig
	run -0 pkg-config --modversion mailsession
	assert_output 0.1.0
	# shellcheck disable=SC2046
	gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -o "$BATS_TEST_TMPDIR/shared" tests/embed/smtp-server.c \
		$(pkg-config --cflags --libs mailsession)
	LD_LIBRARY_PATH=$PREFIX/lib assert_serves_mail "$BATS_TEST_TMPDIR/shared"
	# shellcheck disable=SC2046
	gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -o "$BATS_TEST_TMPDIR/static" tests/embed/smtp-server.c \
		$(pkg-config --cflags mailsession) "$PREFIX/lib/libmailsession.a"
	assert_serves_mail "$BATS_TEST_TMPDIR/static"
}

@test "bash completes the options that --help lists" {
	# shellcheck source=/dev/null
	run bash -c '. "$1"; COMP_WORDS=("$2" --max-rec); COMP_CWORD=1; _mail_session "$2"; echo "${COMPREPLY[@]}"' - \
		"$PREFIX/share/bash-completion/completions/smtp-session" "$PREFIX/bin/smtp-session"
	assert_output -- --max-recipients
}

@test "the README shows the --help that there is" {
	shown=$(sed -n '/^\$ smtp-session --help$/,/^```$/p' README.md | sed '1d;$d')
	run -0 "$PREFIX/bin/smtp-session" --help
	assert_equal "${output//$PREFIX/\/usr\/local}" "$shown"
}

@test "DESTDIR stands before every path, and in none of the files" {
	make -s BUILD="$BUILDING" PREFIX=/usr DESTDIR="$BATS_TEST_TMPDIR/root" install
	run ls "$BATS_TEST_TMPDIR/root"
	assert_output usr
	run grep -rl "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/root"
	assert_output ''
	run grep -h ^ExecStart "$BATS_TEST_TMPDIR/root/usr/lib/systemd/system/smtp-session@.service"
	assert_output 'ExecStart=-/usr/bin/smtp-session /etc/mail-session/smtp'
	run readlink "$BATS_TEST_TMPDIR/root/usr/share/mail-session/backends/maildir/serve"
	assert_output /usr/libexec/mail-session/maildir-store
}

@test "uninstall leaves no file, and no directory of ours" {
	# One after the other, also where the make that runs the tests has several jobs.
	make -s BUILD="$BUILDING" PREFIX=/usr DESTDIR="$BATS_TEST_TMPDIR/root" install
	make -s BUILD="$BUILDING" PREFIX=/usr DESTDIR="$BATS_TEST_TMPDIR/root" uninstall
	run find "$BATS_TEST_TMPDIR/root" ! -type d
	assert_output ''
	run find "$BATS_TEST_TMPDIR/root" -name '*mail*session*'
	assert_output ''
}
