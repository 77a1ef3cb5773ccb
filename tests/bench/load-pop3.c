/* SPDX-License-Identifier: ISC */
/*
 * load-pop3.c - reads mail over POP3, and believes nothing: listings must have the numbers that
 * STAT said, sizes must be the octets that come, and every octet must be the message's. See load.h;
 * the messages are those of load-fill.
 */
#include "load.h"

#include "message.h"

#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>

static struct {
	uint64_t users;
	uint64_t depth; /* commands before their replies */
	const char *domain;
	const char *password;
	bool uidl;
	bool list;
	bool retr;
	bool dele;
	bool inexact;
} options = { .users = 1, .depth = 1, .domain = "@example.org", .password = "secret" };

static const struct load_option option_table[] = {
	{ "--users", .number = &options.users,
	  .help = "sessions log in as u0 to uN-1, in turn; a multiple of --concurrency" },
	{ "--domain", .text = &options.domain, .help = "behind the names of users" },
	{ "--password", .text = &options.password, .help = "of all of them" },
	{ "--pipeline", .number = &options.depth, .help = "RETR or DELE at a time" },
	{ "--uidl", .given = &options.uidl, .help = "after STAT" },
	{ "--list", .given = &options.list, .help = "after STAT" },
	{ "--retr", .given = &options.retr, .help = "every message" },
	{ "--dele", .given = &options.dele, .help = "every message" },
	{ "--inexact", .given = &options.inexact,
	  .help = "sizes may be wrong, and an empty line may follow a message" },
	{ .name = NULL },
};

/* Of the maildrop of this session. */
static uint64_t count;
static uint64_t *sizes; /* by LIST, 0 unknown */

/* The text behind "+OK" (RFC 1939 3). */
static struct span read_ok(struct client *client)
{
	struct span line = client_line(client);

	if (line.len + 2 > REPLY_OCTETS || !span_starts(line, SPAN("+OK")) ||
	    (line.len > 3 && line.base[3] != ' '))
		client_fail(client, "not +OK: %.*s", (int)line.len, line.base);
	return span_trim(span_from(line, 3));
}

static struct span ask(struct client *client, const char *verb, const char *argument)
{
	client_say(client, span_of(verb));
	client_say(client, span_of(argument));
	client_say(client, SPAN("\r\n"));
	return read_ok(client);
}

static uint64_t take_number(struct client *client, struct span *rest, const char *what)
{
	uint64_t number = 0;

	if (number_parse(span_take(rest, ' '), &number) != NUMBER_OK)
		client_fail(client, "%s: no number", what);
	return number;
}

/* STAT: two numbers. */
static uint64_t take_stat(struct client *client, struct span text)
{
	uint64_t octets;

	count = take_number(client, &text, "STAT");
	octets = take_number(client, &text, "STAT");
	sizes = realloc(sizes, (count + 1) * sizeof(*sizes));
	if (sizes == NULL)
		client_fail(client, "no memory for %llu messages", (unsigned long long)count);
	memset(sizes, 0, (count + 1) * sizeof(*sizes));
	return octets;
}

/* LIST: messages 1 to N, and their sizes add up to what STAT said. */
static void read_list(struct client *client, uint64_t octets)
{
	uint64_t sum = 0;

	ask(client, "LIST", "");
	for (uint64_t i = 1; i <= count; i++) {
		struct span line = client_line(client);

		if (take_number(client, &line, "LIST") != i)
			client_fail(client, "LIST: not message %llu", (unsigned long long)i);
		sizes[i] = take_number(client, &line, "LIST");
		sum += sizes[i];
	}
	client_expect(client, SPAN(".\r\n"), "the end of LIST");
	if (sum != octets)
		client_fail(client, "LIST adds up to %llu, STAT says %llu", (unsigned long long)sum,
			    (unsigned long long)octets);
}

/* UIDL: messages 1 to N, with ids of 1 to 70 printable characters (RFC 1939 7). */
static void read_uidl(struct client *client)
{
	ask(client, "UIDL", "");
	for (uint64_t i = 1; i <= count; i++) {
		struct span line = client_line(client);

		if (take_number(client, &line, "UIDL") != i)
			client_fail(client, "UIDL: not message %llu", (unsigned long long)i);
		if (line.len < 1 || line.len > 70)
			client_fail(client, "UIDL: an id of %zu octets", line.len);
		for (size_t at = 0; at < line.len; at++)
			if (line.base[at] < 0x21 || line.base[at] > 0x7e)
				client_fail(client, "UIDL: an id with octet %d", line.base[at]);
	}
	client_expect(client, SPAN(".\r\n"), "the end of UIDL");
}

/* Header lines that a server put before the message; their octets. Makes the message. */
static uint64_t read_head(struct client *client, struct message *message)
{
	uint64_t octets = 0;

	for (;;) {
		struct span line = client_line(client);

		if (message_remake(message, line, load.seed))
			break;
		if (line.len == 0 || line.base[0] == '.')
			client_fail(client, "RETR: no line X-Bench in the header");
		octets += line.len + 2;
	}
	return octets;
}

static void read_message(struct client *client, uint64_t number)
{
	static struct message message;
	struct span text = read_ok(client);
	struct span word = span_take(&text, ' ');
	uint64_t announced = 0;
	bool says = number_parse(word, &announced) == NUMBER_OK;
	uint64_t octets = read_head(client, &message);
	struct span head = { message.head, message.head_len };
	struct span run;
	uint64_t at = 0;

	client_expect(client, span_from(head, span_find(head, '\n') + 1), "RETR: the header");
	while ((run = message_run(&message, MESSAGE_WIRE, &at)).len > 0)
		client_expect(client, run, "RETR: the body");
	if (options.inexact && !client_next(client, '.'))
		client_expect(client, SPAN("\r\n"), "RETR: the end");
	client_expect(client, SPAN(".\r\n"), "RETR: the end");
	octets += message_octets(&message, MESSAGE_RAW);
	if (!options.inexact &&
	    ((says && announced != octets) || (sizes[number] != 0 && sizes[number] != octets)))
		client_fail(client, "RETR: %llu octets announced and %llu listed, %llu came",
			    (unsigned long long)announced, (unsigned long long)sizes[number],
			    (unsigned long long)octets);
	client->messages++;
	client->octets += octets;
}

static void read_deletion(struct client *client, uint64_t number)
{
	(void)number;
	read_ok(client);
}

/* The command for all messages, `depth` of them ahead of the replies. */
static void for_all(struct client *client, const char *verb,
		    void (*take)(struct client *, uint64_t))
{
	uint64_t said = 0;

	for (uint64_t i = 1; i <= count; i++) {
		while (said < count && said - i + 1 < options.depth) {
			char line[32];
			struct buffer command = BUFFER(line);

			buffer_string(&command, verb);
			buffer_number(&command, ++said);
			buffer_string(&command, "\r\n");
			client_say(client, buffer_span(&command));
		}
		take(client, i);
	}
}

static void greet(struct client *client)
{
	read_ok(client);
}

static void session(struct client *client)
{
	char storage[256];
	struct buffer name = BUFFER(storage);
	uint64_t octets;

	buffer_byte(&name, 'u');
	buffer_number(&name, client->turn % options.users);
	buffer_string(&name, options.domain);
	ask(client, "USER ", buffer_cstr(&name));
	ask(client, "PASS ", options.password);
	octets = take_stat(client, ask(client, "STAT", ""));
	if (options.uidl)
		read_uidl(client);
	if (options.list)
		read_list(client, octets);
	if (options.retr)
		for_all(client, "RETR ", read_message);
	if (options.dele)
		for_all(client, "DELE ", read_deletion);
	ask(client, "QUIT", "");
}

int main(int argc, char **argv)
{
	load_options(argc, argv, option_table);
	if (options.users < 1 || options.depth < 1) {
		fprintf(stderr, "%s: at least one user and one command\n", argv[0]);
		return 2;
	}
	return load_run(greet, session);
}
