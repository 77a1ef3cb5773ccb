/* SPDX-License-Identifier: ISC */
/* base64.c - base64 as SASL has it. */
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The six bits of a character, or -1; no table, whose cache lines would tell secrets apart. */
static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_encode(struct buffer *out, struct span bytes)
{
	for (size_t at = 0; at < bytes.len; at += 3) {
		size_t octets = bytes.len - at < 3 ? bytes.len - at : 3;
		char text[4] = { '=', '=', '=', '=' };
		uint32_t bits = 0;

		for (size_t i = 0; i < 3; i++)
			bits = bits << 8 | (i < octets ? (unsigned char)bytes.base[at + i] : 0);
		for (size_t i = 0; i <= octets; i++)
			text[i] = alphabet[bits >> (18 - 6 * i) & 63];
		if (!buffer_put(out, (struct span){ text, sizeof(text) }))
			return false;
	}
	return !out->overflow;
}

bool base64_decode(struct buffer *out, struct span text)
{
	if (text.len % 4 != 0)
		return false;
	for (size_t at = 0; at < text.len; at += 4) {
		const char *group = text.base + at;
		size_t octets = 3;
		uint32_t bits = 0;

		if (at + 4 == text.len && group[3] == '=')
			octets = group[2] == '=' ? 1 : 2;
		for (size_t i = 0; i < 4; i++) {
			int value = i <= octets ? value_of(group[i]) : 0;

			if (value < 0)
				return false;
			bits = bits << 6 | (uint32_t)value;
		}
		/* RFC 4648 3.5: the bits that no octet takes are zero. */
		if ((bits & ((1U << (24 - 8 * octets)) - 1)) != 0)
			return false;
		for (size_t i = 0; i < octets; i++) {
			if (!buffer_byte(out, (char)(bits >> (16 - 8 * i))))
				return false;
		}
	}
	return !out->overflow;
}
