/* SPDX-License-Identifier: ISC */
/* lock.c - the exclusive use of a maildrop by one POP3 session. */
#include "lock.h"

#include <errno.h>
#include <stdio.h>
#include <sys/file.h>

/* The process that holds the lock, by the kernel's list (proc_locks(5)); 0 when that does not say.
 */
static unsigned find_holder(const struct maildir *maildir)
{
	struct stat facts;
	char line[256];
	unsigned holder = 0;
	FILE *list = fopen("/proc/locks", "re");

	if (list == NULL)
		return 0;
	while (holder == 0 && fstat(maildir->dir, &facts) == 0 &&
	       fgets(line, sizeof(line), list) != NULL) {
		unsigned long long inode;
		unsigned pid;

		/* "1: FLOCK  ADVISORY  WRITE 4711 fe:00:123 0 EOF"; file systems differ in the
		 * device. */
		if (sscanf(line, "%*d: FLOCK ADVISORY WRITE %u %*x:%*x:%llu", &pid, &inode) == 2 &&
		    inode == facts.st_ino)
			holder = pid;
	}
	fclose(list);
	return holder;
}

enum lock_result lock_take(const struct maildir *maildir, unsigned *holder)
{
	int result;

	do
		result = flock(maildir->dir, LOCK_EX | LOCK_NB);
	while (result != 0 && errno == EINTR);
	if (result == 0)
		return LOCK_TAKEN;
	if (errno != EWOULDBLOCK)
		return LOCK_TROUBLE;
	*holder = find_holder(maildir);
	return LOCK_BUSY;
}
