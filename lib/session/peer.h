/* SPDX-License-Identifier: ISC */
/*
 * peer.h - who is at the other end: peer facts, gathered in one place.
 *
 * Sources, the first that knows wins: the UCSPI environment (PROTO, TCPREMOTEIP, TCPREMOTEPORT,
 * TCPREMOTEHOST, TCPLOCALIP, TCPLOCALPORT, and the TCP6 names), systemd's REMOTE_ADDR and
 * REMOTE_PORT, xinetd's REMOTE_HOST, getpeername(2) and getsockname(2).  Nothing is resolved.
 * A PROXY header replaces all of it.
 */
#ifndef MAILSESSION_PEER_H
#define MAILSESSION_PEER_H

#include "mail/proxy.h"

#include <stdint.h>
#include <sys/socket.h>

#define PEER_ADDR_MAX 64
#define PEER_HOST_MAX 256

/* Texts are NUL-terminated and empty when the fact is not known. Addresses are in numeric form,
 * IPv4-mapped IPv6 as IPv4. */
struct peer {
	char remote_addr[PEER_ADDR_MAX];
	char remote_port[6];
	char remote_host[PEER_HOST_MAX]; /* only from an environment that says so */
	char local_addr[PEER_ADDR_MAX];
	char local_port[6];
	char via[PEER_ADDR_MAX]; /* the front end that told all this: its address or "unix" */
	/* Of TLS that a front end ended; only with a version. */
	char tls_version[17];
	char tls_cipher[65];
	char tls_sni[PEER_HOST_MAX]; /* without TLS too: the name that the client asked for */
	char tls_peer[PEER_HOST_MAX];
	uint32_t login_wait; /* of each login, for those that failed before, ms */
};

/* Facts of fd `fd`, with the environment when `environment` (a session of its own process; false in
 * an accept loop). */
void peer_gather(struct peer *peer, int fd, bool environment);

/* Facts of a socket address pair, for the accept loop: no system call. `local` may be NULL. */
void peer_from_sockaddr(struct peer *peer, const struct sockaddr *remote,
			const struct sockaddr *local);

/* Facts of the client that a header names; the connection came from `via`. */
void peer_from_proxy(struct peer *peer, const struct proxy *proxy, const char *via);

#endif
