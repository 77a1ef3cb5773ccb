/* SPDX-License-Identifier: ISC */
/* ahead.c - a look at the commands behind the one that is being answered. */
#include "engine/ahead.h"

#include "base/ascii.h"
#include "mail/line.h"

bool ahead_line(struct ahead *ahead, const struct input *input, size_t most, uint32_t left,
		struct span verb, struct span *argument)
{
	struct span bytes = { input->base + ahead->at, input->len - ahead->at }, text;
	struct line line = { 0 };
	size_t used;

	if (ahead->count >= left || line_take(&line, bytes, most, &text, &used) != LINE_WHOLE ||
	    text.len < verb.len || !span_equal_nocase(span_first(text, verb.len), verb))
		return false;
	ahead->at += used;
	ahead->count++;
	*argument = span_trim(span_from(text, verb.len));
	return true;
}
