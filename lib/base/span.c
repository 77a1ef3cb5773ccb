/* SPDX-License-Identifier: ISC */
/* span.c - comparing and cutting spans. */
#include "base/span.h"

#include "base/ascii.h"
#include "base/block.h"

#include <stdint.h>

void span_wipe(struct span span)
{
	if (span.len > 0)
		explicit_bzero((char *)(uintptr_t)span.base, span.len);
}

size_t span_find(struct span span, char byte)
{
	return block_find(span.base, span.len, byte);
}

bool span_equal_nocase(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (ascii_lower(a.base[i]) != ascii_lower(b.base[i]))
			return false;
	}
	return true;
}

bool span_listed(struct span span, const struct span *list, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (span_equal_nocase(span, list[i]))
			return true;
	}
	return false;
}

struct span span_take(struct span *rest, char separator)
{
	size_t at = span_find(*rest, separator);
	struct span piece = span_first(*rest, at);

	*rest = at == rest->len ? SPAN_NONE : span_from(*rest, at + 1);
	return piece;
}

struct span span_trim_end(struct span span)
{
	while (span.len > 0 && ascii_is_blank(span.base[span.len - 1]))
		span.len--;
	return span;
}

struct span span_trim(struct span span)
{
	while (span.len > 0 && ascii_is_blank(span.base[0]))
		span = span_from(span, 1);
	return span_trim_end(span);
}
