/* SPDX-License-Identifier: ISC */
/*
 * kept.h - the listing of a large maildrop, kept as long as its folders do not change.
 *
 * The file `mail-session.listing` in the Maildir holds the lines of the last listing and, in its
 * last line, inode and times of new/ and cur/, the number of octets and their hash.  Whatever is
 * delivered, renamed or removed changes the times of a folder; programs that bring back a copy
 * set the time of modification, but nobody sets that of the inode's last change.  Only listings
 * that were made from names alone are kept, since what a name tells stays true.
 */
#ifndef MAILDIR_STORE_KEPT_H
#define MAILDIR_STORE_KEPT_H

#include "replacement.h"

/* Fewer messages are listed anew in no time. */
#define KEPT_LEAST 1000

struct kept {
	struct maildir *maildir;
	struct replacement new; /* none: this listing is not kept */
	int64_t began;          /* when the folders were looked at */
	bool looked;            /* `folders` are known */
	struct stat folders[2]; /* new/ and cur/ before they were read */
	uint64_t octets;
	uint64_t hash;
	struct buffer out;
	char out_bytes[16384];
};

/* Yields the kept listing if it still holds: *exit is that of the event. False: it does not, or
 * there is none. */
bool kept_tell(struct request *request, struct maildir *maildir, int *exit);

/* Looks at the folders before they are read; the listing is not kept yet. */
void kept_init(struct kept *kept, struct maildir *maildir);

/* Begins to keep the listing: before its first line. */
void kept_begin(struct kept *kept);

/* A line of the listing, with its LF. */
void kept_line(struct kept *kept, struct span line);

/* The listing is over. `worth`: it is whole, and from names alone. */
void kept_end(struct kept *kept, bool worth);

#endif
