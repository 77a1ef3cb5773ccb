/* SPDX-License-Identifier: ISC */
/*
 * smtp.h - the server side of SMTP (RFC 5321) and LMTP (RFC 2033).
 *
 * One engine, two modes: LMTP differs in its greeting verb and in one reply for
 * each recipient after the message.  See engine.h for how to drive it.
 */
#ifndef MAILSESSION_SMTP_H
#define MAILSESSION_SMTP_H

#include "engine/engine.h"
#include "mail/address.h"

/* Longest command line with CRLF (SMTP-011), and longest line inside AUTH (RFC 4954 4). */
#define SMTP_LINE_MAX 2048
#define SMTP_AUTH_LINE_MAX 12288

/* What is fixed for all sessions of a program. Everything it points to must outlive the engine. */
struct smtp_config {
	enum protocol protocol;       /* PROTOCOL_SMTP or PROTOCOL_LMTP */
	struct span hostname;         /* FQDN or address literal */
	struct span greeting;         /* text behind "220 hostname ESMTP", may be empty */
	struct span signoff;          /* text of the 221 reply, may be empty */
	event_set handled;            /* events that the backend answers; the others get VERDICT_NONE */
	uint64_t size_limit;          /* octets, 0 none */
	uint32_t max_recipients;      /* in a transaction */
	uint32_t max_errors;          /* in a row, then 421; 0 none */
	uint32_t max_commands;        /* in a session, then 421; 0 none */
	uint32_t max_hops;            /* Received fields in a message */
	enum address_charset charset;
	bool clean_newlines;          /* --bare-newline clean */
	bool crlf;                    /* hand line ends on as CRLF, not LF */
	bool quota_tempfail;
	const struct span *accept_domains; /* when nobody answers RCPT */
	unsigned accept_domain_count;
	const struct span *announce;  /* EHLO keywords of --announce; "-KEYWORD" withholds one */
	unsigned announce_count;
	const struct span *disabled;  /* verbs of --disable-command */
	unsigned disabled_count;
	const struct span *commands;  /* verbs that have a command-VERB program */
	unsigned command_count;
	const struct span *command_states; /* of --command-state; none means any state */
	unsigned command_state_count;
};

enum smtp_state {
	SMTP_CONNECTED, /* S0 of the conformance list */
	SMTP_GREETED,   /* S1 */
	SMTP_MAIL,      /* S2: a reverse-path */
	SMTP_RCPT,      /* S3: at least one recipient */
	SMTP_CHUNKS,    /* S4: BDAT chunks, no LAST */
	SMTP_CHUNKS_FAILED, /* S5 */
	SMTP_REFUSED,   /* the greeting was 554: QUIT only (RFC 5321 3.1) */
};
