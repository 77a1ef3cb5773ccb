/* SPDX-License-Identifier: ISC */
/* describe.c - what --check says of a session that is not run. */
#include "session/describe.h"

/* Asks the engine itself what it announces, so that this can never say something else. */
static void put_capabilities(const struct parser *parser, struct buffer *text)
{
	static const char *const questions[] = { "EHLO client\r\n", "LHLO client\r\n", "CAPA\r\n" };
	static char output[STREAM_OUTPUT];
	static union {
		struct smtp smtp;
		struct pop3 pop3;
	} it;
	char command[32];
	struct buffer line = BUFFER(command);
	struct engine *engine = &it.smtp.engine;
	struct span rest;

	buffer_string(&line, questions[parser->protocol]);
	if (parser->protocol == PROTOCOL_POP3)
		pop3_init(&it.pop3, &parser->pop3, NULL, output, sizeof(output));
	else
		smtp_init(&it.smtp, &parser->smtp, output, sizeof(output));
	for (struct input input = { .base = command, .len = line.len };
	     engine->ops->step(engine, &input) == ENGINE_CALL;)
		engine->ops->answer(engine, &(struct verdict){ .exit = VERDICT_NONE });
	rest = buffer_span(&engine->out);
	while (rest.base != NULL && rest.len > 0) {
		struct span reply = span_take(&rest, '\n');

		buffer_string(text, "  ");
		buffer_put(text, span_first(reply, reply.len > 0 ? reply.len - 1 : 0));
		buffer_byte(text, '\n');
	}
}

/* What happens to an event that has no program. */
static const char *otherwise(const struct parser *parser, enum event event)
{
	switch (event) {
	case EVENT_RCPT:
		return parser->smtp.accept_domain_count > 0
			       ? "no program: domains of --accept-domain are accepted, others refused"
			       : "no program: every recipient is refused (no --accept-domain)";
	case EVENT_DELIVER:
		return "no program: every message hears 451";
	case EVENT_AUTH:
		return parser->protocol == PROTOCOL_POP3 ? "no program: nobody can log in" : NULL;
	case EVENT_LIST:
	case EVENT_RETRIEVE:
		return "no program: every login fails";
	case EVENT_DELETE:
		return "no program: nothing can be deleted";
	default:
		return NULL;
	}
}

static void put_event(const struct parser *parser, const struct directory *directory,
		      enum event event, struct buffer *text)
{
	bool file = (directory->programs & EVENT_BIT(event)) != 0;
	bool served = directory_serves(directory, parser->protocol, event);
	const char *word = otherwise(parser, event);

	if ((event_table[event].protocols & (1U << parser->protocol)) == 0 ||
	    (!file && !served && word == NULL))
		return;
	buffer_string(text, "  ");
	buffer_string(text, event_table[event].file);
	buffer_string(text, ": ");
	if (file || served) {
		buffer_string(text, directory->path);
		buffer_byte(text, '/');
		buffer_string(text, file ? event_table[event].file : "serve, if it says so");
	} else {
		buffer_string(text, word);
	}
	buffer_byte(text, '\n');
}

void describe_logins(struct runner *runner, struct buffer *text)
{
	static const struct {
		const char *name, *address, *tls;
	} clients[] = {
		{ "in clear from this machine", "127.0.0.1", "" },
		{ "in clear from elsewhere", "192.0.2.1", "" },
		{ "inside of TLS", "192.0.2.1", "TLSv1.3" },
	};
	const struct options *options = runner->options;
	const event_set means =
		EVENT_BIT(EVENT_AUTH) | EVENT_BIT(EVENT_SECRET) | EVENT_BIT(EVENT_TOKEN);

	if ((runner->directory->programs & means) == 0)
		return;
	buffer_string(text, "\nLogins:\n");
	runner->tls_binding[0] = '-'; /* as TLS has one */
	for (unsigned i = 0; i < sizeof(clients) / sizeof(*clients); i++) {
		bool tls = clients[i].tls[0] != '\0';

		if (tls ? !options_have_certificate(options) : options->tls == TLS_IMPLICIT)
			continue;
		facts_set(&runner->facts, FACT_REMOTE_ADDR, span_of(clients[i].address));
		if (tls)
			facts_set(&runner->facts, FACT_TLS_VERSION, span_of(clients[i].tls));
		runner_offer(runner);
		buffer_string(text, "  ");
		buffer_string(text, clients[i].name);
		buffer_string(text, ": ");
		if (sasl_offered(&runner->offer, SASL_USER))
			buffer_string(text, "USER ");
		if (sasl_offered(&runner->offer, SASL_APOP))
			buffer_string(text, "APOP ");
		sasl_put_names(&runner->offer, " ", text);
		buffer_string(text, runner->offer.now == 0 ? "none\n" : "\n");
	}
}

void describe(const struct parser *parser, const struct directory *directory, struct buffer *text)
{
	buffer_string(text, "\nA client on a pipe would hear:\n");
	put_capabilities(parser, text);
	buffer_string(text, "\nPrograms of ");
	buffer_string(text, directory->path);
	buffer_string(text, ":\n");
	for (unsigned event = 0; event < EVENT_COUNT; event++) {
		if (event != EVENT_COMMAND)
			put_event(parser, directory, (enum event)event, text);
	}
	for (unsigned i = 0; i < directory->command_count; i++) {
		buffer_string(text, "  the verb ");
		buffer_string(text, directory->commands[i]);
		buffer_string(text, ": ");
		buffer_string(text, directory->path);
		buffer_string(text, "/command-");
		buffer_string(text, directory->commands[i]);
		buffer_byte(text, '\n');
	}
}
