/* SPDX-License-Identifier: ISC */
/* scan.c - the messages of an mbox, one after the other. */
#include "scan.h"

#include "base/ascii.h"
#include "base/hash.h"

#include <errno.h>
#include <unistd.h>

/* Header fields that mail programs add and change in mailboxes. */
static const struct span notes[] = {
	SPAN("Status"), SPAN("X-Status"),         SPAN("X-Keywords"),        SPAN("X-UID"),
	SPAN("X-UIDL"), SPAN("X-IMAP"),           SPAN("X-IMAPbase"),        SPAN("Content-Length"),
	SPAN("Lines"),  SPAN("X-Mozilla-Status"), SPAN("X-Mozilla-Status2"), SPAN("X-Mozilla-Keys"),
};

void scan_begin(struct scan *scan, int fd, uint64_t at, uint64_t end)
{
	scan->fd = fd;
	scan->at = at;
	scan->end = end;
	scan->inside = false;
	scan->separated = true;
	scan->now = (struct scan_sum){ .end = at };
	scan->line_len = 0;
	scan->from_byte = scan->until_byte = 0;
}

/* Reads on: 1, 0 at the end, -1 with errno. A file that became shorter ends early. */
static int fill(struct scan *scan)
{
	uint64_t left = scan->end - scan->at;
	size_t len = left < sizeof(scan->bytes) ? (size_t)left : sizeof(scan->bytes);
	ssize_t got;

	if (len == 0)
		return 0;
	do
		got = pread(scan->fd, scan->bytes, len, (off_t)scan->at);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return (int)got;
	scan->from_byte = 0;
	scan->until_byte = (size_t)got;
	return 1;
}

/* Takes a piece of a line. */
static void put_piece(struct scan *scan, struct span piece)
{
	if (scan->line_len == 0) {
		scan->before_line = scan->now;
		scan->from = (struct from){ .decided = false };
	}
	for (size_t i = 0; i < piece.len && from_step(&scan->from, piece.base[i]); i++)
		;
	for (size_t i = 0; i < piece.len && scan->line_len + i < SCAN_FRONT; i++)
		scan->front[scan->line_len + i] = piece.base[i];
	scan->last[0] = piece.len > 1 ? piece.base[piece.len - 2] : scan->last[1];
	scan->last[1] = piece.base[piece.len - 1];
	scan->line_len += piece.len;
	scan->now.hash = hash_more(scan->now.hash, piece);
	scan->now.end += piece.len;
}

/* A field in which mail programs take notes, or a line that continues one. */
static bool is_note(const struct scan *scan)
{
	struct span front = { scan->front, SCAN_FRONT };

	if (scan->line_len < SCAN_FRONT)
		front.len = (size_t)scan->line_len;
	if (ascii_is_blank(front.base[0]))
		return scan->note;
	return span_listed(span_first(front, span_find(front, ':')), notes,
			   sizeof(notes) / sizeof(*notes));
}

static void sum_up(const struct scan *scan, const struct scan_sum *sum, struct message *message)
{
	*message = (struct message){
		.at = scan->start,
		.len = sum->end - scan->start,
		.size = sum->size,
		.hash = sum->hash,
	};
}

/* The line is a "From " line: the message before it, if any, is whole. */
static enum scan_result begin_message(struct scan *scan, struct message *message)
{
	bool whole = scan->inside;

	if (whole)
		sum_up(scan, &scan->before_blank, message);
	scan->start = scan->before_line.end;
	scan->now.size = 0;
	scan->now.hash = HASH_START;
	scan->inside = scan->header = true;
	scan->note = scan->separated = false;
	return whole ? SCAN_MESSAGE : SCAN_END;
}

/* A line is over. SCAN_END: nothing to tell. */
static enum scan_result end_line(struct scan *scan, struct message *message)
{
	bool ended = scan->last[1] == '\n';
	bool crlf = ended && scan->line_len > 1 && scan->last[0] == '\r';
	uint64_t content = scan->line_len - ended - crlf;
	bool note = content > 0 && is_note(scan);

	scan->line_len = 0;
	if (scan->from.found && !scan->from.arrows && scan->separated)
		return begin_message(scan, message);
	if (!scan->inside)
		return content == 0 ? SCAN_END : SCAN_BAD;
	if (scan->header && content > 0) {
		scan->note = note;
		if (note)
			scan->now.hash = scan->before_line.hash;
	} else {
		scan->header = false;
	}
	scan->now.size += content + 2 - (scan->from.found && scan->from.arrows);
	scan->separated = content == 0;
	if (scan->separated)
		scan->before_blank = scan->before_line;
	return SCAN_END;
}

enum scan_result scan_next(struct scan *scan, struct message *message)
{
	int more = 1;

	while (scan->from_byte < scan->until_byte || (more = fill(scan)) > 0) {
		struct span rest = { scan->bytes + scan->from_byte,
				     scan->until_byte - scan->from_byte };
		size_t len = span_find(rest, '\n');
		bool whole = len < rest.len;
		enum scan_result result;

		len += whole;
		put_piece(scan, span_first(rest, len));
		scan->from_byte += len;
		scan->at += len;
		result = whole ? end_line(scan, message) : SCAN_END;
		if (result != SCAN_END)
			return result;
	}
	if (more < 0)
		return SCAN_ERROR;
	if (scan->line_len > 0) {
		enum scan_result result;

		/* Whoever delivers next ends the line; the message stays the same. */
		scan->now.hash = hash_more(scan->now.hash, SPAN("\n"));
		result = end_line(scan, message);
		if (result != SCAN_END)
			return result;
	}
	if (!scan->inside)
		return SCAN_END;
	sum_up(scan, scan->separated ? &scan->before_blank : &scan->now, message);
	scan->inside = false;
	return SCAN_MESSAGE;
}

/*
 * Where the message ends: *end with the blank line behind it, if there is one; *len are its octets.
 * Its last line may have had no end when it was listed, and have got one since, from whoever
 * delivered behind it. False with errno, ENOENT: something else was put there.
 */
static bool end_behind(int fd, const struct message *message, uint64_t *len, uint64_t *end)
{
	char bytes[4];
	ssize_t got = pread(fd, bytes, sizeof(bytes), (off_t)(message->at + message->len - 1));
	struct span behind = { bytes, got > 0 ? (size_t)got : 0 };

	if (got < 0)
		return false;
	*len = message->len;
	if (behind.len > 1 && behind.base[0] != '\n') {
		errno = ENOENT;
		if (behind.base[1] != '\n')
			return false;
		behind = span_from(behind, 1);
		*len += 1;
	}
	behind = span_from(behind, behind.len > 0);
	*end = message->at + *len;
	if (span_starts(behind, SPAN("\n")))
		*end += 1;
	else if (span_starts(behind, SPAN("\r\n")))
		*end += 2;
	return true;
}

bool scan_finds(int fd, const struct message *message, uint64_t *end)
{
	static struct scan scan;
	struct message found;
	enum scan_result result;
	uint64_t len;

	if (!end_behind(fd, message, &len, end))
		return false;
	scan_begin(&scan, fd, message->at, *end);
	result = scan_next(&scan, &found);
	if (result == SCAN_ERROR)
		return false;
	errno = ENOENT;
	return result == SCAN_MESSAGE && found.at == message->at && found.len == len &&
	       found.hash == message->hash;
}
