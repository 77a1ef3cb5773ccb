/* SPDX-License-Identifier: ISC */
/*
 * peer.c - who is at the other end: peer facts, gathered in one place.
 *
 * The environment is set by whoever started us and is believed, but only what parses as
 * an address, a port or a host name is taken from it.
 */
#include "session/peer.h"

#include "base/ascii.h"
#include "base/number.h"

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

static void put_network_address(char *text, const struct network_address *address)
{
	struct buffer buffer = { text, 0, PEER_ADDR_MAX, false };

	network_address_put(&buffer, address);
	buffer_cstr(&buffer);
}

/* The address in its one spelling, its zone (fe80::1%eth0) dropped; nothing when it is none. */
static void put_address(char *text, struct span value)
{
	struct network_address address;

	if (network_address_read(&address, span_first(value, span_find(value, '%'))))
		put_network_address(text, &address);
}

static void put_number(char *text, uint16_t port)
{
	struct buffer buffer = { text, 0, sizeof((struct peer *)0)->remote_port, false };

	buffer_number(&buffer, port);
	buffer_cstr(&buffer);
}

static void put_port(char *text, struct span value)
{
	uint64_t port;

	if (number_upto(value, UINT16_MAX, &port))
		put_number(text, (uint16_t)port);
}

static void put_host(char *text, size_t size, struct span value)
{
	if (span_starts(value, SPAN("-")))
		return;
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
		put_port(peer->remote_port, variable(source->remote_port));
		put_host(peer->remote_host, sizeof peer->remote_host,
			 variable(source->remote_host));
		put_address(peer->local_addr, variable(source->local_addr));
		put_port(peer->local_port, variable(source->local_port));
		return;
	}
}

/* The facts of one end of a connection; nothing for families without addresses. */
static void put_sockaddr(char *text, char *port, const struct sockaddr *from)
{
	struct network_address address;
	struct sockaddr_in6 ipv6;
	struct sockaddr_in ipv4;

	if (from->sa_family == AF_INET) {
		memcpy(&ipv4, from, sizeof ipv4);
		address = network_address_of_ipv4(&ipv4.sin_addr);
		put_number(port, ntohs(ipv4.sin_port));
	} else if (from->sa_family == AF_INET6) {
		memcpy(&ipv6, from, sizeof ipv6);
		memcpy(address.octets, &ipv6.sin6_addr, sizeof address.octets);
		put_number(port, ntohs(ipv6.sin6_port));
	} else {
		return;
	}
	put_network_address(text, &address);
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

/* What can stand in a variable and in a log line. */
static void put_printable(char *text, size_t size, struct span value)
{
	if (span_starts(value, SPAN("()")) || span_starts(value, SPAN("-")))
		return;
	for (size_t i = 0; i < value.len; i++) {
		if (!ascii_is_print(value.base[i]))
			return;
	}
	put_text(text, size, value);
}

static void put_tls(struct peer *peer, const struct proxy *proxy)
{
	char subject[PEER_HOST_MAX];
	struct buffer name = BUFFER(subject);

	if (!proxy->tls)
		return;
	put_printable(peer->tls_version, sizeof peer->tls_version, proxy->version);
	if (peer->tls_version[0] == '\0')
		put_text(peer->tls_version, sizeof peer->tls_version, SPAN("TLS"));
	put_printable(peer->tls_cipher, sizeof peer->tls_cipher, proxy->cipher);
	/* As a subject writes it (RFC 4514 2.4): what looks like the end of the name is none. */
	buffer_string(&name, "CN=");
	for (size_t i = 0; i < proxy->common_name.len; i++) {
		if (span_find(SPAN(",+\"\\<>;"), proxy->common_name.base[i]) < 7)
			buffer_byte(&name, '\\');
		buffer_byte(&name, proxy->common_name.base[i]);
	}
	if (proxy->verified && proxy->common_name.len > 0 && !name.overflow)
		put_printable(peer->tls_peer, sizeof peer->tls_peer, buffer_span(&name));
}

void peer_from_proxy(struct peer *peer, const struct proxy *proxy, const char *via)
{
	struct peer told = { 0 };

	put_text(told.via, sizeof told.via, span_of(via));
	if (proxy->kind == PROXY_INET) {
		put_network_address(told.remote_addr, &proxy->source);
		put_number(told.remote_port, proxy->source_port);
		put_network_address(told.local_addr, &proxy->destination);
		put_number(told.local_port, proxy->destination_port);
	}
	put_tls(&told, proxy);
	put_host(told.tls_sni, sizeof told.tls_sni, proxy->authority);
	*peer = told; /* `via` may have been the address in it */
}
