/* SPDX-License-Identifier: ISC */
/*
 * smtp_trusted.c - XCLIENT and XFORWARD: what a trusted peer says of its client.
 *
 * Postfix's XCLIENT_README and XFORWARD_README define them.  Every attribute of a command is
 * checked before any is told; an empty value told says that the fact is not known.
 */
#include "engine/smtp_private.h"

#include "base/ascii.h"
#include "base/network.h"
#include "base/number.h"

/* The longest decoded value. */
#define VALUE_MAX 255
#define PROTO_MAX 64

/*
 * An attribute, the fact that it tells, and what its value must be.  `take` may leave a part of
 * the value only; NULL: HELO of XCLIENT, which is two facts.
 */
struct attribute {
	const char *name;
	enum fact_name fact;
	bool (*take)(struct span *value);
};

/* ---- values ------------------------------------------------------------------------------ */

static bool take_host(struct span *value)
{
	for (size_t i = 0; i < value->len; i++) {
		if (!ascii_is_alnum(value->base[i]) && strchr(".-_", value->base[i]) == NULL)
			return false;
	}
	return true;
}

/* A bare IPv4 address, or "IPV6:" and one of IPv6; no brackets. */
static bool take_address(struct span *value)
{
	struct span tag = SPAN("IPV6:");
	bool ipv6 = value->len > tag.len && span_equal_nocase(span_first(*value, tag.len), tag);
	struct network_address address;

	if (ipv6)
		*value = span_from(*value, tag.len);
	return (span_find(*value, ':') < value->len) == ipv6 &&
	       network_address_read(&address, *value);
}

static bool take_port(struct span *value)
{
	uint64_t port;

	return value->len <= 5 && number_upto(*value, UINT16_MAX, &port);
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

#define ATTRIBUTES_MAX 8

static const struct attribute xclient_table[ATTRIBUTES_MAX] = {
	{ "NAME", FACT_REMOTE_HOST, take_host },
	{ "ADDR", FACT_REMOTE_ADDR, take_address },
	{ "PORT", FACT_REMOTE_PORT, take_port },
	{ "PROTO", FACT_TRACE_TYPE, take_protocol },
	{ "HELO", FACT_HELO, NULL },
	{ "LOGIN", FACT_AUTH_USER, take_login },
	{ "DESTADDR", FACT_LOCAL_ADDR, take_address },
	{ "DESTPORT", FACT_LOCAL_PORT, take_port },
};

static const struct attribute xforward_table[ATTRIBUTES_MAX] = {
	{ "NAME", FACT_XFORWARD_NAME, take_text },
	{ "ADDR", FACT_XFORWARD_ADDR, take_address },
	{ "PORT", FACT_XFORWARD_PORT, take_port },
	{ "PROTO", FACT_XFORWARD_PROTO, take_name_of_protocol },
	{ "HELO", FACT_XFORWARD_HELO, take_text },
	{ "IDENT", FACT_XFORWARD_IDENT, take_text },
	{ "SOURCE", FACT_XFORWARD_SOURCE, take_source },
	{ NULL, FACT_COUNT, NULL },
};

static void put_names(const struct attribute *table, struct buffer *out)
{
	for (unsigned i = 0; i < ATTRIBUTES_MAX && table[i].name != NULL; i++) {
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

/*
 * Decodes xtext where it stands, in smtp->command.  Old clients do not encode: what is no escape
 * is taken as it is.  False: a control character, a blank, or nothing that is US-ASCII.
 */
static bool decode(struct smtp *smtp, struct span *value)
{
	struct buffer out = { smtp->command + (value->base - smtp->command), 0, value->len, false };

	for (size_t i = 0; i < value->len; i++) {
		char c = value->base[i];

		if (c == '+' && value->len - i > 2 && ascii_hex(value->base[i + 1]) >= 0 &&
		    ascii_hex(value->base[i + 2]) >= 0) {
			c = (char)(ascii_hex(value->base[i + 1]) * 16 +
				   ascii_hex(value->base[i + 2]));
			i += 2;
		}
		if (!ascii_is_graph(c))
			return false;
		buffer_byte(&out, c);
	}
	*value = buffer_span(&out);
	return value->len > 0 && value->len <= VALUE_MAX;
}

/* Is the fact said not to be known, by a word in either case? */
static bool is_unavailable(const struct attribute *attribute, struct span value)
{
	return span_equal_nocase(value, SPAN("[UNAVAILABLE]")) ||
	       (span_equal_nocase(value, SPAN("[TEMPUNAVAIL]")) &&
		span_equal(span_of(attribute->name), SPAN("NAME")));
}

static bool add(struct smtp *smtp, struct event_call *call, const struct attribute *attribute,
		struct span value)
{
	if (is_unavailable(attribute, value)) {
		event_add(call, attribute->fact, SPAN(""));
		if (attribute->take == NULL)
			event_add(call, FACT_HELO_TRACE, SPAN(""));
		return true;
	}
	if (attribute->take == NULL)
		return smtp_add_hello(smtp, call, value);
	if (value.base[0] == '-' || !attribute->take(&value) ||
	    !fact_is_clean(attribute->fact, value))
		return false;
	event_add(call, attribute->fact, value);
	return true;
}

/* Takes `argument` apart into the facts of `call`. False: malformed. */
static bool take_attributes(struct smtp *smtp, struct event_call *call,
			    const struct attribute *table, struct span argument)
{
	struct span values[ATTRIBUTES_MAX] = { SPAN_NONE };

	while (argument.len > 0) {
		struct span value = span_take(&argument, ' ');
		struct span name = span_take(&value, '=');
		unsigned i = 0;

		if (name.len == 0) {
			if (value.base != NULL)
				return false;
			continue; /* blanks in a row */
		}
		while (i < ATTRIBUTES_MAX && !span_equal_nocase(name, span_of(table[i].name)))
			i++;
		if (i == ATTRIBUTES_MAX || value.len == 0 || !decode(smtp, &value))
			return false;
		values[i] = value;
	}
	for (unsigned i = 0; i < ATTRIBUTES_MAX; i++) {
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
