/* SPDX-License-Identifier: ISC */
/*
 * envelope.h - the accepted recipients of a transaction, with what belongs to each.
 *
 * The few of most transactions find room in storage of the owner's.  For more an arena is reserved
 * once, for the most there may be, and touched only as far as it is used; a new transaction begins
 * at its front again.
 */
#ifndef MAILSESSION_ENVELOPE_H
#define MAILSESSION_ENVELOPE_H

#include "backend/facts.h"

struct envelope {
	char *arena; /* the owner's storage, until there are more than fit there */
	size_t cap;
	bool reserved;
	size_t used;
	uint32_t most;    /* recipients */
	uint32_t count;   /* accepted, dropped ones included */
	uint32_t dropped; /* exit 99 at rcpt: accepted, counted, not delivered */
};

/* A place in the envelope: {0} is before the first recipient. */
struct envelope_place {
	size_t at;
	uint32_t index; /* of the recipient last visited, from 1 */
};

/* `few`, of `len` octets, stays the owner's and has to live as long as the envelope. */
void envelope_init(struct envelope *envelope, uint32_t most, char *few, size_t len);

/* Forgets all recipients. */
void envelope_clear(struct envelope *envelope);

/* Keeps the recipient facts of `facts`. False: there is no room for another one. */
bool envelope_add(struct envelope *envelope, const struct facts *facts, bool dropped);

/*
 * Goes to the next recipient, puts its facts into `facts`, and says in *dropped whether it is not
 * to be delivered.  False: there are no more; the recipient facts are then unset.
 */
bool envelope_next(const struct envelope *envelope, struct envelope_place *place,
		   struct facts *facts, bool *dropped);

/*
 * Descriptor 3 of deliver as an unnamed file: the sender, then each recipient that is to be
 * delivered, a line each; with `parameters` a TAB and its parameters as sent behind it.
 * *len: its octets. -1 with errno.
 */
int envelope_file(const struct envelope *envelope, struct facts *facts, bool parameters,
		  uint64_t *len);

/* The same with one recipient: the one whose facts are in `facts`. */
int envelope_file_of_one(const struct facts *facts, bool parameters, uint64_t *len);

#endif
