/* SPDX-License-Identifier: ISC */
/* mail_line.c - command lines: GEN-001, GEN-008, GEN-013, SMTP-011, SMTP-012, DEF-001, DEF-004. */
#include "mail/line.h"

#include "check.h"

#include <stdlib.h>

#define MOST 12

/* What becomes of a stream, one mark a line: "=text;", "b" for bare, "l" for long. */
struct story {
	char text[400];
	size_t len;
};

/* Gives `bytes` in pieces: up to `cut`, then `step` octets at a time. */
static struct story tell(struct span bytes, size_t cut, size_t step)
{
	struct story story = { .len = 0 };
	struct line line = { 0 };
	size_t at = 0, end = cut;

	for (;;) {
		struct span text;
		size_t used;
		enum line_result result = line_take(
			&line, (struct span){ bytes.base + at, end - at }, MOST, &text, &used);

		CHECK(used <= end - at);
		at += used;
		if (result == LINE_PARTIAL) {
			if (end == bytes.len)
				return story;
			end = bytes.len - end < step ? bytes.len : end + step;
		} else if (result == LINE_WHOLE) {
			story.text[story.len++] = '=';
			memcpy(story.text + story.len, text.base, text.len);
			story.len += text.len;
			story.text[story.len++] = ';';
		} else {
			story.text[story.len++] = result == LINE_BARE ? 'b' : 'l';
		}
	}
}

static bool same(const struct story *a, const struct story *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static const struct {
	struct span stream;
	const char *want;
} cases[] = {
	{ { "NOOP\r\nQUIT\r\n", 12 }, "=NOOP;=QUIT;" },
	{ { "\r\n", 2 }, "=;" },
	{ { "NOOP\nQUIT\r\nA\r\n", 14 }, "b=A;" },
	{ { "NOOP\rQUIT\r\nA\r\n", 14 }, "b=A;" },
	{ { "A\0B\r\nC\r\n", 8 }, "b=C;" },
	{ { "A\r\r\nC\r\n", 7 }, "b=C;" },
	{ { "A\n\r\nC\r\n", 7 }, "b=C;" },
	{ { "A\r\0\nB\r\nC\r\n", 10 }, "b=C;" },
	{ { "A\nB\nC\nD\r\nE\r\n", 12 }, "b=E;" },
	{ { "A\n", 2 }, "b" },
	{ { "A\r", 2 }, "" },
	{ { "0123456789\r\nA\r\n", 15 }, "=0123456789;=A;" },
	{ { "0123456789a\r\nA\r\n", 16 }, "l=A;" },
	{ { "0123456789ab\r\nA\r\n", 17 }, "l=A;" },
	{ { "0123456789abcdefghijklmnopqrstuvwxyz\nx\r\nA\r\n", 43 }, "l=A;" },
	{ { "0123456789ab", 12 }, "l" },
	{ { "0123456789a", 11 }, "" },
};

static void check_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct span stream = cases[i].stream;
		struct story story;

		for (size_t cut = 1; cut <= stream.len; cut++) {
			story = tell(stream, cut, stream.len);
			CHECK(span_equal((struct span){ story.text, story.len },
					 span_of(cases[i].want)));
		}
		story = tell(stream, 1, 1);
		CHECK(span_equal((struct span){ story.text, story.len }, span_of(cases[i].want)));
	}
}

/* Every stream of up to seven octets that matter gives the same however it is cut. */
static void check_cuts(void)
{
	static const char octets[] = { '\r', '\n', 'a', '\0' };
	char bytes[8 + 6];

	for (unsigned number = 0; number < 4U << 12; number++) {
		struct span stream = { bytes, 13 };
		struct story whole;

		for (unsigned i = 0; i < 7; i++)
			bytes[i] = octets[number >> (2 * i) & 3];
		memcpy(bytes + 7, "\r\nZZ\r\n", 6);
		whole = tell(stream, stream.len, 1);
		CHECK(whole.len >= 4 && memcmp(whole.text + whole.len - 4, "=ZZ;", 4) == 0);
		for (size_t cut = 1; cut < stream.len; cut++) {
			struct story story = tell(stream, cut, stream.len);

			CHECK(same(&story, &whole));
		}
		struct story story = tell(stream, 1, 1);
		CHECK(same(&story, &whole));
	}
}

int main(void)
{
	check_cases();
	check_cuts();
	return check_report();
}
