/* SPDX-License-Identifier: ISC */
/*
 * dot.c - reading message content.
 *
 * Everything between two line ends is moved as one run, sixteen octets at a
 * time, and searched in the same pass; the state machine sees only what a run ended at.
 */
#include "mail/dot.h"

typedef unsigned char octets16 __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t words2 __attribute__((vector_size(16)));

/* Moves octets from `from` to `to` (not behind it) up to the first CR or LF; returns how many. */
static size_t move_run(char *to, const char *from, size_t len)
{
	size_t at = 0;

	for (; at + 16 <= len; at += 16) {
		octets16 block = *(const octets16 *)(from + at);
		words2 hits = (words2)((block == '\r') | (block == '\n'));

		if ((hits[0] | hits[1]) != 0)
			break;
		if (to != from)
			*(octets16 *)(to + at) = block;
	}
	for (; at < len && from[at] != '\r' && from[at] != '\n'; at++)
		to[at] = from[at];
	return at;
}

/* Where output goes. */
struct cursor {
	char *to;
	size_t written;
};

static void put(struct cursor *cursor, char c)
{
	cursor->to[cursor->written++] = c;
}

/*
 * A CR or LF that stood alone (RFC 5321 2.3.8). When a message with one is refused nothing is
 * put, so that output never outgrows input.
 */
static void bare(struct dot *dot, struct cursor *cursor, bool cr_was_put)
{
	dot->bare = true;
	dot->octets += 2;
	if (!dot->clean)
		return;
	if (dot->crlf && !cr_was_put)
		put(cursor, '\r');
	put(cursor, '\n');
}

/* START, TEXT and, but for the removed dot, DOT. */
static void take_text(struct dot *dot, struct cursor *cursor, char c)
{
	if (c == '\r') {
		if (dot->crlf)
			put(cursor, c);
		dot->state = DOT_CR;
	} else if (c == '\n') {
		bare(dot, cursor, false);
		dot->state = DOT_TEXT;
	} else if (c == '.' && dot->state == DOT_START && dot->dots) {
		dot->state = DOT_DOT;
	} else {
		put(cursor, c);
		dot->octets++;
		dot->state = DOT_TEXT;
	}
}

/* The octet that a run ended at, or the first of a line: the table in dot.h. */
static void take(struct dot *dot, struct cursor *cursor, char c)
{
	enum dot_state state = dot->state;

	if (state == DOT_DOT && c == '\r') {
		dot->state = DOT_DOT_CR;
	} else if (state == DOT_DOT_CR && c == '\n') {
		dot->state = DOT_END;
	} else if (state == DOT_CR && c == '\n') {
		put(cursor, c);
		dot->octets += 2;
		dot->state = DOT_START;
	} else {
		if (state == DOT_CR || state == DOT_DOT_CR)
			bare(dot, cursor, state == DOT_CR);
		if (state != DOT_START)
			dot->state = DOT_TEXT;
		take_text(dot, cursor, c);
	}
}

size_t dot_decode(struct dot *dot, const char *from, size_t len, char *to, size_t *written)
{
	struct cursor cursor = { to, 0 };
	size_t at = 0;

	while (at < len && dot->state != DOT_END) {
		if (dot->state == DOT_TEXT || (dot->state == DOT_START && from[at] != '.')) {
			size_t run = move_run(to + cursor.written, from + at, len - at);

			cursor.written += run;
			dot->octets += run;
			at += run;
			if (run > 0)
				dot->state = DOT_TEXT;
			if (at == len)
				break;
		}
		take(dot, &cursor, from[at++]);
	}
	*written = cursor.written;
	return at;
}

size_t dot_finish(struct dot *dot, char *to)
{
	struct cursor cursor = { to, 0 };

	if (dot->state == DOT_CR)
		bare(dot, &cursor, true);
	dot->state = DOT_END;
	return cursor.written;
}
