/* SPDX-License-Identifier: ISC */
/* login_delay.c - when a user last logged in, and whether that is long enough ago (RFC 2449 6.5).
 */
#include "session/login_delay.h"

#include "base/descriptor.h"
#include "base/hash.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Only we may shape what is in it: EPERM otherwise. */
static bool is_ours(int fd)
{
	struct stat facts;

	if (fstat(fd, &facts) != 0)
		return false;
	errno = EPERM;
	return facts.st_uid == geteuid() && (facts.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Below a directory that others may write to: one of our own, and no link. */
static int open_own(const char *above, const char *name)
{
	int parent = open(above, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = -1;

	if (parent < 0)
		return -1;
	if (mkdirat(parent, name, 0700) == 0 || errno == EEXIST)
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	fd_close(&parent);
	return fd;
}

static int open_directory(const struct options *options, const char *backend)
{
	char bytes[80];
	struct buffer name = BUFFER(bytes);
	int fd;

	buffer_string(&name, "mail-session-login.");
	buffer_number(&name, geteuid());
	buffer_byte(&name, '.');
	buffer_hex(&name, hash_more(HASH_START, span_of(backend)), 16);
	buffer_cstr(&name);
	if (options->login_delay_dir != NULL)
		fd = open(options->login_delay_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	else
		fd = open_own(options->spool_dir, bytes);
	if (fd < 0 || is_ours(fd))
		return fd;
	close(fd);
	errno = EPERM;
	return -1;
}

static void complain(const struct login_delay *delay, const char *what)
{
	log_fault(LOG_ERR, what, "file", delay->name, errno);
}

void login_delay_open(struct login_delay *delay, const struct options *options, const char *backend,
		      const struct facts *facts, uint32_t seconds)
{
	struct buffer name = BUFFER(delay->name);
	struct span safe = facts_get(facts, FACT_USER_SAFE);

	delay->directory = -1;
	delay->seconds = seconds;
	if (seconds == 0)
		return;
	if (safe.len > 0) {
		buffer_put(&name, safe);
	} else {
		/* Too long for a safe name, of which no other begins like this. */
		buffer_string(&name, "%-");
		buffer_hex(&name, hash_more(HASH_START, facts_get(facts, FACT_USER)), 16);
	}
	buffer_cstr(&name);
	delay->directory = open_directory(options, backend);
	if (delay->directory < 0)
		complain(delay, "logins cannot be remembered");
}

uint32_t login_delay_left(const struct login_delay *delay)
{
	struct timespec now;
	struct stat facts;
	int64_t passed;

	if (delay->directory < 0)
		return 0;
	if (fstatat(delay->directory, delay->name, &facts, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT)
			complain(delay, "the last login cannot be told");
		return 0;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	passed = now.tv_sec - facts.st_mtim.tv_sec;
	/* The second that the last login was in does not count as a whole one. */
	if (now.tv_nsec < facts.st_mtim.tv_nsec)
		passed--;
	/* It was in the future: somebody set the clock. Kernel clocks differ by some milliseconds.
	 */
	if (passed < -1 || passed >= (int64_t)delay->seconds)
		return 0;
	return delay->seconds - (uint32_t)(passed < 0 ? 0 : passed);
}

void login_delay_begin(const struct login_delay *delay)
{
	int fd;

	if (delay->directory < 0 ||
	    utimensat(delay->directory, delay->name, NULL, AT_SYMLINK_NOFOLLOW) == 0)
		return;
	fd = openat(delay->directory, delay->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		complain(delay, "the login cannot be remembered");
	fd_close(&fd);
}

void login_delay_close(struct login_delay *delay)
{
	fd_close(&delay->directory);
}
