/* SPDX-License-Identifier: ISC */
/*
 * quota.h - the quota of a Maildir, by the file `maildirsize` that Maildir++ programs share.
 *
 *     524288000S,10000C     the limits: octets, messages
 *     1234 1                what was there, and since then came (or went: -1234 -1)
 *
 * The limits are those of QUOTA_LIMIT, else of the file; without either there is no
 * quota.  Deliveries at the same time may exceed it by what they deliver.
 */
#ifndef MAILDIR_STORE_QUOTA_H
#define MAILDIR_STORE_QUOTA_H

#include "maildir.h"

/*
 * EXIT_DONE when a message of `size` octets fits; otherwise puts the reply text
 * (LMTP-019) and returns EXIT_TEMPFAIL, or with QUOTA=permanent EXIT_CANTCREAT.
 */
int quota_room(struct request *request, struct maildir *maildir, uint64_t size);

/* Records what came or went, if there is a `maildirsize`; what cannot be written shows when it is
 * counted next. */
void quota_change(struct maildir *maildir, int64_t octets, int64_t messages);

/* True when the Maildir has a `maildirsize`. */
bool quota_kept(const struct maildir *maildir);

#endif
