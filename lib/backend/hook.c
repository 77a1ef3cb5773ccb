/* SPDX-License-Identifier: ISC */
/* hook.c - running one program for one event: the exec contract. */
#include "backend/hook.h"

#include "backend/spawn.h"
#include "base/descriptor.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

/* Reads what is there of standard output. Bounded per call, so that a flood cannot hold up the
 * deadline. */
static void read_stdout(struct hook *hook)
{
	char block[512];

	for (unsigned i = 0; i < 64; i++) {
		ssize_t got = fd_read(hook->out, block, sizeof(block));

		if (got > 0) {
			job_text(&hook->job, (struct span){ block, (size_t)got });
			continue;
		}
		if (got == 0 || errno != EAGAIN)
			fd_close(&hook->out);
		return;
	}
}

/* Milliseconds that a killed program has to be gone. */
#define REAP_TIME 1000

/* Output of any size: the data when the program succeeded, else the text of its refusal. */
static int take_yield(struct hook *hook, int exit)
{
	int fd = spool_reader(&hook->yield);
	ssize_t got;

	spool_close(&hook->yield);
	if (fd < 0)
		return exit == EXIT_DONE ? EXIT_TEMPFAIL : exit;
	if (exit == EXIT_DONE) {
		hook->job.content = fd;
		return exit;
	}
	got = fd_read(fd, hook->job.text, sizeof(hook->job.text));
	hook->job.text_len = got > 0 ? (size_t)got : 0;
	fd_close(&fd);
	return exit;
}

static void finish(struct hook *hook, int exit)
{
	if (hook->yield.fd >= 0)
		exit = take_yield(hook, exit);
	if (hook->out >= 0)
		read_stdout(hook);
	said_end(&hook->said);
	fd_close(&hook->out);
	fd_close(&hook->process);
	hook->pid = 0;
	hook->job.exit = exit;
	hook->job.done = true;
}

static void log_failure(const struct hook *hook, const char *what, const char *path, int error)
{
	struct log_line line;

	log_begin(&line, LOG_ERR, what);
	log_identity(&line, hook->session);
	log_string(&line, "event", event_table[hook->job.event].file);
	log_string(&line, "path", path);
	if (error != 0)
		log_errno(&line, error);
	log_end(&line);
}

static bool open_pipes(struct hook *hook, const struct hook_order *order, int *out, int *err)
{
	int ends[2];

	*out = order->spool_dir != NULL ? hook->yield.fd : order->stdout_fd;
	if (*out < 0) {
		if (!spawn_pipe(ends))
			return false;
		hook->out = ends[0];
		*out = ends[1];
		fd_nonblocking(hook->out);
	}
	if (order->stderr_fd > 0) {
		*err = order->stderr_fd;
		return true;
	}
	if (!spawn_pipe(ends)) {
		if (hook->out >= 0)
			fd_close(out);
		return false;
	}
	said_begin(&hook->said, ends[0], event_table[order->event].file, hook->session);
	*err = ends[1];
	return true;
}

static pid_t launch(struct hook *hook, const struct hook_order *order)
{
	char *const plain[] = { (char *)(uintptr_t)order->path,
				(char *)(uintptr_t)event_table[order->event].file, NULL };
	int out = -1, err = -1, saved;
	pid_t pid;

	spool_init(&hook->yield, order->spool_dir, 0);
	if (order->spool_dir != NULL) {
		spool_open(&hook->yield);
		errno = hook->yield.error;
		if (hook->yield.fd < 0 || !spawn_raise_fd(&hook->yield.fd))
			return -1;
	}
	if (!open_pipes(hook, order, &out, &err))
		return -1;
	pid = spawn_program(&(struct spawn){
		.path = order->path,
		.argv = order->arguments != NULL ? order->arguments : plain,
		.envp = order->environment,
		.fds = { order->stdin_fd, out, err, order->extra_fd,
			 order->confirm_fd > 0 ? order->confirm_fd : -1 },
	});
	saved = errno;
	if (hook->out >= 0)
		fd_close(&out);
	if (order->stderr_fd <= 0)
		fd_close(&err);
	errno = saved;
	return pid;
}

bool hook_start(struct hook *hook, const struct hook_order *order, const char *session)
{
	const char *wrong = spawn_unfit(order->path);
	pid_t pid;

	job_begin(&hook->job, order->event);
	hook->pid = 0;
	hook->process = hook->out = hook->said.fd = hook->yield.fd = -1;
	hook->signalled = 0;
	hook->session = session;
	hook->deadline = clock_deadline(clock_now(), order->timeout);
	if (wrong != NULL) {
		log_failure(hook, wrong, order->path, 0);
		finish(hook, EXIT_TEMPFAIL);
		return false;
	}
	pid = launch(hook, order);
	if (pid > 0) {
		hook->pid = pid;
		hook->process = spawn_pidfd(pid);
		return true;
	}
	log_failure(hook, "cannot run the program", order->path, errno);
	finish(hook, EXIT_TEMPFAIL);
	return false;
}

unsigned hook_poll(const struct hook *hook, struct pollfd *fds)
{
	unsigned count = 0;

	if (hook->process >= 0)
		fds[count++] = (struct pollfd){ hook->process, POLLIN, 0 };
	if (hook->out >= 0)
		fds[count++] = (struct pollfd){ hook->out, POLLIN, 0 };
	if (hook->said.fd >= 0)
		fds[count++] = (struct pollfd){ hook->said.fd, POLLIN, 0 };
	return count;
}

int64_t hook_deadline(const struct hook *hook)
{
	/* Without a pidfd the end of the process is seen by looking now and then. */
	if (hook->process < 0 && hook->pid > 0)
		return clock_earlier(hook->deadline, clock_now() + 20);
	return hook->deadline;
}

/* The exit code of a status; a signal is nobody's verdict and so a temporary failure. */
static int exit_code(const struct hook *hook, int status)
{
	struct log_line line;

	if (hook->signalled != 0)
		return EXIT_TEMPFAIL;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	log_begin(&line, LOG_ERR, "program was killed");
	log_identity(&line, hook->session);
	log_string(&line, "event", event_table[hook->job.event].file);
	log_number(&line, "signal", (uint64_t)WTERMSIG(status));
	log_end(&line);
	return EXIT_TEMPFAIL;
}

static void press(struct hook *hook, int64_t now)
{
	struct log_line line;

	if (now < hook->deadline)
		return;
	if (hook->signalled++ == 0) {
		log_begin(&line, LOG_ERR, "program took too long");
		log_identity(&line, hook->session);
		log_string(&line, "event", event_table[hook->job.event].file);
		log_end(&line);
		kill(-hook->pid, SIGTERM);
		kill(-hook->pid, SIGCONT); /* a stopped program cannot act on SIGTERM */
		hook->deadline = now + (int64_t)JOB_GRACE * 1000;
		return;
	}
	kill(-hook->pid, SIGKILL);
	/* What has become another user cannot be killed, and is not waited for for ever. */
	if (hook->signalled > 2)
		finish(hook, EXIT_TEMPFAIL);
	else
		hook->deadline = now + REAP_TIME;
}

void hook_work(struct hook *hook, const struct pollfd *fds, unsigned count, int64_t now)
{
	int status;

	if (hook->job.done)
		return;
	for (unsigned i = 0; i < count; i++) {
		if (fds[i].revents == 0)
			continue;
		if (fds[i].fd == hook->out)
			read_stdout(hook);
		else if (fds[i].fd == hook->said.fd)
			said_read(&hook->said);
	}
	if (waitpid(hook->pid, &status, WNOHANG) == hook->pid)
		finish(hook, exit_code(hook, status));
	else
		press(hook, now);
}

void hook_kill(struct hook *hook)
{
	int status;

	if (hook->job.done || hook->pid <= 0)
		return;
	kill(-hook->pid, SIGKILL);
	for (int64_t end = clock_now() + REAP_TIME;
	     waitpid(hook->pid, &status, WNOHANG) == 0 && clock_now() < end;)
		poll(&(struct pollfd){ hook->process, POLLIN, 0 }, 1, hook->process < 0 ? 5 : 100);
	finish(hook, EXIT_TEMPFAIL);
}
