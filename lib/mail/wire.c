/* SPDX-License-Identifier: ISC */
/* wire.c - a stored message on its way to a POP3 client. */
#include "mail/wire.h"

void wire_begin(struct wire *wire, uint64_t lines)
{
	*wire = (struct wire){ .lines = lines, .state = WIRE_LINE_START };
}

/*
 * Copies up to the first LF or the end, and returns how many octets that were.  Eight at a
 * time: lines are too short for memchr and memcpy to be worth their calls.  It may write on
 * up to seven octets past what it returns, never past `len`.
 */
static size_t copy_line(char *to, const char *from, size_t len)
{
	const uint64_t ones = UINT64_MAX / 0xff;
	size_t at = 0;

	for (; len - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
		uint64_t word, differs;

		memcpy(&word, from + at, sizeof(word));
		memcpy(to + at, &word, sizeof(word));
		differs = word ^ (ones * '\n');
		if (((differs - ones) & ~differs & (ones << 7)) != 0)
			break; /* one of the eight is LF */
	}
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
	enum wire_state state = wire->state;
	char *start = out->base + out->len, *to = start;
	size_t at = 0, stuffed = 0;

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

void wire_end(struct wire *wire, struct buffer *out)
{
	if (wire->state == WIRE_LINE_START)
		return;
	if (buffer_put(out, SPAN("\r\n")))
		wire->octets += 2;
	wire->state = WIRE_LINE_START;
}
