/* SPDX-License-Identifier: ISC */
/*
 * base64.h - base64 as SASL has it (RFC 4648 4, RFC 4954 4): one text for each run of octets.
 */
#ifndef MAILSESSION_BASE64_H
#define MAILSESSION_BASE64_H

#include "base/buffer.h"

/* Characters that `octets` octets become. */
#define BASE64_LEN(octets) (((octets) + 2) / 3 * 4)

/* Appends the text of `bytes`; false and `overflow` when it does not fit. */
MS_API bool base64_encode(struct buffer *out, struct span bytes);

/*
 * Appends what `text` stands for; the empty text stands for no octets.  False for a foreign
 * character, a length that is no multiple of four, padding but at the end and set bits under it,
 * and (with `overflow`) when it does not fit; what was written by then is to be ignored.
 */
MS_API bool base64_decode(struct buffer *out, struct span text);

#endif
