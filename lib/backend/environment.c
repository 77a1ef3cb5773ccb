/* SPDX-License-Identifier: ISC */
/* environment.c - the environment of a program, built from nothing. */
#include "backend/environment.h"

extern char **environ;

/* Names that are passed on from the session's own environment, and what they are without it. */
static const struct base_row {
	struct span name; /* with '=' */
	const char *otherwise;
	bool inherited;
} base_table[ENVIRONMENT_BASE_MAX] = {
	{ { "PATH=", 5 },
	  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	  false },
	{ { "LANG=", 5 }, "LANG=C.UTF-8", false },
	{ { "HOME=", 5 }, NULL, true },
	{ { "TZ=", 3 }, NULL, true },
};

static char *find(char *const *items, unsigned count, struct span name)
{
	for (unsigned i = 0; i < count; i++) {
		if (strncmp(items[i], name.base, name.len) == 0)
			return items[i];
	}
	return NULL;
}

static char *inherited(struct span name)
{
	for (char **item = environ; item != NULL && *item != NULL; item++) {
		if (strncmp(*item, name.base, name.len) == 0)
			return *item;
	}
	return NULL;
}

void environment_build(struct environment *environment, struct directory *directory,
		       struct facts *facts)
{
	unsigned count = 0;

	for (unsigned i = 0; i < ENVIRONMENT_BASE_MAX; i++) {
		const struct base_row *row = &base_table[i];
		char *item =
			row->inherited ? inherited(row->name) : (char *)(uintptr_t)row->otherwise;

		if (item != NULL &&
		    find(directory->env_lines, directory->env_count, row->name) == NULL)
			environment->items[count++] = item;
	}
	environment->base_count = count;
	for (unsigned i = 0; i < directory->env_count; i++)
		environment->items[count++] = directory->env_lines[i];
	count += facts_environment(facts, environment->items + count, FACTS_ENVIRONMENT_MAX);
	environment->items[count] = NULL;
	environment->count = count;
}
