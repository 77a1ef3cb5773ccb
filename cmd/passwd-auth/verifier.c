/* SPDX-License-Identifier: ISC */
/* verifier.c - what SCRAM stores of a password. */
#include "verifier.h"

#include "table.h"

#include "backend/spawn.h"
#include "base/descriptor.h"
#include "session/helper.h"

#include <errno.h>
#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Starts `path verifier` with the password as its standard input; -1 with errno. */
static pid_t start(const char *path, struct span password, int out)
{
	char *const argv[] = { (char *)path, (char *)"verifier", NULL };
	struct spawn spawn = { path, argv, environ, { -1, out, -1, -1, -1 } };
	pid_t pid = -1;

	spawn.fds[0] = fd_memory("password", password);
	spawn.fds[2] = dup(STDERR_FILENO);
	if (spawn.fds[0] >= 0 && spawn_raise_fd(&spawn.fds[0]) && spawn.fds[2] >= 0 &&
	    spawn_raise_fd(&spawn.fds[2]))
		pid = spawn_program(&spawn);
	fd_close(&spawn.fds[0]);
	fd_close(&spawn.fds[2]);
	return pid;
}

/* Reads one line to the end of file. */
static bool read_line(int fd, struct buffer *out)
{
	ssize_t got;

	while (buffer_room(out) > 0 &&
	       (got = fd_read(fd, out->base + out->len, buffer_room(out))) > 0)
		out->len += (size_t)got;
	if (out->len == 0 || span_find(buffer_span(out), '\n') != out->len - 1)
		return false;
	out->len--;
	return span_starts(buffer_span(out), SPAN("{SCRAM-SHA-256}"));
}

bool verifier_make(struct span password, struct buffer *out)
{
	char bytes[PATH_MAX];
	struct buffer path = BUFFER(bytes);
	int pipe[2] = { -1, -1 };
	int status = -1;
	bool good;
	pid_t pid;

	helper_path(&path, "sasl-session");
	errno = ENAMETOOLONG;
	pid = path.overflow || !spawn_pipe(pipe) ? -1 : start(bytes, password, pipe[1]);
	fd_close(&pipe[1]);
	if (pid < 0) {
		say("cannot make a verifier for SCRAM", "sasl-session", errno);
		fd_close(&pipe[0]);
		return false;
	}
	good = read_line(pipe[0], out);
	fd_close(&pipe[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!good || status != 0)
		say("no verifier for SCRAM was made; --no-scram stores the password without one",
		    NULL, 0);
	return good && status == 0;
}
