/* SPDX-License-Identifier: ISC */
/*
 * wire.h - a stored message on its way to a POP3 client (RFC 1939 3, 5, 7).
 *
 * Line ends become CRLF, whatever they were: a bare LF gets its CR, a CRLF stays; a bare
 * CR, NUL and all other octets pass as they are.  A last line without an end gets one, and a
 * line that begins with a dot gets another.  The message may come in pieces of any size.
 */
#ifndef MAILSESSION_WIRE_H
#define MAILSESSION_WIRE_H

#include "base/buffer.h"

/* `lines` for a whole message. */
#define WIRE_WHOLE UINT64_MAX
/* Octets of room with which wire_put goes on, and that wire_end needs. */
#define WIRE_ROOM 8

/* What the message ends with so far. */
enum wire_state {
	WIRE_LINE_START,
	WIRE_CR_ONLY, /* a line that is one CR: with LF it is the blank line */
	WIRE_CR,
	WIRE_TEXT,
};

struct wire {
	uint64_t
		octets; /* of the message so far: with CRLF line ends, without stuffing (POP-023) */
	uint64_t lines; /* lines of the body that are still wanted */
	enum wire_state state;
	bool body;   /* the blank line behind the header is over */
	bool enough; /* header, blank line and all wanted lines are out; the rest is ignored */
};

/* Begins a message: all of it (WIRE_WHOLE), or its header, the blank line and `lines` of its body
 * (TOP). */
MS_API void wire_begin(struct wire *wire, uint64_t lines);

/*
 * Moves octets off the front of `*message` and their form on the wire into `out`, until the
 * message is used up, or enough, or `out` has less than WIRE_ROOM octets of room.
 */
MS_API void wire_put(struct wire *wire, struct span *message, struct buffer *out);

/* Counts octets of a whole message (WIRE_WHOLE) as wire_put does, and writes nothing. */
MS_API void wire_measure(struct wire *wire, struct span message);

/* The message is over: completes its last line. Needs WIRE_ROOM octets; the dot that ends the reply
 * is not written. */
MS_API void wire_end(struct wire *wire, struct buffer *out);

#endif
