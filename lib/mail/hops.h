/* SPDX-License-Identifier: ISC */
/*
 * hops.h - counting Received fields to stop mail loops (RFC 5321 6.3).
 *
 * Counts in the header section only, which the first empty line ends; a folded field
 * counts once, the case of its name does not matter.
 */
#ifndef MAILSESSION_HOPS_H
#define MAILSESSION_HOPS_H

#include "base/span.h"

#include <stdint.h>

/* Zeroed at the start of a message. */
struct hops {
	uint32_t count;
	uint8_t matched; /* octets of "received" seen in this line, or one of the states in hops.c
			  */
	bool body;       /* the header section is over */
};

/* The next octets of the message, cut anywhere; line ends are LF or CRLF. */
MS_API void hops_feed(struct hops *hops, struct span bytes);

#endif
