/* SPDX-License-Identifier: ISC */
/*
 * limit-sink.c - what stands behind a server, for limits and servers alike. It acts by the name
 * that it was started by:
 *
 *   deliver           reads the message
 *   durable DIR       the same, into DIR/tmp, on the disk, renamed into DIR/new
 *   qmail-queue       the message from descriptor 0, the envelope from 1, as qmail-queue(8)
 *   list              an empty maildrop for limit-pop3
 *   auth PROGRAM...   as checkpassword: anybody may in
 */
#include "limit.h"

#include <fcntl.h>
#include <time.h>

static char block[1 << 18];

static int drain(int fd)
{
	while (limit_read(fd, block, sizeof(block)) > 0) {
	}
	return 0;
}

static int store(const char *dir)
{
	char path[3][512];
	struct timespec now;
	size_t got;
	int fd;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(path[0], sizeof(path[0]), "%s/tmp/%lld.%09ld.%d", dir, (long long)now.tv_sec,
		 now.tv_nsec, getpid());
	snprintf(path[1], sizeof(path[1]), "%s/new/%lld.%09ld.%d", dir, (long long)now.tv_sec,
		 now.tv_nsec, getpid());
	snprintf(path[2], sizeof(path[2]), "%s/new", dir);
	fd = open(path[0], O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		limit_fail(path[0]);
	while ((got = limit_read(0, block, sizeof(block))) > 0)
		limit_write(fd, block, got);
	if (fsync(fd) != 0 || close(fd) != 0 || rename(path[0], path[1]) != 0)
		limit_fail(path[1]);
	fd = open(path[2], O_RDONLY | O_DIRECTORY);
	if (fd < 0 || fsync(fd) != 0)
		limit_fail(path[2]);
	return 0;
}

/* The name of the user is what stands first on descriptor 3 (checkpassword). */
static int log_in(char **program)
{
	size_t len = limit_read(3, block, 512);

	block[len] = '\0';
	setenv("USER", block, 1);
	close(3);
	execv(program[0], program);
	return 111;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');

	switch (name == NULL ? argv[0][0] : name[1]) {
	case 'a':
		return argc < 2 ? 111 : log_in(argv + 1);
	case 'q':
		return drain(0) + drain(1);
	case 'l':
		limit_write(1, "0 0", 3);
		return 0;
	default:
		return argc > 1 && argv[1][0] == '/' ? store(argv[1]) : drain(0);
	}
}
