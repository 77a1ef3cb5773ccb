/* SPDX-License-Identifier: ISC */
/* utf8.c - UTF-8 (RFC 3629 4), read forward only and never past the end. */
#include "base/utf8.h"

#include "base/ascii.h"

/* Lead octets by length: their range, and the range that the second octet is restricted to. */
static const struct lead {
	unsigned char first, last;
	unsigned char second_first, second_last;
	unsigned char len;
} leads[] = {
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

static size_t decode_tail(struct span bytes, const struct lead *lead, uint32_t *point)
{
	const unsigned char *octet = (const unsigned char *)bytes.base;
	uint32_t sum = octet[0] & (0x7fU >> lead->len);

	if (bytes.len < lead->len || octet[1] < lead->second_first || octet[1] > lead->second_last)
		return 0;
	for (size_t i = 1; i < lead->len; i++) {
		if ((octet[i] & 0xc0) != 0x80)
			return 0;
		sum = sum << 6 | (octet[i] & 0x3fU);
	}
	*point = sum;
	return lead->len;
}

size_t utf8_decode(struct span bytes, uint32_t *point)
{
	unsigned char octet;

	if (bytes.len == 0)
		return 0;
	octet = (unsigned char)bytes.base[0];
	if (octet < 0x80) {
		*point = octet;
		return 1;
	}
	for (size_t i = 0; i < sizeof(leads) / sizeof(*leads); i++) {
		if (octet >= leads[i].first && octet <= leads[i].last)
			return decode_tail(bytes, &leads[i], point);
	}
	return 0;
}

bool utf8_valid(struct span bytes)
{
	uint32_t point;

	while (bytes.len > 0) {
		size_t len = utf8_decode(bytes, &point);

		if (len == 0)
			return false;
		bytes = span_from(bytes, len);
	}
	return true;
}

bool utf8_is_ascii(struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (ascii_is_high(bytes.base[i]))
			return false;
	}
	return true;
}

bool utf8_is_harmless(uint32_t point)
{
	static const struct {
		uint32_t first, last;
	} harmful[] = {
		{ 0x00, 0x1f },     /* C0 controls */
		{ 0x7f, 0x9f },     /* DEL, C1 controls */
		{ 0x061c, 0x061c }, /* bidirectional: Arabic letter mark */
		{ 0x200b, 0x200f }, /* zero width, left-to-right and right-to-left marks */
		{ 0x2028, 0x202e }, /* separators, bidirectional embeddings and overrides */
		{ 0x2060, 0x2064 }, /* word joiner, invisible operators */
		{ 0x2066, 0x2069 }, /* bidirectional isolates */
		{ 0xfdd0, 0xfdef }, /* noncharacters */
		{ 0xfeff, 0xfeff }, /* zero width no-break space */
	};

	for (size_t i = 0; i < sizeof(harmful) / sizeof(*harmful); i++) {
		if (point >= harmful[i].first && point <= harmful[i].last)
			return false;
	}
	return (point & 0xfffe) != 0xfffe;
}

bool utf8_all_harmless(struct span bytes)
{
	uint32_t point;

	while (bytes.len > 0) {
		size_t len = utf8_decode(bytes, &point);

		if (len == 0 || !utf8_is_harmless(point))
			return false;
		bytes = span_from(bytes, len);
	}
	return true;
}
