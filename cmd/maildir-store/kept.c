/* SPDX-License-Identifier: ISC */
/* kept.c - the listing of a large maildrop, kept as long as its folders do not change. */
#include "kept.h"

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/hash.h"
#include "store/place.h"

#include <fcntl.h>
#include <unistd.h>

#define FILE_NAME "mail-session.listing"
/* Octets of the last line, at most. */
#define LAST_MAX 384
/*
 * Seconds for which the folders must have been left alone when they were looked at, by the clock of
 * the file system: clocks of other machines that deliver, and times in whole seconds, cannot hide a
 * change.
 */
#define MARGIN 3

static bool look_at_folders(struct maildir *maildir, struct stat *folders)
{
	for (enum folder i = FOLDER_NEW; i <= FOLDER_CUR; i++) {
		if (maildir_folder(maildir, i) < 0 ||
		    fstat(maildir_folder(maildir, i), &folders[i]) != 0)
			return false;
	}
	return true;
}

/* The last line of a file that keeps `octets` octets of listing. */
static void put_last(struct buffer *out, const struct stat *folders, uint64_t octets, uint64_t hash)
{
	buffer_string(out, "mail-session.listing 1");
	for (unsigned i = 0; i < 2; i++) {
		const uint64_t numbers[] = { folders[i].st_dev,
					     folders[i].st_ino,
					     (uint64_t)folders[i].st_mtim.tv_sec,
					     (uint64_t)folders[i].st_mtim.tv_nsec,
					     (uint64_t)folders[i].st_ctim.tv_sec,
					     (uint64_t)folders[i].st_ctim.tv_nsec };

		for (unsigned j = 0; j < sizeof(numbers) / sizeof(*numbers); j++) {
			buffer_byte(out, ' ');
			buffer_number(out, numbers[j]);
		}
	}
	buffer_byte(out, ' ');
	buffer_number(out, octets);
	buffer_byte(out, ' ');
	buffer_hex(out, hash, 16);
	buffer_byte(out, '\n');
}

/* Reads the listing in blocks, for its hash or as the answer. False: it is shorter than it was. */
static bool each_block(int fd, uint64_t octets, uint64_t *hash, struct outcome *outcome)
{
	static char block[65536];

	for (uint64_t at = 0; at < octets;) {
		uint64_t left = octets - at;
		ssize_t got = pread(fd, block, left < sizeof(block) ? (size_t)left : sizeof(block),
				    (off_t)at);
		struct span bytes = { block, got > 0 ? (size_t)got : 0 };

		if (got <= 0)
			return false;
		if (outcome != NULL)
			outcome_put(outcome, bytes);
		else
			*hash = hash_more(*hash, bytes);
		at += (uint64_t)got;
	}
	return true;
}

/* How many octets of listing a file keeps, by its size and its last line, which must be true. */
static bool holds(int fd, const struct stat *facts, struct maildir *maildir, uint64_t *octets)
{
	char end[LAST_MAX], bytes[LAST_MAX];
	struct buffer last = BUFFER(bytes);
	struct stat folders[2];
	uint64_t size = (uint64_t)facts->st_size, hash = HASH_START;
	uint64_t from = size < sizeof(end) ? 0 : size - sizeof(end);
	ssize_t got = pread(fd, end, sizeof(end), (off_t)from);
	struct span tail = { end, got > 0 ? (size_t)got : 0 };
	size_t start = tail.len > 0 ? tail.len - 1 : 0;

	/* What stands between the last two line ends. */
	while (start > 0 && end[start - 1] != '\n')
		start--;
	*octets = from + start;
	if (start == tail.len || !look_at_folders(maildir, folders) ||
	    !each_block(fd, *octets, &hash, NULL))
		return false;
	put_last(&last, folders, *octets, hash);
	return !last.overflow && span_equal(span_from(tail, start), buffer_span(&last));
}

bool kept_tell(struct request *request, struct maildir *maildir, int *exit)
{
	struct stat facts;
	int fd = place_open_file(maildir->dir, FILE_NAME, O_RDONLY, &facts);
	uint64_t octets;
	bool kept = fd >= 0 && holds(fd, &facts, maildir, &octets);

	*exit = EXIT_DONE;
	if (kept && !each_block(fd, octets, NULL, request->outcome))
		*exit = request_trouble(request, "cannot read the kept listing", FILE_NAME);
	fd_close(&fd);
	return kept;
}

void kept_init(struct kept *kept, struct maildir *maildir)
{
	kept->maildir = maildir;
	kept->octets = 0;
	kept->hash = HASH_START;
	kept->out = BUFFER(kept->out_bytes);
	kept->new.fd = -1;
	kept->began = clock_now();
	kept->looked = look_at_folders(maildir, kept->folders);
}

void kept_begin(struct kept *kept)
{
	if (kept->looked && kept->new.fd < 0)
		replacement_begin(&kept->new, kept->maildir);
}

static void flush(struct kept *kept)
{
	if (!fd_write_all(kept->new.fd, buffer_span(&kept->out)))
		replacement_abandon(&kept->new, kept->maildir);
	buffer_clear(&kept->out);
}

void kept_line(struct kept *kept, struct span line)
{
	if (kept->new.fd >= 0 && buffer_room(&kept->out) < line.len)
		flush(kept);
	if (kept->new.fd < 0)
		return;
	buffer_put(&kept->out, line);
	kept->octets += line.len;
	kept->hash = hash_more(kept->hash, line);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* True when what lies before the folders' times is all in the listing. */
static bool unchanged(struct kept *kept)
{
	struct stat file, folders[2];
	/* Since the folders were looked at: the file was written later. */
	int64_t passed = (clock_now() - kept->began) / 1000 + 1;

	if (!look_at_folders(kept->maildir, folders) || fstat(kept->new.fd, &file) != 0)
		return false;
	for (unsigned i = 0; i < 2; i++) {
		const struct stat *before = &kept->folders[i], *now = &folders[i];

		if (before->st_ino != now->st_ino || !same_time(&before->st_mtim, &now->st_mtim) ||
		    !same_time(&before->st_ctim, &now->st_ctim) ||
		    now->st_mtim.tv_sec > file.st_mtim.tv_sec - passed - MARGIN)
			return false;
	}
	return true;
}

void kept_end(struct kept *kept, bool worth)
{
	if (kept->new.fd < 0)
		return;
	if (buffer_room(&kept->out) < LAST_MAX)
		flush(kept);
	put_last(&kept->out, kept->folders, kept->octets, kept->hash);
	if (worth && kept->new.fd >= 0)
		flush(kept);
	if (worth && kept->new.fd >= 0 && unchanged(kept) &&
	    replacement_install(&kept->new, kept->maildir, FILE_NAME))
		fd_close(&kept->new.fd);
	replacement_abandon(&kept->new, kept->maildir);
}
