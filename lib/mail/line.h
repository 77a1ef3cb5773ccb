/* SPDX-License-Identifier: ISC */
/*
 * line.h - cutting command lines out of the stream (RFC 5321 2.3.8, 4.5.3.1.4).
 *
 * Only CRLF ends a line.  A line that can no longer be a command (a bare CR or LF, a
 * NUL, too long) is reported once, as soon as that is seen, and then swallowed through
 * its CRLF; nothing inside is looked at.  Resumable: no octet is scanned twice, so a
 * line that arrives octet by octet costs no more than one that arrives whole.
 */
#ifndef MAILSESSION_LINE_H
#define MAILSESSION_LINE_H

#include "base/span.h"

enum line_result {
	LINE_PARTIAL, /* no whole line yet */
	LINE_WHOLE,
	LINE_BARE, /* a bare CR, a bare LF or a NUL */
	LINE_LONG, /* longer than `most` octets with its CRLF */
};

/* Zeroed at the start of the stream. */
struct line {
	size_t scanned;  /* octets of the current line known to hold no end */
	bool swallowing; /* a bad line was reported: discard through its CRLF */
	bool cr;         /* while swallowing: the last octet was a CR */
};

/*
 * Looks at `bytes`, all that arrived and was not consumed.  Sets *used to the octets that
 * are consumed now, and at LINE_WHOLE *text to the line without its CRLF. What is
 * not consumed must be at the front of the next call's bytes.
 */
MS_API enum line_result line_take(struct line *line, struct span bytes, size_t most,
				  struct span *text, size_t *used);

#endif
