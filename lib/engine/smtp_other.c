/* SPDX-License-Identifier: ISC */
/* smtp_other.c - NOOP, HELP, QUIT, VRFY, EXPN, ETRN, and verbs that programs add. */
#include "engine/command.h"
#include "engine/smtp_private.h"

#include "base/ascii.h"
#include "base/utf8.h"

/* Longest verb of command-VERB. */
#define CUSTOM_VERB_MAX 12

/* May programs be told the argument (hardening 2)? */
static bool is_tellable(struct span argument)
{
	return fact_is_clean(FACT_ARGUMENT, argument) && utf8_all_harmless(argument) &&
	       (argument.len == 0 || argument.base[0] != '-');
}

static void raise_with_argument(struct smtp *smtp, enum event event, struct span argument)
{
	struct event_call *call = smtp_raise(smtp, event);

	if (argument.len > 0 && is_tellable(argument))
		event_add(call, FACT_ARGUMENT, argument);
}

/* RFC 5321 4.1.1.9: whatever the argument. */
void smtp_noop(struct smtp *smtp, struct span argument)
{
	if (smtp_handles(smtp, EVENT_NOOP))
		raise_with_argument(smtp, EVENT_NOOP, argument);
	else
		smtp_say(smtp, SMTP_SAY_OK);
}

void smtp_on_noop(struct smtp *smtp, const struct verdict *verdict)
{
	(void)verdict;
	smtp_say(smtp, SMTP_SAY_OK);
}

static void send_help(struct smtp *smtp, struct reply reply)
{
	struct buffer text = BUFFER(smtp->scratch);

	buffer_string(&text, "Commands:");
	smtp_verbs(smtp, &text);
	reply.text = buffer_span(&text);
	smtp_send(smtp, reply);
}

/* RFC 5321 4.1.1.8: never refused for its argument. */
void smtp_help(struct smtp *smtp, struct span argument)
{
	if (smtp_handles(smtp, EVENT_HELP))
		raise_with_argument(smtp, EVENT_HELP, argument);
	else
		send_help(smtp, smtp_standard(smtp, SMTP_SAY_HELP));
}

void smtp_on_help(struct smtp *smtp, const struct verdict *verdict)
{
	struct reply reply = smtp_judged(smtp, verdict, SMTP_SAY_HELP);

	if (reply.code < 400)
		send_help(smtp, reply);
	else
		smtp_send(smtp, reply);
}

void smtp_quit(struct smtp *smtp, struct span argument)
{
	(void)argument;
	smtp_raise(smtp, EVENT_QUIT);
}

void smtp_on_quit(struct smtp *smtp, const struct verdict *verdict)
{
	struct reply reply = smtp_standard(smtp, SMTP_SAY_BYE);

	(void)verdict;
	reply.lead = smtp->config->hostname;
	if (smtp->config->signoff.len > 0)
		reply.text = smtp->config->signoff;
	smtp_send(smtp, reply);
	smtp_close(smtp, END_QUIT);
}

/* RFC 6531 3.7.4.2: a last word SMTPUTF8 asks for UTF-8 in the reply. */
static struct span take_utf8(struct smtp *smtp, struct span argument)
{
	struct span word = SPAN(" SMTPUTF8");

	if (argument.len <= word.len || !smtp_offers(smtp, SPAN("SMTPUTF8")) ||
	    !span_equal_nocase(span_from(argument, argument.len - word.len), word))
		return argument;
	smtp->utf8_reply = true;
	return span_trim_end(span_first(argument, argument.len - word.len));
}

static void verify(struct smtp *smtp, enum event event, struct span argument)
{
	argument = take_utf8(smtp, argument);
	if (!is_tellable(argument) || (!smtp->utf8_reply && !utf8_is_ascii(argument)))
		smtp_say(smtp, SMTP_SAY_ARGUMENT);
	else if (smtp_handles(smtp, event))
		raise_with_argument(smtp, event, argument);
	else
		smtp_say(smtp, SMTP_SAY_NOT_VERIFIED);
}

void smtp_vrfy(struct smtp *smtp, struct span argument)
{
	verify(smtp, EVENT_VRFY, argument);
}

void smtp_expn(struct smtp *smtp, struct span argument)
{
	verify(smtp, EVENT_EXPN, argument);
}

/* VRFY and EXPN: 250 only with a mailbox in <>, which says that it was verified (RFC
 * 5321 3.5.2, 3.5.3). */
void smtp_on_vrfy(struct smtp *smtp, const struct verdict *verdict)
{
	bool found = span_find(verdict->text, '<') < verdict->text.len;
	struct verdict answer = *verdict;
	enum smtp_reply accepted =
		found && exit_accepts(verdict->exit) ? SMTP_SAY_OK : SMTP_SAY_NOT_VERIFIED;

	if (verdict->exit == VERDICT_NONE && smtp->engine.call.event == EVENT_EXPN)
		accepted = SMTP_SAY_NOT_HERE;
	if (exit_accepts(verdict->exit) && !smtp->utf8_reply && !smtp->transaction.utf8 &&
	    !utf8_is_ascii(verdict->text)) {
		accepted = SMTP_SAY_NEEDS_UTF8;
		answer.text = SPAN_NONE;
	}
	smtp_send(smtp, smtp_judged(smtp, &answer, accepted));
}

/* RFC 1985 5: after EHLO, outside a transaction. */
void smtp_etrn(struct smtp *smtp, struct span argument)
{
	if (!smtp->esmtp)
		smtp_say(smtp, SMTP_SAY_SEQUENCE);
	else if (!is_tellable(argument))
		smtp_say(smtp, SMTP_SAY_ARGUMENT);
	else
		raise_with_argument(smtp, EVENT_ETRN, argument);
}

void smtp_on_etrn(struct smtp *smtp, const struct verdict *verdict)
{
	if (verdict->exit == VERDICT_NONE)
		smtp_say(smtp, SMTP_SAY_NOT_HERE);
	else
		smtp_send(smtp, smtp_judged(smtp, verdict, SMTP_SAY_OK));
}

bool smtp_custom(struct smtp *smtp, struct span verb, struct span argument)
{
	const struct smtp_config *config = smtp->config;
	struct span state = span_of(smtp->engine.ops->state(&smtp->engine));
	struct event_call *call;

	if (verb.len == 0 || verb.len > CUSTOM_VERB_MAX ||
	    !span_listed(verb, config->commands, config->command_count))
		return false;
	if (!is_tellable(argument) || !utf8_is_ascii(argument)) {
		smtp_say(smtp, SMTP_SAY_ARGUMENT);
		return true;
	}
	if (!command_permitted(verb, state, config->command_states, config->command_state_count)) {
		smtp_say(smtp, SMTP_SAY_SEQUENCE);
		return true;
	}
	for (size_t i = 0; i < verb.len; i++)
		smtp->values[i] = ascii_upper(verb.base[i]);
	call = smtp_raise(smtp, EVENT_COMMAND);
	event_add(call, FACT_VERB, (struct span){ smtp->values, verb.len });
	if (argument.len > 0)
		event_add(call, FACT_ARGUMENT, argument);
	event_add(call, FACT_SESSION_STATE, state);
	return true;
}

void smtp_on_command(struct smtp *smtp, const struct verdict *verdict)
{
	smtp_send(smtp,
		  smtp_judged(smtp, verdict,
			      verdict->exit == VERDICT_NONE ? SMTP_SAY_UNKNOWN : SMTP_SAY_OK));
}
