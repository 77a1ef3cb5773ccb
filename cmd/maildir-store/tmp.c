/* SPDX-License-Identifier: ISC */
/* tmp.c - what killed deliveries left in tmp/. */
#include "tmp.h"

#include "message.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define ABANDONED    (36 * 60 * 60) /* seconds */
#define ENTRIES_MOST 1000

static bool is_abandoned(const struct stat *facts, time_t now)
{
	return S_ISREG(facts->st_mode) && now - facts->st_atim.tv_sec > ABANDONED &&
	       now - facts->st_mtim.tv_sec > ABANDONED;
}

void tmp_tidy(struct maildir *maildir)
{
	DIR *entries = message_folder(maildir, FOLDER_TMP);
	const struct dirent *entry;
	time_t now = time(NULL);

	if (entries == NULL)
		return;
	for (unsigned i = 0; i < ENTRIES_MOST && (entry = readdir(entries)) != NULL; i++) {
		struct stat facts;

		/* A name that begins with a dot is something else. */
		if (entry->d_name[0] != '.' &&
		    fstatat(dirfd(entries), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
		    is_abandoned(&facts, now))
			unlinkat(dirfd(entries), entry->d_name, 0);
	}
	closedir(entries);
}
