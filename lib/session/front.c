/* SPDX-License-Identifier: ISC */
/* front.c - front ends that speak for their clients: who is one, and the PROXY header. */
#include "session/front.h"

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "base/network.h"
#include "mail/proxy.h"

#include <errno.h>
#include <poll.h>

/* Seconds for the whole header; proxy-protocol.txt 2 asks for three at the least. */
#define HEADER_TIMEOUT 5

bool front_expected(const struct options *options, const char *address)
{
	return network_listed(span_of(address), options->proxy_protocol.items,
			      options->proxy_protocol.count);
}

bool front_trusts(const struct options *options, struct span address, bool proxied)
{
	return (address.len > 0 || !proxied) &&
	       network_listed(address, options->trusted_networks.items,
			      options->trusted_networks.count);
}

/* Waits for input. False: the time is up. */
static bool await(int in, int64_t deadline)
{
	struct pollfd ready = { in, POLLIN, 0 };
	int count;

	do
		count = poll(&ready, 1, clock_poll_timeout(clock_now(), deadline));
	while (count < 0 && errno == EINTR);
	return count > 0;
}

/* NULL, or why there is no header. Asking the parser first, nothing behind it is ever read. */
static const char *read_header(int in, struct proxy *proxy)
{
	static char bytes[PROXY_MAX];
	int64_t deadline = clock_deadline(clock_now(), HEADER_TIMEOUT);
	enum proxy_result result;
	size_t have = 0;

	while ((result = proxy_parse((struct span){ bytes, have }, proxy)) == PROXY_MORE) {
		ssize_t got;

		if (!await(in, deadline))
			return "late";
		got = fd_read(in, bytes + have, proxy->length - have);
		if (got <= 0 && !(got < 0 && errno == EAGAIN))
			return have == 0 ? "absent" : "incomplete";
		have += got > 0 ? (size_t)got : 0;
	}
	return result == PROXY_OK ? NULL : "malformed";
}

bool front_receive(struct peer *peer, const char *address, int in)
{
	struct log_line line;
	struct proxy proxy;
	const char *wrong = read_header(in, &proxy);

	if (address[0] == '\0')
		address = "unix";
	if (wrong == NULL) {
		if (proxy.kind != PROXY_OWN)
			peer_from_proxy(peer, &proxy, address);
		return true;
	}
	log_begin(&line, LOG_WARNING, "no PROXY header");
	log_string(&line, "reason", wrong);
	log_string(&line, "peer", address);
	log_end(&line);
	return false;
}
