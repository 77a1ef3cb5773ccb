/* SPDX-License-Identifier: ISC */
/*
 * sandbox.h - the cage of the process that reads bytes of the network.
 *
 * One dispatcher, one file a mechanism: resource limits here, seccomp.c, landlock.c.
 * What the kernel lacks is found out by the runner before the parser is forked, so that
 * it can be logged, or refused with --sandbox require.
 */
#ifndef MAILSESSION_SANDBOX_H
#define MAILSESSION_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/* What this kernel offers us. */
struct sandbox_offer {
	bool seccomp;
	int landlock; /* ABI version, 0: none */
};

struct sandbox_offer sandbox_probe(void);

/* Words for the log on what is missing, or NULL when nothing is. */
const char *sandbox_lacks(const struct sandbox_offer *offer);

/*
 * Locks the calling process up: resource limits (no processes, no core, no file writes unless
 * `writes_files`, 64 MiB of address space), not dumpable, no_new_privs, Landlock, seccomp.  From
 * then on a forbidden system call kills the process.  False when a step that was offered failed.
 */
bool sandbox_enter(const struct sandbox_offer *offer, bool writes_files);

/* As the above, with `count` system calls of `more` allowed beside those of the parser. */
bool sandbox_enter_with(const struct sandbox_offer *offer, bool writes_files, const long *more,
			size_t count);

/* The mechanisms; each false on failure. */
bool seccomp_available(void);
bool seccomp_enter(const long *more, size_t count);
int landlock_abi(void);
bool landlock_enter(int abi);

#endif
