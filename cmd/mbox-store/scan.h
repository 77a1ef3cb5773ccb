/* SPDX-License-Identifier: ISC */
/*
 * scan.h - the messages of an mbox, one after the other.
 *
 * A message begins at a line "From " that is the first one or follows a blank line, and ends
 * before the blank line in front of the next, or the last blank line of all.  One pass,
 * constant memory, lines of any length.
 */
#ifndef MBOX_STORE_SCAN_H
#define MBOX_STORE_SCAN_H

#include "from.h"

#include <stdint.h>

struct message {
	uint64_t at;   /* where its "From " line is */
	uint64_t len;  /* octets with that line, without the blank line behind */
	uint64_t size; /* on the wire (POP-023) */
	/* of all of it but the "From " line and the header fields in which mail programs take
	 * notes */
	uint64_t hash;
};

enum scan_result {
	SCAN_MESSAGE,
	SCAN_END,
	SCAN_BAD,   /* this is no mbox */
	SCAN_ERROR, /* errno */
};

/* What was seen of a message up to some place. */
struct scan_sum {
	uint64_t end;
	uint64_t size;
	uint64_t hash;
};

#define SCAN_FRONT 24

struct scan {
	int fd;
	uint64_t at;    /* of what of `bytes` was not taken */
	uint64_t end;   /* what lies behind is not looked at */
	uint64_t start; /* of the message */
	bool inside;    /* a message */
	bool header;    /* of the message */
	bool note;      /* the header field is of no account */
	bool separated; /* the line before was blank: `before_blank` */
	struct scan_sum now, before_line, before_blank;
	struct from from;             /* the front of the line */
	uint64_t line_len;            /* octets of it so far */
	char last[2];                 /* the last two of them */
	char front[SCAN_FRONT];       /* the first ones */
	size_t from_byte, until_byte; /* what of `bytes` was not taken */
	char bytes[65536];
};

/* Begins at `at`, where a message must be, unless there is nothing up to `end`. */
void scan_begin(struct scan *scan, int fd, uint64_t at, uint64_t end);

enum scan_result scan_next(struct scan *scan, struct message *message);

/* True when the message is still there; *end is behind the blank line that follows it, if one does.
 * False with errno, ENOENT: it is not. */
bool scan_finds(int fd, const struct message *message, uint64_t *end);

#endif
