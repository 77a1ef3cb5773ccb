/* SPDX-License-Identifier: ISC */
/* serve.c - a co-process that answers many events: the co-process contract. */
#include "backend/serve.h"

#include "backend/spawn.h"
#include "base/descriptor.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* The most that one part may announce; what a yielding event yields in all has no limit but the
 * disk. */
#define PART_MAX ((uint64_t)1 << 40)

void serve_init(struct serve *serve, const char *session, const char *spool_dir,
		uint64_t spool_memory)
{
	serve->phase = SERVE_DOWN;
	serve->pid = 0;
	serve->process = serve->said.fd = serve->channel.fd = -1;
	serve->session = session;
	serve->job.done = true;
	serve->asked = serve->login = false;
	spool_init(&serve->parts, spool_dir, spool_memory);
}

static void log_serve(const struct serve *serve, const char *what, int error)
{
	struct log_line line;

	log_begin(&line, LOG_ERR, what);
	log_identity(&line, serve->session);
	log_string(&line, "event", "serve");
	if (error != 0)
		log_errno(&line, error);
	log_end(&line);
}

static void answer(struct serve *serve, int exit)
{
	if (serve->asked) {
		serve->job.exit = exit;
		serve->job.done = true;
		serve->asked = false;
	}
}

/* The co-process broke the contract, ended early or took too long. */
static void fail(struct serve *serve, const char *what, int error)
{
	log_serve(serve, what, error);
	serve_hang_up(serve);
	serve->deadline = clock_now(); /* it is told to end in the next turn */
	spool_close(&serve->parts);
	answer(serve, EXIT_TEMPFAIL);
}

void serve_adopt(struct serve *serve, int socket, pid_t pid, int err, uint32_t timeout)
{
	serve->pid = pid;
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
		log_serve(serve, wrong, 0);
		return false;
	}
	if (!spawn_socketpair(SOCK_STREAM, ends)) {
		log_serve(serve, "cannot make a socket pair", errno);
		return false;
	}
	if (!spawn_pipe(err)) {
		log_serve(serve, "cannot make a pipe", errno);
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
		log_serve(serve, "cannot run the program", errno);
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
		log_serve(serve, "cannot connect to the socket", errno);
		return false;
	}
	serve_adopt(serve, fd, 0, -1, timeout);
	return true;
}

static void digest(struct serve *serve);

/* ---- asking ------------------------------------------------------------------------------ */

/* The record that begins a call. */
static bool compose(struct serve *serve, const struct serve_call *call)
{
	struct buffer *out = &serve->out;

	buffer_clear(out);
	buffer_string(out, "call=");
	buffer_string(out, event_table[call->event].file);
	if (call->event == EVENT_COMMAND) {
		buffer_byte(out, '-');
		buffer_put(out, call->verb);
	}
	buffer_byte(out, '\n');
	if (!serve->asked_before)
		record_put(out, "can", SPAN("fds"));
	for (unsigned i = 0; i < call->count; i++) {
		buffer_string(out, call->environment[i]);
		buffer_byte(out, '\n');
	}
	if (call->envelope >= 0)
		record_put_number(out, call->event == EVENT_DELETE ? "length" : "envelope",
				  call->envelope_len);
	/* The message is the descriptor that comes along, or it follows; MESSAGE_SIZE tells its
	 * size. */
	if (call->message >= 0 && serve->can_fds)
		record_put(out, "fd", SPAN("1"));
	else if (call->message >= 0)
		record_put_number(out, "length", call->message_len);
	record_finish(out);
	return !out->overflow;
}

/*
 * Sends as much as the socket takes: the record, the envelope, the message.  When the
 * stream breaks, reading notices.
 */
static void send_some(struct serve *serve)
{
	char block[16384];

	while (serve->out_at < serve->out.len) {
		struct span rest = span_from(buffer_span(&serve->out), serve->out_at);
		ssize_t put =
			send(serve->channel.fd, rest.base, rest.len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (put < 0 && errno != EAGAIN && errno != EINTR)
			fail(serve, "cannot write to the co-process", errno);
		if (put < 0)
			return;
		serve->out_at += (size_t)put;
		if (serve->out_at < serve->out.len)
			continue;
		/* The next block of a body takes the record's place. */
		uint64_t *left =
			serve->envelope_left > 0 ? &serve->envelope_left : &serve->message_left;
		int from = serve->envelope_left > 0 ? serve->envelope : serve->message;
		size_t want = *left < sizeof(block) ? (size_t)*left : sizeof(block);
		ssize_t got = want == 0 ? 0 : fd_read(from, block, want);

		if (want > 0 && got <= 0) {
			fail(serve, "cannot read the message", got < 0 ? errno : 0);
			return;
		}
		*left -= (uint64_t)got;
		buffer_clear(&serve->out);
		serve->out_at = 0;
		buffer_put(&serve->out, (struct span){ block, (size_t)got });
	}
	serve->phase = SERVE_ANSWER;
	/* One that answers before it has read everything has been heard already. */
	digest(serve);
}

/* The first octet of a record carries the descriptor; the rest follows like any other bytes. */
static bool send_first(struct serve *serve)
{
	bool pass = serve->message >= 0 && serve->can_fds;

	if (pass &&
	    !channel_send(&serve->channel, span_first(buffer_span(&serve->out), 1), serve->message))
		return false;
	serve->out_at = pass ? 1 : 0;
	send_some(serve);
	return true;
}

static void begin(struct serve *serve)
{
	serve->phase = SERVE_SENDING;
	serve->asked_before = true;
	serve->said.lines = 0;
	if (!send_first(serve))
		fail(serve, "cannot write to the co-process", errno);
}

void serve_ask(struct serve *serve, const struct serve_call *call)
{
	job_begin(&serve->job, call->event);
	serve->asked = true;
	if (serve->phase != SERVE_READY) {
		answer(serve, EXIT_TEMPFAIL);
		return;
	}
	if ((serve->events & EVENT_BIT(call->event)) == 0) {
		answer(serve, VERDICT_NONE);
		return;
	}
	serve->envelope = call->envelope;
	serve->message = call->message;
	serve->envelope_left = call->envelope >= 0 ? call->envelope_len : 0;
	serve->message_left = call->message >= 0 && !serve->can_fds ? call->message_len : 0;
	serve->deadline = clock_deadline(clock_now(), call->timeout);
	spool_close(&serve->parts);
	if (compose(serve, call))
		begin(serve);
	else
		answer(serve, EXIT_TEMPFAIL);
}

/* ---- answers ----------------------------------------------------------------------------- */

/* The store is a daemon: the hook-runner, whom auth has reached, passes a connection to it. */
static void move(struct serve *serve)
{
	int fd = channel_take_fd(&serve->channel);

	if (fd < 0) {
		fail(serve, "the hook-runner passed no connection", 0);
		return;
	}
	channel_close(&serve->channel);
	fd_nonblocking(fd);
	channel_init(&serve->channel, fd, serve->in_bytes, sizeof(serve->in_bytes));
	serve->login = false;
}

static void hello(struct serve *serve, const struct record *record)
{
	struct span names = record_get(record, "events");
	struct span can = record_get(record, "can");

	if (serve->login && span_equal(record_get(record, "moved"), SPAN("1"))) {
		move(serve);
		return;
	}
	if (!span_equal(record_get(record, "hello"), SPAN("1"))) {
		fail(serve, "the co-process did not say hello=1", 0);
		return;
	}
	while (names.base != NULL) {
		struct span name = span_take(&names, ' ');
		enum event event =
			span_starts(name, SPAN("command-")) ? EVENT_COMMAND : event_by_name(name);

		if (event < EVENT_COUNT)
			serve->events |= EVENT_BIT(event);
	}
	while (can.base != NULL)
		serve->can_fds |= span_equal(span_take(&can, ' '), SPAN("fds"));
	serve->phase = SERVE_READY;
	serve->deadline = CLOCK_NEVER;
}

/* The call is answered: what it yielded becomes a descriptor. */
static void finish(struct serve *serve, int exit, bool passed)
{
	serve->phase = SERVE_READY;
	serve->deadline = CLOCK_NEVER;
	if (exit == EXIT_DONE && event_table[serve->job.event].kind == EVENT_YIELDS) {
		if (passed)
			serve->job.content = channel_take_fd(&serve->channel);
		else if (serve->parts.fd >= 0)
			serve->job.content = spool_reader(&serve->parts);
		if ((passed || serve->parts.error != 0) && serve->job.content < 0)
			exit = EXIT_TEMPFAIL;
	}
	spool_close(&serve->parts);
	/* Descriptors that nobody asked for are not the next call's. */
	for (int fd = channel_take_fd(&serve->channel); fd >= 0;
	     fd = channel_take_fd(&serve->channel))
		fd_close(&fd);
	answer(serve, exit);
}

static void part_begins(struct serve *serve, uint64_t len, bool last)
{
	serve->part_left = len;
	serve->last_part = last;
	serve->phase = SERVE_PART;
	if (len > 0 && serve->parts.fd < 0 && serve->parts.error == 0 &&
	    event_table[serve->job.event].kind == EVENT_YIELDS)
		spool_open(&serve->parts);
}

static void got_record(struct serve *serve, const struct record *record)
{
	uint64_t length, exit = 0;
	bool more = span_equal(record_get(record, "more"), SPAN("1"));
	bool passed = span_equal(record_get(record, "fd"), SPAN("1"));

	if (serve->phase == SERVE_HELLO) {
		hello(serve, record);
		return;
	}
	if (!record_number(record, "length", PART_MAX, 0, &length) ||
	    (!more && (record_get(record, "exit").base == NULL ||
		       !record_number(record, "exit", 255, 0, &exit)))) {
		fail(serve, "the co-process sent a malformed answer", 0);
		return;
	}
	serve->job.exit = (int)exit;
	if (!more && length == 0)
		finish(serve, (int)exit, passed);
	else
		part_begins(serve, length, !more);
}

/* Octets of a part. False: none are there yet. */
static bool read_part(struct serve *serve)
{
	char block[16384];
	size_t want = serve->part_left < sizeof(block) ? (size_t)serve->part_left : sizeof(block);
	ssize_t got = want == 0 ? 0 : channel_read(&serve->channel, block, want);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got < 0 || (got == 0 && want > 0)) {
		fail(serve, "the co-process ended early", got < 0 ? errno : 0);
		return false;
	}
	if (serve->parts.fd >= 0)
		spool_write(&serve->parts, (struct span){ block, (size_t)got });
	job_text(&serve->job, (struct span){ block, (size_t)got });
	serve->part_left -= (uint64_t)got;
	if (serve->part_left == 0) {
		serve->phase = SERVE_ANSWER;
		if (serve->last_part)
			finish(serve, serve->job.exit, false);
	}
	return true;
}

/*
 * What auth prints before it says no goes down the socket where the store would say hello: no
 * record, but text for the client.
 */
static void mutter(struct serve *serve)
{
	struct channel *channel = &serve->channel;

	serve->muttered = true;
	job_text(&serve->job, (struct span){ channel->base + channel->at, channel->len });
	channel->at = channel->len = 0;
}

/* Handles everything that is buffered. */
static void digest(struct serve *serve)
{
	struct record record;

	while (serve->phase == SERVE_HELLO || serve->phase == SERVE_ANSWER ||
	       serve->phase == SERVE_PART) {
		if (serve->phase == SERVE_PART) {
			if (!read_part(serve))
				return;
			continue;
		}
		switch (channel_next(&serve->channel, &record)) {
		case RECORD_OK:
			got_record(serve, &record);
			break;
		case RECORD_MORE:
			return;
		default:
			if (serve->login && serve->phase == SERVE_HELLO)
				mutter(serve);
			else
				fail(serve, "the co-process sent a malformed record", 0);
			return;
		}
	}
}

static void read_some(struct serve *serve)
{
	ssize_t got;

	if (serve->phase == SERVE_PART) {
		digest(serve);
		return;
	}
	got = channel_fill(&serve->channel);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0) {
		/* Nothing may come unasked. */
		if (serve->phase == SERVE_READY)
			fail(serve, "the co-process spoke without being asked", 0);
		else if (serve->muttered)
			mutter(serve);
		else
			digest(serve);
		return;
	}
	if (serve->login && serve->phase == SERVE_HELLO) {
		mutter(serve);
		serve_hang_up(serve);
	} else {
		fail(serve, "the co-process ended early", got < 0 ? errno : 0);
	}
}

/* ---- poll -------------------------------------------------------------------------------- */

unsigned serve_poll(const struct serve *serve, struct pollfd *fds)
{
	unsigned count = 0;
	short events = serve->phase == SERVE_SENDING ? POLLIN | POLLOUT : POLLIN;

	if (serve->channel.fd >= 0 && serve->phase != SERVE_DOWN)
		fds[count++] = (struct pollfd){ serve->channel.fd, events, 0 };
	if (serve->process >= 0 &&
	    (serve->phase == SERVE_DOWN || (serve->login && serve->phase == SERVE_HELLO)))
		fds[count++] = (struct pollfd){ serve->process, POLLIN, 0 };
	if (serve->said.fd >= 0)
		fds[count++] = (struct pollfd){ serve->said.fd, POLLIN, 0 };
	return count;
}

int64_t serve_deadline(const struct serve *serve)
{
	/* Without a pidfd the end of the process is seen by looking now and then. */
	if (serve->pid > 0 && serve->process < 0)
		return clock_earlier(serve->deadline, clock_now() + 20);
	return serve->pid > 0 || serve->channel.fd >= 0 ? serve->deadline : CLOCK_NEVER;
}

/* The process is gone: what it said last is read, and there will be no hello. */
static void end_of_process(struct serve *serve)
{
	if (serve->pid <= 0 || waitpid(serve->pid, &serve->status, WNOHANG) != serve->pid)
		return;
	serve->pid = 0;
	fd_close(&serve->process);
	if (serve->phase == SERVE_HELLO)
		read_some(serve);
	if (serve->phase == SERVE_HELLO)
		serve_hang_up(serve);
}

/* SIGTERM, SIGKILL, and in the end it is not waited for any more: it may have become another user.
 */
static void press(struct serve *serve, int64_t now)
{
	kill(-serve->pid, serve->signalled == 0 ? SIGTERM : SIGKILL);
	if (serve->signalled++ < 2) {
		serve->deadline = now + (int64_t)(serve->signalled == 1 ? JOB_GRACE : 1) * 1000;
		return;
	}
	log_serve(serve, "the co-process cannot be ended", 0);
	serve->pid = 0;
	fd_close(&serve->process);
}

void serve_work(struct serve *serve, const struct pollfd *fds, unsigned count, int64_t now)
{
	for (unsigned i = 0; i < count; i++) {
		if (fds[i].revents == 0)
			continue;
		if (fds[i].fd == serve->said.fd) {
			said_read(&serve->said);
		} else if (fds[i].fd == serve->channel.fd) {
			if ((fds[i].revents & POLLOUT) != 0)
				send_some(serve);
			if ((fds[i].revents & ~POLLOUT) != 0 && serve->phase != SERVE_DOWN)
				read_some(serve);
		}
	}
	/* Its end is taken notice of at once; a login is judged by it. */
	if (serve->phase == SERVE_DOWN || (serve->login && serve->phase == SERVE_HELLO))
		end_of_process(serve);
	if (now < serve->deadline)
		return;
	if (serve->phase != SERVE_DOWN) {
		fail(serve, "the co-process took too long", 0);
	} else if (serve->pid > 0) {
		press(serve, now);
	}
}

void serve_hang_up(struct serve *serve)
{
	if (serve->phase != SERVE_DOWN)
		channel_close(&serve->channel);
	serve->channel.fd = -1;
	serve->phase = SERVE_DOWN;
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
