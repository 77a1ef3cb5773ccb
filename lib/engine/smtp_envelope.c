/* SPDX-License-Identifier: ISC */
/* smtp_envelope.c - MAIL, RCPT and RSET (RFC 5321 4.1.1.2, 4.1.1.3, 4.1.1.5). */
#include "engine/smtp_private.h"

#include "base/ascii.h"
#include "base/utf8.h"
#include "mail/parameter.h"

/* An envelope command taken apart. */
struct envelope {
	struct address address;
	struct parameters parameters;
};

/* What each result of the address parser is answered with, for MAIL and for RCPT. */
static const enum smtp_reply address_faults[][2] = {
	[ADDRESS_OK] = { SMTP_SAY_OK, SMTP_SAY_OK },
	[ADDRESS_SYNTAX] = { SMTP_SAY_SENDER_SYNTAX, SMTP_SAY_RECIPIENT_SYNTAX },
	[ADDRESS_BRACKETS] = { SMTP_SAY_BRACKETS, SMTP_SAY_BRACKETS },
	[ADDRESS_UNSAFE] = { SMTP_SAY_SENDER_UNSAFE, SMTP_SAY_RECIPIENT_UNSAFE },
	[ADDRESS_UTF8] = { SMTP_SAY_ADDRESS_NEEDS_UTF8, SMTP_SAY_ADDRESS_NEEDS_UTF8 },
};

static const enum smtp_reply parameter_faults[] = {
	[PARAMETER_OK] = SMTP_SAY_OK,
	[PARAMETER_SYNTAX] = SMTP_SAY_PARAMETER_SYNTAX,
	[PARAMETER_UNKNOWN] = SMTP_SAY_PARAMETER_UNKNOWN,
};

static bool offers(const void *context, struct span keyword)
{
	return smtp_offers(context, keyword);
}

static bool offers_foreign(const void *context, struct span keyword)
{
	return smtp_offers_foreign(context, keyword);
}

/* `FROM:` or `TO:`, a path, parameters. Returns what stands against it, or SMTP_SAY_OK. */
static enum smtp_reply take_envelope(const struct smtp *smtp, struct span argument,
				     enum parameter_command command, struct buffer values,
				     struct envelope *envelope)
{
	const struct parameter_rules parameter_rules = { command, smtp->transaction.utf8, offers,
							 offers_foreign, smtp };
	struct address_rules rules = { .charset = smtp->config->charset,
				       .utf8 = smtp->transaction.utf8,
				       .sender = command == PARAMETER_MAIL,
				       .bare_local = smtp->config->protocol == PROTOCOL_LMTP &&
						     command == PARAMETER_RCPT };
	struct span prefix = rules.sender ? SPAN("FROM:") : SPAN("TO:");
	enum parameter_result parameters;
	enum address_result address;
	size_t used;

	if (argument.len < prefix.len ||
	    !span_equal_nocase(span_first(argument, prefix.len), prefix))
		return SMTP_SAY_ARGUMENT;
	argument = span_trim(span_from(argument, prefix.len));
	used = path_length(argument);
	parameters = parameters_parse(span_from(argument, used), &parameter_rules, &values,
				      &envelope->parameters);
	if (rules.sender)
		rules.utf8 = envelope->parameters.utf8;
	address = address_parse(argument, &rules, &values, &envelope->address, &used);
	if (address != ADDRESS_OK)
		return address_faults[address][command];
	if (used < argument.len && !ascii_is_blank(argument.base[used]))
		return SMTP_SAY_ARGUMENT;
	return parameter_faults[parameters];
}

static void add_if_said(struct event_call *call, enum fact_name fact, struct span value)
{
	if (value.len > 0)
		event_add(call, fact, value);
}

void smtp_mail(struct smtp *smtp, struct span argument)
{
	uint64_t limit = smtp->config->size_limit;
	struct envelope envelope;
	const struct parameters *said = &envelope.parameters;
	enum smtp_reply fault = take_envelope(smtp, argument, PARAMETER_MAIL,
					      (struct buffer)BUFFER(smtp->values), &envelope);
	struct event_call *call;

	if (fault == SMTP_SAY_OK && (said->oversize || (limit > 0 && said->size > limit)))
		fault = SMTP_SAY_TOO_BIG; /* RFC 1870 6.1 */
	if (fault != SMTP_SAY_OK) {
		smtp_say(smtp, fault);
		return;
	}
	smtp->transaction.utf8 = said->utf8;
	smtp->transaction.binary = said->binary;
	call = smtp_raise(smtp, EVENT_MAIL);
	event_add(call, FACT_SENDER, envelope.address.mailbox);
	add_if_said(call, FACT_MAIL_PARAMS, said->sent);
	add_if_said(call, FACT_BODY, said->body);
	add_if_said(call, FACT_SMTPUTF8, said->utf8 ? SPAN("1") : SPAN_NONE);
	add_if_said(call, FACT_DSN_RET, said->ret);
	add_if_said(call, FACT_DSN_ENVID, said->envid);
}

/* Is there room for one more, should `before` that are not answered yet be accepted? */
static bool has_room(const struct smtp *smtp, uint32_t before)
{
	uint32_t most = smtp->config->max_recipients;

	return most == 0 || smtp->transaction.recipients + before < most;
}

static void add_recipient(struct event_call *call, const struct envelope *envelope)
{
	event_add(call, FACT_RECIPIENT, envelope->address.mailbox);
	add_if_said(call, FACT_RCPT_PARAMS, envelope->parameters.sent);
	add_if_said(call, FACT_DSN_NOTIFY, envelope->parameters.notify);
	add_if_said(call, FACT_DSN_ORCPT, envelope->parameters.orcpt);
}

void smtp_rcpt(struct smtp *smtp, struct span argument)
{
	struct envelope envelope;
	enum smtp_reply fault = take_envelope(smtp, argument, PARAMETER_RCPT,
					      (struct buffer)BUFFER(smtp->values), &envelope);

	if (fault == SMTP_SAY_OK && !has_room(smtp, 0))
		fault = SMTP_SAY_TOO_MANY_RECIPIENTS; /* RFC 5321 4.5.3.1.10 */
	if (fault != SMTP_SAY_OK)
		smtp_say(smtp, fault);
	else
		add_recipient(smtp_raise(smtp, EVENT_RCPT), &envelope);
}

/* What does not fit there would not fit here. */
_Static_assert(AHEAD_VALUES_MAX <= SMTP_VALUES_MAX, "a look ahead sees no more than there is");

bool smtp_ahead(struct engine *engine, const struct input *input, struct ahead *ahead)
{
	const struct smtp *smtp = (const struct smtp *)engine;
	uint32_t most = smtp->config->max_commands;
	uint32_t left = most == 0 ? UINT32_MAX : most - engine->counts.commands;
	struct span argument;
	struct envelope envelope;

	/* One RCPT has come through to its question: so will the next, if it is well-formed. */
	if (engine->call.event != EVENT_RCPT || !has_room(smtp, ahead->count + 1) ||
	    !ahead_line(ahead, input, SMTP_LINE_MAX, left, SPAN("RCPT "), &argument) ||
	    take_envelope(smtp, argument, PARAMETER_RCPT, (struct buffer)BUFFER(ahead->values),
			  &envelope) != SMTP_SAY_OK)
		return false;
	add_recipient(ahead_raise(ahead, EVENT_RCPT), &envelope);
	return true;
}

/* Sends the reply with the address before its default text, so that it says which (RFC 2920 3.2).
 */
static void send_about(struct smtp *smtp, struct reply reply, struct span mailbox)
{
	char storage[PATH_MAX_OCTETS + 64];
	struct buffer text = BUFFER(storage);

	if (utf8_is_ascii(mailbox)) {
		buffer_byte(&text, '<');
		buffer_put(&text, mailbox);
		buffer_string(&text, "> ");
	}
	buffer_put(&text, reply.text);
	reply.text = buffer_span(&text);
	smtp_send(smtp, reply);
}

void smtp_on_mail(struct smtp *smtp, const struct verdict *verdict)
{
	struct reply reply = smtp_judged(smtp, verdict, SMTP_SAY_SENDER_OK);

	if (reply.code < 400)
		smtp->state = SMTP_MAIL;
	send_about(smtp, reply, event_fact(&smtp->engine.call, FACT_SENDER));
	if (smtp->state != SMTP_MAIL)
		smtp_reset(smtp);
}

/* Nobody answered RCPT: our own domains, and <postmaster> where there is one (RFC 5321 4.5.1). */
static bool is_ours(const struct smtp_config *config, struct span recipient)
{
	struct span domain = recipient;

	if (span_equal_nocase(recipient, SPAN("postmaster")))
		return config->accept_domain_count > 0;
	while (domain.base != NULL && domain.len > 0) {
		struct span rest = domain;

		span_take(&rest, '@');
		if (rest.base == NULL)
			break;
		domain = rest;
	}
	return domain.len < recipient.len &&
	       domain_listed(domain, config->accept_domains, config->accept_domain_count);
}

void smtp_on_rcpt(struct smtp *smtp, const struct verdict *verdict)
{
	struct span recipient = event_fact(&smtp->engine.call, FACT_RECIPIENT);
	bool denied = verdict->exit == VERDICT_NONE && !smtp->authenticated &&
		      !is_ours(smtp->config, recipient);
	struct reply reply =
		smtp_judged(smtp, verdict, denied ? SMTP_SAY_NO_RELAY : SMTP_SAY_RECIPIENT_OK);

	if (reply.code < 400) {
		smtp->state = SMTP_RCPT;
		smtp->transaction.recipients++;
		smtp->engine.counts.recipients++;
	}
	send_about(smtp, reply, recipient);
}

void smtp_rset(struct smtp *smtp, struct span argument)
{
	(void)argument;
	smtp->replies = 0;
	smtp_raise(smtp, EVENT_RSET);
}

/* After the command, and after a message that was given up: then a held reply waits. */
void smtp_on_rset(struct smtp *smtp, const struct verdict *verdict)
{
	(void)verdict;
	if (smtp->replies > 0) {
		smtp->phase = SMTP_PHASE_REPLIES;
		return;
	}
	smtp_reset(smtp);
	smtp_say(smtp, SMTP_SAY_OK);
}
