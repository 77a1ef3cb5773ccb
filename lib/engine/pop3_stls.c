/* SPDX-License-Identifier: ISC */
/*
 * pop3_stls.c - STLS (RFC 2595 4): the end of a dialogue in clear.
 *
 * The reply is the engine's last word; a fresh engine answers behind TLS.
 */
#include "engine/pop3_private.h"

void pop3_stls(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	(void)arguments;
	if (pop3_offers_stls(pop3))
		pop3->phase = PHASE_SECURE;
	else
		pop3_error(pop3, pop3->config->tls ? SPAN("this is TLS already")
						   : SPAN("not offered here"));
}

/* Octets behind the line are never read, in clear or behind TLS (POP-111, CVE-2021-38084). */
static void refuse_injected(struct pop3 *pop3)
{
	pop3_err(pop3, "", SPAN("nothing may follow STLS"));
	pop3_close_after(pop3, END_ERROR);
}

bool pop3_next_secure(struct pop3 *pop3, struct input *input, enum engine_next *next)
{
	(void)next;
	pop3->phase = PHASE_COMMAND;
	if (input->at < input->len)
		refuse_injected(pop3);
	else
		pop3_raise(pop3, EVENT_STARTTLS);
	return false;
}

/* Exit 65: octets that the engine has not seen are waiting. */
void pop3_on_stls(struct pop3 *pop3, const struct verdict *verdict)
{
	if (verdict->exit == EXIT_DATAERR) {
		refuse_injected(pop3);
	} else if (verdict->exit != EXIT_DONE) {
		pop3_err(pop3, "SYS/TEMP", SPAN("TLS is not available"));
	} else {
		pop3_ok(pop3, SPAN("begin TLS"));
		pop3->engine.secure = true;
		pop3_close_after(pop3, END_ERROR); /* unless it goes on */
	}
}
