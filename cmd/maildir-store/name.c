/* SPDX-License-Identifier: ISC */
/* name.c - the file names of a Maildir. */
#include "name.h"

#include "base/ascii.h"
#include "base/hash.h"
#include "base/number.h"

#include <errno.h>
#include <limits.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

bool name_fits(struct span name)
{
	return name.len > 0 && name.len <= NAME_MAX && name.base[0] != '.';
}

/* The host's name; '/' and ':' are written as the Maildir description says, and so is ','. */
static void host_put(struct buffer *out)
{
	char host[256];
	struct span rest;

	if (gethostname(host, sizeof(host)) != 0)
		host[0] = '\0';
	host[sizeof(host) - 1] = '\0';
	/* An escape takes four octets, and the NUL one. */
	for (rest = span_of(host); rest.len > 0 && buffer_room(out) > 4;
	     rest = span_from(rest, 1)) {
		char c = rest.base[0];

		if (c == '/' || c == ':' || c == ',')
			buffer_string(out, c == '/' ? "\\057" : c == ':' ? "\\072" : "\\054");
		else
			buffer_byte(out, ascii_is_graph(c) ? c : '_');
	}
	if (out->len == 0)
		buffer_string(out, "localhost");
	buffer_cstr(out);
}

bool stamp_take(struct stamp *stamp)
{
	struct buffer host = BUFFER(stamp->host);
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	stamp->seconds = (uint64_t)now.tv_sec;
	stamp->microseconds = (uint64_t)now.tv_nsec / 1000;
	stamp->pid = (uint64_t)getpid();
	host_put(&host);
	while (getrandom(&stamp->random, sizeof(stamp->random), 0) != sizeof(stamp->random)) {
		if (errno != EINTR)
			return false;
	}
	return true;
}

void name_unique_put(struct buffer *out, const struct stamp *stamp, uint64_t count)
{
	buffer_number(out, stamp->seconds);
	buffer_string(out, ".M");
	buffer_padded(out, stamp->microseconds, 6);
	buffer_byte(out, 'P');
	buffer_number(out, stamp->pid);
	buffer_byte(out, 'Q');
	buffer_number(out, count);
	buffer_byte(out, 'R');
	buffer_hex(out, stamp->random, 16);
	buffer_byte(out, '.');
	buffer_string(out, stamp->host);
}

struct span name_base(struct span name)
{
	return span_first(name, span_find(name, ':'));
}

struct span name_unique(struct span name)
{
	struct span base = name_base(name);

	return span_first(base, span_find(base, ','));
}

bool name_field(struct span name, char letter, uint64_t *value)
{
	struct span rest = name_base(name);

	span_take(&rest, ',');
	while (rest.base != NULL) {
		struct span field = span_take(&rest, ',');

		if (field.len > 2 && field.base[0] == letter && field.base[1] == '=')
			return number_upto(span_from(field, 2), SIZE_MOST, value);
	}
	return false;
}

bool name_flagged(struct span name, char flag)
{
	struct span flags = span_from(name, name_base(name).len);

	return span_starts(flags, SPAN(":2,")) && span_find(flags, flag) < flags.len;
}

/* The number at the front of `text`, of `most` digits at the most; how many they are. */
static size_t leading_number(struct span text, size_t most, uint64_t *number)
{
	size_t len = 0;

	for (*number = 0; len < text.len && len < most && ascii_is_digit(text.base[len]); len++)
		*number = *number * 10 + (uint64_t)(text.base[len] - '0');
	return len;
}

uint64_t name_time(struct span name)
{
	uint64_t whole, part;
	size_t at = leading_number(name, 12, &whole);

	if (at == 0 || at == name.len || name.base[at] != '.')
		return 0;
	/* The middle of the unique part. */
	while (++at < name.len && name.base[at] != '.' && name.base[at] != ',' &&
	       name.base[at] != ':') {
		if (name.base[at] == 'M' && leading_number(span_from(name, at + 1), 7, &part) > 0 &&
		    part <= 999999)
			return whole * 1000000 + part;
	}
	return whole * 1000000;
}

int name_compare(uint64_t time_a, struct span a, uint64_t time_b, struct span b)
{
	size_t shorter;
	int order;

	if (time_a != time_b)
		return time_a < time_b ? -1 : 1;
	a = name_unique(a);
	b = name_unique(b);
	shorter = a.len < b.len ? a.len : b.len;
	order = shorter == 0 ? 0 : memcmp(a.base, b.base, shorter);
	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static bool is_uid(struct span text)
{
	if (text.len == 0 || text.len > UID_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (!ascii_is_graph(text.base[i]))
			return false;
	}
	return true;
}

void name_uid_put(struct buffer *out, struct span name)
{
	struct span unique = name_unique(name);

	if (is_uid(unique)) {
		buffer_put(out, unique);
		return;
	}
	for (size_t i = 0; i < unique.len && i < UID_MAX - 17; i++)
		buffer_byte(out, ascii_is_graph(unique.base[i]) ? unique.base[i] : '_');
	buffer_byte(out, '~');
	buffer_hex(out, hash_more(HASH_START, unique), 16);
}

void name_escape(struct buffer *out, struct span name)
{
	while (name.len > 0) {
		size_t plain = 0;

		while (plain < name.len && ascii_is_graph(name.base[plain]) &&
		       name.base[plain] != '%')
			plain++;
		buffer_put(out, span_first(name, plain));
		name = span_from(name, plain);
		if (name.len == 0)
			break;
		buffer_byte(out, '%');
		buffer_hex(out, (unsigned char)name.base[0], 2);
		name = span_from(name, 1);
	}
}

bool name_unescape(struct buffer *out, struct span text)
{
	while (text.len > 0) {
		size_t plain = span_find(text, '%');
		int high, low;

		buffer_put(out, span_first(text, plain));
		text = span_from(text, plain);
		if (text.len == 0)
			break;
		if (text.len < 3)
			return false;
		high = ascii_hex(text.base[1]);
		low = ascii_hex(text.base[2]);
		if (high < 0 || low < 0)
			return false;
		buffer_byte(out, (char)(high * 16 + low));
		text = span_from(text, 3);
	}
	return !out->overflow;
}
