/* SPDX-License-Identifier: ISC */
/* network.c - numeric addresses, and the networks that hold them. */
#include "base/network.h"

#include "base/number.h"

#include <arpa/inet.h>

struct network_address network_address_of_ipv4(const void *octets)
{
	struct network_address address = { .octets = { [10] = 0xff, [11] = 0xff } };

	memcpy(address.octets + 12, octets, 4);
	return address;
}

bool network_address_read(struct network_address *address, struct span text)
{
	char copy[ADDRESS_TEXT_MAX];
	struct buffer buffer = BUFFER(copy);
	unsigned char ipv4[4];

	if (span_find(text, '\0') < text.len || !buffer_put(&buffer, text) ||
	    buffer_cstr(&buffer) == NULL)
		return false;
	if (inet_pton(AF_INET, copy, ipv4) == 1) {
		*address = network_address_of_ipv4(ipv4);
		return true;
	}
	return inet_pton(AF_INET6, copy, address->octets) == 1;
}

void network_address_put(struct buffer *out, const struct network_address *address)
{
	char text[ADDRESS_TEXT_MAX];

	if (!network_address_is_ipv4(address)) {
		if (inet_ntop(AF_INET6, address->octets, text, sizeof text) != NULL)
			buffer_string(out, text);
		return;
	}
	/* Without inet_ntop(3), which has printf(3) behind it: a session begins with this. */
	for (unsigned i = 12; i < 16; i++) {
		buffer_number(out, address->octets[i]);
		if (i < 15)
			buffer_byte(out, '.');
	}
}

/* An address and the number of its leading bits that count. */
static bool network_read(struct span text, struct network_address *address, unsigned *bits)
{
	struct span digits = text;
	struct span first = span_take(&digits, '/');
	bool dotted = span_find(first, ':') == first.len;
	uint64_t prefix;

	if (!network_address_read(address, first))
		return false;
	*bits = 128;
	if (digits.base == NULL)
		return true;
	if (!number_upto(digits, dotted ? 32 : 128, &prefix))
		return false;
	*bits = (unsigned)prefix + (dotted ? 96 : 0);
	return true;
}

bool network_is_loopback(struct span text)
{
	static const struct network_address loopback = { { [15] = 1 } };
	struct network_address address;

	if (!network_address_read(&address, text))
		return false;
	return network_address_is_ipv4(&address)
		       ? address.octets[12] == 127
		       : memcmp(&address, &loopback, sizeof(address)) == 0;
}

bool network_valid(struct span text)
{
	struct network_address address;
	unsigned bits;

	return span_equal_nocase(text, SPAN("unix")) || network_read(text, &address, &bits);
}

static bool same_bits(const struct network_address *a, const struct network_address *b,
		      unsigned bits)
{
	unsigned whole = bits / 8;
	unsigned mask = 0xff00U >> bits % 8 & 0xff;

	return memcmp(a->octets, b->octets, whole) == 0 &&
	       (mask == 0 || ((a->octets[whole] ^ b->octets[whole]) & mask) == 0);
}

/* An IPv4 address is in an IPv4 network only: one whose prefix takes in the mapped form's. */
static bool holds(struct span text, const struct network_address *address)
{
	struct network_address network;
	unsigned bits;

	return network_read(text, &network, &bits) && same_bits(&network, address, bits) &&
	       (bits >= 96 || !network_address_is_ipv4(address));
}

bool network_listed(struct span address, const struct span *networks, unsigned count)
{
	struct network_address bytes;

	if (address.len == 0)
		return span_listed(SPAN("unix"), networks, count);
	if (!network_address_read(&bytes, address))
		return false;
	for (unsigned i = 0; i < count; i++) {
		if (holds(networks[i], &bytes))
			return true;
	}
	return false;
}
