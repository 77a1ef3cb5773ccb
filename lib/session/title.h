/* SPDX-License-Identifier: ISC */
/*
 * title.h - what ps(1) shows for a process: "smtp-session: 192.0.2.1 MAIL".
 *
 * The title overwrites the memory of argv and of the environment, both of which move
 * away at start.  Never a secret: every user of the machine can read it.
 */
#ifndef MAILSESSION_TITLE_H
#define MAILSESSION_TITLE_H

#include "base/span.h"

/* The longest title, octets. */
#define TITLE_MAX 200

/*
 * Moves the arguments and `environ` away and remembers their place.  First thing in main;
 * returns the arguments to use from then on.  When there is no memory nothing moves, and titles
 * stay.
 */
MS_API char **title_init(int argc, char **argv);

/* Shows "PROGRAM: subject state". An empty part is left out; what is not printable shows as '?'. No
 * system call. */
MS_API void title_set(struct span subject, struct span state);

#endif
