/* SPDX-License-Identifier: ISC */
/* transcript.c - reads transcript files; FORMAT beside this file says what stands in them. */
#include "transcript.h"
#include "base/ascii.h"
#include "base/number.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define REPEAT_MAX 2000000

void bytes_put(struct bytes *bytes, const char *base, size_t len)
{
	if (bytes->len + len + 1 > bytes->cap) {
		bytes->cap = (bytes->len + len + 1) * 2;
		bytes->base = realloc(bytes->base, bytes->cap);
		if (bytes->base == NULL)
			err(2, "memory");
	}
	if (len > 0)
		memcpy(bytes->base + bytes->len, base, len);
	bytes->len += len;
	bytes->base[bytes->len] = '\0';
}

void bytes_string(struct bytes *bytes, const char *string)
{
	bytes_put(bytes, string, strlen(string));
}

void bytes_format(struct bytes *bytes, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	bytes_string(bytes, text);
}

void bytes_escape(struct bytes *bytes, const char *base, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (base[i] == '\r')
			bytes_string(bytes, "\\r");
		else if (base[i] == '\n')
			bytes_string(bytes, "\\n");
		else if (base[i] == '\\')
			bytes_string(bytes, "\\\\");
		else if (ascii_is_print(base[i]))
			bytes_put(bytes, base + i, 1);
		else
			bytes_format(bytes, "\\x%02x", (unsigned char)base[i]);
	}
}

/* "\{N*text}": the octets of *rest behind the brace. */
static bool unescape_repeat(struct bytes *out, struct span *rest)
{
	struct span digits = span_take(rest, '*');
	size_t end = span_find(*rest, '}');
	struct bytes piece = { NULL, 0, 0 };
	uint64_t count;

	if (rest->base == NULL || end == rest->len || !number_upto(digits, REPEAT_MAX, &count) ||
	    !transcript_unescape(&piece, span_first(*rest, end)))
		return false;
	*rest = span_from(*rest, end + 1);
	while (count-- > 0)
		bytes_put(out, piece.base, piece.len);
	free(piece.base);
	return true;
}

bool transcript_unescape(struct bytes *out, struct span rest)
{
	static const char names[] = "rnt0s\\*#", values[] = "\r\n\t\0 \\*#";

	while (rest.len > 0) {
		size_t plain = span_find(rest, '\\');

		bytes_put(out, rest.base, plain);
		rest = span_from(rest, plain);
		if (rest.len == 0)
			break;
		if (rest.len < 2)
			return false;
		char name = rest.base[1];
		const char *found = memchr(names, name, sizeof(names) - 1);

		if (found != NULL) {
			bytes_put(out, values + (found - names), 1);
			rest = span_from(rest, 2);
		} else if (name == 'x' && rest.len >= 4 && ascii_hex(rest.base[2]) >= 0 &&
			   ascii_hex(rest.base[3]) >= 0) {
			char octet = (char)(ascii_hex(rest.base[2]) * 16 + ascii_hex(rest.base[3]));

			bytes_put(out, &octet, 1);
			rest = span_from(rest, 4);
		} else if (name == '{') {
			rest = span_from(rest, 2);
			if (!unescape_repeat(out, &rest))
				return false;
		} else {
			return false;
		}
	}
	return true;
}

struct span word_take(struct span *rest)
{
	struct span word = span_take(rest, ' ');

	while (rest->len > 0 && *rest->base == ' ')
		*rest = span_from(*rest, 1);
	return word;
}

const struct item *script_next(const struct script *script, enum item_kind kind, size_t *at)
{
	while (*at < script->count) {
		const struct item *item = &script->items[(*at)++];

		if (item->kind == kind)
			return item;
	}
	return NULL;
}

static const struct key {
	const char *word;
	enum item_kind kind;
} keys[] = {
	{ "C", ITEM_CLIENT },  { "S", ITEM_LINE },    { "R", ITEM_REPLY }, { "K", ITEM_KEYWORD },
	{ "O", ITEM_OPTION },  { "V", ITEM_VERDICT }, { "D", ITEM_MAIL },  { "E", ITEM_EVENT },
	{ "M", ITEM_MESSAGE }, { "STOP", ITEM_STOP }, { "X", ITEM_END },   { "T", ITEM_TLS },
};

static struct item *script_add(struct script *script, enum item_kind kind, unsigned line)
{
	script->items = realloc(script->items, (script->count + 1) * sizeof(*script->items));
	if (script->items == NULL)
		err(2, "memory");
	script->items[script->count] = (struct item){ kind, line, false, { NULL, 0, 0 } };
	return &script->items[script->count++];
}

/* One line of a transcript; `joined` says that the line before it was of the same message. */
static const char *script_line(struct script *script, struct span text, unsigned line, bool joined)
{
	size_t length = 0;
	uint64_t repeat = 1;
	const struct key *key = NULL;
	struct span rest;
	bool raw, wild = false;

	while (length < text.len && ascii_is_alpha(text.base[length]))
		length++;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (span_equal(span_first(text, length), span_of(keys[i].word)))
			key = &keys[i];
	}
	if (key == NULL)
		return "unknown key";
	rest = span_from(text, length);
	if (rest.len > 0 && *rest.base == '*') {
		size_t end = span_find(rest, ':');

		if (end == rest.len)
			end = span_find(rest, '\\');
		if (!number_upto(span_from(span_first(rest, end), 1), REPEAT_MAX, &repeat))
			return "bad count";
		rest = span_from(rest, end);
	}
	if (rest.len == 0 || (*rest.base != ':' && *rest.base != '\\' && *rest.base != '!'))
		return "no ':' behind the key";
	raw = *rest.base == '\\';
	enum item_kind kind = *rest.base == '!' ? ITEM_NO_KEYWORD : key->kind;

	rest = span_from(rest, 1);
	if (rest.len > 0 && *rest.base == ' ')
		rest = span_from(rest, 1);
	if (kind == ITEM_LINE && rest.len > 0 && rest.base[rest.len - 1] == '*' &&
	    (rest.len < 2 || rest.base[rest.len - 2] != '\\')) {
		wild = true;
		rest = span_first(rest, rest.len - 1);
	}
	while (repeat-- > 0) {
		struct item *item = joined && script->count > 0 ? &script->items[script->count - 1]
								: script_add(script, kind, line);

		item->wild = wild;
		if (kind == ITEM_EVENT)
			bytes_put(&item->text, rest.base, rest.len);
		else if (!transcript_unescape(&item->text, rest))
			return "bad escape";
		if (kind == ITEM_CLIENT && !raw)
			bytes_string(&item->text, "\r\n");
		if (kind == ITEM_MESSAGE && !raw)
			bytes_string(&item->text, "\n");
		joined = kind == ITEM_MESSAGE;
	}
	return NULL;
}

/* The lines of one case, or of the part that all cases share. */
static void script_parse(struct script *script, struct span text, unsigned line)
{
	bool joined = false;

	while (text.base != NULL) {
		struct span piece = span_take(&text, '\n');
		const char *fault = NULL;

		if (span_equal(piece, SPAN("# engine-only")))
			script->engine_only = true;
		else if (span_equal(piece, SPAN("# program-only")))
			script->program_only = true;
		bool message = piece.len > 1 && *piece.base == 'M';

		if (piece.len > 0 && *piece.base != '#' && !span_starts(piece, SPAN("== ")))
			fault = script_line(script, piece, line, joined && message);
		if (fault != NULL)
			errx(2, "%s:%u: %s", script->file, line, fault);
		joined = message;
		line++;
	}
}

static struct bytes file_read(const char *path)
{
	struct bytes content = { NULL, 0, 0 };
	char block[8192];
	size_t got;
	FILE *file = fopen(path, "r");

	if (file == NULL)
		err(2, "%s", path);
	while ((got = fread(block, 1, sizeof(block), file)) > 0)
		bytes_put(&content, block, got);
	fclose(file);
	return content;
}

void transcript_read(struct transcript *transcript, const char *path)
{
	struct bytes content = file_read(path);
	struct span rest = bytes_span(&content), shared = span_first(rest, 0);
	unsigned line = 1;
	bool first = true;

	while (rest.len > 0) {
		/* A case reaches up to the next line that begins with "== ". */
		size_t end = 0;
		unsigned lines = 0;

		do {
			end += span_find(span_from(rest, end), '\n');
			end += end < rest.len;
			lines++;
		} while (end < rest.len && !span_starts(span_from(rest, end), SPAN("== ")));
		struct span text = span_first(rest, end);

		rest = span_from(rest, end);
		if (first && !span_starts(text, SPAN("== "))) {
			shared = text;
		} else {
			struct script script = { .file = path, .line = line };
			struct span title = span_from(text, 3);

			script.title = strndup(title.base, span_find(title, '\n'));
			script_parse(&script, shared, 1);
			script_parse(&script, text, line);
			transcript->scripts = realloc(transcript->scripts,
						      (transcript->count + 1) * sizeof(script));
			if (transcript->scripts == NULL)
				err(2, "memory");
			transcript->scripts[transcript->count++] = script;
		}
		first = false;
		line += lines;
	}
	free(content.base);
}

void transcript_free(struct transcript *transcript)
{
	for (size_t i = 0; i < transcript->count; i++) {
		struct script *script = &transcript->scripts[i];

		for (size_t k = 0; k < script->count; k++)
			free(script->items[k].text.base);
		free(script->items);
		free(script->title);
	}
	free(transcript->scripts);
}
