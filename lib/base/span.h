/* SPDX-License-Identifier: ISC */
/*
 * span.h - a run of bytes that somebody else owns.
 *
 * Bytes of the network are length-carrying spans: a NUL is a byte like any
 * other.  A span never owns memory and never outlives what it points into.
 */
#ifndef MAILSESSION_SPAN_H
#define MAILSESSION_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Marks what libmailsession.so exports; everything else is hidden. */
#define MS_API __attribute__((visibility("default")))

struct span {
	const char *base; /* may be NULL only when len is 0 */
	size_t len;       /* octets */
};

/* A span over a string literal, without its NUL. */
#define SPAN(literal) ((struct span){ "" literal, sizeof(literal) - 1 })

/* The empty span: an absent value. Tell it from an empty value by base. */
#define SPAN_NONE ((struct span){ NULL, 0 })

/* A span over a NUL-terminated string of our own (never of the network); NULL gives SPAN_NONE. */
static inline struct span span_of(const char *string)
{
	return string == NULL ? SPAN_NONE : (struct span){ string, strlen(string) };
}

/* The bytes from `from` (at most span.len) to the end. */
static inline struct span span_from(struct span span, size_t from)
{
	return (struct span){ span.base + from, span.len - from };
}

/* The first `len` bytes; `len` must not exceed span.len. */
static inline struct span span_first(struct span span, size_t len)
{
	return (struct span){ span.base, len };
}

/* True when both hold the same bytes. */
static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.base, b.base, a.len) == 0);
}

/* True when `span` holds just that NUL-terminated string; most differ in the first byte. */
static inline bool span_is(struct span span, const char *string)
{
	for (size_t i = 0; i < span.len; i++) {
		if (string[i] == '\0' || string[i] != span.base[i])
			return false;
	}
	return string[span.len] == '\0';
}

static inline bool span_starts(struct span span, struct span prefix)
{
	return span.len >= prefix.len && span_equal(span_first(span, prefix.len), prefix);
}

/* Overwrites a secret with NULs where it stands, in storage that may be written. */
MS_API void span_wipe(struct span span);

/* Octet offset of the first `byte`, or span.len when there is none. */
MS_API size_t span_find(struct span span, char byte);

/* ASCII-case-insensitive comparison, independent of the locale (RFC 5321 2.4). */
MS_API bool span_equal_nocase(struct span a, struct span b);

/* True when `span` is one of the list; ASCII case does not count. */
MS_API bool span_listed(struct span span, const struct span *list, unsigned count);

/*
 * Takes the text up to `separator` off the front of `*rest` and returns it; the
 * separator is dropped. Without a separator all of `*rest` is returned and `*rest`
 * becomes SPAN_NONE, so `while (rest.base)` visits each piece once.
 */
MS_API struct span span_take(struct span *rest, char separator);

/* Without leading and trailing SP and TAB. */
MS_API struct span span_trim(struct span span);
MS_API struct span span_trim_end(struct span span);

#endif
