/* SPDX-License-Identifier: ISC */
/*
 * deletion.h - removing messages, of which the quota and the disk are told once for all.
 */
#ifndef MAILDIR_STORE_DELETION_H
#define MAILDIR_STORE_DELETION_H

#include "message.h"

struct deletion {
	struct maildir *maildir;
	bool quota;        /* there is a file to tell */
	bool failed;       /* something is left */
	bool touched;      /* something is gone, perhaps not durably */
	uint64_t messages; /* that are gone */
	uint64_t octets;
};

void deletion_begin(struct deletion *deletion, struct maildir *maildir);

/* Goes on after a failure, which is logged. A message that is gone already is none. */
void deletion_remove(struct deletion *deletion, struct message *message);

/* Makes it durable, and tells the quota. False: something was not done, which was logged. */
bool deletion_end(struct deletion *deletion);

#endif
