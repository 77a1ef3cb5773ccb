/* SPDX-License-Identifier: ISC */
/*
 * header.h - which fields that a submission server may add a message has (RFC 6409 8.2, 8.3).
 *
 * Reads octets as they cross the wire, cut anywhere, lines ended by CRLF, or by a bare LF that will
 * be made one, and finds the end of the header section: where the fields belong that are missing.
 */
#ifndef MAILSESSION_HEADER_H
#define MAILSESSION_HEADER_H

#include "base/span.h"

#include <stdint.h>

enum { HEADER_DATE = 1U << 0, HEADER_MESSAGE_ID = 1U << 1 };
#define HEADER_FIELDS 2

/* Zeroed at the start of a message. */
struct header {
	uint8_t seen;                   /* fields that are there */
	uint8_t matched[HEADER_FIELDS]; /* octets of the names, in the line at hand */
	bool inside;                    /* the line at hand has begun */
};

/*
 * Octets of `bytes` that belong to the header section; all of them unless an empty line begins
 * there.  Not to be called once one has.
 */
MS_API size_t header_feed(struct header *header, struct span bytes);

#endif
