/* SPDX-License-Identifier: ISC */
/*
 * rewrite.c - taking messages out of an mbox.
 *
 * NAME.rewrite is a line of numbers and the octets that belong at the first gap.  It appears whole
 * or not at all, by rename(2).  The octets of the mailbox between its new and its old end
 * change only by the cut, which is the last step: by their hash it is told whether that was done.
 */
#include "rewrite.h"

#include "base/descriptor.h"
#include "base/hash.h"
#include "base/number.h"
#include "store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAGIC SPAN("mbox-store 1")
/* Octets of the first line. */
#define HEAD_MAX 128

struct plan {
	uint64_t at;   /* where its octets belong */
	uint64_t len;  /* how many there are */
	uint64_t old;  /* the mailbox ended there */
	uint64_t tail; /* hash of its octets from at + len to there */
	uint64_t head; /* octets of the first line of the plan */
};

/* Where a piece of the new contents comes from. */
struct piece {
	int fd;
	uint64_t at, len;
};

/* ---- octets ------------------------------------------------------------------------------ */

static char block[131072];

/* Reads up to a block at `at`: octets, or -1 with errno; there must be some. */
static ssize_t read_at(int fd, uint64_t at, uint64_t len)
{
	ssize_t got;

	do
		got = pread(fd, block, len < sizeof(block) ? (size_t)len : sizeof(block),
			    (off_t)at);
	while (got < 0 && errno == EINTR);
	if (got == 0)
		errno = EIO;
	return got > 0 ? got : -1;
}

static bool write_at(int fd, uint64_t at, struct span bytes)
{
	while (bytes.len > 0) {
		ssize_t done = pwrite(fd, bytes.base, bytes.len, (off_t)at);

		if (done < 0 && errno != EINTR)
			return false;
		if (done > 0) {
			at += (uint64_t)done;
			bytes = span_from(bytes, (size_t)done);
		}
	}
	return true;
}

static bool copy(int to, uint64_t to_at, struct piece piece)
{
	while (piece.len > 0) {
		ssize_t got = read_at(piece.fd, piece.at, piece.len);

		if (got < 0 || !write_at(to, to_at, (struct span){ block, (size_t)got }))
			return false;
		to_at += (uint64_t)got;
		piece.at += (uint64_t)got;
		piece.len -= (uint64_t)got;
	}
	return true;
}

static bool hash_of(struct piece piece, uint64_t *hash)
{
	*hash = HASH_START;
	while (piece.len > 0) {
		ssize_t got = read_at(piece.fd, piece.at, piece.len);

		if (got < 0)
			return false;
		*hash = hash_more(*hash, (struct span){ block, (size_t)got });
		piece.at += (uint64_t)got;
		piece.len -= (uint64_t)got;
	}
	return true;
}

/* ---- plans ------------------------------------------------------------------------------- */

/* Names of the plan, and of one that is being written. */
static void plan_names(const struct mailbox *mailbox, char *plan, char *draft)
{
	mailbox_beside(plan, mailbox->name, ".rewrite");
	mailbox_beside(draft, mailbox->name, ".rewrite~");
}

static void put_head(struct plan *plan, struct buffer *out)
{
	const uint64_t numbers[] = { plan->at, plan->len, plan->old, plan->tail };

	buffer_put(out, MAGIC);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		buffer_byte(out, ' ');
		buffer_number(out, numbers[i]);
	}
	buffer_byte(out, '\n');
	plan->head = out->len;
}

static bool write_draft(int fd, struct plan *plan, const struct piece *pieces, size_t count)
{
	char bytes[HEAD_MAX];
	struct buffer head = BUFFER(bytes);
	uint64_t at;

	put_head(plan, &head);
	at = plan->head;
	if (!write_at(fd, 0, buffer_span(&head)))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!copy(fd, at, pieces[i]))
			return false;
		at += pieces[i].len;
	}
	return fsync(fd) == 0;
}

/* Makes the plan, durably, of the pieces. Returns its descriptor, or -1 with errno. */
static int make_plan(struct mailbox *mailbox, struct plan *plan, const struct piece *pieces,
		     size_t count)
{
	char name[LOCK_NAME_MAX], draft[LOCK_NAME_MAX];
	int entries = openat(mailbox->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = -1;

	plan_names(mailbox, name, draft);
	plan->len = 0;
	for (size_t i = 0; i < count; i++)
		plan->len += pieces[i].len;
	if (entries >= 0 && hash_of((struct piece){ mailbox->file, plan->at + plan->len,
						    plan->old - plan->at - plan->len },
				    &plan->tail))
		fd = openat(mailbox->dir, draft, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    0600);
	if (fd >= 0 && (!write_draft(fd, plan, pieces, count) ||
			renameat(mailbox->dir, draft, mailbox->dir, name) != 0)) {
		int error = errno;

		unlinkat(mailbox->dir, draft, 0);
		errno = error;
		fd_close(&fd);
	}
	if (fd >= 0 && fsync(entries) != 0)
		fd_close(&fd);
	fd_close(&entries);
	return fd;
}

/* Does what the plan says. Every step may be done again. */
static bool follow_plan(struct mailbox *mailbox, const struct plan *plan, int fd)
{
	char name[LOCK_NAME_MAX], draft[LOCK_NAME_MAX];

	plan_names(mailbox, name, draft);
	if (!copy(mailbox->file, plan->at, (struct piece){ fd, plan->head, plan->len }) ||
	    fsync(mailbox->file) != 0 ||
	    ftruncate(mailbox->file, (off_t)(plan->at + plan->len)) != 0 ||
	    fsync(mailbox->file) != 0)
		return false;
	mailbox->size = plan->at + plan->len;
	unlinkat(mailbox->dir, name, 0);
	return true;
}

/* ---- removing ---------------------------------------------------------------------------- */

/* The pieces that stay, without those between gaps that touch. */
static size_t pieces_between(const struct mailbox *mailbox, const struct gap *gaps, size_t count,
			     struct piece *pieces)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t end = i + 1 < count ? gaps[i + 1].at : mailbox->size;

		if (end > gaps[i].end)
			pieces[kept++] =
				(struct piece){ mailbox->file, gaps[i].end, end - gaps[i].end };
	}
	return kept;
}

bool rewrite_remove(struct mailbox *mailbox, const struct gap *gaps, size_t count)
{
	struct plan plan = { .old = mailbox->size };
	size_t room = (count + 1) * sizeof(struct piece);
	struct piece *pieces;
	size_t kept;
	bool done;
	int fd;

	if (count == 0)
		return true;
	plan.at = gaps[0].at;
	pieces = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pieces == MAP_FAILED)
		return false;
	kept = pieces_between(mailbox, gaps, count, pieces);
	if (kept == 0) {
		munmap(pieces, room);
		mailbox->size = plan.at;
		return ftruncate(mailbox->file, (off_t)plan.at) == 0 && fsync(mailbox->file) == 0;
	}
	fd = make_plan(mailbox, &plan, pieces, kept);
	done = fd >= 0 && follow_plan(mailbox, &plan, fd);
	fd_close(&fd);
	munmap(pieces, room);
	return done;
}

/* ---- completing -------------------------------------------------------------------------- */

/* Reads the first line of a plan; it must be whole. */
static bool parse_plan(int fd, uint64_t size, struct plan *plan)
{
	char bytes[HEAD_MAX];
	ssize_t got = pread(fd, bytes, sizeof(bytes), 0);
	struct span rest = { bytes, got > 0 ? (size_t)got : 0 };
	uint64_t *const numbers[] = { &plan->at, &plan->len, &plan->old, &plan->tail };
	struct span line = span_first(rest, span_find(rest, '\n'));

	plan->head = line.len + 1;
	errno = EBADMSG;
	if (line.len == rest.len || !span_starts(line, MAGIC))
		return false;
	line = span_from(line, MAGIC.len);
	span_take(&line, ' ');
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (!number_upto(span_take(&line, ' '), UINT64_MAX, numbers[i]))
			return false;
	}
	return plan->at < INT64_MAX && plan->len < INT64_MAX && plan->old < INT64_MAX &&
	       plan->at + plan->len < plan->old && size == plan->head + plan->len;
}

/* True in *same when two stretches hold the same octets. */
static bool compare(struct piece a, struct piece b, bool *same)
{
	uint64_t hash_a, hash_b;

	if (!hash_of(a, &hash_a) || !hash_of(b, &hash_b))
		return false;
	*same = hash_a == hash_b;
	return true;
}

/* Nothing was cut off yet: the mailbox is as the plan expects, but for mail that came since. */
static bool proceed(struct mailbox *mailbox, struct plan *plan, int *fd)
{
	const struct piece pieces[] = {
		{ *fd, plan->head, plan->len },
		{ mailbox->file, plan->old, mailbox->size - plan->old },
	};
	struct plan longer = { .at = plan->at, .old = mailbox->size };
	int made;

	if (mailbox->size > plan->old) {
		made = make_plan(mailbox, &longer, pieces, 2);
		if (made < 0)
			return false;
		fd_close(fd);
		*fd = made;
		*plan = longer;
	}
	return follow_plan(mailbox, plan, *fd);
}

/*
 * Another program has changed the mailbox in between. It may have seen any state of it, so
 * all that the plan holds is added once more: rather a message twice than none.
 */
static bool add_again(struct mailbox *mailbox, const struct plan *plan, int fd)
{
	request_log("was changed during a rewrite; messages may be there twice", mailbox->name, 0);
	if (!write_at(mailbox->file, mailbox->size, SPAN("\n\n")) ||
	    !copy(mailbox->file, mailbox->size + 2, (struct piece){ fd, plan->head, plan->len }) ||
	    fsync(mailbox->file) != 0)
		return false;
	mailbox->size += 2 + plan->len;
	return true;
}

static bool complete(struct mailbox *mailbox, struct plan *plan, int *fd)
{
	uint64_t end = plan->at + plan->len;
	uint64_t tail;
	bool done = false;

	if (mailbox->size >= plan->old) {
		if (!hash_of((struct piece){ mailbox->file, end, plan->old - end }, &tail))
			return false;
		if (tail == plan->tail)
			return proceed(mailbox, plan, fd);
	}
	if (mailbox->size >= end &&
	    !compare((struct piece){ *fd, plan->head, plan->len },
		     (struct piece){ mailbox->file, plan->at, plan->len }, &done))
		return false;
	return done || add_again(mailbox, plan, *fd);
}

bool rewrite_recover(struct mailbox *mailbox)
{
	char name[LOCK_NAME_MAX], draft[LOCK_NAME_MAX];
	struct stat facts;
	struct plan plan;
	bool done;
	int fd;

	plan_names(mailbox, name, draft);
	fd = place_open_file(mailbox->dir, draft, O_RDONLY, &facts);
	if (fd >= 0)
		unlinkat(mailbox->dir, draft, 0);
	fd_close(&fd);
	fd = place_open_file(mailbox->dir, name, O_RDONLY, &facts);
	/* Something else that somebody put there is not ours to follow. */
	if (fd < 0)
		return errno == ENOENT || errno == ELOOP || errno == EPERM || errno == EACCES;
	errno = EPERM;
	done = facts.st_nlink == 1 && parse_plan(fd, (uint64_t)facts.st_size, &plan) &&
	       complete(mailbox, &plan, &fd);
	if (done)
		unlinkat(mailbox->dir, name, 0);
	fd_close(&fd);
	return done;
}
