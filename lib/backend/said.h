/* SPDX-License-Identifier: ISC */
/*
 * said.h - standard error of a program, logged line by line.
 */
#ifndef MAILSESSION_SAID_H
#define MAILSESSION_SAID_H

#include "base/span.h"

/* Lines that one program may log for one event, and their longest, octets. */
#define SAID_LINES_MAX 20
#define SAID_LINE_MAX  512

struct said {
	int fd;              /* -1 once it has ended */
	unsigned lines;      /* logged so far */
	const char *event;   /* for the log */
	const char *session; /* for the log */
	size_t len;
	char text[SAID_LINE_MAX];
};

/* Takes `fd`, the reading end of a pipe, and makes it non-blocking. */
void said_begin(struct said *said, int fd, const char *event, const char *session);

/* Logs the whole lines that are there; at the end of the pipe closes it. Does not block. */
void said_read(struct said *said);

/* Logs what is left and closes the pipe. */
void said_end(struct said *said);

#endif
