/* SPDX-License-Identifier: ISC */
/*
 * supervise.h - TLS in front of a program: a process for each, and this one, which waits for them.
 *
 * It stays so that whoever started us has one process to wait for and to send signals to: SIGTERM
 * and the like go on to the program, which knows what to do with them.
 */
#ifndef TLS_SESSION_SUPERVISE_H
#define TLS_SESSION_SUPERVISE_H

#include "option/option.h"

/*
 * Serves fd 0 and 1 with the program argv, at once inside TLS, or when `ucspi` in clear until it
 * asks for TLS.  Returns the exit status: the program's, or why it could not be run.
 */
int supervise_run(const struct options *options, char **argv, bool ucspi);

#endif
