/* SPDX-License-Identifier: ISC */
/*
 * rewrite.h - taking messages out of an mbox, so that no other message is ever lost.
 *
 * The file stays the same file, since a program that waits for its lock has it open already and
 * will append to it.  What is to stay of it from the first gap on is first written to NAME.rewrite,
 * durably; then it is written over the old octets, and what is left at the end is cut off.  Whoever
 * locks the mailbox next completes what was interrupted; mail that was appended meanwhile
 * stays.  Nothing but a cut is needed where no message stays behind the first gap.
 */
#ifndef MBOX_STORE_REWRITE_H
#define MBOX_STORE_REWRITE_H

#include "mailbox.h"

struct gap {
	uint64_t at, end;
};

/* Takes the gaps, ascending and apart, out of a locked mailbox. False with errno: at worst it is
 * completed later. */
bool rewrite_remove(struct mailbox *mailbox, const struct gap *gaps, size_t count);

/* Completes what was interrupted, in a locked mailbox. False with errno. */
bool rewrite_recover(struct mailbox *mailbox);

#endif
