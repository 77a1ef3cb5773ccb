/* SPDX-License-Identifier: ISC */
/*
 * dot.c - reading message content.
 *
 * Sixteen octets at a time as long as nothing is odd in them; the state machine, octet by octet,
 * sees the rest: line ends that are none, what may be the end, and less than a block.
 */
#include "mail/dot.h"

#include "base/block.h"

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

/*
 * Puts a block less the octets of `removed`; `roomy`: two blocks of input lie behind it. Output is
 * never ahead of input, so that what has been read may be written over.
 */
static void put_block(char *to, const char *from, unsigned removed, bool roomy)
{
	/* Behind those of the block stand two that are always there. */
	unsigned first = removed | 3U << BLOCK, second = first & (first - 1);
	unsigned more = second & (second - 1) & ((1U << BLOCK) - 1);

	if (roomy && more == 0 && (uintptr_t)from - (uintptr_t)to >= BLOCK) {
		size_t one = (size_t)__builtin_ctz(first), two = (size_t)__builtin_ctz(second);

		/*
		 * Up to two go, as at a line's end: three pieces, without asking whether there are
		 * as many. What is too much is written over.
		 */
		block_store(to, block_load(from));
		block_store(to + one, block_load(from + one + 1));
		block_store(to + two - 1, block_load(from + two + 1));
		return;
	}
	if (removed == 0) {
		if (to != from)
			block_store(to, block_load(from));
		return;
	}
	/* Each octet, and the next over those that go. */
	for (size_t i = 0; i < BLOCK; i++) {
		*to = from[i];
		to += (~removed >> i) & 1;
	}
}

/*
 * Takes whole blocks in which each CR has its LF and no lone dot ends the message.  Line ends and
 * starts are masks, a bit for each octet; what the block before left is carried in by the state.
 * Nothing in here depends on where lines end but the block that is put: such branches are
 * mispredicted.  Returns the octets consumed.
 */
static size_t take_blocks(struct dot *dot, struct cursor *cursor, const char *from, size_t len)
{
	const unsigned all = (1U << BLOCK) - 1, last = BLOCK - 1;
	const unsigned dots = dot->dots ? all : 0, crs = dot->crlf ? 0 : all;
	unsigned after_cr = dot->state == DOT_CR, after_lf = dot->state == DOT_START;
	unsigned after_dot = dot->state == DOT_DOT;
	size_t at = 0, stuffing = 0;
	char *to = cursor->to + cursor->written;

	if (dot->state == DOT_DOT_CR)
		return 0;
	/* A CR counts when its LF has come. */
	dot->octets += after_cr;
	for (; at + BLOCK <= len; at += BLOCK) {
		block16 block = block_load(from + at);
		unsigned cr = block_mask(block_equal(block, '\r'));
		unsigned lf = block_mask(block_equal(block, '\n'));
		unsigned dot_mask = block_mask(block_equal(block, '.')) & dots;
		unsigned stuffed = (lf << 1 | after_lf) & dot_mask;
		unsigned removed = (cr & crs) | stuffed, counts = block_counts(removed, stuffed);

		if (lf != ((cr << 1 | after_cr) & all) || (cr & (stuffed << 1 | after_dot)) != 0)
			break;
		put_block(to, from + at, removed, at + 3 * BLOCK <= len);
		to += BLOCK - counts % (1U << BLOCK);
		stuffing += counts >> BLOCK;
		after_cr = cr >> last;
		after_lf = lf >> last;
		after_dot = stuffed >> last;
	}
	dot->octets += at - stuffing - after_cr;
	cursor->written = (size_t)(to - cursor->to);
	if (at > 0)
		dot->state = after_cr != 0    ? DOT_CR
			     : after_lf != 0  ? DOT_START
			     : after_dot != 0 ? DOT_DOT
					      : DOT_TEXT;
	return at;
}

size_t dot_decode(struct dot *dot, const char *from, size_t len, char *to, size_t *written)
{
	struct cursor cursor = { to, 0 };
	size_t at = 0;

	while (at < len && dot->state != DOT_END) {
		size_t end;

		at += take_blocks(dot, &cursor, from + at, len - at);
		end = len - at < BLOCK ? len : at + BLOCK;
		while (at < end && dot->state != DOT_END)
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
