/* SPDX-License-Identifier: ISC */
/*
 * loader.h - what reads options: where it is, and how it takes one setting.
 *
 * A layer gives an option its value only when no higher one has; what it says is checked all
 * the same, so that a mistake is found before the day the flag above it goes away.
 */
#ifndef MAILSESSION_OPTION_LOADER_H
#define MAILSESSION_OPTION_LOADER_H

#include "option/row.h"

struct loader {
	struct options *options;
	enum protocol protocol;
	enum option_layer layer; /* being read */
	uint32_t line;           /* of the file */
	struct buffer *error;
};

/* What the names of the environment begin with. */
#define LOADER_PREFIX SPAN("MAILSESSION_")

/* Storage in the options' arena, or NULL when it is full. */
void *loader_allocate(struct options *options, size_t size);

/* A copy with a NUL behind it, or NULL. */
char *loader_copy(struct options *options, struct span text);

/* Writes at most 64 octets of what somebody else wrote, as printable text. */
void loader_quote(struct buffer *error, struct span text);

/* Writes where the loader is, `name` of the option, and why it is refused; returns false. */
bool loader_refuse(const struct loader *loader, struct span name, const char *reason);

/* Takes `value` for an option of this program or of a sibling. False with the error written. */
bool loader_assign(const struct loader *loader, const struct option_row *row, struct span value);

/* Adds a text of ours to the warnings. False with the error written when there is no room. */
bool loader_warn(const struct loader *loader, const char *text);

#endif
