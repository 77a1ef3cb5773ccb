/* SPDX-License-Identifier: ISC */
/* spool.c - the message while it arrives: memory first, then an unnamed file. */
#include "backend/spool.h"

#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

/* Octets asked of one splice(2): what a pipe holds. */
#define SPLICE_MAX 65536

void spool_init(struct spool *spool, const char *dir, uint64_t memory_max)
{
	*spool = (struct spool){ .dir = dir, .memory_max = memory_max, .fd = -1 };
}

void spool_close(struct spool *spool)
{
	fd_close(&spool->fd);
	spool->in_file = spool->lent = false;
	spool->size = 0;
	spool->error = 0;
}

static void failed(struct spool *spool, int error)
{
	if (spool->error == 0)
		spool->error = error == 0 ? EIO : error;
	fd_close(&spool->fd);
}

/* An unnamed file in the spool directory, or a named one whose name goes at once. */
static int open_file(const char *dir)
{
	char path[1024];
	size_t len = strlen(dir);
	int fd = fd_open(dir, O_TMPFILE | O_RDWR);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	if (len + sizeof("/mail-session.XXXXXX") > sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(path, dir, len);
	memcpy(path + len, "/mail-session.XXXXXX", sizeof("/mail-session.XXXXXX"));
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

void spool_open(struct spool *spool)
{
	spool_close(spool);
	spool->in_file = spool->memory_max == 0;
	spool->fd = spool->in_file ? open_file(spool->dir) : fd_memory("message", SPAN_NONE);
	if (spool->fd < 0)
		failed(spool, errno);
}

/* Memory is full: what it holds goes to a file. */
static bool move_to_file(struct spool *spool)
{
	int file = open_file(spool->dir);
	off_t from = 0;

	if (file < 0) {
		failed(spool, errno);
		return false;
	}
	while ((uint64_t)from < spool->size) {
		ssize_t moved =
			sendfile(file, spool->fd, &from, (size_t)spool->size - (size_t)from);

		if (moved <= 0 && errno != EINTR) {
			failed(spool, errno);
			fd_close(&file);
			return false;
		}
	}
	fd_close(&spool->fd);
	spool->fd = file;
	spool->in_file = true;
	return true;
}

static bool ready(struct spool *spool, uint64_t more)
{
	if (spool->fd < 0)
		return false;
	return spool->in_file || spool->size + more <= spool->memory_max || move_to_file(spool);
}

void spool_write(struct spool *spool, struct span bytes)
{
	if (!ready(spool, bytes.len))
		return;
	if (!fd_write_all(spool->fd, bytes)) {
		failed(spool, errno);
		return;
	}
	spool->size += bytes.len;
}

int64_t spool_splice(struct spool *spool, int pipe, uint64_t len)
{
	ssize_t moved;
	uint64_t room = spool->memory_max - spool->size;

	if (len > SPLICE_MAX)
		len = SPLICE_MAX;
	/* Memory is used to its last octet before it is given up. */
	if (!spool->in_file && spool->size < spool->memory_max && len > room)
		len = room;
	if (!ready(spool, len))
		return fd_discard(pipe, len);
	do
		moved = splice(pipe, NULL, spool->fd, NULL, (size_t)len, SPLICE_F_NONBLOCK);
	while (moved < 0 && errno == EINTR);
	if (moved > 0)
		spool->size += (uint64_t)moved;
	if (moved >= 0 || errno == EAGAIN)
		return moved;
	failed(spool, errno);
	return fd_discard(pipe, len);
}

/*
 * Memory that can be written no more is as good as opened anew, which takes a walk through /proc:
 * its first reader gets our own offset, of which we make no more use.
 */
static int lend(struct spool *spool)
{
	int fd;

	if (spool->in_file || spool->lent || !fd_seal(spool->fd))
		return -1;
	fd = fcntl(spool->fd, F_DUPFD_CLOEXEC, 4);
	if (fd >= 0 && lseek(fd, 0, SEEK_SET) != 0)
		fd_close(&fd);
	spool->lent = fd >= 0;
	return fd;
}

int spool_reader(struct spool *spool)
{
	int fd;

	if (spool->fd < 0) {
		errno = spool->error != 0 ? spool->error : EBADF;
		return -1;
	}
	fd = lend(spool);
	return fd >= 0 ? fd : fd_reopen(spool->fd);
}
