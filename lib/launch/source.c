/* SPDX-License-Identifier: ISC */
/*
 * source.c - where connections come from, as limits count them.
 *
 * An IPv6 source is the upper half of the address. IPv4 addresses live in 0:ffff::/32
 * there, which nobody can have (RFC 4291 2.4 reserves ::/8).
 */
#include "launch/source.h"

#include <netinet/in.h>
#include <string.h>

static uint64_t number_of(const uint8_t *bytes, unsigned count)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < count; i++)
		number = number << 8 | bytes[i];
	return number;
}

uint64_t source_of(const struct sockaddr *address)
{
	const uint64_t ipv4 = 0x0000ffff00000000U;
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	if (address->sa_family == AF_INET) {
		memcpy(&in, address, sizeof in);
		return ipv4 | ntohl(in.sin_addr.s_addr);
	}
	if (address->sa_family != AF_INET6)
		return SOURCE_NONE;
	memcpy(&in6, address, sizeof in6);
	if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
		return ipv4 | number_of(&in6.sin6_addr.s6_addr[12], 4);
	return number_of(in6.sin6_addr.s6_addr, 8);
}
