/* SPDX-License-Identifier: ISC */
/*
 * outcome.h - what an event yields or replies: standard output and an exit code, or the
 * records that carry both in the co-process contract.
 *
 * Output is collected in blocks.  What cannot be written is remembered, not reported at
 * once: whoever asked is gone, and what was stored stays stored.
 */
#ifndef MAILSESSION_STORE_OUTCOME_H
#define MAILSESSION_STORE_OUTCOME_H

#include "backend/record.h"

/* Octets of a part; the record that announces it goes in front of it. */
#define OUTCOME_BLOCK 65536
#define OUTCOME_FRONT 64

/* Octets of short answers that are written at once, when calls behind theirs have come already. */
#define OUTCOME_HELD 2048

struct outcome {
	struct channel *channel; /* NULL: standard output */
	bool failed;             /* nobody is there to read it */
	uint32_t number;         /* of the call, which its answer tells; 0: it had none */
	size_t held_len;         /* octets of answers that wait for the next */
	char held[OUTCOME_HELD];
	unsigned held_fds;
	int held_fd[CHANNEL_FDS_MAX];
	size_t len; /* octets in the block */
	char bytes[OUTCOME_FRONT + OUTCOME_BLOCK];
};

/* Forgets what was put and not yet written. */
void outcome_begin(struct outcome *outcome);

void outcome_put(struct outcome *outcome, struct span bytes);

/* The last part, and the exit code. False: nobody is there to read it. */
bool outcome_end(struct outcome *outcome, int exit);

/* Sends the answers that wait: before more calls are waited for. False: nobody is there to read
 * them. */
bool outcome_send(struct outcome *outcome);

/* Ends the answer with a descriptor that stands for standard output (co-process with can=fds), and
 * is the outcome's from now on. */
bool outcome_end_fd(struct outcome *outcome, int fd);

#endif
