/* SPDX-License-Identifier: ISC */
/* number.c - decimal numbers that come from outside. */
#include "base/number.h"

#include "base/ascii.h"

/* So many digits are never too many for 64 bits. */
#define DIGITS_SURE 19

enum number_result number_parse(struct span digits, uint64_t *value)
{
	enum number_result result = NUMBER_OK;
	uint64_t sum = 0;
	size_t few = digits.len < DIGITS_SURE ? digits.len : DIGITS_SURE;

	if (digits.len == 0)
		return NUMBER_SYNTAX;
	for (size_t i = 0; i < few; i++) {
		if (!ascii_is_digit(digits.base[i]))
			return NUMBER_SYNTAX;
		sum = sum * 10 + (uint64_t)(digits.base[i] - '0');
	}
	for (size_t i = few; i < digits.len; i++) {
		if (!ascii_is_digit(digits.base[i]))
			return NUMBER_SYNTAX;
		if (__builtin_mul_overflow(sum, (uint64_t)10, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(digits.base[i] - '0'), &sum)) {
			result = NUMBER_RANGE;
			sum = UINT64_MAX / 10 + 1; /* the next digit overflows again */
		}
	}
	*value = result == NUMBER_RANGE ? UINT64_MAX : sum;
	return result;
}

bool number_upto(struct span digits, uint64_t max, uint64_t *value)
{
	return number_parse(digits, value) == NUMBER_OK && *value <= max;
}

size_t number_write(char *to, uint64_t number)
{
	char digits[2 * NUMBER_ROOM] = { 0 };
	size_t at = NUMBER_ROOM;

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	/* A length that is fixed takes no call. */
	memcpy(to, digits + at, NUMBER_ROOM);
	return NUMBER_ROOM - at;
}
