/* SPDX-License-Identifier: ISC */
/* lock.c - the lock of a maildrop that shell hooks serve. */
#include "lock.h"

#include "base/descriptor.h"
#include "base/log.h"
#include "mail/address.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

static bool expand(struct buffer *path, struct span pattern, struct span user)
{
	size_t at = span_find(user, '@');
	struct span domain = at < user.len ? span_from(user, at + 1) : SPAN("");

	for (size_t i = 0; i < pattern.len; i++) {
		if (pattern.base[i] != '%') {
			buffer_byte(path, pattern.base[i]);
			continue;
		}
		if (++i == pattern.len)
			return false;
		switch (pattern.base[i]) {
		case 'u':
			address_safe_name(path, user);
			break;
		case 'n':
			address_safe_name(path, span_first(user, at));
			break;
		case 'd':
			address_safe_name(path, domain);
			break;
		case '%':
			buffer_byte(path, '%');
			break;
		default:
			return false;
		}
	}
	return buffer_cstr(path) != NULL;
}

int lock_take(const char *pattern, struct span user)
{
	char bytes[1024];
	struct buffer path = BUFFER(bytes);
	int fd;

	if (!expand(&path, span_of(pattern), user)) {
		log_note(LOG_ERR, "bad pattern of the lock file", "pattern", pattern);
		errno = EINVAL;
		return -1;
	}
	fd = open(bytes, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (errno != EWOULDBLOCK)
		log_fault(LOG_ERR, "cannot lock the maildrop", "path", bytes, errno);
	fd_close(&fd);
	return -1;
}
