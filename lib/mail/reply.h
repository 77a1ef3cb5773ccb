/* SPDX-License-Identifier: ISC */
/*
 * reply.h - the one composer of replies (RFC 5321 4.2, RFC 2034).
 *
 * What a program printed refines a reply within its class and can never change the
 * class; whatever it printed, one clean reply comes out: printable text, lines of
 * at most 512 octets, the same code on every line, REPLY_MAX octets in all.
 */
#ifndef MAILSESSION_REPLY_H
#define MAILSESSION_REPLY_H

#include "base/buffer.h"

/* Longest line with CRLF (RFC 5321 4.5.3.1.5; RFC 2449 4 for POP3), longest reply in all. */
#define REPLY_LINE_MAX 512
#define REPLY_MAX      8192

/* One line that a program printed, taken apart: `NNN text`, `NNN-text`, `N.N.N text`, `text`. */
struct reply_line {
	unsigned code;        /* 0 when there is none */
	struct span enhanced; /* empty when there is none */
	struct span text;     /* the rest, without blanks at its ends; not cleaned */
};

/* Takes the next line that is not blank off the front of `*lines`; false when none is left. */
MS_API bool reply_next_line(struct span *lines, struct reply_line *line);

/*
 * Appends at most `most` octets of `text` in printable form: control characters become
 * blanks; octets above US-ASCII pass only with `utf8` and only as well-formed UTF-8, else
 * each becomes '?'.  A character is never cut in two.
 */
MS_API void reply_clean(struct buffer *out, struct span text, size_t most, bool utf8);

struct reply {
	unsigned code;
	struct span enhanced; /* empty: the reply carries no status codes (RFC 2034 3) */
	struct span lead;     /* begins the first line: the host name where the protocol wants it */
	struct span text;     /* what is said when the refinement says nothing; lines end in LF */
	struct span refinement; /* lines that a program printed */
	bool utf8;              /* UTF-8 may be sent (RFC 6531 3.7.4.2) */
};

/* Takes code and status code from the refinement where they are of the reply's class. */
MS_API void reply_refine(struct reply *reply);

/* Writes the reply, one line or several; never a part of a line. */
MS_API void reply_write(struct buffer *out, const struct reply *reply);

#endif
