/* SPDX-License-Identifier: ISC */
/*
 * tmp.h - what killed deliveries left in tmp/.
 */
#ifndef MAILDIR_STORE_TMP_H
#define MAILDIR_STORE_TMP_H

#include "maildir.h"

/*
 * Removes files that nobody read or wrote for 36 hours, as every program that reads a Maildir
 * may.  Looks at a bounded number of entries; the next login may find more.
 */
void tmp_tidy(struct maildir *maildir);

#endif
