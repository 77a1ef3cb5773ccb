/* SPDX-License-Identifier: ISC */
/* line.c - cutting command lines out of the stream. */
#include "mail/line.h"

/* Discards through CRLF; true when it was found. */
static bool swallow(struct line *line, struct span bytes, size_t *used)
{
	while (*used < bytes.len) {
		struct span rest = span_from(bytes, *used);
		size_t at = span_find(rest, '\n');

		if (at == rest.len) {
			line->cr = rest.base[at - 1] == '\r';
			*used = bytes.len;
			return false;
		}
		*used += at + 1;
		if (at == 0 ? line->cr : rest.base[at - 1] == '\r') {
			line->swallowing = false;
			line->cr = false;
			return true;
		}
		line->cr = false;
	}
	return false;
}

static enum line_result bad(struct line *line, enum line_result why, size_t *used, size_t octets)
{
	*used += octets;
	*line = (struct line){ .swallowing = true };
	return why;
}

enum line_result line_take(struct line *line, struct span bytes, size_t most, struct span *text,
			   size_t *used)
{
	size_t at;

	*used = 0;
	if (line->swallowing && !swallow(line, bytes, used))
		return LINE_PARTIAL;
	bytes = span_from(bytes, *used);
	for (at = line->scanned; at < bytes.len && at < most; at++) {
		char c = bytes.base[at];

		if (c == '\n' || c == '\0')
			return bad(line, LINE_BARE, used, at + 1);
		if (c != '\r')
			continue;
		if (at + 1 == bytes.len || at + 1 == most)
			break;
		if (bytes.base[at + 1] != '\n')
			return bad(line, LINE_BARE, used, at + 1);
		*text = span_first(bytes, at);
		*used += at + 2;
		line->scanned = 0;
		return LINE_WHOLE;
	}
	if (bytes.len >= most)
		return bad(line, LINE_LONG, used, at);
	line->scanned = at;
	return LINE_PARTIAL;
}
