/* SPDX-License-Identifier: ISC */
/*
 * pop3.h - the server side of POP3 (RFC 1939, 2449).
 *
 * See engine.h for how to drive it.  The engine raises AUTH (LOGIN_NAME, PASSWORD),
 * then LIST; the listing comes as content, and the maildrop's index is built from it.
 */
#ifndef MAILSESSION_POP3_H
#define MAILSESSION_POP3_H

#include "engine/engine.h"

/* Longest command line with CRLF (RFC 2449 4), and longest line inside AUTH (RFC 5034 4). */
#define POP3_LINE_MAX 255
#define POP3_AUTH_LINE_MAX 12288
/* Longest line of a listing: an ID, a size and a unique-id. */
#define POP3_LISTING_LINE_MAX 1200

/*
 * Where a maildrop's listing is kept.  The engine keeps 16 octets a message and goes
 * back to the listing for IDs and unique-ids, so that 100,000 messages cost little.
 * Both functions are the driver's: the engine itself does no I/O and takes no memory.
 */
struct pop3_storage {
	void *context;
	/* Appends to the listing text. False: no room, login fails [SYS/TEMP]. */
	bool (*append)(void *context, struct span bytes);
	/* Reads up to `len` octets of the listing at `at` into `bytes`; returns how many. */
	size_t (*read)(void *context, uint64_t at, char *bytes, size_t len);
	/* Zeroed memory for `size` octets, kept till the end of the session, or NULL. */
	void *(*memory)(void *context, size_t size);
};

/* What is fixed for all sessions of a program. Everything it points to must outlive the engine. */
struct pop3_config {
	struct span hostname;
	struct span greeting;      /* text behind "+OK ", may be empty */
	struct span signoff;       /* text of the reply to QUIT, may be empty */
	struct span implementation; /* "name-version" for CAPA (RFC 2449 6.9), or empty */
	event_set handled;         /* events that the backend answers; the others get VERDICT_NONE */
	uint32_t max_errors;       /* in a row, then -ERR and close; 0 none */
	uint32_t max_commands;     /* in a session; 0 none */
	uint32_t max_auth_failures;
	bool plaintext_allowed;    /* USER/PASS may be used on this connection (POP-014) */
	bool quota_tempfail;
	struct span expire;        /* of --expire: days or NEVER, or SPAN_NONE */
	struct span login_delay;   /* of --login-delay: seconds, or SPAN_NONE */
	const struct span *disabled;
	unsigned disabled_count;
	const struct span *commands; /* verbs that have a command-VERB program */
	unsigned command_count;
	const struct span *command_states; /* of --command-state; none means any state */
	unsigned command_state_count;
};
