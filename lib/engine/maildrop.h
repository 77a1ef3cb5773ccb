/* SPDX-License-Identifier: ISC */
/*
 * maildrop.h - the index of a POP3 maildrop, built from a listing (RFC 1939 5, 7).
 *
 * The listing is text, a line `ID [SIZE or -] [UID]` for each message in order, and lies in
 * the driver's storage.  The index holds 16 octets a message; IDs and unique-ids are read
 * back when they are wanted.  Messages are numbered from 1 and keep their numbers.
 */
#ifndef MAILSESSION_MAILDROP_H
#define MAILSESSION_MAILDROP_H

#include "base/buffer.h"

/* Longest line of a listing: an ID, a size and a unique-id. */
#define POP3_LISTING_LINE_MAX 1200
/* Longest ID, and longest unique-id (RFC 1939 7). */
#define MAILDROP_ID_MAX  1024
#define MAILDROP_UID_MAX 70
/* Octets of the listing that are read at a time. */
#define MAILDROP_BLOCK 16384

/*
 * Where a maildrop's listing is kept. The functions are the driver's: the engine itself does
 * no I/O and takes no memory.
 */
struct pop3_storage {
	void *context;
	/* Appends to the listing text. False: no room, login fails [SYS/TEMP]. */
	bool (*append)(void *context, struct span bytes);
	/* Reads up to `len` octets of the listing at `at` into `bytes`; returns how many. */
	size_t (*read)(void *context, uint64_t at, char *bytes, size_t len);
	/* Zeroed memory for `size` octets, kept till the end of the session, or NULL. */
	void *(*memory)(void *context, size_t size);
};

enum maildrop_result {
	MAILDROP_OK,
	MAILDROP_STORAGE, /* the driver has no room, or lost what it was given: [SYS/TEMP] */
	MAILDROP_BAD, /* the listing breaks its form (POP-034): [SYS/PERM]; see maildrop_fault */
};

/* A line of the listing. The spans live until the next call. */
struct maildrop_line {
	struct span id;
	struct span uid;
	bool sized;
	uint64_t size; /* octets on the wire, when sized */
};

struct maildrop_entry;

struct maildrop {
	const struct pop3_storage *storage;
	uint32_t count;     /* messages */
	uint32_t remaining; /* messages that are not marked as deleted */
	uint32_t unsized;   /* ... and whose size is not known */
	uint64_t octets;    /* sizes of the remaining ones, as far as known (POP-021) */
	/* private */
	struct maildrop_entry *entries;
	size_t capacity;     /* entries that there is memory for */
	uint64_t start, end; /* where the listing begins and ends in the storage */
	uint64_t lines;      /* in the listing, at most */
	size_t line_len;     /* octets of the line that is being appended */
	const char *fault;   /* why the listing is bad */
	struct span culprit; /* what of it is */
	uint64_t block_at;   /* where `block` comes from */
	size_t block_len;
	char block[MAILDROP_BLOCK + 16];
};

void maildrop_init(struct maildrop *maildrop, const struct pop3_storage *storage);

/* Begins a new listing; what an earlier one held is forgotten. */
void maildrop_begin(struct maildrop *maildrop);

/* Appends a piece of the listing. */
enum maildrop_result maildrop_append(struct maildrop *maildrop, struct span bytes);

/* The listing is over: checks every line and that no two unique-ids are the same, and builds the
 * index. */
enum maildrop_result maildrop_finish(struct maildrop *maildrop);

/* After MAILDROP_BAD: writes a few words with the ID, for the log. Valid until the next call. */
void maildrop_fault(const struct maildrop *maildrop, struct buffer *text);

/* In all that follows `number` is from 1 to maildrop->count. */

/* Reads the line of a message. False when the storage lost it. */
bool maildrop_line(struct maildrop *maildrop, uint32_t number, struct maildrop_line *line);

/* False when the size is not known. */
bool maildrop_size(const struct maildrop *maildrop, uint32_t number, uint64_t *size);
/* Sets the size of a message that had none. */
void maildrop_set_size(struct maildrop *maildrop, uint32_t number, uint64_t size);

bool maildrop_marked(const struct maildrop *maildrop, uint32_t number);
/* Marks a message as deleted, which it was not. */
void maildrop_mark(struct maildrop *maildrop, uint32_t number);
/* Takes all marks off (RSET). */
void maildrop_unmark(struct maildrop *maildrop);

#endif
