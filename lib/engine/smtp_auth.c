/* SPDX-License-Identifier: ISC */
/*
 * smtp_auth.c - AUTH (RFC 4954).
 *
 * The exchange itself is sasl.c's; here are the replies.  From a challenge to its answer no line is
 * a command, and whatever is wrong with it ends the exchange.
 */
#include "engine/smtp_private.h"

/* How the protocol ends an exchange. */
static const enum smtp_reply replies[SASL_RESULTS] = {
	[SASL_SUCCESS] = SMTP_SAY_AUTHENTICATED,    [SASL_REFUSED] = SMTP_SAY_AUTH_FAILED,
	[SASL_TROUBLE] = SMTP_SAY_AUTH_TROUBLE,     [SASL_UNKNOWN] = SMTP_SAY_AUTH_UNKNOWN,
	[SASL_NEEDS_TLS] = SMTP_SAY_AUTH_NEEDS_TLS, [SASL_NO_INITIAL] = SMTP_SAY_AUTH_NO_INITIAL,
	[SASL_CANCELLED] = SMTP_SAY_AUTH_CANCELLED, [SASL_NOT_BASE64] = SMTP_SAY_AUTH_NOT_BASE64,
	[SASL_MALFORMED] = SMTP_SAY_AUTH_MALFORMED,
};

/* `334 `, the challenge, CRLF and nothing else (RFC 4954 4). */
static void send_challenge(struct smtp *smtp)
{
	struct buffer *out = &smtp->engine.out;

	buffer_string(out, "334 ");
	buffer_put(out, smtp->sasl.challenge);
	buffer_string(out, "\r\n");
	smtp->phase = SMTP_PHASE_AUTH;
}

static void go_on(struct smtp *smtp, enum sasl_result result, const struct verdict *verdict)
{
	if (result == SASL_CHALLENGE) {
		send_challenge(smtp);
		return;
	}
	if (result == SASL_ASK) {
		sasl_ask(&smtp->sasl, smtp_raise(smtp, sasl_event(&smtp->sasl)));
		return;
	}
	smtp->authenticated |= result == SASL_SUCCESS;
	smtp_send(smtp, smtp_refined(smtp, replies[result], verdict));
}

static const struct verdict silent = { .exit = VERDICT_NONE };

void smtp_auth(struct smtp *smtp, struct span argument)
{
	const struct smtp_config *config = smtp->config;
	struct span name = span_take(&argument, ' '), initial = span_trim(argument);

	if (!smtp->esmtp || smtp->authenticated) {
		smtp_say(smtp, SMTP_SAY_SEQUENCE);
		return;
	}
	if (config->max_auth_failures > 0 &&
	    smtp->engine.counts.auth_failures >= config->max_auth_failures) {
		smtp_say(smtp, SMTP_SAY_TOO_MANY_LOGINS); /* RFC 4954 9 */
		return;
	}
	go_on(smtp,
	      sasl_begin(&smtp->sasl, &config->mechanisms, name,
			 initial.len > 0 ? initial : SPAN_NONE),
	      &silent);
}

bool smtp_next_response(struct smtp *smtp, struct input *input, enum engine_next *next)
{
	struct span bytes = { input->base + input->at, input->len - input->at }, text;
	enum line_result result;
	size_t used;

	if (buffer_room(&smtp->engine.out) < SMTP_REPLY_ROOM) {
		*next = ENGINE_DRAIN;
		return true;
	}
	result = line_take(&smtp->line, bytes, SASL_LINE_MAX + 2, &text, &used);
	input->at += used;
	if (result == LINE_PARTIAL)
		return smtp_starved(smtp, input, next);
	smtp->phase = SMTP_PHASE_COMMAND;
	if (!smtp_admit(smtp)) {
		sasl_end(&smtp->sasl);
	} else if (result == LINE_WHOLE) {
		go_on(smtp, sasl_respond(&smtp->sasl, text), &silent);
	} else {
		sasl_end(&smtp->sasl);
		smtp_say(smtp, result == LINE_LONG ? SMTP_SAY_AUTH_TOO_LONG : SMTP_SAY_BARE);
	}
	span_wipe(span_first(bytes, used));
	return false;
}

void smtp_on_auth(struct smtp *smtp, const struct verdict *verdict)
{
	if (verdict->exit != EXIT_DONE && verdict->exit != VERDICT_CHALLENGE)
		smtp->engine.counts.auth_failures++;
	go_on(smtp, sasl_judge(&smtp->sasl, verdict), verdict);
}
