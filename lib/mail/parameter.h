/* SPDX-License-Identifier: ISC */
/*
 * parameter.h - parameters of MAIL and RCPT (RFC 5321 4.1.2, 4.1.1.11).
 *
 * One table in parameter.c knows each parameter: its command, the EHLO keyword that
 * announces it, the check of its value, and what it sets.  A parameter that is not
 * announced now is not accepted.
 */
#ifndef MAILSESSION_PARAMETER_H
#define MAILSESSION_PARAMETER_H

#include "base/buffer.h"

enum parameter_command { PARAMETER_MAIL, PARAMETER_RCPT };

enum parameter_result {
	PARAMETER_OK,
	PARAMETER_SYNTAX,  /* 501 5.5.4: malformed, bad or missing value, or given twice */
	PARAMETER_UNKNOWN, /* 555 5.5.4: unknown, or not announced now, or of the other command */
};

struct parameter_rules {
	enum parameter_command command;
	bool utf8; /* RCPT: the transaction is SMTPUTF8 */
	/* Is this EHLO keyword announced in this session? */
	bool (*offered)(const void *context, struct span keyword);
	/* Is this a keyword of somebody else's extension, announced by the administrator? */
	bool (*foreign)(const void *context, struct span keyword);
	const void *context;
};

/* What was said. Spans are empty when it was not. */
struct parameters {
	struct span sent; /* all of it, as sent */
	uint64_t size;    /* declared (RFC 1870 5) */
	bool oversize;    /* what was declared has more than 64 bits */
	struct span body; /* "7BIT", "8BITMIME", "BINARYMIME" */
	bool binary;      /* BODY=BINARYMIME (RFC 3030 3) */
	bool utf8; /* SMTPUTF8 (RFC 6531 3.4); also set when the parameter itself is in error */
	struct span ret;    /* "FULL", "HDRS" */
	struct span envid;  /* decoded */
	struct span notify; /* "NEVER", or words in the order SUCCESS, FAILURE, DELAY */
	struct span orcpt;  /* type ";" decoded address */
};

/* Longest ENVID and ORCPT, octets (RFC 3461 4.4, 4.2). */
#define ENVID_MAX 100
#define ORCPT_MAX 500

/* Parses what follows the path; decoded values are written to `storage` (ORCPT_MAX suffices). */
MS_API enum parameter_result parameters_parse(struct span text, const struct parameter_rules *rules,
					      struct buffer *storage,
					      struct parameters *parameters);

/* True when `keyword` announces a parameter of the table. */
MS_API bool parameter_keyword_known(struct span keyword);

/* True for a keyword of RFC 5321 4.1.1.1: letters, digits and inner hyphens, at least one. */
MS_API bool ehlo_keyword_valid(struct span keyword);

#endif
