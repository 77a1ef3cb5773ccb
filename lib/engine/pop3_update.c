/* SPDX-License-Identifier: ISC */
/*
 * pop3_update.c - QUIT and the UPDATE state (RFC 1939 6).
 *
 * In TRANSACTION: the IDs of marked messages go to DELETE, then LOGOUT lets the lock go, and
 * only then the client reads the reply (IOP-012).  Nothing else ever removes a message.
 */
#include "engine/pop3_private.h"

static struct span signoff(const struct pop3 *pop3)
{
	return pop3->config->signoff.len > 0 ? pop3->config->signoff : SPAN("bye");
}

void pop3_quit(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	(void)arguments;
	if (pop3->state == POP3_AUTHORIZATION) {
		pop3_raise(pop3, EVENT_QUIT);
		return;
	}
	pop3->state = POP3_UPDATE;
	pop3->holding = true;
	if (pop3->maildrop.remaining < pop3->maildrop.count) {
		pop3->cursor = 0;
		pop3->marked_octets = 0;
		pop3->phase = PHASE_MARKED;
		return;
	}
	pop3_ok(pop3, signoff(pop3));
	pop3_raise(pop3, EVENT_QUIT);
}

/* As many IDs of marked messages as the scratch space holds, a line each. False when one is lost.
 */
static bool gather_marked(struct pop3 *pop3, struct buffer *ids)
{
	struct maildrop *maildrop = &pop3->maildrop;

	for (; pop3->cursor < maildrop->count && buffer_room(ids) > MAILDROP_ID_MAX;
	     pop3->cursor++) {
		struct maildrop_line line;

		if (!maildrop_marked(maildrop, pop3->cursor + 1))
			continue;
		if (!maildrop_line(maildrop, pop3->cursor + 1, &line))
			return false;
		buffer_put(ids, line.id);
		buffer_byte(ids, '\n');
	}
	return true;
}

bool pop3_next_marked(struct pop3 *pop3, struct input *input, enum engine_next *next)
{
	struct buffer ids = BUFFER(pop3->scratch), octets = BUFFER(pop3->number[0]);

	(void)input;
	if (!gather_marked(pop3, &ids)) {
		pop3_fault(pop3, "the listing is lost", SPAN_NONE);
		pop3_err(pop3, "SYS/TEMP", SPAN("no message is removed"));
		pop3_raise(pop3, EVENT_QUIT);
		return false;
	}
	if (ids.len > 0) {
		pop3->marked_octets += ids.len;
		pop3->engine.body = buffer_span(&ids);
		*next = ENGINE_BODY;
		return true;
	}
	buffer_number(&octets, pop3->marked_octets);
	event_add(pop3_raise(pop3, EVENT_DELETE), FACT_OCTETS, buffer_span(&octets));
	return false;
}

void pop3_on_delete(struct pop3 *pop3, const struct verdict *verdict)
{
	if (exit_accepts(verdict->exit))
		pop3_ok(pop3, signoff(pop3));
	else
		pop3_refuse(pop3, verdict, EVENT_DELETE, SPAN("some messages not removed"));
	pop3_raise(pop3, EVENT_QUIT);
}

void pop3_on_quit(struct pop3 *pop3, const struct verdict *verdict)
{
	(void)verdict;
	if (pop3->state == POP3_UPDATE) {
		pop3_raise(pop3, EVENT_LOGOUT);
		return;
	}
	pop3_ok(pop3, signoff(pop3));
	pop3_close_after(pop3, END_QUIT);
}

/* Behind QUIT, or behind a login that failed after the credentials were right. */
void pop3_on_logout(struct pop3 *pop3, const struct verdict *verdict)
{
	(void)verdict;
	pop3_release(pop3);
	if (pop3->state == POP3_UPDATE)
		pop3_close_after(pop3, END_QUIT);
}
