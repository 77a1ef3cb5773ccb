/* SPDX-License-Identifier: ISC */
/* directory.c - the backend directory: which program answers which event. */
#include "backend/directory.h"

#include "base/ascii.h"
#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What getdents64(2) writes; opendir(3) would take memory that every session then has. */
struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

static void fault(struct buffer *faults, const char *path, const char *name, const char *what)
{
	/* Whole lines or nothing: a list that ran full stays readable. */
	size_t need = strlen(path) + strlen(name) + strlen(what) + 4;

	if (need > buffer_room(faults))
		return;
	buffer_string(faults, path);
	buffer_byte(faults, '/');
	buffer_string(faults, name);
	buffer_string(faults, ": ");
	buffer_string(faults, what);
	buffer_byte(faults, '\n');
}

/* Names that only the contract may set (DESIGN: "names of this contract are refused"). */
static bool env_name_reserved(struct span name)
{
	enum fact_name fact = fact_by_name(name);

	/* The keys of a call's record are not variables either. */
	static const struct span keys[] = {
		{ "call", 4 }, { "can", 3 }, { "envelope", 8 }, { "length", 6 }, { "fd", 2 },
	};

	return fact_is_public(fact) || span_starts(name, SPAN("HOOK_")) ||
	       span_listed(name, keys, sizeof(keys) / sizeof(*keys));
}

static const char *env_line(struct directory *directory, char *line, size_t len)
{
	struct span value = { line, len };
	struct span name = span_take(&value, '=');

	if (value.base == NULL || name.len == 0 || ascii_is_digit(name.base[0]))
		return "env: a line is not NAME=value";
	for (size_t i = 0; i < name.len; i++) {
		if (!ascii_is_alnum(name.base[i]) && name.base[i] != '_')
			return "env: a line is not NAME=value";
	}
	if (env_name_reserved(name))
		return "env: sets a name that the session sets itself";
	if (directory->env_count == BACKEND_ENV_LINES)
		return "env: too many lines";
	directory->env_lines[directory->env_count++] = line;
	return NULL;
}

/* The file env: NAME=value lines, the rest of the line is the value, # begins a comment. */
static const char *env_load(struct directory *directory, int dir)
{
	int fd = openat(dir, "env", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t len = 0;
	ssize_t got = 1;

	if (fd < 0)
		return errno == ENOENT ? NULL : "env: cannot be read";
	while (len < sizeof(directory->env_text) && got > 0) {
		got = fd_read(fd, directory->env_text + len, sizeof(directory->env_text) - len);
		len += got > 0 ? (size_t)got : 0;
	}
	fd_close(&fd);
	if (got < 0)
		return "env: cannot be read";
	if (len == sizeof(directory->env_text))
		return "env: too long";
	if (memchr(directory->env_text, '\0', len) != NULL)
		return "env: holds a NUL";
	for (struct span rest = { directory->env_text, len }; rest.base != NULL && rest.len > 0;) {
		struct span line = span_take(&rest, '\n');
		char *start = directory->env_text + (line.base - directory->env_text);
		const char *wrong;

		start[line.len] = '\0';
		if (span_trim(line).len == 0 || line.base[0] == '#')
			continue;
		wrong = env_line(directory, start, line.len);
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

/* The verb of a file name "command-VERB", or SPAN_NONE. */
static struct span command_verb(struct span name)
{
	struct span prefix = SPAN("command-");
	struct span verb;

	if (!span_starts(name, prefix))
		return SPAN_NONE;
	verb = span_from(name, prefix.len);
	if (verb.len == 0 || verb.len > BACKEND_VERB_MAX)
		return SPAN_NONE;
	for (size_t i = 0; i < verb.len; i++) {
		if (!ascii_is_digit(verb.base[i]) && !(verb.base[i] >= 'A' && verb.base[i] <= 'Z'))
			return SPAN_NONE;
	}
	return verb;
}

static void add_command(struct directory *directory, struct span verb)
{
	char *to;

	if (directory->command_count == BACKEND_COMMANDS_MAX)
		return;
	to = directory->commands[directory->command_count];
	memcpy(to, verb.base, verb.len);
	to[verb.len] = '\0';
	directory->command_spans[directory->command_count++] = (struct span){ to, verb.len };
}

/* What is wrong with a file that should be run, or NULL. */
static const char *unfit(const struct stat *status)
{
	if (!S_ISREG(status->st_mode))
		return "is not a regular file, never run";
	if ((status->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "is writable by group or others, never run";
	if ((status->st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
		return "is not executable, never run";
	return NULL;
}

static void look_at(struct directory *directory, int dir, const char *name, enum protocol protocol,
		    struct buffer *faults)
{
	struct span text = span_of(name);
	struct span verb = command_verb(text);
	enum event event = event_by_name(text);
	bool serve = span_equal(text, SPAN("serve"));
	struct stat status;
	const char *wrong;

	if (event < EVENT_COUNT && event != EVENT_COMMAND) {
		if ((event_table[event].protocols & (1U << protocol)) == 0)
			return;
	} else if (verb.base == NULL && !serve) {
		return;
	}
	if (fstatat(dir, name, &status, 0) != 0) {
		fault(faults, directory->path, name, strerror(errno));
		/* A dangling link is still the answer to its event: temporary failure, not
		 * "absent". */
		wrong = NULL;
	} else if (serve && S_ISSOCK(status.st_mode)) {
		directory->serve = SERVE_SOCKET;
		return;
	} else {
		wrong = unfit(&status);
	}
	if (wrong != NULL)
		fault(faults, directory->path, name, wrong);
	if (verb.base != NULL)
		add_command(directory, verb);
	else if (serve)
		directory->serve = SERVE_PROGRAM;
	else
		directory->programs |= EVENT_BIT(event);
}

static bool look_at_all(struct directory *directory, int dir, enum protocol protocol,
			struct buffer *faults)
{
	_Alignas(8) char block[2048];

	for (;;) {
		long got = syscall(SYS_getdents64, dir, block, sizeof(block));

		if (got <= 0)
			return got == 0;
		for (long at = 0; at < got;) {
			uint16_t length;

			memcpy(&length, block + at + offsetof(struct entry, length),
			       sizeof(length));
			look_at(directory, dir, block + at + offsetof(struct entry, name), protocol,
				faults);
			at += length;
		}
	}
}

bool directory_load(struct directory *directory, const char *path, enum protocol protocol,
		    struct buffer *faults)
{
	struct buffer name = BUFFER(directory->path);
	const char *wrong = NULL;
	int dir;

	buffer_string(&name, path);
	directory->programs = 0;
	directory->serve = SERVE_NONE;
	directory->command_count = 0;
	directory->env_count = 0;
	if (buffer_cstr(&name) == NULL) {
		buffer_string(faults, "the path of the backend directory is too long\n");
		return false;
	}
	dir = fd_open(path, O_RDONLY | O_DIRECTORY);
	if (dir < 0 || !look_at_all(directory, dir, protocol, faults))
		wrong = strerror(errno);
	else
		wrong = env_load(directory, dir);
	fd_close(&dir);
	if (wrong == NULL)
		return true;
	buffer_string(faults, path);
	buffer_string(faults, ": ");
	buffer_string(faults, wrong);
	buffer_byte(faults, '\n');
	return false;
}

const char *directory_program(const struct directory *directory, enum event event, struct span verb,
			      struct buffer *buffer)
{
	buffer_string(buffer, directory->path);
	buffer_byte(buffer, '/');
	buffer_string(buffer, event_table[event].file);
	if (event == EVENT_COMMAND) {
		buffer_byte(buffer, '-');
		buffer_put(buffer, verb);
	}
	return buffer_cstr(buffer);
}

bool directory_has_command(const struct directory *directory, struct span verb)
{
	for (unsigned i = 0; i < directory->command_count; i++) {
		if (span_equal(directory->command_spans[i], verb))
			return true;
	}
	return false;
}

bool directory_serves(const struct directory *directory, enum protocol protocol, enum event event)
{
	return directory->serve != SERVE_NONE && event_table[event].servable &&
	       (event_table[event].protocols & (1U << protocol)) != 0 &&
	       (directory->programs & EVENT_BIT(event)) == 0;
}

event_set directory_served(const struct directory *directory, enum protocol protocol)
{
	event_set served = 0;

	for (unsigned event = 0; event < EVENT_COUNT; event++) {
		if (directory_serves(directory, protocol, (enum event)event))
			served |= EVENT_BIT(event);
	}
	return served;
}
