/* SPDX-License-Identifier: ISC */
/* smtp_hello.c - the greeting, HELO, EHLO and LHLO (RFC 5321 3.1, 4.1.1.1; RFC 2033 4.1). */
#include "engine/smtp_private.h"

#include "base/ascii.h"

void smtp_on_connect(struct smtp *smtp, const struct verdict *verdict)
{
	const struct smtp_config *config = smtp->config;
	struct reply reply = smtp_judged(smtp, verdict, SMTP_SAY_GREETING);
	struct buffer lead = BUFFER(smtp->values);

	buffer_put(&lead, config->hostname);
	if (reply.code / 100 == 2) {
		buffer_string(&lead, config->protocol == PROTOCOL_LMTP ? " LMTP" : " ESMTP");
		reply.code = 220;
		reply.text = config->greeting;
	} else if (reply.code / 100 == 4) {
		reply.code = 421;
	} else {
		/* RFC 5321 3.1; 521 says that no mail is taken at all (RFC 7504). */
		reply.code = reply.code == 521 ? 521 : 554;
		smtp->state = SMTP_REFUSED;
	}
	reply.lead = buffer_span(&lead);
	smtp_send(smtp, reply);
}

/*
 * The name, taken off the argument: 1 to 255 graphic octets without <>()";\ (SMTP-029);
 * what follows an address literal is ignored (SMTP-030). Empty when malformed.
 */
static struct span take_name(struct span argument)
{
	size_t blank = span_find(argument, ' ');
	struct span name = argument.len > 0 && argument.base[0] == '[' ? span_first(argument, blank)
								       : argument;

	if (name.len > DOMAIN_MAX_OCTETS)
		return SPAN_NONE;
	for (size_t i = 0; i < name.len; i++) {
		if (!ascii_is_graph(name.base[i]) || strchr("<>()\";\\", name.base[i]) != NULL)
			return SPAN_NONE;
	}
	return name;
}

static bool is_name_octet(char c)
{
	return ascii_is_alnum(c) || c == '.' || c == '_' || c == '-';
}

/* May programs be told the name (DESIGN 13)? */
static bool is_tellable(struct span name)
{
	if (address_literal_valid(name))
		return true;
	for (size_t i = 0; i < name.len; i++) {
		if (!is_name_octet(name.base[i]))
			return false;
	}
	return name.base[0] != '-' && name.base[0] != '.';
}

bool smtp_add_hello(struct smtp *smtp, struct event_call *call, struct span argument)
{
	struct span name = take_name(argument);

	if (name.len == 0)
		return false;
	if (is_tellable(name))
		event_add(call, FACT_HELO, name);
	/* The Received field says what was said, less what would break its grammar. */
	memcpy(smtp->values, name.base, name.len);
	for (size_t i = 0; i < name.len && !address_literal_valid(name); i++) {
		if (!is_name_octet(smtp->values[i]))
			smtp->values[i] = '_';
	}
	event_add(call, FACT_HELO_TRACE, (struct span){ smtp->values, name.len });
	return true;
}

static void hello(struct smtp *smtp, struct span argument, struct span type)
{
	struct event_call *call = smtp_raise(smtp, EVENT_HELO);

	event_add(call, FACT_TRACE_TYPE, type);
	if (smtp_add_hello(smtp, call, argument))
		return;
	smtp->phase = SMTP_PHASE_COMMAND;
	smtp_say(smtp, SMTP_SAY_ARGUMENT);
}

void smtp_helo(struct smtp *smtp, struct span argument)
{
	hello(smtp, argument, SPAN("HELO"));
}

void smtp_ehlo(struct smtp *smtp, struct span argument)
{
	hello(smtp, argument, SPAN("EHLO"));
}

void smtp_lhlo(struct smtp *smtp, struct span argument)
{
	hello(smtp, argument, SPAN("LHLO"));
}

/* Sends the held first line, with the keywords behind it unless the client said HELO. */
static void welcome(struct smtp *smtp, struct span more)
{
	struct reply reply = smtp_standard(smtp, SMTP_SAY_HELLO);

	if (smtp->esmtp)
		smtp_keywords(smtp, &smtp->held, more);
	reply.lead = smtp->config->hostname;
	reply.text = buffer_span(&smtp->held);
	smtp_send(smtp, reply);
}

void smtp_on_helo(struct smtp *smtp, const struct verdict *verdict)
{
	struct reply reply = smtp_judged(smtp, verdict, SMTP_SAY_HELLO);
	struct span lines = verdict->text;
	struct reply_line line;

	if (reply.code >= 400) {
		smtp_send(smtp, reply);
		return;
	}
	smtp->esmtp = !span_equal(event_fact(&smtp->engine.call, FACT_TRACE_TYPE), SPAN("HELO"));
	smtp->state = SMTP_GREETED;
	smtp_reset(smtp); /* RFC 5321 4.1.4 */
	smtp->held = (struct buffer)BUFFER(smtp->scratch);
	if (reply_next_line(&lines, &line) && line.text.len > 0)
		reply_clean(&smtp->held, line.text, REPLY_LINE_MAX / 4, false);
	else
		buffer_put(&smtp->held, reply.text);
	if (smtp->esmtp && smtp_handles(smtp, EVENT_EHLO))
		smtp_raise(smtp, EVENT_EHLO);
	else
		welcome(smtp, SPAN_NONE);
}

void smtp_on_ehlo(struct smtp *smtp, const struct verdict *verdict)
{
	welcome(smtp, verdict->exit == EXIT_DONE ? verdict->text : SPAN_NONE);
}
