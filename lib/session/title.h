/* SPDX-License-Identifier: ISC */
/*
 * title.h - what ps(1) shows for a process: "smtp-session: 192.0.2.1 MAIL".
 *
 * The title overwrites the memory of argv and of the environment behind it, which move away at
 * start.  Never a secret: every user of the machine can read it.
 */
#ifndef MAILSESSION_TITLE_H
#define MAILSESSION_TITLE_H

#include "base/span.h"

/* The longest title, octets. */
#define TITLE_MAX 200

/*
 * Moves the arguments and what is near them of the environment away and remembers their place; argv
 * and `environ` name the new one.  First thing in main.  When there is no memory nothing moves, and
 * titles stay.
 */
MS_API void title_init(char **argv);

/* Shows "PROGRAM: subject state". An empty part is left out; what is not printable shows as '?'. No
 * system call. */
MS_API void title_set(struct span subject, struct span state);

#endif
