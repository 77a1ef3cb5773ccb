/* SPDX-License-Identifier: ISC */
/*
 * utf8.h - UTF-8 as RFC 3629 defines it: no overlong form, no surrogate, nothing above U+10FFFF.
 */
#ifndef MAILSESSION_UTF8_H
#define MAILSESSION_UTF8_H

#include "base/span.h"

#include <stdint.h>

/* Octets of the character at the front of `bytes` (1 to 4), its code point in *point; 0 when
 * malformed or empty. */
MS_API size_t utf8_decode(struct span bytes, uint32_t *point);

/* True when the whole span is well formed. */
MS_API bool utf8_valid(struct span bytes);

/* True when no octet is above US-ASCII. */
MS_API bool utf8_is_ascii(struct span bytes);

/*
 * False for a code point that has no place in an address: C1 controls, line and
 * paragraph separators, bidirectional controls, zero-width characters, noncharacters.
 */
MS_API bool utf8_is_harmless(uint32_t point);

/* True when the whole span is well formed and every character harmless. */
MS_API bool utf8_all_harmless(struct span bytes);

#endif
