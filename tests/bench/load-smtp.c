/* SPDX-License-Identifier: ISC */
/*
 * load-smtp.c - sends mail over SMTP or LMTP: sessions, messages a session, recipients a message,
 * each verified by all the replies that must come, in order, and none besides. See load.h.
 */
#include "load.h"

#include "message.h"

#include <stdio.h>

enum { MOST_EXPECTED = 4096 };

static struct {
	uint64_t messages;   /* a session */
	uint64_t recipients; /* a message */
	uint64_t users;
	uint64_t size;
	uint64_t spread; /* percent of size, up and down */
	const char *kind;
	bool lmtp;
	bool pipelining;
} options = { .messages = 1, .recipients = 1, .size = 4096, .spread = 25, .kind = "text" };

static const struct load_option option_table[] = {
	{ "--messages", .number = &options.messages, .help = "a session" },
	{ "--recipients", .number = &options.recipients, .help = "a message" },
	{ "--users", .number = &options.users,
	  .help = "recipients are u0 to uN-1; without it, random names" },
	{ "--size", .number = &options.size, .help = "octets of a message, on average" },
	{ "--spread", .number = &options.spread, .help = "percent that sizes differ from it" },
	{ "--kind", .text = &options.kind, .help = "text, chars, dots, dot-only" },
	{ "--lmtp", .given = &options.lmtp, .help = "LHLO, and a reply for each recipient" },
	{ "--pipelining", .given = &options.pipelining, .help = "in groups, as RFC 2920 has it" },
	{ .name = NULL },
};

/* The replies that are due, as the first three digits of each. */
static unsigned expected[MOST_EXPECTED];
static unsigned expected_count;

/* RFC 5321 4.2: all lines of a reply have its code, all but the last a hyphen. */
static void read_reply(struct client *client, unsigned code)
{
	char digits[4];
	struct span line;

	snprintf(digits, sizeof(digits), "%03u", code % 1000);
	do {
		line = client_line(client);
		if (line.len + 2 > REPLY_OCTETS || !span_starts(line, span_of(digits)) ||
		    (line.len > 3 && line.base[3] != ' ' && line.base[3] != '-'))
			client_fail(client, "not %s: %.*s", digits, (int)line.len, line.base);
	} while (line.len > 3 && line.base[3] == '-');
}

static void settle(struct client *client)
{
	for (unsigned i = 0; i < expected_count; i++)
		read_reply(client, expected[i]);
	expected_count = 0;
}

static void expect(struct client *client, unsigned code)
{
	if (expected_count == MOST_EXPECTED)
		client_fail(client, "more than %d replies at a time", MOST_EXPECTED);
	expected[expected_count++] = code;
}

/* Says a command whose reply has that code; without pipelining waits for it. */
static void ask(struct client *client, struct span command, unsigned code)
{
	client_say(client, command);
	expect(client, code);
	if (!options.pipelining)
		settle(client);
}

static void ask_path(struct client *client, const char *verb, struct span local, const char *domain)
{
	char line[256];
	struct buffer command = BUFFER(line);

	buffer_string(&command, verb);
	buffer_byte(&command, '<');
	buffer_put(&command, local);
	buffer_byte(&command, '@');
	buffer_string(&command, domain);
	buffer_string(&command, ">\r\n");
	ask(client, buffer_span(&command), 250);
}

/* A user that there is, or any name. */
static struct span recipient(struct client *client, struct buffer *name)
{
	buffer_clear(name);
	buffer_byte(name, 'u');
	if (options.users > 0)
		buffer_number(name, message_random(&client->random) % options.users);
	else
		buffer_hex(name, message_random(&client->random),
			   6 + (unsigned)(message_random(&client->random) % 8));
	return buffer_span(name);
}

static uint64_t random_size(struct client *client)
{
	uint64_t spread = options.size * options.spread / 100;

	return options.size - spread + message_random(&client->random) % (2 * spread + 1);
}

static void send_message(struct client *client)
{
	static struct message message;
	char storage[32];
	struct buffer name = BUFFER(storage);
	uint64_t line = message_random(&client->random);
	uint64_t at = 0;
	struct span run;

	message_make(&message, message_kind(span_of(options.kind)), load.seed, line,
		     random_size(client));
	ask_path(client, "MAIL FROM:", recipient(client, &name), "client.example");
	for (uint64_t i = 0; i < options.recipients; i++)
		ask_path(client, "RCPT TO:", recipient(client, &name), "example.org");
	ask(client, SPAN("DATA\r\n"), 354);
	settle(client);
	client_say(client, (struct span){ message.head, message.head_len });
	while ((run = message_run(&message, MESSAGE_WIRE, &at)).len > 0)
		client_say(client, run);
	client_say(client, SPAN(".\r\n"));
	for (uint64_t i = 0; i < (options.lmtp ? options.recipients : 1); i++)
		expect(client, 250);
	if (!options.pipelining)
		settle(client);
	client->messages++;
	client->octets += message_octets(&message, MESSAGE_RAW);
}

static void greet(struct client *client)
{
	read_reply(client, 220);
}

static void session(struct client *client)
{
	if (options.messages > 0) {
		ask(client,
		    options.lmtp ? SPAN("LHLO client.example\r\n")
				 : SPAN("EHLO client.example\r\n"),
		    250);
		settle(client);
	}
	for (uint64_t i = 0; i < options.messages; i++)
		send_message(client);
	ask(client, SPAN("QUIT\r\n"), 221);
	settle(client);
}

int main(int argc, char **argv)
{
	load_options(argc, argv, option_table);
	if (message_kind(span_of(options.kind)) == MESSAGE_KINDS || options.spread > 100 ||
	    options.recipients > MOST_EXPECTED / 2) {
		fprintf(stderr, "%s: a kind, spread or number of recipients that is none\n",
			argv[0]);
		return 2;
	}
	return load_run(greet, session);
}
