/* SPDX-License-Identifier: ISC */
/*
 * exchange.h - what a mechanism says to the runner and hears from it.
 *
 * Lines over one socket, fd 0 and 1, in turns:
 *
 *     runner    begin | response BASE64                 the client speaks
 *               secret LINE | unknown | trouble         the answer to "secret"
 *     helper    challenge BASE64 | secret BASE64-NAME   ask the client, ask the event `secret`
 *               success BASE64-NAME [BASE64-DATA] | failure | error TEXT | trouble TEXT
 *
 * Of the helper's words the second line's are the last.  A runner that is gone, or that says
 * something else, ends the exchange: functions that then return false have said all there is.
 */
#ifndef SASL_SESSION_EXCHANGE_H
#define SASL_SESSION_EXCHANGE_H

#include "base/base64.h"

/* Octets of a line with its LF. */
#define EXCHANGE_LINE_MAX 16384
/* Octets of a response, decoded (RFC 4954 4: 12288 characters). */
#define EXCHANGE_RESPONSE_MAX 9216

struct exchange {
	struct buffer in;
	size_t taken; /* octets of `in` that were the last line */
	struct buffer response;
	char in_bytes[EXCHANGE_LINE_MAX];
	char response_bytes[EXCHANGE_RESPONSE_MAX];
};

void exchange_start(struct exchange *exchange);

/* After the last word; wipes all that was heard. */
void exchange_end(struct exchange *exchange);

/*
 * The client's first word; SPAN_NONE (base NULL) when it sent none with the command.  It and every
 * later one stay valid until the next is read.
 */
bool exchange_first(struct exchange *exchange, struct span *response);

/* Sends a challenge and reads the response to it. */
bool exchange_challenge(struct exchange *exchange, struct span challenge, struct span *response);

/*
 * Asks what is stored for a user; SPAN_NONE when there is no such user, or when the name is none
 * that a store is asked for.  The line stays valid until the next is read.
 */
bool exchange_secret(struct exchange *exchange, struct span name, struct span *line);

/* The last words. `data` may be SPAN_NONE; texts are ours. */
void exchange_success(struct span name, struct span data);
void exchange_failure(void);
void exchange_error(const char *text);
void exchange_trouble(const char *text);

#endif
