/* SPDX-License-Identifier: ISC */
/*
 * directory.h - the backend directory: which program answers which event.
 */
#ifndef MAILSESSION_DIRECTORY_H
#define MAILSESSION_DIRECTORY_H

#include "base/buffer.h"
#include "engine/event.h"

#define BACKEND_COMMANDS_MAX 32
#define BACKEND_VERB_MAX     12
#define BACKEND_ENV_MAX      16384 /* octets of the file env */
#define BACKEND_ENV_LINES    64
#define BACKEND_PATH_MAX     1024
#define BACKEND_FAULTS_MAX   2048

enum serve_kind { SERVE_NONE, SERVE_PROGRAM, SERVE_SOCKET };

struct directory {
	char path[BACKEND_PATH_MAX]; /* as given */
	event_set programs;          /* events that have an executable file */
	enum serve_kind serve;
	unsigned command_count; /* verbs that have a command-VERB file */
	char commands[BACKEND_COMMANDS_MAX][BACKEND_VERB_MAX + 1];
	struct span command_spans[BACKEND_COMMANDS_MAX];
	unsigned env_count; /* lines of B/env, "NAME=value" */
	char *env_lines[BACKEND_ENV_LINES];
	char env_text[BACKEND_ENV_MAX];
};

/*
 * Reads the directory at `path` for `protocol`.  False when it cannot be read, or its file env is
 * malformed; `faults` then says why, one line.  Files that are refused (not executable, not
 * regular, writable by group or others) are not in `programs`; each adds a line to `faults`.
 */
bool directory_load(struct directory *directory, const char *path, enum protocol protocol,
		    struct buffer *faults);

/* The path of an event's program (`verb` for EVENT_COMMAND, else SPAN_NONE), NUL-terminated in
 * `buffer`; NULL when too long. */
const char *directory_program(const struct directory *directory, enum event event, struct span verb,
			      struct buffer *buffer);

/* True when `verb` has a command-VERB file. */
bool directory_has_command(const struct directory *directory, struct span verb);

/* True when B/serve may serve the event and no file answers it. */
bool directory_serves(const struct directory *directory, enum protocol protocol, enum event event);

/* The events of which that is true. */
event_set directory_served(const struct directory *directory, enum protocol protocol);

#endif
