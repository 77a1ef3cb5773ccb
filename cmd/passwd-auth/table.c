/* SPDX-License-Identifier: ISC */
/* table.c - the password file. */
#include "table.h"

#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

void say(const char *what, const char *name, int error)
{
	fprintf(stderr, "passwd-auth: %s%s%s%s%s\n", what, name != NULL ? ": " : "",
		name != NULL ? name : "", error != 0 ? ": " : "",
		error != 0 ? strerror(error) : "");
}

static const char *table_path(void)
{
	const char *path = getenv("PASSWD_FILE");

	if (path != NULL && *path != '\0')
		return path;
	say("PASSWD_FILE is not set; give it as in the backend's env file", NULL, 0);
	return NULL;
}

/* Opens the file itself; ENOENT is left to the caller. */
static int open_checked(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat facts;

	if (fd < 0)
		return -1;
	if (fstat(fd, &facts) != 0) {
		fd_close(&fd);
	} else if (!S_ISREG(facts.st_mode) || (facts.st_mode & 022) != 0) {
		say("not a file that its owner alone may write", path, 0);
		fd_close(&fd);
		errno = EPERM;
	}
	return fd;
}

bool table_open(struct table *table)
{
	const char *path = table_path();

	table->at = table->len = 0;
	table->ended = false;
	table->fd = path == NULL ? -1 : open_checked(AT_FDCWD, path);
	if (path != NULL && table->fd < 0)
		say("cannot open the password file", path, errno);
	return table->fd >= 0;
}

enum table_result table_next(struct table *table, struct span *line)
{
	for (;;) {
		struct span rest = { table->bytes + table->at, table->len - table->at };
		size_t lf = span_find(rest, '\n');
		ssize_t got;

		if (lf > ENTRY_MAX) {
			say("a line of the password file is too long", NULL, 0);
			return TABLE_TROUBLE;
		}
		if (lf < rest.len || (table->ended && rest.len > 0)) {
			*line = span_first(rest, lf);
			table->at += lf < rest.len ? lf + 1 : lf;
			return TABLE_LINE;
		}
		if (table->ended)
			return TABLE_END;
		memmove(table->bytes, rest.base, rest.len);
		table->at = 0;
		table->len = rest.len;
		got = fd_read(table->fd, table->bytes + table->len,
			      sizeof(table->bytes) - table->len);
		if (got < 0) {
			say("cannot read the password file", NULL, errno);
			return TABLE_TROUBLE;
		}
		table->ended = got == 0;
		table->len += (size_t)got;
	}
}

void table_close(struct table *table)
{
	explicit_bzero(table->bytes, sizeof(table->bytes));
	fd_close(&table->fd);
}

/* ---- changing ---------------------------------------------------------------------------- */

/* Splits the path and opens and locks its directory. */
static bool lock_directory(struct table_change *change, const char *path)
{
	struct buffer dir = BUFFER(change->dir_path);
	const char *slash = strrchr(path, '/');

	change->name = slash == NULL ? path : slash + 1;
	if (slash == NULL)
		buffer_byte(&dir, '.');
	else
		buffer_put(&dir, (struct span){ path, (size_t)(slash - path) + 1 });
	change->dir = buffer_cstr(&dir) == NULL
			      ? -1
			      : open(change->dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (change->dir >= 0 && flock(change->dir, LOCK_EX) == 0)
		return true;
	say("cannot lock the directory of the password file", path, errno);
	fd_close(&change->dir);
	return false;
}

/* The new file: mode 0600; owner, group and what the group may read are the old one's. */
static bool create_file(struct table_change *change, int old)
{
	struct buffer name = BUFFER(change->new_name);
	uint64_t random = 0;
	struct stat facts;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return false;
	buffer_byte(&name, '.');
	buffer_string(&name, change->name);
	buffer_byte(&name, '.');
	buffer_hex(&name, random, 16);
	errno = ENAMETOOLONG;
	if (buffer_cstr(&name) == NULL)
		return false;
	change->fd = openat(change->dir, change->new_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			    0600);
	if (change->fd < 0)
		return false;
	if (old < 0 || (fstat(old, &facts) == 0 &&
			((facts.st_uid == geteuid() && facts.st_gid == getegid()) ||
			 fchown(change->fd, facts.st_uid, facts.st_gid) == 0) &&
			fchmod(change->fd, (facts.st_mode & 0040) | 0600) == 0))
		return true;
	unlinkat(change->dir, change->new_name, 0);
	return false;
}

bool table_change_begin(struct table_change *change, struct table *old)
{
	const char *path = table_path();

	/* Behind a link it is the file that is replaced, not the link. */
	if (path != NULL && realpath(path, change->path) != NULL)
		path = change->path;
	change->fd = -1;
	*old = (struct table){ .fd = -1, .ended = true };
	if (path == NULL || !lock_directory(change, path))
		return false;
	old->fd = open_checked(change->dir, change->name);
	old->ended = old->fd < 0;
	if ((old->fd >= 0 || errno == ENOENT) && create_file(change, old->fd))
		return true;
	say("cannot write beside the password file", path, errno);
	fd_close(&old->fd);
	fd_close(&change->fd);
	fd_close(&change->dir);
	return false;
}

bool table_change_put(struct table_change *change, struct span line)
{
	return fd_write_all(change->fd, line) && fd_write_all(change->fd, SPAN("\n"));
}

bool table_change_end(struct table_change *change, bool good)
{
	if (good) {
		good = fsync(change->fd) == 0 &&
		       renameat(change->dir, change->new_name, change->dir, change->name) == 0;
		if (good)
			change->new_name[0] = '\0';
		good = good && fsync(change->dir) == 0;
		if (!good)
			say("cannot replace the password file", change->name, errno);
	}
	if (change->new_name[0] != '\0')
		unlinkat(change->dir, change->new_name, 0);
	fd_close(&change->fd);
	fd_close(&change->dir);
	return good;
}
