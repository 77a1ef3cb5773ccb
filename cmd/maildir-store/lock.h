/* SPDX-License-Identifier: ISC */
/*
 * lock.h - the exclusive use of a maildrop by one POP3 session (RFC 1939 4, POP-016).
 *
 * A lock on the Maildir's own directory: there is no file to be written on a full disk
 * or left behind, and the kernel frees it however its holder ends.
 */
#ifndef MAILDIR_STORE_LOCK_H
#define MAILDIR_STORE_LOCK_H

#include "maildir.h"

enum lock_result {
	LOCK_TAKEN, /* held until the Maildir is closed */
	LOCK_BUSY,  /* *holder: process id, 0 when the kernel does not tell */
	LOCK_TROUBLE,
};

enum lock_result lock_take(const struct maildir *maildir, unsigned *holder);

#endif
