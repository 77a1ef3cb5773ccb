/* SPDX-License-Identifier: ISC */
/* envelope.c - the accepted recipients of a transaction, with what belongs to each. */
#include "backend/envelope.h"

#include "base/descriptor.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* What is kept of a recipient. */
static const enum fact_name kept[] = { FACT_RECIPIENT,          FACT_RECIPIENT_SAFE,
				       FACT_ORIGINAL_RECIPIENT, FACT_RCPT_PARAMS,
				       FACT_DSN_NOTIFY,         FACT_DSN_ORCPT };
#define KEPT (sizeof(kept) / sizeof(*kept))

/* Before the texts of each recipient. */
struct entry {
	uint16_t len[KEPT];
	bool known[KEPT];
	bool dropped;
};

/* Room that suffices for any recipient: a command line is shorter, and its parameters are kept
 * twice. */
#define ENTRY_ROOM 4096
#define ARENA_MIN  ((size_t)64 * 1024)

void envelope_init(struct envelope *envelope, uint32_t most, char *few, size_t len)
{
	*envelope = (struct envelope){ .arena = few, .cap = len, .most = most };
}

void envelope_clear(struct envelope *envelope)
{
	if (envelope->used > ARENA_MIN)
		madvise(envelope->arena, envelope->cap, MADV_DONTNEED);
	envelope->used = 0;
	envelope->count = envelope->dropped = 0;
}

/* Moves to the arena. False: it is there already, or cannot be had. */
static bool reserve(struct envelope *envelope)
{
	size_t cap = ARENA_MIN + (size_t)envelope->most * ENTRY_ROOM;
	void *arena;

	if (envelope->reserved)
		return false;
	arena = mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		     -1, 0);
	if (arena == MAP_FAILED)
		return false;
	envelope->arena = memcpy(arena, envelope->arena, envelope->used);
	envelope->cap = cap;
	envelope->reserved = true;
	return true;
}

bool envelope_add(struct envelope *envelope, const struct facts *facts, bool dropped)
{
	struct entry entry = { .dropped = dropped };
	struct buffer room;

	if (envelope->count == envelope->most)
		return false;
	room = (struct buffer){ envelope->arena, envelope->used, envelope->cap, false };
	for (size_t i = 0; i < KEPT; i++) {
		struct span value = facts_get(facts, kept[i]);

		entry.len[i] = (uint16_t)value.len;
		entry.known[i] = value.base != NULL;
	}
	buffer_put(&room, (struct span){ (const char *)&entry, sizeof(entry) });
	for (size_t i = 0; i < KEPT; i++)
		buffer_put(&room, facts_get(facts, kept[i]));
	if (room.overflow)
		return reserve(envelope) && envelope_add(envelope, facts, dropped);
	envelope->used = room.len;
	envelope->count++;
	envelope->dropped += dropped;
	return true;
}

bool envelope_next(const struct envelope *envelope, struct envelope_place *place,
		   struct facts *facts, bool *dropped)
{
	struct entry entry;

	facts_forget(facts, SCOPE_RECIPIENT);
	if (place->index == envelope->count)
		return false;
	memcpy(&entry, envelope->arena + place->at, sizeof(entry));
	place->at += sizeof(entry);
	place->index++;
	for (size_t i = 0; i < KEPT; i++) {
		if (entry.known[i])
			facts_set(facts, kept[i],
				  (struct span){ envelope->arena + place->at, entry.len[i] });
		place->at += entry.len[i];
	}
	*dropped = entry.dropped;
	return true;
}

/* An envelope's file in the making. */
struct envelope_lines {
	int fd;
	bool parameters;
	bool good;
	struct buffer block;
	char bytes[4096];
};

/* Writes the block out when it could not take one more line. */
static void put_line(struct envelope_lines *lines, struct span address, struct span parameters)
{
	struct buffer *block = &lines->block;

	if (buffer_room(block) < address.len + parameters.len + 2) {
		lines->good = lines->good && fd_write_all(lines->fd, buffer_span(block));
		buffer_clear(block);
	}
	buffer_put(block, address);
	if (parameters.len > 0) {
		buffer_byte(block, '\t');
		buffer_put(block, parameters);
	}
	buffer_byte(block, '\n');
}

static void begin_lines(struct envelope_lines *lines, const struct facts *facts, bool parameters)
{
	lines->fd = fd_memory("envelope", SPAN_NONE);
	lines->good = lines->fd >= 0;
	lines->parameters = parameters;
	lines->block = (struct buffer)BUFFER(lines->bytes);
	put_line(lines, facts_get(facts, FACT_SENDER), SPAN_NONE);
}

static void put_recipient(struct envelope_lines *lines, const struct facts *facts)
{
	put_line(lines, facts_get(facts, FACT_RECIPIENT),
		 lines->parameters ? facts_get(facts, FACT_RCPT_PARAMS) : SPAN_NONE);
}

static int end_lines(struct envelope_lines *lines, uint64_t *len)
{
	bool good = lines->good && fd_write_all(lines->fd, buffer_span(&lines->block));
	off_t end = good ? lseek(lines->fd, 0, SEEK_CUR) : -1;

	if (end < 0 || lseek(lines->fd, 0, SEEK_SET) != 0) {
		fd_close(&lines->fd);
		return -1;
	}
	*len = (uint64_t)end;
	return lines->fd;
}

int envelope_file(const struct envelope *envelope, struct facts *facts, bool parameters,
		  uint64_t *len)
{
	struct envelope_lines lines;
	struct envelope_place place = { 0, 0 };
	bool dropped;

	begin_lines(&lines, facts, parameters);
	while (lines.good && envelope_next(envelope, &place, facts, &dropped)) {
		if (!dropped)
			put_recipient(&lines, facts);
	}
	return end_lines(&lines, len);
}

int envelope_file_of_one(const struct facts *facts, bool parameters, uint64_t *len)
{
	struct envelope_lines lines;

	begin_lines(&lines, facts, parameters);
	put_recipient(&lines, facts);
	return end_lines(&lines, len);
}
