/* SPDX-License-Identifier: ISC */
/*
 * mail_dot.c - message content against an independent decoder that works on whole strings.
 *
 * DATA-001 to 004, 008, 013 to 024, SIZE-004, CHNK-002: every content of up to six octets of the
 * ones that matter, and long ones, in every cut in two and octet by octet, in all four modes.
 */
#include "mail/dot.h"

#include "check.h"

#include <stdlib.h>

#define MOST 600

struct text {
	char bytes[3 * MOST];
	size_t len;
};

struct outcome {
	struct text text;
	uint64_t octets;
	size_t used;
	bool bare;
	bool ended;
};

static void add(struct text *text, const char *bytes, size_t len)
{
	memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
}

/* One line without its CRLF: each lone CR or LF in it is a line end of its own in clean mode. */
static void naive_line(struct outcome *out, const char *line, size_t len, bool crlf, bool clean)
{
	for (size_t i = 0; i < len; i++) {
		bool lone = line[i] == '\r' || line[i] == '\n';

		out->bare = out->bare || lone;
		out->octets += lone ? 2 : 1;
		if (!lone)
			add(&out->text, line + i, 1);
		else if (clean)
			add(&out->text, crlf ? "\r\n" : "\n", crlf ? 2 : 1);
	}
}

static struct outcome naive(const struct text *in, bool dots, bool crlf, bool clean)
{
	struct outcome out = { .used = in->len };
	struct text all = { .len = 0 };
	const char *line, *end, *next;

	add(&all, "\r\n", 2);
	add(&all, in->bytes, in->len);
	end = all.bytes + all.len;
	if (dots && (next = memmem(all.bytes, all.len, "\r\n.\r\n", 5)) != NULL) {
		out.ended = true;
		out.used = (size_t)(next - all.bytes) + 3;
		end = next + 2;
	}
	for (line = all.bytes + 2; line < end; line = next + 2) {
		next = memmem(line, (size_t)(end - line), "\r\n", 2);
		if (dots && *line == '.')
			line++;
		naive_line(&out, line, (size_t)((next == NULL ? end : next) - line), crlf, clean);
		if (next == NULL)
			break;
		add(&out.text, crlf ? "\r\n" : "\n", crlf ? 2 : 1);
		out.octets += 2;
	}
	return out;
}

/* Decodes with a cut before each `step` octets after the first `cut`. In place unless clean. */
static struct outcome decoded(const struct text *in, bool dots, bool crlf, bool clean, size_t cut,
			      size_t step)
{
	struct outcome out = { .used = 0 };
	struct dot dot = { .dots = dots, .crlf = crlf, .clean = clean };
	char storage[MOST], grown[DOT_GROWTH(MOST)];
	size_t from = 0, to = cut, written;

	memcpy(storage, in->bytes, in->len);
	while (from < in->len && dot.state != DOT_END) {
		char *target = clean ? grown : storage + from;
		size_t used = dot_decode(&dot, storage + from, to - from, target, &written);

		CHECK(written <= (clean ? DOT_GROWTH(to - from) : to - from));
		add(&out.text, target, written);
		out.used += used;
		if (used < to - from)
			break;
		from = to;
		to = in->len - from < step ? in->len : from + step;
	}
	out.ended = dot.state == DOT_END;
	if (!dots)
		add(&out.text, grown, dot_finish(&dot, grown));
	out.bare = dot.bare;
	out.octets = dot.octets;
	return out;
}

static void compare(const struct text *in, const struct outcome *want, const struct outcome *got,
		    bool clean)
{
	CHECK(got->ended == want->ended);
	CHECK(got->bare == want->bare);
	CHECK(got->used == want->used);
	if (!want->bare || clean) {
		CHECK(got->octets == want->octets);
		CHECK(got->text.len == want->text.len &&
		      memcmp(got->text.bytes, want->text.bytes, want->text.len) == 0);
	}
	if (check_failures > 0) {
		fprintf(stderr, "input:");
		for (size_t i = 0; i < in->len; i++)
			fprintf(stderr, " %02x", (unsigned char)in->bytes[i]);
		fprintf(stderr, "\n");
		exit(check_report());
	}
}

static void check_content(const struct text *in, bool dots)
{
	for (unsigned mode = 0; mode < 4; mode++) {
		bool crlf = (mode & 1) != 0, clean = (mode & 2) != 0;
		struct outcome want = naive(in, dots, crlf, clean), got;

		for (size_t cut = 1; cut <= in->len; cut++) {
			got = decoded(in, dots, crlf, clean, cut, in->len);
			compare(in, &want, &got, clean);
		}
		got = decoded(in, dots, crlf, clean, 1, 1);
		compare(in, &want, &got, clean);
	}
}

/* Every string of up to six octets that matter, with a true end behind it. */
static void check_short(void)
{
	static const char octets[] = { '.', '\r', '\n', 'a', '\0' };

	for (unsigned len = 0; len <= 6; len++) {
		unsigned count = 1;

		for (unsigned i = 0; i < len; i++)
			count *= sizeof(octets);
		for (unsigned number = 0; number < count; number++) {
			struct text in = { .len = 0 };
			unsigned rest = number;

			for (unsigned i = 0; i < len; i++, rest /= sizeof(octets))
				add(&in, &octets[rest % sizeof(octets)], 1);
			if (len > 0)
				check_content(&in, false);
			add(&in, "\r\n.\r\nNOOP\r\n", 11);
			check_content(&in, true);
		}
	}
}

/* Line lengths around the block size, and lines of which a block holds some. */
static void check_long(void)
{
	uint32_t random = 12345;

	for (unsigned round = 0; round < 60; round++) {
		struct text in = { .len = 0 };

		while (in.len < 400) {
			size_t run = (random = random * 1664525 + 1013904223) >> 8 & 63;

			if (round % 2 == 0)
				run %= 4;
			for (size_t i = 0; i < run; i++)
				add(&in, &"abcdefghijklmnop\x80\xff"[(random + i) % 18], 1);
			add(&in, round % 3 == 0 && run % 7 == 0 ? "\n." : "\r\n..",
			    round % 3 == 0 && run % 7 == 0 ? 2 : 4);
		}
		check_content(&in, false);
		add(&in, "\r\n.\r\n", 5);
		check_content(&in, true);
	}
}

int main(void)
{
	check_short();
	check_long();
	return check_report();
}
