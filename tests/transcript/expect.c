/* SPDX-License-Identifier: ISC */
/* expect.c - replies, events, messages and end of a run against the lines of its transcript. */
#include "expect.h"
#include "base/ascii.h"

#include <stdio.h>
#include <stdlib.h>

#define SHOWN_MAX 300

struct check {
	const struct script *script;
	struct bytes *faults;
	struct span output; /* not yet matched */
	struct span reply;  /* the last whole reply */
	bool utf8;          /* the case has an SMTPUTF8 transaction */
	unsigned count;
};

static void show(struct bytes *faults, struct span text)
{
	bytes_escape(faults, text.base, text.len < SHOWN_MAX ? text.len : SHOWN_MAX);
	if (text.len > SHOWN_MAX)
		bytes_format(faults, "... (%zu octets)", text.len);
}

static void differ(struct check *check, unsigned line, const char *what, struct span wanted,
		   struct span got)
{
	check->count++;
	bytes_format(check->faults, "# %s:%u: %s\n#   wanted: ", check->script->file, line, what);
	show(check->faults, wanted);
	bytes_string(check->faults, "\n#   got:    ");
	show(check->faults, got);
	bytes_string(check->faults, "\n");
}

/* The octets up to the next CRLF, without it. False when there is no whole line. */
static bool line_take(struct span *rest, struct span *line)
{
	for (size_t i = 0; i + 1 < rest->len; i++) {
		if (rest->base[i] == '\r' && rest->base[i + 1] == '\n') {
			*line = span_first(*rest, i);
			*rest = span_from(*rest, i + 2);
			return true;
		}
	}
	return false;
}

/* Text of ours is printable US-ASCII (UTF8-005 apart) and a line of it at most 512 octets (GEN-003,
 * GEN-004). */
static bool text_clean(const struct check *check, struct span text, size_t skip)
{
	for (size_t i = skip; i < text.len; i++) {
		if (!ascii_is_print(text.base[i]) && !(check->utf8 && ascii_is_high(text.base[i])))
			return false;
	}
	return text.len <= 510;
}

static void check_line(struct check *check, const struct item *item)
{
	struct span line, wanted = bytes_span(&item->text);

	if (!line_take(&check->output, &line)) {
		differ(check, item->line, "no more lines", wanted, check->output);
		check->output = SPAN_NONE;
	} else if (item->wild ? !span_starts(line, wanted) : !span_equal(line, wanted)) {
		differ(check, item->line, "another line", wanted, line);
	} else if (item->wild && !text_clean(check, line, wanted.len)) {
		differ(check, item->line, "not a clean line", wanted, line);
	}
}

/* RFC 2034 4: what stands behind the code; "-" asks for no enhanced status code at all. */
static bool status_fits(struct span text, struct span status)
{
	if (span_equal(status, SPAN("-")))
		return text.len < 2 || text.base[1] != '.';
	return status.len == 0 || (span_starts(text, status) &&
				   (text.len == status.len || text.base[status.len] == ' '));
}

/* RFC 5321 4.2.1: the same code on each line, '-' on all but the last. */
static void check_reply(struct check *check, const struct item *item)
{
	struct span wanted = bytes_span(&item->text), status = wanted, line = SPAN_NONE;
	struct span code = word_take(&status);
	struct span from = check->output;
	bool last = false, first = true, dots = span_starts(code, SPAN("+"));

	while (!last) {
		bool fits = line_take(&check->output, &line);

		if (!fits) {
			differ(check, item->line, "no whole reply", wanted, from);
			check->output = SPAN_NONE;
			return;
		}
		if (dots) {
			fits = !first || span_starts(line, code);
			last = !fits || span_equal(line, SPAN("."));
		} else {
			fits = span_starts(line, code) && line.len > code.len &&
			       (line.base[code.len] == ' ' || line.base[code.len] == '-');
			last = !fits || line.base[code.len] == ' ';
			fits = fits && status_fits(span_from(line, code.len + 1), status) &&
			       text_clean(check, line, 0);
		}
		if (!fits) {
			differ(check, item->line, "another reply", wanted, line);
			return;
		}
		first = false;
	}
	check->reply = span_first(from, from.len - check->output.len);
}

static void check_keyword(struct check *check, const struct item *item)
{
	struct span rest = check->reply, line, wanted = bytes_span(&item->text);
	bool found = false, exact = item->kind == ITEM_KEYWORD;

	while (line_take(&rest, &line)) {
		if (!span_starts(line, SPAN("+")) && span_starts(check->reply, SPAN("2")))
			line = span_from(line, 4);
		if (exact ? span_equal(line, wanted)
			  : span_starts(line, wanted) &&
				    (line.len == wanted.len || line.base[wanted.len] == ' '))
			found = true;
	}
	if (found != exact)
		differ(check, item->line, exact ? "not in the list" : "in the list", wanted,
		       check->reply);
}

static void check_output(struct check *check, const struct run *run)
{
	check->output = bytes_span(&run->output);
	for (size_t i = 0; i < check->script->count; i++) {
		const struct item *item = &check->script->items[i];

		if (check->output.base == NULL && check->count > 0)
			return;
		if (item->kind == ITEM_LINE)
			check_line(check, item);
		else if (item->kind == ITEM_REPLY)
			check_reply(check, item);
		else if (item->kind == ITEM_KEYWORD || item->kind == ITEM_NO_KEYWORD)
			check_keyword(check, item);
	}
	if (check->output.len > 0)
		differ(check, check->script->line, "more output", SPAN(""), check->output);
}

/* True when each word of `wanted` stands in `event`, and no "-WORD" of it does. */
static bool event_fits(struct span event, struct span wanted)
{
	struct span name = word_take(&event);

	if (!span_equal(name, word_take(&wanted)))
		return false;
	while (wanted.len > 0) {
		struct span word = word_take(&wanted), rest = event;
		bool absent = *word.base == '-', found = false;

		while (rest.len > 0) {
			struct span fact = word_take(&rest);

			if (absent)
				found |= span_equal(span_take(&fact, '='), span_from(word, 1));
			else
				found |= span_equal(fact, word);
		}
		if (found == absent)
			return false;
	}
	return true;
}

static void check_events(struct check *check, const struct run *run)
{
	struct span rest = bytes_span(&run->events);
	size_t at = 0;
	const struct item *item = script_next(check->script, ITEM_EVENT, &at);

	if (item == NULL)
		return;
	while (item != NULL && !span_equal(bytes_span(&item->text), SPAN("none"))) {
		struct span event = span_take(&rest, '\n'), wanted = bytes_span(&item->text);

		if (!event_fits(event, wanted)) {
			differ(check, item->line, "another event", wanted, event);
			return;
		}
		item = script_next(check->script, ITEM_EVENT, &at);
	}
	if (rest.len > 0)
		differ(check, check->script->line, "more events", SPAN(""), rest);
}

static void check_messages(struct check *check, const struct run *run)
{
	const struct item *item;
	size_t at = 0, count = 0;

	while ((item = script_next(check->script, ITEM_MESSAGE, &at)) != NULL) {
		struct span wanted = bytes_span(&item->text);

		if (count >= run->message_count)
			differ(check, item->line, "no message", wanted, SPAN(""));
		else if (!span_equal(wanted, bytes_span(&run->messages[count])))
			differ(check, item->line, "another message", wanted,
			       bytes_span(&run->messages[count]));
		count++;
	}
	for (; count < run->message_count; count++)
		differ(check, check->script->line, "a message too many", SPAN(""),
		       bytes_span(&run->messages[count]));
}

void expect_run(const struct script *script, const struct run *run, struct bytes *faults)
{
	struct check check = { .script = script, .faults = faults };
	const struct item *item;
	size_t at = 0;

	while ((item = script_next(script, ITEM_CLIENT, &at)) != NULL)
		check.utf8 |= memmem(item->text.base, item->text.len, "SMTPUTF8", 8) != NULL;
	at = 0;
	if (run->fault != NULL)
		bytes_format(faults, "# %s:%u: the engine %s\n", script->file, script->line,
			     run->fault);
	check_output(&check, run);
	check_events(&check, run);
	check_messages(&check, run);
	item = script_next(script, ITEM_END, &at);
	if (item != NULL &&
	    !span_equal(bytes_span(&item->text), span_of(session_end_words[run->end])))
		differ(&check, item->line, "another end", bytes_span(&item->text),
		       span_of(session_end_words[run->end]));
}
