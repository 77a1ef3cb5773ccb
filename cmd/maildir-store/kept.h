/* SPDX-License-Identifier: ISC */
/*
 * kept.h - the listing of a large maildrop, kept as long as its folders do not change.
 *
 * The file `mail-session.listing` in the Maildir holds the lines of the last listing and nothing
 * else, so that it can be passed on as it is.  `mail-session.seal` says what it is worth: inode and
 * times of new/ and cur/, the inode of the listing, its octets and their hash.  Whatever is
 * delivered, renamed or removed changes the times of a folder; programs that bring back a copy
 * set the time of modification, but nobody sets that of the inode's last change.
 *
 * What a name tells stays true.  A size that a look at the message told is true as long as nobody
 * writes to a message that was delivered, which no Maildir program does; such a listing is
 * believed for an hour, and not kept of messages that were just written.
 */
#ifndef MAILDIR_STORE_KEPT_H
#define MAILDIR_STORE_KEPT_H

#include "replacement.h"

/* Fewer messages are listed anew in no time. */
#define KEPT_LEAST 1000

/* Octets that are written, read and hashed at a time. */
#define KEPT_BLOCK 16384

/* Which listings are kept: LISTING_CACHE. */
enum keeping {
	KEEP_ALL,
	KEEP_NAMES, /* those that were made from names alone */
	KEEP_NONE,
};

struct kept {
	struct maildir *maildir;
	struct replacement new;    /* none: this listing is not kept */
	int64_t began;             /* when the folders were looked at */
	struct timespec looked_at; /* ... by CLOCK_REALTIME_COARSE */
	bool looked;               /* `folders` are known */
	struct stat folders[2];    /* new/ and cur/ before they were read */
	uint64_t octets;
	uint64_t hash;
	struct buffer out;
	char out_bytes[KEPT_BLOCK];
};

/* Reads LISTING_CACHE. False, and logged: it is no word that it may be. */
bool kept_keeping(const struct request *request, enum keeping *keeping);

/*
 * The kept listing, as its descriptor, if it still holds; -1 if it does not, or there is none.
 * *octets are all of it.
 */
int kept_open(struct maildir *maildir, enum keeping keeping, uint64_t *octets);

/* Yields an open listing; returns the exit code of the event. Takes the descriptor. */
int kept_tell(struct request *request, int fd, uint64_t octets);

/* Looks at the folders before they are read; the listing is not kept yet. */
void kept_init(struct kept *kept, struct maildir *maildir, enum keeping keeping);

/* Begins to keep the listing: before its first line. */
void kept_begin(struct kept *kept);

/* A line of the listing, with its LF. */
void kept_line(struct kept *kept, struct span line);

/*
 * The listing is over. `whole`: all of it was told. `latest`: when a message that was looked at was
 * last written to, in Unix seconds; 0 when names told everything.
 */
void kept_end(struct kept *kept, bool whole, int64_t latest);

#endif
