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
_Static_assert(sizeof(((struct maildrop *)0)->block) == MAILDROP_BLOCK + BLOCK,
	       "words are looked at a block at a time");

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

/* Counts the lines of a piece. False: one of them is longer than a line may be. */
static bool count_lines(struct maildrop *maildrop, struct span bytes)
{
	size_t start = 0;

	for (size_t at = 0; at < bytes.len;) {
		bool block = bytes.len - at >= BLOCK;
		unsigned ends = block ? block_mask(block_equal(block_load(bytes.base + at), '\n'))
				      : bytes.base[at] == '\n';

		for (; ends != 0; ends &= ends - 1) {
			size_t end = at + block_first(ends);

			if (maildrop->line_len + end - start >= POP3_LISTING_LINE_MAX)
				return false;
			maildrop->line_len = 0;
			maildrop->lines++;
			start = end + 1;
		}
		at += block ? BLOCK : 1;
	}
	maildrop->line_len += bytes.len - start;
	return maildrop->line_len < POP3_LISTING_LINE_MAX;
}

enum maildrop_result maildrop_append(struct maildrop *maildrop, struct span bytes)
{
	const struct pop3_storage *storage = maildrop->storage;

	if (!count_lines(maildrop, bytes))
		return bad(maildrop, "a line of the listing is too long", SPAN_NONE);
	if (maildrop->lines > MESSAGES_MAX)
		return bad(maildrop, "too many messages", SPAN_NONE);
	if (bytes.len > 0 && !storage->append(storage->context, bytes))
		return MAILDROP_STORAGE;
	maildrop->end += bytes.len;
	return MAILDROP_OK;
}

/* Reads the block that begins at `at`; what stands behind it ends any line. */
static void read_block(struct maildrop *maildrop, uint64_t at)
{
	const struct pop3_storage *storage = maildrop->storage;
	size_t most = MAILDROP_BLOCK;
	size_t got = (*storage->read)(storage->context, at, maildrop->block, most);

	maildrop->block_at = at;
	maildrop->block_len = got < most ? got : most;
	memset(maildrop->block + maildrop->block_len, '\n', BLOCK);
}

/*
 * The place of the line at `at` of the storage in the block, which holds all of it; NULL when the
 * storage lost it.
 */
static const char *find_line(struct maildrop *maildrop, uint64_t at)
{
	uint64_t from = at - maildrop->block_at;

	if (from >= maildrop->block_len ||
	    (maildrop->block_len - from < POP3_LISTING_LINE_MAX &&
	     maildrop->block_at + maildrop->block_len < maildrop->end)) {
		read_block(maildrop, at);
		from = 0;
	}
	return from < maildrop->block_len ? maildrop->block + from : NULL;
}

static const char *skip_blanks(const char *at)
{
	while (ascii_is_blank(*at))
		at++;
	return at;
}

/* What lies in front of the first octet that is not 0x21 to 0x7E. */
static struct span word_at(const char *at)
{
	for (const char *end = at;; end += BLOCK) {
		block16 low = block_load(end) - (unsigned char)'!';
		unsigned others = block_mask((block16)(low > (unsigned char)('~' - '!')));

		if (others != 0)
			return (struct span){ at, (size_t)(end - at) + block_first(others) };
	}
}

/* Takes the next word. *whole: it ends where a word may. */
static const char *take_word(const char *at, struct span *word, bool *whole)
{
	*word = word_at(skip_blanks(at));
	at = word->base + word->len;
	*whole = ascii_is_blank(*at) || *at == '\n';
	return at;
}

/* What is wrong with a line, or NULL. */
static const char *judge(struct maildrop_line *line, struct span size, bool whole_id,
			 bool whole_size, bool whole_uid)
{
	/* An ID reaches programs as a variable: what no value may begin with, it may not. */
	if (!whole_id || line->id.len == 0 || line->id.len > MAILDROP_ID_MAX ||
	    line->id.base[0] == '-' || span_starts(line->id, SPAN("()")))
		return "not an ID";
	line->sized = size.len > 0 && !span_equal(size, SPAN("-"));
	if (!whole_size || (line->sized && !number_upto(size, SIZE_LIMIT, &line->size)))
		return "not a size, of";
	if (!whole_uid || line->uid.len > MAILDROP_UID_MAX)
		return "not a unique-id, of"; /* RFC 1939 7: 1 to 70 of 0x21-0x7E */
	return NULL;
}

/* What a line of the listing turned out to be. */
enum found {
	FOUND_MESSAGE,
	FOUND_NOTHING, /* what a shell prints for an empty list is no message */
	FOUND_FAULT,   /* maildrop->fault says which */
	FOUND_LOST,    /* the storage lost it */
};

/* Reads the line at *at, and moves *at to the next one. */
static enum found read_line(struct maildrop *maildrop, uint64_t *at, struct maildrop_line *line)
{
	const char *text = find_line(maildrop, *at), *end;
	bool whole_id, whole_size, whole_uid;
	struct span size;

	if (text == NULL)
		return FOUND_LOST;
	end = take_word(text, &line->id, &whole_id);
	end = take_word(end, &size, &whole_size);
	end = skip_blanks(take_word(end, &line->uid, &whole_uid));
	if (line->uid.len == 0)
		line->uid = line->id;
	line->size = 0;
	*at = maildrop->block_at + (uint64_t)(end - maildrop->block) + 1;
	/* None but the last line may lack its LF. */
	if (end == maildrop->block + maildrop->block_len && *at <= maildrop->end)
		return FOUND_LOST;
	if (line->id.len == 0 && *end == '\n')
		return FOUND_NOTHING;
	maildrop->fault = judge(line, size, whole_id, whole_size, whole_uid);
	if (maildrop->fault == NULL && *end != '\n')
		maildrop->fault = "more than ID, size and unique-id, of";
	return maildrop->fault == NULL ? FOUND_MESSAGE : FOUND_FAULT;
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
	uint64_t sum = hash_block(HASH_START, uid), slot = ((sum >> 32) * slots) >> 32;
	char copy[MAILDROP_UID_MAX];

	for (; table[slot] != 0; slot = slot + 1 < slots ? slot + 1 : 0) {
		struct maildrop_line other;
		uint64_t place = maildrop->start + (table[slot] & SLOT_OFFSET) - 1;

		if ((table[slot] ^ sum << 48) > SLOT_OFFSET)
			continue;
		/* Reading another line moves on. */
		if (uid.base != copy)
			memcpy(copy, uid.base, uid.len);
		uid.base = copy;
		if (read_line(maildrop, &place, &other) == FOUND_MESSAGE &&
		    span_equal(other.uid, uid))
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
	uint64_t count = 0;

	for (uint64_t at = maildrop->start, next = at; at < maildrop->end; at = next) {
		enum found found = read_line(maildrop, &next, &line);

		/* More lines than were appended: somebody writes to them, and the table is full. */
		if (found == FOUND_LOST || (found == FOUND_MESSAGE && count++ == maildrop->lines))
			return MAILDROP_STORAGE;
		if (found == FOUND_FAULT)
			return bad(maildrop, maildrop->fault, line.id);
		if (found == FOUND_MESSAGE &&
		    !enter_uid(maildrop, table, 2 * maildrop->lines, at, line.uid)) {
			/* The spans went with the block that they lay in. */
			if (read_line(maildrop, &at, &line) != FOUND_MESSAGE)
				return MAILDROP_STORAGE;
			return bad(maildrop, "the unique-id of another message, of", line.id);
		}
	}
	return MAILDROP_OK;
}

/* Second round: writes the entries. */
static enum maildrop_result write_entries(struct maildrop *maildrop)
{
	struct maildrop_line line;

	for (uint64_t at = maildrop->start, next = at; at < maildrop->end; at = next) {
		enum found found = read_line(maildrop, &next, &line);

		if (found == FOUND_NOTHING)
			continue;
		if (maildrop->count == maildrop->lines || found != FOUND_MESSAGE)
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
	uint64_t at = maildrop->entries[number - 1].at;

	return read_line(maildrop, &at, line) == FOUND_MESSAGE;
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
