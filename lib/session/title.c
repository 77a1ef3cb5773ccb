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

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Beside initialised variables, not zeroed ones: that page is written to when a program is loaded.
 */
__attribute__((section(".data"))) static struct {
	char *base;
	size_t cap;          /* octets of arguments and environment, at most TITLE_MAX are used */
	struct span program; /* its name */
	char moved[2048];    /* strings that had to make room, if they fit */
} title;

/*
 * Extends the area by the strings of a list, while they adjoin.  Returns the octets of those that
 * begin among its first `limit`: they have to move.
 */
static size_t extend_area(char *const *strings, size_t limit)
{
	size_t octets = 0;

	for (; *strings != NULL && *strings == title.base + title.cap; strings++) {
		size_t len = strlen(*strings) + 1;

		if (title.cap < limit)
			octets += len;
		title.cap += len;
	}
	return octets;
}

/* Moves the strings of a list that begin among the first `limit` octets to `text`. Returns where
 * that ends. */
static char *move_strings(char **strings, size_t limit, char *text)
{
	for (; *strings != NULL; strings++) {
		size_t len = strlen(*strings) + 1;

		if ((uintptr_t)*strings - (uintptr_t)title.base >= limit)
			continue;
		*strings = memcpy(text, *strings, len);
		text += len;
	}
	return text;
}

/* Appends printable text at `at`, as far as there is room. Returns where it ends. */
static size_t put(size_t at, struct span text)
{
	for (size_t i = 0; i < text.len && at + 1 < title.cap; i++)
		title.base[at++] = ascii_is_print(text.base[i]) ? text.base[i] : '?';
	return at;
}

void title_init(char **argv)
{
	size_t arguments, octets;
	char *text = title.moved;

	if (argv[0] == NULL)
		return;
	title.base = argv[0];
	/* Arguments go from sight; of the environment as much moves as a title may need. */
	octets = extend_area(argv, SIZE_MAX);
	arguments = title.cap;
	octets += extend_area(environ, TITLE_MAX);
	if (octets > sizeof(title.moved))
		text = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
	if (text == MAP_FAILED) {
		title.cap = 0;
		return;
	}
	text = move_strings(argv, arguments, text);
	move_strings(environ, TITLE_MAX, text);

	title.program = span_of(argv[0]);
	for (size_t at; (at = span_find(title.program, '/')) < title.program.len;)
		title.program = span_from(title.program, at + 1);
	if (arguments > TITLE_MAX)
		memset(title.base + TITLE_MAX, 0, arguments - TITLE_MAX);
	if (title.cap > TITLE_MAX)
		title.cap = TITLE_MAX;
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
