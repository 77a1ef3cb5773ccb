/* SPDX-License-Identifier: ISC */
/* An SMTP server on fd 0 and 1 whose events are answered by functions of its own. */
#include <mailsession/address.h>
#include <mailsession/smtp.h>
#include <mailsession/stream.h>
#include <stdio.h>

static const struct span domains[] = { { "example.com", 11 }, { "example.org", 11 } };

static void answer(void *context, const struct event_call *call, unsigned which,
		   struct verdict *verdict)
{
	struct span address = event_fact(call, FACT_RECIPIENT);
	size_t at = span_find(address, '@');

	(void)which;
	if (call->event == EVENT_RCPT && at == address.len)
		verdict->exit = EXIT_NOUSER;
	else if (call->event == EVENT_RCPT &&
		 !domain_listed(span_from(address, at + 1), domains, 2))
		*verdict = (struct verdict){ EXIT_NOPERM, SPAN("550 5.7.1 not our domain"),
					     SPAN_NONE, false };
	else if (call->event == EVENT_RCPT || call->event == EVENT_DATA)
		verdict->exit = EXIT_DONE;
	else if (call->event == EVENT_DELIVER)
		verdict->exit = fflush(context) == 0 ? EXIT_DONE : EXIT_TEMPFAIL;
}

static bool body(void *context, struct span bytes)
{
	return fwrite(bytes.base, 1, bytes.len, context) == bytes.len;
}

int main(void)
{
	static struct smtp smtp;
	static char input[STREAM_INPUT], output[STREAM_OUTPUT];
	struct stream stream = { .in = 0, .out = 1, .trace = -1, .input_bytes = input };
	struct smtp_config config = { .protocol = PROTOCOL_SMTP,
				      .hostname = SPAN("mx.example.com"),
				      .max_recipients = 100,
				      .max_hops = 100 };
	struct handler handler = { .context = stderr, .answer = answer, .body = body, .watch = -1 };

	config.handled = EVENT_BIT(EVENT_RCPT) | EVENT_BIT(EVENT_DATA) | EVENT_BIT(EVENT_DELIVER);
	stream.limits.idle_timeout = 300;
	smtp_init(&smtp, &config, output, sizeof(output));
	return stream_run(&stream, &smtp.engine, &handler) == END_QUIT ? 0 : 1;
}
