/* SPDX-License-Identifier: ISC */
/*
 * landlock.c - no file, no TCP port, no signal or abstract socket beyond the process.
 *
 * The numbers are those of the kernel's interface; the headers of the machine we are built on may
 * be older than the kernel that we run on.
 */
#include "session/sandbox.h"

#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self  446
#endif

#define CREATE_RULESET_VERSION 1U

struct ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net; /* ABI 4 */
	uint64_t scoped;             /* ABI 6 */
};

/* How many rights on files each ABI knows, as bits from 0 on. */
static const uint8_t fs_rights[] = { 0, 13, 14, 15, 15, 16 };

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

bool landlock_enter(int abi)
{
	size_t newest = sizeof(fs_rights) - 1;
	uint8_t rights = fs_rights[(size_t)abi < newest ? (size_t)abi : newest];
	struct ruleset ruleset = {
		.handled_access_fs = ((uint64_t)1 << rights) - 1,
		.handled_access_net = abi >= 4 ? 3 : 0,
		.scoped = abi >= 6 ? 3 : 0,
	};
	size_t size = abi >= 6 ? sizeof(ruleset) : abi >= 4 ? 16 : 8;
	int fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
	bool entered;

	if (fd < 0)
		return false;
	entered = syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	close(fd);
	return entered;
}
