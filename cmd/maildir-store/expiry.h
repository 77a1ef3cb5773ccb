/* SPDX-License-Identifier: ISC */
/*
 * expiry.h - messages that the store keeps for EXPIRE days (RFC 2449 6.7), and no longer.
 *
 * A message counts as that old when both the time of delivery in its name, if there is one, and
 * the time of the file's last modification are.  What goes, goes before a maildrop is listed, so
 * that nothing of a session's own maildrop is removed but by its QUIT (POP-041).
 */
#ifndef MAILDIR_STORE_EXPIRY_H
#define MAILDIR_STORE_EXPIRY_H

#include "maildir.h"

/* The event `expire`: prints EXPIRE; without one nothing is announced. */
int expiry_run(struct request *request);

/* Removes what is too old. EXIT_DONE, whatever could not be removed; EXIT_CONFIG: EXPIRE is wrong.
 */
int expiry_carry_out(struct request *request, struct maildir *maildir);

#endif
