/* SPDX-License-Identifier: ISC */
/* from.c - lines that look like the separator of messages. */
#include "from.h"

#define FROM SPAN("From ")

bool from_step(struct from *from, char octet)
{
	if (from->decided)
		return false;
	if (from->matched == 0 && octet == '>') {
		from->arrows = true;
		return true;
	}
	if (octet != FROM.base[from->matched]) {
		from->decided = true;
		return false;
	}
	from->matched++;
	from->found = from->decided = from->matched == FROM.len;
	return true;
}

/*
 * What was held back: of a quoted line the first '>', which is as good as the last, and the octets
 * of "From ".  Whatever stands before it is written already.
 */
static void put_held(const struct from_text *text, struct buffer *out)
{
	const struct from *from = &text->from;
	bool quoting = text->change == FROM_QUOTE;

	if (quoting ? from->found : from->arrows && !from->found)
		buffer_byte(out, '>');
	buffer_put(out, span_first(FROM, from->matched));
}

/* Looks at the front of a line until it is decided. */
static void put_front(struct from_text *text, struct span *message, struct buffer *out)
{
	struct from *from = &text->from;

	while (!from->decided && message->len > 0 && buffer_room(out) >= FROM_ROOM) {
		bool first = !from->arrows;

		if (from_step(from, message->base[0])) {
			if (from->matched == 0 && (!first || text->change == FROM_QUOTE))
				buffer_byte(out, '>');
			*message = span_from(*message, 1);
		}
	}
	if (from->decided)
		put_held(text, out);
}

void from_put(struct from_text *text, struct span *message, struct buffer *out)
{
	while (message->len > 0 && buffer_room(out) >= FROM_ROOM) {
		struct span line;
		size_t len;

		if (!text->from.decided) {
			put_front(text, message, out);
			continue;
		}
		len = span_find(*message, '\n');
		line = span_first(*message, len < message->len ? len + 1 : len);
		if (line.len > buffer_room(out)) {
			line = span_first(line, buffer_room(out));
			len = line.len;
		}
		buffer_put(out, line);
		*message = span_from(*message, line.len);
		if (len < line.len)
			text->from = (struct from){ .decided = false };
	}
}

void from_end(struct from_text *text, struct buffer *out)
{
	if (!text->from.decided)
		put_held(text, out);
}
