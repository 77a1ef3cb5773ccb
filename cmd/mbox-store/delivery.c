/* SPDX-License-Identifier: ISC */
/*
 * delivery.c - one message behind the others in the mailboxes of its recipients.
 *
 * The message is first written to an unnamed file as the mailboxes will hold it, however slowly
 * it comes; a mailbox is locked only while that is copied.
 */
#include "delivery.h"

#include "from.h"
#include "maildrop.h"
#include "scan.h"

#include "base/ascii.h"
#include "base/descriptor.h"
#include "store/letter.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* How long another program may hold a mailbox, seconds; deliver has 120. */
#define DELIVER_WAIT 60

/* Where the message went. */
struct placed {
	struct span recipient;
	struct message message;
};

struct delivery {
	struct request *request;
	struct letter letter;
	int text;              /* the message, quoted, and a blank line */
	uint64_t size;         /* octets of the message */
	uint64_t len;          /* octets of the text */
	char *bytes;           /* the text in memory */
	char last[2];          /* the last two of its octets */
	bool crlf;             /* its lines end so */
	struct placed *placed; /* in the order of the envelope */
	size_t count;
};

/* ---- the text ---------------------------------------------------------------------------- */

static bool write_text(struct delivery *delivery, struct span bytes)
{
	if (bytes.len == 0)
		return true;
	delivery->last[0] = bytes.len > 1 ? bytes.base[bytes.len - 2] : delivery->last[1];
	delivery->last[1] = bytes.base[bytes.len - 1];
	delivery->len += bytes.len;
	return fd_write_all(delivery->text, bytes);
}

static bool quote_block(struct delivery *delivery, struct from_text *text, struct span block)
{
	static char bytes[65536];

	while (block.len > 0) {
		struct buffer out = BUFFER(bytes);

		from_put(text, &block, &out);
		if (!write_text(delivery, buffer_span(&out)))
			return false;
	}
	return true;
}

/* Writes all of the message, ends its last line, and puts the blank line behind it. */
static bool fill(struct delivery *delivery)
{
	static char block[65536];
	struct from_text text = { .change = FROM_QUOTE };
	char bytes[FROM_ROOM];
	struct buffer end = BUFFER(bytes);
	ssize_t got;

	while ((got = request_read(delivery->request, block, sizeof(block))) > 0) {
		struct span some = { block, (size_t)got };

		if (delivery->size == 0) {
			size_t lf = span_find(some, '\n');

			delivery->crlf = lf > 0 && lf < some.len && some.base[lf - 1] == '\r';
		}
		delivery->size += some.len;
		if (!quote_block(delivery, &text, some))
			return false;
	}
	from_end(&text, &end);
	if (got < 0 || !write_text(delivery, buffer_span(&end)) ||
	    !letter_is_whole(delivery->request, delivery->size))
		return false;
	return (delivery->last[1] == '\n' || write_text(delivery, SPAN("\n"))) &&
	       write_text(delivery, SPAN("\n"));
}

/* The unnamed file is made beside a mailbox, or in memory where that cannot be. */
static int make_text(struct delivery *delivery, const struct mailbox *mailbox)
{
	delivery->text = openat(mailbox->dir, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (delivery->text < 0)
		delivery->text = fd_memory("mbox-store", SPAN_NONE);
	if (delivery->text >= 0 && fill(delivery)) {
		delivery->bytes =
			mmap(NULL, (size_t)delivery->len, PROT_READ, MAP_SHARED, delivery->text, 0);
		if (delivery->bytes != MAP_FAILED)
			return EXIT_DONE;
		delivery->bytes = NULL;
	}
	return request_trouble(delivery->request, "cannot take in the message", NULL);
}

/* ---- one mailbox ------------------------------------------------------------------------- */

/* "From sender date": the null sender is MAILER-DAEMON, and a blank would end the sender. */
static void put_separator(const struct delivery *delivery, struct buffer *out)
{
	struct span sender = delivery->letter.sender;
	time_t now = time(NULL);
	struct tm date;
	char text[32];

	buffer_string(out, "From ");
	for (size_t i = 0; i < sender.len; i++)
		buffer_byte(out, ascii_is_graph(sender.base[i]) || ascii_is_high(sender.base[i])
					 ? sender.base[i]
					 : '_');
	if (sender.len == 0)
		buffer_string(out, "MAILER-DAEMON");
	buffer_byte(out, ' ');
	/* asctime(3): "Sat Nov 21 13:14:15 2026" and a line end. */
	buffer_string(out, asctime_r(gmtime_r(&now, &date), text));
}

/*
 * What a mailbox lacks so that a message may begin behind it: its last line may have no end, or be
 * no blank one. False with errno.
 */
static bool put_missing_end(const struct mailbox *mailbox, struct buffer *out)
{
	char bytes[4];
	size_t len = mailbox->size < sizeof(bytes) ? (size_t)mailbox->size : sizeof(bytes);
	ssize_t got = pread(mailbox->file, bytes, len, (off_t)(mailbox->size - len));
	struct span end = { bytes, len };

	if (got != (ssize_t)len)
		return false;
	if (len == 0)
		return true;
	if (bytes[len - 1] != '\n')
		return buffer_string(out, "\n\n");
	end.len--;
	if (end.len > 0 && bytes[end.len - 1] == '\r')
		end.len--;
	return (end.len == 0 || bytes[end.len - 1] == '\n') || buffer_byte(out, '\n');
}

/*
 * Writes front and text behind the mailbox: by one call, so that nothing but a kill in the very
 * middle of it, or a loss of power, leaves a part of a message.
 */
static bool append(const struct delivery *delivery, const struct mailbox *mailbox,
		   struct span front)
{
	uint64_t done = 0, all = front.len + delivery->len;

	while (done < all) {
		size_t skipped = done < front.len ? (size_t)done : front.len;
		size_t at = (size_t)(done - skipped);
		const struct iovec parts[] = {
			{ (char *)(uintptr_t)front.base + skipped, front.len - skipped },
			{ delivery->bytes + at, (size_t)delivery->len - at },
		};
		ssize_t some = pwritev(mailbox->file, parts, 2, (off_t)(mailbox->size + done));

		if (some < 0 && errno != EINTR)
			return false;
		done += some > 0 ? (uint64_t)some : 0;
	}
	return fsync(mailbox->file) == 0;
}

/* Takes what was written away again. */
static void cut(const struct mailbox *mailbox)
{
	int error = errno;

	if (ftruncate(mailbox->file, (off_t)mailbox->size) != 0 || fsync(mailbox->file) != 0)
		request_log("cannot take half a message away again", mailbox->name, errno);
	errno = error;
}

/* Reads back what is to be taken away should another mailbox fail. */
static bool note_place(const struct delivery *delivery, const struct mailbox *mailbox, uint64_t at,
		       uint64_t len, struct placed *placed)
{
	static struct scan scan;

	if (delivery->count == 1)
		return true;
	scan_begin(&scan, mailbox->file, at, at + len);
	return scan_next(&scan, &placed->message) == SCAN_MESSAGE;
}

static int deliver_to(struct delivery *delivery, struct mailbox *mailbox, struct placed *placed)
{
	char bytes[2 * LETTER_HEADER_MAX];
	struct buffer front = BUFFER(bytes);
	uint64_t blank;
	bool good;
	int exit = mailbox_lock(delivery->request, mailbox, DELIVER_WAIT, MAILBOX_IS_MADE);

	if (exit != EXIT_DONE)
		return exit;
	good = put_missing_end(mailbox, &front);
	blank = front.len;
	put_separator(delivery, &front);
	letter_put_header(&delivery->letter, placed->recipient, delivery->crlf, &front);
	if (good && front.overflow) {
		errno = E2BIG;
		good = false;
	}
	if (!good || !append(delivery, mailbox, buffer_span(&front)) ||
	    !note_place(delivery, mailbox, mailbox->size + blank, front.len - blank + delivery->len,
			placed)) {
		cut(mailbox);
		exit = request_trouble(delivery->request, "cannot write the message",
				       mailbox->name);
	}
	mailbox_unlock(mailbox);
	return exit;
}

/* ---- all of them ------------------------------------------------------------------------- */

/* Takes the message out of a mailbox again. */
static void take_back(struct delivery *delivery, const struct placed *placed)
{
	struct mailbox mailbox;
	bool failed = false;

	if (mailbox_find(delivery->request, placed->recipient, &mailbox) == EXIT_DONE &&
	    mailbox_lock(delivery->request, &mailbox, DELIVER_WAIT, MAILBOX_IS_EMPTY) ==
		    EXIT_DONE &&
	    mailbox.file >= 0 && !maildrop_remove(&mailbox, &placed->message, 1, &failed))
		request_log("cannot take the message out again", mailbox.name, errno);
	mailbox_unlock(&mailbox);
	mailbox_close(&mailbox);
}

static int deliver_all(struct delivery *delivery)
{
	struct span rest = delivery->letter.recipients;
	struct reply reply;
	int exit = EXIT_DONE;
	size_t done = 0;

	while (exit == EXIT_DONE && done < delivery->count) {
		struct placed *placed = &delivery->placed[done];
		struct mailbox mailbox;

		letter_next(&rest, &placed->recipient);
		exit = mailbox_find(delivery->request, placed->recipient, &mailbox);
		if (exit == EXIT_DONE && delivery->text < 0)
			exit = make_text(delivery, &mailbox);
		if (exit == EXIT_DONE)
			exit = deliver_to(delivery, &mailbox, placed);
		mailbox_close(&mailbox);
		done += exit == EXIT_DONE;
	}
	if (exit == EXIT_DONE)
		return EXIT_DONE;
	reply = delivery->request->reply;
	while (done > 0)
		take_back(delivery, &delivery->placed[--done]);
	delivery->request->reply = reply;
	return delivery->count > 1 ? letter_for_all(delivery->request, exit) : exit;
}

int delivery_run(struct request *request)
{
	struct delivery delivery = { .request = request, .text = -1 };
	size_t room;
	int exit;

	delivery.count = (size_t)letter_read(&delivery.letter, request);
	if (delivery.count == 0) {
		request_log("there is no recipient", NULL, 0);
		return request_refuse(request, EXIT_TEMPFAIL, "451 4.3.0", "There is no recipient");
	}
	room = delivery.count * sizeof(*delivery.placed);
	delivery.placed =
		mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (delivery.placed == MAP_FAILED)
		return request_trouble(request, "no memory for the recipients", NULL);
	exit = deliver_all(&delivery);
	munmap(delivery.placed, room);
	if (delivery.bytes != NULL)
		munmap(delivery.bytes, (size_t)delivery.len);
	fd_close(&delivery.text);
	return exit;
}
