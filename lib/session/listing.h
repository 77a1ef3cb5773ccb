/* SPDX-License-Identifier: ISC */
/*
 * listing.h - the parser's storage of a maildrop's listing: what POP3's engine keeps and goes back
 * to.
 *
 * A store lists into a file, whose descriptor comes with its answer and stays open as long as the
 * session.  The engine keeps octets just as it was fed them, so that nothing has to be copied.
 */
#ifndef MAILSESSION_LISTING_H
#define MAILSESSION_LISTING_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct listing {
	int fd;        /* of the file, or -1 */
	uint64_t base; /* octets of earlier listings */
	uint64_t len;  /* of this one that the engine has kept */
};

/* None so far. */
static inline void listing_init(struct listing *listing)
{
	*listing = (struct listing){ .fd = -1 };
}

/* A new listing, in a file whose descriptor becomes the listing's, or -1. */
void listing_begin(struct listing *listing, int fd);

/* Reads what the engine has not kept yet, as read(2) does. */
ssize_t listing_feed(const struct listing *listing, char *bytes, size_t len);

/* struct pop3_storage, with a listing as its context. */
bool listing_append(void *context, struct span bytes);
size_t listing_read(void *context, uint64_t at, char *bytes, size_t len);
void *listing_memory(void *context, size_t size);

#endif
