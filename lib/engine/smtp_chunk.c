/* SPDX-License-Identifier: ISC */
/*
 * smtp_chunk.c - BDAT (RFC 3030 2, RFC 2033 4.3).
 *
 * The octets that a BDAT command announces follow it whatever the answer is: those of a
 * refused chunk are read and dropped first, and nothing in them is ever a command.
 */
#include "engine/smtp_private.h"

#include "base/number.h"

/* `n [LAST]`; false when the count cannot be known. */
static bool take_chunk(struct span argument, struct smtp_chunk *chunk)
{
	struct span rest = argument;
	struct span digits = span_take(&rest, ' ');

	*chunk = (struct smtp_chunk){ .replies = 1 };
	rest = span_trim(rest);
	chunk->last = span_equal_nocase(rest, SPAN("LAST"));
	if (number_parse(digits, &chunk->size) != NUMBER_OK || (rest.len > 0 && !chunk->last))
		return false;
	chunk->left = chunk->size;
	return true;
}

/* What stands against the chunk, or SMTP_SAY_OK. */
static enum smtp_reply chunk_fault(struct smtp *smtp)
{
	uint64_t limit = smtp->config->size_limit;

	if (smtp_disabled(smtp, SPAN("BDAT")) ||
	    (smtp->esmtp && !smtp_offers(smtp, SPAN("CHUNKING"))))
		return SMTP_SAY_NOT_HERE;
	if (!smtp->esmtp || (smtp->state != SMTP_RCPT && smtp->state != SMTP_CHUNKS))
		return SMTP_SAY_SEQUENCE;
	if (limit > 0 && smtp->chunk.size > limit - smtp->transaction.announced)
		return SMTP_SAY_TOO_BIG;
	return SMTP_SAY_OK;
}

/* Reads the chunk away, then sends the held reply; with LAST in LMTP once for each recipient. */
static void swallow(struct smtp *smtp, bool fails)
{
	struct smtp_chunk *chunk = &smtp->chunk;

	chunk->fails = fails;
	if (chunk->last && smtp->transaction.recipients > 0)
		chunk->replies = smtp_final_replies(smtp);
	smtp->phase = SMTP_PHASE_SWALLOW;
}

void smtp_bdat(struct smtp *smtp, struct span argument)
{
	struct smtp_chunk *chunk = &smtp->chunk;
	enum smtp_reply fault;

	if (!take_chunk(argument, chunk)) {
		/* Where the next command begins cannot be known (CHNK-009). */
		smtp_close(smtp, END_ERROR);
		smtp_say(smtp, SMTP_SAY_ARGUMENT);
		return;
	}
	fault = smtp_needs_tls(smtp)     ? SMTP_SAY_NEEDS_TLS
		: smtp_needs_login(smtp) ? SMTP_SAY_AUTH_REQUIRED
					 : chunk_fault(smtp);
	if (fault != SMTP_SAY_OK && chunk->last && smtp->state == SMTP_MAIL &&
	    smtp->config->protocol == PROTOCOL_LMTP) {
		chunk->replies = 0; /* RFC 2033 4.3: one for each recipient, and there is none */
		swallow(smtp, false);
		return;
	}
	if (fault != SMTP_SAY_OK) {
		smtp_hold(smtp, smtp_standard(smtp, fault));
		swallow(smtp, fault == SMTP_SAY_TOO_BIG);
		return;
	}
	if (smtp->config->size_limit > 0)
		smtp->transaction.announced += chunk->size;
	if (smtp->state == SMTP_RCPT) {
		chunk->first = true;
		smtp_raise(smtp, EVENT_DATA);
	} else {
		smtp->phase = SMTP_PHASE_CHUNK;
	}
}

void smtp_chunk_refused(struct smtp *smtp)
{
	swallow(smtp, true);
}

bool smtp_next_swallow(struct smtp *smtp, struct input *input, enum engine_next *next)
{
	struct smtp_chunk *chunk = &smtp->chunk;
	size_t here = input->len - input->at;

	if (here > chunk->left)
		here = (size_t)chunk->left;
	input->at += here;
	chunk->left -= here;
	smtp->transaction.swallowed += here;
	if (smtp_far_too_big(smtp, smtp->transaction.announced + smtp->transaction.swallowed))
		return false;
	if (chunk->left > 0)
		return smtp_starved(smtp, input, next);
	if (chunk->fails) {
		smtp_abandon(smtp, chunk->replies, !chunk->last);
		return false;
	}
	smtp->replies = chunk->replies;
	smtp->phase = SMTP_PHASE_REPLIES;
	return false;
}

/* The next octets of an accepted chunk. */
static bool take_octets(struct smtp *smtp, struct input *input, enum engine_next *next)
{
	struct smtp_chunk *chunk = &smtp->chunk;
	struct span bytes = { input->base + input->at, input->len - input->at };

	if (bytes.len == 0)
		return smtp_starved(smtp, input, next);
	if (!smtp->transaction.binary)
		return smtp_decode(smtp, input, &chunk->left, next);
	if (smtp_part(smtp, *bytes.base, next))
		return true;
	if (bytes.len > chunk->left)
		bytes.len = (size_t)chunk->left;
	bytes.len = smtp_header_octets(smtp, bytes);
	if (bytes.len == 0)
		return smtp_complete(smtp, next);
	input->at += bytes.len;
	chunk->left -= bytes.len;
	smtp->transaction.dot.octets += bytes.len; /* RFC 3030 3: exactly as sent */
	return smtp_emit(smtp, bytes, next);
}

bool smtp_next_chunk(struct smtp *smtp, struct input *input, enum engine_next *next)
{
	struct smtp_chunk *chunk = &smtp->chunk;
	struct dot *dot = &smtp->transaction.dot;
	enum smtp_reply fault;

	if (chunk->left > 0)
		return take_octets(smtp, input, next);
	if (chunk->last && dot->state != DOT_END &&
	    smtp_emit(smtp, (struct span){ smtp->scratch, dot_finish(dot, smtp->scratch) }, next))
		return true;
	fault = smtp_content_fault(smtp);
	if (fault != SMTP_SAY_OK) {
		smtp_hold(smtp, smtp_refuse_content(smtp, fault));
		swallow(smtp, true);
	} else if (chunk->last && smtp_complete(smtp, next)) {
		return true;
	} else if (chunk->last) {
		smtp_deliver(smtp);
	} else {
		struct reply reply = smtp_standard(smtp, SMTP_SAY_OK);
		struct buffer text = BUFFER(smtp->values);

		buffer_number(&text, chunk->size);
		buffer_string(&text, " octets");
		reply.text = buffer_span(&text);
		smtp->state = SMTP_CHUNKS;
		smtp->phase = SMTP_PHASE_COMMAND;
		smtp_send(smtp, reply);
	}
	return false;
}
