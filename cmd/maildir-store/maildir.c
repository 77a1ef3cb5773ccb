/* SPDX-License-Identifier: ISC */
/* maildir.c - a Maildir and its folders, as descriptors. */
#include "maildir.h"

#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

const char *const folder_names[FOLDER_COUNT] = { "new", "cur", "tmp" };

#define STEP (O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* What happens to a directory on the way that is not there. */
enum missing { MISSING_FAILS, MISSING_IS_MADE };

void maildir_init(struct maildir *maildir)
{
	maildir->dir = -1;
	for (unsigned i = 0; i < FOLDER_COUNT; i++)
		maildir->folders[i] = -1;
}

void maildir_close(struct maildir *maildir)
{
	fd_close(&maildir->dir);
	for (unsigned i = 0; i < FOLDER_COUNT; i++)
		fd_close(&maildir->folders[i]);
}

/* Gives a new directory to the owner of the one above, when we may. */
static bool hand_over(int above, const char *name)
{
	struct stat facts;

	return geteuid() != 0 ||
	       (fstat(above, &facts) == 0 &&
		fchownat(above, name, facts.st_uid, facts.st_gid, AT_SYMLINK_NOFOLLOW) == 0);
}

/* Makes a directory, durably; *made says whether it was missing. Returns it as a path, or -1. */
static int make_directory(int above, const char *name, bool *made)
{
	int fd, entries;

	*made = mkdirat(above, name, 0700) == 0;
	if (!*made && errno != EEXIST)
		return -1;
	fd = openat(above, name, STEP | O_PATH);
	if (fd < 0 || !*made)
		return fd;
	/* `above` may be a mere path; the entry is durable once its directory is. */
	entries = openat(above, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (entries < 0 || !hand_over(above, name) || fsync(entries) != 0)
		fd_close(&fd);
	fd_close(&entries);
	return fd;
}

/*
 * Goes down from `at`, which it closes, part by part. The directories on the way need
 * only be searchable; the last one is opened for reading.
 */
static int descend(int at, struct span rest, enum missing missing)
{
	char name[NAME_MAX + 1];
	bool made;

	while (at >= 0 && rest.base != NULL) {
		struct span part = span_take(&rest, '/');
		int below = -1;

		if (part.len == 0)
			continue;
		if (part.len > NAME_MAX) {
			errno = ENAMETOOLONG;
		} else {
			memcpy(name, part.base, part.len);
			name[part.len] = '\0';
			if (missing == MISSING_IS_MADE)
				below = make_directory(at, name, &made);
			else
				below = openat(at, name,
					       STEP | (rest.base == NULL ? O_RDONLY : O_PATH));
		}
		fd_close(&at);
		at = below;
	}
	return at;
}

/* True when `fd` is ours; closes it otherwise. */
static bool is_ours(int *fd)
{
	struct stat facts;

	if (*fd < 0)
		return false;
	if (fstat(*fd, &facts) == 0) {
		if (facts.st_uid == geteuid())
			return true;
		errno = EPERM;
	}
	fd_close(fd);
	return false;
}

enum maildir_result maildir_open(struct maildir *maildir, const struct mailbox_path *path)
{
	int base = open(path->base, O_PATH | O_DIRECTORY | O_CLOEXEC);

	maildir_init(maildir);
	if (base < 0)
		return MAILDIR_TROUBLE;
	maildir->dir = descend(base, span_of(path->rest), MISSING_FAILS);
	if (is_ours(&maildir->dir))
		return MAILDIR_OK;
	return errno == ENOENT || errno == ENAMETOOLONG ? MAILDIR_ABSENT : MAILDIR_TROUBLE;
}

int maildir_folder(struct maildir *maildir, enum folder folder)
{
	int *fd = &maildir->folders[folder];

	if (*fd < 0) {
		*fd = openat(maildir->dir, folder_names[folder], STEP | O_RDONLY);
		is_ours(fd);
	}
	return *fd;
}

int maildir_open_file(int folder, const char *name, struct stat *facts)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (fstat(fd, facts) != 0) {
		fd_close(&fd);
	} else if (!S_ISREG(facts->st_mode) || facts->st_uid != geteuid() ||
		   (facts->st_nlink > 1 && geteuid() == 0)) {
		/*
		 * Mail programs link their own files when they copy a message, and the owner shows
		 * that they are; for root any file could be linked in.
		 */
		fd_close(&fd);
		errno = EPERM;
	}
	return fd;
}

enum create_result maildir_create(const struct mailbox_path *path, const char **where)
{
	bool any = false, made;
	int start = open(path->base[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int base = open(path->base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int dir;

	*where = path->base;
	/* The part of the administrator may lead over symbolic links where it exists. */
	if (base < 0 && errno == ENOENT)
		base = descend(start, span_of(path->base), MISSING_IS_MADE);
	else
		fd_close(&start);
	if (base < 0)
		return CREATE_FAILED;
	*where = path->rest;
	dir = descend(base, span_of(path->rest), MISSING_IS_MADE);
	for (unsigned i = 0; i < FOLDER_COUNT && dir >= 0; i++) {
		int fd = make_directory(dir, folder_names[i], &made);

		any = any || made;
		if (fd < 0)
			fd_close(&dir);
		fd_close(&fd);
	}
	if (dir < 0)
		return CREATE_FAILED;
	fd_close(&dir);
	return any ? CREATE_MADE : CREATE_EXISTED;
}
