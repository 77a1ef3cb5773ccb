/* SPDX-License-Identifier: ISC */
/*
 * transcript.h - dialogues as data: what FORMAT describes, parsed.
 *
 * Everything is read once and kept until the process ends; a fault in a file is
 * reported with file and line and ends the process.
 */
#ifndef MAILSESSION_TEST_TRANSCRIPT_H
#define MAILSESSION_TEST_TRANSCRIPT_H

#include "engine/engine.h"

/* Octets that grow; test code only. */
struct bytes {
	char *base;
	size_t len;
	size_t cap;
};

void bytes_put(struct bytes *bytes, const char *base, size_t len);
void bytes_string(struct bytes *bytes, const char *string);
void bytes_format(struct bytes *bytes, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Printable form of octets: what is not printing becomes an escape. */
void bytes_escape(struct bytes *bytes, const char *base, size_t len);

static inline struct span bytes_span(const struct bytes *bytes)
{
	return (struct span){ bytes->base, bytes->len };
}

enum item_kind {
	ITEM_CLIENT,     /* octets of the client */
	ITEM_LINE,       /* an exact line, or with `wild` a beginning of one */
	ITEM_REPLY,      /* a whole reply: code, enhanced code */
	ITEM_KEYWORD,    /* in the last reply */
	ITEM_NO_KEYWORD, /* not in the last reply */
	ITEM_OPTION,
	ITEM_VERDICT,
	ITEM_MAIL, /* a message in the maildrop */
	ITEM_EVENT,
	ITEM_MESSAGE, /* a whole message that the backend must see */
	ITEM_TLS,     /* the client begins TLS */
	ITEM_STOP,
	ITEM_END,
};

struct item {
	enum item_kind kind;
	unsigned line;
	bool wild;
	struct bytes text; /* escapes resolved, but for ITEM_EVENT */
};

struct script {
	const char *file;
	char *title;
	unsigned line;
	bool engine_only, program_only;
	struct item *items;
	size_t count;
};

struct transcript {
	struct script *scripts;
	size_t count;
};

void transcript_read(struct transcript *transcript, const char *path);
void transcript_free(struct transcript *transcript);

/* Resolves the escapes of `text` at the end of `out`. False on a bad escape. */
bool transcript_unescape(struct bytes *out, struct span text);

/* The next item of a kind from *at on, or NULL; *at moves behind it. */
const struct item *script_next(const struct script *script, enum item_kind kind, size_t *at);

/* Takes the first word (up to a blank) off *rest. */
struct span word_take(struct span *rest);

#endif
