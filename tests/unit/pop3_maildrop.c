/* SPDX-License-Identifier: ISC */
/*
 * pop3_maildrop.c - random messages and large maildrops: STAT is the sum of LIST, LIST is
 * what RETR gives, TOP is its beginning, and 100,000 messages cost little (POP-005, POP-020 to
 * POP-026, POP-031, POP-034, POP-035, POP-040, DEF-016, DEF-020, DEF-021).
 */
#include "pop3_driver.h"

#define LOGIN "USER u\r\nPASS p\r\n"

static uint64_t seed = 7;

static unsigned dice(unsigned sides)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(seed >> 33) % sides;
}

/* ---- random messages ------------------------------------------------------------------------- */

/* Takes the next reply of one line off the front of `*rest`, without CRLF. */
static struct span take_line(struct span *rest)
{
	size_t at = span_find(*rest, '\n');
	struct span line = span_first(*rest, at);

	CHECK(at > 0 && at < rest->len && line.base[at - 1] == '\r');
	*rest = span_from(*rest, at < rest->len ? at + 1 : at);
	return line.len > 0 ? span_first(line, line.len - 1) : line;
}

/* Takes the lines of a message off `*rest`, unstuffed, with CRLF; a line ends at CRLF, by the book.
 */
static void take_message(struct span *rest, struct text *message)
{
	message->len = 0;
	while (rest->len > 0) {
		size_t end = 0;

		while (end + 1 < rest->len && memcmp(rest->base + end, "\r\n", 2) != 0)
			end++;
		CHECK(end + 1 < rest->len);
		struct span line = span_first(*rest, end + 2 <= rest->len ? end + 2 : rest->len);

		*rest = span_from(*rest, line.len);
		if (span_equal(line, SPAN(".\r\n")))
			return;
		text_put(message, line.base[0] == '.' ? span_from(line, 1) : line);
	}
	CHECK(false);
}

/* The message with CRLF line ends, octet by octet. */
static void model(struct span message, struct text *wire)
{
	wire->len = 0;
	text_string(wire, "");
	for (size_t i = 0; i < message.len; i++) {
		if (message.base[i] == '\n' && (i == 0 || message.base[i - 1] != '\r'))
			text_string(wire, "\r");
		text_put(wire, (struct span){ message.base + i, 1 });
	}
	if (message.len > 0 && message.base[message.len - 1] != '\n')
		text_string(wire, "\r\n");
}

/* Octets of header, blank line and `lines` lines of the body. */
static size_t top_len(struct span wire, unsigned lines)
{
	size_t at = 0;
	bool body = false;

	while (at < wire.len && !(body && lines == 0)) {
		size_t lf = span_find(span_from(wire, at), '\n');

		if (body)
			lines--;
		else
			body = lf == 1;
		at += lf + 1;
	}
	return at;
}

static void test_random_message(bool listed)
{
	char bytes[64], listing[64];
	size_t len = dice(sizeof(bytes));
	struct buffer line = BUFFER(listing);
	struct mail mail = { "m1", { bytes, len } };
	struct scene scene = scene_of(&mail, 1);
	struct text wire = { NULL, 0, 0 }, got = { NULL, 0, 0 }, size = { NULL, 0, 0 };
	struct span rest;
	struct outcome outcome;

	for (size_t i = 0; i < len; i++)
		bytes[i] = "a.\r\n\n.\n\xff"[dice(8)];
	if (len > 0 && dice(4) == 0)
		bytes[dice((unsigned)len)] = '\0';
	model(mail.message, &wire);
	buffer_string(&line, "m1 ");
	if (listed)
		buffer_number(&line, wire.len);
	scene.listing = buffer_span(&line);
	outcome = play(&scene, SPAN(LOGIN "STAT\r\nLIST 1\r\nRETR 1\r\nTOP 1 0\r\nTOP 1 2\r\n"),
		       (struct cut){ 0, 0, dice(3), dice(5) });
	rest = text_span(&outcome.output);
	for (unsigned i = 0; i < 3; i++)
		take_line(&rest);
	text_string(&size, "+OK 1 ");
	text_number(&size, wire.len);
	CHECK(span_equal(take_line(&rest), text_span(&size)));
	CHECK(span_equal(take_line(&rest), text_span(&size)));
	CHECK(span_starts(take_line(&rest), SPAN("+OK")));
	take_message(&rest, &got);
	CHECK(span_equal(text_span(&got), text_span(&wire)));
	for (unsigned lines = 0; lines <= 2; lines += 2) {
		CHECK(span_starts(take_line(&rest), SPAN("+OK")));
		take_message(&rest, &got);
		CHECK(span_equal(text_span(&got),
				 span_first(text_span(&wire), top_len(text_span(&wire), lines))));
	}
	CHECK(rest.len == 0 && outcome.fault[0] == '\0');
	outcome_free(&outcome);
	scene_reset(&scene);
	text_free(&wire);
	text_free(&got);
	text_free(&size);
}

/* Larger than any buffer, with a dot at every place of the block. */
static void test_large_message(void)
{
	struct text message = { NULL, 0, 0 }, wire = { NULL, 0, 0 }, got = { NULL, 0, 0 };
	struct mail mail = { "m1", SPAN_NONE };
	struct scene scene;
	struct outcome outcome;
	struct span rest;

	for (unsigned i = 0; i < 200000; i++)
		text_put(&message, (struct span){ &".\n.ab\r"[dice(6)], 1 });
	mail.message = text_span(&message);
	model(mail.message, &wire);
	scene = scene_of(&mail, 1);
	outcome = play(&scene, SPAN(LOGIN "RETR 1\r\nQUIT\r\n"), (struct cut){ 0, 0, 1000, 0 });
	rest = text_span(&outcome.output);
	for (unsigned i = 0; i < 4; i++)
		take_line(&rest);
	take_message(&rest, &got);
	CHECK(span_equal(text_span(&got), text_span(&wire)));
	CHECK(span_equal(rest, SPAN("+OK bye\r\n")));
	outcome_free(&outcome);
	scene_reset(&scene);
	text_free(&message);
	text_free(&wire);
	text_free(&got);
}

/* ---- large maildrops ------------------------------------------------------------------------- */

static void list_many(struct text *listing, unsigned count)
{
	for (unsigned i = 1; i <= count; i++) {
		text_number(listing, 1700000000 + i);
		text_string(listing, ".M1P2.host.example ");
		text_number(listing, i);
		text_string(listing, "\n");
	}
}

/* Memory is 16 octets a message, and the listing is read a fixed number of times (POP-035). */
static void test_many_messages(unsigned count)
{
	struct text listing = { NULL, 0, 0 }, wanted = { NULL, 0, 0 };
	struct scene scene = scene_of(NULL, 0);
	struct outcome outcome;

	list_many(&listing, count);
	scene.listing = text_span(&listing);
	outcome = play(&scene, SPAN(LOGIN "STAT\r\nLIST\r\nUIDL\r\nDELE 7\r\nSTAT\r\nQUIT\r\n"),
		       (struct cut){ 0, 0, 5000, 65536 });
	CHECK(scene.memory_octets <= 16 * (size_t)count);
	CHECK(count > 100000 || scene.memory_octets + sizeof(struct pop3) < 2U << 20);
	CHECK(scene.read_octets <= 4 * listing.len);
	text_string(&wanted, "+OK mx.example POP3 ready\r\n+OK send PASS\r\n");
	for (unsigned round = 0; round < 4; round++) {
		text_string(&wanted, round == 1 ? "+OK " : "+OK maildrop has ");
		text_number(&wanted, count);
		text_string(&wanted, round == 1 ? " " : " messages\r\n");
		if (round == 1) {
			text_number(&wanted, (uint64_t)count * (count + 1) / 2);
			text_string(&wanted, "\r\n");
		}
		for (unsigned i = 1; round > 1 && i <= count; i++) {
			text_number(&wanted, i);
			text_string(&wanted, " ");
			text_number(&wanted, round == 2 ? i : 1700000000 + i);
			text_string(&wanted, round == 2 ? "\r\n" : ".M1P2.host.example\r\n");
		}
		text_string(&wanted, round > 1 ? ".\r\n" : "");
	}
	text_string(&wanted, "+OK message deleted\r\n+OK ");
	text_number(&wanted, count - 1);
	text_string(&wanted, " ");
	text_number(&wanted, (uint64_t)count * (count + 1) / 2 - 7);
	text_string(&wanted, "\r\n+OK bye\r\n");
	CHECK(span_equal(text_span(&outcome.output), text_span(&wanted)));
	CHECK(strcmp(outcome.events.base,
		     "auth LOGIN_NAME=u PASSWORD=p\nlist\nbody 1700000007.M1P2.host.example\n"
		     "delete OCTETS=29\nlogout\n") == 0);
	outcome_free(&outcome);
	scene_reset(&scene);
	text_free(&listing);
	text_free(&wanted);
}

/* Two equal unique-ids among many are found, the first with the last too. */
static void test_one_duplicate(unsigned count)
{
	struct scene scene = scene_of(NULL, 0);
	struct text listing = { NULL, 0, 0 };
	struct outcome outcome;

	list_many(&listing, count);
	text_string(&listing, "x 1 1700000001.M1P2.host.example\n");
	scene.listing = text_span(&listing);
	outcome = play(&scene, SPAN(LOGIN), (struct cut){ 0, 0, 0, 0 });
	CHECK(strstr(outcome.output.base, "-ERR [SYS/PERM]") != NULL);
	CHECK(strcmp(outcome.fault, "bad listing: the unique-id of another message, of: x") == 0);
	outcome_free(&outcome);
	scene_reset(&scene);
	text_free(&listing);
}

/* All of them removed: the IDs come in order, however many pieces they take. */
static void test_delete_many(unsigned count)
{
	struct scene scene = scene_of(NULL, 0);
	struct text listing = { NULL, 0, 0 }, sent = { NULL, 0, 0 }, id = { NULL, 0, 0 };
	struct outcome outcome;
	struct span rest;

	list_many(&listing, count);
	scene.listing = text_span(&listing);
	text_string(&sent, LOGIN);
	for (unsigned i = count; i >= 1; i--) {
		text_string(&sent, "DELE ");
		text_number(&sent, i);
		text_string(&sent, "\r\n");
	}
	text_string(&sent, "QUIT\r\n");
	outcome = play(&scene, text_span(&sent), (struct cut){ 0, 0, 0, 0 });
	rest = text_span(&outcome.events);
	for (unsigned i = 1; i <= count && rest.len > 0; i++) {
		struct span line = span_take(&rest, '\n');

		while (rest.len > 0 && !span_starts(line, SPAN("body ")) &&
		       !span_starts(line, SPAN("17")))
			line = span_take(&rest, '\n');
		if (span_starts(line, SPAN("body ")))
			line = span_from(line, 5);
		id.len = 0;
		text_number(&id, 1700000000 + i);
		text_string(&id, ".M1P2.host.example");
		CHECK(span_equal(line, text_span(&id)));
	}
	CHECK(span_starts(rest, SPAN("delete OCTETS=")));
	CHECK(outcome.end == END_QUIT);
	outcome_free(&outcome);
	scene_reset(&scene);
	text_free(&listing);
	text_free(&sent);
	text_free(&id);
}

/* ---- a listing that somebody writes to ------------------------------------------------------- */

static struct span written; /* what the storage holds by now */
static uint64_t entries[64];

static bool written_append(void *context, struct span bytes)
{
	(void)context;
	(void)bytes;
	return true;
}

static size_t written_read(void *context, uint64_t at, char *bytes, size_t len)
{
	size_t left = at < written.len ? written.len - (size_t)at : 0;

	(void)context;
	len = len < left ? len : left;
	memcpy(bytes, written.base + at, len);
	return len;
}

static void *written_memory(void *context, size_t size)
{
	(void)context;
	return size <= sizeof(entries) ? memset(entries, 0, sizeof(entries)) : NULL;
}

/* The program's own file is read, which may be written to meanwhile: more lines than were counted
 * end the login, and find an end themselves. */
static void test_more_lines(void)
{
	static const struct pop3_storage storage = { NULL, written_append, written_read,
						     written_memory };
	static struct maildrop maildrop;

	maildrop_init(&maildrop, &storage);
	maildrop_begin(&maildrop);
	CHECK(maildrop_append(&maildrop, SPAN("one 1 1\nanother 2 2\n")) == MAILDROP_OK);
	written = SPAN("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
	CHECK(maildrop_finish(&maildrop) == MAILDROP_STORAGE);
}

int main(void)
{
	for (unsigned round = 0; round < 4000; round++)
		test_random_message(round % 2 == 0);
	test_large_message();
	test_many_messages(100000);
	test_many_messages(400000);
	test_one_duplicate(100000);
	test_delete_many(3000);
	test_more_lines();
	return check_report();
}
