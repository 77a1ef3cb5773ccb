/* SPDX-License-Identifier: ISC */
/* xtext.c - decoding xtext (RFC 3461 4), hexadecimal digits of either case. */
#include "mail/xtext.h"

#include "base/ascii.h"

bool xtext_decode(struct buffer *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.base[i];

		if (!ascii_is_graph(c) || c == '=')
			return false;
		if (c == '+') {
			int high, low;

			if (text.len - i < 3)
				return false;
			high = ascii_hex(text.base[i + 1]);
			low = ascii_hex(text.base[i + 2]);
			if (high < 0 || low < 0 || high > 7)
				return false;
			c = (char)(high * 16 + low);
			if (!ascii_is_print(c))
				return false;
			i += 2;
		}
		if (!buffer_byte(out, c))
			return false;
	}
	return true;
}
