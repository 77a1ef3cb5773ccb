/* SPDX-License-Identifier: ISC */
/*
 * secure.h - how a session comes to TLS: what the runner keeps for it.
 *
 * While TLS may still begin, the runner holds the client's descriptors beside the parser.  When it
 * begins, they go to a process that speaks TLS: tls-session, started for this client, or a server
 * in front that offers UCSPI-TLS.  A fresh parser gets the other end, and nobody keeps the client.
 */
#ifndef MAILSESSION_SECURE_H
#define MAILSESSION_SECURE_H

#include <stdbool.h>
#include <sys/types.h>

struct secure {
	int in, out;   /* the client, while TLS may begin; else -1 */
	int control;   /* where the go is given and the facts come from, or -1 */
	int plain[2];  /* for the fresh parser: what it reads, what it writes; or -1 */
	bool foreign;  /* a server in front speaks TLS: UCSPI-TLS */
	bool granted;  /* the parser was told that TLS may begin */
	bool begun;    /* ... and said goodbye for it */
	pid_t process; /* tls-session, or 0 */
};

/* Nothing is held yet. */
#define SECURE_NONE                                                     \
	(struct secure)                                                 \
	{                                                               \
		.in = -1, .out = -1, .control = -1, .plain = { -1, -1 } \
	}

#endif
