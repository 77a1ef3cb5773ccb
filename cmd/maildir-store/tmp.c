/* SPDX-License-Identifier: ISC */
/* tmp.c - what killed deliveries left in tmp/. */
#include "tmp.h"

#include "message.h"

#include "base/descriptor.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define ABANDONED   (36 * 60 * 60) /* seconds */
#define BLOCKS_MOST 32             /* of entries */

static bool is_abandoned(const struct stat *facts, time_t now)
{
	return S_ISREG(facts->st_mode) && now - facts->st_atim.tv_sec > ABANDONED &&
	       now - facts->st_mtim.tv_sec > ABANDONED;
}

static void tidy(int folder, const char *name, time_t now)
{
	struct stat facts;

	/* A name that begins with a dot is something else. */
	if (name[0] != '.' && fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
	    is_abandoned(&facts, now))
		unlinkat(folder, name, 0);
}

void tmp_tidy(struct maildir *maildir)
{
	int folder = message_folder_fd(maildir, FOLDER_TMP);
	/* Most are empty: opendir(3) would take memory for it. */
	_Alignas(struct dirent64) char block[2048];
	time_t now = time(NULL);
	ssize_t got;

	for (unsigned i = 0; folder >= 0 && i < BLOCKS_MOST &&
			     (got = getdents64(folder, (void *)block, sizeof(block))) > 0;
	     i++) {
		for (ssize_t at = 0; at < got;) {
			const struct dirent64 *entry = (const void *)(block + at);

			tidy(folder, entry->d_name, now);
			at += entry->d_reclen;
		}
	}
	fd_close(&folder);
}
