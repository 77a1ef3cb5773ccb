/* SPDX-License-Identifier: ISC */
/*
 * verdict.h - what a backend answers to an event, and the one table of exit codes.
 */
#ifndef MAILSESSION_VERDICT_H
#define MAILSESSION_VERDICT_H

#include "engine/event.h"

/* Nobody had an opinion: the engine applies the default of the event. */
#define VERDICT_NONE (-1)

/* SASL alone: the client is to be sent the text, which is base64, and to answer it. */
#define VERDICT_CHALLENGE (-2)

/* Exit codes with a meaning of their own (sysexits.h and qmail's). */
enum {
	EXIT_DONE = 0,
	EXIT_DATAERR = 65,
	EXIT_NOUSER = 67,
	EXIT_NOHOST = 68,
	EXIT_UNAVAILABLE = 69,
	EXIT_CANTCREAT = 73,
	EXIT_TEMPFAIL = 75,
	EXIT_NOPERM = 77,
	EXIT_CONFIG = 78,
	EXIT_DROPPED = 99,
	EXIT_PERMANENT = 100,
};

/* Reply text that a program may print, octets. */
#define VERDICT_TEXT_MAX 8192

/*
 * A verdict. `text` holds the lines that the program printed, separated by LF,
 * directives already taken out, at most VERDICT_TEXT_MAX octets and not yet
 * cleaned; it lives until the engine has been given the verdict.
 */
struct verdict {
	int exit; /* 0 to 255, VERDICT_NONE or VERDICT_CHALLENGE */
	struct span text;
	struct span id; /* TRANSACTION_ID, once a transaction has one */
	bool close;     /* the :close directive: end the session after this reply */
};

/* What an exit code means on the wire. */
struct exit_meaning {
	unsigned code;        /* SMTP reply code */
	const char *enhanced; /* RFC 3463 status code */
	const char *pop3;     /* RFC 2449 response code, or "" */
};

/* True for the exit codes that say yes: 0 and 99. */
MS_API bool exit_accepts(int exit);

/* True when an exit code refuses for good (5xx); neither this nor exit_accepts: try again later. */
MS_API bool exit_permanent(int exit);

/*
 * True when an exit code says that a login is refused (DESIGN 8): checkpassword programs know 1, 2
 * and 100. Any other that is not 0 is trouble of ours and never told as a wrong password.
 */
MS_API bool exit_refuses_login(int exit);

/*
 * The reply for a refusing exit code, for `event` (rcpt maps 69, 100, 20 and 31 to
 * 550 5.1.1; connect answers 554 or 421; auth has no place here). With
 * `quota_tempfail` exit 73 is temporary. For an accepting code, code is 0.
 */
MS_API struct exit_meaning exit_meaning(int exit, enum event event, bool quota_tempfail);

#endif
