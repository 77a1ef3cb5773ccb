/* SPDX-License-Identifier: ISC */
/*
 * record_framing.c - the records of the co-process contract: parsing in every split,
 * each limit exact and one over, garbage, numbers, and the writer.  Proves GEN-006 for
 * frames: what cannot be parsed is never taken for an answer.
 */
#include "backend/record.h"

#include "check.h"

#include <stdlib.h>

static const char sample[] = "call=deliver\nMESSAGE=a=b\nSENDER=\nlength=3\n\nabc";
#define SAMPLE_RECORD (sizeof(sample) - 1 - 3)

static enum record_result parse(struct span bytes, struct record *record, size_t *used)
{
	/* An exact heap copy: a sanitizer sees every octet read beyond the prefix. */
	char *copy = malloc(bytes.len > 0 ? bytes.len : 1);
	enum record_result result;

	if (copy == NULL)
		abort();
	if (bytes.len > 0)
		memcpy(copy, bytes.base, bytes.len);
	result = record_parse((struct span){ copy, bytes.len }, record, used);
	free(copy);
	return result;
}

static void every_prefix(void)
{
	struct record record;
	size_t used = 0;

	for (size_t len = 0; len < SAMPLE_RECORD; len++)
		CHECK(parse((struct span){ sample, len }, &record, &used) == RECORD_MORE);
	for (size_t len = SAMPLE_RECORD; len < sizeof(sample); len++) {
		CHECK(record_parse((struct span){ sample, len }, &record, &used) == RECORD_OK);
		CHECK(used == SAMPLE_RECORD && record.count == 4);
		CHECK(span_equal(record_get(&record, "MESSAGE"), SPAN("a=b")));
		CHECK(record_get(&record, "SENDER").base != NULL);
		CHECK(record_get(&record, "SENDER").len == 0);
		CHECK(record_get(&record, "USER").base == NULL);
	}
}

static void garbage(void)
{
	static const struct span bad[] = {
		SPAN("no equals sign\n"), SPAN("=empty key\n"), SPAN("a=1\nb\n\n"),
		SPAN("a=\0\n\n"),         SPAN("a\0=1"),        SPAN("\0"),
		SPAN("a=1\n\0"),
	};
	struct record record;
	size_t used = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(parse(bad[i], &record, &used) == RECORD_BAD && used == 0);
	CHECK(parse(SPAN("\n"), &record, &used) == RECORD_OK && record.count == 0 && used == 1);
	CHECK(parse(SPAN("no equals sign"), &record, &used) == RECORD_MORE);
}

static void limit_of_octets(void)
{
	static char bytes[RECORD_MAX + 2];
	struct record record;
	size_t used = 0;

	memset(bytes, 'x', sizeof(bytes));
	bytes[1] = '=';
	bytes[RECORD_MAX - 1] = '\n';
	bytes[RECORD_MAX] = '\n';
	for (size_t len = 1; len <= RECORD_MAX; len += len < RECORD_MAX - 3 ? 97 : 1)
		CHECK(parse((struct span){ bytes, len }, &record, &used) == RECORD_MORE);
	CHECK(record_parse((struct span){ bytes, RECORD_MAX + 1 }, &record, &used) == RECORD_OK);
	CHECK(used == RECORD_MAX + 1 && record_get(&record, "x").len == RECORD_MAX - 3);
	/* one octet more in the line: bad as soon as it is certain */
	bytes[RECORD_MAX - 1] = 'x';
	CHECK(parse((struct span){ bytes, RECORD_MAX - 1 }, &record, &used) == RECORD_MORE);
	CHECK(parse((struct span){ bytes, RECORD_MAX }, &record, &used) == RECORD_BAD);
	CHECK(parse((struct span){ bytes, RECORD_MAX + 1 }, &record, &used) == RECORD_BAD);
	/* a second line that would begin past the limit */
	bytes[RECORD_MAX - 1] = '\n';
	bytes[RECORD_MAX] = 'y';
	CHECK(parse((struct span){ bytes, RECORD_MAX + 1 }, &record, &used) == RECORD_BAD);
}

static void limit_of_fields(void)
{
	char bytes[4 * (RECORD_FIELDS_MAX + 1) + 1];
	struct record record;
	size_t used = 0;

	for (size_t i = 0; i <= RECORD_FIELDS_MAX; i++)
		memcpy(bytes + 4 * i, "k=v\n", 4);
	bytes[4 * RECORD_FIELDS_MAX] = '\n';
	CHECK(parse((struct span){ bytes, 4 * RECORD_FIELDS_MAX + 1 }, &record, &used) ==
	      RECORD_OK);
	CHECK(record.count == RECORD_FIELDS_MAX);
	bytes[4 * RECORD_FIELDS_MAX] = 'k';
	CHECK(parse((struct span){ bytes, sizeof(bytes) - 1 }, &record, &used) == RECORD_BAD);
}

static void numbers(void)
{
	struct record record;
	uint64_t value = 0;
	size_t used = 0;

	CHECK(record_parse(SPAN("a=0\nb=100\nc=101\nd=-1\ne=\nf=18446744073709551616\n\n"), &record,
			   &used) == RECORD_OK);
	CHECK(record_number(&record, "a", 100, 7, &value) && value == 0);
	CHECK(record_number(&record, "b", 100, 7, &value) && value == 100);
	CHECK(!record_number(&record, "c", 100, 7, &value));
	CHECK(!record_number(&record, "d", 100, 7, &value));
	CHECK(!record_number(&record, "e", 100, 7, &value));
	CHECK(!record_number(&record, "f", UINT64_MAX, 7, &value));
	CHECK(record_number(&record, "absent", 100, 7, &value) && value == 7);
}

static void writer(void)
{
	char bytes[64];
	struct buffer buffer = BUFFER(bytes);

	record_put(&buffer, "call", SPAN("rcpt"));
	record_put(&buffer, "SENDER", SPAN(""));
	record_put_number(&buffer, "length", 65536);
	record_finish(&buffer);
	CHECK(!buffer.overflow);
	CHECK(span_equal(buffer_span(&buffer), SPAN("call=rcpt\nSENDER=\nlength=65536\n\n")));
	buffer_clear(&buffer);
	record_put(&buffer, "A", SPAN("1\nexit=0"));
	CHECK(buffer.overflow);
	buffer_clear(&buffer);
	record_put(&buffer, "A", SPAN("1\0"));
	CHECK(buffer.overflow);
	buffer = (struct buffer){ bytes, 0, 4, false };
	record_put(&buffer, "A", SPAN("12")); /* five octets with the LF */
	CHECK(buffer.overflow);
}

int main(void)
{
	every_prefix();
	garbage();
	limit_of_octets();
	limit_of_fields();
	numbers();
	writer();
	return check_report();
}
