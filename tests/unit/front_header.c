/* SPDX-License-Identifier: ISC */
/*
 * front_header.c - reading a PROXY header off a socket, a pipe and a file: the next octet is always
 * where it was (PRX-002, PRX-003), and who is trusted to speak for others (PRX-001, XCL-001).
 */
#include "session/front.h"

#include "base/descriptor.h"
#include "base/log.h"

#include "check.h"

#include <sys/mman.h>
#include <unistd.h>

#define V1 "PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r\n"
#define V2 "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x02\xdc\x04\0\x19"

static const struct span headers[] = { SPAN_NONE, { V1, sizeof V1 - 1 }, { V2, sizeof V2 - 1 } };

/* A descriptor from which `octets` can be read: kind 0 a socket, 1 a pipe, 2 a file. */
static int source(unsigned kind, struct span octets, struct span more)
{
	int ends[2] = { -1, -1 };

	if (kind == 0)
		CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	else if (kind == 1)
		CHECK(pipe(ends) == 0);
	else
		ends[0] = ends[1] = memfd_create("header", 0);
	CHECK(fd_write_all(ends[1], octets) && fd_write_all(ends[1], more));
	if (kind == 2)
		CHECK(lseek(ends[0], 0, SEEK_SET) == 0);
	else
		fd_close(&ends[1]);
	return ends[0];
}

static void test_exact(unsigned kind, struct span header)
{
	struct span next = SPAN("\x16 EHLO client.example\r\n");
	struct peer peer = { .remote_addr = "203.0.113.7", .remote_host = "front.example" };
	int in = source(kind, header, next);
	char octets[64];

	CHECK(front_receive(&peer, peer.remote_addr, in));
	CHECK(read(in, octets, sizeof octets) == (ssize_t)next.len);
	CHECK(memcmp(octets, next.base, next.len) == 0);
	CHECK(strcmp(peer.remote_addr, "192.0.2.1") == 0 && strcmp(peer.remote_port, "56324") == 0);
	CHECK(strcmp(peer.local_addr, "198.51.100.2") == 0 && strcmp(peer.local_port, "25") == 0);
	CHECK(peer.remote_host[0] == '\0' && strcmp(peer.via, "203.0.113.7") == 0);
	close(in);
}

/* PRX-011: none of these is answered by facts, and the peer stays as it was. */
static void test_refused(unsigned kind, struct span octets)
{
	struct peer peer = { .remote_addr = "203.0.113.7" };
	int in = source(kind, octets, SPAN_NONE);

	CHECK(!front_receive(&peer, "203.0.113.7", in));
	CHECK(strcmp(peer.remote_addr, "203.0.113.7") == 0 && peer.via[0] == '\0');
	close(in);
}

/* PRX-010: what of TLS and of names may stand in a variable. */
static void test_tls(void)
{
	struct proxy proxy = { .kind = PROXY_INET,
			       .tls = true,
			       .verified = true,
			       .version = SPAN("TLSv1.3"),
			       .cipher = SPAN("TLS_AES_256_GCM_SHA384"),
			       .common_name = SPAN("a client"),
			       .authority = SPAN("mx.example.org") };
	struct peer peer;

	peer_from_proxy(&peer, &proxy, "unix");
	CHECK(strcmp(peer.tls_version, "TLSv1.3") == 0 && strcmp(peer.via, "unix") == 0);
	CHECK(strcmp(peer.tls_cipher, "TLS_AES_256_GCM_SHA384") == 0);
	CHECK(strcmp(peer.tls_peer, "CN=a client") == 0);
	CHECK(strcmp(peer.tls_sni, "mx.example.org") == 0);
	proxy.version = SPAN("TLS\n");
	proxy.cipher = SPAN("() {");
	/* AUTH-024: EXTERNAL is for whoever stands before the first comma. */
	proxy.common_name = SPAN("admin,\\x");
	peer_from_proxy(&peer, &proxy, "192.0.2.9");
	CHECK(strcmp(peer.tls_peer, "CN=admin\\,\\\\x") == 0);

	proxy.common_name = SPAN("a\0b");
	proxy.authority = SPAN("mx.example.org/../..");
	peer_from_proxy(&peer, &proxy, "unix");
	CHECK(strcmp(peer.tls_version, "TLS") == 0 && peer.tls_cipher[0] == '\0');
	CHECK(peer.tls_peer[0] == '\0' && peer.tls_sni[0] == '\0');
	proxy.authority = SPAN("-rf");
	proxy.common_name = SPAN("client");
	proxy.verified = false;
	peer_from_proxy(&peer, &proxy, "unix");
	CHECK(peer.tls_peer[0] == '\0' && peer.tls_sni[0] == '\0');
	proxy.tls = false;
	peer_from_proxy(&peer, &proxy, "unix");
	CHECK(peer.tls_version[0] == '\0' && peer.tls_cipher[0] == '\0');
}

static void test_trust(void)
{
	static struct options options;
	struct span networks[] = { SPAN("192.0.2.0/24"), SPAN("unix") };

	CHECK(!front_expected(&options, "192.0.2.1") && !front_expected(&options, ""));
	options.proxy_protocol = (struct option_list){ networks, 1 };
	CHECK(front_expected(&options, "192.0.2.1") && !front_expected(&options, "192.0.3.1"));
	CHECK(!front_expected(&options, ""));
	CHECK(!front_trusts(&options, SPAN("192.0.2.1"), false));
	options.trusted_networks = (struct option_list){ networks, 2 };
	options.proxy_protocol.count = 0;
	CHECK(front_trusts(&options, SPAN("192.0.2.1"), true));
	CHECK(front_trusts(&options, SPAN_NONE, false) && !front_trusts(&options, SPAN_NONE, true));
	CHECK(!front_expected(&options, "192.0.2.1"));
}

int main(void)
{
	/* What is refused is logged, which is not what this looks at. */
	log_configure(&(struct log_settings){ .level = LOG_EMERG, .program = "front_header" });
	for (unsigned kind = 0; kind < 3; kind++) {
		for (unsigned i = 1; i < 3; i++) {
			test_exact(kind, headers[i]);
			for (size_t cut = 0; cut < headers[i].len; cut++)
				test_refused(kind, span_first(headers[i], cut));
		}
		test_refused(kind, SPAN("EHLO client.example\r\n"));
		test_refused(kind, SPAN("PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\n"));
	}
	test_tls();
	test_trust();
	return check_report();
}
