/* SPDX-License-Identifier: ISC */
/*
 * environment.h - the environment of a program, built from nothing.
 */
#ifndef MAILSESSION_ENVIRONMENT_H
#define MAILSESSION_ENVIRONMENT_H

#include "backend/directory.h"
#include "backend/facts.h"

/* PATH, HOME, LANG and TZ. */
#define ENVIRONMENT_BASE_MAX 4

struct environment {
	unsigned base_count; /* of items: those that a co-process is not told */
	unsigned count;
	char *items[ENVIRONMENT_BASE_MAX + BACKEND_ENV_LINES + FACTS_ENVIRONMENT_MAX + 1];
};

/*
 * PATH, LANG, and HOME and TZ when the session has them, unless B/env sets them; the lines of
 * B/env; the facts.  Items point into `directory`, `facts` and the session's own environment;
 * the list ends with NULL.
 */
void environment_build(struct environment *environment, struct directory *directory,
		       struct facts *facts);

#endif
