/* SPDX-License-Identifier: ISC */
/* mail_hops.c - counting Received fields: SMTP-071, hardening 58. */
#include "mail/hops.h"

#include "check.h"

static const struct {
	const char *message;
	uint32_t want;
} cases[] = {
	{ "", 0 },
	{ "Received: a\n\nReceived: b\n", 1 },
	{ "Received: a\r\n\r\nReceived: b\r\n", 1 },
	{ "received: a\nRECEIVED: b\nReCeIvEd:c\n\n", 3 },
	{ "Received : a\nReceived\t: b\n\n", 2 },
	{ "Received: a\n\tb\n Received: c\n\n", 1 },
	{ "Receive: a\nReceivedx: b\nX-Received: c\nReceived\n\n", 0 },
	{ "\nReceived: a\n", 0 },
	{ "\r\nReceived: a\n", 0 },
	{ "Subject: x\n \nReceived: a\n\n", 1 },
	{ "Received", 0 },
	{ "Received:", 1 },
	{ "a\rb\nReceived: x\n", 1 },
};

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct span message = span_of(cases[i].message);
		struct hops single = { 0 };

		for (size_t cut = 0; cut <= message.len; cut++) {
			struct hops hops = { 0 };

			hops_feed(&hops, span_first(message, cut));
			hops_feed(&hops, span_from(message, cut));
			CHECK(hops.count == cases[i].want);
		}
		for (size_t at = 0; at < message.len; at++)
			hops_feed(&single, span_first(span_from(message, at), 1));
		CHECK(single.count == cases[i].want);
	}
	return check_report();
}
