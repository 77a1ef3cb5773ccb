/* SPDX-License-Identifier: ISC */
/* pop3_list.c - TRANSACTION: STAT, LIST, UIDL, DELE, RSET, NOOP (RFC 1939 5, 7). */
#include "engine/pop3_private.h"

#include "base/number.h"

/* Room for a line of LIST and UIDL: a number, a blank, a size or a unique-id, CRLF. */
#define LISTED_LINE_ROOM (NUMBER_ROOM + 1 + MAILDROP_UID_MAX + 2)

/* Puts "N SIZE" or "N UID" without line end; there is room. False: the storage lost the unique-id.
 */
static bool put_message(struct pop3 *pop3, struct buffer *out, uint32_t number)
{
	char *to = out->base + out->len;
	struct maildrop_line line;
	uint64_t size;

	if (pop3->unique_ids && !maildrop_line(&pop3->maildrop, number, &line))
		return false;
	to += number_write(to, number);
	*to++ = ' ';
	if (pop3->unique_ids) {
		memcpy(to, line.uid.base, line.uid.len);
		to += line.uid.len;
	} else {
		maildrop_size(&pop3->maildrop, number, &size);
		to += number_write(to, size);
	}
	out->len = (size_t)(to - out->base);
	return true;
}

/* ---- one message ----------------------------------------------------------------------------- */

static void reply_one(struct pop3 *pop3)
{
	char storage[LISTED_LINE_ROOM];
	struct buffer text = BUFFER(storage);

	if (put_message(pop3, &text, pop3->last))
		pop3_ok(pop3, buffer_span(&text));
	else
		pop3_err(pop3, "SYS/TEMP", SPAN("the listing is lost"));
}

/* ---- all messages: streamed, so that no maildrop is too large (POP-035) ---------------------- */

static void reply_all(struct pop3 *pop3)
{
	pop3_ok_maildrop(pop3);
	pop3->cursor = 0;
	pop3->streaming = true;
	pop3->phase = PHASE_LISTING;
}

bool pop3_next_lines(struct pop3 *pop3, struct input *input, enum engine_next *next)
{
	struct buffer *out = &pop3->engine.out;

	(void)input;
	for (; pop3->cursor < pop3->maildrop.count; pop3->cursor++) {
		if (maildrop_marked(&pop3->maildrop, pop3->cursor + 1))
			continue;
		if (buffer_room(out) < LISTED_LINE_ROOM)
			break;
		if (!put_message(pop3, out, pop3->cursor + 1)) {
			/* Without its end the client cannot take it for the whole. */
			pop3_fault(pop3, "the listing is lost", SPAN_NONE);
			pop3_close(pop3, END_ERROR);
			return false;
		}
		memcpy(out->base + out->len, "\r\n", 2);
		out->len += 2;
	}
	if (pop3->cursor < pop3->maildrop.count || buffer_room(out) < LISTED_LINE_ROOM) {
		*next = ENGINE_DRAIN;
		return true;
	}
	buffer_string(out, ".\r\n");
	pop3->streaming = false;
	pop3->phase = PHASE_COMMAND;
	return false;
}

/* ---- the verbs ------------------------------------------------------------------------------- */

/* Goes on with `resume` when the sizes of these messages are known. */
static void want_sizes(struct pop3 *pop3, uint32_t first, uint32_t last,
		       void (*resume)(struct pop3 *))
{
	pop3->cursor = first;
	pop3->last = last;
	pop3->resume = resume;
	pop3->phase = PHASE_SIZES;
}

static void reply_stat(struct pop3 *pop3)
{
	char storage[32];
	struct buffer text = BUFFER(storage);

	buffer_number(&text, pop3->maildrop.remaining);
	buffer_byte(&text, ' ');
	buffer_number(&text, pop3->maildrop.octets);
	pop3_ok(pop3, buffer_span(&text));
}

void pop3_stat(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	(void)arguments;
	want_sizes(pop3, 1, pop3->maildrop.count, reply_stat);
}

void pop3_list(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	uint32_t message = arguments->message;

	pop3->unique_ids = false;
	if (message > 0)
		want_sizes(pop3, message, message, reply_one);
	else
		want_sizes(pop3, 1, pop3->maildrop.count, reply_all);
}

void pop3_uidl(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	pop3->unique_ids = true;
	pop3->last = arguments->message;
	if (arguments->message > 0)
		reply_one(pop3);
	else
		reply_all(pop3);
}

void pop3_dele(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	if (!pop3_handles(pop3, EVENT_DELETE)) {
		pop3_err(pop3, "SYS/PERM", SPAN("messages cannot be deleted here"));
		return;
	}
	maildrop_mark(&pop3->maildrop, arguments->message);
	pop3_ok(pop3, SPAN("message deleted"));
}

void pop3_rset(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	(void)arguments;
	maildrop_unmark(&pop3->maildrop);
	pop3_raise(pop3, EVENT_RSET);
}

void pop3_on_rset(struct pop3 *pop3, const struct verdict *verdict)
{
	(void)verdict;
	pop3_ok_maildrop(pop3);
}

void pop3_noop(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	(void)arguments;
	pop3_raise(pop3, EVENT_NOOP);
}

void pop3_on_noop(struct pop3 *pop3, const struct verdict *verdict)
{
	(void)verdict;
	pop3_ok(pop3, SPAN_NONE);
}
