/* SPDX-License-Identifier: ISC */
/* tls.c - tls-session: how it is started, and asked whether its certificates are any good. */
#include "session/tls.h"

#include "backend/spawn.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "session/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define FLAGS_MAX 30
/* Seconds that a look at the certificates may take: they may lie on a medium that hangs. */
#define CHECK_TIMEOUT 30

pid_t tls_spawn(const struct options *options, const char *mode, const int *fds, char *const *envp)
{
	char path_bytes[1024], flag_bytes[8192];
	struct buffer path = BUFFER(path_bytes), flags = BUFFER(flag_bytes);
	char *argv[FLAGS_MAX + 3];
	struct spawn spawn = { .path = path_bytes, .argv = argv, .envp = envp };
	unsigned argc = 0;

	helper_path(&path, "tls-session");
	options_pass(&flags, options, PROGRAM_TLS);
	argv[argc++] = path_bytes;
	argv[argc++] = (char *)(uintptr_t)mode;
	for (size_t at = 0; at < flags.len && argc < FLAGS_MAX + 2;
	     at += strlen(flags.base + at) + 1)
		argv[argc++] = flags.base + at;
	argv[argc] = NULL;
	memcpy(spawn.fds, fds, sizeof(spawn.fds));
	if (!path.overflow && !flags.overflow)
		return spawn_program(&spawn);
	errno = E2BIG;
	return -1;
}

/* Reads to the end; what does not fit is left. False: the time is up. */
static bool read_all(int fd, struct buffer *text)
{
	int64_t deadline = clock_deadline(clock_now(), CHECK_TIMEOUT);
	struct pollfd ready = { fd, POLLIN, 0 };
	char excess[256];

	while (poll(&ready, 1, clock_poll_timeout(clock_now(), deadline)) == 1) {
		bool room = buffer_room(text) > 0;
		ssize_t got = room ? fd_read(fd, text->base + text->len, buffer_room(text))
				   : fd_read(fd, excess, sizeof(excess));

		if (got <= 0)
			return true;
		text->len += room ? (size_t)got : 0;
	}
	return false;
}

/* Runs tls-session --check, and keeps what it prints. Its exit status, or -1. */
static int run_check(const struct options *options, struct buffer *lines)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), pipe[2] = { -1, -1 }, status = -1;
	int log = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, SPAWN_FDS_MAX);
	char journal[64];
	struct buffer variable = BUFFER(journal);
	char *envp[2] = { NULL, NULL };
	pid_t pid = -1;

	buffer_string(&variable, "JOURNAL_STREAM=");
	buffer_string(&variable, getenv("JOURNAL_STREAM"));
	if (getenv("JOURNAL_STREAM") != NULL && buffer_cstr(&variable) != NULL)
		envp[0] = journal;
	if (spawn_raise_fd(&null) && log >= 0 && spawn_pipe(pipe))
		pid = tls_spawn(options, "--check", (const int[]){ null, pipe[1], log, -1, -1 },
				envp);
	if (pid < 0)
		log_fault(LOG_ERR, "cannot run tls-session", NULL, NULL, errno);
	fd_close(&pipe[1]);
	fd_close(&null);
	fd_close(&log);
	if (pid > 0) {
		bool whole = read_all(pipe[0], lines);

		if (!whole)
			kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	fd_close(&pipe[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool tls_check(const struct options *options, struct buffer *text)
{
	char said[8192];
	struct buffer lines = BUFFER(said);
	struct span rest;
	int status;

	buffer_string(text, "\nTLS: ");
	if (options->tls == TLS_OFF || !options_have_certificate(options)) {
		buffer_string(text, options->tls == TLS_OFF ? "off\n" : "no certificate\n");
		return true;
	}
	buffer_string(text, options->tls == TLS_IMPLICIT ? "before the greeting\n"
							 : "when the client asks for it\n");
	status = run_check(options, &lines);
	rest = buffer_span(&lines);
	while (rest.base != NULL && rest.len > 0) {
		struct span line = span_take(&rest, '\n');

		if (!span_starts(line, SPAN("certificate ")))
			continue;
		buffer_string(text, "  ");
		buffer_put(text, line);
		buffer_byte(text, '\n');
	}
	return status == 0;
}
