/* SPDX-License-Identifier: ISC */
/* mail_reply.c - the composer: GEN-003 to 005, GEN-007, SMTP-062, SMTP-063, ESC-001 to 004,
 * UTF8-005, hardening 32. */
#include "mail/reply.h"

#include "check.h"

#include <stdlib.h>

static char bytes[3 * REPLY_MAX];
static struct buffer out;

/* Composes with a program's text, after taking code and status code from it. */
static struct span composed(unsigned code, const char *enhanced, struct span refinement, bool utf8)
{
	struct reply reply = { code, span_of(enhanced), SPAN_NONE, SPAN("OK"), refinement, utf8 };

	out = (struct buffer)BUFFER(bytes);
	reply_refine(&reply);
	reply_write(&out, &reply);
	return buffer_span(&out);
}

static const struct {
	unsigned code;
	const char *enhanced;
	const char *refinement;
	const char *want;
} cases[] = {
	{ 250, "2.0.0", "", "250 2.0.0 OK\r\n" },
	{ 250, "2.0.0", "\n \r\n\t\n", "250 2.0.0 OK\r\n" },
	{ 250, "", "", "250 OK\r\n" },
	{ 250, "2.0.0", "fine", "250 2.0.0 fine\r\n" },
	{ 250, "2.0.0", "251 2.1.5 elsewhere", "251 2.1.5 elsewhere\r\n" },
	{ 250, "2.0.0", "550 no", "250 2.0.0 no\r\n" },
	{ 250, "2.0.0", "550 5.1.1 no", "250 2.0.0 no\r\n" },
	{ 550, "5.1.1", "250 yes", "550 5.1.1 yes\r\n" },
	{ 550, "5.1.1", "513 odd", "513 5.1.1 odd\r\n" },
	{ 550, "5.1.1", "563 not a code", "550 5.1.1 563 not a code\r\n" },
	{ 550, "5.1.1", "55 x", "550 5.1.1 55 x\r\n" },
	{ 550, "5.1.1", "5500 x", "550 5.1.1 5500 x\r\n" },
	{ 550, "5.1.1", "554-5.7.1 a\n554 5.7.1 b\n", "554-5.7.1 a\r\n554 5.7.1 b\r\n" },
	{ 550, "5.1.1", "550-a\n550 b", "550-5.1.1 a\r\n550 5.1.1 b\r\n" },
	{ 550, "5.1.1", "a\nb\nc", "550-5.1.1 a\r\n550-5.1.1 b\r\n550 5.1.1 c\r\n" },
	{ 550, "5.1.1", "550", "550 5.1.1 OK\r\n" },
	{ 550, "5.1.1", "550 5.7.1", "550 5.7.1 OK\r\n" },
	{ 550, "5.1.1", "5.7.1 x", "550 5.7.1 x\r\n" },
	{ 550, "5.1.1", "4.7.1 x", "550 5.1.1 x\r\n" },
	{ 550, "5.1.1", "5.07.1 x", "550 5.1.1 5.07.1 x\r\n" },
	{ 550, "5.1.1", "5.7 x", "550 5.1.1 5.7 x\r\n" },
	{ 550, "5.1.1", "5.1000.1 x", "550 5.1.1 5.1000.1 x\r\n" },
	{ 550, "5.1.1", "5.999.999 x", "550 5.999.999 x\r\n" },
	{ 550, "", "550 5.7.1 x", "550 x\r\n" },
	{ 550, "5.1.1", "550 a\rb\x1b[0m\x7f", "550 5.1.1 a b [0m \r\n" },
	{ 550, "5.1.1", "a\tb\r\n", "550 5.1.1 a b\r\n" },
	{ 550, "5.1.1", "\xc3\xa4", "550 5.1.1 ??\r\n" },
};

static void check_table(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct span got = composed(cases[i].code, cases[i].enhanced,
					   span_of(cases[i].refinement), false);

		if (!span_equal(got, span_of(cases[i].want))) {
			fprintf(stderr, "%s: %.*s\n", cases[i].refinement, (int)got.len, got.base);
			CHECK(span_equal(got, span_of(cases[i].want)));
		}
	}
}

/* The reply is one: lines of at most 512 octets, one code, hyphens, printable; returns the octets
 * of text. */
static size_t check_form(struct span reply)
{
	size_t text = 0;

	CHECK(reply.len <= REPLY_MAX && reply.len > 0);
	while (reply.len > 0) {
		size_t end = span_find(reply, '\n');

		CHECK(end >= 5 && end < REPLY_LINE_MAX && reply.base[end - 1] == '\r');
		CHECK(memcmp(reply.base, "550", 3) == 0);
		CHECK(reply.base[3] == (end + 1 == reply.len ? ' ' : '-'));
		CHECK(memcmp(reply.base + 4, "5.1.1 ", 6) == 0);
		for (size_t i = 0; i + 1 < end; i++)
			CHECK(reply.base[i] >= ' ' && reply.base[i] != 0x7f);
		text += end - 11;
		reply = span_from(reply, end + 1);
	}
	return text;
}

static void check_folding(void)
{
	static char text[REPLY_MAX];
	struct span all = { text, sizeof(text) };

	memset(text, 'x', sizeof(text));
	CHECK(check_form(composed(550, "5.1.1", span_first(all, 500), false)) == 500);
	CHECK(out.len == REPLY_LINE_MAX);
	CHECK(check_form(composed(550, "5.1.1", span_first(all, 501), false)) == 501);
	CHECK(check_form(composed(550, "5.1.1", span_first(all, 2000), false)) == 2000);
	check_form(composed(550, "5.1.1", all, false));
	text[300] = ' '; /* a blank is the better place to fold */
	composed(550, "5.1.1", span_first(all, 600), false);
	CHECK(bytes[10 + 300] == '\r');
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 == 0 ? 'x' : '\n';
	check_form(composed(550, "5.1.1", all, false));
	memset(text, 0, sizeof(text));
	check_form(composed(550, "5.1.1", all, false));
}

/* Every octet and every pair of octets that a program prints comes out as one clean reply. */
static void check_octets(void)
{
	for (unsigned pair = 0; pair < 65536; pair++) {
		const char text[] = { 'a', (char)(pair >> 8), (char)(pair & 255), 'z' };

		check_form(composed(550, "5.1.1", (struct span){ text, 4 }, false));
	}
}

static void check_utf8(void)
{
	char text[1500];

	CHECK(span_equal(composed(250, "2.0.0", SPAN("\xc3\xa4"), true),
			 SPAN("250 2.0.0 \xc3\xa4\r\n")));
	CHECK(span_equal(composed(250, "2.0.0", SPAN("\xc3"), true), SPAN("250 2.0.0 ?\r\n")));
	CHECK(span_equal(composed(250, "2.0.0", SPAN("a\xc2\x85z"), true),
			 SPAN("250 2.0.0 a?z\r\n")));
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "\xe2\x82\xac"[i % 3];
	for (size_t shift = 0; shift < 3; shift++) {
		struct span got = composed(
			550, "5.1.1", (struct span){ text + 3 - shift, sizeof(text) - 3 }, true);
		size_t seen = 0;

		for (size_t i = 0; i < got.len; i++)
			seen += got.base[i] == '?';
		/* Folding cuts no character: only the halves at both ends are replaced. */
		CHECK(seen == (shift == 0 ? 0 : 3));
	}
}

static void check_lead(void)
{
	struct reply reply = { .code = 421, .lead = SPAN("mx.example"), .text = SPAN("a\nb") };

	out = (struct buffer)BUFFER(bytes);
	reply_write(&out, &reply);
	CHECK(span_equal(buffer_span(&out), SPAN("421-mx.example a\r\n421 b\r\n")));
	reply.text = SPAN_NONE;
	out = (struct buffer)BUFFER(bytes);
	reply_write(&out, &reply);
	CHECK(span_equal(buffer_span(&out), SPAN("421 mx.example\r\n")));
	reply.refinement = SPAN("421 mx.example is busy");
	out = (struct buffer)BUFFER(bytes);
	reply_write(&out, &reply);
	CHECK(span_equal(buffer_span(&out), SPAN("421 mx.example is busy\r\n")));
}

/* A buffer without room gets whole lines or none, and a reply that ends. */
static void check_room(void)
{
	struct reply reply = { .code = 250, .text = SPAN("aaa\nbbb\nccc") };

	for (size_t cap = 0; cap < 32; cap++) {
		struct buffer small = { bytes, 0, cap, false };

		reply_write(&small, &reply);
		CHECK((small.len % 9 == 0 || small.len == 6) && !small.overflow);
		CHECK(small.len == 0 || bytes[small.len == 6 ? 3 : small.len - 6] == ' ');
	}
}

int main(void)
{
	check_table();
	check_folding();
	check_octets();
	check_utf8();
	check_lead();
	check_room();
	return check_report();
}
