/* SPDX-License-Identifier: ISC */
/* domain.c - domains and address literals (RFC 5321 4.1.2, 4.1.3, 2.3.5; RFC 5890 through RFC
 * 6531). */
#include "mail/address.h"

#include "base/ascii.h"
#include "base/utf8.h"

#include <arpa/inet.h>

/* Letters, digits, inner hyphens; underscores are tolerated; non-ASCII letters in an SMTPUTF8
 * transaction. */
static bool label_valid(struct span label, bool utf8)
{
	if (label.len == 0 || label.len > LABEL_MAX_OCTETS || label.base[0] == '-' ||
	    label.base[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		char c = label.base[i];

		if (!ascii_is_alnum(c) && c != '-' && c != '_' && !(utf8 && ascii_is_high(c)))
			return false;
	}
	return true;
}

bool domain_valid(struct span domain, bool utf8)
{
	if (domain.len == 0 || domain.len > DOMAIN_MAX_OCTETS)
		return false;
	if (domain.base[0] == '[')
		return address_literal_valid(domain);
	while (domain.base != NULL) {
		if (!label_valid(span_take(&domain, '.'), utf8))
			return false;
	}
	return true;
}

/* Four decimal octets. */
static bool ipv4_valid(struct span address)
{
	unsigned count = 0;

	while (address.base != NULL) {
		struct span octet = span_take(&address, '.');
		unsigned value = 0;

		if (octet.len == 0 || octet.len > 3 || ++count > 4)
			return false;
		for (size_t i = 0; i < octet.len; i++) {
			if (!ascii_is_digit(octet.base[i]))
				return false;
			value = value * 10 + (unsigned)(octet.base[i] - '0');
		}
		if (value > 255)
			return false;
	}
	return count == 4;
}

static bool ipv6_valid(struct span address)
{
	char storage[INET6_ADDRSTRLEN];
	struct buffer text = BUFFER(storage);
	struct in6_addr parsed;

	if (span_find(address, '\0') != address.len || !buffer_put(&text, address))
		return false;
	return buffer_cstr(&text) != NULL && inet_pton(AF_INET6, storage, &parsed) == 1;
}

bool address_literal_valid(struct span literal)
{
	struct span tag = SPAN("IPv6:");

	if (literal.len < 2 || literal.base[0] != '[' || literal.base[literal.len - 1] != ']')
		return false;
	literal = (struct span){ literal.base + 1, literal.len - 2 };
	if (literal.len > tag.len && span_equal_nocase(span_first(literal, tag.len), tag))
		return ipv6_valid(span_from(literal, tag.len));
	return ipv4_valid(literal);
}

bool domain_listed(struct span domain, const struct span *domains, unsigned count)
{
	return span_listed(domain, domains, count);
}
