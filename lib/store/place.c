/* SPDX-License-Identifier: ISC */
/* place.c - directories and files that others than the administrator may shape. */
#include "store/place.h"

#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

uid_t place_owner(void)
{
	static uid_t owner = (uid_t)-1;

	if (owner == (uid_t)-1)
		owner = geteuid();
	return owner;
}

bool place_hand_over(int above, const char *name)
{
	struct stat facts;

	return place_owner() != 0 ||
	       (fstat(above, &facts) == 0 &&
		fchownat(above, name, facts.st_uid, facts.st_gid, AT_SYMLINK_NOFOLLOW) == 0);
}

int place_make(int above, const char *name, bool *made)
{
	int fd, entries;

	*made = mkdirat(above, name, 0700) == 0;
	if (!*made && errno != EEXIST)
		return -1;
	fd = openat(above, name, PLACE_STEP | O_PATH);
	if (fd < 0 || !*made)
		return fd;
	/* `above` may be a mere path; the entry is durable once its directory is. */
	entries = openat(above, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (entries < 0 || !place_hand_over(above, name) || fsync(entries) != 0)
		fd_close(&fd);
	fd_close(&entries);
	return fd;
}

int place_descend(int at, struct span rest, enum place_missing missing)
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
			if (missing == PLACE_IS_MADE)
				below = place_make(at, name, &made);
			else
				below = openat(at, name,
					       PLACE_STEP |
						       (rest.base == NULL ? O_RDONLY : O_PATH));
		}
		fd_close(&at);
		at = below;
	}
	return at;
}

bool place_is_ours(int *fd)
{
	struct stat facts;

	if (*fd < 0)
		return false;
	if (fstat(*fd, &facts) == 0) {
		if (facts.st_uid == place_owner())
			return true;
		errno = EPERM;
	}
	fd_close(fd);
	return false;
}

int place_open_file(int folder, const char *name, int access, struct stat *facts)
{
	int fd = openat(folder, name, access | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (fstat(fd, facts) != 0) {
		fd_close(&fd);
	} else if (!S_ISREG(facts->st_mode) || facts->st_uid != place_owner() ||
		   (facts->st_nlink > 1 && place_owner() == 0)) {
		/*
		 * Mail programs link their own files when they copy a message, and the owner shows
		 * that they are; for root any file could be linked in.
		 */
		fd_close(&fd);
		errno = EPERM;
	}
	return fd;
}

int place_base(const char *path, enum place_missing missing)
{
	int base = fd_open(path, O_PATH | O_DIRECTORY);

	if (base >= 0 || errno != ENOENT || missing != PLACE_IS_MADE)
		return base;
	return place_descend(fd_open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY),
			     span_of(path), missing);
}
