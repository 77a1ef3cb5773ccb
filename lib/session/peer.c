/* SPDX-License-Identifier: ISC */
/*
 * peer.c - who is at the other end: peer facts, gathered in one place.
 *
 * The environment is set by whoever started us and is believed, but only what parses as
 * an address, a port or a host name is taken from it.
 */
#include "session/peer.h"

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/number.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

/* One set of variables of a super-server; NULL where it has none. */
struct peer_source {
	const char *proto; /* the value of PROTO that goes with it, or NULL */
	const char *remote_addr;
	const char *remote_port;
	const char *remote_host;
	const char *local_addr;
	const char *local_port;
};

/* First the UCSPI variables, then systemd's, then xinetd's (whose REMOTE_HOST is an address). */
static const struct peer_source sources[] = {
	{ "TCP", "TCPREMOTEIP", "TCPREMOTEPORT", "TCPREMOTEHOST", "TCPLOCALIP", "TCPLOCALPORT" },
	{ "TCP6", "TCP6REMOTEIP", "TCP6REMOTEPORT", "TCP6REMOTEHOST", "TCP6LOCALIP",
	  "TCP6LOCALPORT" },
	{ "TCP6", "TCPREMOTEIP", "TCPREMOTEPORT", "TCPREMOTEHOST", "TCPLOCALIP", "TCPLOCALPORT" },
	{ "SSL", "SSLREMOTEIP", "SSLREMOTEPORT", "SSLREMOTEHOST", "SSLLOCALIP", "SSLLOCALPORT" },
	{ NULL, "REMOTE_ADDR", "REMOTE_PORT", NULL, NULL, NULL },
	{ NULL, "REMOTE_HOST", NULL, NULL, NULL, NULL },
};

static void put_text(char *text, size_t size, struct span value)
{
	struct buffer buffer = { text, 0, size, false };

	buffer_put(&buffer, value);
	if (buffer_cstr(&buffer) == NULL)
		text[0] = '\0';
}

static void put_ipv4(char *text, const void *bytes)
{
	if (inet_ntop(AF_INET, bytes, text, PEER_ADDR_MAX) == NULL)
		text[0] = '\0';
}

/* An IPv4-mapped address (RFC 4291 2.5.5.2) is the IPv4 address that the peer has. */
static void put_ipv6(char *text, const struct in6_addr *address)
{
	if (IN6_IS_ADDR_V4MAPPED(address))
		put_ipv4(text, &address->s6_addr[12]);
	else if (inet_ntop(AF_INET6, address, text, PEER_ADDR_MAX) == NULL)
		text[0] = '\0';
}

/* The address in its one spelling, its zone (fe80::1%eth0) dropped; nothing when it is none. */
static void put_address(char *text, struct span value)
{
	char copy[PEER_ADDR_MAX];
	struct in6_addr ipv6;
	struct in_addr ipv4;

	put_text(copy, sizeof copy, span_first(value, span_find(value, '%')));
	if (inet_pton(AF_INET, copy, &ipv4) == 1)
		put_ipv4(text, &ipv4);
	else if (inet_pton(AF_INET6, copy, &ipv6) == 1)
		put_ipv6(text, &ipv6);
}

static void put_port(char *text, size_t size, struct span value)
{
	struct buffer buffer = { text, 0, size, false };
	uint64_t port;

	if (!number_upto(value, UINT16_MAX, &port))
		return;
	buffer_number(&buffer, port);
	buffer_cstr(&buffer);
}

static void put_host(char *text, size_t size, struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (!ascii_is_alnum(value.base[i]) && memchr(".-_", value.base[i], 3) == NULL)
			return;
	put_text(text, size, value);
}

static struct span variable(const char *name)
{
	return name == NULL ? SPAN_NONE : span_of(getenv(name));
}

static void gather_environment(struct peer *peer)
{
	struct span proto = variable("PROTO");

	for (unsigned i = 0; i < sizeof sources / sizeof sources[0]; i++) {
		const struct peer_source *source = &sources[i];

		if (source->proto != NULL && !span_equal(proto, span_of(source->proto)))
			continue;
		put_address(peer->remote_addr, variable(source->remote_addr));
		if (peer->remote_addr[0] == '\0')
			continue;
		put_port(peer->remote_port, sizeof peer->remote_port,
			 variable(source->remote_port));
		put_host(peer->remote_host, sizeof peer->remote_host,
			 variable(source->remote_host));
		put_address(peer->local_addr, variable(source->local_addr));
		put_port(peer->local_port, sizeof peer->local_port, variable(source->local_port));
		return;
	}
}

/* The facts of one end of a connection; nothing for families without addresses. */
static void put_sockaddr(char *address, char *port, const struct sockaddr *from)
{
	struct buffer digits = { port, 0, sizeof((struct peer *)0)->remote_port, false };
	struct sockaddr_in6 ipv6;
	struct sockaddr_in ipv4;

	if (from->sa_family == AF_INET) {
		memcpy(&ipv4, from, sizeof ipv4);
		put_ipv4(address, &ipv4.sin_addr);
		buffer_number(&digits, ntohs(ipv4.sin_port));
	} else if (from->sa_family == AF_INET6) {
		memcpy(&ipv6, from, sizeof ipv6);
		put_ipv6(address, &ipv6.sin6_addr);
		buffer_number(&digits, ntohs(ipv6.sin6_port));
	}
	buffer_cstr(&digits);
}

void peer_from_sockaddr(struct peer *peer, const struct sockaddr *remote,
			const struct sockaddr *local)
{
	*peer = (struct peer){ 0 };
	put_sockaddr(peer->remote_addr, peer->remote_port, remote);
	if (local != NULL)
		put_sockaddr(peer->local_addr, peer->local_port, local);
}

/* One end from the socket, unless the environment told another address. */
static void gather_end(char *address, char *port, int fd,
		       int (*name)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_storage storage = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof storage;
	struct peer real = { 0 };

	if (name(fd, (struct sockaddr *)&storage, &len) != 0)
		return;
	put_sockaddr(real.remote_addr, real.remote_port, (struct sockaddr *)&storage);
	if (address[0] == '\0')
		memcpy(address, real.remote_addr, sizeof real.remote_addr);
	if (port[0] == '\0' && strcmp(address, real.remote_addr) == 0)
		memcpy(port, real.remote_port, sizeof real.remote_port);
}

void peer_gather(struct peer *peer, int fd, bool environment)
{
	*peer = (struct peer){ 0 };
	if (environment)
		gather_environment(peer);
	gather_end(peer->remote_addr, peer->remote_port, fd, getpeername);
	gather_end(peer->local_addr, peer->local_port, fd, getsockname);
}

bool peer_is_local(const struct peer *peer)
{
	struct span address = span_of(peer->remote_addr);

	return address.len == 0 || span_starts(address, SPAN("127.")) ||
	       span_equal(address, SPAN("::1"));
}
