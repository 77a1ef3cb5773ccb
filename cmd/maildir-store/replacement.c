/* SPDX-License-Identifier: ISC */
/* replacement.c - a file beside the folders of a Maildir that is replaced in one step. */
#include "replacement.h"

#include "base/descriptor.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

bool replacement_begin(struct replacement *replacement, struct maildir *maildir)
{
	struct buffer name = BUFFER(replacement->name);
	int tmp = maildir_folder(maildir, FOLDER_TMP);
	struct stamp stamp;

	replacement->fd = -1;
	if (tmp < 0 || !stamp_take(&stamp))
		return false;
	name_unique_put(&name, &stamp, 0);
	if (buffer_cstr(&name) != NULL)
		replacement->fd = openat(tmp, replacement->name,
					 O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return replacement->fd >= 0;
}

bool replacement_install(struct replacement *replacement, struct maildir *maildir, const char *file)
{
	int tmp = maildir_folder(maildir, FOLDER_TMP);

	return renameat(tmp, replacement->name, maildir->dir, file) == 0;
}

void replacement_abandon(struct replacement *replacement, struct maildir *maildir)
{
	if (replacement->fd < 0)
		return;
	unlinkat(maildir_folder(maildir, FOLDER_TMP), replacement->name, 0);
	fd_close(&replacement->fd);
}

/* It is set from the coarse clock; a file system that keeps whole seconds keeps even ones at times.
 */
bool settled_before(const struct timespec *changed, const struct timespec *now)
{
	if (changed->tv_sec < 0 || changed->tv_nsec == 0)
		return changed->tv_sec >= 0 && changed->tv_sec < now->tv_sec - 1;
	return changed->tv_sec < now->tv_sec ||
	       (changed->tv_sec == now->tv_sec && changed->tv_nsec < now->tv_nsec);
}
