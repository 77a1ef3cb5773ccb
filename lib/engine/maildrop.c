/* SPDX-License-Identifier: ISC */
/* maildrop.c - the index of a POP3 maildrop, built from a listing. */
#include "engine/maildrop.h"

#include "base/ascii.h"
#include "base/block.h"
#include "base/hash.h"
#include "base/number.h"

/* No sum of sizes can wrap around, and no offset in the listing outgrows its bits. */
#define MESSAGES_MAX (((uint64_t)1 << 24) - 1)
#define SIZE_LIMIT   (((uint64_t)1 << 40) - 1)

struct maildrop_entry {
	uint64_t at : 62; /* of its line in the storage */
	uint64_t sized : 1;
	uint64_t marked : 1;
	uint64_t size;
};

_Static_assert(sizeof(struct maildrop_entry) == 16, "an index entry is 16 octets");

void maildrop_init(struct maildrop *maildrop, const struct pop3_storage *storage)
{
	memset(maildrop, 0, offsetof(struct maildrop, block));
	maildrop->storage = storage;
}

void maildrop_begin(struct maildrop *maildrop)
{
	maildrop->count = maildrop->remaining = maildrop->unsized = 0;
	maildrop->octets = 0;
	maildrop->start = maildrop->end;
	maildrop->lines = 0;
	maildrop->line_len = 0;
	maildrop->fault = NULL;
	maildrop->culprit = SPAN_NONE;
	maildrop->block_len = 0;
}

static enum maildrop_result bad(struct maildrop *maildrop, const char *fault, struct span culprit)
{
	maildrop->fault = fault;
	maildrop->culprit = culprit;
	return MAILDROP_BAD;
}

void maildrop_fault(const struct maildrop *maildrop, struct buffer *text)
{
	struct span culprit = maildrop->culprit;

	buffer_string(text, maildrop->fault == NULL ? "" : maildrop->fault);
	if (culprit.len == 0 || !buffer_put(text, SPAN(": ")))
		return;
	buffer_put(text, culprit.len <= buffer_room(text) ? culprit
							  : span_first(culprit, buffer_room(text)));
}

enum maildrop_result maildrop_append(struct maildrop *maildrop, struct span bytes)
{
	const struct pop3_storage *storage = maildrop->storage;
	struct span rest = bytes;

	while (rest.len > 0) {
		size_t at = span_find(rest, '\n');

		maildrop->line_len += at;
		if (maildrop->line_len >= POP3_LISTING_LINE_MAX)
			return bad(maildrop, "a line of the listing is too long", SPAN_NONE);
		if (at == rest.len)
			break;
		if (++maildrop->lines > MESSAGES_MAX)
			return bad(maildrop, "too many messages", SPAN_NONE);
		maildrop->line_len = 0;
		rest = span_from(rest, at + 1);
	}
	if (bytes.len > 0 && !storage->append(storage->context, bytes))
		return MAILDROP_STORAGE;
	maildrop->end += bytes.len;
	return MAILDROP_OK;
}

/* The line at `at` of the storage, without its LF. */
static bool read_line(struct maildrop *maildrop, uint64_t at, struct span *text)
{
	const struct pop3_storage *storage = maildrop->storage;

	for (bool fresh = false;; fresh = true) {
		if (at >= maildrop->block_at && at - maildrop->block_at < maildrop->block_len) {
			size_t from = (size_t)(at - maildrop->block_at);
			struct span rest = { maildrop->block + from, maildrop->block_len - from };
			size_t len = span_find(rest, '\n');

			*text = span_first(rest, len);
			/* The last line may lack its LF. */
			if (len < rest.len || at + len >= maildrop->end)
				return true;
		}
		if (fresh)
			return false;
		maildrop->block_at = at;
		maildrop->block_len = (*storage->read)(storage->context, at, maildrop->block,
						       sizeof(maildrop->block));
	}
}

/* Octets at the front of 0x21 to 0x7E. */
static size_t graph_len(struct span span)
{
	size_t at = 0;

	for (; at + BLOCK <= span.len; at += BLOCK) {
		block16 low = block_load(span.base + at) - (unsigned char)'!';
		unsigned mask = block_mask((block16)(low > (unsigned char)('~' - '!')));

		if (mask != 0)
			return at + block_first(mask);
	}
	while (at < span.len && ascii_is_graph(span.base[at]))
		at++;
	return at;
}

/* Takes the next word off the front, as far as it is printable. *whole: it ends there. */
static struct span take_word(struct span *rest, bool *whole)
{
	struct span word;

	while (rest->len > 0 && ascii_is_blank(*rest->base))
		*rest = span_from(*rest, 1);
	word = span_first(*rest, graph_len(*rest));
	*rest = span_from(*rest, word.len);
	*whole = rest->len == 0 || ascii_is_blank(*rest->base);
	return word;
}

/* Reads a line that is not blank; returns what is wrong with it, or NULL. */
static const char *parse_line(struct span text, struct maildrop_line *line)
{
	struct span size;
	bool whole_id, whole_size, whole_uid;

	line->id = take_word(&text, &whole_id);
	size = take_word(&text, &whole_size);
	line->uid = take_word(&text, &whole_uid);
	if (line->uid.len == 0)
		line->uid = line->id;
	line->size = 0;
	line->sized = size.len > 0 && !span_equal(size, SPAN("-"));
	/* An ID reaches programs as a variable: what no value may begin with, it may not. */
	if (!whole_id || line->id.len == 0 || line->id.len > MAILDROP_ID_MAX ||
	    span_starts(line->id, SPAN("-")) || span_starts(line->id, SPAN("()")))
		return "not an ID";
	if (!whole_size || (line->sized && !number_upto(size, SIZE_LIMIT, &line->size)))
		return "not a size, of";
	if (!whole_uid || line->uid.len > MAILDROP_UID_MAX)
		return "not a unique-id, of"; /* RFC 1939 7: 1 to 70 of 0x21-0x7E */
	if (span_trim(text).len > 0)
		return "more than ID, size and unique-id, of";
	return NULL;
}

/* FNV-1a with a finish that spreads it over all bits. */
static uint64_t hash(struct span span)
{
	uint64_t sum = hash_more(HASH_START, span);

	sum = (sum ^ (sum >> 33)) * 0xff51afd7ed558ccdU;
	return sum ^ (sum >> 33);
}

/* A slot of the hash table: a tag of the hash above the offset in the listing plus one; 0 is free.
 */
#define SLOT_OFFSET (((uint64_t)1 << 48) - 1)

/*
 * Enters a unique-id into the table of `slots` places.  The memory of the index serves: two
 * places a message before any entry is written.  False when an equal one is there.
 */
static bool enter_uid(struct maildrop *maildrop, uint64_t *table, uint64_t slots, uint64_t at,
		      struct span uid)
{
	uint64_t sum = hash(uid), slot = ((sum >> 32) * slots) >> 32;
	char copy[MAILDROP_UID_MAX];

	memcpy(copy, uid.base, uid.len);
	uid.base = copy; /* reading another line moves on */
	for (; table[slot] != 0; slot = slot + 1 < slots ? slot + 1 : 0) {
		struct maildrop_line other;
		struct span text;

		if ((table[slot] ^ sum << 48) > SLOT_OFFSET)
			continue;
		if (read_line(maildrop, maildrop->start + (table[slot] & SLOT_OFFSET) - 1, &text) &&
		    parse_line(text, &other) == NULL && span_equal(other.uid, uid))
			return false;
	}
	table[slot] = sum << 48 | (at - maildrop->start + 1);
	return true;
}

/* First round over the listing: checks the lines and their unique-ids (POP-034). */
static enum maildrop_result check_lines(struct maildrop *maildrop)
{
	uint64_t *table = (uint64_t *)maildrop->entries;
	struct maildrop_line line;
	struct span text;
	uint64_t next;

	for (uint64_t at = maildrop->start; at < maildrop->end; at = next) {
		const char *fault;

		if (!read_line(maildrop, at, &text))
			return MAILDROP_STORAGE;
		next = at + text.len + 1;
		/* What a shell prints for an empty list is no message. */
		if (span_trim(text).len == 0)
			continue;
		fault = parse_line(text, &line);
		if (fault != NULL)
			return bad(maildrop, fault, line.id);
		if (!enter_uid(maildrop, table, 2 * maildrop->lines, at, line.uid)) {
			/* The spans went with the block that they lay in. */
			if (!read_line(maildrop, at, &text))
				return MAILDROP_STORAGE;
			parse_line(text, &line);
			return bad(maildrop, "the unique-id of another message, of", line.id);
		}
	}
	return MAILDROP_OK;
}

/* Second round: writes the entries. */
static enum maildrop_result write_entries(struct maildrop *maildrop)
{
	struct maildrop_line line;
	struct span text;

	for (uint64_t at = maildrop->start; at < maildrop->end; at += text.len + 1) {
		if (!read_line(maildrop, at, &text))
			return MAILDROP_STORAGE;
		if (span_trim(text).len == 0)
			continue;
		if (maildrop->count == maildrop->lines || parse_line(text, &line) != NULL)
			return MAILDROP_STORAGE; /* not what it was in the first round */
		maildrop->entries[maildrop->count++] = (struct maildrop_entry){
			.at = at & (UINT64_MAX >> 2), .sized = line.sized, .size = line.size
		};
		maildrop->unsized += !line.sized;
		maildrop->octets += line.size;
	}
	maildrop->remaining = maildrop->count;
	return MAILDROP_OK;
}

enum maildrop_result maildrop_finish(struct maildrop *maildrop)
{
	const struct pop3_storage *storage = maildrop->storage;
	enum maildrop_result result;

	if (maildrop->line_len > 0 && ++maildrop->lines > MESSAGES_MAX)
		return bad(maildrop, "too many messages", SPAN_NONE);
	if (maildrop->lines > maildrop->capacity) {
		size_t size = (size_t)maildrop->lines * sizeof(*maildrop->entries);

		maildrop->entries = storage->memory(storage->context, size);
		maildrop->capacity = maildrop->entries == NULL ? 0 : (size_t)maildrop->lines;
		if (maildrop->entries == NULL)
			return MAILDROP_STORAGE;
	} else if (maildrop->lines > 0) {
		memset(maildrop->entries, 0, maildrop->capacity * sizeof(*maildrop->entries));
	}
	result = check_lines(maildrop);
	return result == MAILDROP_OK ? write_entries(maildrop) : result;
}

bool maildrop_line(struct maildrop *maildrop, uint32_t number, struct maildrop_line *line)
{
	struct span text;

	return read_line(maildrop, maildrop->entries[number - 1].at, &text) &&
	       parse_line(text, line) == NULL;
}

bool maildrop_size(const struct maildrop *maildrop, uint32_t number, uint64_t *size)
{
	*size = maildrop->entries[number - 1].size;
	return maildrop->entries[number - 1].sized;
}

void maildrop_set_size(struct maildrop *maildrop, uint32_t number, uint64_t size)
{
	struct maildrop_entry *entry = &maildrop->entries[number - 1];

	entry->size = size < SIZE_LIMIT ? size : SIZE_LIMIT;
	entry->sized = true;
	if (!entry->marked) {
		maildrop->unsized--;
		maildrop->octets += entry->size;
	}
}

bool maildrop_marked(const struct maildrop *maildrop, uint32_t number)
{
	return maildrop->entries[number - 1].marked;
}

void maildrop_mark(struct maildrop *maildrop, uint32_t number)
{
	struct maildrop_entry *entry = &maildrop->entries[number - 1];

	entry->marked = true;
	maildrop->remaining--;
	maildrop->unsized -= !entry->sized;
	maildrop->octets -= entry->size;
}

void maildrop_unmark(struct maildrop *maildrop)
{
	/* Nothing to do is the usual case: it must not cost a round over the index. */
	for (uint32_t i = 0; i < maildrop->count && maildrop->remaining < maildrop->count; i++) {
		struct maildrop_entry *entry = &maildrop->entries[i];

		maildrop->remaining += entry->marked;
		maildrop->unsized += entry->marked && !entry->sized;
		maildrop->octets += entry->marked ? entry->size : 0;
		entry->marked = false;
	}
}
