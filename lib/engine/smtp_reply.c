/* SPDX-License-Identifier: ISC */
/*
 * smtp_reply.c - replies of the SMTP engine.
 *
 * Every reply of a session passes through here, so that each is counted, agrees with
 * what the engine does, and is clean.
 */
#include "engine/smtp_private.h"

static const struct standard {
	unsigned code;
	bool counted;
	const char *enhanced;
	const char *text;
} standard_table[SMTP_SAY_COUNT] = {
#define X(name, code, enhanced, counted, text) { code, counted, enhanced, text },
	SMTP_REPLIES(X)
#undef X
};

/* What is said when a program refused and printed nothing. */
static const struct {
	const char *enhanced;
	const char *text;
} refusal_texts[] = {
	{ "5.1.1", "No such mailbox" },
	{ "5.1.2", "No such domain" },
	{ "5.2.2", "Mailbox full" },
	{ "4.2.2", "Mailbox full, try again later" },
	{ "5.6.0", "Content refused" },
	{ "5.7.1", "Not permitted" },
	{ "5.0.0", "Refused" },
	{ "4.3.5", "Misconfigured here, try again later" },
	{ "4.3.0", "Local fault, try again later" },
};

struct reply smtp_standard(struct smtp *smtp, enum smtp_reply which)
{
	const struct standard *row = &standard_table[which];
	uint32_t most = smtp->config->max_errors;

	if (row->counted) {
		smtp->engine.counts.errors++;
		smtp->engine.counts.in_row++;
		if (most > 0 && smtp->engine.counts.in_row > most)
			row = &standard_table[SMTP_SAY_TOO_MANY_ERRORS];
	}
	return (struct reply){ .code = row->code,
			       .enhanced = span_of(row->enhanced),
			       .text = span_of(row->text) };
}

struct reply smtp_refined(struct smtp *smtp, enum smtp_reply which, const struct verdict *verdict)
{
	struct reply reply = smtp_standard(smtp, which);

	reply.refinement = verdict->text;
	reply_refine(&reply);
	return reply;
}

struct reply smtp_judged(struct smtp *smtp, const struct verdict *verdict, enum smtp_reply accepted)
{
	struct reply reply = smtp_standard(smtp, accepted);

	if (verdict->exit != VERDICT_NONE && !exit_accepts(verdict->exit)) {
		struct exit_meaning meaning = exit_meaning(verdict->exit, smtp->engine.call.event,
							   smtp->config->quota_tempfail);

		reply.code = meaning.code;
		reply.enhanced = span_of(meaning.enhanced);
		for (size_t i = 0; i < sizeof(refusal_texts) / sizeof(*refusal_texts); i++) {
			if (span_equal(reply.enhanced, span_of(refusal_texts[i].enhanced)))
				reply.text = span_of(refusal_texts[i].text);
		}
	}
	reply.refinement = verdict->text;
	reply_refine(&reply);
	return reply;
}

/* RFC 5321 3.8: after 421 the session closes, and its text begins with the host name (4.2.3). */
static void finish(struct smtp *smtp, struct reply *reply)
{
	if (reply->code == 421) {
		reply->lead = smtp->config->hostname;
		smtp_close(smtp, END_LIMIT);
	}
	if (smtp->plain)
		reply->enhanced = SPAN_NONE;
	reply->utf8 = smtp->transaction.utf8 || smtp->utf8_reply;
}

void smtp_send(struct smtp *smtp, struct reply reply)
{
	finish(smtp, &reply);
	if (reply.code >= 400)
		smtp->engine.failed_replies++;
	reply_write(&smtp->engine.out, &reply);
}

void smtp_hold(struct smtp *smtp, struct reply reply)
{
	finish(smtp, &reply);
	smtp->held = (struct buffer)BUFFER(smtp->scratch);
	reply_write(&smtp->held, &reply);
}

void smtp_send_held(struct smtp *smtp)
{
	smtp->engine.failed_replies++;
	buffer_put(&smtp->engine.out, buffer_span(&smtp->held));
}

void smtp_say(struct smtp *smtp, enum smtp_reply which)
{
	smtp_send(smtp, smtp_standard(smtp, which));
}

void smtp_close(struct smtp *smtp, enum session_end end)
{
	if (!smtp->closing)
		smtp->engine.end = end;
	smtp->closing = true;
}
