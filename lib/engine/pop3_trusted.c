/* SPDX-License-Identifier: ISC */
/*
 * pop3_trusted.c - XCLIENT: what a trusted peer says of its client, as Dovecot's proxy sends it.
 *
 * The proxy knows by [XCLIENT] in the greeting that it may, and goes on with USER without waiting.
 * It tells more than is wanted here (SESSION, TTL, FORWARD, and what is yet to come): attributes
 * that are not in the table are passed over.
 */
#include "engine/attribute.h"
#include "engine/pop3_private.h"

static const struct attribute table[] = {
	{ "NAME", FACT_REMOTE_HOST, attribute_host },
	{ "ADDR", FACT_REMOTE_ADDR, attribute_address },
	{ "PORT", FACT_REMOTE_PORT, attribute_port },
	{ "DESTADDR", FACT_LOCAL_ADDR, attribute_address },
	{ "DESTIP", FACT_LOCAL_ADDR, attribute_address },
	{ "DESTPORT", FACT_LOCAL_PORT, attribute_port },
	{ NULL, FACT_COUNT, NULL },
};

/* Adds the facts to `call`. False: malformed. */
static bool add_facts(struct event_call *call, struct span argument)
{
	struct span values[ATTRIBUTES_MAX] = { SPAN_NONE };

	if (!attributes_split(table, ATTRIBUTES_ANY, argument, values))
		return false;
	for (unsigned i = 0; table[i].name != NULL; i++) {
		/* One fact has two names. */
		if (values[i].base != NULL && event_fact(call, table[i].fact).base == NULL &&
		    !attribute_add(call, &table[i], values[i]))
			return false;
	}
	return true;
}

void pop3_xclient(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	struct span argument = { pop3->scratch, arguments->text.len };
	struct event_call *call;

	if (!pop3_handles(pop3, EVENT_XCLIENT)) {
		pop3_error(pop3, SPAN("not offered here"));
		return;
	}
	memcpy(pop3->scratch, arguments->text.base, argument.len);
	call = pop3_raise(pop3, EVENT_XCLIENT);
	if (add_facts(call, argument))
		return;
	pop3->phase = PHASE_COMMAND;
	pop3_error(pop3, SPAN("the attributes are malformed"));
}

void pop3_on_xclient(struct pop3 *pop3, const struct verdict *verdict)
{
	if (!exit_accepts(verdict->exit)) {
		pop3_refuse(pop3, verdict, EVENT_XCLIENT, SPAN("the client cannot be changed"));
		return;
	}
	sasl_end(&pop3->sasl);
	pop3_ok(pop3, SPAN("updated"));
}
