/* SPDX-License-Identifier: ISC */
/* quota.c - the quota of a Maildir, by the file `maildirsize`. */
#include "quota.h"

#include "name.h"
#include "replacement.h"

#include "base/descriptor.h"
#include "base/number.h"
#include "store/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define FILE_NAME "maildirsize"
/* A longer file is counted anew, which makes it short (the Maildir++ description says 5120). */
#define FILE_MAX 5120
/* A count that came out as over quota is believed for so long, in seconds. */
#define FRESH 900

struct quota {
	uint64_t most_octets; /* 0: no limit */
	uint64_t most_messages;
	int64_t octets;
	int64_t messages;
	bool fresh; /* counted a moment ago */
};

static bool limited(const struct quota *quota)
{
	return quota->most_octets > 0 || quota->most_messages > 0;
}

/* "500MS,10000C"; K, M and G are powers of 1024. */
static bool parse_limits(struct span text, struct quota *quota)
{
	while (text.base != NULL) {
		struct span limit = span_trim(span_take(&text, ','));
		uint64_t value;
		unsigned shift;
		size_t unit;
		char kind;

		if (limit.len < 2)
			return false;
		kind = limit.base[--limit.len];
		unit = span_find(SPAN("KMG"), limit.base[limit.len - 1]);
		limit.len -= unit < 3;
		shift = unit < 3 ? 10 * ((unsigned)unit + 1) : 0;
		if ((kind != 'S' && kind != 'C') || !number_upto(limit, INT64_MAX >> shift, &value))
			return false;
		*(kind == 'S' ? &quota->most_octets : &quota->most_messages) = value << shift;
	}
	return true;
}

/* A sum: a decimal number with a sign before it or not. */
static bool parse_sum(struct span text, int64_t *sum)
{
	bool minus = span_starts(text, SPAN("-"));
	uint64_t value;

	if (!number_upto(minus ? span_from(text, 1) : text, INT64_MAX, &value))
		return false;
	return !__builtin_add_overflow(*sum, minus ? -(int64_t)value : (int64_t)value, sum);
}

/* Adds up the lines behind the first; `age` in seconds. False: they make no sense. */
static bool parse_sums(struct span rest, int64_t age, struct quota *quota)
{
	unsigned lines = 0;

	while (rest.len > 0) {
		struct span line = span_trim(span_take(&rest, '\n'));
		struct span octets = span_take(&line, ' ');

		if (!parse_sum(octets, &quota->octets) ||
		    !parse_sum(span_trim(line), &quota->messages))
			return false;
		lines++;
	}
	quota->fresh = lines == 1 && age < FRESH;
	return lines > 0 && quota->octets >= 0 && quota->messages >= 0;
}

/* Counts the messages of one folder; those marked as deleted are not (Maildir++). */
static void count_folder(int dir, const char *path, struct quota *quota)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (entries == NULL) {
		fd_close(&fd);
		return;
	}
	while ((entry = readdir(entries)) != NULL) {
		struct span name = span_of(entry->d_name);
		uint64_t size;
		struct stat facts;

		if (name.base[0] == '.' || name_flagged(name, 'T'))
			continue;
		if (!name_field(name, 'S', &size)) {
			if (fstatat(fd, entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0 ||
			    !S_ISREG(facts.st_mode))
				continue;
			size = (uint64_t)facts.st_size;
		}
		if (!__builtin_add_overflow(quota->octets, (int64_t)size, &quota->octets))
			quota->messages++;
	}
	closedir(entries);
}

/* Counts the Maildir and its folders (".NAME"), but for the trash. */
static void count_all(const struct maildir *maildir, struct quota *quota)
{
	int fd = openat(maildir->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	quota->octets = quota->messages = 0;
	quota->fresh = true;
	if (entries == NULL) {
		fd_close(&fd);
		return;
	}
	while ((entry = readdir(entries)) != NULL) {
		struct span name = span_of(entry->d_name);
		char path[NAME_MAX + 8];
		struct buffer out = BUFFER(path);

		if (name.base[0] != '.' || span_equal(name, SPAN("..")) ||
		    span_equal(name, SPAN(".Trash")))
			continue;
		for (enum folder folder = FOLDER_NEW; folder <= FOLDER_CUR; folder++) {
			buffer_clear(&out);
			buffer_put(&out, name);
			buffer_byte(&out, '/');
			buffer_string(&out, folder_names[folder]);
			if (buffer_cstr(&out) != NULL)
				count_folder(fd, path, quota);
		}
	}
	closedir(entries);
}

/* Replaces the file by what was counted. Nothing is lost when that fails: it is counted again. */
static void write_file(struct maildir *maildir, const struct quota *quota)
{
	char bytes[128];
	struct buffer text = BUFFER(bytes);
	struct replacement new;

	buffer_number(&text, quota->most_octets);
	buffer_string(&text, "S,");
	buffer_number(&text, quota->most_messages);
	buffer_string(&text, "C\n");
	buffer_number(&text, (uint64_t)quota->octets);
	buffer_byte(&text, ' ');
	buffer_number(&text, (uint64_t)quota->messages);
	buffer_byte(&text, '\n');
	if (!replacement_begin(&new, maildir))
		return;
	if (fd_write_all(new.fd, buffer_span(&text)) &&
	    replacement_install(&new, maildir, FILE_NAME))
		fd_close(&new.fd);
	replacement_abandon(&new, maildir);
}

/* Reads the file. False: there is none, or it must be counted anew. */
static bool read_file(const struct maildir *maildir, struct quota *quota)
{
	char bytes[FILE_MAX];
	struct stat facts;
	struct quota own = { .fresh = false };
	int fd = place_open_file(maildir->dir, FILE_NAME, O_RDONLY, &facts);
	ssize_t got = fd < 0 ? -1 : fd_read(fd, bytes, sizeof(bytes));
	struct span rest = { bytes, got > 0 ? (size_t)got : 0 };
	struct span first;

	fd_close(&fd);
	if (got <= 0 || got == sizeof(bytes))
		return false;
	first = span_take(&rest, '\n');
	if (!parse_limits(first, &own))
		return false;
	if (!limited(quota)) {
		quota->most_octets = own.most_octets;
		quota->most_messages = own.most_messages;
	} else if (own.most_octets != quota->most_octets ||
		   own.most_messages != quota->most_messages) {
		return false;
	}
	return parse_sums(rest, (int64_t)(time(NULL) - facts.st_mtime), quota);
}

static bool fits(const struct quota *quota, uint64_t size)
{
	uint64_t after = (uint64_t)quota->octets + size;

	return (quota->most_octets == 0 || after <= quota->most_octets) &&
	       (quota->most_messages == 0 || (uint64_t)quota->messages < quota->most_messages);
}

int quota_room(struct request *request, struct maildir *maildir, uint64_t size)
{
	struct quota quota = { .fresh = false };
	struct span limits = request_setting(request, "QUOTA_LIMIT");
	bool known;

	if (limits.len > 0 && !parse_limits(limits, &quota)) {
		request_log("QUOTA_LIMIT is no quota", NULL, 0);
		return request_refuse(request, EXIT_CONFIG, "451 4.3.5",
				      "The store is not configured");
	}
	known = read_file(maildir, &quota);
	if (!limited(&quota))
		return EXIT_DONE;
	if (!known || (!fits(&quota, size) && !quota.fresh)) {
		count_all(maildir, &quota);
		write_file(maildir, &quota);
	}
	if (fits(&quota, size))
		return EXIT_DONE;
	if (span_equal(request_setting(request, "QUOTA"), SPAN("permanent")))
		return request_refuse(request, EXIT_CANTCREAT, "552 5.2.2", "Mailbox full");
	return request_refuse(request, EXIT_TEMPFAIL, "452 4.2.2", "Mailbox full");
}

bool quota_kept(const struct maildir *maildir)
{
	return faccessat(maildir->dir, FILE_NAME, F_OK, 0) == 0;
}

void quota_change(struct maildir *maildir, int64_t octets, int64_t messages)
{
	char bytes[64];
	int len = snprintf(bytes, sizeof(bytes), "%lld %lld\n", (long long)octets,
			   (long long)messages);
	int fd = openat(maildir->dir, FILE_NAME,
			O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	/*
	 * One write, so that lines of two programs never mix. Half a line, on a full disk, makes
	 * the next reader count anew.
	 */
	if (fd >= 0 && write(fd, bytes, (size_t)len) != len)
		request_log("cannot record the quota", FILE_NAME, errno);
	fd_close(&fd);
}
