/* SPDX-License-Identifier: ISC */
/* descriptor.c - small things about file descriptors. */
#include "base/descriptor.h"

#include "base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

void fd_close(int *fd)
{
	int saved = errno;

	/* Pages that nothing is written to are shared with the process that this one was forked
	 * from. */
	if (*fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	if (errno != saved)
		errno = saved;
}

void fd_close_from(unsigned first)
{
	/* Not every libc that we build with knows close_range(2), which came with Linux 5.9. */
	if (syscall(SYS_close_range, first, ~0U, 0) == 0)
		return;
	for (long fd = (long)first, end = sysconf(_SC_OPEN_MAX); fd < end; fd++)
		close((int)fd);
}

int fd_open(const char *path, int flags)
{
	/* musl's open(2) sets the flag once more. */
	return openat(AT_FDCWD, path, flags | O_CLOEXEC, 0600);
}

ssize_t fd_read(int fd, char *bytes, size_t len)
{
	ssize_t got;

	do
		got = read(fd, bytes, len);
	while (got < 0 && errno == EINTR);
	return got;
}

ssize_t fd_write(int fd, struct span bytes)
{
	ssize_t put;

	do
		put = write(fd, bytes.base, bytes.len);
	while (put < 0 && errno == EINTR);
	return put;
}

bool fd_write_all(int fd, struct span bytes)
{
	while (bytes.len > 0) {
		ssize_t put = fd_write(fd, bytes);

		if (put < 0)
			return false;
		bytes = span_from(bytes, (size_t)put);
	}
	return true;
}

ssize_t fd_discard(int fd, uint64_t len)
{
	static char nowhere[65536];

	return fd_read(fd, nowhere, len < sizeof(nowhere) ? (size_t)len : sizeof(nowhere));
}

bool fd_nonblocking(int fd)
{
	int yes = 1;

	return ioctl(fd, FIONBIO, &yes) == 0;
}

int fd_memory(const char *name, struct span bytes)
{
	int fd = (int)syscall(SYS_memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (bytes.len > 0 && (!fd_write_all(fd, bytes) || lseek(fd, 0, SEEK_SET) != 0))
		fd_close(&fd);
	return fd;
}

bool fd_seal(int fd)
{
	/* F_SEAL_WRITE would wait for pages that have just been written to. */
	return fcntl(fd, F_ADD_SEALS,
		     F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE) == 0;
}

int fd_datagrams_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct buffer name = BUFFER(address.sun_path);
	int fd;

	buffer_string(&name, path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		fd_close(&fd);
	return fd;
}

int fd_reopen(int fd)
{
	char path[32];
	struct buffer buffer = BUFFER(path);
	int again;

	buffer_string(&buffer, "/proc/self/fd/");
	buffer_number(&buffer, (uint64_t)fd);
	again = fd_open(buffer_cstr(&buffer), O_RDONLY);
	if (again >= 0)
		return again;
	again = fcntl(fd, F_DUPFD_CLOEXEC, 4);
	if (again >= 0 && lseek(again, 0, SEEK_SET) != 0)
		fd_close(&again);
	return again;
}
