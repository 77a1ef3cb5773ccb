/* SPDX-License-Identifier: ISC */
/*
 * title.c - what ps(1) shows for a process.
 *
 * The kernel shows the bytes from the first argument on.  While the last byte of the
 * arguments is a NUL it shows just the arguments; otherwise it goes on into the
 * environment, up to a NUL there, so a title may use both.
 */
#include "session/title.h"

#include "base/ascii.h"

#include <stdlib.h>
#include <unistd.h>

static struct {
	char *base;
	size_t cap;          /* octets of arguments and environment, at most TITLE_MAX are used */
	struct span program; /* its name */
} title;

/* Extends the area by the strings of a list, while they adjoin. Returns their number. */
static size_t extend_area(char *const *strings, size_t *octets)
{
	size_t count = 0;

	for (; strings[count] != NULL; count++) {
		size_t len = strlen(strings[count]) + 1;

		*octets += len;
		if (title.base + title.cap == strings[count])
			title.cap += len;
	}
	return count;
}

/* Copies a NULL-terminated list of strings to *list and *text and moves both on. */
static char **copy_strings(char *const *strings, char ***list, char **text)
{
	char **copy = *list;

	for (; *strings != NULL; strings++) {
		size_t len = strlen(*strings) + 1;

		*(*list)++ = memcpy(*text, *strings, len);
		*text += len;
	}
	*(*list)++ = NULL;
	return copy;
}

/* Appends printable text at `at`, as far as there is room. Returns where it ends. */
static size_t put(size_t at, struct span text)
{
	for (size_t i = 0; i < text.len && at + 1 < title.cap; i++)
		title.base[at++] = ascii_is_print(text.base[i]) ? text.base[i] : '?';
	return at;
}

char **title_init(int argc, char **argv)
{
	size_t octets = 0;
	size_t count = 2; /* the NULLs */
	char **list;
	char *text;

	if (argc < 1)
		return argv;
	title.base = argv[0];
	count += extend_area(argv, &octets);
	count += extend_area(environ, &octets);
	list = malloc(count * sizeof *list + octets);
	if (list == NULL) {
		title.cap = 0;
		return argv;
	}
	text = (char *)(list + count);
	argv = copy_strings(argv, &list, &text);
	environ = copy_strings(environ, &list, &text);

	title.program = span_of(argv[0]);
	for (size_t at; (at = span_find(title.program, '/')) < title.program.len;)
		title.program = span_from(title.program, at + 1);
	if (title.cap > TITLE_MAX) {
		memset(title.base + TITLE_MAX, 0, title.cap - TITLE_MAX);
		title.cap = TITLE_MAX;
	}
	return argv;
}

void title_set(struct span subject, struct span state)
{
	size_t end;

	if (title.cap == 0)
		return;
	end = put(0, title.program);
	if (subject.len > 0)
		end = put(put(end, SPAN(": ")), subject);
	if (state.len > 0)
		end = put(put(end, subject.len > 0 ? SPAN(" ") : SPAN(": ")), state);
	/* Nothing of ours is remembered: sessions share the page that `title` lies on. */
	memset(title.base + end, 0, title.cap - end);
}
