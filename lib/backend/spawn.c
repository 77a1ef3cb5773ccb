/* SPDX-License-Identifier: ISC */
/* spawn.c - starting a program in a clean state. */
#include "backend/spawn.h"

#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The signals of old; programs know no others. */
#define SIGNALS 32

/* The signals that do not have their default in this process, once they were looked up. */
static uint32_t changed;

/*
 * Looked up once: what handlers and ignored signals a process has is settled before it runs its
 * first program.
 */
static void look_up_signals(void)
{
	for (int number = 1; (changed & 1) == 0 && number < SIGNALS; number++) {
		struct sigaction action;

		if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
			changed |= (uint32_t)1 << number;
	}
	changed |= 1; /* there is no signal 0: they are known */
}

/*
 * Runs in the child, on the parent's memory: only system calls.  Every signal is blocked
 * until the handlers are gone, so none of the parent's can run here.
 */
static int become(const struct spawn *spawn)
{
	sigset_t none;
	unsigned top = 0;

	setpgid(0, 0);
	for (unsigned i = 0; i < SPAWN_FDS_MAX; i++) {
		if (spawn->fds[i] >= 0)
			top = i + 1;
	}
	for (unsigned i = 0; i < top; i++) {
		if (spawn->fds[i] < 0)
			close((int)i);
		else if (dup2(spawn->fds[i], (int)i) < 0)
			return errno;
	}
	fd_close_from(top);
	umask(077);
	for (int number = 1; number < SIGNALS; number++) {
		if ((changed >> number & 1) != 0)
			sigaction(number, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(spawn->path, spawn->argv, spawn->envp);
	return errno;
}

const char *spawn_unfit(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return NULL;
	if (!S_ISREG(status.st_mode))
		return "not a regular file, never run";
	if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "writable by group or others, never run";
	return NULL;
}

pid_t spawn_program(const struct spawn *spawn)
{
	volatile int error = 0;
	sigset_t all, before;
	pid_t pid;

	look_up_signals();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	/* vfork, since a fork of the runner would copy page tables for nothing. */
	pid = vfork();
	if (pid == 0) {
		error = become(spawn);
		_exit(127);
	}
	if (pid < 0)
		error = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid > 0 && error != 0) {
		while (syscall(SYS_wait4, pid, NULL, 0, NULL) < 0 && errno == EINTR)
			;
		pid = -1;
	}
	errno = error;
	return pid;
}

pid_t spawn_fork(void)
{
#ifdef SYS_fork
	pid_t pid = (pid_t)syscall(SYS_fork);
#else
	pid_t pid = fork();
#endif

	/* The child settles its signals anew. A page that needs no change stays shared. */
	if (pid == 0 && changed != 0)
		changed = 0;
	return pid;
}

int spawn_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

bool spawn_raise_fd(int *fd)
{
	int low = *fd;

	if (low < 0 || low >= SPAWN_FDS_MAX)
		return low >= 0;
	*fd = fcntl(low, F_DUPFD_CLOEXEC, SPAWN_FDS_MAX);
	fd_close(&low);
	return *fd >= 0;
}

static bool raise_both(int ends[2])
{
	bool first = spawn_raise_fd(&ends[0]);

	if (spawn_raise_fd(&ends[1]) && first)
		return true;
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	return false;
}

bool spawn_pipe(int ends[2])
{
	return pipe2(ends, O_CLOEXEC) == 0 && raise_both(ends);
}

bool spawn_socketpair(int type, int ends[2])
{
	return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0 && raise_both(ends);
}
