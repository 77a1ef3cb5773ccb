/* SPDX-License-Identifier: ISC */
/* address.c - paths and mailboxes (RFC 5321 4.1.2, RFC 6531 3.3). */
#include "mail/address.h"

#include "base/ascii.h"
#include "base/utf8.h"

size_t path_length(struct span text)
{
	bool quoted = false;

	if (text.len == 0 || text.base[0] != '<')
		return 0;
	for (size_t i = 1; i < text.len; i++) {
		char c = text.base[i];

		if (c == '"')
			quoted = !quoted;
		else if (c == '\\' && quoted)
			i++;
		else if (c == '>' && !quoted)
			return i + 1;
	}
	return 0;
}

/* RFC 5322 3.2.3 atext; RFC 6531 3.3 adds all of UTF-8 (checked as a whole before). */
static bool is_atext(char c)
{
	return ascii_is_alnum(c) || ascii_is_high(c) ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool is_dot_string(struct span local)
{
	bool atom = false;

	for (size_t i = 0; i < local.len; i++) {
		if (local.base[i] == '.' ? !atom : !is_atext(local.base[i]))
			return false;
		atom = local.base[i] != '.';
	}
	return atom;
}

/* Nothing that a careless script would run or take for an option. */
static bool is_safe(struct span local)
{
	return local.len == 0 ||
	       (local.base[0] != '-' && span_find(local, '$') == local.len &&
		span_find(local, '|') == local.len && span_find(local, '`') == local.len);
}

/*
 * Takes a quoted string off the front of *rest and writes the local part it means:
 * without quotes where it needs none, else as it was sent.
 */
static enum address_result take_quoted(struct span *rest, enum address_charset charset,
				       struct buffer *storage)
{
	struct span sent = *rest;
	size_t start = storage->len, at = 1;

	for (; at < sent.len && sent.base[at] != '"'; at++) {
		if (sent.base[at] == '\\' && ++at == sent.len)
			return ADDRESS_SYNTAX;
		if (ascii_is_control(sent.base[at]) || !buffer_byte(storage, sent.base[at]))
			return ADDRESS_SYNTAX;
	}
	if (at >= sent.len)
		return ADDRESS_SYNTAX;
	*rest = span_from(sent, at + 1);
	if (is_dot_string((struct span){ storage->base + start, storage->len - start }))
		return ADDRESS_OK;
	if (charset == ADDRESS_SAFE)
		return ADDRESS_UNSAFE;
	storage->len = start;
	return buffer_put(storage, span_first(sent, at + 1)) ? ADDRESS_OK : ADDRESS_SYNTAX;
}

static enum address_result take_local(struct span *rest, enum address_charset charset,
				      struct buffer *storage)
{
	struct span atoms;

	if (rest->len > 0 && rest->base[0] == '"')
		return take_quoted(rest, charset, storage);
	atoms = span_first(*rest, span_find(*rest, '@'));
	*rest = span_from(*rest, atoms.len);
	return is_dot_string(atoms) && buffer_put(storage, atoms) ? ADDRESS_OK : ADDRESS_SYNTAX;
}

/* Drops `@a.example,@b.example:` (RFC 5321 3.6.1, C, F.2); false when malformed. */
static bool drop_route(struct span *path, bool utf8)
{
	struct span route;

	if (path->len == 0 || path->base[0] != '@')
		return true;
	/* A literal in the route may hold colons, so look for the one behind its bracket. */
	for (route = *path; route.base != NULL;) {
		size_t end = 1;

		if (route.len == 0 || route.base[0] != '@')
			return false;
		if (route.len > 1 && route.base[1] == '[')
			end = span_find(route, ']');
		while (end < route.len && route.base[end] != ',' && route.base[end] != ':')
			end++;
		if (end == route.len || !domain_valid(span_from(span_first(route, end), 1), utf8))
			return false;
		*path = span_from(route, end + 1);
		route = route.base[end] == ',' ? *path : SPAN_NONE;
	}
	return true;
}

/* The mailbox inside the brackets. */
static enum address_result take_mailbox(struct span path, const struct address_rules *rules,
					struct buffer *storage, struct address *address)
{
	size_t start = storage->len;
	enum address_result result = take_local(&path, rules->charset, storage);
	size_t local_len = storage->len - start;
	bool postmaster;

	if (result == ADDRESS_SYNTAX)
		return result;
	if (result == ADDRESS_OK && local_len > LOCAL_MAX_OCTETS && !rules->sender)
		return ADDRESS_SYNTAX;
	address->local = (struct span){ storage->base + start, local_len };
	postmaster = !rules->sender && span_equal_nocase(address->local, SPAN("postmaster"));
	if (path.len == 0 ? !rules->bare_local && !postmaster
			  : path.base[0] != '@' || !domain_valid(span_from(path, 1), rules->utf8))
		return ADDRESS_SYNTAX;
	if (!buffer_put(storage, path))
		return ADDRESS_SYNTAX;
	if (path.len > 0)
		address->domain =
			(struct span){ storage->base + start + local_len + 1, path.len - 1 };
	address->mailbox = (struct span){ storage->base + start, storage->len - start };
	if (result == ADDRESS_OK && rules->charset == ADDRESS_SAFE && !is_safe(address->local))
		return ADDRESS_UNSAFE;
	return result == ADDRESS_OK && !utf8_all_harmless(address->mailbox) ? ADDRESS_UNSAFE
									    : result;
}

enum address_result address_parse(struct span text, const struct address_rules *rules,
				  struct buffer *storage, struct address *address, size_t *used)
{
	struct span path;

	*address = (struct address){ SPAN(""), SPAN_NONE, SPAN_NONE };
	*used = path_length(text);
	if (*used == 0)
		return ADDRESS_BRACKETS;
	path = (struct span){ text.base + 1, *used - 2 };
	if (!rules->utf8 && !utf8_is_ascii(path))
		return ADDRESS_UTF8;
	if (*used > PATH_MAX_OCTETS || !utf8_valid(path))
		return ADDRESS_SYNTAX;
	if (path.len == 0)
		return rules->sender ? ADDRESS_OK : ADDRESS_SYNTAX;
	if (!drop_route(&path, rules->utf8))
		return ADDRESS_SYNTAX;
	return take_mailbox(path, rules, storage, address);
}

void address_safe_name(struct buffer *buffer, struct span value)
{
	size_t start = buffer->len;

	if (value.len == 0)
		buffer_byte(buffer, '%');
	for (size_t i = 0; i < value.len; i++) {
		char c = value.base[i];
		bool inner = i > 0 && i + 1 < value.len;

		if (ascii_is_alnum(c) || strchr("_+=@", c) != NULL
			    ? c != '\0'
			    : (c == '-' && i > 0) || (c == '.' && inner)) {
			buffer_byte(buffer, c);
		} else {
			buffer_byte(buffer, '%');
			buffer_byte(buffer, "0123456789ABCDEF"[(unsigned char)c >> 4]);
			buffer_byte(buffer, "0123456789ABCDEF"[c & 15]);
		}
	}
	if (buffer->len - start > SAFE_NAME_MAX)
		buffer->overflow = true;
}
