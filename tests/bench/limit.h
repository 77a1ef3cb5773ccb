/* SPDX-License-Identifier: ISC */
/*
 * limit.h - for the programs that show what the machine can do at all: they play their part without
 * reading what they are told, so that no server of the same shape can be faster.
 */
#ifndef BENCH_LIMIT_H
#define BENCH_LIMIT_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static inline _Noreturn void limit_fail(const char *what)
{
	perror(what);
	_exit(111);
}

static inline void limit_write(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t wrote = write(fd, bytes, len);

		if (wrote < 0 && errno != EINTR)
			limit_fail("write");
		bytes += wrote > 0 ? wrote : 0;
		len -= wrote > 0 ? (size_t)wrote : 0;
	}
}

static inline size_t limit_read(int fd, char *bytes, size_t len)
{
	ssize_t got;

	do
		got = read(fd, bytes, len);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		limit_fail("read");
	return (size_t)got;
}

/* Starts argv[0] with `from` as descriptor 0 and `to` as 1. */
static inline pid_t limit_spawn(char **argv, int from, int to)
{
	pid_t child = vfork();

	if (child == 0) {
		if ((from == 0 || dup2(from, 0) == 0) && (to == 1 || dup2(to, 1) == 1))
			execv(argv[0], argv);
		_exit(127);
	}
	if (child < 0)
		limit_fail("vfork");
	return child;
}

static inline int limit_wait(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
	}
	return status;
}

#endif
