/* SPDX-License-Identifier: ISC */
/*
 * helper.h - where the programs of libexec are.
 */
#ifndef MAILSESSION_HELPER_H
#define MAILSESSION_HELPER_H

#include "base/buffer.h"

/*
 * Writes the path of the helper `name`: in the libexec directory that was configured at build time,
 * or, when it is not there, beside the running program (a build tree).
 */
void helper_path(struct buffer *path, const char *name);

#endif
