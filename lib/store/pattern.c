/* SPDX-License-Identifier: ISC */
/* pattern.c - the path pattern of the mailboxes. */
#include "store/pattern.h"

#include "base/ascii.h"
#include "base/buffer.h"

/* Local part and domain of a name; the last '@' separates them, since a quoted local part may hold
 * one. */
struct parts {
	struct span user;
	struct span local;
	struct span domain;
};

static struct parts parts_of(struct span user)
{
	size_t at = user.len;

	while (at > 0 && user.base[at - 1] != '@')
		at--;
	if (at == 0)
		return (struct parts){ user, user, SPAN_NONE };
	return (struct parts){ user, span_first(user, at - 1), span_from(user, at) };
}

/* True when `value` may become (part of) a file name: it is one, and cannot point elsewhere. */
static bool value_fits(struct span value)
{
	if (value.len == 0 || value.len > NAME_MAX || value.base[0] == '.')
		return false;
	for (size_t i = 0; i < value.len; i++) {
		char c = value.base[i];

		if (c == '/' || ascii_is_control(c) ||
		    (c == '.' && i + 1 < value.len && value.base[i + 1] == '.'))
			return false;
	}
	return true;
}

static void put_lower(struct buffer *out, struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		buffer_byte(out, ascii_lower(value.base[i]));
}

/* Writes what `%letter` stands for. */
static enum pattern_result put_value(struct buffer *out, const struct parts *parts, char letter)
{
	if (letter == '%') {
		buffer_byte(out, '%');
		return PATTERN_OK;
	}
	if (letter != 'u' && letter != 'n' && letter != 'd')
		return PATTERN_BAD;
	if (!value_fits(letter == 'u' ? parts->user : letter == 'n' ? parts->local : parts->domain))
		return PATTERN_NO_MAILBOX;
	if (letter != 'd')
		buffer_put(out, parts->local);
	if (letter == 'u' && parts->domain.base != NULL)
		buffer_byte(out, '@');
	if (letter != 'n')
		put_lower(out, parts->domain);
	return PATTERN_OK;
}

/* Copies the parts of `text` below base, and refuses those that would climb. */
static enum pattern_result put_rest(struct buffer *out, struct span text)
{
	while (text.base != NULL) {
		struct span part = span_take(&text, '/');

		if (span_equal(part, SPAN(".")) || span_equal(part, SPAN("..")))
			return PATTERN_BAD;
		if (part.len > 0 && out->len > 0)
			buffer_byte(out, '/');
		buffer_put(out, part);
	}
	return out->len > 0 ? PATTERN_OK : PATTERN_BAD;
}

enum pattern_result pattern_expand(struct span pattern, struct span user, struct mailbox_path *path)
{
	struct parts parts = parts_of(user);
	char bytes[PATH_MAX];
	struct buffer full = BUFFER(bytes);
	struct buffer base = BUFFER(path->base);
	struct buffer rest = BUFFER(path->rest);
	size_t split;

	while (pattern.len > 1 && pattern.base[pattern.len - 1] == '/')
		pattern.len--;
	split = span_find(pattern, '%');
	while (split > 0 && pattern.base[split - 1] != '/')
		split--;
	for (size_t i = 0; i < pattern.len; i++) {
		enum pattern_result result;

		if (pattern.base[i] != '%') {
			buffer_byte(&full, pattern.base[i]);
			continue;
		}
		if (++i == pattern.len)
			return PATTERN_BAD;
		result = put_value(&full, &parts, pattern.base[i]);
		if (result != PATTERN_OK)
			return result;
	}
	if (full.overflow)
		return PATTERN_NO_MAILBOX;
	if (split == 0)
		buffer_byte(&base, '.');
	else
		buffer_put(&base, span_first(buffer_span(&full), split));
	if (buffer_cstr(&base) == NULL)
		return PATTERN_BAD;
	if (put_rest(&rest, span_from(buffer_span(&full), split)) != PATTERN_OK)
		return PATTERN_BAD;
	return buffer_cstr(&rest) == NULL ? PATTERN_NO_MAILBOX : PATTERN_OK;
}
