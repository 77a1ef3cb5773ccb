/* SPDX-License-Identifier: ISC */
/*
 * check.h - what a unit test needs: CHECK counts and names what does not hold, and
 * `return check_report();` ends main with 1 after any failure.  A test program that
 * includes this is one file, linked with the library.
 */
#ifndef MAILSESSION_CHECK_H
#define MAILSESSION_CHECK_H

#include <stdio.h>

static unsigned check_failures;

#define CHECK(condition)                                                                \
	do {                                                                            \
		if (!(condition)) {                                                     \
			check_failures++;                                               \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
		}                                                                       \
	} while (0)

static inline int check_report(void)
{
	if (check_failures > 0)
		fprintf(stderr, "%u failed\n", check_failures);
	return check_failures > 0;
}

#endif
