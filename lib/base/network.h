/* SPDX-License-Identifier: ISC */
/*
 * network.h - numeric addresses, and the networks that hold them.
 *
 * A network is an address, an address and a prefix length (CIDR, RFC 4632 3.1, RFC 4291 2.3), or
 * the word `unix`: peers that have no address.  IPv4-mapped IPv6 (RFC 4291 2.5.5.2) is the IPv4
 * address that it holds, in networks too; otherwise no IPv6 network holds an IPv4 address.
 */
#ifndef MAILSESSION_NETWORK_H
#define MAILSESSION_NETWORK_H

#include "base/buffer.h"

/* Room for the longest text of an address. */
#define ADDRESS_TEXT_MAX 46

/* An IPv6 address in network order; an IPv4 address in its IPv4-mapped form. */
struct network_address {
	unsigned char octets[16];
};

/* The IPv4 address of four octets in network order. */
struct network_address network_address_of_ipv4(const void *octets);

static inline bool network_address_is_ipv4(const struct network_address *address)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(address->octets, mapped, sizeof mapped) == 0;
}

/* Reads a bare IPv4 or IPv6 address: no zone, no brackets, no leading zeros in IPv4. */
bool network_address_read(struct network_address *address, struct span text);

/* Appends the address in its one spelling (RFC 5952), IPv4 in dotted form. */
void network_address_put(struct buffer *out, const struct network_address *address);

/* True for 127.0.0.0/8 and ::1, however they are written. */
bool network_is_loopback(struct span text);

/* True when `text` is a network. */
bool network_valid(struct span text);

/* True when a network of the list holds the address; an empty address is held by `unix` alone. */
bool network_listed(struct span address, const struct span *networks, unsigned count);

#endif
