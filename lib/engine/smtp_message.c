/* SPDX-License-Identifier: ISC */
/*
 * smtp_message.c - DATA (RFC 5321 4.1.1.4), and the end of a message however it was sent.
 *
 * A message that will be refused is read to its true end in constant memory, and only
 * then answered; nothing of it is ever a command.
 */
#include "engine/smtp_private.h"

#include "base/ascii.h"
#include "mail/trace.h"

void smtp_data(struct smtp *smtp, struct span argument)
{
	(void)argument;
	if (smtp->transaction.binary) {
		smtp_say(smtp, SMTP_SAY_SEQUENCE); /* RFC 3030 3 */
		return;
	}
	smtp->chunk.first = false;
	smtp_raise(smtp, EVENT_DATA);
}

void smtp_on_data(struct smtp *smtp, const struct verdict *verdict)
{
	struct reply reply = smtp_judged(smtp, verdict, SMTP_SAY_GO_AHEAD);

	if (reply.code >= 400 && smtp->chunk.first) {
		smtp_hold(smtp, reply);
		smtp_chunk_refused(smtp);
		return;
	}
	if (reply.code < 400) {
		if (verdict->id.len <= sizeof(smtp->transaction.id)) {
			smtp->transaction.id_len = verdict->id.len;
			if (verdict->id.len > 0)
				memcpy(smtp->transaction.id, verdict->id.base, verdict->id.len);
		}
		smtp->transaction.dot = (struct dot){ .state = DOT_START,
						      .dots = !smtp->chunk.first,
						      .crlf = smtp->config->crlf,
						      .clean = smtp->config->clean_newlines };
		smtp->phase = smtp->chunk.first ? SMTP_PHASE_CHUNK : SMTP_PHASE_DATA;
		reply.code = 354;
	}
	if (!smtp->chunk.first)
		smtp_send(smtp, reply);
}

enum smtp_reply smtp_content_fault(const struct smtp *smtp)
{
	const struct smtp_config *config = smtp->config;
	const struct smtp_transaction *transaction = &smtp->transaction;

	if (transaction->dot.bare && !config->clean_newlines)
		return SMTP_SAY_BARE_CONTENT; /* RFC 5321 2.3.8 */
	if (config->size_limit > 0 && transaction->dot.octets > config->size_limit)
		return SMTP_SAY_TOO_BIG; /* RFC 1870 6.3 */
	if (config->max_hops > 0 && transaction->hops.count > config->max_hops)
		return SMTP_SAY_MAIL_LOOP; /* RFC 5321 6.3 */
	return SMTP_SAY_OK;
}

struct reply smtp_refuse_content(struct smtp *smtp, enum smtp_reply fault)
{
	struct reply reply = smtp_standard(smtp, fault);

	smtp->refused = reply.text;
	return reply;
}

bool smtp_far_too_big(struct smtp *smtp, uint64_t octets)
{
	uint64_t limit = smtp->config->size_limit;

	if (limit == 0 || octets / 10 < limit)
		return false;
	smtp_send(smtp, smtp_refuse_content(smtp, SMTP_SAY_FAR_TOO_BIG));
	smtp->phase = SMTP_PHASE_CLOSED;
	return true;
}

bool smtp_emit(struct smtp *smtp, struct span bytes, enum engine_next *next)
{
	if (bytes.len == 0 || smtp_content_fault(smtp) != SMTP_SAY_OK)
		return false;
	hops_feed(&smtp->transaction.hops, bytes);
	smtp->transaction.emitted += bytes.len;
	smtp->engine.body = bytes;
	*next = ENGINE_BODY;
	return true;
}

/* Are fields that are missing still to be added? */
static bool is_incomplete(const struct smtp *smtp)
{
	return smtp->config->submission && smtp->config->now != NULL &&
	       !smtp->transaction.completed;
}

bool smtp_complete(struct smtp *smtp, enum engine_next *next)
{
	struct smtp_transaction *transaction = &smtp->transaction;
	struct buffer fields = BUFFER(smtp->values);
	const char *end = transaction->dot.crlf || transaction->binary ? "\r\n" : "\n";

	if (!is_incomplete(smtp))
		return false;
	transaction->completed = true;
	if ((transaction->header.seen & HEADER_DATE) == 0) {
		buffer_string(&fields, "Date: ");
		trace_date(&fields, (time_t)smtp->config->now());
		buffer_string(&fields, end);
	}
	if ((transaction->header.seen & HEADER_MESSAGE_ID) == 0 && transaction->id_len > 0) {
		buffer_string(&fields, "Message-ID: <");
		buffer_put(&fields, (struct span){ transaction->id, transaction->id_len });
		buffer_byte(&fields, '@');
		buffer_put(&fields, smtp->config->hostname);
		buffer_byte(&fields, '>');
		buffer_string(&fields, end);
	}
	return smtp_emit(smtp, buffer_span(&fields), next);
}

size_t smtp_header_octets(struct smtp *smtp, struct span bytes)
{
	struct header *header = &smtp->transaction.header;
	size_t line = span_find(bytes, '\n');

	if (!is_incomplete(smtp))
		return bytes.len;
	/* A line at a time: the next may end the message, and is then none of the header's. */
	return header_feed(header, line < bytes.len ? span_first(bytes, line + 1) : bytes);
}

bool smtp_part(struct smtp *smtp, char first, enum engine_next *next)
{
	const struct smtp_transaction *transaction = &smtp->transaction;
	const struct dot *dot = &transaction->dot;

	if (transaction->emitted > 0 || !ascii_is_blank(first) ||
	    (dot->state != DOT_START && dot->state != DOT_DOT))
		return false;
	smtp->transaction.completed = true; /* there is no header section */
	return smtp_emit(smtp, dot->crlf || transaction->binary ? SPAN("\r\n") : SPAN("\n"), next);
}

bool smtp_decode(struct smtp *smtp, struct input *input, uint64_t *left, enum engine_next *next)
{
	char *from = input->base + input->at, *to = from;
	size_t len = input->len - input->at, used, written;

	if (smtp_part(smtp, *from, next))
		return true;
	if (len > *left)
		len = (size_t)*left;
	if (smtp->transaction.emitted == 0 && *from == '.')
		len = 1; /* what follows may be the first octet */
	if (smtp->config->clean_newlines) {
		to = smtp->scratch;
		if (DOT_GROWTH(len) > SMTP_SCRATCH_MAX)
			len = SMTP_SCRATCH_MAX / 2 - 1;
	}
	len = smtp_header_octets(smtp, (struct span){ from, len });
	if (len == 0)
		return smtp_complete(smtp, next);
	used = dot_decode(&smtp->transaction.dot, from, len, to, &written);
	input->at += used;
	*left -= used;
	return smtp_emit(smtp, (struct span){ to, written }, next);
}

bool smtp_next_data(struct smtp *smtp, struct input *input, enum engine_next *next)
{
	const struct dot *dot = &smtp->transaction.dot;
	uint64_t unlimited = UINT64_MAX;
	enum smtp_reply fault;

	if (smtp_far_too_big(smtp, dot->octets))
		return false;
	if (dot->state != DOT_END) {
		if (input->at == input->len)
			return smtp_starved(smtp, input, next);
		return smtp_decode(smtp, input, &unlimited, next);
	}
	fault = smtp_content_fault(smtp);
	if (fault == SMTP_SAY_OK) {
		if (smtp_complete(smtp, next))
			return true;
		smtp_deliver(smtp);
	} else {
		smtp_hold(smtp, smtp_refuse_content(smtp, fault));
		smtp_abandon(smtp, smtp_final_replies(smtp), false);
	}
	return false;
}

uint32_t smtp_final_replies(const struct smtp *smtp)
{
	return smtp->config->protocol == PROTOCOL_LMTP ? smtp->transaction.recipients : 1;
}

void smtp_abandon(struct smtp *smtp, uint32_t replies, bool more_chunks)
{
	if (more_chunks)
		smtp->state = SMTP_CHUNKS_FAILED; /* RFC 3030 2 */
	else
		smtp_reset(smtp); /* RFC 5321 4.1.1.4 */
	smtp->replies = replies;
	smtp_raise(smtp, EVENT_RSET);
}

void smtp_deliver(struct smtp *smtp)
{
	struct event_call *call = smtp_raise(smtp, EVENT_DELIVER);
	struct buffer octets = BUFFER(smtp->values);

	call->answers = smtp->answers = smtp_final_replies(smtp);
	buffer_number(&octets, smtp->transaction.emitted);
	event_add(call, FACT_OCTETS, buffer_span(&octets));
	smtp->engine.counts.octets += smtp->transaction.dot.octets;
}

void smtp_on_deliver(struct smtp *smtp, const struct verdict *verdict)
{
	struct verdict answer = *verdict;
	char storage[128];
	struct buffer text = BUFFER(storage);
	struct reply reply;

	if (answer.exit == VERDICT_NONE)
		answer.exit = EXIT_CONFIG; /* nobody takes mail here */
	reply = smtp_judged(smtp, &answer, SMTP_SAY_OK);
	if (reply.code < 400) {
		buffer_put(&text, reply.text);
		if (verdict->id.len > 0 && verdict->id.len < buffer_room(&text)) {
			buffer_byte(&text, ' ');
			buffer_put(&text, verdict->id);
		}
		reply.text = buffer_span(&text);
		smtp->engine.counts.messages += !smtp->transaction.taken;
		smtp->transaction.taken = true;
		smtp->engine.counts.in_row = 0;
	}
	smtp_send(smtp, reply);
	if (smtp->answers == 0)
		smtp_reset(smtp); /* RFC 5321 4.1.1.4: whatever the outcome */
}
