/* SPDX-License-Identifier: ISC */
/*
 * clock.h - deadlines on the monotonic clock, in milliseconds.
 */
#ifndef MAILSESSION_CLOCK_H
#define MAILSESSION_CLOCK_H

#include <stdint.h>
#include <time.h>

/* "No deadline": later than any other. */
#define CLOCK_NEVER INT64_MAX

/* Milliseconds of CLOCK_MONOTONIC, which no clock jump moves. */
static inline int64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The deadline `seconds` from `now`; 0 seconds is none. */
static inline int64_t clock_deadline(int64_t now, uint32_t seconds)
{
	return seconds == 0 ? CLOCK_NEVER : now + (int64_t)seconds * 1000;
}

static inline int64_t clock_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What poll(2) takes as time-out to wake at `deadline`: -1 for never, 0 when it is past. */
static inline int clock_poll_timeout(int64_t now, int64_t deadline)
{
	if (deadline == CLOCK_NEVER)
		return -1;
	if (deadline <= now)
		return 0;
	return deadline - now > 3600000 ? 3600000 : (int)(deadline - now);
}

#endif
