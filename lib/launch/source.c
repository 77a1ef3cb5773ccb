/* SPDX-License-Identifier: ISC */
/*
 * source.c - where connections come from, as limits count them.
 *
 * An IPv6 source is the upper half of the address. IPv4 addresses live in 0:ffff::/32
 * there, which nobody can have (RFC 4291 2.4 reserves ::/8).
 */
#include "launch/source.h"

#include "base/network.h"

#include <netinet/in.h>

static uint64_t number_of(const uint8_t *bytes, unsigned count)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < count; i++)
		number = number << 8 | bytes[i];
	return number;
}

static uint64_t source_of_address(const struct network_address *address)
{
	const uint64_t ipv4 = 0x0000ffff00000000U;

	return network_address_is_ipv4(address) ? ipv4 | number_of(address->octets + 12, 4)
						: number_of(address->octets, 8);
}

uint64_t source_of(const struct sockaddr *address)
{
	struct network_address bytes;
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	if (address->sa_family == AF_INET) {
		memcpy(&in, address, sizeof in);
		bytes = network_address_of_ipv4(&in.sin_addr);
	} else if (address->sa_family == AF_INET6) {
		memcpy(&in6, address, sizeof in6);
		memcpy(bytes.octets, &in6.sin6_addr, sizeof bytes.octets);
	} else {
		return SOURCE_NONE;
	}
	return source_of_address(&bytes);
}

uint64_t source_of_text(struct span address)
{
	struct network_address bytes;

	return network_address_read(&bytes, address) ? source_of_address(&bytes) : SOURCE_NONE;
}
