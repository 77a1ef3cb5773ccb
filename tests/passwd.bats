#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# passwd - passwd-auth (the checkpassword interface, secrets, keeping the file) and auth-ok.
#
# shellcheck disable=SC2016,SC2030,SC2031 # what is quoted is for the shell inside; tests do not share variables

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	AUTH=$(realpath "${BUILD:-build}/bin/passwd-auth")
	AUTH_OK=$(realpath "${BUILD:-build}/bin/auth-ok")
	T=$BATS_TEST_TMPDIR
	export AUTH AUTH_OK T PASSWD_FILE=$T/passwd
	unset USER AUTH_NAME AUTH_MECH
	umask 022
}

# The password file with HASH for each new hash, and VERIFIER for each verifier that `set` makes.
stored() {
	sed -E -e 's/\$y\$j9T\$[A-Za-z0-9.\/]+\$[A-Za-z0-9.\/]{43}(:|$)/HASH\1/' \
		-e 's/\{SCRAM-SHA-256\}4096,[A-Za-z0-9+\/]{22}==(,[A-Za-z0-9+\/]{43}=){2}$/VERIFIER/'
}

# check DATA PROGRAM... - the checkpassword interface; DATA is for printf, its \0 the separators.
check() {
	local data=$1
	shift
	# shellcheck disable=SC2059
	printf "$data" >"$T/data"
	"$AUTH" "$@" 3<"$T/data" </dev/null
}

# The file with users by each of the hashes: jo (yescrypt), bob (bcrypt), sha (SHA-512), pl (plain).
users() {
	cat >"$PASSWD_FILE" <<-'END'
		# a comment
		jo:$y$j9T$abcdefghij./$7L6qTBDYTEkIfWUBwOjWVu7vbW5RBfPRGnGVuUiOFV5

		bob:{BLF-CRYPT}$2b$04$abcdefghijklmnopqrstuuYFxJPOqIU8KvfAIA8HLmNsGZqIqvLCm
		sha:{SHA512-CRYPT}$6$salt$secret
		pl:{PLAIN}pass:::
		scram:{SCRAM-SHA-256}4096,c2FsdA==,c3RvcmVk,c2VydmVy
		odd:{MD5}x
	END
	python3 - <<-'END'
		import ctypes, os, re
		crypt = ctypes.CDLL("libcrypt.so.1").crypt
		crypt.restype = ctypes.c_char_p
		settings = {b"jo": b"$y$j9T$abcdefghij./$", b"bob": b"$2b$04$abcdefghijklmnopqrstuu", b"sha": b"$6$salt$"}
		with open(os.environ["PASSWD_FILE"], "r+b") as file:
		    text = file.read()
		    for user, setting in settings.items():
		        text = re.sub(rb"(?m)^(%s:(?:\{[A-Z0-9-]+\})?).*" % user, lambda found: found[1] + crypt(b"secret", setting), text)
		    file.seek(0)
		    file.truncate()
		    file.write(text)
	END
	chmod 600 "$PASSWD_FILE"
}

@test "checkpassword: the program runs for the right password alone" {
	users
	for user in jo bob sha; do
		run -0 check "$user\0secret\0t\0" sh -c 'echo "in as $USER with $SHELL"'
		assert_output "in as $user with /bin/sh"
		run -1 check "$user\0secre\0t\0" echo in
		assert_output ''
		run -1 check "$user\0secrett\0t\0" echo in
		run -1 check "$user\0\0t\0" echo in
	done
	run -0 check 'pl\0pass\0t\0' echo in
	for password in pas passs xass '' passpass; do
		run -1 check "pl\0$password\0t\0" echo in
	done
	run -1 check 'nobody\0secret\0t\0' echo in
	run -1 check '\0secret\0t\0' echo in
	# A verifier is no password, and no way to store one that is not known refuses for good.
	run -1 check 'scram\0x\0t\0' echo in
	run -111 check 'odd\0x\0t\0' echo in
	refute_line in
}

@test "checkpassword: misuse is 2, trouble is 111" {
	users
	for data in '' 'jo' 'jo\0secret' '\0'; do
		run -2 check "$data" echo in
	done
	run -2 check "jo\0secret\0$(printf '%01100d' 0)\0" echo in
	run -2 "$AUTH" echo 3<&-
	run -2 "$AUTH"
	run -111 check 'jo\0secret\0t\0' "$T/nothing"
	assert_output --partial 'No such file or directory'
	PASSWD_FILE=$T/nothing run -111 check 'jo\0secret\0t\0' echo in
	PASSWD_FILE='' run -111 check 'jo\0secret\0t\0' echo in
	assert_output --partial 'PASSWD_FILE is not set'
	for victim in fifo directory; do
		if [ $victim = fifo ]; then mkfifo "$T/fifo"; else mkdir "$T/directory"; fi
		PASSWD_FILE=$T/$victim run -111 timeout 60 "$AUTH" check jo <<<secret
	done
	printf '%03000d' 0 >>"$PASSWD_FILE"
	printf '%09000d\n' 0 >>"$PASSWD_FILE"
	run -111 check 'jo\0secret\0t\0' echo in
}

@test "checkpassword: a file that others may write is not believed" {
	users
	for mode in 660 606 622; do
		chmod $mode "$PASSWD_FILE"
		run -111 check 'jo\0secret\0t\0' echo in
		assert_output --partial 'its owner alone may write'
	done
	chmod 640 "$PASSWD_FILE"
	run -0 check 'jo\0secret\0t\0' echo in
}

@test "checkpassword: the data is no longer open, and is nowhere in what the program is given" {
	users
	run -0 check 'jo\0secret\0t\0' sh -c '! [ -e /proc/self/fd/3 ] || readlink /proc/self/fd/3; cat /proc/$$/environ /proc/$$/cmdline'
	refute_output --partial secret
	refute_output --partial "$T/data"
}

@test "checkpassword: the user's ids and home, for good; uid 0 never (hardening 40)" {
	[ "$(id -u)" = 0 ] || skip "kernel: needs root to become somebody else"
	mkdir "$T/home"
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$T/home"
	printf '%s\n' "jo:{PLAIN}x:1234:2345::$T/home" 'zero:{PLAIN}x:0:2345::/' 'wheel:{PLAIN}x:1234:0::/' 'half:{PLAIN}x:1234' \
		'bad:{PLAIN}x:99999999999:1::/' 'none:{PLAIN}x:4294967295:1::/' 'lost:{PLAIN}x:::::/nowhere' \
		"home:{PLAIN}x::::$T/home" 'gone:{PLAIN}x::::/nowhere' >"$PASSWD_FILE"
	run -0 check 'jo\0x\0t\0' sh -c 'grep -E "^(Uid|Gid|Groups|CapEff|CapPrm):" /proc/self/status; pwd; echo $HOME'
	assert_output "$(printf 'Uid:\t1234\t1234\t1234\t1234\nGid:\t2345\t2345\t2345\t2345\nGroups:\t2345 \n%s\n%s\n%s' \
		"$(printf 'CapPrm:\t%016d\nCapEff:\t%016d' 0 0)" "$T/home" "$T/home")"
	for user in zero wheel; do
		run -111 check "$user\0x\0t\0" echo in
		assert_output --partial 'uid 0 and gid 0 cannot log in'
	done
	for user in half bad none; do
		run -1 check "$user\0x\0t\0" echo in
	done
	run -0 check 'home\0x\0t\0' sh -c 'pwd; echo $HOME; id -u'
	assert_output "$(printf '%s\n' "$T/home" "$T/home" 0)"
	run -111 check 'gone\0x\0t\0' echo in
	# Somebody else cannot become a third one.
	chmod 644 "$PASSWD_FILE"
	printf 'jo\0x\0t\0' >"$T/data"
	run -111 setpriv --reuid 4321 --regid 4321 --clear-groups "$AUTH" echo in 3<"$T/data"
	assert_output --partial 'cannot become the user'
	run -0 setpriv --reuid 1234 --regid 2345 --clear-groups "$AUTH" echo in 3<"$T/data"
	assert_output in
}

@test "unknown users cost as much as known ones (hardening 61)" {
	users
	cat >"$T/count.c" <<-'END'
		#define _GNU_SOURCE
		#include <crypt.h>
		#include <dlfcn.h>
		#include <stdio.h>
		#include <stdlib.h>
		char *crypt_rn(const char *phrase, const char *setting, void *data, int size)
		{
			char *(*real)(const char *, const char *, void *, int) = dlsym(RTLD_NEXT, "crypt_rn");
			FILE *log = fopen(getenv("CRYPT_LOG"), "a");
			fprintf(log, "%.7s\n", setting);
			fclose(log);
			return real(phrase, setting, data, size);
		}
	END
	gcc -shared -fPIC -o "$T/count.so" "$T/count.c"
	export CRYPT_LOG=$T/log
	for user in jo nobody scram pl; do
		: >"$T/log"
		echo wrong | LD_PRELOAD=$T/count.so ASAN_OPTIONS=verify_asan_link_order=0 run -1 "$AUTH" check $user
		assert_equal "$user $(cat "$T/log")" "$user "'$y$j9T$'
	done
	# And where there is nobody to take after, as much as a new user would.
	echo '# nobody' >"$PASSWD_FILE"
	: >"$T/log"
	echo wrong | LD_PRELOAD=$T/count.so ASAN_OPTIONS=verify_asan_link_order=0 run -1 "$AUTH" check jo
	assert_equal "$(cat "$T/log")" '$y$j9T$'
}

@test "set, list, check, delete" {
	run -0 "$AUTH" set jo@example.org <<<'secret and more'
	assert_output ''
	assert_equal "$(stat -c %a "$PASSWD_FILE")" 600
	assert_equal "$(stored <"$PASSWD_FILE")" "$(printf '%s\n' jo@example.org:HASH jo@example.org:VERIFIER)"
	run -0 "$AUTH" set bob --uid 1000 --gid 100 --home /home/bob <<<other
	run -0 "$AUTH" list
	assert_output "$(printf '%s\n' jo@example.org bob)"
	run -0 "$AUTH" check jo@example.org <<<'secret and more'
	run -1 "$AUTH" check jo@example.org <<<'secret and mor'
	run -1 "$AUTH" check nobody <<<x
	printf 'secret and more' | run -0 "$AUTH" check jo@example.org
	assert_equal "$(stored <"$PASSWD_FILE" | grep bob)" "$(printf '%s\n' bob:HASH:1000:100::/home/bob bob:VERIFIER)"
	run -0 "$AUTH" set bob <<<third
	assert_equal "$(stored <"$PASSWD_FILE" | grep bob)" "$(printf '%s\n' bob:HASH:1000:100::/home/bob bob:VERIFIER)"
	run -0 "$AUTH" set bob --home /srv/bob --no-scram <<<fourth
	assert_equal "$(stored <"$PASSWD_FILE" | grep bob)" bob:HASH:1000:100::/srv/bob
	run -0 "$AUTH" check bob <<<fourth
	run -0 "$AUTH" delete jo@example.org
	run -1 "$AUTH" delete jo@example.org
	assert_output 'passwd-auth: no such user: jo@example.org'
	run -0 "$AUTH" list
	assert_output bob
	assert_equal "$(ls -A "$T")" passwd
}

@test "set replaces all that a user could log in with, and leaves the rest as it is" {
	printf '%s\n' '# top' 'a:{PLAIN}1::::/home/a' '' 'jo:{PLAIN}old:5:6::/h' 'jo:{SCRAM-SHA-256}1,a,b,c' 'not a line' >"$PASSWD_FILE"
	printf 'z:{PLAIN}2' >>"$PASSWD_FILE"
	chmod 640 "$PASSWD_FILE"
	run -0 "$AUTH" set jo <<<new
	assert_equal "$(stored <"$PASSWD_FILE")" \
		"$(printf '%s\n' '# top' 'a:{PLAIN}1::::/home/a' '' 'jo:HASH:5:6::/h' jo:VERIFIER 'not a line' 'z:{PLAIN}2')"
	assert_equal "$(stat -c %a "$PASSWD_FILE")" 640
	[ "$(id -u)" = 0 ] || return 0
	chown 1234:2345 "$PASSWD_FILE"
	run -0 "$AUTH" delete a
	assert_equal "$(stat -c %a:%u:%g "$PASSWD_FILE")" 640:1234:2345
}

@test "set, check, delete: what is refused changes nothing" {
	run -0 "$AUTH" set jo <<<secret
	cp "$PASSWD_FILE" "$T/before"
	run -1 "$AUTH" set jo </dev/null
	run -1 "$AUTH" set jo <<<''
	run -1 "$AUTH" set jo < <(printf 'a\0b\n')
	run -1 "$AUTH" set jo < <(printf '%0512d\n' 0)
	for arguments in '' 'a b' 'jo --uid 5' 'jo --gid 5' 'jo --uid 0 --gid 5' 'jo --uid x --gid 5' 'jo --uid' 'jo --shell x' \
		'a:b' '#a' 'jo --home a:b' 'jo --uid 4294967295 --gid 1' 'jo --plain x'; do
		# shellcheck disable=SC2086
		run -64 "$AUTH" set $arguments <<<secret
	done
	run -64 "$AUTH" delete
	run -64 "$AUTH" list x
	run -64 "$AUTH" check
	cmp "$PASSWD_FILE" "$T/before"
	# The longest password there may be.
	run -0 "$AUTH" set jo < <(printf '%0511d\n' 0)
	run -0 "$AUTH" check jo < <(printf '%0511d\n' 0)
}

@test "set behind a link replaces the file, not the link" {
	mkdir "$T/real"
	ln -s real/users "$PASSWD_FILE"
	# A link to nothing becomes the file.
	run -0 "$AUTH" set jo <<<secret
	[ ! -L "$PASSWD_FILE" ]
	mv "$PASSWD_FILE" "$T/real/users"
	ln -s real/users "$PASSWD_FILE"
	run -0 "$AUTH" set bob <<<secret
	[ -L "$PASSWD_FILE" ]
	assert_equal "$(PASSWD_FILE=$T/real/users "$AUTH" list)" "$(printf '%s\n' jo bob)"
	assert_equal "$(ls -A "$T/real")" users
}

@test "twenty changes at once, and a login sees one version or the other" {
	export -n AUTH_OK
	run -0 "$AUTH" set jo <<<secret
	seq 20 | xargs -P 20 -I{} sh -c 'echo secret | "$AUTH" set user{} && echo secret | "$AUTH" check jo'
	assert_equal "$("$AUTH" list | sort -u | wc -l)" 21
	assert_equal "$(wc -l <"$PASSWD_FILE")" 42
}

@test "a change that fails, or is killed, at any system call leaves the old file or the new one" {
	"$AUTH" set jo <<<secret
	cp "$PASSWD_FILE" "$T/before"
	export ASAN_OPTIONS=detect_leaks=0
	for call in openat read write fsync renameat fchmod getrandom flock; do
		only=()
		# The loader opens and reads too.
		[[ $call != openat && $call != read ]] || only=(-P "$T" -P "$PASSWD_FILE")
		for fault in error=EIO error=ENOSPC signal=KILL; do
			for number in {1..20}; do
				cp "$T/before" "$PASSWD_FILE"
				status=0
				strace -qq -o "$T/trace" "${only[@]}" -e "inject=$call:$fault:when=$number" "$AUTH" set bob <<<x 2>"$T/error" ||
					status=$?
				echo "$call $number $fault: $status" >&2
				if [ $status = 0 ]; then
					assert_equal "$("$AUTH" list)" "$(printf '%s\n' jo bob)"
				elif ! cmp -s "$PASSWD_FILE" "$T/before"; then
					# Moved into place already; only that it is durable was not to be had.
					assert_equal "$("$AUTH" list)" "$(printf '%s\n' jo bob)"
				fi
				"$AUTH" check jo <<<secret
				[ $fault = signal=KILL ] || [ -z "$(find "$T" -name '.passwd.*')" ]
				rm -f "$T"/.passwd.*
				grep -qE 'INJECTED|killed by SIGKILL' "$T/trace" || break
			done
			# As often as it is called, which is at least once.
			[ "$number" -gt 1 ] && [ "$number" -lt 20 ]
		done
	done
}

@test "a kill -9 at any system call of set, or of its helper, leaves the old file or the new one" {
	mkdir "$T/etc"
	for whose in itself children; do
		run -0 timeout 900 tests/lib/passwd.py "$T/etc/passwd" $whose
		[[ $output != kernel:* ]] || skip "$output"
	done
}

@test "set --plain keeps the password as it is, for APOP and CRAM-MD5" {
	run -0 "$AUTH" set jo --uid 5 --gid 6 <<<'correct horse'
	run -0 "$AUTH" set jo --plain <<<'correct horse'
	assert_equal "$(cat "$PASSWD_FILE")" 'jo:{PLAIN}correct horse:5:6::'
	run -0 "$AUTH" check jo <<<'correct horse'
	AUTH_MECH=CRAM-MD5 AUTH_NAME=jo run -0 "$AUTH" secret
	assert_output '{PLAIN}correct horse'
	for password in a:b 'a ' $'a\t'; do
		run -1 "$AUTH" set jo --plain <<<"$password"
		assert_output --partial 'no colon and no blank at its end'
	done
	run -0 "$AUTH" check jo <<<'correct horse'
}

@test "set: the verifier is of the same password, or nothing is written" {
	run -0 "$AUTH" set jo <<<'pencil'
	python3 - "$(sed -n 's/^jo:{SCRAM-SHA-256}//p' "$PASSWD_FILE")" <<-'END'
		import base64, hashlib, hmac, sys
		iterations, salt, stored, server = sys.argv[1].split(",")
		salted = hashlib.pbkdf2_hmac("sha256", b"pencil", base64.b64decode(salt), int(iterations))
		assert base64.b64decode(stored) == hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
		assert base64.b64decode(server) == hmac.digest(salted, b"Server Key", "sha256")
	END
	cp "$PASSWD_FILE" "$T/before"
	# RFC 4013 allows no control character, and a verifier of what is no UTF-8 would be good for nothing.
	for password in $'a\001b' $'a\377'; do
		run -1 "$AUTH" set jo <<<"$password"
		assert_output --partial '--no-scram'
		cmp "$PASSWD_FILE" "$T/before"
		run -0 "$AUTH" set bob --no-scram <<<"$password"
		run -0 "$AUTH" check bob <<<"$password"
		cp "$T/before" "$PASSWD_FILE"
	done
}

@test "a line of 2048 octets is read, a longer one is trouble" {
	printf 'long:{PLAIN}x::::/%02030d\njo:{PLAIN}x\n' 0 >"$PASSWD_FILE"
	assert_equal "$(head -n 1 "$PASSWD_FILE" | wc -c)" 2049
	run -0 "$AUTH" check jo <<<x
	run -0 "$AUTH" check long <<<x
	sed -i '1s/0/00/' "$PASSWD_FILE"
	run -111 "$AUTH" check jo <<<x
	assert_output --partial 'too long'
	AUTH_MECH=APOP AUTH_NAME=jo run -75 "$AUTH" secret
	cp "$PASSWD_FILE" "$T/before"
	run -1 "$AUTH" set jo <<<y
	cmp "$PASSWD_FILE" "$T/before"
	assert_equal "$(ls -A "$T")" "$(printf '%s\n' before passwd)"
}

@test "lines of Dovecot's passwd-file mean what they mean there" {
	local md5
	md5=$(python3 -c '
import ctypes
crypt = ctypes.CDLL("libcrypt.so.1").crypt
crypt.restype = ctypes.c_char_p
print(crypt(b"secret", b"$1$saltsalt$").decode())')
	printf '%s\n' "old:{MD5-CRYPT}$md5:1000:100:Old User:$T:/bin/false:userdb_mail=maildir:~/Maildir allow_nets=127.0.0.0/8" \
		'clear:{CLEARTEXT}secret::::::' 'lower:{plain}secret' 'v:{scram-sha-256}4096,c2FsdA==,c3RvcmVk,c2VydmVy' \
		'b64:{PLAIN.b64}c2VjcmV0' 'argon:{ARGON2ID}$argon2id$v=19$x' >"$PASSWD_FILE"
	for user in old clear lower; do
		run -0 "$AUTH" check $user <<<secret
		run -1 "$AUTH" check $user <<<Secret
	done
	for user in b64 argon; do
		run -111 "$AUTH" check $user <<<secret
	done
	for user in clear lower; do
		AUTH_MECH=APOP AUTH_NAME=$user run -0 "$AUTH" secret
		assert_output '{PLAIN}secret'
	done
	AUTH_MECH=SCRAM-SHA-256 AUTH_NAME=v run -0 "$AUTH" secret
	assert_output '{SCRAM-SHA-256}4096,c2FsdA==,c3RvcmVk,c2VydmVy'
	[ "$(id -u)" = 0 ] || return 0
	chmod 755 "$BATS_RUN_TMPDIR" "$T"
	run -0 check 'old\0secret\0t\0' sh -c 'id -u; id -g; echo $HOME'
	assert_output "$(printf '%s\n' 1000 100 "$T")"
}

@test "secret: the verifier for SCRAM, else the plain password, else nobody (exit 67)" {
	printf '%s\n' 'jo:$y$j9T$x$y' 'jo:{SCRAM-SHA-256}4096,c2FsdA==,c3RvcmVk,c2VydmVy' 'pl:{PLAIN}p w:1:2::/' \
		'both:{PLAIN}x' 'both:{SCRAM-SHA-256}1,a,b,c' >"$PASSWD_FILE"
	AUTH_MECH=SCRAM-SHA-256 AUTH_NAME=jo run -0 "$AUTH" secret
	assert_output '{SCRAM-SHA-256}4096,c2FsdA==,c3RvcmVk,c2VydmVy'
	AUTH_MECH=CRAM-MD5 AUTH_NAME=jo run -67 "$AUTH" secret
	assert_output ''
	AUTH_MECH=APOP AUTH_NAME=pl run -0 "$AUTH" secret
	assert_output '{PLAIN}p w'
	AUTH_MECH=SCRAM-SHA-256-PLUS AUTH_NAME=pl run -0 "$AUTH" secret
	assert_output '{PLAIN}p w'
	AUTH_MECH=SCRAM-SHA-256 AUTH_NAME=both run -0 "$AUTH" secret
	assert_output '{SCRAM-SHA-256}1,a,b,c'
	AUTH_MECH=APOP AUTH_NAME=both run -0 "$AUTH" secret
	assert_output '{PLAIN}x'
	AUTH_MECH=APOP AUTH_NAME=nobody run -67 "$AUTH" secret
	AUTH_MECH=APOP run -67 "$AUTH" secret
	PASSWD_FILE=$T/nothing AUTH_MECH=APOP AUTH_NAME=pl run -75 "$AUTH" secret
}

@test "auth-ok confirms who logged in on the descriptor it is told" {
	printf 'jo:{PLAIN}x\n' >"$PASSWD_FILE"
	printf 'jo\0x\0t\0' >"$T/data"
	run -0 "$AUTH" "$AUTH_OK" 7 3<"$T/data" 7>"$T/said"
	assert_output ''
	assert_equal "$(od -An -c "$T/said")" "$(printf 'user=jo\n' | od -An -c)"
	run -0 env -u USER "$AUTH_OK" 7 7>"$T/said"
	assert_equal "$(cat "$T/said")" user=
	run -111 env USER=$'a\nuser=b' "$AUTH_OK" 7 7>"$T/said"
	assert_equal "$(cat "$T/said")" ''
	for arguments in '' '7 8' x -1 '7 ' 99 99999999999; do
		# shellcheck disable=SC2086
		USER=jo run -111 "$AUTH_OK" $arguments
	done
	USER=jo run -111 "$AUTH_OK" 7 7>/dev/full
}
