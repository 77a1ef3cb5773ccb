/* SPDX-License-Identifier: ISC */
/*
 * maildir_name.c - file names of a Maildir: ours and those of other programs, their order,
 * unique-ids (POP-032, POP-033) and the way into a list line and back.
 */
#include "../../cmd/maildir-store/name.c"

#include "check.h"

#include <limits.h>

static bool uid_is(struct span name, const char *uid)
{
	char bytes[UID_MAX];
	struct buffer out = BUFFER(bytes);

	name_uid_put(&out, name);
	return !out.overflow && span_equal(buffer_span(&out), span_of(uid));
}

static void parts(void)
{
	const struct span name = SPAN("1700000000.M5P1Q1Rab.host,S=10,W=12,X:2,ST");
	uint64_t value = 0;

	CHECK(span_equal(name_unique(name), SPAN("1700000000.M5P1Q1Rab.host")));
	CHECK(span_equal(name_base(name), SPAN("1700000000.M5P1Q1Rab.host,S=10,W=12,X")));
	CHECK(name_field(name, 'S', &value) && value == 10);
	CHECK(name_field(name, 'W', &value) && value == 12);
	CHECK(!name_field(name, 'X', &value));
	CHECK(!name_field(SPAN("1.2.h:2,S=5"), 'S', &value));
	CHECK(!name_field(SPAN("1.2.h,W=-1"), 'W', &value));
	CHECK(!name_field(SPAN("1.2.h,W=1x"), 'W', &value));
	CHECK(!name_field(SPAN("1.2.h,W="), 'W', &value));
	CHECK(!name_field(SPAN("1.2.h,W=99999999999999999999"), 'W', &value));
	CHECK(name_flagged(name, 'T') && name_flagged(name, 'S') && !name_flagged(name, 'R'));
	CHECK(!name_flagged(SPAN("1.2.T"), 'T') && !name_flagged(SPAN("1.2.h:1,T"), 'T'));
}

static void times(void)
{
	CHECK(name_time(SPAN("1700000000.M000005P1.h")) == 1700000000000005);
	CHECK(name_time(SPAN("1700000000.M5P1.h")) == 1700000000000005);
	CHECK(name_time(SPAN("1700000000.V801I00M123456P9.h,S=1")) == 1700000000123456);
	CHECK(name_time(SPAN("1700000000.4711_0.h")) == 1700000000000000);
	CHECK(name_time(SPAN("1700000000.4711_0.hM55")) == 1700000000000000);
	CHECK(name_time(SPAN("0.M1P1.h")) == 1);
	CHECK(name_time(SPAN("4294967296.M1P1.h")) == 4294967296000001);
	CHECK(name_time(SPAN("msg")) == 0 && name_time(SPAN("12")) == 0 &&
	      name_time(SPAN(".1")) == 0);
	CHECK(name_time(SPAN("99999999999999999999.M1P1.h")) == 0);
}

static void order(void)
{
	CHECK(name_compare(1, SPAN("b"), 2, SPAN("a")) < 0);
	CHECK(name_compare(2, SPAN("a"), 2, SPAN("b")) < 0);
	CHECK(name_compare(2, SPAN("ab"), 2, SPAN("a")) > 0);
	/* Flags and fields change no place. */
	CHECK(name_compare(2, SPAN("a,S=1:2,S"), 2, SPAN("a:2,")) == 0);
}

static void our_names(void)
{
	struct stamp stamp = { 99999999999, 999999, 4194304, UINT64_MAX, "0123456789abcdef" };
	struct stamp first, second;
	char bytes[256], other[256];
	struct buffer out = BUFFER(bytes);
	struct buffer next = BUFFER(other);

	/* Even the longest is its own unique-id. */
	name_unique_put(&out, &stamp, 9999);
	CHECK(!out.overflow && out.len <= UID_MAX && is_uid(buffer_span(&out)));
	CHECK(span_equal(name_unique(buffer_span(&out)), buffer_span(&out)));
	CHECK(name_time(buffer_span(&out)) == 99999999999999999);
	CHECK(stamp_take(&first) && stamp_take(&second) && first.random != second.random);
	buffer_clear(&out);
	name_unique_put(&out, &first, 1);
	name_unique_put(&next, &first, 2);
	CHECK(!span_equal(buffer_span(&out), buffer_span(&next)));
}

static void unique_ids(void)
{
	static char name[256];

	CHECK(uid_is(SPAN("1.2.h,S=1:2,S"), "1.2.h"));
	CHECK(uid_is(SPAN("a b"), "a_b~e63f991904833892"));
	memset(name, 'u', sizeof(name));
	CHECK(uid_is((struct span){ name, 70 },
		     "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu"));
	for (size_t len = 71; len <= NAME_MAX; len++) {
		char bytes[UID_MAX], changed[UID_MAX];
		struct buffer out = BUFFER(bytes);
		struct buffer again = BUFFER(changed);

		name_uid_put(&out, (struct span){ name, len });
		CHECK(!out.overflow && out.len == UID_MAX);
		name[len - 1] = 'v';
		name_uid_put(&again, (struct span){ name, len });
		name[len - 1] = 'u';
		CHECK(!span_equal(buffer_span(&out), buffer_span(&again)));
	}
}

/* Every octet goes into an ID and comes back. */
static void escapes(void)
{
	char bytes[1024], back[256];
	char name[255];
	struct buffer id = BUFFER(bytes);
	struct buffer out = BUFFER(back);

	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = (char)(i + 1);
	name_escape(&id, (struct span){ name, sizeof(name) });
	CHECK(!id.overflow && id.len + 4 <= ID_MAX);
	for (size_t i = 0; i < id.len; i++)
		CHECK(ascii_is_graph(id.base[i]));
	CHECK(name_unescape(&out, buffer_span(&id)));
	CHECK(span_equal(buffer_span(&out), (struct span){ name, sizeof(name) }));
	CHECK(!name_unescape(&out, SPAN("%")) && !name_unescape(&out, SPAN("%2")) &&
	      !name_unescape(&out, SPAN("%zz")));
	buffer_clear(&out);
	CHECK(!name_unescape(&out, (struct span){ bytes, sizeof(bytes) }));
}

/* Hardening 1: what a file system has of longer names than we have room for is none of ours. */
static void fitting(void)
{
	char name[NAME_MAX + 1];

	memset(name, 'a', sizeof(name));
	CHECK(name_fits((struct span){ name, NAME_MAX }) &&
	      !name_fits((struct span){ name, NAME_MAX + 1 }));
	CHECK(!name_fits(SPAN(".a")) && !name_fits(SPAN("..")) && name_fits(SPAN("a")));
}

int main(void)
{
	fitting();
	parts();
	times();
	order();
	our_names();
	unique_ids();
	escapes();
	return check_report();
}
