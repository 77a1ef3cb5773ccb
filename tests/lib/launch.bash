# SPDX-License-Identifier: ISC
# launch.bash - for suites that start session programs under other programs.
#
# Every process that a test starts is ended by its number when the test is over.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154

# To be called from setup: SMTP, LMTP and POP3 are the programs, DIR is the test's own, and B a backend whose
# connect program puts what it knows of the peer into the greeting.
launch_setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	DIR=$BATS_TEST_TMPDIR
	B=$DIR/backend
	pids=()
	bin=$(realpath "${BUILD:-build}")/bin
	peers=$(realpath "${BUILD:-build}")/peers
	SMTP=("$bin/smtp-session" --hostname mx.example.org "$B")
	LMTP=("$bin/lmtp-session" --hostname mx.example.org "$B")
	POP3=("$bin/pop3-session" --hostname mx.example.org "$B")
	mkdir "$B"
	greeting '$REMOTE_ADDR $REMOTE_PORT $REMOTE_HOST - $LOCAL_ADDR $LOCAL_PORT'
}

# A home whose files would tell curl and jq something else.
hostile_home() {
	mkdir -p "$DIR/home"
	echo "trace-ascii = \"$DIR/canary.curl\"" >"$DIR/home/.curlrc"
	echo 'def any(f): error("canary");' >"$DIR/home/.jq"
	export HOME=$DIR/home
	unset XDG_CONFIG_HOME CURL_HOME
}

# To be called from teardown.
launch_teardown() {
	local pid
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
}

# Lets the greeting end in what the shell makes of "$1".
greeting() {
	printf '#!/bin/sh\necho "220 <%s>"\n' "$1" >"$B/connect"
	chmod 755 "$B/connect"
}

# Runs a command in the background. What it says goes to $DIR/log.
start() {
	"$@" </dev/null >>"$DIR/log" 2>&1 3>&- &
	pids+=($!)
}

# Prints a TCP port that is free now, and that the kernel gives to nobody meanwhile: none of those it chooses from.
free_port() {
	python3 - <<-'END'
		import random, socket
		with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
		    first, last = map(int, file.read().split())
		for port in random.sample([port for port in range(10000, 65536) if not first <= port <= last], 1000):
		    with socket.socket() as free:
		        try:
		            free.bind(("127.0.0.1", port))
		        except OSError:
		            continue
		        print(port)
		        break
	END
}

# Says QUIT to the socat address $1 as soon as somebody is there, and prints all that comes.
talk() {
	case $1 in
	EXEC:*) set -- "$1" ;;
	*) set -- "$1,retry=3000,interval=0.02" ;;
	esac
	printf 'QUIT\r\n' | socat -t 60 - "$1" 2>>"$DIR/log"
}

# Prints the first line of file $1 that matches $2, as soon as there is one.
await() {
	timeout 60 tail -n +1 -F "$1" 2>/dev/null | grep -m 1 -E -- "$2"
}

# Talks to TCP port $1, and checks that the session knew both ends of the connection.
assert_knows_peer() {
	run talk "TCP4:127.0.0.1:$1"
	assert_success
	assert_line --index 0 --regexp "^220 mx\.example\.org ESMTP <127\.0\.0\.1 [0-9]+  - 127\.0\.0\.1 $1>"$'\r$'
	assert_line --index 1 $'221 2.0.0 mx.example.org Bye\r'
	assert_equal "${#lines[@]}" 2
}

# Checks that the last run was a whole session and nothing more, with a greeting that ends in <$1>.
assert_session() {
	assert_success
	assert_output "220 mx.example.org ESMTP <$1>"$'\r\n221 2.0.0 mx.example.org Bye\r'
}
