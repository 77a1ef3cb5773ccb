/* SPDX-License-Identifier: ISC */
/* wire.c - a stored message on its way to a POP3 client. */
#include "mail/wire.h"

#include "base/block.h"

void wire_begin(struct wire *wire, uint64_t lines)
{
	*wire = (struct wire){ .lines = lines, .state = WIRE_LINE_START };
}

/* The octets of a block that go out with another before them. */
struct inserts {
	unsigned crs;  /* each LF without a CR */
	unsigned dots; /* each dot that begins a line (RFC 1939 3) */
};

static struct inserts look_at(const char *from, enum wire_state *state)
{
	block16 block = block_load(from);
	unsigned lf = block_mask(block_equal(block, '\n'));
	struct inserts inserts = { 0, 0 };

	if (lf != 0 || *state == WIRE_LINE_START) {
		unsigned cr = block_mask(block_equal(block, '\r'));
		unsigned starts = lf << 1 | (*state == WIRE_LINE_START);

		inserts.crs = lf & ~(cr << 1 | (*state == WIRE_CR || *state == WIRE_CR_ONLY));
		inserts.dots = starts & block_mask(block_equal(block, '.'));
	}
	*state = from[BLOCK - 1] == '\n'   ? WIRE_LINE_START
		 : from[BLOCK - 1] == '\r' ? WIRE_CR
					   : WIRE_TEXT;
	return inserts;
}

/* Writes a block, behind which there is another, with its inserts. Returns where output ends. */
static char *put_block(char *to, const char *from, struct inserts inserts)
{
	unsigned left = inserts.crs | inserts.dots;
	size_t at = 0;

	/* The most that can be: lines of a dot and no more. */
	if (left == (1U << BLOCK) - 1) {
		block16 block = block_load(from), lf = block_equal(block, '\n');

		block_store_both(to, (lf & '\r') | (~lf & '.'), block);
		return to + (size_t)2 * BLOCK;
	}
	for (; left != 0; left &= left - 1) {
		size_t end = block_first(left);

		block_store(to, block_load(from + at));
		to += end - at;
		*to++ = (inserts.crs >> end & 1) != 0 ? '\r' : '.';
		at = end;
	}
	block_store(to, block_load(from + at));
	return to + BLOCK - at;
}

/* Takes whole blocks of a message that is wanted as a whole, as long as there is one more behind.
 * Returns the octets taken. */
static size_t transform_blocks(struct wire *wire, const char *from, size_t len, struct buffer *out)
{
	char *start = out->base + out->len, *to = start;
	size_t at = 0, stuffed = 0;

	for (; len - at >= 2 * BLOCK; at += BLOCK) {
		struct inserts inserts = look_at(from + at, &wire->state);

		if (inserts.dots != 0)
			stuffed += block_count(inserts.dots);
		to = put_block(to, from + at, inserts);
	}
	wire->octets += (size_t)(to - start) - stuffed;
	out->len += (size_t)(to - start);
	return at;
}

static size_t copy_line(char *to, const char *from, size_t len)
{
	size_t at = 0;

	for (; at < len && from[at] != '\n'; at++)
		to[at] = from[at];
	return at;
}

static enum wire_state state_behind(enum wire_state before, const char *run, size_t len)
{
	if (len == 0)
		return before;
	if (run[len - 1] != '\r')
		return WIRE_TEXT;
	return before == WIRE_LINE_START && len == 1 ? WIRE_CR_ONLY : WIRE_CR;
}

/* A line is out, and lines are counted; `blank`: there was nothing on it (RFC 1939 7: TOP). */
static void count_line(struct wire *wire, bool blank)
{
	if (wire->body)
		wire->lines--;
	else
		wire->body = blank;
	wire->enough = wire->body && wire->lines == 0;
}

/* Takes `len` octets, or fewer when that is enough, into room for twice as many; returns how many
 * it took. */
static size_t transform(struct wire *wire, const char *from, size_t len, struct buffer *out)
{
	const bool counted = wire->lines != WIRE_WHOLE;
	size_t at = counted ? 0 : transform_blocks(wire, from, len, out), stuffed = 0;
	enum wire_state state = wire->state;
	char *start = out->base + out->len, *to = start;

	while (at < len && !(counted && wire->enough)) {
		size_t run;

		if (state == WIRE_LINE_START && from[at] == '.') {
			*to++ = '.';
			stuffed++;
		}
		run = copy_line(to, from + at, len - at);
		state = state_behind(state, from + at, run);
		to += run;
		at += run;
		if (at == len)
			break;
		if (state == WIRE_LINE_START || state == WIRE_TEXT)
			*to++ = '\r';
		*to++ = '\n';
		at++;
		if (counted)
			count_line(wire, state == WIRE_LINE_START || state == WIRE_CR_ONLY);
		state = WIRE_LINE_START;
	}
	wire->state = state;
	wire->octets += (size_t)(to - start) - stuffed;
	out->len += (size_t)(to - start);
	return at;
}

void wire_put(struct wire *wire, struct span *message, struct buffer *out)
{
	while (message->len > 0 && !wire->enough && buffer_room(out) >= WIRE_ROOM) {
		/* An octet becomes two at most: a bare LF, or a dot that begins a line. */
		size_t most = buffer_room(out) / 2;
		size_t len = message->len < most ? message->len : most;

		*message = span_from(*message, transform(wire, message->base, len, out));
	}
	if (wire->enough)
		*message = SPAN_NONE;
}

void wire_measure(struct wire *wire, struct span message)
{
	size_t at = 0;

	for (; message.len - at >= BLOCK; at += BLOCK)
		wire->octets += BLOCK + block_count(look_at(message.base + at, &wire->state).crs);
	while (at < message.len) {
		char bytes[2 * BLOCK];
		struct buffer out = BUFFER(bytes);

		at += transform(wire, message.base + at, message.len - at, &out);
	}
}

void wire_end(struct wire *wire, struct buffer *out)
{
	if (wire->state == WIRE_LINE_START)
		return;
	if (buffer_put(out, SPAN("\r\n")))
		wire->octets += 2;
	wire->state = WIRE_LINE_START;
}
