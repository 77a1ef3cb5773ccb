/* SPDX-License-Identifier: ISC */
/* hops.c - counting Received fields. */
#include "mail/hops.h"

#include "base/ascii.h"
#include "base/block.h"

static const char field_name[] = "received";

/* Values of `matched`: 0 to NAME_LENGTH octets of the name (then blanks and the colon may follow),
 * or: */
#define NAME_LENGTH (sizeof(field_name) - 1)
#define EMPTY_CR    (NAME_LENGTH + 1) /* a CR began the line */
#define OTHER       (NAME_LENGTH + 2) /* the rest of the line does not matter */

/* One octet before the field's name is decided; line ends are the caller's. */
static uint8_t match(struct hops *hops, char c)
{
	uint8_t at = hops->matched;

	if (at == 0 && c == '\r')
		return EMPTY_CR;
	if (at < NAME_LENGTH)
		return ascii_lower(c) == field_name[at] ? (uint8_t)(at + 1) : OTHER;
	if (at == NAME_LENGTH && ascii_is_blank(c))
		return at;
	if (at == NAME_LENGTH && c == ':' && hops->count < UINT32_MAX)
		hops->count++;
	return OTHER;
}

void hops_feed(struct hops *hops, struct span bytes)
{
	while (bytes.len > 0 && !hops->body) {
		size_t at = hops->matched == OTHER ? block_find(bytes.base, bytes.len, '\n') : 0;

		if (at == bytes.len)
			return;
		if (bytes.base[at] == '\n') {
			hops->body = hops->matched == 0 || hops->matched == EMPTY_CR;
			hops->matched = 0;
		} else {
			hops->matched = match(hops, bytes.base[at]);
		}
		bytes = span_from(bytes, at + 1);
	}
}
