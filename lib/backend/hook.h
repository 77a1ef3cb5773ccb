/* SPDX-License-Identifier: ISC */
/*
 * hook.h - running one program for one event: the exec contract.
 *
 * The program's exit decides; what it left running behind is not waited for.  At the
 * deadline its process group gets SIGTERM, JOB_GRACE seconds later SIGKILL, and the
 * outcome is a temporary failure.
 */
#ifndef MAILSESSION_HOOK_H
#define MAILSESSION_HOOK_H

#include "backend/job.h"
#include "backend/said.h"
#include "backend/spool.h"
#include "base/span.h"

#include <sys/types.h>

struct hook_order {
	enum event event;
	const char *path;
	char *const *arguments; /* auth: the whole argv; NULL: the path and the name of the event */
	char *const *environment;
	int stdin_fd;  /* the program's standard input; the caller keeps it */
	int stdout_fd; /* the program's standard output, or -1: collected as the job's text */
	const char *spool_dir; /* not NULL: output goes to an unnamed file there and becomes
				  job.content */
	int extra_fd;          /* its descriptor 3, or -1 */
	int stderr_fd;    /* its standard error; the caller keeps it. 0: what it says is logged */
	int confirm_fd;   /* auth: its descriptor 4; the caller keeps it. 0: none */
	uint32_t timeout; /* seconds */
};

struct hook {
	pid_t pid;   /* also the process group; 0 when none runs */
	int process; /* pidfd */
	int out;
	struct said said;   /* its standard error */
	struct spool yield; /* its standard output, when that is data of any size */
	int64_t deadline;
	unsigned signalled;  /* 0, 1: SIGTERM sent, 2: SIGKILL sent */
	const char *session; /* id for log lines */
	struct job job;      /* last, for its long text */
};

/*
 * Starts a program.  When it cannot be started the job is done at once with a temporary
 * failure and the reason is logged; false then.
 */
bool hook_start(struct hook *hook, const struct hook_order *order, const char *session);

/* Writes the descriptors to wait for to `fds` (room for 3) and returns how many. */
unsigned hook_poll(const struct hook *hook, struct pollfd *fds);

/* When to call hook_work even though nothing is ready. */
int64_t hook_deadline(const struct hook *hook);

/* Does what is ready without blocking; job.done says when the program has ended. */
void hook_work(struct hook *hook, const struct pollfd *fds, unsigned count, int64_t now);

/* Ends the program at once (its whole group) and reaps it; the job is done. */
void hook_kill(struct hook *hook);

#define HOOK_POLL_FDS 3

#endif
