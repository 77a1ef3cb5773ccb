/* SPDX-License-Identifier: ISC */
/* message.c - see message.h. */
#include "message.h"

#include "base/number.h"

#include <assert.h>

enum {
	POOL_OCTETS = 1 << 18,
	POOL_LINES = POOL_OCTETS / 3 + 1, /* the shortest line is "x" CR LF */
	LINE_MAX_OCTETS = 80,
};

struct message_pool {
	enum message_kind kind;
	uint64_t seed;
	uint32_t lines; /* 0: not made yet */
	char text[MESSAGE_FORMS][2 * POOL_OCTETS];
	uint32_t begin[MESSAGE_FORMS][POOL_LINES + 1]; /* of each line, and the end of the last */
};

static const struct span names[MESSAGE_KINDS] = {
	[MESSAGE_TEXT] = { "text", 4 },
	[MESSAGE_CHARS] = { "chars", 5 },
	[MESSAGE_DOTS] = { "dots", 4 },
	[MESSAGE_DOT_ONLY] = { "dot-only", 8 },
};

uint64_t message_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

enum message_kind message_kind(struct span name)
{
	unsigned kind = 0;

	while (kind < MESSAGE_KINDS && !span_equal(name, names[kind]))
		kind++;
	return kind;
}

static size_t random_words(char *line, size_t len, uint64_t *random)
{
	static const char letters[] = "etaoinshrdlucmfwypvbgkqjxz      ";

	for (size_t i = 0; i < len; i++)
		line[i] = letters[message_random(random) % (sizeof(letters) - 1)];
	return len;
}

/* One line without its end. */
static size_t random_line(char *line, enum message_kind kind, uint64_t *random)
{
	size_t len = 1;

	line[0] = '.';
	switch (kind) {
	case MESSAGE_CHARS:
		line[0] = (char)('a' + message_random(random) % 26);
		return 1;
	case MESSAGE_DOTS:
		return 1 + random_words(line + 1, message_random(random) % 72, random);
	case MESSAGE_DOT_ONLY:
		return 1;
	default:
		len = message_random(random) % 100 == 0;
		return len + random_words(line + len, message_random(random) % 77, random);
	}
}

static struct message_pool *pool_of(enum message_kind kind, uint64_t seed)
{
	static struct message_pool pools[MESSAGE_KINDS];
	struct message_pool *pool = &pools[kind];
	struct buffer text[MESSAGE_FORMS];
	uint64_t random = seed ^ kind;

	if (pool->lines != 0 && pool->seed == seed)
		return pool;
	pool->kind = kind;
	pool->seed = seed;
	pool->lines = 0;
	for (int form = 0; form < MESSAGE_FORMS; form++)
		text[form] = BUFFER(pool->text[form]);
	while (text[MESSAGE_RAW].len < POOL_OCTETS - LINE_MAX_OCTETS) {
		char line[LINE_MAX_OCTETS];
		size_t len = random_line(line, kind, &random);

		if (len > 0 && line[0] == '.')
			buffer_byte(&text[MESSAGE_WIRE], '.');
		pool->lines++;
		for (int form = 0; form < MESSAGE_FORMS; form++) {
			buffer_put(&text[form], (struct span){ line, len });
			buffer_put(&text[form], SPAN("\r\n"));
			pool->begin[form][pool->lines] = (uint32_t)text[form].len;
			assert(!text[form].overflow && pool->lines < POOL_LINES);
		}
	}
	return pool;
}

static void write_head(struct message *message, uint64_t line, uint64_t size)
{
	const struct message_pool *pool = message->pool;
	struct buffer head = BUFFER(message->head);
	uint64_t name = pool->seed ^ line << 32 ^ size;

	buffer_string(&head, "X-Bench: ");
	buffer_put(&head, names[pool->kind]);
	buffer_byte(&head, ' ');
	buffer_number(&head, pool->seed);
	buffer_byte(&head, ' ');
	buffer_number(&head, line);
	buffer_byte(&head, ' ');
	buffer_number(&head, size);
	buffer_string(&head, "\r\nFrom: <");
	buffer_hex(&head, message_random(&name), 8);
	buffer_string(&head, "@client.example>\r\nTo: <");
	buffer_hex(&head, message_random(&name), 8);
	buffer_string(&head,
		      "@example.org>\r\nDate: Sat, 21 Nov 2026 12:00:00 +0000\r\nMessage-ID: <");
	buffer_hex(&head, message_random(&name), 16);
	buffer_string(&head, "@client.example>\r\nSubject: ");
	buffer_hex(&head, message_random(&name), 16);
	buffer_string(&head, "\r\n\r\n");
	assert(!head.overflow);
	message->head_len = head.len;
}

void message_make(struct message *message, enum message_kind kind, uint64_t seed, uint64_t line,
		  uint64_t size)
{
	const struct message_pool *pool = pool_of(kind, seed);
	const uint32_t *raw = pool->begin[MESSAGE_RAW];
	uint32_t low = 0;
	uint32_t high = pool->lines;
	uint64_t end;

	message->pool = pool;
	line %= pool->lines;
	write_head(message, line, size);
	end = raw[line] + (size > message->head_len ? size - message->head_len : 1);
	/* The first line end at or behind that, in the pool's last repetition. */
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (raw[middle] < end % raw[pool->lines])
			low = middle + 1;
		else
			high = middle;
	}
	for (int form = 0; form < MESSAGE_FORMS; form++) {
		const uint32_t *begin = pool->begin[form];

		message->from[form] = begin[line];
		message->to[form] = end / raw[pool->lines] * begin[pool->lines] + begin[low];
	}
}

bool message_remake(struct message *message, struct span line, uint64_t seed)
{
	struct span rest = line;
	enum message_kind kind;
	uint64_t number[3]; /* seed, line, size */

	if (!span_equal(span_take(&rest, ' '), SPAN("X-Bench:")))
		return false;
	kind = message_kind(span_take(&rest, ' '));
	for (int i = 0; i < 3; i++)
		if (number_parse(span_take(&rest, ' '), &number[i]) != NUMBER_OK)
			return false;
	if (kind == MESSAGE_KINDS || number[0] != seed || rest.base != NULL)
		return false;
	message_make(message, kind, seed, number[1], number[2]);
	return true;
}

uint64_t message_octets(const struct message *message, enum message_form form)
{
	return message->head_len + message->to[form] - message->from[form];
}

struct span message_run(const struct message *message, enum message_form form, uint64_t *at)
{
	uint32_t cycle = message->pool->begin[form][message->pool->lines];
	uint64_t here = message->from[form] + *at;
	uint64_t len = cycle - here % cycle;

	if (len > message->to[form] - here)
		len = message->to[form] - here;
	*at += len;
	return (struct span){ message->pool->text[form] + here % cycle, len };
}
