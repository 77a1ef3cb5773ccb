/* SPDX-License-Identifier: ISC */
/* lock.c - the mailbox between programs, and the maildrop between sessions. */
#include "lock.h"

#include "mailbox.h"

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/descriptor.h"
#include "base/number.h"
#include "store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* No program holds a mailbox that long, seconds. */
#define ABANDONED 600

/* ---- the kernel's lock ------------------------------------------------------------------- */

/* Of the open file, so that closing another descriptor of it does not free it; others see no
 * difference. */
enum lock_result lock_file(int file)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(file, F_OFD_SETLK, &lock) == 0)
		return LOCK_TAKEN;
	return errno == EAGAIN || errno == EACCES ? LOCK_BUSY : LOCK_TROUBLE;
}

/* ---- NAME.lock --------------------------------------------------------------------------- */

/* True when the file names a process that does not exist. */
static bool holder_is_gone(int dir, const char *name)
{
	char bytes[32];
	struct stat facts;
	struct span text = { bytes, 0 };
	uint64_t pid;
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t got = fd >= 0 && fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode)
			      ? fd_read(fd, bytes, sizeof(bytes))
			      : -1;

	fd_close(&fd);
	while (got > 0 && text.len < (size_t)got && ascii_is_digit(bytes[text.len]))
		text.len++;
	return number_upto(text, INT_MAX, &pid) && pid > 0 && kill((pid_t)pid, 0) != 0 &&
	       errno == ESRCH;
}

static bool is_abandoned(int dir, const char *name)
{
	struct stat facts;

	if (fstatat(dir, name, &facts, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT;
	return time(NULL) - facts.st_mtim.tv_sec > ABANDONED || holder_is_gone(dir, name);
}

enum lock_result lock_dot(int dir, const char *name)
{
	char dot[LOCK_NAME_MAX], text[24];
	struct buffer pid = BUFFER(text);
	int fd = -1;

	mailbox_beside(dot, name, ".lock");
	buffer_number(&pid, (uint64_t)getpid());
	buffer_byte(&pid, '\n');
	for (unsigned try = 0; try < 2 && fd < 0; try++) {
		fd = openat(dir, dot, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			return LOCK_TROUBLE;
		if (fd < 0 &&
		    (!is_abandoned(dir, dot) || (unlinkat(dir, dot, 0) != 0 && errno != ENOENT)))
			return LOCK_BUSY;
	}
	if (fd < 0)
		return LOCK_BUSY;
	if (!fd_write_all(fd, buffer_span(&pid))) {
		unlinkat(dir, dot, 0);
		fd_close(&fd);
		return LOCK_TROUBLE;
	}
	fd_close(&fd);
	return LOCK_TAKEN;
}

void lock_free_dot(int dir, const char *name)
{
	char dot[LOCK_NAME_MAX];

	mailbox_beside(dot, name, ".lock");
	unlinkat(dir, dot, 0);
}

/* ---- NAME.session ------------------------------------------------------------------------ */

/* True when `fd` is still what the name leads to: whoever had it before may have removed it. */
static bool is_there(int dir, const char *name, int fd)
{
	struct stat named, opened;

	return fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &opened) == 0 &&
	       named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

enum lock_result lock_session(int dir, const char *name, int *session)
{
	char path[LOCK_NAME_MAX];
	struct stat facts;

	mailbox_beside(path, name, ".session");
	for (;;) {
		int made =
			openat(dir, path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		int result;

		if (made < 0 && errno != EEXIST)
			return LOCK_TROUBLE;
		*session = made >= 0 ? made : place_open_file(dir, path, O_RDWR, &facts);
		if (*session < 0 && errno == ENOENT)
			continue;
		if (*session < 0)
			return LOCK_TROUBLE;
		result = flock(*session, LOCK_EX | LOCK_NB);
		if (result == 0 && is_there(dir, path, *session))
			return LOCK_TAKEN;
		fd_close(session);
		if (result != 0)
			return errno == EWOULDBLOCK ? LOCK_BUSY : LOCK_TROUBLE;
	}
}

void lock_free_session(int dir, const char *name, int *session)
{
	char path[LOCK_NAME_MAX];

	if (*session < 0)
		return;
	mailbox_beside(path, name, ".session");
	unlinkat(dir, path, 0);
	fd_close(session);
}
