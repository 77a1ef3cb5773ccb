/* SPDX-License-Identifier: ISC */
/*
 * delivery.c - one message into the Maildirs of its recipients.
 *
 * Nothing is kept of a recipient but the line of the envelope: the names of its file
 * follow from the time of the delivery and its place in the envelope, and its sizes
 * from those of the message.  So a thousand recipients need no more memory or
 * descriptors than two.
 */
#include "delivery.h"

#include "name.h"
#include "quota.h"

#include "base/descriptor.h"
#include "mail/wire.h"
#include "store/letter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* RENAME_NOREPLACE, where libc has it */
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

/* The recipient that is being seen to. */
struct copy {
	uint64_t index; /* in the envelope, from 1; 0: none yet */
	struct span recipient;
	struct maildir maildir;
	uint64_t size; /* octets of the file */
	size_t header_len;
	char header[LETTER_HEADER_MAX];
	char tmp_name[NAME_MAX + 1];
	char new_name[NAME_MAX + 1];
};

struct delivery {
	struct request *request;
	struct letter letter;
	struct stamp stamp;
	bool crlf;     /* the message has CRLF line ends, and so get our header fields */
	uint64_t size; /* octets of the message */
	uint64_t wire; /* and of its form on the wire */
	int first; /* the first recipient's file, from which the others are copied; -1: not yet */
	size_t header; /* octets of the header fields in it */
	struct copy copy;
	char block[131072];
};

/* ---- recipients -------------------------------------------------------------------------- */

/* Turns to a recipient and opens its mailbox; the only one stays open from step to step. */
static int visit(struct delivery *delivery, struct span recipient, uint64_t index)
{
	struct copy *copy = &delivery->copy;

	if (copy->index == index && copy->maildir.dir >= 0)
		return EXIT_DONE;
	maildir_close(&copy->maildir);
	copy->index = index;
	copy->recipient = recipient;
	return maildir_of(delivery->request, recipient, &copy->maildir);
}

static bool put_header(const struct delivery *delivery, struct copy *copy)
{
	struct buffer out = BUFFER(copy->header);

	letter_put_header(&delivery->letter, copy->recipient, delivery->crlf, &out);
	copy->header_len = out.len;
	copy->size = delivery->size + out.len;
	errno = E2BIG;
	return !out.overflow;
}

static bool put_tmp_name(const struct delivery *delivery, struct copy *copy)
{
	struct buffer name = BUFFER(copy->tmp_name);

	name_unique_put(&name, &delivery->stamp, copy->index);
	return buffer_cstr(&name) != NULL;
}

/* The name in new/ tells the sizes; they are known once the message was read. */
static bool put_new_name(const struct delivery *delivery, struct copy *copy)
{
	struct buffer name = BUFFER(copy->new_name);

	if (!put_tmp_name(delivery, copy) || !put_header(delivery, copy))
		return false;
	buffer_string(&name, copy->tmp_name);
	buffer_string(&name, ",S=");
	buffer_number(&name, copy->size);
	buffer_string(&name, ",W=");
	/* Each of our two header lines gains a CR where it has none. */
	buffer_number(&name, delivery->wire + copy->header_len + (delivery->crlf ? 0 : 2));
	return buffer_cstr(&name) != NULL;
}

/* ---- writing ----------------------------------------------------------------------------- */

/* How lines end, by the first block. */
static bool has_crlf(struct span block)
{
	size_t lf = span_find(block, '\n');

	return lf > 0 && lf < block.len && block.base[lf - 1] == '\r';
}

static bool write_header(struct delivery *delivery, int fd)
{
	struct copy *copy = &delivery->copy;

	return put_header(delivery, copy) &&
	       fd_write_all(fd, (struct span){ copy->header, copy->header_len });
}

/* Writes the first copy from the input, and counts. */
static bool write_first(struct delivery *delivery, int fd)
{
	char form[WIRE_ROOM];
	struct buffer end = BUFFER(form);
	struct wire wire;
	ssize_t got;

	wire_begin(&wire, WIRE_WHOLE);
	while ((got = request_read(delivery->request, delivery->block, sizeof(delivery->block))) >
	       0) {
		struct span block = { delivery->block, (size_t)got };

		if (delivery->size == 0) {
			delivery->crlf = has_crlf(block);
			if (!write_header(delivery, fd))
				return false;
		}
		if (!fd_write_all(fd, block))
			return false;
		wire_measure(&wire, block);
		delivery->size += block.len;
	}
	wire_end(&wire, &end);
	delivery->wire = wire.octets;
	delivery->header = delivery->copy.header_len;
	delivery->copy.size = delivery->size + delivery->header;
	return got == 0;
}

/* Writes another copy from the first one. */
static bool write_again(struct delivery *delivery, int fd)
{
	off_t at = (off_t)delivery->header;
	uint64_t left = delivery->size;

	if (!write_header(delivery, fd))
		return false;
	while (left > 0) {
		ssize_t sent = sendfile(fd, delivery->first, &at, left < 1 << 30 ? left : 1 << 30);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent == 0)
			errno = EIO;
		if (sent <= 0)
			return false;
		left -= (uint64_t)sent;
	}
	return true;
}

/* Fills the file, if it fits into the quota, and makes it durable. */
static int fill(struct delivery *delivery, int fd)
{
	struct copy *copy = &delivery->copy;
	int exit;

	if (delivery->first < 0 ? !write_first(delivery, fd) ||
					  !letter_is_whole(delivery->request, delivery->size)
				: !write_again(delivery, fd))
		return request_trouble(delivery->request, "cannot write the message",
				       copy->tmp_name);
	exit = quota_room(delivery->request, &copy->maildir, copy->size);
	if (exit == EXIT_DONE && fsync(fd) != 0)
		return request_trouble(delivery->request, "cannot sync the message",
				       copy->tmp_name);
	return exit;
}

/* The file in tmp/, whole and durable; after a failure it is gone again. */
static int write_copy(struct delivery *delivery)
{
	struct copy *copy = &delivery->copy;
	int tmp = maildir_folder(&copy->maildir, FOLDER_TMP);
	int fd = -1;
	int exit;

	if (tmp >= 0 && put_tmp_name(delivery, copy))
		fd = openat(tmp, copy->tmp_name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    0600);
	if (fd < 0)
		return request_trouble(delivery->request, "cannot create a file in tmp",
				       copy->tmp_name);
	exit = fill(delivery, fd);
	if (exit != EXIT_DONE)
		unlinkat(tmp, copy->tmp_name, 0);
	if (exit == EXIT_DONE && delivery->first < 0)
		delivery->first = fd;
	else
		fd_close(&fd);
	return exit;
}

/* ---- committing -------------------------------------------------------------------------- */

/*
 * Moves a file without replacing another.  Where the file system cannot do that in one step,
 * *linked says that it is in both places.
 */
static bool move(int from, const char *old_name, int to, const char *new_name, bool *linked)
{
	*linked = false;
	if (syscall(SYS_renameat2, from, old_name, to, new_name, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EINVAL && errno != ENOSYS)
		return false;
	*linked = true;
	return linkat(from, old_name, to, new_name, 0) == 0;
}

/* The file from tmp/ into new/, durably; it leaves tmp/ no sooner (DESIGN 13). */
static int commit_copy(struct delivery *delivery)
{
	struct copy *copy = &delivery->copy;
	int tmp = maildir_folder(&copy->maildir, FOLDER_TMP);
	int new = maildir_folder(&copy->maildir, FOLDER_NEW);
	bool linked;

	if (tmp < 0 || new < 0 || !put_new_name(delivery, copy) ||
	    !move(tmp, copy->tmp_name, new, copy->new_name, &linked) || fsync(new) != 0)
		return request_trouble(delivery->request, "cannot move the message into new",
				       copy->new_name);
	if (linked)
		unlinkat(tmp, copy->tmp_name, 0);
	return EXIT_DONE;
}

/* Removes whatever a recipient's mailbox got. */
static int undo_copy(struct delivery *delivery)
{
	struct copy *copy = &delivery->copy;
	int tmp = maildir_folder(&copy->maildir, FOLDER_TMP);
	int new = maildir_folder(&copy->maildir, FOLDER_NEW);

	if (!put_new_name(delivery, copy))
		return EXIT_DONE;
	if (new >= 0 && unlinkat(new, copy->new_name, 0) == 0)
		fsync(new);
	if (tmp >= 0)
		unlinkat(tmp, copy->tmp_name, 0);
	return EXIT_DONE;
}

static int count_copy(struct delivery *delivery)
{
	struct copy *copy = &delivery->copy;

	if (put_header(delivery, copy))
		quota_change(&copy->maildir, (int64_t)copy->size, 1);
	return EXIT_DONE;
}

/* ---- all of them ------------------------------------------------------------------------- */

typedef int copy_step(struct delivery *delivery);

/* Takes one step for every recipient, up to the first failure. */
static int each_copy(struct delivery *delivery, copy_step *step)
{
	struct span rest = delivery->letter.recipients;
	struct span recipient;
	int exit = EXIT_DONE;

	for (uint64_t index = 1; exit == EXIT_DONE && letter_next(&rest, &recipient); index++) {
		exit = visit(delivery, recipient, index);
		if (exit == EXIT_DONE)
			exit = step(delivery);
		else if (step == undo_copy)
			exit = EXIT_DONE;
	}
	return exit;
}

int delivery_run(struct request *request)
{
	static struct delivery delivery;
	uint64_t count;
	int exit;

	delivery.request = request;
	delivery.size = delivery.wire = 0;
	delivery.first = -1;
	delivery.copy.index = 0;
	maildir_init(&delivery.copy.maildir);
	count = letter_read(&delivery.letter, request);
	if (count == 0) {
		request_log("there is no recipient", NULL, 0);
		return request_refuse(request, EXIT_TEMPFAIL, "451 4.3.0", "There is no recipient");
	}
	if (!stamp_take(&delivery.stamp))
		return request_trouble(request, "cannot name the message", NULL);
	exit = each_copy(&delivery, write_copy);
	if (exit == EXIT_DONE)
		exit = each_copy(&delivery, commit_copy);
	if (exit == EXIT_DONE) {
		each_copy(&delivery, count_copy);
	} else {
		struct reply reply = request->reply;

		each_copy(&delivery, undo_copy);
		request->reply = reply;
	}
	maildir_close(&delivery.copy.maildir);
	fd_close(&delivery.first);
	return count > 1 && exit != EXIT_DONE ? letter_for_all(request, exit) : exit;
}
