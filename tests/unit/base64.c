/* SPDX-License-Identifier: ISC */
/* base64.c - strict base64: AUTH-009. */
#include "base/base64.h"

#include "check.h"

static bool decodes(struct span text, struct span bytes)
{
	char storage[64];
	struct buffer out = BUFFER(storage);

	return base64_decode(&out, text) && span_equal(buffer_span(&out), bytes);
}

static bool refused(struct span text)
{
	char storage[64];
	struct buffer out = BUFFER(storage);

	return !base64_decode(&out, text);
}

/* RFC 4648 10. */
static void check_vectors(void)
{
	static const struct {
		struct span bytes, text;
	} vectors[] = {
		{ SPAN(""), SPAN("") },
		{ SPAN("f"), SPAN("Zg==") },
		{ SPAN("fo"), SPAN("Zm8=") },
		{ SPAN("foo"), SPAN("Zm9v") },
		{ SPAN("foob"), SPAN("Zm9vYg==") },
		{ SPAN("fooba"), SPAN("Zm9vYmE=") },
		{ SPAN("foobar"), SPAN("Zm9vYmFy") },
		{ SPAN("\0\xff\xfe\x3f"), SPAN("AP/+Pw==") },
	};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		char storage[64];
		struct buffer out = BUFFER(storage);

		CHECK(base64_encode(&out, vectors[i].bytes));
		CHECK(span_equal(buffer_span(&out), vectors[i].text));
		CHECK(out.len == BASE64_LEN(vectors[i].bytes.len));
		CHECK(decodes(vectors[i].text, vectors[i].bytes));
	}
}

/* Of all groups of two characters and padding, and of all octets in each place, only canonical
 * ones. */
static void check_strictness(void)
{
	static const char *const bad[] = {
		"=",        "====",     "A===",  "Zg=",  "Zg",   "Z",    "=AAA", "A=AA", "AA=A",
		"AAA=BBBB", "AA==AAAA", "Zm9v=", "Zh==", "Zm9=", "Zg =", " Zg=", "Zm-_", "Zg==\n"
	};
	unsigned good = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(refused(span_of(bad[i])));
	for (unsigned octet = 0; octet < 256; octet++) {
		for (size_t place = 0; place < 4; place++) {
			char text[] = { 'A', 'A', 'A', 'A' };

			text[place] = (char)octet;
			good += !refused((struct span){ text, 4 });
		}
	}
	/* 64 in each place, and one "=" at the end, behind bits that are zero. */
	CHECK(good == 4 * 64 + 1);
}

static void check_room(void)
{
	char storage[5];
	struct buffer out = BUFFER(storage);

	CHECK(!base64_encode(&out, SPAN("foob")) && out.overflow);
	buffer_clear(&out);
	CHECK(base64_decode(&out, SPAN("Zm9vYmE=")));
	CHECK(!base64_decode(&out, SPAN("Zg==")) && out.overflow);
}

int main(void)
{
	check_vectors();
	check_strictness();
	check_room();
	return check_report();
}
