/* SPDX-License-Identifier: ISC */
/*
 * lock.h - the lock of a maildrop that shell hooks serve.
 */
#ifndef HOOK_RUNNER_LOCK_H
#define HOOK_RUNNER_LOCK_H

#include "base/span.h"

/*
 * Takes flock(2) on the file that `pattern` names for `user`: %u, %n and %d are the user, what
 * stands before the @ and what stands behind it, in the form that is fit for a file name; %% is a
 * percent sign.  The file is made when it is not there, and stays.  The descriptor that
 * holds the lock until it is closed, or -1 with errno, EWOULDBLOCK when another session has it.
 */
int lock_take(const char *pattern, struct span user);

#endif
