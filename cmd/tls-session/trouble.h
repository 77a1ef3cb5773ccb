/* SPDX-License-Identifier: ISC */
/*
 * trouble.h - OpenSSL's queue of errors, in words for a log line.
 */
#ifndef TLS_SESSION_TROUBLE_H
#define TLS_SESSION_TROUBLE_H

#include "base/buffer.h"

/* Appends what went wrong, the first error in the queue, and empties the queue. */
void trouble_put(struct buffer *error);

/* Writes "what name: ..." over whatever is in `error`, and why; returns false. */
bool trouble_errno(struct buffer *error, const char *what, const char *name, int number);
bool trouble_words(struct buffer *error, const char *what, const char *name, const char *why);
bool trouble_openssl(struct buffer *error, const char *what, const char *name);

#endif
