/* SPDX-License-Identifier: ISC */
/*
 * journal.h - log lines as entries of systemd's journal, by its native protocol: a datagram of
 * NAME=value lines to a socket whose path is fixed. Nothing of systemd's is linked for that.
 */
#ifndef MAILSESSION_JOURNAL_H
#define MAILSESSION_JOURNAL_H

#include "base/buffer.h"

/* The longest entry; a field that does not fit is left out. */
#define JOURNAL_ENTRY_MAX 4096

/*
 * Makes an entry of a line of logfmt: PRIORITY, SYSLOG_FACILITY, SYSLOG_IDENTIFIER, the line as
 * MESSAGE, and each of its fields as MAILSESSION_KEY.
 */
void journal_compose(struct buffer *entry, int level, const char *program, struct span line);

/* Connects to the journal, unless that is done. False: there is none. */
bool journal_open(void);

/* Sends an entry without waiting. False: there is no journal, or it is full. */
bool journal_send(struct span entry);

void journal_close(void);

#endif
