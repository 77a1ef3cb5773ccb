/* SPDX-License-Identifier: ISC */
/*
 * spawn.h - starting a program in a clean state.
 *
 * The program gets default signals, an empty signal mask, a process group of its own,
 * umask 077, and just the descriptors it is given.  A failed execve(2) is reported to the
 * caller, not by an exit code.
 */
#ifndef MAILSESSION_SPAWN_H
#define MAILSESSION_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

/* Most descriptors that a program is given. */
#define SPAWN_FDS_MAX 5

struct spawn {
	const char *path;
	char *const *argv;
	char *const *envp;
	/*
	 * fds[i] becomes descriptor i of the program; -1 leaves it closed. All must be
	 * SPAWN_FDS_MAX or greater, so that none is in the way of another.
	 */
	int fds[SPAWN_FDS_MAX];
};

/*
 * Why the program at `path` is never run, or NULL: it is not a regular file, or group or others
 * could have written it.  Whether it is there at all execve tells.
 */
const char *spawn_unfit(const char *path);

/* The process id, or -1 with the errno of fork or execve. */
pid_t spawn_program(const struct spawn *spawn);

/*
 * As fork(2), for a child that goes on with this program. The bare system call: what a C library
 * does around it is for threads, of which we have none, and would give parent and child two
 * pages of memory more of their own.
 */
pid_t spawn_fork(void);

/* A descriptor for `pid` that becomes readable when it ends (pidfd_open(2)); -1 with errno. */
int spawn_pidfd(pid_t pid);

/*
 * Moves *fd to SPAWN_FDS_MAX or above when it is lower, close-on-exec. False with errno; then
 * *fd is closed and -1.
 */
bool spawn_raise_fd(int *fd);

/* pipe2(O_CLOEXEC) whose both ends are high enough for spawn. False with errno. */
bool spawn_pipe(int ends[2]);

/* socketpair of `type` (close-on-exec) whose both ends are high enough for spawn. */
bool spawn_socketpair(int type, int ends[2]);

#endif
