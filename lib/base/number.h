/* SPDX-License-Identifier: ISC */
/*
 * number.h - decimal numbers that come from outside.
 *
 * Digits only: no sign, no blank, no other base, never a wrap-around.
 */
#ifndef MAILSESSION_NUMBER_H
#define MAILSESSION_NUMBER_H

#include "base/span.h"

#include <stdint.h>

enum number_result {
	NUMBER_OK,
	NUMBER_SYNTAX, /* empty, or something that is no digit */
	NUMBER_RANGE,  /* digits throughout, but more than 64 bits; *value is UINT64_MAX */
};

MS_API enum number_result number_parse(struct span digits, uint64_t *value);

/* Octets that number_write may touch, and digits of the largest number. */
#define NUMBER_ROOM 20

/* Writes the digits of `number` at `to`, where there are NUMBER_ROOM octets of room; returns how
 * many they are. */
size_t number_write(char *to, uint64_t number);

/* As number_parse, and true only for values up to `max`. */
MS_API bool number_upto(struct span digits, uint64_t max, uint64_t *value);

#endif
