/* SPDX-License-Identifier: ISC */
/* maildrop.c - the POP3 events on an mbox. */
#include "maildrop.h"

#include "rewrite.h"
#include "uids.h"

#include "base/ascii.h"
#include "base/descriptor.h"
#include "base/number.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* How long another program may hold the mailbox, seconds; hooks have 30. */
#define LIST_WAIT   10
#define DELETE_WAIT 20
/* Messages that one call may remove. */
#define REMOVALS_MOST (1 << 20)

/* ---- IDs --------------------------------------------------------------------------------- */

static void put_id(struct buffer *out, const struct message *message)
{
	buffer_number(out, message->at);
	buffer_byte(out, '.');
	buffer_number(out, message->len);
	buffer_byte(out, '.');
	buffer_hex(out, message->hash, 16);
}

/* False: this was never an ID. */
static bool parse_id(struct span id, struct message *message)
{
	struct span at = span_take(&id, '.'), len = span_take(&id, '.');

	*message = (struct message){ .hash = 0 };
	for (size_t i = 0; i < id.len; i++) {
		int digit = ascii_hex(id.base[i]);

		if (digit < 0)
			return false;
		message->hash = message->hash << 4 | (uint64_t)digit;
	}
	return id.len == 16 && number_upto(at, INT64_MAX / 2, &message->at) &&
	       number_upto(len, INT64_MAX / 2, &message->len) && message->len > 0;
}

/* ---- list -------------------------------------------------------------------------------- */

static void put_line(struct request *request, const struct message *message, uint64_t uid)
{
	char line[128];
	struct buffer out = BUFFER(line);

	put_id(&out, message);
	buffer_byte(&out, ' ');
	buffer_number(&out, message->size);
	buffer_byte(&out, ' ');
	buffer_hex(&out, uid, 16);
	buffer_byte(&out, '\n');
	outcome_put(request->outcome, buffer_span(&out));
}

static int put_lines(struct request *request, const struct mailbox *mailbox, int file)
{
	static struct scan scan;
	struct uids uids = { .size = 0 };
	struct message message;
	enum scan_result result;
	uint64_t uid;
	bool room = true;

	scan_begin(&scan, file, 0, mailbox->size);
	while ((result = scan_next(&scan, &message)) == SCAN_MESSAGE && room) {
		room = uids_take(&uids, message.hash, &uid);
		if (room)
			put_line(request, &message, uid);
	}
	uids_end(&uids);
	if (result == SCAN_END)
		return EXIT_DONE;
	errno = result == SCAN_BAD ? EBADMSG : room ? errno : ENOMEM;
	return request_trouble(request, "cannot list the mailbox", mailbox->name);
}

/* The size is that of a moment when nobody wrote; what comes behind it is not looked at. */
static int list_all(struct request *request, struct mailbox *mailbox)
{
	int exit = mailbox_lock(request, mailbox, LIST_WAIT, MAILBOX_IS_EMPTY);
	int file;

	if (exit != EXIT_DONE || mailbox->file < 0)
		return exit;
	file = mailbox_open(mailbox);
	mailbox_unlock(mailbox);
	if (file < 0)
		return request_trouble(request, "cannot open the mailbox", mailbox->name);
	exit = put_lines(request, mailbox, file);
	fd_close(&file);
	return exit;
}

static int take_session(struct request *request, struct mailbox *mailbox)
{
	if (mailbox->session >= 0)
		return EXIT_DONE;
	switch (lock_session(mailbox->dir, mailbox->name, &mailbox->session)) {
	case LOCK_TAKEN:
		return EXIT_DONE;
	case LOCK_BUSY:
		return request_refuse(request, EXIT_TEMPFAIL, "",
				      "[IN-USE] Another session uses this mailbox");
	case LOCK_TROUBLE:
		break;
	}
	return request_trouble(request, "cannot lock the maildrop", mailbox->name);
}

int maildrop_list(struct request *request)
{
	struct mailbox own, *mailbox;
	int exit = mailbox_of_user(request, &own, &mailbox);

	if (exit == EXIT_DONE && request->drop != NULL)
		exit = take_session(request, mailbox);
	if (exit == EXIT_DONE)
		exit = list_all(request, mailbox);
	mailbox_close(&own);
	return exit;
}

/* ---- retrieve and top -------------------------------------------------------------------- */

/* Octets of a message as they are read. */
struct stretch {
	int file;
	uint64_t at, end;
	char bytes[65536];
};

/* The next octets; none at the end, and false with errno when they cannot be read. */
static bool read_some(struct stretch *stretch, struct span *some)
{
	uint64_t left = stretch->end - stretch->at;
	size_t len = left < sizeof(stretch->bytes) ? (size_t)left : sizeof(stretch->bytes);
	ssize_t got;

	do
		got = pread(stretch->file, stretch->bytes, len, (off_t)stretch->at);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return false;
	stretch->at += (uint64_t)got;
	*some = (struct span){ stretch->bytes, (size_t)got };
	return true;
}

/* How far a text is wanted: header, blank line and `lines` of the body (RFC 1939 7: TOP). */
struct limit {
	uint64_t lines;
	uint64_t octets; /* of the line so far */
	bool cr;         /* the last of them is a CR */
	bool first;      /* the "From " line, which is not part of the message */
	bool body;
	bool enough;
};

/* Takes a line, or what there is of it, off the front; *whole says which. */
static struct span take_piece(struct span *rest, bool *whole)
{
	size_t len = span_find(*rest, '\n');
	struct span piece;

	*whole = len < rest->len;
	piece = span_first(*rest, len + *whole);
	*rest = span_from(*rest, piece.len);
	return piece;
}

/* A piece of a line was taken. */
static void count_piece(struct limit *limit, struct span piece, bool whole)
{
	if (piece.len > whole) {
		limit->octets += piece.len - whole;
		limit->cr = piece.base[piece.len - whole - 1] == '\r';
	}
	if (!whole)
		return;
	if (limit->first)
		limit->first = false;
	else if (limit->body)
		limit->lines--;
	else
		limit->body = limit->octets == (limit->cr ? 1 : 0);
	limit->enough = limit->body && limit->lines == 0;
	limit->octets = 0;
	limit->cr = false;
}

static void put_text(struct request *request, struct from_text *text, struct span piece)
{
	static char bytes[16384];

	while (piece.len > 0) {
		struct buffer out = BUFFER(bytes);

		from_put(text, &piece, &out);
		outcome_put(request->outcome, buffer_span(&out));
	}
}

/* Puts the text of a message, as it was before it was quoted. */
static bool put_message(struct request *request, int file, const struct message *message,
			uint64_t lines)
{
	static struct stretch stretch;
	struct from_text text = { .change = FROM_UNQUOTE };
	struct limit limit = { .lines = lines, .first = true };
	char bytes[FROM_ROOM];
	struct buffer end = BUFFER(bytes);
	struct span rest;

	stretch.file = file;
	stretch.at = message->at;
	stretch.end = message->at + message->len;
	while (!limit.enough) {
		if (!read_some(&stretch, &rest))
			return false;
		if (rest.len == 0)
			break;
		while (rest.len > 0 && !limit.enough) {
			bool whole, skipped = limit.first;
			struct span piece = take_piece(&rest, &whole);

			count_piece(&limit, piece, whole);
			if (!skipped)
				put_text(request, &text, piece);
		}
	}
	from_end(&text, &end);
	outcome_put(request->outcome, buffer_span(&end));
	return true;
}

/* What was put counts only if the message was there, which is looked at last. */
static int retrieve(struct request *request, uint64_t lines)
{
	struct mailbox own, *mailbox;
	struct message message;
	uint64_t end;
	int exit = mailbox_of_user(request, &own, &mailbox);
	int file = -1;

	if (exit == EXIT_DONE && !parse_id(request_fact(request, FACT_MESSAGE), &message))
		exit = request_refuse(request, EXIT_UNAVAILABLE, "", "No such message");
	if (exit == EXIT_DONE) {
		file = mailbox_open(mailbox);
		if (file < 0 || !put_message(request, file, &message, lines) ||
		    !scan_finds(file, &message, &end))
			exit = errno == ENOENT ? request_refuse(request, EXIT_UNAVAILABLE, "",
								"The message is gone")
					       : request_trouble(request, "cannot read the message",
								 mailbox->name);
	}
	fd_close(&file);
	mailbox_close(&own);
	return exit;
}

int maildrop_retrieve(struct request *request)
{
	return retrieve(request, UINT64_MAX);
}

int maildrop_top(struct request *request)
{
	uint64_t lines;

	if (!number_upto(request_fact(request, FACT_TOP_LINES), UINT64_MAX, &lines))
		return request_refuse(request, EXIT_UNAVAILABLE, "", "No such number of lines");
	return retrieve(request, lines);
}

/* ---- delete ------------------------------------------------------------------------------ */

struct removals {
	struct message *messages;
	size_t count;
	bool failed;
};

static void add_removal(void *context, struct span id)
{
	struct removals *removals = context;

	if (removals->count < REMOVALS_MOST && parse_id(id, &removals->messages[removals->count])) {
		removals->count++;
		return;
	}
	request_log("no message has this ID", NULL, 0);
	removals->failed = true;
}

static int by_place(const void *a, const void *b)
{
	const struct message *first = a, *second = b;

	return (first->at > second->at) - (first->at < second->at);
}

bool maildrop_remove(struct mailbox *mailbox, const struct message *messages, size_t count,
		     bool *failed)
{
	size_t room = (count + 1) * sizeof(struct gap), found = 0;
	struct gap *gaps = mmap(NULL, room, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	bool done = gaps != MAP_FAILED;

	for (size_t i = 0; i < count && done; i++) {
		const struct message *message = &messages[i];
		uint64_t end;

		if (found > 0 && message->at < gaps[found - 1].end)
			continue; /* named twice */
		if (message->at + message->len <= mailbox->size &&
		    scan_finds(mailbox->file, message, &end)) {
			gaps[found++] = (struct gap){ message->at, end };
		} else {
			request_log("a message is not as it was listed", mailbox->name, 0);
			*failed = true;
		}
	}
	done = done && rewrite_remove(mailbox, gaps, found);
	if (gaps != MAP_FAILED)
		munmap(gaps, room);
	return done;
}

static int remove_all(struct request *request, struct mailbox *mailbox, struct removals *removals)
{
	int exit;

	/* Whoever asks may be slow: nobody waits for the mailbox meanwhile. */
	if (!request_lines(request, add_removal, removals)) {
		request_log("cannot read which messages to remove", NULL, errno);
		removals->failed = true;
	}
	qsort(removals->messages, removals->count, sizeof(*removals->messages), by_place);
	exit = mailbox_lock(request, mailbox, DELETE_WAIT, MAILBOX_IS_EMPTY);
	if (exit != EXIT_DONE)
		return exit;
	if (mailbox->file < 0)
		removals->failed = removals->failed || removals->count > 0;
	else if (!maildrop_remove(mailbox, removals->messages, removals->count, &removals->failed))
		exit = request_trouble(request, "cannot remove messages", mailbox->name);
	mailbox_unlock(mailbox);
	if (exit == EXIT_DONE && removals->failed)
		return request_refuse(request, EXIT_TEMPFAIL, "", "Some messages were not removed");
	return exit;
}

int maildrop_delete(struct request *request)
{
	const size_t room = REMOVALS_MOST * sizeof(struct message);
	struct removals removals = { .count = 0 };
	struct mailbox own, *mailbox;
	int exit = mailbox_of_user(request, &own, &mailbox);

	if (exit == EXIT_DONE) {
		removals.messages = mmap(NULL, room, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (removals.messages == MAP_FAILED) {
			exit = request_trouble(request, "no memory for the removal", NULL);
		} else {
			exit = remove_all(request, mailbox, &removals);
			munmap(removals.messages, room);
		}
	}
	mailbox_close(&own);
	return exit;
}
