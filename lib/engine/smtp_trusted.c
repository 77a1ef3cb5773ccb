/* SPDX-License-Identifier: ISC */
/*
 * smtp_trusted.c - XCLIENT and XFORWARD: what a trusted peer says of its client.
 *
 * Postfix's XCLIENT_README and XFORWARD_README define them.  Every attribute of a command is
 * checked before any is told; an empty value told says that the fact is not known.
 */
#include "engine/attribute.h"
#include "engine/smtp_private.h"

#define PROTO_MAX 64

/* ---- values ------------------------------------------------------------------------------ */

/* A bare IPv4 address, or "IPV6:" and one of IPv6; no brackets. */
static bool take_address(struct span *value)
{
	bool ipv6 = attribute_tagged(*value);

	return attribute_address(value) && (span_find(*value, ':') < value->len) == ipv6;
}

/* The fact is the verb that such a client greets with. */
static bool take_protocol(struct span *value)
{
	bool esmtp = span_equal_nocase(*value, SPAN("ESMTP"));

	if (!esmtp && !span_equal_nocase(*value, SPAN("SMTP")))
		return false;
	*value = esmtp ? SPAN("EHLO") : SPAN("HELO");
	return true;
}

static bool take_login(struct span *value)
{
	(void)value;
	return true;
}

/* XFORWARD: nothing that would break out of a header field where a program puts it. */
static bool take_text(struct span *value)
{
	for (size_t i = 0; i < value->len; i++) {
		if (strchr("<>()\\\";@", value->base[i]) != NULL)
			return false;
	}
	return true;
}

static bool take_name_of_protocol(struct span *value)
{
	return value->len <= PROTO_MAX && take_text(value);
}

static bool take_source(struct span *value)
{
	bool local = span_equal_nocase(*value, SPAN("LOCAL"));

	if (!local && !span_equal_nocase(*value, SPAN("REMOTE")))
		return false;
	*value = local ? SPAN("LOCAL") : SPAN("REMOTE");
	return true;
}

static const struct attribute xclient_table[] = {
	{ "NAME", FACT_REMOTE_HOST, attribute_host },
	{ "ADDR", FACT_REMOTE_ADDR, take_address },
	{ "PORT", FACT_REMOTE_PORT, attribute_port },
	{ "PROTO", FACT_TRACE_TYPE, take_protocol },
	{ "HELO", FACT_HELO, NULL },
	{ "LOGIN", FACT_AUTH_USER, take_login },
	{ "DESTADDR", FACT_LOCAL_ADDR, take_address },
	{ "DESTPORT", FACT_LOCAL_PORT, attribute_port },
	{ NULL, FACT_COUNT, NULL },
};

static const struct attribute xforward_table[] = {
	{ "NAME", FACT_XFORWARD_NAME, take_text },
	{ "ADDR", FACT_XFORWARD_ADDR, take_address },
	{ "PORT", FACT_XFORWARD_PORT, attribute_port },
	{ "PROTO", FACT_XFORWARD_PROTO, take_name_of_protocol },
	{ "HELO", FACT_XFORWARD_HELO, take_text },
	{ "IDENT", FACT_XFORWARD_IDENT, take_text },
	{ "SOURCE", FACT_XFORWARD_SOURCE, take_source },
	{ NULL, FACT_COUNT, NULL },
};

static void put_names(const struct attribute *table, struct buffer *out)
{
	for (unsigned i = 0; table[i].name != NULL; i++) {
		buffer_byte(out, ' ');
		buffer_string(out, table[i].name);
	}
}

void smtp_put_xclient(const struct smtp *smtp, struct buffer *out)
{
	(void)smtp;
	put_names(xclient_table, out);
}

void smtp_put_xforward(const struct smtp *smtp, struct buffer *out)
{
	(void)smtp;
	put_names(xforward_table, out);
}

/* ---- the command ------------------------------------------------------------------------- */

static bool add(struct smtp *smtp, struct event_call *call, const struct attribute *attribute,
		struct span value)
{
	if (attribute->take != NULL)
		return attribute_add(call, attribute, value);
	if (!attribute_unavailable(attribute, value))
		return smtp_add_hello(smtp, call, value);
	event_add(call, attribute->fact, SPAN(""));
	event_add(call, FACT_HELO_TRACE, SPAN(""));
	return true;
}

/* Takes `argument` apart into the facts of `call`. False: malformed. */
static bool take_attributes(struct smtp *smtp, struct event_call *call,
			    const struct attribute *table, struct span argument)
{
	struct span values[ATTRIBUTES_MAX] = { SPAN_NONE };

	if (!attributes_split(table, ATTRIBUTES_KNOWN, argument, values))
		return false;
	for (unsigned i = 0; table[i].name != NULL; i++) {
		if (values[i].base != NULL && !add(smtp, call, &table[i], values[i]))
			return false;
	}
	return true;
}

static void raise_trusted(struct smtp *smtp, enum event event, const struct attribute *table,
			  struct span argument)
{
	struct event_call *call = smtp_raise(smtp, event);

	if (take_attributes(smtp, call, table, argument))
		return;
	smtp->phase = SMTP_PHASE_COMMAND;
	smtp_say(smtp, SMTP_SAY_ARGUMENT);
}

void smtp_xclient(struct smtp *smtp, struct span argument)
{
	raise_trusted(smtp, EVENT_XCLIENT, xclient_table, argument);
}

void smtp_xforward(struct smtp *smtp, struct span argument)
{
	raise_trusted(smtp, EVENT_XFORWARD, xforward_table, argument);
}

/* Back to the beginning, with a greeting for the reply (XCLIENT_README, server response). */
void smtp_on_xclient(struct smtp *smtp, const struct verdict *verdict)
{
	struct span login = event_fact(&smtp->engine.call, FACT_AUTH_USER);

	if (!exit_accepts(verdict->exit)) {
		smtp_say(smtp, SMTP_SAY_FAULT);
		return;
	}
	if (login.base != NULL)
		smtp->authenticated = login.len > 0;
	smtp->state = SMTP_CONNECTED;
	smtp->esmtp = false;
	smtp->plain = true; /* RFC 2034 3: none in the greeting */
	smtp_reset(smtp);
	smtp_raise(smtp, EVENT_CONNECT);
}

void smtp_on_xforward(struct smtp *smtp, const struct verdict *verdict)
{
	smtp_say(smtp, exit_accepts(verdict->exit) ? SMTP_SAY_OK : SMTP_SAY_FAULT);
}
