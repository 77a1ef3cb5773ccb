/* SPDX-License-Identifier: ISC */
/*
 * wire_model.c - the wire form of a message against a model that goes octet by octet:
 * all short messages of the octets that matter, every cut of input and of room
 * (POP-005, POP-023, POP-024, POP-026, POP-031, DEF-020, DEF-021).
 */
#include "check.h"

#include "mail/wire.h"

#include <stdlib.h>

/* Lines by the book: split at LF, one CR before it dropped, CRLF put behind, dots doubled. */
static void model(struct span message, uint64_t lines, struct buffer *out, uint64_t *octets)
{
	struct span rest = message;
	bool body = false;

	*octets = 0;
	while (rest.len > 0 && !(body && lines == 0)) {
		size_t lf = span_find(rest, '\n');
		bool ended = lf < rest.len;
		struct span line = span_first(rest, lf);

		if (ended && line.len > 0 && line.base[line.len - 1] == '\r')
			line.len--;
		if (line.len > 0 && line.base[0] == '.')
			buffer_byte(out, '.');
		buffer_put(out, line);
		buffer_put(out, SPAN("\r\n"));
		*octets += line.len + 2;
		if (body && lines != WIRE_WHOLE)
			lines--;
		else if (!body)
			body = line.len == 0;
		rest = span_from(rest, ended ? lf + 1 : rest.len);
	}
}

/* The real thing: pieces of `piece` octets from `cut` on, into room for `room` octets at a time. */
static void real(struct span message, uint64_t lines, size_t cut, size_t piece, size_t room,
		 struct buffer *out, uint64_t *octets)
{
	char *storage = malloc(room);
	struct buffer some = { storage, 0, room, false };
	struct wire wire;
	size_t at = 0;

	if (storage == NULL)
		abort();
	wire_begin(&wire, lines);
	while (at < message.len) {
		size_t most = at < cut ? cut - at : piece;
		size_t len = most < message.len - at ? most : message.len - at;
		struct span bytes = { message.base + at, len };

		wire_put(&wire, &bytes, &some);
		at += len - bytes.len;
		buffer_put(out, buffer_span(&some));
		buffer_clear(&some);
	}
	wire_end(&wire, &some);
	CHECK(!some.overflow);
	buffer_put(out, buffer_span(&some));
	*octets = wire.octets;
	free(storage);
}

/* The octets of a message in two pieces, as measured. */
static uint64_t measured(struct span message, size_t cut)
{
	char bytes[WIRE_ROOM];
	struct buffer end = BUFFER(bytes);
	struct wire wire;

	wire_begin(&wire, WIRE_WHOLE);
	wire_measure(&wire, span_first(message, cut));
	wire_measure(&wire, span_from(message, cut));
	wire_end(&wire, &end);
	return wire.octets;
}

static void compare(struct span message, uint64_t lines, size_t cut, size_t piece, size_t room)
{
	char storage[2][1024];
	struct buffer wanted = BUFFER(storage[0]), got = BUFFER(storage[1]);
	uint64_t wanted_octets, octets;

	model(message, lines, &wanted, &wanted_octets);
	real(message, lines, cut, piece, room, &got, &octets);
	CHECK(!got.overflow && !wanted.overflow);
	CHECK(span_equal(buffer_span(&wanted), buffer_span(&got)));
	CHECK(octets == wanted_octets);
	if (lines == WIRE_WHOLE)
		CHECK(measured(message, cut) == wanted_octets);
}

static void compare_all_cuts(struct span message)
{
	static const uint64_t lines[] = { WIRE_WHOLE, 0, 1, 2 };

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		for (size_t cut = 0; cut <= message.len; cut++)
			compare(message, lines[i], cut, message.len + 1, 1024);
		for (size_t room = WIRE_ROOM; room < WIRE_ROOM + 6; room++)
			compare(message, lines[i], 0, message.len + 1, room);
		compare(message, lines[i], 0, 1, WIRE_ROOM);
	}
}

/* Every message of up to six of these octets. */
static void test_all_short_messages(void)
{
	static const char octets[] = { 'a', '.', '\r', '\n', '\0' };
	char message[6];

	for (size_t len = 0; len <= sizeof(message); len++) {
		unsigned long all = 1;

		for (size_t i = 0; i < len; i++)
			all *= sizeof(octets);
		for (unsigned long number = 0; number < all; number++) {
			unsigned long rest = number;

			for (size_t i = 0; i < len; i++, rest /= sizeof(octets))
				message[i] = octets[rest % sizeof(octets)];
			compare_all_cuts((struct span){ message, len });
		}
	}
}

/* Longer ones, so that lines cross the blocks that are copied at a time. */
static void test_random_messages(void)
{
	uint64_t seed = 1;
	char message[200];

	for (unsigned round = 0; round < 2000; round++) {
		size_t len;

		for (size_t i = 0; i < sizeof(message); i++) {
			seed = seed * 6364136223846793005U + 1442695040888963407U;
			message[i] = "abcdefgh\xff.\r\n\n"[(seed >> 33) %
							   (round % 2 == 0 ? 13 : 60) % 13];
		}
		len = (size_t)(seed >> 40) % sizeof(message);
		compare((struct span){ message, len }, round % 2 == 0 ? WIRE_WHOLE : round % 7,
			(size_t)(seed >> 50) % (len + 1), 1 + round % 30, WIRE_ROOM + round % 90);
	}
}

/* Lines of one or two octets, so that a block has as many inserts as there can be. */
static void test_short_lines(void)
{
	static const char *const lines[] = { ".\n", "\n", "a\n", "..\n", ".\r\n" };
	char message[100];

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		size_t len = strlen(lines[i]);

		for (size_t at = 0; at < sizeof(message); at++)
			message[at] = lines[i][at % len];
		/* A line in between shifts those behind it within their blocks. */
		memcpy(message + 48, "ab\n", 3);
		compare_all_cuts((struct span){ message, sizeof(message) });
	}
}

static void test_known_forms(void)
{
	static const struct {
		struct span message, wire;
		uint64_t octets;
	} forms[] = {
		{ { "", 0 }, { "", 0 }, 0 },
		{ { "a\nb\r\n", 5 }, { "a\r\nb\r\n", 6 }, 6 },
		{ { "a", 1 }, { "a\r\n", 3 }, 3 },
		{ { ".\n..\n", 5 }, { "..\r\n...\r\n", 9 }, 7 },
		{ { "A: b\r\n\r\n\r\n", 10 }, { "A: b\r\n\r\n\r\n", 10 }, 10 },
		{ { "a\rb\r", 4 }, { "a\rb\r\r\n", 6 }, 6 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		char storage[64];
		struct buffer out = BUFFER(storage);
		uint64_t octets;

		real(forms[i].message, WIRE_WHOLE, 0, 64, 64, &out, &octets);
		CHECK(span_equal(buffer_span(&out), forms[i].wire));
		CHECK(octets == forms[i].octets);
	}
}

int main(void)
{
	test_known_forms();
	test_all_short_messages();
	test_random_messages();
	test_short_lines();
	return check_report();
}
