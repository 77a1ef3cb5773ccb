/* SPDX-License-Identifier: ISC */
/*
 * peer_facts.c - who the peer is, from the environment and from sockets (MAP-002, LMTP-021,
 * hardening 55 for IPv4-mapped addresses).
 */
#include "session/peer.h"

#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

/* An environment, and what is to come of it: remote address, port, host, local address, port. */
struct sample {
	const char *variables[12];
	const char *expected[5];
};

static const struct sample samples[] = {
	{ { NULL }, { "", "", "", "", "" } },
	{ { "PROTO", "TCP", "TCPREMOTEIP", "192.0.2.1", "TCPREMOTEPORT", "4711", "TCPREMOTEHOST",
	    "a-b_c.example", "TCPLOCALIP", "192.0.2.2", "TCPLOCALPORT", "25" },
	  { "192.0.2.1", "4711", "a-b_c.example", "192.0.2.2", "25" } },
	/* sslserver, and the IPv6 ucspi-tcp of either kind */
	{ { "PROTO", "SSL", "SSLREMOTEIP", "192.0.2.1" }, { "192.0.2.1", "", "", "", "" } },
	{ { "PROTO", "TCP6", "TCP6REMOTEIP", "2001:DB8:0::1" }, { "2001:db8::1", "", "", "", "" } },
	{ { "PROTO", "TCP6", "TCPREMOTEIP", "::ffff:192.0.2.1" }, { "192.0.2.1", "", "", "", "" } },
	/* left over from elsewhere: PROTO does not say so, or is of a unix socket */
	{ { "TCPREMOTEIP", "192.0.2.1" }, { "", "", "", "", "" } },
	{ { "PROTO", "UNIX", "TCPREMOTEIP", "192.0.2.1" }, { "", "", "", "", "" } },
	/* systemd and xinetd */
	{ { "REMOTE_ADDR", "2001:db8::1", "REMOTE_PORT", "9" },
	  { "2001:db8::1", "9", "", "", "" } },
	{ { "REMOTE_HOST", "192.0.2.9" }, { "192.0.2.9", "", "", "", "" } },
	{ { "REMOTE_HOST", "name.example" }, { "", "", "", "", "" } },
	{ { "PROTO", "TCP", "TCPREMOTEIP", "192.0.2.1", "REMOTE_ADDR", "192.0.2.2" },
	  { "192.0.2.1", "", "", "", "" } },
	/* zones go, and so does what is no address, port or name */
	{ { "REMOTE_ADDR", "fe80::1%eth0" }, { "fe80::1", "", "", "", "" } },
	{ { "REMOTE_ADDR", "192.0.2.256" }, { "", "", "", "", "" } },
	{ { "REMOTE_ADDR", "192.0.2.1\n" }, { "", "", "", "", "" } },
	{ { "REMOTE_ADDR", "192.0.2.1", "REMOTE_PORT", "65536" }, { "192.0.2.1", "", "", "", "" } },
	{ { "REMOTE_ADDR", "192.0.2.1", "REMOTE_PORT", "0025" },
	  { "192.0.2.1", "25", "", "", "" } },
	{ { "PROTO", "TCP", "TCPREMOTEIP", "192.0.2.1", "TCPREMOTEHOST", "a b\n" },
	  { "192.0.2.1", "", "", "", "" } },
	{ { "REMOTE_ADDR",
	    "1111111111111111111111111111111111111111111111111111111111111111111111" },
	  { "", "", "", "", "" } },
};

static void check_peer(const struct peer *peer, const char *const expected[5], unsigned number)
{
	const char *facts[5] = { peer->remote_addr, peer->remote_port, peer->remote_host,
				 peer->local_addr, peer->local_port };

	for (unsigned i = 0; i < 5; i++) {
		if (strcmp(facts[i], expected[i]) != 0)
			fprintf(stderr, "sample %u, fact %u: %s\n", number, i, facts[i]);
		CHECK(strcmp(facts[i], expected[i]) == 0);
	}
}

static void test_environment(void)
{
	for (unsigned i = 0; i < sizeof samples / sizeof samples[0]; i++) {
		const struct sample *sample = &samples[i];
		struct peer peer;

		clearenv();
		for (unsigned j = 0; j + 1 < 12 && sample->variables[j] != NULL; j += 2)
			setenv(sample->variables[j], sample->variables[j + 1], 1);
		peer_gather(&peer, -1, true);
		check_peer(&peer, sample->expected, i);
		peer_gather(&peer, -1, false);
		check_peer(&peer, samples[0].expected, i);
	}
	clearenv();
}

/* A connection over `listener`'s address: the accepted socket, and its peer's port in *port. */
static int accepted(int family, const char *address, bool dual, char *port, int *client)
{
	struct sockaddr_storage storage = { .ss_family = (sa_family_t)family };
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&storage;
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)&storage;
	socklen_t len = sizeof storage;
	struct sockaddr_in target = { .sin_family = AF_INET };
	int only = !dual;
	int listener = socket(family, SOCK_STREAM, 0);

	if (family == AF_INET6)
		setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
	inet_pton(family, address,
		  family == AF_INET6 ? (void *)&ipv6->sin6_addr : (void *)&ipv4->sin_addr);
	CHECK(bind(listener, (struct sockaddr *)&storage, sizeof storage) == 0);
	CHECK(listen(listener, 1) == 0);
	CHECK(getsockname(listener, (struct sockaddr *)&storage, &len) == 0);
	*client = socket(dual ? AF_INET : family, SOCK_STREAM, 0);
	target.sin_port = ipv6->sin6_port;
	inet_pton(AF_INET, "127.0.0.1", &target.sin_addr);
	if (dual)
		CHECK(connect(*client, (struct sockaddr *)&target, sizeof target) == 0);
	else
		CHECK(connect(*client, (struct sockaddr *)&storage, len) == 0);
	snprintf(port, 6, "%u", ntohs(ipv4->sin_port));
	return accept(listener, NULL, NULL);
}

static void test_sockets(void)
{
	struct peer peer;
	struct peer other;
	char port[6];
	int client;
	int pair[2];
	int fd = accepted(AF_INET, "127.0.0.1", false, port, &client);

	peer_gather(&peer, fd, false);
	peer_gather(&other, client, false);
	CHECK(strcmp(peer.remote_addr, "127.0.0.1") == 0 && strcmp(peer.local_port, port) == 0);
	CHECK(strcmp(peer.remote_port, other.local_port) == 0 && peer.remote_port[0] != '\0');
	/* The environment names another address: the socket's port is not that peer's. */
	setenv("REMOTE_ADDR", "192.0.2.7", 1);
	peer_gather(&peer, fd, true);
	CHECK(strcmp(peer.remote_addr, "192.0.2.7") == 0 && peer.remote_port[0] == '\0');
	/* It names the same, as xinetd does: the socket completes it. */
	setenv("REMOTE_ADDR", "127.0.0.1", 1);
	peer_gather(&peer, fd, true);
	CHECK(strcmp(peer.remote_port, other.local_port) == 0);

	fd = accepted(AF_INET6, "::1", false, port, &client);
	peer_gather(&peer, fd, false);
	CHECK(strcmp(peer.remote_addr, "::1") == 0 && strcmp(peer.local_addr, "::1") == 0);
	fd = accepted(AF_INET6, "::", true, port, &client);
	peer_gather(&peer, fd, false);
	CHECK(strcmp(peer.remote_addr, "127.0.0.1") == 0);
	CHECK(strcmp(peer.local_addr, "127.0.0.1") == 0 && strcmp(peer.local_port, port) == 0);

	/* LMTP-021 */
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	peer_gather(&peer, pair[0], false);
	check_peer(&peer, samples[0].expected, 1000);
}

int main(void)
{
	test_environment();
	test_sockets();
	return check_report();
}
