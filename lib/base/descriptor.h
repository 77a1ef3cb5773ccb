/* SPDX-License-Identifier: ISC */
/*
 * descriptor.h - small things about file descriptors.
 */
#ifndef MAILSESSION_DESCRIPTOR_H
#define MAILSESSION_DESCRIPTOR_H

#include "base/span.h"

#include <stdint.h>
#include <sys/types.h>

/* Closes *fd unless it is -1, and makes it -1. Keeps errno. */
void fd_close(int *fd);

/* Closes every descriptor from `first` up (close_range(2), or one by one where that is missing). */
void fd_close_from(unsigned first);

/* read(2) and write(2) that begin again after EINTR. */
ssize_t fd_read(int fd, char *bytes, size_t len);
ssize_t fd_write(int fd, struct span bytes);

/* Writes all of it, blocking. False with errno. */
/* open(2) with O_CLOEXEC and, in one system call, nothing else. */
int fd_open(const char *path, int flags);

/* Reads up to `len` octets and throws them away. As fd_read. */
ssize_t fd_discard(int fd, uint64_t len);
bool fd_write_all(int fd, struct span bytes);

/* Sets O_NONBLOCK; only for descriptors that nobody else holds. */
bool fd_nonblocking(int fd);

/*
 * An unnamed file in memory that holds `bytes`, offset 0, close-on-exec; -1 with errno.
 * `name` is for debugging.
 */
int fd_memory(const char *name, struct span bytes);

/* Makes what fd_memory made read-only for good, for whoever holds it. False: the kernel cannot
 * (Linux before 5.1). */
bool fd_seal(int fd);

/* A datagram socket connected to the unix socket `path`, which never blocks; -1 with errno. */
int fd_datagrams_to(const char *path);

/*
 * A second, read-only opening of the file behind `fd` with an offset of its own, at 0.
 * Needs /proc; without it a copy of `fd` that shares its offset, rewound. -1 with errno.
 */
int fd_reopen(int fd);

#endif
