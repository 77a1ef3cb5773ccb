/* SPDX-License-Identifier: ISC */
/*
 * sizes.h - the sizes on the wire of messages whose names do not tell them.
 *
 * Files that other programs delivered must be read for it, each once: the file
 * `mail-session.sizes` in the Maildir remembers.  A line holds the unique part of a name,
 * inode, size, modification time, the size on the wire, and a hash of all that.  Lines are
 * in the order of the listing, so old and new are walked beside it in constant memory.
 *
 * A line counts only while all it says of the file holds.  The file is replaced in one
 * step, and what cannot be read or written merely costs time.
 */
#ifndef MAILDIR_STORE_SIZES_H
#define MAILDIR_STORE_SIZES_H

#include "message.h"
#include "name.h"
#include "replacement.h"

/* Octets of a line: an escaped name and numbers. */
#define SIZES_LINE_MAX 1024

/* The next line of the old file. */
struct sizes_line {
	bool there;
	uint64_t time; /* of delivery, by the name */
	uint64_t inode, size, seconds, nanoseconds, wire;
	uint64_t start, end; /* octets up to its start and to its end */
	size_t name_len;
	char name[NAME_MAX + 1];
};

struct sizes {
	struct maildir *maildir;
	int old;                /* -1: there is none (any more) */
	uint64_t read;          /* octets of it that are or were in `bytes` */
	uint64_t kept;          /* octets at its front that go into the new file as they are */
	bool exhausted;         /* what follows is not read */
	struct replacement new; /* none: nothing has changed yet */
	int64_t latest;         /* of the messages that were looked at: when one was last written
				   to, Unix seconds; 0: names told everything */
	bool given_up;          /* it cannot be written */
	int64_t save_at;        /* when what there is will be kept, should we be ended early */
	struct sizes_line line;
	size_t from, until; /* what of `bytes` was not taken */
	char bytes[16 * SIZES_LINE_MAX];
	struct buffer out;
	char out_bytes[4 * SIZES_LINE_MAX];
};

void sizes_begin(struct sizes *sizes, struct maildir *maildir);

/* As message_size, for one message after the other in the order of the listing. */
bool sizes_tell(struct sizes *sizes, struct message *message, uint64_t *size);

/* Replaces the file if anything changed. `whole`: all of the listing was told. */
void sizes_end(struct sizes *sizes, bool whole);

#endif
