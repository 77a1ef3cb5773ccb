/* SPDX-License-Identifier: ISC */
/* wait.c - waiting for programs, the parser and signals in one place. */
#include "session/runner.h"

#include "base/descriptor.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Hooks that run at the same time but for parallel deliveries. */
#define HOOKS_FEW    2
#define POLL_FDS_MAX (5 + RUNNER_HOOKS_MAX * HOOK_POLL_FDS + RUNNER_DELIVERIES_MAX * SERVE_POLL_FDS)

/* Milliseconds until a parser that reads nothing is told again to end. */
#define SHUT_DOWN_RETRY 100

/* SIGTERM: the client may go on until the drain time is over. */
static void take_signal(struct runner *runner)
{
	struct signalfd_siginfo info;

	if (read(runner->signals, &info, sizeof(info)) != (ssize_t)sizeof(info) || runner->draining)
		return;
	runner->draining = true;
	runner->drain_deadline = clock_now() + (int64_t)runner->options->drain * 1000;
}

/* The drain time is over: the parser says 421 and ends. */
static void shut_down(struct runner *runner)
{
	struct answer answer = { .kind = ANSWER_SHUTDOWN, .verdict = { .exit = VERDICT_NONE } };
	char bytes[64];
	struct buffer buffer = BUFFER(bytes);

	answer_put(&buffer, &answer);
	if (!frame_offer(runner->control, buffer_span(&buffer), NULL, 0) && errno == EAGAIN)
		runner->drain_deadline = clock_now() + SHUT_DOWN_RETRY;
	else
		runner->drain_deadline = CLOCK_NEVER;
}

/*
 * Deliveries and deletions that have begun run to their limit, and what is merely told of something
 * to its own: the parser does not wait for that.
 */
static bool survives(enum event event)
{
	return event == EVENT_DELIVER || event == EVENT_DELETE ||
	       event_table[event].kind == EVENT_INFORMS;
}

/* The parser has ended while something was waited for: whatever need not be finished ends too. */
static void lose_parser(struct runner *runner)
{
	struct serve *serve = runner->serve;

	if (runner->parser_gone)
		return;
	runner->parser_gone = true;
	runner_forget_client(runner);
	runner->inform_until = clock_deadline(clock_now(), runner->options->hook_timeout);
	for (unsigned i = 0; i < runner->hook_count; i++) {
		if (!survives(runner->hooks[i]->job.event))
			hook_kill(runner->hooks[i]);
	}
	if (serve == NULL ||
	    (serve->phase != SERVE_HELLO && (serve->job.done || survives(serve->job.event))))
		return;
	serve_hang_up(serve);
}

struct turn runner_turn(struct runner *runner, bool listen, bool receive)
{
	static struct pollfd many[POLL_FDS_MAX];
	static unsigned many_first[RUNNER_HOOKS_MAX + RUNNER_DELIVERIES_MAX + 2];
	struct pollfd few[5 + HOOKS_FEW * HOOK_POLL_FDS + SERVE_POLL_FDS];
	unsigned few_first[HOOKS_FEW + 2];
	/* An idle session keeps to the stack, and to little of it. */
	bool fits = runner->hook_count <= HOOKS_FEW && runner->crew_count == 0;
	struct pollfd *fds = fits ? few : many;
	unsigned *first = fits ? few_first : many_first, count = 0, hooks = runner->hook_count, i;
	unsigned serves = runner->serve == NULL ? 0 : 1 + runner->crew_count;
	int64_t deadline = clock_earlier(runner->drain_deadline, runner->wake), now = clock_now();
	struct turn turn = { false, false, false };

	/* What the parser reads late may have taken turns, in which what is waited for has come. */
	if (runner_send_answers(runner))
		return turn;
	/* What a filter that has ended left running need not read. */
	if (runner->filter_full && runner->filter->job.done)
		runner_starve_filter(runner);
	/* Without events just the end of the parser is seen; its last frames may still be unread
	 * then. */
	fds[count++] = (struct pollfd){ runner->parser_gone && !listen ? -1 : runner->control,
					listen              ? POLLIN
					: runner->answering ? POLLOUT
							    : 0,
					0 };
	if (runner->filter_full)
		fds[count++] = (struct pollfd){ receive ? runner->filter_in : -1, POLLOUT, 0 };
	else
		fds[count++] = (struct pollfd){ receive ? runner->pipe : -1, POLLIN, 0 };
	fds[count++] = (struct pollfd){ runner->signals, POLLIN, 0 };
	fds[count++] = (struct pollfd){ runner->filter_out, POLLIN, 0 };
	fds[count++] = (struct pollfd){ runner->awaited, POLLIN, 0 };
	for (i = 0; i < hooks; i++) {
		first[i] = count;
		if (runner->hooks[i]->job.done)
			continue;
		count += hook_poll(runner->hooks[i], fds + count);
		deadline = clock_earlier(deadline, hook_deadline(runner->hooks[i]));
	}
	for (i = 0; i < serves; i++) {
		const struct serve *serve = i == 0 ? runner->serve : runner->crew[i - 1];

		first[hooks + i] = count;
		count += serve_poll(serve, fds + count);
		deadline = clock_earlier(deadline, serve_deadline(serve));
	}
	first[hooks + serves] = count;
	if (poll(fds, count, clock_poll_timeout(now, deadline)) < 0)
		return turn;
	now = clock_now();
	if (fds[2].revents != 0)
		take_signal(runner);
	if (fds[3].revents != 0)
		runner_filtered(runner);
	for (i = 0; i < hooks; i++)
		hook_work(runner->hooks[i], fds + first[i], first[i + 1] - first[i], now);
	for (; i < hooks + serves; i++)
		serve_work(i == hooks ? runner->serve : runner->crew[i - hooks - 1], fds + first[i],
			   first[i + 1] - first[i], now);
	if (now >= runner->drain_deadline)
		shut_down(runner);
	if ((fds[0].revents & ~POLLOUT) != 0 && !listen)
		lose_parser(runner);
	turn.control = fds[0].revents != 0 && listen;
	turn.pipe = fds[1].revents != 0;
	turn.awaited = fds[4].revents != 0;
	return turn;
}

struct hook *runner_hook(struct runner *runner)
{
	static struct hook storage[RUNNER_HOOKS_MAX];
	struct hook **place;

	if (runner->hook_count == RUNNER_HOOKS_MAX)
		return NULL;
	/* Behind those in use the list holds released ones, and then none. */
	place = &runner->hooks[runner->hook_count];
	if (*place == NULL)
		*place = &storage[runner->hook_count];
	runner->hook_count++;
	runner->has_run = true;
	job_begin(&(*place)->job, EVENT_COUNT);
	(*place)->job.done = true;
	return *place;
}

void runner_release(struct runner *runner, struct hook *hook)
{
	for (unsigned i = 0; i < runner->hook_count; i++) {
		if (runner->hooks[i] != hook)
			continue;
		hook_kill(hook);
		if (hook->job.event == EVENT_SECRET)
			explicit_bzero(hook->job.text, hook->job.text_len);
		runner->hooks[i] = runner->hooks[--runner->hook_count];
		runner->hooks[runner->hook_count] = hook;
		return;
	}
}

void runner_wait(struct runner *runner, const struct job *job)
{
	int64_t began = clock_now();

	while (!job->done)
		runner_turn(runner, false, false);
	runner->hook_time += clock_now() - began;
}

void runner_end_serve(struct runner *runner)
{
	if (runner->serve == NULL)
		return;
	serve_end(runner->serve);
	for (unsigned i = 0; i < runner->crew_count; i++)
		serve_end(runner->crew[i]);
	while (!serve_gone(runner->serve))
		runner_turn(runner, false, false);
	for (unsigned i = 0; i < runner->crew_count; i++) {
		while (!serve_gone(runner->crew[i]))
			runner_turn(runner, false, false);
	}
}

/* Kills what was left behind by programs: as a subreaper we are its parent. */
static bool kill_children(void)
{
	char text[4096];
	int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : fd_read(fd, text, sizeof(text) - 1);
	char *at = text;

	fd_close(&fd);
	if (got <= 0)
		return false;
	text[got] = '\0';
	for (;;) {
		char *end;
		long pid = strtol(at, &end, 10);

		/* Without a blank behind it the last number may have been cut. */
		if (end == at || pid <= 0 || *end != ' ')
			return true;
		kill((pid_t)pid, SIGKILL);
		at = end;
	}
}

void runner_sweep(struct runner *runner)
{
	int status;

	while (runner->hook_count > 0)
		runner_release(runner, runner->hooks[0]);
	/*
	 * Each round kills what it finds.  Bounded: a fork bomb is not ours to outrun, and what has
	 * become another user cannot be killed.
	 */
	for (unsigned round = 0; round < 100; round++) {
		pid_t pid;

		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			;
		if (pid < 0 || !kill_children())
			return;
		poll(NULL, 0, 5);
	}
}
