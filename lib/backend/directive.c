/* SPDX-License-Identifier: ISC */
/* directive.c - lines of a program's output that begin with ':'. */
#include "backend/directive.h"

#include "base/ascii.h"

/* Events in which each directive may stand. */
#define BEFORE_DELIVER                                                              \
	(EVENT_BIT(EVENT_CONNECT) | EVENT_BIT(EVENT_HELO) | EVENT_BIT(EVENT_MAIL) | \
	 EVENT_BIT(EVENT_RCPT) | EVENT_BIT(EVENT_DATA))

static const struct directive_row {
	struct span name;
	enum directive_kind kind;
	event_set events;
} directive_table[] = {
	{ { ":recipient", 10 }, DIRECTIVE_RECIPIENT, EVENT_BIT(EVENT_RCPT) },
	{ { ":sender", 7 },
	  DIRECTIVE_SENDER,
	  EVENT_BIT(EVENT_MAIL) | EVENT_BIT(EVENT_RCPT) | EVENT_BIT(EVENT_DATA) },
	{ { ":header", 7 }, DIRECTIVE_HEADER, BEFORE_DELIVER },
	{ { ":set", 4 }, DIRECTIVE_SET, ~(event_set)0 },
	{ { ":close", 6 }, DIRECTIVE_CLOSE, ~(event_set)0 },
};

/* "Name: value": a field name is printable US-ASCII but the colon (RFC 5322 3.6.8). */
static bool header_line_valid(struct span line)
{
	size_t colon = span_find(line, ':');

	if (colon == 0 || colon == line.len || line.len > 998)
		return false;
	for (size_t i = 0; i < line.len; i++) {
		char c = line.base[i];

		if (i < colon ? !ascii_is_graph(c) : ascii_is_control(c) && c != '\t')
			return false;
	}
	return true;
}

static bool value_clean(struct span value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (ascii_is_control(value.base[i]))
			return false;
	}
	return true;
}

static void parse(struct span line, enum event event, struct directive *directive)
{
	struct span rest = line.base[line.len - 1] == '\r' ? span_first(line, line.len - 1) : line;
	struct span name = span_take(&rest, ' ');

	*directive = (struct directive){ DIRECTIVE_BAD, line, SPAN_NONE };
	rest = span_trim(rest);
	for (size_t i = 0; i < sizeof(directive_table) / sizeof(*directive_table); i++) {
		const struct directive_row *row = &directive_table[i];

		if (!span_equal(row->name, name))
			continue;
		if ((row->events & EVENT_BIT(event)) == 0 || !value_clean(rest) ||
		    (rest.len == 0) != (row->kind == DIRECTIVE_CLOSE) ||
		    (row->kind == DIRECTIVE_HEADER && !header_line_valid(rest)))
			return;
		if (row->kind == DIRECTIVE_SET) {
			directive->key = span_take(&rest, '=');
			if (rest.base == NULL)
				return;
		}
		directive->kind = row->kind;
		directive->value = rest;
		return;
	}
}

bool directive_next(struct span text, size_t *at, size_t *kept, enum event event,
		    struct directive *directive)
{
	char *to = (char *)(uintptr_t)text.base;

	while (*at < text.len) {
		struct span rest = span_from(text, *at);
		struct span line = span_first(rest, span_find(rest, '\n'));
		size_t whole = line.len < rest.len ? line.len + 1 : line.len;

		*at += whole;
		if (line.len > 0 && line.base[0] == ':') {
			parse(line, event, directive);
			return true;
		}
		memmove(to + *kept, line.base, whole);
		*kept += whole;
	}
	return false;
}
