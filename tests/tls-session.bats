#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# tls-session - TLS for a session and in front of programs, by Python's client and openssl's.

bats_require_minimum_version 1.5.0

setup_file() {
	export TLS_CERTIFICATES=$BATS_FILE_TMPDIR
	cd "$BATS_TEST_DIRNAME/.." || return
	tests/lib/tls.py
}

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/.." || return
	TLS=$(realpath "${BUILD:-build}/bin/tls-session")
	umask 022
}

# A test of tests/lib/tls_handshake.py, tls_certificates.py or tls_front.py.
handshake() {
	timeout 300 tests/lib/tls_handshake.py "$1" 2>&1
}

certificates() {
	timeout 300 tests/lib/tls_certificates.py "$1" 2>&1
}

front() {
	timeout 300 tests/lib/tls_front.py "$1" 2>&1
}

need_root() {
	[ "$(id -u)" = 0 ] || skip "needs root"
}

@test "a session hears what was agreed on, or nothing (TLS-013)" { handshake facts; }
@test "SSL_EXPORTER is the channel binding that the client has (AUTH-021)" { handshake exporter; }
@test "without the go there is no handshake" { handshake no_go; }
@test "TLS 1.2 and 1.3 alone, with forward secrecy, by our preference (TLS-009)" { handshake versions; }
@test "there is no renegotiation (TLS-009)" { handshake renegotiation; }
@test "a client that speaks another protocol by ALPN is refused (hardening 67)" { handshake alpn; }
@test "clear text instead of a handshake ends the session, without a word in clear (TLS-007, hardening 18)" { handshake clear; }
@test "a client that goes away in the handshake is one line of the log (TLS-007)" { handshake cut; }
@test "a garbled ClientHello crashes nothing" { handshake garbled; }
@test "the handshake has 30 seconds, however it trickles in (TLS-007, hardening 49)" { handshake deadline; }

@test "the certificate goes by the name that the client asks for, and no name is a path" { certificates names; }
@test "a certificate by name that is no good ends the handshake, and the log says why" { certificates names_trouble; }
@test "a renewed certificate serves the next connection" { certificates renewed; }
@test "a response of OCSP is stapled" { certificates stapled; }
@test "a key or certificate that is no good: exit 78 and one line that names it (TLS-002)" { certificates bad_keys; }
@test "certificates of clients are asked for by option, verified or marked (TLS-012)" { certificates clients; }

@test "tickets resume in other processes, keys are rotated, none without keys" { certificates tickets; }
@test "a client's certificate holds in a resumed session, unless the authorities changed (TLS-012)" { certificates ticket_clients; }

@test "octets go both ways as they are" { handshake exchange; }
@test "one side may end before the other, and close_notify says so" { handshake half_close; }
@test "a connection that breaks is an end of input, and everybody is gone (TLS-011, hardening 18)" { handshake broken; }
@test "who does not read holds up who writes, in constant memory (hardening 50)" { handshake memory; }

@test "the process that reads the network is in a cage (hardening 84)" {
	[ -z "${SANITIZE:-}" ] || skip "kernel: a sanitizer build has no cage"
	handshake caged
}
@test "no key is in memory behind the handshake" {
	need_root
	[ -z "${SANITIZE:-}" ] || skip "kernel: a sanitizer keeps what was freed"
	handshake wiped
}
@test "no key is in the memory of the program (hardening 84)" {
	need_root
	[ -z "${SANITIZE:-}" ] || skip "kernel: a sanitizer keeps what was freed"
	front wiped
}

@test "a program behind TLS learns of the connection by its environment alone (TLS-010, TLS-013)" { front program; }
@test "a program behind TLS has descriptors 0, 1 and 2" { front descriptors; }
@test "without a handshake or a key there is no program (TLS-010)" { front failures; }
@test "curl speaks to smtp-session inside TLS (TLS-010)" { front curl; }
@test "signals go on to the program" { front signal; }
@test "--user is in force for program and network, and keys are read before" {
	need_root
	front user
}
@test "a PROXY header comes before TLS (PRX-002)" { front proxy; }
@test "UCSPI-TLS: in clear until the program asks" { front ucspi; }
@test "the client may be two pipes" { front pipes; }
@test "under an inetd that gives the client as descriptor 2 nothing is logged there" { front log_of_inetd; }

@test "--check names every certificate, and fails for one that is no good" {
	run -0 "$TLS" --tls-cert "$TLS_CERTIFICATES/mx.pem" --tls-key "$TLS_CERTIFICATES/mx.key" --check
	assert_line --regexp '^certificate .*mx\.pem: CN=mx\.example\.org until '
	mkdir "$BATS_TEST_TMPDIR/bad"
	cp "$TLS_CERTIFICATES/mx.pem" "$BATS_TEST_TMPDIR/bad/fullchain.pem"
	run -78 "$TLS" --tls-dir "$BATS_TEST_TMPDIR" --check
	assert_line --partial 'cannot read bad/privkey.pem: No such file'
	assert_line --partial 'no folder default'
}

@test "an option may come from a file or the environment, that of a sibling is skipped" {
	printf 'tls-cert %s\ntls-key %s\nsize-limit 1M\n' "$TLS_CERTIFICATES"/mx.{pem,key} >"$BATS_TEST_TMPDIR/config"
	MAILSESSION_TLS_MIN=1.3 MAILSESSION_MAX_HOPS=9 run -0 "$TLS" --config "$BATS_TEST_TMPDIR/config" --check
	assert_line --regexp '^tls-min +1\.3 +\(MAILSESSION_TLS_MIN\)'
	assert_output --regexp "tls-cert +$TLS_CERTIFICATES/mx\\.pem[[:space:]]+\\($BATS_TEST_TMPDIR/config:1\\)"
}
