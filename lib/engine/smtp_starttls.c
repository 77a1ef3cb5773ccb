/* SPDX-License-Identifier: ISC */
/*
 * smtp_starttls.c - STARTTLS (RFC 3207): the end of a dialogue in clear.
 *
 * The reply is the engine's last word.  What was said before cannot reach what is said behind TLS,
 * since a fresh engine answers there.
 */
#include "engine/smtp_private.h"

/* RFC 3207 4: after EHLO only. */
void smtp_starttls(struct smtp *smtp, struct span argument)
{
	(void)argument;
	if (smtp->esmtp)
		smtp->phase = SMTP_PHASE_SECURE;
	else
		smtp_say(smtp, SMTP_SAY_SEQUENCE);
}

/*
 * Octets behind the line were sent in clear by somebody who did not wait for the reply, maybe to
 * be taken for the client's behind TLS (CVE-2011-0411): never read, in clear or behind it.
 */
static void refuse_injected(struct smtp *smtp)
{
	smtp_close(smtp, END_ERROR);
	smtp_say(smtp, SMTP_SAY_INJECTED);
}

bool smtp_next_secure(struct smtp *smtp, struct input *input, enum engine_next *next)
{
	(void)next;
	smtp->phase = SMTP_PHASE_COMMAND;
	if (input->at < input->len)
		refuse_injected(smtp);
	else
		smtp_raise(smtp, EVENT_STARTTLS);
	return false;
}

/* Exit 65: octets that the engine has not seen are waiting. */
void smtp_on_starttls(struct smtp *smtp, const struct verdict *verdict)
{
	if (verdict->exit == EXIT_DATAERR) {
		refuse_injected(smtp);
	} else if (verdict->exit != EXIT_DONE) {
		smtp_say(smtp, SMTP_SAY_NO_TLS);
	} else {
		smtp_say(smtp, SMTP_SAY_BEGIN_TLS);
		smtp->engine.secure = true;
		smtp_close(smtp, END_ERROR); /* unless it goes on */
	}
}
