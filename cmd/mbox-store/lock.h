/* SPDX-License-Identifier: ISC */
/*
 * lock.h - the mailbox between programs, and the maildrop between sessions.
 *
 * Whoever reads or writes an mbox holds a lock by fcntl(2) on it and then the file NAME.lock
 * beside it, and holds both for moments only.  A POP3 session holds flock(2) on
 * NAME.session, which concerns nobody but other sessions (RFC 1939 4, POP-016).
 */
#ifndef MBOX_STORE_LOCK_H
#define MBOX_STORE_LOCK_H

#include "base/span.h"

#include <limits.h>

/* Octets of a name that ends with one of ours. */
#define LOCK_NAME_MAX (NAME_MAX + 16)

enum lock_result {
	LOCK_TAKEN,
	LOCK_BUSY,
	LOCK_TROUBLE, /* errno */
};

/* Takes the lock of the kernel without waiting; it is held until `file` is closed. */
enum lock_result lock_file(int file);

/*
 * Makes NAME.lock without waiting, and removes one that was left behind first: its process is
 * gone, or it is ten minutes old. Only who holds lock_file may call this.
 */
enum lock_result lock_dot(int dir, const char *name);

void lock_free_dot(int dir, const char *name);

/* Takes the maildrop; *session is its descriptor. */
enum lock_result lock_session(int dir, const char *name, int *session);

/* Removes NAME.session, which nobody else holds now, and closes it. */
void lock_free_session(int dir, const char *name, int *session);

#endif
