/* SPDX-License-Identifier: ISC */
/* kept.c - the listing of a large maildrop, kept as long as its folders do not change. */
#include "kept.h"

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/hash.h"
#include "base/number.h"
#include "store/place.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define LINES_NAME "mail-session.listing"
#define SEAL_NAME  "mail-session.seal"
/* Octets of the seal, at most. */
#define SEAL_MAX 400
/*
 * Seconds for which the folders must have been left alone when they were looked at, by the clock of
 * the file system: clocks of other machines that deliver, and times in whole seconds, cannot hide a
 * change.
 */
#define MARGIN 3
/* Seconds for which sizes that messages were looked at for are believed. */
#define BELIEVED 3600

bool kept_keeping(const struct request *request, enum keeping *keeping)
{
	static const char *const words[] = {
		[KEEP_ALL] = "yes", [KEEP_NAMES] = "names", [KEEP_NONE] = "no"
	};
	struct span text = request_setting(request, "LISTING_CACHE");

	*keeping = KEEP_ALL;
	if (text.len == 0)
		return true;
	for (; *keeping <= KEEP_NONE; ++*keeping) {
		if (span_is(text, words[*keeping]))
			return true;
	}
	request_log_setting("LISTING_CACHE", "is none of yes, names and no", NULL);
	return false;
}

static bool look_at_folders(struct maildir *maildir, struct stat *folders)
{
	for (enum folder i = FOLDER_NEW; i <= FOLDER_CUR; i++) {
		if (maildir_folder(maildir, i) < 0 ||
		    fstat(maildir_folder(maildir, i), &folders[i]) != 0)
			return false;
	}
	return true;
}

/* What a listing is worth. */
struct seal {
	struct stat folders[2];
	uint64_t looked_at; /* when messages were looked at, Unix seconds; 0 for names alone */
	uint64_t inode;     /* of the listing */
	uint64_t octets;
	uint64_t hash;
};

/* All of a seal but the hash, which is last. */
static void put_facts(struct buffer *out, const struct seal *seal)
{
	const uint64_t rest[] = { seal->inode, seal->octets };

	/* First what cannot be found out anew. */
	buffer_string(out, "mail-session.seal 1 ");
	buffer_number(out, seal->looked_at);
	for (unsigned i = 0; i < 2; i++) {
		const struct stat *folder = &seal->folders[i];
		const uint64_t numbers[] = { folder->st_dev,
					     folder->st_ino,
					     (uint64_t)folder->st_mtim.tv_sec,
					     (uint64_t)folder->st_mtim.tv_nsec,
					     (uint64_t)folder->st_ctim.tv_sec,
					     (uint64_t)folder->st_ctim.tv_nsec };

		for (unsigned j = 0; j < sizeof(numbers) / sizeof(*numbers); j++) {
			buffer_byte(out, ' ');
			buffer_number(out, numbers[j]);
		}
	}
	for (unsigned i = 0; i < sizeof(rest) / sizeof(*rest); i++) {
		buffer_byte(out, ' ');
		buffer_number(out, rest[i]);
	}
	buffer_byte(out, ' ');
}

static void put_hash(struct buffer *out, uint64_t hash)
{
	buffer_hex(out, hash, 16);
	buffer_byte(out, '\n');
}

/* The hash of the first octets of a listing, block by block. False: it is shorter than it was. */
static bool find_hash(int fd, uint64_t octets, uint64_t *hash)
{
	static char block[KEPT_BLOCK];

	*hash = HASH_START;
	for (uint64_t at = 0; at < octets;) {
		uint64_t left = octets - at;
		size_t want = left < sizeof(block) ? (size_t)left : sizeof(block), have = 0;

		while (have < want) {
			ssize_t got = pread(fd, block + have, want - have, (off_t)(at + have));

			if (got <= 0)
				return false;
			have += (size_t)got;
		}
		*hash = hash_block(*hash, (struct span){ block, have });
		at += have;
	}
	return true;
}

/* The octets of the seal; 0: there is none, or one that is too long. */
static size_t read_seal(struct maildir *maildir, char *bytes)
{
	struct stat facts;
	int fd = place_open_file(maildir->dir, SEAL_NAME, O_RDONLY, &facts);
	ssize_t got = fd < 0 ? -1 : fd_read(fd, bytes, SEAL_MAX);

	fd_close(&fd);
	return got > 0 && got < SEAL_MAX ? (size_t)got : 0;
}

/* True when the messages were looked at long enough ago to be looked at again. */
static bool is_stale(uint64_t looked_at, enum keeping keeping)
{
	uint64_t now = (uint64_t)time(NULL);

	if (looked_at == 0)
		return false;
	return keeping != KEEP_ALL || now < looked_at || now - looked_at >= BELIEVED;
}

/* True when a seal is, octet by octet, what it would be for the listing that is there. */
static bool holds(struct maildir *maildir, int fd, const struct stat *facts, struct span text,
		  enum keeping keeping)
{
	struct span rest = text;
	char bytes[SEAL_MAX];
	struct buffer now = BUFFER(bytes);
	struct seal seal = { .inode = facts->st_ino, .octets = (uint64_t)facts->st_size };

	span_take(&rest, ' ');
	span_take(&rest, ' ');
	if (!number_upto(span_take(&rest, ' '), INT64_MAX, &seal.looked_at) ||
	    is_stale(seal.looked_at, keeping) || !look_at_folders(maildir, seal.folders))
		return false;
	put_facts(&now, &seal);
	/* Mostly it is the folders that changed: then the listing, of any size, is not read. */
	if (now.overflow || !span_starts(text, buffer_span(&now)) ||
	    !find_hash(fd, seal.octets, &seal.hash))
		return false;
	put_hash(&now, seal.hash);
	return !now.overflow && span_equal(buffer_span(&now), text);
}

int kept_open(struct maildir *maildir, enum keeping keeping, uint64_t *octets)
{
	char bytes[SEAL_MAX];
	struct span text = { bytes, 0 };
	struct stat facts;
	int fd;

	if (keeping == KEEP_NONE)
		return -1;
	text.len = read_seal(maildir, bytes);
	fd = text.len == 0 ? -1 : place_open_file(maildir->dir, LINES_NAME, O_RDONLY, &facts);
	if (fd >= 0 && !holds(maildir, fd, &facts, text, keeping))
		fd_close(&fd);
	*octets = fd < 0 ? 0 : (uint64_t)facts.st_size;
	return fd;
}

int kept_tell(struct request *request, int fd, uint64_t octets)
{
	static char block[65536];
	int exit = EXIT_DONE;

	if (request->can_fds) {
		request->output = fd;
		return exit;
	}
	while (octets > 0) {
		ssize_t got = fd_read(fd, block, sizeof(block));

		if (got <= 0 || (uint64_t)got > octets) {
			exit = request_trouble(request, "cannot read the kept listing", LINES_NAME);
			break;
		}
		outcome_put(request->outcome, (struct span){ block, (size_t)got });
		octets -= (uint64_t)got;
	}
	fd_close(&fd);
	return exit;
}

void kept_init(struct kept *kept, struct maildir *maildir, enum keeping keeping)
{
	kept->maildir = maildir;
	kept->octets = 0;
	kept->hash = HASH_START;
	kept->out = BUFFER(kept->out_bytes);
	kept->new.fd = -1;
	kept->began = clock_now();
	clock_gettime(CLOCK_REALTIME_COARSE, &kept->looked_at);
	kept->looked = keeping != KEEP_NONE && look_at_folders(maildir, kept->folders);
}

void kept_begin(struct kept *kept)
{
	if (kept->looked && kept->new.fd < 0)
		replacement_begin(&kept->new, kept->maildir);
}

/* Writes a block: all of them are full, but for the last one. */
static void flush(struct kept *kept)
{
	struct span block = buffer_span(&kept->out);

	kept->octets += block.len;
	kept->hash = hash_block(kept->hash, block);
	if (!fd_write_all(kept->new.fd, block))
		replacement_abandon(&kept->new, kept->maildir);
	buffer_clear(&kept->out);
}

void kept_line(struct kept *kept, struct span line)
{
	while (kept->new.fd >= 0 && line.len > 0) {
		size_t room = buffer_room(&kept->out);
		size_t len = line.len < room ? line.len : room;

		buffer_put(&kept->out, span_first(line, len));
		line = span_from(line, len);
		if (len == room)
			flush(kept);
	}
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* True when what lies before the folders' times, and `latest`, is all in the listing. */
static bool unchanged(struct kept *kept, int64_t latest, uint64_t *inode)
{
	struct stat file, folders[2];
	/* Since the folders were looked at: the file was written later. */
	int64_t passed = (clock_now() - kept->began) / 1000 + 1, settled;

	if (!look_at_folders(kept->maildir, folders) || fstat(kept->new.fd, &file) != 0)
		return false;
	settled = file.st_mtim.tv_sec - passed - MARGIN;
	*inode = file.st_ino;
	for (unsigned i = 0; i < 2; i++) {
		const struct stat *before = &kept->folders[i], *now = &folders[i];

		if (before->st_ino != now->st_ino || !same_time(&before->st_mtim, &now->st_mtim) ||
		    !same_time(&before->st_ctim, &now->st_ctim) || now->st_mtim.tv_sec > settled ||
		    !settled_before(&now->st_ctim, &kept->looked_at))
			return false;
	}
	return latest <= settled;
}

/* Writes the seal of the listing that was installed. */
static void write_seal(struct kept *kept, const struct seal *seal)
{
	struct replacement new;

	if (!replacement_begin(&new, kept->maildir))
		return;
	buffer_clear(&kept->out);
	put_facts(&kept->out, seal);
	put_hash(&kept->out, seal->hash);
	if (fd_write_all(new.fd, buffer_span(&kept->out)) &&
	    replacement_install(&new, kept->maildir, SEAL_NAME))
		fd_close(&new.fd);
	replacement_abandon(&new, kept->maildir);
}

void kept_end(struct kept *kept, bool whole, int64_t latest)
{
	struct seal seal = { .looked_at = latest == 0 ? 0 : (uint64_t)kept->looked_at.tv_sec };

	if (kept->new.fd >= 0 && kept->out.len > 0)
		flush(kept);
	if (kept->new.fd < 0)
		return;
	memcpy(seal.folders, kept->folders, sizeof(seal.folders));
	seal.octets = kept->octets;
	seal.hash = kept->hash;
	if (whole && unchanged(kept, latest, &seal.inode) &&
	    replacement_install(&kept->new, kept->maildir, LINES_NAME)) {
		fd_close(&kept->new.fd);
		write_seal(kept, &seal);
	}
	replacement_abandon(&kept->new, kept->maildir);
}
