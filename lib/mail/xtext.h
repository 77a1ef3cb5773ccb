/* SPDX-License-Identifier: ISC */
/*
 * xtext.h - the encoding of parameter values (RFC 3461 4).
 */
#ifndef MAILSESSION_XTEXT_H
#define MAILSESSION_XTEXT_H

#include "base/buffer.h"

/*
 * Appends the decoded text.  False, with nothing promised about what was appended, when
 * `text` is no xtext or decodes to anything but printable US-ASCII (a control character
 * could end a line somewhere).
 */
MS_API bool xtext_decode(struct buffer *out, struct span text);

#endif
