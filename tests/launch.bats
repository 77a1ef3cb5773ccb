#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# launch - a session under every program that can start one, and what it knows of its peer (MAP-002).
#
# What is quoted is for the shells of hooks; variables come from lib/launch and from bats.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154

bats_require_minimum_version 1.5.0
load lib/launch

setup() {
	launch_setup
}

teardown() {
	launch_teardown
}

# What the greeting shows of a peer without an address.
NOBODY='   -  '

# ---- one session ----

@test "LMTP-021: pipes: one session, no peer" {
	greeting '${REMOTE_ADDR-unset} ${LOCAL_ADDR-unset} ${REMOTE_PORT-unset}'
	run --separate-stderr sh -c 'printf "QUIT\r\n" | "$@" | cat' sh "${SMTP[@]}"
	assert_session 'unset unset unset'
	run --separate-stderr sh -c 'printf "QUIT\r\n" | "$@"' sh "${LMTP[@]}"
	assert_output $'220 mx.example.org LMTP <unset unset unset>\r\n221 2.0.0 mx.example.org Bye\r'
	run --separate-stderr sh -c 'printf "QUIT\r\n" | "$@"' sh "${POP3[@]}"
	assert_success
	assert_line --index 1 --regexp '^\+OK'
}

@test "files: one session" {
	printf 'NOOP\r\nQUIT\r\n' >"$DIR/in"
	"${SMTP[@]}" <"$DIR/in" >"$DIR/out" 2>"$DIR/log"
	run cat "$DIR/out"
	assert_line --index 1 $'250 2.0.0 OK\r'
	assert_line --index 2 $'221 2.0.0 mx.example.org Bye\r'
	assert_equal "${#lines[@]}" 3
}

@test "a terminal: a session with the person there" {
	printf 'QUIT\n' >"$DIR/in"
	run script -qec "${SMTP[*]}" /dev/null <"$DIR/in"
	assert_output --partial '220 mx.example.org ESMTP'
}

@test "socat: over a socketpair, over pipes, and with the socket itself" {
	run talk "EXEC:${SMTP[*]}"
	assert_session "$NOBODY"
	run talk "EXEC:${SMTP[*]},pipes"
	assert_session "$NOBODY"
	port=$(free_port)
	start socat "TCP4-LISTEN:$port,bind=127.0.0.1,reuseaddr" "EXEC:${SMTP[*]},nofork"
	assert_knows_peer "$port"
}

@test "tcpserver" {
	mkfifo "$DIR/port"
	tcpserver -v -1 -H -R -l mx.example.org 127.0.0.1 0 "${SMTP[@]}" </dev/null >"$DIR/port" 2>>"$DIR/log" 3>&- &
	pids+=($!)
	read -r -t 60 port <"$DIR/port"
	assert_knows_peer "$port"
}

@test "tcpserver: options from tcprules count for one connection" {
	printf '127.:allow,MAILSESSION_GREETING="from rules",TCPREMOTEIP="192.0.2.1"\n' |
		tcprules "$DIR/rules.cdb" "$DIR/rules.tmp"
	port=$(free_port)
	start tcpserver -H -R -l mx.example.org -x "$DIR/rules.cdb" 127.0.0.1 "$port" "${SMTP[@]}"
	run talk "TCP4:127.0.0.1:$port"
	assert_output --partial '<192.0.2.1 '
	rm "$B/connect"
	run talk "TCP4:127.0.0.1:$port"
	assert_line --index 0 $'220 mx.example.org ESMTP from rules\r'
}

@test "tcpsvd" {
	port=$(free_port)
	start tcpsvd -v -l mx.example.org 127.0.0.1 "$port" "${SMTP[@]}"
	assert_knows_peer "$port"
}

@test "systemd-socket-activate --accept: the connection is fd 3" {
	port=$(free_port)
	start systemd-socket-activate --accept -l "127.0.0.1:$port" "${SMTP[@]}"
	assert_knows_peer "$port"
	assert_knows_peer "$port"
}

@test "systemd-socket-activate --accept --inetd: the connection is fd 0 and 1" {
	port=$(free_port)
	start systemd-socket-activate --accept --inetd -l "127.0.0.1:$port" "${SMTP[@]}"
	assert_knows_peer "$port"
	assert_knows_peer "$port"
}

# Writes $DIR/xinetd.conf for port $1, waiting or not ($2), with a server and arguments.
xinetd_conf() {
	cat >"$DIR/xinetd.conf" <<-END
		service mail
		{
			type = UNLISTED
			socket_type = stream
			protocol = tcp
			bind = 127.0.0.1
			port = $1
			wait = $2
			user = $(id -un)
			server = $3
			server_args = ${*:4}
		}
	END
}

start_xinetd() {
	start "$peers/xinetd/usr/sbin/xinetd" -dontfork -filelog "$DIR/log" -f "$DIR/xinetd.conf" -pidfile "$DIR/xinetd.pid"
}

start_inetd() {
	start "$peers/openbsd-inetd/usr/sbin/inetd" -d "$DIR/inetd.conf"
}

@test "xinetd" {
	tests/lib/fetch-peer xinetd
	port=$(free_port)
	xinetd_conf "$port" no "${SMTP[@]}"
	start_xinetd
	assert_knows_peer "$port"
	assert_knows_peer "$port"
}

@test "inetd: nothing but the protocol reaches the client, and the log goes to syslog" {
	tests/lib/fetch-peer openbsd-inetd
	port=$(free_port)
	echo "127.0.0.1:$port stream tcp nowait $(id -un) ${SMTP[0]} smtp-session ${SMTP[*]:1}" >"$DIR/inetd.conf"
	# A /dev of its own, where we are the syslog daemon.
	mkdir "$DIR/dev"
	start socat -u "UNIX-RECV:$DIR/dev/log" "OPEN:$DIR/syslog,creat,append"
	timeout 60 sh -c 'until [ -S "$1" ]; do :; done' sh "$DIR/dev/log"
	touch "$DIR/dev/null" "$DIR/dev/urandom"
	start unshare -m sh -ec '
		for file in null urandom; do mount --bind "/dev/$file" "$0/dev/$file"; done
		mount --bind "$0/dev" /dev
		exec "$1/openbsd-inetd/usr/sbin/inetd" -d "$0/inetd.conf"' "$DIR" "$peers"
	assert_knows_peer "$port"
	run await "$DIR/syslog" 'session end'
	assert_output --regexp 'smtp-session\[[0-9]+\]: program=smtp-session level=info msg="session end"'
}

# ---- the accept loop ----

@test "systemd-socket-activate: LISTEN_FDS begins an accept loop" {
	port=$(free_port)
	start systemd-socket-activate -l "127.0.0.1:$port" -l "$DIR/socket" "${SMTP[@]}"
	assert_knows_peer "$port"
	assert_knows_peer "$port"
	run talk "UNIX-CONNECT:$DIR/socket"
	assert_session "$NOBODY"
	run grep -c 'msg=listening' "$DIR/log"
	assert_output 2
}

@test "inetd wait: an accept loop on fd 0, which the idle loop gives back" {
	tests/lib/fetch-peer openbsd-inetd
	port=$(free_port)
	echo "127.0.0.1:$port stream tcp wait $(id -un) ${SMTP[0]} smtp-session --idle-exit 1 ${SMTP[*]:1}" >"$DIR/inetd.conf"
	start_inetd
	assert_knows_peer "$port"
	assert_knows_peer "$port"
	await "$DIR/log" 'reaped, status 0'
	assert_knows_peer "$port"
}

@test "xinetd wait: an accept loop on fd 0" {
	tests/lib/fetch-peer xinetd
	port=$(free_port)
	xinetd_conf "$port" yes "${SMTP[0]}" --idle-exit 1 "${SMTP[@]:1}"
	start_xinetd
	assert_knows_peer "$port"
	assert_knows_peer "$port"
}

# Runs a command with a listening socket as fd $1.
with_listener() {
	python3 -c '
import os, socket, sys
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
fd = os.dup(listener.fileno())
os.dup2(fd, int(sys.argv[1]))
os.execvp(sys.argv[2], sys.argv[2:])' "$@" 3>&-
}

@test "a connected fd 0 wins over LISTEN_FDS" {
	greeting '$REMOTE_ADDR'
	run with_listener 3 sh -c 'printf "QUIT\r\n" | sh -c '\''LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 2>/dev/null'\'' sh "$@"' sh "${SMTP[@]}"
	assert_session ''
}

@test "a connected socket as fd 0 wins over --listen" {
	run talk "EXEC:${SMTP[*]} --listen unix\:$DIR/socket"
	assert_session "$NOBODY"
	[ ! -e "$DIR/socket" ]
}

@test "LISTEN_FDS of another process is not ours" {
	run with_listener 3 env LISTEN_PID=1 LISTEN_FDS=1 "${SMTP[@]}" </dev/null
	assert_equal "$status" 78
	assert_output --partial 'fd 0 is no connection'
}

@test "a datagram socket is nothing to serve on" {
	run python3 -c '
import os, socket, sys
datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
os.dup2(datagram.fileno(), 0)
os.execv(sys.argv[1], sys.argv[1:])' "${SMTP[@]}"
	assert_equal "$status" 78
}

@test "LMTP-005: LMTP is refused on TCP port 25, and SMTP is not" {
	facts=(env PROTO=TCP TCPREMOTEIP=192.0.2.1 TCPLOCALIP=192.0.2.2 TCPLOCALPORT=25)
	run --separate-stderr "${facts[@]}" "${LMTP[@]}" < <(:)
	assert_equal "$status" 78
	assert_output --regexp $'^421 mx\.example\.org [^\r]*\r$'
	[[ $stderr == *"not served on TCP port 25"* ]]
	run --separate-stderr "${facts[@]}" "${SMTP[@]}" < <(printf 'QUIT\r\n')
	assert_session '192.0.2.1   - 192.0.2.2 25'
	# A network of its own, in which port 25 is free.
	run unshare -n "${LMTP[@]}" --listen 127.0.0.1:25 </dev/null
	assert_equal "$status" 78
	assert_output --partial 'not served on TCP port 25'
}

# ---- trouble at the start ----

@test "a bad configuration: exit 78, and the client hears why not" {
	run --separate-stderr "${SMTP[@]}" --no-such-option < <(:)
	assert_equal "$status" 78
	assert_output --regexp $'^421 [^\r]*\r$'
	[[ $stderr == *"--no-such-option"* ]]
	run --separate-stderr "${POP3[@]}" --max-connections 0 < <(:)
	assert_equal "$status" 78
	assert_output --regexp $'^-ERR [^\r]*\r$'
	[[ $stderr == *"max-connections"* ]]
	echo 'max-connections many' >"$DIR/config"
	run --separate-stderr "${LMTP[@]}" --config "$DIR/config" < <(:)
	assert_equal "$status" 78
	assert_output --regexp $'^421 [^\r]*\r$'
	[[ $stderr == *"$DIR/config:1"*max-connections* ]]
}

@test "nobody to serve: exit 78, and no word on standard output" {
	run --separate-stderr "${SMTP[@]}" </dev/null
	assert_equal "$status" 78
	assert_output ''
	run --separate-stderr sh -c '"$@" <&-' sh "${SMTP[@]}"
	assert_equal "$status" 78
	for address in 127.0.0.1 :25 127.0.0.1:65536 127.0.0.1:x localhost:0 '[::1:0' '[]:0' unix: x 127.0.0.1:; do
		run --separate-stderr "${SMTP[@]}" --listen "$address" </dev/null
		assert_equal "$address $status" "$address 78"
		[[ $stderr == *"$address"* ]]
	done
	run --separate-stderr "${SMTP[@]}" --listen 192.0.2.1:0 </dev/null
	assert_equal "$status" 75
	[[ $stderr == *"cannot listen on 192.0.2.1:0"* ]]
}

@test "descriptors that are closed or full do no harm" {
	greeting ''
	run sh -c 'printf "QUIT\r\n" | "$@" 2>&-' sh "${SMTP[@]}"
	assert_session ''
	run sh -c 'printf "QUIT\r\n" | "$@" 2>/dev/full' sh "${SMTP[@]}"
	assert_session ''
	run sh -c 'printf "QUIT\r\n" | "$@" >&- 2>/dev/null' sh "${SMTP[@]}"
	assert_success
	assert_output ''
	run sh -c 'printf "QUIT\r\n" | "$@" >/dev/full 2>/dev/null' sh "${SMTP[@]}"
	assert_success
	run sh -c '"$@" 0<&1 1>&- 2>&- | true' sh "${SMTP[@]}"
	assert_success
}

# ---- what is left behind ----

@test "hooks see no descriptor and no variable of the launcher" {
	# The shell opens fd 3 to read the directory.
	greeting '$(echo /proc/self/fd/*) ${LISTEN_FDS-none} ${NOTIFY_SOCKET-none} ${SSLREADFD-none} ${TCPREMOTEIP-none}'
	run --separate-stderr bash -c '
		exec 3</ 10</ 11</ 20</ 63</
		printf "QUIT\r\n" | NOTIFY_SOCKET=/none LISTEN_FDS=1 SSLREADFD=20 TCPREMOTEIP=x "$@"' bash "${SMTP[@]}"
	assert_session '/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3 none none none none'
	start "${SMTP[@]}" --listen "unix:$DIR/socket"
	run talk "UNIX-CONNECT:$DIR/socket"
	assert_session '/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3 none none none none'
}

@test "an accept loop believes the socket, not what is left in its environment" {
	start env PROTO=TCP TCPREMOTEIP=192.0.2.1 REMOTE_ADDR=192.0.2.2 REMOTE_HOST=192.0.2.3 \
		"${SMTP[@]}" --listen "unix:$DIR/socket"
	run talk "UNIX-CONNECT:$DIR/socket"
	assert_session "$NOBODY"
}

@test "MAP-041: --user: everything of root's is given up, after the sockets are bound" {
	# Four of the five sets of capabilities; the bounding set is no right.
	greeting '$(id -u) $(id -g) $(id -G) $(grep -c "^Cap...:.0000000000000000$" /proc/self/status)'
	# The backend is where another user may look, the sockets are where only root may bind.
	public=$(mktemp -d)
	chmod 755 "$public"
	mv "$B/connect" "$public"
	SMTP[3]=$public
	start "${SMTP[@]}" --user nobody --listen "unix:$DIR/socket"
	run talk "UNIX-CONNECT:$DIR/socket"
	uid=$(id -u nobody) gid=$(id -g nobody)
	assert_success
	assert_line --index 0 --regexp "<$uid $gid $gid 4>"
	run grep 'serving as root' "$DIR/log"
	assert_failure
	start "${SMTP[@]}" --user nobody:daemon --listen "unix:$DIR/other"
	run talk "UNIX-CONNECT:$DIR/other"
	rm -r "$public"
	gid=$(getent group daemon | cut -d: -f3)
	assert_line --index 0 --regexp "<$uid $gid $gid 4>"
}

@test "--user: unknown names and root are refused, and root without it warns" {
	for user in no-such-user root nobody:no-such-group; do
		run --separate-stderr "${SMTP[@]}" --user "$user" --listen "unix:$DIR/socket" </dev/null
		assert_equal "$user $status" "$user 78"
		[[ $stderr == *"$user"* ]]
	done
	start "${SMTP[@]}" --listen "unix:$DIR/socket"
	run talk "UNIX-CONNECT:$DIR/socket"
	assert_session "$NOBODY"
	run grep -c 'level=warning msg="serving as root' "$DIR/log"
	assert_output 1
}
