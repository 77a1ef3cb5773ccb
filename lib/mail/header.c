/* SPDX-License-Identifier: ISC */
/* header.c - which fields that a submission server may add a message has. */
#include "mail/header.h"

#include "base/ascii.h"

static const struct span names[HEADER_FIELDS] = { { "date", 4 }, { "message-id", 10 } };

/* Values of `matched`: octets of the name, of which all may be followed by blanks, or: */
#define OTHER UINT8_MAX

static void match(struct header *header, char c)
{
	for (unsigned i = 0; i < HEADER_FIELDS; i++) {
		uint8_t *at = &header->matched[i];

		if (*at == OTHER)
			continue;
		if (*at < names[i].len)
			*at = ascii_lower(c) == names[i].base[*at] ? (uint8_t)(*at + 1) : OTHER;
		else if (c == ':')
			header->seen |= (uint8_t)(1U << i);
		else if (!ascii_is_blank(c))
			*at = OTHER;
	}
}

size_t header_feed(struct header *header, struct span bytes)
{
	for (size_t at = 0; at < bytes.len; at++) {
		char c = bytes.base[at];

		if (!header->inside && (c == '\r' || c == '\n'))
			return at;
		if (c == '\n') {
			header->inside = false;
			memset(header->matched, 0, sizeof(header->matched));
			continue;
		}
		header->inside = true;
		match(header, c);
	}
	return bytes.len;
}
