/* SPDX-License-Identifier: ISC */
/* number.c - decimal numbers that come from outside. */
#include "base/number.h"

#include "base/ascii.h"

enum number_result number_parse(struct span digits, uint64_t *value)
{
	enum number_result result = NUMBER_OK;
	uint64_t sum = 0;

	if (digits.len == 0)
		return NUMBER_SYNTAX;
	for (size_t i = 0; i < digits.len; i++) {
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
