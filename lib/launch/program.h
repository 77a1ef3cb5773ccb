/* SPDX-License-Identifier: ISC */
/*
 * program.h - what the mains of smtp-session, lmtp-session and pop3-session have in common: all.
 */
#ifndef MAILSESSION_PROGRAM_H
#define MAILSESSION_PROGRAM_H

#include "engine/event.h"

/*
 * Reads options, finds out how the process was started, and serves one session or runs the
 * accept loop.  Returns the exit status: 0; 78 for a bad configuration, 75 when the machine would
 * not do something, both of which a connected client hears as 421 or -ERR.
 */
int program_main(enum protocol protocol, int argc, char **argv);

#endif
