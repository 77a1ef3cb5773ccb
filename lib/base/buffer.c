/* SPDX-License-Identifier: ISC */
/* buffer.c - the one bounded writer. */
#include "base/buffer.h"

bool buffer_put(struct buffer *buffer, struct span span)
{
	if (buffer->overflow || span.len > buffer_room(buffer)) {
		buffer->overflow = true;
		return false;
	}
	if (span.len > 0)
		memcpy(buffer->base + buffer->len, span.base, span.len);
	buffer->len += span.len;
	return true;
}

bool buffer_byte(struct buffer *buffer, char byte)
{
	return buffer_put(buffer, (struct span){ &byte, 1 });
}

bool buffer_string(struct buffer *buffer, const char *string)
{
	return buffer_put(buffer, span_of(string));
}

bool buffer_padded(struct buffer *buffer, uint64_t number, unsigned width)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (at > 0 && sizeof(digits) - at < width)
		digits[--at] = '0';
	return buffer_put(buffer, (struct span){ digits + at, sizeof(digits) - at });
}

bool buffer_number(struct buffer *buffer, uint64_t number)
{
	return buffer_padded(buffer, number, 0);
}

bool buffer_hex(struct buffer *buffer, uint64_t number, unsigned digits)
{
	char text[16];

	for (unsigned i = 0; i < digits; i++)
		text[i] = "0123456789abcdef"[(number >> (4 * (digits - 1 - i))) & 15];
	return buffer_put(buffer, (struct span){ text, digits });
}

const char *buffer_cstr(struct buffer *buffer)
{
	if (buffer->overflow || buffer_room(buffer) == 0) {
		buffer->overflow = true;
		return NULL;
	}
	buffer->base[buffer->len] = '\0';
	return buffer->base;
}

void buffer_drop(struct buffer *buffer, size_t len)
{
	memmove(buffer->base, buffer->base + len, buffer->len - len);
	buffer->len -= len;
}
