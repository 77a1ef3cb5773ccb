/* SPDX-License-Identifier: ISC */
/*
 * logging.h - where a program's log lines go, and in which form.
 */
#ifndef MAILSESSION_LOGGING_H
#define MAILSESSION_LOGGING_H

#include "option/option.h"

/*
 * Under a BSD-style inetd fd 2 is the client's socket, and nothing of ours may go there: it becomes
 * /dev/null, and log lines go to the system's log.  For main, before logging_configure.
 */
void logging_part_from_client(void);

/* Takes the form and level of log lines from the options. */
void logging_configure(const struct options *options, enum protocol protocol);

#endif
