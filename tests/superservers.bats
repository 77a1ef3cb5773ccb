#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# superservers - the lines for inetd and xinetd and the run scripts, as installed but for ports and user: each of the six
# services serves, those with TLS by TLS alone.
#
# shellcheck disable=SC2154 # variables come from lib/launch

bats_require_minimum_version 1.5.0
load lib/launch

setup_file() {
	cd "$BATS_TEST_DIRNAME/.." || return
	tests/lib/fetch-peer xinetd
	tests/lib/fetch-peer openbsd-inetd
}

# The samples in $DIR/scripts and $DIR/inetd, with backends and a certificate in $DIR/etc.
setup() {
	local stage backend
	launch_setup
	stage=$(realpath "${BUILD:-build}")/stage
	cp -a "$stage/share/mail-session/"{scripts,inetd} "$DIR"
	mkdir -p "$DIR"/{etc/tls,mail}
	for backend in smtp lmtp pop3 submission; do
		cp -a "$stage/share/mail-session/backends/maildir" "$DIR/etc/$backend"
		printf '%s\n' "MAILDIR=$DIR/mail/%d/%n" "PASSWD_FILE=$DIR/passwd" >"$DIR/etc/$backend/env"
	done
	MAILDIR=$DIR/mail/%d/%n "$bin/maildir-store" create jo@example.org
	PASSWD_FILE=$DIR/passwd "$bin/passwd-auth" set jo@example.org <<<secret
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
		-keyout "$DIR/etc/tls/privkey.pem" -out "$DIR/etc/tls/fullchain.pem" 2>/dev/null
	# Of a session's options these two are for the machine that tests.
	export MAILSESSION_HOSTNAME=mx.example.org MAILSESSION_SPOOL_DIR=$DIR
	find "$DIR/scripts" "$DIR/inetd" -type f -exec sed -i -e "s|$stage/etc/mail-session|$DIR/etc|g" \
		-e "s|$stage/share/mail-session/scripts|$DIR/scripts|g" {} +
}

teardown() {
	launch_teardown
}

# submit URL [OPTION...] - curl sends jo a mail whose subject is the URL.
submit() {
	printf 'Subject: %s\r\n\r\nHello.\r\n' "$1" |
		curl -sS --max-time 120 --upload-file - --mail-from you@example.org --mail-rcpt jo@example.org "$@" 2>>"$DIR/log"
}

# The service $1 on port $2 is there, and what it should be.
assert_serves() {
	local address=127.0.0.1:$2 login=(--cacert "$DIR/etc/tls/fullchain.pem" --ssl-reqd --user jo@example.org:secret)
	socat -u OPEN:/dev/null "TCP4:$address,retry=3000,interval=0.02"
	case $1 in
	smtp) submit "smtp://$address" ;;
	lmtp) swaks --silent 2 --protocol LMTP --server 127.0.0.1 --port "$2" --from you@example.org --to jo@example.org ;;
	pop3)
		run talk "TCP4:$address"
		assert_line --index 0 --regexp '^\+OK mx\.example\.org'
		;;
	submission)
		submit "smtp://$address" "${login[@]}"
		# Not in clear, and not without a login.
		run ! submit "smtp://$address" --user jo@example.org:secret
		run ! submit "smtp://$address" "${login[@]:0:3}"
		;;
	submissions)
		submit "smtps://$address" "${login[@]}"
		run ! submit "smtps://$address" "${login[@]:0:3}"
		;;
	pop3s) curl -sS --max-time 120 "${login[@]}" "pop3s://$address" >>"$DIR/log" 2>&1 ;;
	esac
}

# run_scripts SUPERVISOR - its run script in a folder for each service, on ports that are free.
run_scripts() {
	local service port
	sed -i -e 's/address=0/address=127.0.0.1/' "$DIR/scripts/service"
	# Whoever tests may be able to become nobody else.
	sed -i -e "s/id -\([ug]\) mail-session/id -\1/g" -e "s/-u mail-session/-u $(id -un)/" -e 's/--user mail-session//' "$DIR/scripts/$1/run"
	for service in smtp lmtp pop3 submission submissions pop3s; do
		mkdir "$DIR/$service-session"
		cp "$DIR/scripts/$1/run" "$DIR/$service-session/run"
		port=$(free_port)
		sed -i -e "s/^$service-session) \(.*\)port=[0-9]*/$service-session) \1port=$port/" "$DIR/scripts/service"
		start env -C "$DIR/$service-session" ./run
		assert_serves "$service" "$port"
	done
	mkdir "$DIR/other"
	cp "$DIR/scripts/$1/run" "$DIR/other/run"
	run -100 env -C "$DIR/other" ./run
	assert_output --partial 'name this folder'
	# Without a certificate the plain services are there.
	rm -r "$DIR/etc/tls"
	kill "${pids[0]}"
	wait "${pids[0]}" || :
	start env -C "$DIR/smtp-session" ./run
	assert_serves smtp "$(sed -n 's/^smtp-session) port=\([0-9]*\).*/\1/p' "$DIR/scripts/service")"
}

@test "run scripts for daemontools: six services" {
	run_scripts daemontools
}

@test "run scripts for runit: six services" {
	run_scripts runit
}

@test "run scripts for s6: six services" {
	run_scripts s6
}

@test "the run script for s6 serves IPv4 and IPv6" {
	local port
	port=$(free_port)
	mkdir "$DIR/pop3-session"
	sed -i -e 's/--user mail-session//' "$DIR/scripts/s6/run"
	sed -i -e "s/port=110/port=$port/" "$DIR/scripts/service"
	start env -C "$DIR/pop3-session" "$DIR/scripts/s6/run"
	assert_serves pop3 "$port"
	run talk "TCP6:[::1]:$port"
	assert_line --index 0 --regexp '^\+OK mx\.example\.org'
}

@test "lines for inetd: six services" {
	local service ports=()
	for service in smtp pop3 127.0.0.1:24 submission submissions pop3s; do
		ports+=("$(free_port)")
		sed -i -e "s/^$service\t/127.0.0.1:${ports[-1]}\t/" -e "s/\tmail-session\t/\t$(id -un)\t/" "$DIR/inetd/inetd.conf"
	done
	assert_equal "$(grep -c '^127\.0\.0\.1:' "$DIR/inetd/inetd.conf")" 6
	start "$peers/openbsd-inetd/usr/sbin/inetd" -d "$DIR/inetd/inetd.conf"
	for service in smtp pop3 lmtp submission submissions pop3s; do
		assert_serves $service "${ports[0]}"
		ports=("${ports[@]:1}")
	done
}

@test "files for xinetd: six services" {
	local file service port ports=()
	for file in "$DIR"/inetd/xinetd.d/*; do
		service=${file##*/}
		port=$(free_port)
		ports+=("${service%-session}:$port")
		sed -i -e '/^\t\(type\|port\|bind\) /d' -e "s/^{/{\n\ttype = UNLISTED\n\tport = $port\n\tbind = 127.0.0.1/" \
			-e "s/user = mail-session/user = $(id -un)/" "$file"
	done
	assert_equal "${#ports[@]}" 6
	echo "includedir $DIR/inetd/xinetd.d" >"$DIR/xinetd.conf"
	start "$peers/xinetd/usr/sbin/xinetd" -dontfork -filelog "$DIR/log" -f "$DIR/xinetd.conf" -pidfile "$DIR/xinetd.pid"
	for service in "${ports[@]}"; do
		assert_serves "${service%:*}" "${service#*:}"
	done
}
