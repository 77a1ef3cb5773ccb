/* SPDX-License-Identifier: ISC */
/*
 * message.h - messages of the benchmarks, each of which can be made again from its first line.
 *
 * "X-Bench: KIND SEED LINE SIZE" says all: the body is the lines of one endless random text, the
 * pool of that kind and seed, from line LINE on, until the message has SIZE octets or a few more.
 * So whoever receives a message compares every octet of it, at the speed of memory, and a message
 * of any size takes none.
 */
#ifndef BENCH_MESSAGE_H
#define BENCH_MESSAGE_H

#include "base/buffer.h"

#include <stdint.h>

enum message_kind {
	MESSAGE_TEXT,     /* lines as people write them, one in a hundred begins with a dot */
	MESSAGE_CHARS,    /* lines of one character */
	MESSAGE_DOTS,     /* lines that begin with a dot */
	MESSAGE_DOT_ONLY, /* lines of one dot */
	MESSAGE_KINDS,
};

/* The same octets as they are counted, and as they travel: with doubled dots (RFC 5321 4.5.2). */
enum message_form { MESSAGE_RAW, MESSAGE_WIRE, MESSAGE_FORMS };

struct message {
	const struct message_pool *pool;
	char head[512]; /* header and empty line, with CRLF; no line of it begins with a dot */
	size_t head_len;
	uint64_t from[MESSAGE_FORMS]; /* of the body, in octets of the repeated pool */
	uint64_t to[MESSAGE_FORMS];
};

/* MESSAGE_KINDS when there is none of that name. */
enum message_kind message_kind(struct span name);

/* `line` is taken modulo the lines of the pool. */
void message_make(struct message *message, enum message_kind kind, uint64_t seed, uint64_t line,
		  uint64_t size);

/* From the first line, without CRLF. False when it is none, or of another seed. */
bool message_remake(struct message *message, struct span line, uint64_t seed);

/* Octets of the whole message in that form, without the dot that ends it. */
uint64_t message_octets(const struct message *message, enum message_form form);

/* The next run of the body, empty at its end. *at is 0 for the first. */
struct span message_run(const struct message *message, enum message_form form, uint64_t *at);

/* The next of a sequence of random numbers (splitmix64). */
uint64_t message_random(uint64_t *state);

#endif
