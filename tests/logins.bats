#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# logins - the sample programs for auth, secret and token, as installed, with the servers that they ask: who may, who
# may not, trouble for now, and names that hope for another language (hardening 24). And the filter for fail2ban.
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # quoted for other programs; variables come from lib/launch; tests share none

bats_require_minimum_version 1.5.0
load lib/launch

setup() {
	launch_setup
	samples=$(realpath "${BUILD:-build}")/stage/share/mail-session/backends
	peer=$PWD/tests/lib/adapter-peer
	export PYTHONDONTWRITEBYTECODE=1
	# Where programs run: a canary would be here.
	mkdir "$DIR/cwd"
	cd "$DIR/cwd" || return
}

teardown() {
	launch_teardown
	[ -z "$(find "$DIR" -name 'canary*')" ]
}

# try USER PASSWORD - the program $auth by the checkpassword interface; on success it says who is in.
try() {
	printf '%s\0%s\0t\0' "$1" "$2" >"$DIR/data"
	run "$auth" sh -c 'printf "in as %s\n" "$USER"; [ ! -e /proc/self/fd/3 ]' 3<"$DIR/data" </dev/null
}

# accepts USER PASSWORD, and refuses CODE USER PASSWORD.
accepts() {
	try "$@"
	assert_success
	assert_line "in as $1"
}

refuses() {
	try "$2" "$3"
	assert_equal "$status" "$1"
	refute_output --partial 'in as'
}

# Names, none of which is anybody's.
hostile() {
	cat <<-'END_OF_HOSTILE'
		*
		jo*
		)(mail=*
		jo@x.example)(|(mail=*
		\2a
		jo@x.example\00
		' OR '1'='1
		jo@x.example' --
		'; DROP TABLE passwd; --
		.shell touch canary
		$(touch canary)
		`touch canary`
		";touch canary;"
		|touch canary
		-h
		--help
		%s%n
		../../etc/passwd
		root:x
		$IFS
		JÖ@x.example
	END_OF_HOSTILE
}

# Each of them is refused, or is trouble, and none gets in.
refuses_hostile() {
	local name
	while IFS= read -r name; do
		for password in secret '' "$name"; do
			try "$name" "$password"
			[ "$status" = 1 ] || [ "$status" = 75 ] || [ "$status" = 111 ]
			refute_output --partial 'in as'
		done
	done < <(hostile)
}

# A POP3 session with the sample $1 beside the Maildirs; the lines of its env are in $2 and later.
pop3_with() {
	local reply
	cp -a "$samples/$1/." "$B/"
	rm -f "$B/connect"
	printf '%s\n' "${@:2}" "MAILDIR=$DIR/mail/%u" >"$B/env"
	ln -s "$bin/maildir-store" "$B/serve"
	mkdir -p "$DIR"/mail/jo@x.example/{tmp,new,cur}
	for reply in secret:'+OK' wrong:'-ERR [AUTH]'; do
		printf '%s\r\n' 'USER jo@x.example' "PASS ${reply%%:*}" QUIT >"$DIR/said"
		timeout 300 "$bin/pop3-session" --hostname mx.example.org --spool-dir "$DIR" "$B" <"$DIR/said" >"$DIR/replies" 2>>"$DIR/log"
		run sed -n 3p "$DIR/replies"
		assert_output --partial "${reply#*:}"
	done
}

# ---- LDAP --------------------------------------------------------------------------------------

# slapd on a unix socket: jo and ann in one branch, the twins with one address, only the reader may look.
directory() {
	mkdir "$DIR/ldap"
	cat >"$DIR/slapd.conf" <<-END
		include /etc/ldap/schema/core.schema
		include /etc/ldap/schema/cosine.schema
		include /etc/ldap/schema/inetorgperson.schema
		modulepath /usr/lib/ldap
		moduleload back_mdb
		pidfile $DIR/slapd.pid
		database mdb
		suffix dc=x,dc=example
		directory $DIR/ldap
		rootdn cn=reader,dc=x,dc=example
		rootpw reading
		access to attrs=userPassword by anonymous auth
		access to * by users read by anonymous auth
	END
	{
		printf 'dn: dc=x,dc=example\nobjectClass: dcObject\nobjectClass: organization\ndc: x\no: x\n\n'
		for name in jo:jo ann:ann twin-a:twin twin-b:twin 'Jö, "x"=y:odd'; do
			printf 'cn: %s\nsn: x\nmail: %s@x.example\nuserPassword: secret\n' "${name%%:*}" "${name#*:}" |
				python3 -c '
import base64, sys
lines = [line.rstrip("\n").split(": ", 1) for line in sys.stdin]
escaped = "".join("\\" + c if c in ",\"=+<>;" else c for c in lines[0][1])
for name, value in [["dn", "cn=" + escaped + ",dc=x,dc=example"], ["objectClass", "inetOrgPerson"], *lines]:
    print(name + ":: " + base64.b64encode(value.encode()).decode())
print()'
		done
	} >"$DIR/people.ldif"
	slapadd -q -f "$DIR/slapd.conf" -l "$DIR/people.ldif"
	export LDAPURI="ldapi://${DIR//\//%2F}%2Fslapd.socket"
	start slapd -f "$DIR/slapd.conf" -h "$LDAPURI" -d stats
	await "$DIR/log" 'slapd starting'
	printf reading >"$DIR/reader"
	chmod 600 "$DIR/reader"
	auth=$samples/auth-ldap/auth
	export LDAPBASE=dc=x,dc=example LDAPBINDDN=cn=reader,dc=x,dc=example LDAP_PASSWORD_FILE=$DIR/reader LDAP_ATTRIBUTE=mail
}

@test "auth-ldap: the entry with the address, by its password" {
	directory
	accepts jo@x.example secret
	accepts odd@x.example secret
	refuses 1 jo@x.example wrong
	refuses 1 jo@x.example ''
	refuses 1 '' secret
	refuses 1 nobody@x.example secret
	# Two entries: nobody's address.
	refuses 75 twin@x.example secret
	refuses_hostile
	pop3_with auth-ldap "LDAPURI=$LDAPURI" "LDAPBASE=$LDAPBASE" "LDAPBINDDN=$LDAPBINDDN" \
		"LDAP_PASSWORD_FILE=$LDAP_PASSWORD_FILE" LDAP_ATTRIBUTE=mail
}

@test "auth-ldap: a server that is not there, or says no to us, is trouble" {
	directory
	LDAPURI=ldapi://%2Fnowhere refuses 75 jo@x.example secret
	LDAPBASE=dc=nowhere refuses 75 jo@x.example secret
	printf wrong >"$DIR/reader"
	refuses 75 jo@x.example secret
}

# ---- SQL ---------------------------------------------------------------------------------------

users() {
	local line
	mkdir "$DIR/tmp"
	export TMPDIR=$DIR/tmp
	export DATABASE=$DIR/users.db
	sqlite3 "$DATABASE" <"$samples/auth-sql/schema.sql"
	auth=$samples/auth-sql/auth
	PASSWD_FILE=$DIR/passwd "$bin/passwd-auth" set jo@x.example <<<secret
	while IFS= read -r line; do
		sqlite3 "$DATABASE" "INSERT INTO passwd VALUES ('jo@x.example', '${line#*:}')"
	done <"$DIR/passwd"
	sqlite3 "$DATABASE" "INSERT INTO passwd VALUES ('ann@x.example', '{PLAIN}secret::::/nowhere'), ('pl', '{PLAIN}p w')"
}

@test "auth-sql: the rows of the user are a password file" {
	users
	accepts jo@x.example secret
	accepts pl 'p w'
	refuses 1 jo@x.example wrong
	refuses 1 nobody secret
	refuses 111 ann@x.example secret
	refuses_hostile
	assert_equal "$(sqlite3 "$DATABASE" 'SELECT count(*) FROM passwd')" 4
	# Nothing is left behind, and nothing open.
	assert_equal "$(ls -A "$TMPDIR")" ''
	printf 'jo@x.example\0secret\0t\0' >"$DIR/data"
	run -0 "$auth" sh -c 'ls /proc/$$/fd; echo "${PASSWD_FILE-none}"' 3<"$DIR/data" </dev/null
	refute_line 3
	refute_line 5
	refute_line 6
	assert_line none
	pop3_with auth-sql "DATABASE=$DATABASE"
}

@test "auth-sql: as secret it serves SCRAM and APOP" {
	users
	AUTH_MECH=SCRAM-SHA-256 AUTH_NAME=jo@x.example run -0 "$samples/auth-sql/secret" secret
	assert_output --regexp '^\{SCRAM-SHA-256\}4096,[^,]+,[^,]+,[^,]+$'
	AUTH_MECH=APOP AUTH_NAME=pl run -0 "$samples/auth-sql/secret" secret
	assert_output '{PLAIN}p w'
	AUTH_MECH=APOP AUTH_NAME=jo@x.example run -67 "$samples/auth-sql/secret" secret
	while IFS= read -r name; do
		AUTH_MECH=SCRAM-SHA-256 AUTH_NAME=$name run -67 "$samples/auth-sql/secret" secret
		assert_output ''
	done < <(hostile)
}

@test "auth-sql: no database, or none of ours, is trouble" {
	users
	echo 'not a database' >"$DIR/other"
	for DATABASE in "$DIR/nothing" "$DIR/other" ''; do
		refuses 75 jo@x.example secret
		AUTH_MECH=APOP AUTH_NAME=pl run -75 "$samples/auth-sql/secret" secret
	done
	[ ! -e "$DIR/nothing" ]
}

@test "auth-sql, auth-oauth: what lies at home has no say" {
	introspection
	hostile_home
	token good
	assert_output ':set user=jo@x.example'
	# It would have one.
	run ! jq -n 'any(true)'
	curl --silent --output /dev/null "file://$DIR/home/.jq"
	[ -e "$DIR/canary.curl" ]
	rm "$DIR/canary.curl"
	# sqlite3 looks for the home in passwd(5).
	users
	for program in "$auth" sqlite3; do
		strace -f -e trace=file -o "$DIR/trace.${program##*/}" "$program" /dev/null 3< <(printf 'jo@x.example\0secret\0t\0') </dev/null || :
	done
	grep -q 'users\.db' "$DIR/trace.auth"
	run ! grep '\.sqliterc' "$DIR/trace.auth"
	grep -q '\.sqliterc' "$DIR/trace.sqlite3"
}

# ---- PAM ---------------------------------------------------------------------------------------

# A PAM of its own: the service "mail" has a table of users, "broken" a module that is not there.
pam() {
	local modules
	modules=$(dirname "$(find /usr/lib -name pam_matrix.so)")
	mkdir "$DIR/pam.d"
	printf 'jo@x.example:secret:mail\nann:secret:mail\nexpired:secret:other\n' >"$DIR/matrix"
	printf 'auth required %s/pam_matrix.so passdb=%s\naccount required %s/pam_matrix.so passdb=%s\n' \
		"$modules" "$DIR/matrix" "$modules" "$DIR/matrix" >"$DIR/pam.d/mail"
	printf 'auth required %s/nothing.so\naccount required %s/nothing.so\n' "$DIR" "$DIR" >"$DIR/pam.d/broken"
	cat >"$DIR/pamtester" <<-END
		#!/bin/sh
		export LD_PRELOAD=libpam_wrapper.so PAM_WRAPPER=1 PAM_WRAPPER_SERVICE_DIR=$DIR/pam.d
		exec pamtester "\$@"
	END
	chmod 755 "$DIR/pamtester"
	auth=$samples/auth-pam/auth
	export PAMTESTER=$DIR/pamtester PAM_SERVICE=mail
}

@test "auth-pam: a service of PAM decides" {
	pam
	# As somebody who becomes nobody else; root would.
	chmod 755 "$BATS_RUN_TMPDIR" "$DIR" "$DIR/cwd"
	cp "$auth" "$DIR/auth"
	printf '#!/bin/sh\nexec setpriv --reuid 1234 --regid 1234 --clear-groups %s "$@"\n' "$DIR/auth" >"$DIR/as-other"
	chmod 755 "$DIR/as-other" "$DIR/auth"
	[ "$(id -u)" != 0 ] || auth=$DIR/as-other
	accepts jo@x.example secret
	accepts ann secret
	refuses 1 jo@x.example wrong
	refuses 1 nobody secret
	refuses 1 expired secret
	refuses_hostile
	PAM_SERVICE=broken refuses 75 jo@x.example secret
	PAMTESTER=$DIR/nothing refuses 75 jo@x.example secret
}

@test "auth-pam: root becomes the user, and never root" {
	[ "$(id -u)" = 0 ] || skip "kernel: needs root to become somebody else"
	pam
	printf 'daemon:secret:mail\nroot:secret:mail\nnobody-here:secret:mail\n' >"$DIR/matrix"
	printf 'daemon\0secret\0t\0' >"$DIR/data"
	run -0 "$auth" sh -c 'id -un; id -u; pwd; echo $HOME; grep ^CapEff /proc/self/status' 3<"$DIR/data"
	assert_output "$(printf '%s\n' daemon 1 /usr/sbin /usr/sbin)"$'\nCapEff:\t0000000000000000'
	refuses 1 root secret
	refuses 75 nobody-here secret
}

# ---- OAuth -------------------------------------------------------------------------------------

introspection() {
	mkdir "$DIR/peer"
	mkfifo "$DIR/port"
	"$peer" oauth "$DIR/peer" </dev/null >"$DIR/port" 2>>"$DIR/log" 3>&- &
	pids+=($!)
	read -r -t 60 port <"$DIR/port"
	echo 'user = "client:password"' >"$DIR/oauth.conf"
	echo '{"active": true, "username": "jo@x.example", "scope": "openid mail"}' >"$DIR/peer/good"
	export OAUTH_INTROSPECTION=http://127.0.0.1:$port/introspect OAUTH_CONFIG=$DIR/oauth.conf OAUTH_SCOPE=mail
}

# token TOKEN [NAME] - runs the program as the event; NAME is whom the client says that it is.
token() {
	printf '%s' "$1" >"$DIR/token"
	AUTH_MECH=OAUTHBEARER AUTH_NAME=${2-} run "$samples/auth-oauth/token" token 3<"$DIR/token" </dev/null
}

@test "auth-oauth: the server that issued the token says whose it is" {
	introspection
	token good
	assert_success
	assert_output ':set user=jo@x.example'
	token good jo@x.example
	assert_success
	token good ann@x.example
	assert_equal "$status" 77
	assert_output ''
	token unknown jo@x.example
	assert_equal "$status" 77
	echo '{"active": true, "sub": "jo@x.example", "scope": "openid mailbox"}' >"$DIR/peer/scope"
	token scope jo@x.example
	assert_equal "$status" 77
	OAUTH_SCOPE='' token scope jo@x.example
	assert_success
	# The token arrives as it is, whatever is in it.
	token 'a+b/c==&active=true&token=good' jo@x.example
	assert_equal "$status" 77
	assert_equal "$(cat "$DIR/peer/request.7")" 'token=a%2Bb%2Fc%3D%3D%26active%3Dtrue%26token%3Dgood'
}

@test "auth-oauth: an answer that is none is trouble, and so is a server that is not there" {
	introspection
	for answer in '' nonsense '[]' '{"active": true}' '{"active": true, "username": 5, "scope": "mail"}' \
		'{"active": true, "username": "", "scope": "mail"}' '{"active": true, "username": "a\nb", "scope": "mail"}' \
		'{"active": true, "username": "a b", "scope": "mail"}' '{"active": true, "username": ["jo"], "scope": "mail"}'; do
		printf '%s' "$answer" >"$DIR/peer/odd"
		token odd
		[ "$status" = 75 ] || [ "$status" = 77 ]
		refute_output --partial ':set'
	done
	for answer in '{"active": "true", "username": "jo", "scope": "mail"}' '{"username": "jo", "scope": "mail"}' \
		'{"active": 1, "username": "jo", "scope": "mail"}'; do
		printf '%s' "$answer" >"$DIR/peer/odd"
		token odd
		assert_equal "$status" 77
	done
	echo 500 >"$DIR/peer/status"
	token good
	assert_equal "$status" 75
	rm "$DIR/peer/status"
	echo 'user = "client:wrong"' >"$DIR/oauth.conf"
	token good
	assert_equal "$status" 75
	OAUTH_INTROSPECTION=http://127.0.0.1:1/ token good
	assert_equal "$status" 75
}

# ---- fail2ban ----------------------------------------------------------------------------------

# A login from $1 as $2 that auth ends with exit code $3; further arguments are options. Its log is added to $DIR/auth.log.
fails() {
	printf '#!/bin/sh\nexit %s\n' "$3" >"$B/auth"
	chmod 755 "$B/auth"
	printf 'USER %s\r\nPASS x\r\nQUIT\r\n' "$2" >"$DIR/said"
	PROTO=TCP TCPREMOTEIP=$1 TCPREMOTEPORT=5 "$bin/pop3-session" --hostname mx.example.org --insecure-auth always \
		"${@:4}" "$B" <"$DIR/said" 2>>"$DIR/auth.log" >>"$DIR/replies"
}

@test "fail2ban: the filter finds the peer of each failed login, and nobody that a name pretends to be" {
	ln -s auth "$B/list"
	ln -s auth "$B/retrieve"
	for format in text json; do
		fails 192.0.2.1 jo 1 --log-format $format
		fails 192.0.2.2 'a peer=198.51.100.1 b' 67 --log-format $format
		fails 192.0.2.3 '" peer=198.51.100.1 program=pop3-session level=notice msg="authentication failed" peer=198.51.100.1' 77 \
			--log-format $format
		fails 192.0.2.4 '\","peer":"198.51.100.1","program":"pop3-session","level":"notice","msg":"authentication failed","peer":"198.51.100.1"' \
			100 --log-format $format
		fails 2001:db8::5 jo@x.example 2 --log-format $format
		# Trouble is nobody's fault.
		fails 198.51.100.2 jo 111 --log-format $format
	done
	assert_equal "$(grep -c 'authentication failed' "$DIR/auth.log")" 10
	run -0 fail2ban-regex -o ip "$DIR/auth.log" "$samples/../fail2ban/filter.d/mail-session.conf"
	assert_output "$(printf '%s\n' 192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 2001:db8::5 192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 2001:db8::5)"
}

# ---- a client of GNU SASL ----------------------------------------------------------------------

# msmtp_as MECHANISM USER PASSWORD - sends a message to a session on a free port; the session's log is added to $DIR/auth.log.
msmtp_as() {
	printf '%s\n' 'account default' 'host 127.0.0.1' "port $port" "auth $1" "user $2" "password $3" 'from a@y.example' 'tls off' >"$DIR/msmtprc"
	chmod 600 "$DIR/msmtprc"
	printf 'Subject: x\n\nx\n' | timeout 300 msmtp --file="$DIR/msmtprc" b@x.example 2>>"$DIR/log"
}

@test "AUTH-019, AUTH-020: msmtp logs in by SCRAM-SHA-256, CRAM-MD5, PLAIN and LOGIN, and its failures are fail2ban's" {
	local line
	rm -f "$B/connect"
	ln -s "$bin/passwd-auth" "$B/auth"
	ln -s "$bin/passwd-auth" "$B/secret"
	printf '#!/bin/sh\ncat >/dev/null\nprintf "%%s by %%s\\n" "$AUTH_USER" "$AUTH_MECH" >>%s\n' "$DIR/taken" >"$B/deliver"
	chmod 755 "$B/deliver"
	export PASSWD_FILE=$DIR/passwd
	echo "PASSWD_FILE=$PASSWD_FILE" >"$B/env"
	"$bin/passwd-auth" set jo@x.example <<<secret
	"$bin/passwd-auth" set --plain pl <<<secret
	start "$bin/smtp-session" --hostname mx.example.org --spool-dir "$DIR" --submission --listen 127.0.0.1:0 \
		--auth-mechanisms SCRAM-SHA-256,CRAM-MD5,PLAIN,LOGIN "$B"
	line=$(await "$DIR/log" 'program=smtp-session .*msg=listening')
	port=${line##* port=}
	for how in 'scram-sha-256 jo@x.example' 'scram-sha-256 pl' 'cram-md5 pl' 'plain jo@x.example' 'login pl'; do
		# shellcheck disable=SC2086
		run -0 msmtp_as $how secret
		# shellcheck disable=SC2086
		run -77 msmtp_as $how wrong
	done
	run -77 msmtp_as scram-sha-256 nobody secret
	run -77 msmtp_as cram-md5 jo@x.example secret
	assert_equal "$(cat "$DIR/taken")" "$(printf '%s\n' 'jo@x.example by SCRAM-SHA-256' 'pl by SCRAM-SHA-256' 'pl by CRAM-MD5' \
		'jo@x.example by PLAIN' 'pl by LOGIN')"
	run -0 fail2ban-regex -o ip "$DIR/log" "$samples/../fail2ban/filter.d/mail-session.conf"
	assert_equal "$(sort <<<"$output" | uniq -c | tr -s ' ')" ' 7 127.0.0.1'
	run ! grep -E 'secret|wrong' "$DIR/log"
}

# ---- all of them -------------------------------------------------------------------------------

@test "no password and no token is in the arguments of what a sample runs (hardening 62)" {
	users
	directory
	introspection
	pam
	for sample in auth-ldap auth-sql auth-pam; do
		printf 'jo@x.example\0CANARY-secret\0t\0' >"$DIR/data"
		run strace -f -qq -s 4096 -v -e trace=execve -o "$DIR/trace.$sample" "$samples/$sample/auth" true 3<"$DIR/data" </dev/null
		[ -s "$DIR/trace.$sample" ]
	done
	printf CANARY-token >"$DIR/token"
	AUTH_NAME=jo run strace -f -qq -s 4096 -v -e trace=execve -o "$DIR/trace.token" "$samples/auth-oauth/token" token 3<"$DIR/token"
	grep -q curl "$DIR/trace.token"
	run ! grep -h CANARY "$DIR"/trace.*
}
