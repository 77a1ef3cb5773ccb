/* SPDX-License-Identifier: ISC */
/*
 * answer.h - what an event yields or replies: standard output and an exit code, or the
 * records that carry both in the co-process contract.
 *
 * Output is collected in blocks.  What cannot be written is remembered, not reported at
 * once: whoever asked is gone, and what was stored stays stored.
 */
#ifndef MAILDIR_STORE_ANSWER_H
#define MAILDIR_STORE_ANSWER_H

#include "backend/record.h"

/* Octets of a part; the record that announces it goes in front of it. */
#define ANSWER_BLOCK 65536
#define ANSWER_FRONT 64

struct answer {
	struct channel *channel; /* NULL: standard output */
	bool failed;             /* nobody is there to read it */
	size_t len;              /* octets in the block */
	char bytes[ANSWER_FRONT + ANSWER_BLOCK];
};

/* Forgets what was put and not yet written. */
void answer_begin(struct answer *answer);

void answer_put(struct answer *answer, struct span bytes);

/* The last part, and the exit code. False: nobody is there to read it. */
bool answer_end(struct answer *answer, int exit);

/* Ends the answer with a descriptor that stands for standard output (co-process with can=fds). */
bool answer_end_fd(struct answer *answer, int fd);

#endif
