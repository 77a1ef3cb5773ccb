/* SPDX-License-Identifier: ISC */
/*
 * sizes.c - the sizes on the wire of messages whose names do not tell them.
 *
 * The new file is begun at the first difference, with a copy of what held until there.
 */
#include "sizes.h"

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/hash.h"
#include "base/number.h"
#include "store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/sendfile.h>
#include <time.h>
#include <unistd.h>

#define FILE_NAME "mail-session.sizes"
#define HEAD      SPAN("mail-session.sizes 2\n")
/* A listing that takes longer is kept so often, in seconds, in case its time runs out. */
#define SAVE_EVERY 5

/* ---- the old file ------------------------------------------------------------------------ */

/* Octets up to what was not taken. */
static uint64_t position(const struct sizes *sizes)
{
	return sizes->read - (sizes->until - sizes->from);
}

/* Reads on. False at the end, and where reading fails, which is none the worse. */
static bool fill(struct sizes *sizes)
{
	size_t len = sizes->until - sizes->from;
	ssize_t got;

	memmove(sizes->bytes, sizes->bytes + sizes->from, len);
	sizes->from = 0;
	sizes->until = len;
	do
		got = pread(sizes->old, sizes->bytes + len, sizeof(sizes->bytes) - len,
			    (off_t)sizes->read);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return false;
	sizes->until += (size_t)got;
	sizes->read += (uint64_t)got;
	return true;
}

/* Takes a line without its end. False: there is no whole line. */
static bool take_line(struct sizes *sizes, struct span *text)
{
	for (;;) {
		struct span rest = { sizes->bytes + sizes->from, sizes->until - sizes->from };
		size_t len = span_find(rest, '\n');

		if (len < rest.len) {
			*text = span_first(rest, len);
			sizes->from += len + 1;
			return true;
		}
		if (rest.len > SIZES_LINE_MAX || !fill(sizes))
			return false;
	}
}

static bool take_number(struct span *rest, uint64_t *value)
{
	return number_upto(span_take(rest, ' '), INT64_MAX, value);
}

/* Makes sense of a line, or finds it damaged. */
static bool parse_line(struct span text, struct sizes_line *line)
{
	struct buffer name = BUFFER(line->name);
	char digits[16];
	struct buffer hash = BUFFER(digits);
	struct span rest;

	if (text.len < sizeof(digits))
		return false;
	rest = span_first(text, text.len - sizeof(digits));
	buffer_hex(&hash, hash_block(HASH_START, rest), sizeof(digits));
	if (!span_equal(buffer_span(&hash), span_from(text, rest.len)) ||
	    !name_unescape(&name, span_take(&rest, ' ')))
		return false;
	line->name_len = name.len;
	line->time = name_time(buffer_span(&name));
	return take_number(&rest, &line->inode) && take_number(&rest, &line->size) &&
	       take_number(&rest, &line->seconds) && take_number(&rest, &line->nanoseconds) &&
	       take_number(&rest, &line->wire) && rest.len == 0;
}

static struct span line_name(const struct sizes_line *line)
{
	return (struct span){ line->name, line->name_len };
}

/* Makes sure that the next line is known, if there is one; behind a damaged one there is none. */
static bool peek_line(struct sizes *sizes)
{
	struct span text;

	if (sizes->line.there)
		return true;
	if (sizes->exhausted)
		return false;
	sizes->line.start = position(sizes);
	sizes->line.there = take_line(sizes, &text) && parse_line(text, &sizes->line);
	sizes->line.end = position(sizes);
	sizes->exhausted = !sizes->line.there;
	return sizes->line.there;
}

static void open_old(struct sizes *sizes)
{
	struct stat facts;
	struct span text;

	sizes->old = place_open_file(sizes->maildir->dir, FILE_NAME, O_RDONLY, &facts);
	if (sizes->old >= 0 && take_line(sizes, &text) &&
	    span_equal(text, span_first(HEAD, HEAD.len - 1)))
		sizes->kept = HEAD.len;
	else
		sizes->exhausted = true;
}

/* ---- the new file ------------------------------------------------------------------------ */

/* Removes the new file and never tries again: on a full disk, or where we may not write. */
static void give_up(struct sizes *sizes)
{
	replacement_abandon(&sizes->new, sizes->maildir);
	sizes->given_up = true;
}

/* Copies octets of the old file behind what the new one holds. */
static bool copy_old(struct sizes *sizes, uint64_t from, uint64_t until)
{
	off_t at = (off_t)from;

	while ((uint64_t)at < until) {
		ssize_t sent = sendfile(sizes->new.fd, sizes->old, &at, until - (uint64_t)at);

		if (sent == 0 || (sent < 0 && errno != EINTR))
			return false;
	}
	return true;
}

static bool flush(struct sizes *sizes)
{
	bool good = fd_write_all(sizes->new.fd, buffer_span(&sizes->out));

	buffer_clear(&sizes->out);
	return good;
}

/* Begins the new file, unless that was done. */
static void begin_new(struct sizes *sizes)
{
	if (sizes->new.fd >= 0 || sizes->given_up)
		return;
	if (!replacement_begin(&sizes->new, sizes->maildir))
		sizes->given_up = true;
	else if (sizes->kept == 0)
		buffer_put(&sizes->out, HEAD);
	else if (!copy_old(sizes, 0, sizes->kept))
		give_up(sizes);
}

static void put_line(struct sizes *sizes, const struct sizes_line *line)
{
	const uint64_t numbers[] = { line->inode, line->size, line->seconds, line->nanoseconds,
				     line->wire };
	struct buffer *out = &sizes->out;
	size_t start;

	if (sizes->new.fd < 0)
		return;
	if (buffer_room(out) < SIZES_LINE_MAX && !flush(sizes)) {
		give_up(sizes);
		return;
	}
	start = out->len;
	name_escape(out, line_name(line));
	buffer_byte(out, ' ');
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		buffer_number(out, numbers[i]);
		buffer_byte(out, ' ');
	}
	buffer_hex(out, hash_block(HASH_START, span_from(buffer_span(out), start)), 16);
	buffer_byte(out, '\n');
}

/* The new file takes the place of the old one. */
static bool replace(struct sizes *sizes)
{
	if (flush(sizes) && replacement_install(&sizes->new, sizes->maildir, FILE_NAME))
		return true;
	give_up(sizes);
	return false;
}

/* Keeps what there is, with the rest of the old file, and goes on with that as the old one. */
static void save(struct sizes *sizes)
{
	uint64_t rest = sizes->line.there ? sizes->line.start : position(sizes);
	struct stat old, new;

	sizes->save_at = clock_deadline(clock_now(), SAVE_EVERY);
	if (sizes->new.fd < 0)
		return;
	if (!flush(sizes) || fstat(sizes->new.fd, &new) != 0 ||
	    (!sizes->exhausted &&
	     (fstat(sizes->old, &old) != 0 || !copy_old(sizes, rest, (uint64_t)old.st_size)))) {
		give_up(sizes);
		return;
	}
	if (!replace(sizes))
		return;
	fd_close(&sizes->old);
	sizes->old = sizes->new.fd;
	sizes->new.fd = -1;
	sizes->kept = (uint64_t) new.st_size;
	sizes->line.start = sizes->kept;
	sizes->line.end = sizes->line.end - rest + sizes->kept;
	sizes->read = sizes->read - rest + sizes->kept;
}

/* ---- both -------------------------------------------------------------------------------- */

/* Remembers when the latest of the messages that were looked at was written to. */
static void look(struct sizes *sizes, const struct stat *facts)
{
	if (facts->st_mtim.tv_sec > sizes->latest)
		sizes->latest = facts->st_mtim.tv_sec;
	if (sizes->latest <= 0)
		sizes->latest = 1;
}

/* True when the file is as the line says. */
static bool holds(const struct sizes_line *line, const struct stat *facts)
{
	return S_ISREG(facts->st_mode) && facts->st_uid == place_owner() &&
	       line->inode == facts->st_ino && line->size == (uint64_t)facts->st_size &&
	       line->seconds == (uint64_t)facts->st_mtim.tv_sec &&
	       line->nanoseconds == (uint64_t)facts->st_mtim.tv_nsec;
}

/* Reads the message, and remembers. */
static bool measure(struct sizes *sizes, struct message *message, uint64_t *size)
{
	struct buffer name;
	struct sizes_line line = { .there = true };
	struct timespec now;
	struct stat facts;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (!message_measure(sizes->maildir, message, size, &facts)) {
		/* What could not be read now may be there the next time. */
		sizes->latest = INT64_MAX;
		return false;
	}
	look(sizes, &facts);
	if (!settled_before(&facts.st_mtim, &now))
		return true;
	name = BUFFER(line.name);
	buffer_put(&name, name_unique(span_of(message->name)));
	line.name_len = name.len;
	line.inode = facts.st_ino;
	line.size = (uint64_t)facts.st_size;
	line.seconds = (uint64_t)facts.st_mtim.tv_sec;
	line.nanoseconds = (uint64_t)facts.st_mtim.tv_nsec;
	line.wire = *size;
	begin_new(sizes);
	put_line(sizes, &line);
	if (clock_now() >= sizes->save_at)
		save(sizes);
	return true;
}

void sizes_begin(struct sizes *sizes, struct maildir *maildir)
{
	memset(sizes, 0, offsetof(struct sizes, bytes)); /* what is not used is not touched */
	sizes->maildir = maildir;
	sizes->old = sizes->new.fd = -1;
	sizes->save_at = clock_deadline(clock_now(), SAVE_EVERY);
	sizes->out = BUFFER(sizes->out_bytes);
	open_old(sizes);
}

bool sizes_tell(struct sizes *sizes, struct message *message, uint64_t *size)
{
	struct span name = span_of(message->name);
	struct sizes_line *line = &sizes->line;
	struct stat facts;
	int order = 1;

	if (name_field(name, 'W', size))
		return true;
	/* Lines of messages that are gone. */
	while (peek_line(sizes) &&
	       (order = name_compare(line->time, line_name(line), name_time(name), name)) < 0) {
		begin_new(sizes);
		line->there = false;
	}
	if (!line->there || order > 0)
		return measure(sizes, message, size);
	line->there = false;
	if (fstatat(maildir_folder(sizes->maildir, message->folder), message->name, &facts,
		    AT_SYMLINK_NOFOLLOW) != 0 ||
	    !holds(line, &facts)) {
		begin_new(sizes);
		return measure(sizes, message, size);
	}
	look(sizes, &facts);
	if (sizes->new.fd < 0)
		sizes->kept = line->end;
	put_line(sizes, line);
	*size = line->wire;
	return true;
}

void sizes_end(struct sizes *sizes, bool whole)
{
	/* What is left is of messages that are gone. */
	if (whole && peek_line(sizes))
		begin_new(sizes);
	if (sizes->new.fd >= 0) {
		if (whole)
			replace(sizes);
		else
			give_up(sizes);
	}
	fd_close(&sizes->new.fd);
	fd_close(&sizes->old);
}
