/* SPDX-License-Identifier: ISC */
/* listing.c - the parser's storage of a maildrop's listing. */
#include "session/listing.h"

#include "base/descriptor.h"

#include <sys/mman.h>
#include <unistd.h>

void listing_begin(struct listing *listing, int fd)
{
	fd_close(&listing->fd);
	listing->base += listing->len;
	listing->len = 0;
	listing->fd = fd;
}

ssize_t listing_feed(const struct listing *listing, char *bytes, size_t len)
{
	return pread(listing->fd, bytes, len, (off_t)listing->len);
}

/* The engine keeps what it was fed, which is a file already: only the place moves on. */
bool listing_append(void *context, struct span bytes)
{
	struct listing *listing = context;

	listing->len += bytes.len;
	return true;
}

size_t listing_read(void *context, uint64_t at, char *bytes, size_t len)
{
	const struct listing *listing = context;
	ssize_t got;

	if (at < listing->base)
		return 0;
	at -= listing->base;
	if (at >= listing->len)
		return 0;
	if (len > listing->len - at)
		len = (size_t)(listing->len - at);
	got = pread(listing->fd, bytes, len, (off_t)at);
	return got > 0 ? (size_t)got : 0;
}

void *listing_memory(void *context, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)context;
	return memory == MAP_FAILED ? NULL : memory;
}
