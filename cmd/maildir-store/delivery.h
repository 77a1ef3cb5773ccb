/* SPDX-License-Identifier: ISC */
/*
 * delivery.h - one message into the Maildirs of its recipients (RFC 5321 4.4: final delivery).
 *
 * Success means durable: each file was synced before it was moved from tmp/ into new/, and so
 * was new/ after.  Success means all: a message with several recipients is in all of their
 * mailboxes, or the answer is to try again later and it is in none.
 */
#ifndef MAILDIR_STORE_DELIVERY_H
#define MAILDIR_STORE_DELIVERY_H

#include "maildir.h"

/* The event `deliver`. Returns the exit code; its reply text is in the answer. */
int delivery_run(struct request *request);

#endif
