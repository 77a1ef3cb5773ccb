/* SPDX-License-Identifier: ISC */
/*
 * letter.h - what comes with the event `deliver`: a sender, recipients, and a message.
 *
 * Nothing is kept of a recipient but the line of the envelope.
 */
#ifndef MAILSESSION_STORE_LETTER_H
#define MAILSESSION_STORE_LETTER_H

#include "store/request.h"

/* Return-Path and Delivered-To with the longest values. */
#define LETTER_HEADER_MAX 1024

struct letter {
	struct span sender;
	struct span recipients; /* a line each */
};

/* Takes the envelope; without one, SENDER and RECIPIENT are one. Returns the recipients. */
uint64_t letter_read(struct letter *letter, const struct request *request);

/* Takes the next recipient off the front, without what stands behind a TAB. False: there are no
 * more. */
bool letter_next(struct span *rest, struct span *recipient);

/* Return-Path at the very top (RFC 5321 4.4, SMTP-070), then Delivered-To (LMTP-023). */
void letter_put_header(const struct letter *letter, struct span recipient, bool crlf,
		       struct buffer *out);

/* True when `size` octets are all of the message: a pipe may have ended early. ENODATA. */
bool letter_is_whole(const struct request *request, uint64_t size);

/* A mailbox that refuses for good must not make the message bounce for the others. */
int letter_for_all(struct request *request, int exit);

#endif
