/* SPDX-License-Identifier: ISC */
/*
 * replacement.h - a file beside the folders of a Maildir that is replaced in one step.
 *
 * Written in tmp/ under a name of its own, then renamed.  Not synced: such files hold what can be
 * found out again, and a loss of power costs but time.
 */
#ifndef MAILDIR_STORE_REPLACEMENT_H
#define MAILDIR_STORE_REPLACEMENT_H

#include "maildir.h"
#include "name.h"

#include <time.h>

struct replacement {
	int fd; /* -1: none */
	char name[UID_MAX + 1];
};

/* Opens it for writing and reading; false, and fd -1, where that cannot be. */
bool replacement_begin(struct replacement *replacement, struct maildir *maildir);

/* Gives it its name, and leaves it open. False with errno. */
bool replacement_install(struct replacement *replacement, struct maildir *maildir,
			 const char *file);

/* Removes and closes it, if there is one that was not installed. */
void replacement_abandon(struct replacement *replacement, struct maildir *maildir);

/*
 * True when whatever changes a file or directory from `now` (CLOCK_REALTIME_COARSE) on also changes
 * this time of its last modification or change.
 */
bool settled_before(const struct timespec *changed, const struct timespec *now);

#endif
