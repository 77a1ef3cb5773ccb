/* SPDX-License-Identifier: ISC */
/* serve_process.c - starting, reaching and ending a co-process. */
#include "backend/serve_private.h"

#include "backend/spawn.h"
#include "base/descriptor.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

void serve_init(struct serve *serve, const char *session, const char *spool_dir,
		uint64_t spool_memory)
{
	serve->phase = SERVE_DOWN;
	serve->pid = 0;
	serve->process = serve->said.fd = serve->channel.fd = -1;
	serve->session = session;
	job_begin(&serve->job, EVENT_COUNT); /* what it says is looked at even if it never runs */
	serve->job.done = true;
	serve->asked = serve->login = false;
	spool_init(&serve->parts, spool_dir, spool_memory);
}

/* One line about the co-process; `error` is an errno, or 0. */
static void log_trouble(const struct serve *serve, const char *what, int error)
{
	struct log_line line;

	log_begin(&line, LOG_ERR, what);
	log_identity(&line, serve->session);
	log_string(&line, "event", "serve");
	if (error != 0)
		log_errno(&line, error);
	log_end(&line);
}

/* The co-process broke the contract, ended early or took too long. */
void serve_fail(struct serve *serve, const char *what, int error)
{
	log_trouble(serve, what, error);
	serve_hang_up(serve);
	serve->deadline = clock_now(); /* it is told to end in the next turn */
}

void serve_adopt(struct serve *serve, int socket, pid_t pid, int err, uint32_t timeout)
{
	serve->pid = pid;
	serve->status = 0;
	serve->signalled = 0;
	serve->process = pid > 0 ? spawn_pidfd(pid) : -1;
	serve->said.fd = -1;
	if (err >= 0)
		said_begin(&serve->said, err, "serve", serve->session);
	fd_nonblocking(socket);
	channel_init(&serve->channel, socket, serve->in_bytes, sizeof(serve->in_bytes));
	serve->out = BUFFER(serve->out_bytes);
	serve->phase = SERVE_HELLO;
	serve->events = 0;
	serve->can_ahead = false;
	serve->ahead = serve->void_answers = 0;
	serve->calls = serve->answers = 0;
	serve->out_at = 0;
	serve->envelope_left = serve->message_left = 0;
	serve->passing = -1;
	serve->can_fds = serve->asked_before = serve->asked = serve->muttered = false;
	job_begin(&serve->job, EVENT_AUTH);
	serve->job.done = true;
	serve->deadline = clock_deadline(clock_now(), timeout);
}

bool serve_start(struct serve *serve, const char *path, char *const *environment, uint32_t timeout)
{
	char *const argv[] = { (char *)(uintptr_t)path, (char *)(uintptr_t) "serve", NULL };
	const char *wrong = spawn_unfit(path);
	int ends[2], err[2];
	pid_t pid;

	if (wrong != NULL) {
		log_trouble(serve, wrong, 0);
		return false;
	}
	if (!spawn_socketpair(SOCK_STREAM, ends)) {
		log_trouble(serve, "cannot make a socket pair", errno);
		return false;
	}
	if (!spawn_pipe(err)) {
		log_trouble(serve, "cannot make a pipe", errno);
		fd_close(&ends[0]);
		fd_close(&ends[1]);
		return false;
	}
	pid = spawn_program(&(struct spawn){
		.path = path,
		.argv = argv,
		.envp = environment,
		.fds = { ends[1], ends[1], err[1], -1, -1 },
	});
	if (pid < 0)
		log_trouble(serve, "cannot run the program", errno);
	fd_close(&ends[1]);
	fd_close(&err[1]);
	if (pid < 0) {
		fd_close(&ends[0]);
		fd_close(&err[0]);
		return false;
	}
	serve_adopt(serve, ends[0], pid, err[0], timeout);
	return true;
}

int serve_dial(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && (!spawn_raise_fd(&fd) ||
			connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0))
		fd_close(&fd);
	return fd;
}

bool serve_connect(struct serve *serve, const char *path, uint32_t timeout)
{
	int fd = serve_dial(path);

	if (fd < 0) {
		log_trouble(serve, "cannot connect to the socket", errno);
		return false;
	}
	serve_adopt(serve, fd, 0, -1, timeout);
	return true;
}

/* The store is a daemon: the hook-runner, whom auth has reached, passes a connection to it. */
void serve_move(struct serve *serve)
{
	int fd = channel_take_fd(&serve->channel);

	if (fd < 0) {
		serve_fail(serve, "the hook-runner passed no connection", 0);
		return;
	}
	channel_close(&serve->channel);
	fd_nonblocking(fd);
	channel_init(&serve->channel, fd, serve->in_bytes, sizeof(serve->in_bytes));
	serve->login = false;
}

void serve_hang_up(struct serve *serve)
{
	if (serve->phase != SERVE_DOWN)
		channel_close(&serve->channel);
	serve->channel.fd = -1;
	serve->ahead = serve->void_answers = 0;
	serve->phase = SERVE_DOWN;
	spool_close(&serve->parts);
	serve_answer(serve, EXIT_TEMPFAIL);
}

void serve_end(struct serve *serve)
{
	serve_hang_up(serve);
	serve->deadline = clock_deadline(clock_now(), JOB_GRACE);
}

bool serve_gone(struct serve *serve)
{
	if (serve->pid > 0 && waitpid(serve->pid, &serve->status, WNOHANG) != serve->pid)
		return false;
	serve->pid = 0;
	fd_close(&serve->process);
	said_end(&serve->said);
	return true;
}

/* The process is gone: what it said last is read, and there will be no hello. */
void serve_notice(struct serve *serve)
{
	if (serve->pid <= 0 || waitpid(serve->pid, &serve->status, WNOHANG) != serve->pid)
		return;
	serve->pid = 0;
	fd_close(&serve->process);
	if (serve->phase == SERVE_HELLO)
		serve_read(serve);
	if (serve->phase == SERVE_HELLO)
		serve_hang_up(serve);
}

/* SIGTERM, SIGKILL, and in the end it is not waited for any more: it may have become another user.
 */
void serve_press(struct serve *serve, int64_t now)
{
	kill(-serve->pid, serve->signalled == 0 ? SIGTERM : SIGKILL);
	if (serve->signalled++ < 2) {
		serve->deadline = now + (int64_t)(serve->signalled == 1 ? JOB_GRACE : 1) * 1000;
		return;
	}
	log_trouble(serve, "the co-process cannot be ended", 0);
	serve->pid = 0;
	fd_close(&serve->process);
}
