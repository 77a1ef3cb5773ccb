/* SPDX-License-Identifier: ISC */
/*
 * uids.h - unique-ids of a listing (RFC 1939 7, POP-033): the hashes of the messages.
 *
 * Of messages that are alike, the second and the later ones get other numbers, which follow
 * from the hash and how many were before.  Eight octets a message and no more than twice that.
 */
#ifndef MBOX_STORE_UIDS_H
#define MBOX_STORE_UIDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uids {
	uint64_t *slots; /* open addressing; 0: empty */
	size_t size;     /* a power of two; 0: none yet */
	size_t count;
};

/* The unique-id of the next message, never 0. False: there is no memory. */
bool uids_take(struct uids *uids, uint64_t hash, uint64_t *uid);

void uids_end(struct uids *uids);

#endif
