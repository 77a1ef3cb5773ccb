/* SPDX-License-Identifier: ISC */
/*
 * trace.h - the Received field (RFC 5321 4.4, RFC 3848, RFC 6531 3.7.3, RFC 8314 4.3).
 */
#ifndef MAILSESSION_TRACE_H
#define MAILSESSION_TRACE_H

#include "base/buffer.h"

#include <time.h>

/* Everything is text that passed the grammar of its kind; a fact that is not known is empty. */
struct trace {
	struct span helo; /* HELO_TRACE */
	struct span remote_host;
	struct span remote_addr; /* numeric, without brackets */
	struct span hostname;    /* ours: FQDN or address literal */
	struct span cipher;      /* IANA name of the TLS cipher suite */
	struct span id;          /* TRANSACTION_ID */
	struct span recipient;   /* empty unless the transaction has exactly one */
	bool lmtp;
	bool esmtp; /* EHLO was used, not HELO */
	bool tls;
	bool authenticated;
	bool utf8; /* SMTPUTF8 transaction */
	bool crlf; /* lines end in CRLF, else in LF */
	time_t when;
};

/* Octets that the field never exceeds. */
#define TRACE_MAX 2048

/* Writes the field with its line ends. */
MS_API void trace_write(struct buffer *out, const struct trace *trace);

/* The date of RFC 5322 3.3 in UTC: "Mon, 02 Jan 2006 15:04:05 +0000". No locale, no time zone file.
 */
MS_API void trace_date(struct buffer *out, time_t when);

#endif
