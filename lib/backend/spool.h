/* SPDX-License-Identifier: ISC */
/*
 * spool.h - the message while it arrives: memory first, then an unnamed file.
 *
 * Only the runner writes it.  A spool that could not take everything goes on
 * counting and says so at the end (`error`), so that the client can be told after
 * the message, and not before.
 */
#ifndef MAILSESSION_SPOOL_H
#define MAILSESSION_SPOOL_H

#include "base/span.h"

#include <stdint.h>

struct spool {
	const char *dir;     /* where the file goes */
	uint64_t memory_max; /* octets kept in memory */
	int fd;              /* -1: nothing open */
	bool in_file;
	bool lent;     /* memory: a reader has the offset of `fd` */
	uint64_t size; /* octets held */
	int error;     /* errno of the first failure, 0 none */
};

void spool_init(struct spool *spool, const char *dir, uint64_t memory_max);

/* Begins a message; an earlier one is thrown away. */
void spool_open(struct spool *spool);

/* Appends; failures are kept in spool->error. */
void spool_write(struct spool *spool, struct span bytes);

/* Moves up to `len` octets out of `pipe` into the spool: octets moved, 0 at its end, -1 with errno
 * (EAGAIN). */
int64_t spool_splice(struct spool *spool, int pipe, uint64_t len);

/*
 * The message is whole: a read-only descriptor on it, offset 0 and its own; close-on-exec.  Nothing
 * can be added then.  -1 with errno.
 */
int spool_reader(struct spool *spool);

void spool_close(struct spool *spool);

#endif
