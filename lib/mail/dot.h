/* SPDX-License-Identifier: ISC */
/*
 * dot.h - reading message content: transparency and line ends (RFC 5321 4.5.2, 2.3.8).
 *
 * Only CRLF "." CRLF ends the content; no other octets do, however they are cut.  A
 * dot that begins a line, after a true CRLF, is taken away.  Bare CRs and LFs are noticed,
 * and in clean mode made line ends.  Without `dots` the same rules serve BDAT (RFC 3030),
 * whose end the caller counts.
 *
 * States, as in dot.c ("bare CR" stands for: noticed, then the octet is taken as in TEXT):
 *
 *	state  | CR            | LF              | .                 | other
 *	-------+---------------+-----------------+-------------------+--------------
 *	START  | CR            | bare LF; TEXT   | DOT               | put; TEXT
 *	DOT    | DOT_CR        | bare LF; TEXT   | put; TEXT         | put; TEXT
 *	DOT_CR | bare CR; CR   | END             | bare CR; TEXT     | bare CR; TEXT
 *	TEXT   | CR            | bare LF; TEXT   | put; TEXT         | put; TEXT
 *	CR     | bare CR; CR   | line end; START | bare CR; TEXT     | bare CR; TEXT
 */
#ifndef MAILSESSION_DOT_H
#define MAILSESSION_DOT_H

#include "base/span.h"

#include <stdint.h>

enum dot_state { DOT_START, DOT_DOT, DOT_DOT_CR, DOT_TEXT, DOT_CR, DOT_END };

/* At the start of a message: state DOT_START, the three choices set, the rest zero. */
struct dot {
	enum dot_state state;
	bool dots;       /* DATA: dots are stuffed, and a lone one ends the content */
	bool crlf;       /* lines end in CRLF on output, else in LF */
	bool clean;      /* a bare CR or LF becomes a line end */
	bool bare;       /* one was seen */
	uint64_t octets; /* of the message with CRLF line ends, without stuffing (RFC 1870 3) */
};

/* The most octets that `len` octets can become: only clean mode can make them more. */
#define DOT_GROWTH(len) (2 * (len) + 2)

/*
 * Decodes `len` octets of `from` into `to`, which is `from` itself or, needed in clean mode,
 * other storage of DOT_GROWTH(len) octets.  Returns the octets consumed: all of them
 * unless the end was found (state DOT_END). *written is set to the octets at `to`.
 */
MS_API size_t dot_decode(struct dot *dot, const char *from, size_t len, char *to, size_t *written);

/*
 * The end of a message that was counted, not marked: a CR that came last was a bare one.
 * Returns the octets written to `to`, at most one.
 */
MS_API size_t dot_finish(struct dot *dot, char *to);

#endif
