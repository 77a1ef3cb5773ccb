/* SPDX-License-Identifier: ISC */
/* mail_utf8.c - UTF-8: UTF8-002, hardening 8 and 29. */
#include "base/utf8.h"

#include "check.h"

static size_t encode(uint32_t point, char *bytes)
{
	if (point < 0x80) {
		bytes[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		bytes[0] = (char)(0xc0 | point >> 6);
		bytes[1] = (char)(0x80 | (point & 63));
		return 2;
	}
	if (point < 0x10000) {
		bytes[0] = (char)(0xe0 | point >> 12);
		bytes[1] = (char)(0x80 | (point >> 6 & 63));
		bytes[2] = (char)(0x80 | (point & 63));
		return 3;
	}
	bytes[0] = (char)(0xf0 | point >> 18);
	bytes[1] = (char)(0x80 | (point >> 12 & 63));
	bytes[2] = (char)(0x80 | (point >> 6 & 63));
	bytes[3] = (char)(0x80 | (point & 63));
	return 4;
}

/* Every code point decodes to itself, cut short it is malformed; surrogates and the rest do not. */
static void check_points(void)
{
	for (uint32_t point = 0; point < 0x120000; point++) {
		bool good = point < 0x110000 && (point < 0xd800 || point > 0xdfff);
		char bytes[4];
		struct span span = { bytes, encode(point, bytes) };
		uint32_t got = 0;

		CHECK(utf8_decode(span, &got) == (good ? span.len : 0));
		CHECK(!good || got == point);
		span.len--;
		CHECK(utf8_decode(span, &got) == 0);
	}
}

static void check_malformed(void)
{
	static const char *const bad[] = { "\x80",
					   "\xbf",
					   "\xc0\x80",
					   "\xc1\xbf",
					   "\xe0\x80\x80",
					   "\xe0\x9f\xbf",
					   "\xf0\x80\x80\x80",
					   "\xf0\x8f\xbf\xbf",
					   "\xf4\x90\x80\x80",
					   "\xf5\x80\x80\x80",
					   "\xff",
					   "a\xc3",
					   "\xc3(",
					   "\xe2\x82(",
					   "\xed\xa0\x80" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!utf8_valid(span_of(bad[i])));
	CHECK(utf8_valid(SPAN("")));
	CHECK(utf8_valid(SPAN("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80")));
}

static void check_harm(void)
{
	static const uint32_t harmful[] = { 0,      0x1f,   0x7f,   0x85,   0x9f,   0x200b,  0x200d,
					    0x200e, 0x2028, 0x2029, 0x202a, 0x202e, 0x2060,  0x2066,
					    0x2069, 0xfdd0, 0xfeff, 0xfffe, 0xffff, 0x10ffff };
	static const uint32_t harmless[] = { ' ',    'a',    0xa0,   0xe4,   0x2027,
					     0x2030, 0x7528, 0xfffd, 0x1f600 };

	for (size_t i = 0; i < sizeof(harmful) / sizeof(*harmful); i++)
		CHECK(!utf8_is_harmless(harmful[i]));
	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		CHECK(utf8_is_harmless(harmless[i]));
	CHECK(utf8_all_harmless(SPAN("a\xc3\xa4")) && !utf8_all_harmless(SPAN("a\xe2\x80\xae")));
	CHECK(!utf8_all_harmless(SPAN("\xc3")));
	CHECK(utf8_is_ascii(SPAN("a\x7f")) && !utf8_is_ascii(SPAN("\x80")));
}

int main(void)
{
	check_points();
	check_malformed();
	check_harm();
	return check_report();
}
