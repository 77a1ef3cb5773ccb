/* SPDX-License-Identifier: ISC */
/*
 * smtp_edges.c - the engine's promises to its driver: memory that an idle session leaves untouched,
 * a full output buffer, an end from outside, verdicts that come too late.
 */
#include "engine/smtp.h"

#include "check.h"

#include <stdlib.h>

static char replies[ENGINE_OUTPUT_MIN], storage[ENGINE_INPUT_MIN];
static struct smtp smtp;
static struct input input;

static const struct span domains[] = { { "x.example", 9 } };
static const struct smtp_config config = { .hostname = { "mx.example", 10 },
					   .max_recipients = 100,
					   .accept_domains = domains,
					   .accept_domain_count = 1 };
static const struct smtp_config lmtp_config = { .protocol = PROTOCOL_LMTP,
						.hostname = { "mx.example", 10 },
						.size_limit = 10,
						.max_recipients = 1000,
						.accept_domains = domains,
						.accept_domain_count = 1 };

/* Gives the client's text and answers every event with `exit`, until the engine wants more. */
static enum engine_next say(const char *text, int exit)
{
	struct verdict verdict = { .exit = exit };
	enum engine_next next;

	memcpy(storage, text, strlen(text));
	input = (struct input){ storage, 0, strlen(text), false };
	while ((next = smtp.engine.ops->step(&smtp.engine, &input)) == ENGINE_CALL ||
	       next == ENGINE_BODY) {
		for (unsigned i = 0; next == ENGINE_CALL && i < smtp.engine.call.answers; i++)
			smtp.engine.ops->answer(&smtp.engine, &verdict);
	}
	return next;
}

static bool said(const char *want)
{
	bool equal = span_equal(buffer_span(&smtp.engine.out), span_of(want));

	if (!equal)
		fprintf(stderr, "%.*s", (int)smtp.engine.out.len, replies);
	smtp.engine.out.len = 0;
	return equal;
}

/* Idle memory: the greeting and a wait for the first command touch none of the arrays. */
static void check_untouched(void)
{
	const char *from = smtp.values;
	size_t len = sizeof(smtp) - offsetof(struct smtp, values);

	memset(&smtp, 0xa5, sizeof(smtp));
	smtp_init(&smtp, &config, replies, sizeof(replies));
	for (size_t i = 0; i < len; i++)
		CHECK((unsigned char)from[i] == 0xa5);
	CHECK(offsetof(struct smtp, values) < 2048);
	CHECK(say("", 0) == ENGINE_READ && said("220 mx.example ESMTP\r\n"));
	for (size_t i = SMTP_VALUES_MAX; i < len; i++)
		CHECK((unsigned char)from[i] == 0xa5);
}

/* SMTP-006: each end has its farewell; none into a full buffer. */
static void check_stop(void)
{
	static const struct {
		enum session_end end;
		const char *want;
	} ends[] = {
		{ END_TIMEOUT, "421 4.4.2 mx.example Timeout, closing\r\n" },
		{ END_SHUTDOWN, "421 4.3.2 mx.example Shutting down\r\n" },
		{ END_LIMIT, "421 4.7.0 mx.example Limit reached, closing\r\n" },
		{ END_ERROR, "421 4.3.0 mx.example Local fault, closing\r\n" },
		{ END_EOF, "" },
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		smtp_init(&smtp, &config, replies, sizeof(replies));
		say("", 0);
		smtp.engine.out.len = 0;
		smtp.engine.ops->stop(&smtp.engine, ends[i].end);
		CHECK(said(ends[i].want));
		CHECK(say("NOOP\r\n", 0) == ENGINE_CLOSE && smtp.engine.end == ends[i].end &&
		      said(""));
		smtp.engine.ops->stop(&smtp.engine, END_LIMIT);
		CHECK(said("") && smtp.engine.end == ends[i].end);
	}
	smtp_init(&smtp, &config, replies, sizeof(replies));
	smtp.engine.out.len = sizeof(replies) - 20;
	smtp.engine.ops->stop(&smtp.engine, END_TIMEOUT);
	CHECK(smtp.engine.out.len == sizeof(replies) - 20 && !smtp.engine.out.overflow);
}

/* ESC-002: no status code before the greeting. */
static void check_stop_early(void)
{
	smtp_init(&smtp, &config, replies, sizeof(replies));
	smtp.engine.ops->stop(&smtp.engine, END_SHUTDOWN);
	CHECK(said("421 mx.example Shutting down\r\n"));
}

/* LMTP-018: a verdict on an event of a session that was ended says nothing any more. */
static void check_late_verdict(void)
{
	struct verdict verdict = { .exit = 0 };

	smtp_init(&smtp, &config, replies, sizeof(replies));
	say("EHLO a\r\n", 0);
	input = (struct input){ memcpy(storage, "RSET\r\n", 6), 0, 6, false };
	CHECK(smtp.engine.ops->step(&smtp.engine, &input) == ENGINE_CALL);
	smtp.engine.out.len = 0;
	smtp.engine.ops->stop(&smtp.engine, END_SHUTDOWN);
	smtp.engine.ops->answer(&smtp.engine, &verdict);
	CHECK(said("421 4.3.2 mx.example Shutting down\r\n"));
}

/* PIPE-009: without room for a reply nothing is read on; with room it goes on where it was. */
static void check_full(void)
{
	unsigned drains = 0, lines = 0;
	enum engine_next next;

	smtp_init(&smtp, &config, replies, sizeof(replies));
	say("EHLO a\r\n", 0);
	smtp.engine.out.len = 0;
	for (size_t i = 0; i + 8 < sizeof(storage); i += 8)
		memcpy(storage + i, "NOOP a\r\n", 8);
	input = (struct input){ storage, 0, sizeof(storage) - 8, false };
	while ((next = smtp.engine.ops->step(&smtp.engine, &input)) == ENGINE_DRAIN) {
		drains++;
		lines += (unsigned)(smtp.engine.out.len / strlen("250 2.0.0 OK\r\n"));
		smtp.engine.out.len = 0;
	}
	lines += (unsigned)(smtp.engine.out.len / strlen("250 2.0.0 OK\r\n"));
	CHECK(next == ENGINE_READ && drains > 1 && lines == (sizeof(storage) - 8) / 8);
}

/* LMTP-017: one failure for each of many recipients, through a buffer that holds a part of them. */
static void check_many_replies(void)
{
	const char *reply = "552 5.3.4 Message too big\r\n";
	unsigned lines = 0;
	enum engine_next next;

	smtp_init(&smtp, &lmtp_config, replies, sizeof(replies));
	say("LHLO a\r\nMAIL FROM:<>\r\n", 0);
	for (unsigned i = 0; i < 1000; i++) {
		smtp.engine.out.len = 0;
		say("RCPT TO:<u@x.example>\r\n", 0);
	}
	smtp.engine.out.len = 0;
	next = say("DATA\r\n0123456789\r\n.\r\n", 0);
	CHECK(memcmp(replies, "354 ", 4) == 0);
	buffer_drop(&smtp.engine.out, span_find(buffer_span(&smtp.engine.out), '\n') + 1);
	for (; next == ENGINE_DRAIN; next = smtp.engine.ops->step(&smtp.engine, &input)) {
		CHECK(smtp.engine.out.len % strlen(reply) == 0);
		lines += (unsigned)(smtp.engine.out.len / strlen(reply));
		smtp.engine.out.len = 0;
	}
	lines += (unsigned)(smtp.engine.out.len / strlen(reply));
	CHECK(next == ENGINE_READ && lines == 1000);
}

/* SUBM-004: without a clock no field is added, and a message goes through all the same. */
static void check_no_clock(void)
{
	static const struct smtp_config submission = { .hostname = { "mx.example", 10 },
						       .max_recipients = 100,
						       .submission = true };

	smtp_init(&smtp, &submission, replies, sizeof(replies));
	smtp.authenticated = true;
	say("EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<u@x.example>\r\n", 0);
	smtp.engine.out.len = 0;
	CHECK(say("DATA\r\nA: b\r\n\r\nc\r\n.\r\n", 0) == ENGINE_READ);
	CHECK(said("354 End data with <CR><LF>.<CR><LF>\r\n250 2.0.0 OK\r\n"));
	CHECK(smtp.engine.counts.octets == strlen("A: b\r\n\r\nc\r\n"));
}

int main(void)
{
	check_untouched();
	check_stop();
	check_stop_early();
	check_late_verdict();
	check_full();
	check_many_replies();
	check_no_clock();
	return check_report();
}
