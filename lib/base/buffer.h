/* SPDX-License-Identifier: ISC */
/*
 * buffer.h - the one bounded writer.
 *
 * A buffer writes into storage that its owner supplied and never grows. What
 * does not fit is not written at all and sets `overflow`, which the owner
 * checks once at the end; no later write succeeds after an overflow.
 */
#ifndef MAILSESSION_BUFFER_H
#define MAILSESSION_BUFFER_H

#include "base/span.h"

#include <stdint.h>

struct buffer {
	char *base;
	size_t len; /* octets written */
	size_t cap; /* octets of storage */
	bool overflow;
};

/* A buffer over a char array, empty. */
#define BUFFER(array) ((struct buffer){ (array), 0, sizeof(array), false })

static inline struct span buffer_span(const struct buffer *buffer)
{
	return (struct span){ buffer->base, buffer->len };
}

static inline size_t buffer_room(const struct buffer *buffer)
{
	return buffer->cap - buffer->len;
}

static inline void buffer_clear(struct buffer *buffer)
{
	buffer->len = 0;
	buffer->overflow = false;
}

/* All or nothing; false and `overflow` when it does not fit. */
MS_API bool buffer_put(struct buffer *buffer, struct span span);
MS_API bool buffer_byte(struct buffer *buffer, char byte);
MS_API bool buffer_string(struct buffer *buffer, const char *string);

/* Decimal digits of `number`. */
MS_API bool buffer_number(struct buffer *buffer, uint64_t number);

/* As buffer_number, with leading zeros up to `width` digits (at most 20). */
MS_API bool buffer_padded(struct buffer *buffer, uint64_t number, unsigned width);

/* `digits` hexadecimal digits (at most 16), lower case, most significant first. */
MS_API bool buffer_hex(struct buffer *buffer, uint64_t number, unsigned digits);

/* Terminates the text with a NUL (not counted in len) and returns it; NULL after an overflow. */
MS_API const char *buffer_cstr(struct buffer *buffer);

/* Removes the first `len` octets; the rest moves to the front. */
MS_API void buffer_drop(struct buffer *buffer, size_t len);

#endif
