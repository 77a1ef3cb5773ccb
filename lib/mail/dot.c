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
 * Puts a block less the octets of `removed`; `roomy`: another block of input lies behind it. Output
 * is never ahead of input, so that what has been read may be written over.
 */
static void put_block(struct cursor *cursor, const char *from, unsigned removed, bool roomy)
{
	char *to = cursor->to + cursor->written;
	size_t kept, at = 0;

	if (removed == 0) {
		if (to != from)
			block_store(to, block_load(from));
		cursor->written += BLOCK;
		return;
	}
	kept = BLOCK - block_count(removed);
	cursor->written += kept;
	/* Run by run while these are few, else each octet, and the next over those that go. */
	if (roomy && kept >= BLOCK - 3 && (uintptr_t)from - (uintptr_t)to >= BLOCK) {
		for (; removed != 0; removed &= removed - 1) {
			size_t end = block_first(removed);

			block_store(to, block_load(from + at));
			to += end - at;
			at = end + 1;
		}
		block_store(to, block_load(from + at));
		return;
	}
	for (size_t i = 0; i < BLOCK; i++) {
		*to = from[i];
		to += (~removed >> i) & 1;
	}
}

/*
 * Takes whole blocks in which each CR has its LF and no lone dot ends the message.  Line ends and
 * starts are masks, a bit for each octet; what the block before left is carried in by the state.
 * Returns the octets consumed.
 */
static size_t take_blocks(struct dot *dot, struct cursor *cursor, const char *from, size_t len)
{
	const unsigned last = 1U << (BLOCK - 1), all = (last << 1) - 1;
	enum dot_state state = dot->state;
	size_t at = 0, lines = 0, before = cursor->written;

	for (; at + BLOCK <= len && state != DOT_DOT_CR; at += BLOCK) {
		block16 block = block_load(from + at);
		unsigned cr = block_mask(block_equal(block, '\r'));
		unsigned lf = block_mask(block_equal(block, '\n'));
		unsigned stuffed = 0;

		if ((cr | lf) != 0 || state != DOT_TEXT) {
			unsigned behind_cr = cr << 1 | (state == DOT_CR);
			unsigned starts = lf << 1 | (state == DOT_START);

			if (dot->dots)
				stuffed = starts & block_mask(block_equal(block, '.'));
			if (lf != (behind_cr & all) ||
			    (cr & (stuffed << 1 | (state == DOT_DOT))) != 0)
				break;
			lines += block_count(lf);
			/* A CR that was put counts when its LF has come. */
			dot->octets += dot->crlf && state == DOT_CR;
			state = (cr & last) != 0        ? DOT_CR
				: (lf & last) != 0      ? DOT_START
				: (stuffed & last) != 0 ? DOT_DOT
							: DOT_TEXT;
			dot->octets -= dot->crlf && state == DOT_CR;
		}
		put_block(cursor, from + at, (dot->crlf ? 0 : cr) | stuffed, at + 2 * BLOCK <= len);
	}
	dot->octets += cursor->written - before + (dot->crlf ? 0 : lines);
	dot->state = state;
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
