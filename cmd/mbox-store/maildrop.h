/* SPDX-License-Identifier: ISC */
/*
 * maildrop.h - the POP3 events on an mbox (RFC 1939).
 *
 * The mailbox is locked for an instant when it is listed and while messages are removed; other
 * programs deliver to it all the time between.  The ID of a message is its place, its length and
 * its hash: all three are checked whenever it is asked for, so that a mailbox which another program
 * has changed makes messages that are gone, and never a wrong one.
 */
#ifndef MBOX_STORE_MAILDROP_H
#define MBOX_STORE_MAILDROP_H

#include "mailbox.h"
#include "scan.h"

/* The event `list`. A co-process takes the maildrop for its session first (POP-016). */
int maildrop_list(struct request *request);

/* The events `retrieve` and `top`. */
int maildrop_retrieve(struct request *request);
int maildrop_top(struct request *request);

/* The event `delete`: those of the input, a line each; goes on after one that cannot be removed. */
int maildrop_delete(struct request *request);

/* Takes messages that are still there, in the order of their places, out of a locked mailbox.
 * *failed: some were not. False with errno: none was. */
bool maildrop_remove(struct mailbox *mailbox, const struct message *messages, size_t count,
		     bool *failed);

#endif
