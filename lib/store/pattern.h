/* SPDX-License-Identifier: ISC */
/*
 * pattern.h - the path pattern of the mailboxes: MAILDIR, MBOX.
 *
 * %u is the whole name, %n its local part, %d its domain, %% a percent sign.  The
 * domain is lower-cased (RFC 5321 2.4: domains know no case), the local part stays
 * as written.  No value can leave the directory that the pattern puts it in.
 */
#ifndef MAILSESSION_STORE_PATTERN_H
#define MAILSESSION_STORE_PATTERN_H

#include "base/span.h"

#include <limits.h>

/*
 * The administrator's own part of the path may hold symbolic links; what comes after,
 * from the first part that a value goes into, may not.
 */
struct mailbox_path {
	char base[PATH_MAX]; /* the directories before the first value */
	char rest[PATH_MAX]; /* below base; no empty part, no "." and no ".." */
};

enum pattern_result {
	PATTERN_OK,
	PATTERN_NO_MAILBOX, /* this name cannot have a mailbox here */
	PATTERN_BAD,        /* the pattern itself is wrong */
};

enum pattern_result pattern_expand(struct span pattern, struct span user,
				   struct mailbox_path *path);

#endif
