/* SPDX-License-Identifier: ISC */
/*
 * delivery.h - one message behind the others in the mailboxes of its recipients.
 *
 * Success means durable: each mailbox was synced before it was unlocked.  Success means all: where
 * one recipient's mailbox fails, the message is taken out of the others again.
 */
#ifndef MBOX_STORE_DELIVERY_H
#define MBOX_STORE_DELIVERY_H

#include "mailbox.h"

/* The event `deliver`. Returns the exit code; its reply text is in the outcome. */
int delivery_run(struct request *request);

#endif
