/* SPDX-License-Identifier: ISC */
/*
 * listing.h - the messages of a maildrop, in the order of their delivery.
 *
 * Read from the names alone: no message is opened whose name tells its size, or that was
 * opened for it by an earlier listing.  Memory
 * does not grow with the number of messages: a maildrop that does not fit is read
 * several times, the earliest messages first.
 */
#ifndef MAILDIR_STORE_LISTING_H
#define MAILDIR_STORE_LISTING_H

#include "maildir.h"

/*
 * The event `list`.  A co-process takes the lock of the maildrop first and keeps it
 * (POP-016); started for this event alone, whoever runs us must hold one.
 */
int listing_run(struct request *request);

#endif
