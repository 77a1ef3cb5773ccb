/* SPDX-License-Identifier: ISC */
/* letter.c - what comes with the event `deliver`. */
#include "store/letter.h"

#include "base/number.h"

#include <errno.h>

bool letter_next(struct span *rest, struct span *recipient)
{
	while (rest->len > 0) {
		struct span line = span_take(rest, '\n');

		*recipient = span_first(line, span_find(line, '\t'));
		if (recipient->len > 0)
			return true;
	}
	return false;
}

uint64_t letter_read(struct letter *letter, const struct request *request)
{
	struct span rest = request->envelope;
	struct span recipient;
	uint64_t count = 0;

	if (rest.len > 0) {
		letter->sender = span_take(&rest, '\n');
		letter->sender = span_first(letter->sender, span_find(letter->sender, '\t'));
		letter->recipients = rest;
	} else {
		letter->sender = request_fact(request, FACT_SENDER);
		letter->recipients = request_fact(request, FACT_RECIPIENT);
	}
	rest = letter->recipients;
	while (letter_next(&rest, &recipient))
		count++;
	return count;
}

void letter_put_header(const struct letter *letter, struct span recipient, bool crlf,
		       struct buffer *out)
{
	const char *end = crlf ? "\r\n" : "\n";

	buffer_string(out, "Return-Path: <");
	buffer_put(out, letter->sender);
	buffer_string(out, ">");
	buffer_string(out, end);
	buffer_string(out, "Delivered-To: ");
	buffer_put(out, recipient);
	buffer_string(out, end);
}

bool letter_is_whole(const struct request *request, uint64_t size)
{
	struct span told = request_fact(request, FACT_MESSAGE_SIZE);
	uint64_t expected;

	errno = ENODATA;
	return size > 0 && (told.base == NULL ||
			    (number_upto(told, UINT64_MAX, &expected) && expected == size));
}

int letter_for_all(struct request *request, int exit)
{
	if (!exit_permanent(exit))
		return exit;
	if (exit == EXIT_CANTCREAT)
		return request_refuse(request, EXIT_TEMPFAIL, "452 4.2.2",
				      "The mailbox of a recipient is full");
	return request_refuse(request, EXIT_TEMPFAIL, "451 4.2.1",
			      "The mailbox of a recipient is gone");
}
