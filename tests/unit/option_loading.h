/* SPDX-License-Identifier: ISC */
/*
 * option_loading.h - how the unit tests load options: words of a command line, of an environment
 * and of a file in, the result out.
 */
#ifndef MAILSESSION_OPTION_LOADING_H
#define MAILSESSION_OPTION_LOADING_H

#include "option/row.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WORDS(...)     ((char *const[]){ "program", __VA_ARGS__, NULL })
#define VARIABLES(...) ((char *const[]){ "PATH=/bin", __VA_ARGS__, NULL })
#define NO_WORDS       ((char *const[]){ "program", NULL })
#define NO_VARIABLES   ((char *const[]){ NULL })

static struct options options;
static char message[OPTIONS_ERROR_MAX];

/* Loads; `message` is the error's text. */
static enum options_result load(enum protocol protocol, char *const *argv, char *const *envp)
{
	struct buffer error = { message, 0, sizeof(message) - 1, false };
	enum options_result result;
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	/* what is not set must not be left from the load before */
	memset(&options, 0xa5, sizeof(options) - OPTIONS_ARENA / 2);
	result = options_load(&options, protocol, argc, argv, envp, &error);
	message[error.len] = '\0';
	CHECK(!error.overflow);
	CHECK((result == OPTIONS_ERROR) == (error.len > 0));
	return result;
}

/* One flag with a value for the program. */
static bool takes(enum protocol protocol, const char *name, const char *value)
{
	char flag[128];

	snprintf(flag, sizeof(flag), "--%s", name);
	return load(protocol, WORDS(flag, (char *)value), NO_VARIABLES) == OPTIONS_RUN;
}

/* Writes a configuration file and returns its name, which whoever asked for it unlinks. */
static char file_name[] = "/tmp/option-XXXXXX";

static inline char *file_of(struct span text)
{
	int fd;

	memcpy(file_name + sizeof(file_name) - 7, "XXXXXX", 6);
	fd = mkstemp(file_name);
	if (fd < 0 || write(fd, text.base, text.len) != (ssize_t)text.len || close(fd) != 0)
		abort();
	return file_name;
}

#endif
