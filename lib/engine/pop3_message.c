/* SPDX-License-Identifier: ISC */
/*
 * pop3_message.c - TRANSACTION: RETR, TOP, and sizes that the listing did not tell (RFC 1939 5, 7,
 * 11).
 *
 * The status line is held back until the first octets of the message are there, so that a
 * program that fails at once is told as -ERR; one that fails later ends the session
 * without the final dot, so that no stump passes for the message (POP-027).
 */
#include "engine/pop3_private.h"

#include "base/number.h"

static const struct verdict no_opinion = { .exit = VERDICT_NONE };

/* Raises an event about a message. False, and the reply is written, when the storage lost its ID.
 */
static bool raise_about(struct pop3 *pop3, enum event event, uint32_t number)
{
	struct maildrop_line line;
	struct event_call *call;

	if (!maildrop_line(&pop3->maildrop, number, &line)) {
		pop3->phase = PHASE_COMMAND;
		pop3_refuse(pop3, &no_opinion, event, SPAN("the listing is lost"));
		return false;
	}
	memcpy(pop3->scratch, line.id.base, line.id.len);
	call = pop3_raise(pop3, event);
	event_add(call, FACT_MESSAGE, (struct span){ pop3->scratch, line.id.len });
	return true;
}

static void fetch(struct pop3 *pop3, enum pop3_purpose purpose, uint32_t number, uint64_t lines)
{
	struct buffer text = BUFFER(pop3->number[0]);
	bool top = purpose == PURPOSE_TOP && pop3_handles(pop3, EVENT_TOP);

	pop3->purpose = purpose;
	pop3->message = number;
	wire_begin(&pop3->wire, lines);
	if (!raise_about(pop3, top ? EVENT_TOP : EVENT_RETRIEVE, number) || !top)
		return;
	buffer_number(&text, lines);
	event_add(&pop3->engine.call, FACT_TOP_LINES, buffer_span(&text));
}

void pop3_retr(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	fetch(pop3, PURPOSE_RETR, arguments->message, WIRE_WHOLE);
}

void pop3_top(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	fetch(pop3, PURPOSE_TOP, arguments->message, arguments->lines);
}

bool pop3_ahead(struct engine *engine, const struct input *input, struct ahead *ahead)
{
	struct pop3 *pop3 = (struct pop3 *)engine;
	uint32_t most = pop3->config->max_commands;
	uint32_t left = most == 0 ? UINT32_MAX : most - engine->counts.commands;
	struct maildrop_line line;
	struct span digits;
	uint64_t number;

	if (engine->call.event != EVENT_RETRIEVE || pop3->purpose != PURPOSE_RETR ||
	    !ahead_line(ahead, input, POP3_LINE_MAX, left, SPAN("RETR "), &digits) ||
	    number_parse(digits, &number) != NUMBER_OK || number == 0 ||
	    number > pop3->maildrop.count || maildrop_marked(&pop3->maildrop, (uint32_t)number) ||
	    !maildrop_line(&pop3->maildrop, (uint32_t)number, &line))
		return false;
	event_add(ahead_raise(ahead, EVENT_RETRIEVE), FACT_MESSAGE, line.id);
	return true;
}

void pop3_on_retrieve(struct pop3 *pop3, const struct verdict *verdict)
{
	if (verdict->exit == EXIT_DONE)
		pop3->phase = PHASE_CONTENT;
	else
		pop3_refuse(pop3, verdict, EVENT_RETRIEVE, SPAN("the message cannot be read"));
}

/* ---- the message ----------------------------------------------------------------------------- */

static void begin_reply(struct pop3 *pop3)
{
	char storage[32];
	struct buffer text = BUFFER(storage);
	uint64_t size;

	if (pop3->purpose == PURPOSE_TOP) {
		buffer_string(&text, "top of message follows");
	} else if (maildrop_size(&pop3->maildrop, pop3->message, &size)) {
		buffer_number(&text, size);
		buffer_string(&text, " octets");
	} else {
		buffer_string(&text, "message follows");
	}
	pop3_ok(pop3, buffer_span(&text));
	pop3->streaming = true;
}

static void message_failed(struct pop3 *pop3)
{
	pop3->phase = PHASE_COMMAND;
	if (!pop3->streaming) {
		pop3_refuse(pop3, &no_opinion, EVENT_RETRIEVE, SPAN("the message cannot be read"));
		return;
	}
	pop3_fault(pop3, "a message broke off", SPAN_NONE);
	pop3_close(pop3, END_ERROR);
}

void pop3_message_content(struct pop3 *pop3, struct content *content)
{
	struct buffer *out = &pop3->engine.out;
	bool counting = pop3->purpose == PURPOSE_SIZE;

	if (content->failed) {
		content->bytes = SPAN_NONE;
		content->enough = true;
		message_failed(pop3);
		return;
	}
	if (!counting && !pop3->streaming && (content->bytes.len > 0 || content->last))
		begin_reply(pop3);
	do {
		size_t mark = out->len;

		wire_put(&pop3->wire, &content->bytes, out);
		if (counting)
			out->len = mark; /* only its octets are wanted */
	} while (counting && content->bytes.len > 0);
	content->enough = pop3->wire.enough;
	if (content->enough || (content->last && content->bytes.len == 0))
		pop3->phase = PHASE_MESSAGE_END;
}

/* A size that is not what was listed is the backend's fault (POP-025); where none was, it is known
 * now. */
static void check_size(struct pop3 *pop3)
{
	struct maildrop_line line;
	uint64_t size;

	if (!maildrop_size(&pop3->maildrop, pop3->message, &size))
		maildrop_set_size(&pop3->maildrop, pop3->message, pop3->wire.octets);
	else if (size != pop3->wire.octets)
		pop3_fault(pop3, "a message is not as long as was listed",
			   maildrop_line(&pop3->maildrop, pop3->message, &line) ? line.id
										: SPAN_NONE);
}

bool pop3_message_end(struct pop3 *pop3, struct input *input, enum engine_next *next)
{
	struct buffer *out = &pop3->engine.out;
	size_t mark = out->len;

	(void)input;
	if (buffer_room(out) < WIRE_ROOM) {
		*next = ENGINE_DRAIN;
		return true;
	}
	wire_end(&pop3->wire, out);
	if (pop3->purpose == PURPOSE_SIZE) {
		out->len = mark;
		check_size(pop3);
		pop3->phase = PHASE_SIZES;
		return false;
	}
	buffer_string(out, ".\r\n");
	pop3->streaming = false;
	pop3->phase = PHASE_COMMAND;
	pop3->engine.counts.octets += pop3->wire.octets;
	if (pop3->purpose == PURPOSE_RETR) {
		pop3->engine.counts.messages++;
		check_size(pop3);
	}
	return false;
}

/* ---- sizes ----------------------------------------------------------------------------------- */

bool pop3_next_size(struct pop3 *pop3, struct input *input, enum engine_next *next)
{
	struct maildrop *maildrop = &pop3->maildrop;
	uint64_t size;

	(void)input;
	(void)next;
	while (maildrop->unsized > 0 && pop3->cursor <= pop3->last &&
	       (maildrop_marked(maildrop, pop3->cursor) ||
		maildrop_size(maildrop, pop3->cursor, &size)))
		pop3->cursor++;
	if (maildrop->unsized == 0 || pop3->cursor > pop3->last) {
		pop3->phase = PHASE_COMMAND;
		pop3->resume(pop3);
	} else if (pop3_handles(pop3, EVENT_SIZE)) {
		raise_about(pop3, EVENT_SIZE, pop3->cursor);
	} else {
		fetch(pop3, PURPOSE_SIZE, pop3->cursor, WIRE_WHOLE);
	}
	return false;
}

void pop3_on_size(struct pop3 *pop3, const struct verdict *verdict)
{
	struct span text = verdict->text, digits = span_trim(span_take(&text, '\n'));
	uint64_t size;

	if (verdict->exit != EXIT_DONE) {
		pop3_refuse(pop3, verdict, EVENT_SIZE, SPAN("the size cannot be told"));
	} else if (number_parse(digits, &size) != NUMBER_OK) {
		pop3_fault(pop3, "not a size", digits);
		pop3_refuse(pop3, &no_opinion, EVENT_SIZE, SPAN("the size cannot be told"));
	} else {
		maildrop_set_size(&pop3->maildrop, pop3->cursor, size);
		pop3->phase = PHASE_SIZES;
	}
}
