/* SPDX-License-Identifier: ISC */
/*
 * from.h - lines that look like the separator of messages: "From ", quoted as mboxrd does.
 *
 * A line that is "From " behind any number of '>' gets one more '>' when it is stored, and
 * loses one when it is read, so that every message comes back as it was.  Lines may come
 * in pieces and be of any length.
 */
#ifndef MBOX_STORE_FROM_H
#define MBOX_STORE_FROM_H

#include "base/buffer.h"

/* The front of a line; zeroed where a line starts. */
struct from {
	bool decided;
	bool found;     /* decided, and it is "From " behind `arrows` */
	bool arrows;    /* it begins with '>' */
	size_t matched; /* octets of "From " */
};

/* Looks at the next octet. False: it was decided before that. */
bool from_step(struct from *from, char octet);

enum from_change { FROM_QUOTE, FROM_UNQUOTE };

/* Zeroed, but for `change`, at the start of the message. */
struct from_text {
	enum from_change change;
	struct from from;
};

/* Octets of room that from_put needs beside those of the message, and all that from_end needs. */
#define FROM_ROOM 16

/* Moves octets off the front of `*message` and their changed form into `out`, while there is room.
 */
void from_put(struct from_text *text, struct span *message, struct buffer *out);

/* The message is over: writes what was held back. */
void from_end(struct from_text *text, struct buffer *out);

#endif
