/* SPDX-License-Identifier: ISC */
/* serve.c - asking a co-process, and taking its answers: the co-process contract. */
#include "backend/serve_private.h"

#include "base/descriptor.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static void digest(struct serve *serve);

/* The most that one part may announce; what a yielding event yields in all has no limit but the
 * disk. */
#define PART_MAX ((uint64_t)1 << 40)

void serve_answer(struct serve *serve, int exit)
{
	if (serve->asked) {
		serve->job.exit = exit;
		serve->job.done = true;
		serve->asked = false;
	}
}

/* Adds the record that begins a call to `out`, if it has no more than `most` octets. */
static bool compose(struct serve *serve, const struct serve_call *call, size_t most)
{
	struct buffer out = { serve->out.base + serve->out.len, 0, most, false };

	buffer_string(&out, "call=");
	buffer_string(&out, event_table[call->event].file);
	if (call->event == EVENT_COMMAND) {
		buffer_byte(&out, '-');
		buffer_put(&out, call->verb);
	}
	buffer_byte(&out, '\n');
	if (!serve->asked_before)
		record_put(&out, "can", SPAN("fds"));
	if (serve->can_ahead)
		record_put_number(&out, "number", serve->calls + 1);
	for (unsigned i = 0; i < call->count; i++) {
		buffer_string(&out, call->environment[i]);
		buffer_byte(&out, '\n');
	}
	if (call->envelope >= 0)
		record_put_number(&out, call->event == EVENT_DELETE ? "length" : "envelope",
				  call->envelope_len);
	/* The message is the descriptor that comes along, or it follows; MESSAGE_SIZE tells its
	 * size. */
	if (call->message >= 0 && serve->can_fds)
		record_put(&out, "fd", SPAN("1"));
	else if (call->message >= 0)
		record_put_number(&out, "length", call->message_len);
	record_finish(&out);
	if (out.overflow)
		return false;
	serve->out.len += out.len;
	serve->calls++;
	serve->asked_before = true;
	return true;
}

/* Octets of a body behind what is to be sent, as far as there is room. False: they cannot be read.
 */
static bool take_body(struct serve *serve, int from, uint64_t *left)
{
	struct buffer *out = &serve->out;
	size_t room = out->len < RECORD_MAX ? RECORD_MAX - out->len : 0;
	size_t want = *left < room ? (size_t)*left : room;
	ssize_t got = want == 0 ? 0 : fd_read(from, out->base + out->len, want);

	if (want > 0 && got <= 0) {
		serve_fail(serve, "cannot read the message", got < 0 ? errno : 0);
		return false;
	}
	out->len += (size_t)got;
	*left -= (uint64_t)got;
	return true;
}

/* The envelope, then the message, which is none where it goes along as a descriptor. */
static bool take_bodies(struct serve *serve)
{
	return take_body(serve, serve->envelope, &serve->envelope_left) &&
	       (serve->envelope_left > 0 || take_body(serve, serve->message, &serve->message_left));
}

/* Sends once: a descriptor goes along with the first octet of its record. */
static ssize_t put_some(struct serve *serve)
{
	struct span rest = span_from(buffer_span(&serve->out), serve->out_at);
	bool now = serve->passing >= 0 && serve->out_at == serve->pass_at;
	ssize_t put;

	if (serve->passing >= 0 && !now)
		rest = span_first(rest, serve->pass_at - serve->out_at);
	put = channel_offer(&serve->channel, rest, &serve->passing, now ? 1 : 0);
	if (put > 0 && now)
		serve->passing = -1;
	return put;
}

/*
 * Sends as much as the socket takes: calls, and behind the last of them its envelope and message.
 * When the stream breaks, reading notices.
 */
static void send_some(struct serve *serve)
{
	while (serve->out_at < serve->out.len) {
		ssize_t put = put_some(serve);

		if (put < 0 && errno != EAGAIN)
			serve_fail(serve, "cannot write to the co-process", errno);
		if (put < 0)
			return;
		serve->out_at += (size_t)put;
		if (serve->out_at < serve->out.len)
			continue;
		/* The next block of a body takes the record's place. */
		serve->out.len = serve->out_at = 0;
		if (!take_bodies(serve))
			return;
	}
	if (serve->phase != SERVE_SENDING)
		return;
	serve->phase = SERVE_ANSWER;
	/* One that answers before it has read everything has been heard already. */
	digest(serve);
}

/* The turn of a call about `event` has come. */
static void begin(struct serve *serve, enum event event)
{
	job_begin(&serve->job, event);
	serve->asked = true;
	serve->said.lines = 0;
	serve->said.event = event_table[event].file;
	spool_close(&serve->parts);
}

bool serve_ask_ahead(struct serve *serve, const struct serve_call *call)
{
	if (serve->out.len >= RECORD_MAX || !compose(serve, call, RECORD_MAX - serve->out.len))
		return false;
	serve->ahead++;
	return true;
}

bool serve_came_to(struct serve *serve, enum event event, uint32_t timeout)
{
	if (serve->ahead == 0)
		return false;
	serve->ahead--;
	begin(serve, event);
	serve->deadline = clock_deadline(clock_now(), timeout);
	serve->phase = SERVE_ANSWER;
	send_some(serve);
	/* It may have been quicker than we are. */
	digest(serve);
	if (serve->phase == SERVE_ANSWER)
		serve_read(serve);
	return true;
}

void serve_withdraw(struct serve *serve)
{
	serve->void_answers += serve->ahead;
	serve->ahead = 0;
}

void serve_ask(struct serve *serve, const struct serve_call *call)
{
	size_t unsent = serve->out.len;

	begin(serve, call->event);
	if (serve->phase != SERVE_READY) {
		serve_answer(serve, EXIT_TEMPFAIL);
		return;
	}
	if ((serve->events & EVENT_BIT(call->event)) == 0) {
		serve_answer(serve, VERDICT_NONE);
		return;
	}
	/* What is there already would be taken for the answer. */
	if (serve->channel.len > 0 && serve->void_answers == 0) {
		serve_fail(serve, "the co-process spoke without being asked", 0);
		return;
	}
	if (!compose(serve, call, RECORD_MAX)) {
		serve_answer(serve, EXIT_TEMPFAIL);
		return;
	}
	serve->envelope = call->envelope;
	serve->message = call->message;
	serve->passing = serve->can_fds ? call->message : -1;
	serve->envelope_left = call->envelope >= 0 ? call->envelope_len : 0;
	serve->message_left = call->message >= 0 && !serve->can_fds ? call->message_len : 0;
	serve->pass_at = unsent;
	serve->deadline = clock_deadline(clock_now(), call->timeout);
	serve->phase = SERVE_SENDING;
	if (take_bodies(serve))
		send_some(serve);
}

static void hello(struct serve *serve, const struct record *record)
{
	struct span names = record_get(record, "events");
	struct span can = record_get(record, "can");

	if (serve->login && span_equal(record_get(record, "moved"), SPAN("1"))) {
		serve_move(serve);
		return;
	}
	if (!span_equal(record_get(record, "hello"), SPAN("1"))) {
		serve_fail(serve, "the co-process did not say hello=1", 0);
		return;
	}
	while (names.base != NULL) {
		struct span name = span_take(&names, ' ');
		enum event event =
			span_starts(name, SPAN("command-")) ? EVENT_COMMAND : event_by_name(name);

		if (event < EVENT_COUNT)
			serve->events |= EVENT_BIT(event);
	}
	while (can.base != NULL) {
		struct span word = span_take(&can, ' ');

		serve->can_fds |= span_equal(word, SPAN("fds"));
		serve->can_ahead |= span_equal(word, SPAN("ahead"));
	}
	serve->phase = SERVE_READY;
	serve->deadline = CLOCK_NEVER;
}

/* The answer to a call that was withdrawn. */
static void forget(struct serve *serve, int fd)
{
	fd_close(&fd);
	spool_close(&serve->parts);
	serve->job.text_len = 0;
	serve->void_answers--;
	serve->phase = SERVE_ANSWER;
}

/* What the call yielded becomes a descriptor: `fd`, the one that was passed, or what came in parts.
 * The exit code then. */
static int yield(struct serve *serve, bool passed, int fd)
{
	if (passed)
		serve->job.content = fd;
	else if (serve->parts.fd >= 0)
		serve->job.content = spool_reader(&serve->parts);
	return (passed || serve->parts.error != 0) && serve->job.content < 0 ? EXIT_TEMPFAIL
									     : EXIT_DONE;
}

/* The call is answered. */
static void finish(struct serve *serve, int exit, bool passed)
{
	bool others = serve->ahead > 0 || serve->void_answers > 0;
	int fd = passed ? channel_take_fd(&serve->channel) : -1;

	if (passed && fd < 0 && others) {
		/* Nor can be told any more whose the next one is. */
		serve_fail(serve, "the co-process passed no descriptor", 0);
		return;
	}
	if (serve->void_answers > 0) {
		forget(serve, fd);
		return;
	}
	serve->phase = SERVE_READY;
	serve->deadline = CLOCK_NEVER;
	if (exit == EXIT_DONE && event_yields(serve->job.event))
		exit = yield(serve, passed, fd);
	else
		fd_close(&fd);
	spool_close(&serve->parts);
	/* Descriptors that nobody asked for are not the next call's. */
	while ((!others || serve->channel.len == 0) && serve->channel.fd_count > 0) {
		fd = channel_take_fd(&serve->channel);
		fd_close(&fd);
	}
	serve_answer(serve, exit);
}

static void part_begins(struct serve *serve, uint64_t len, bool last)
{
	serve->part_left = len;
	serve->last_part = last;
	serve->phase = SERVE_PART;
	if (len > 0 && serve->parts.fd < 0 && serve->parts.error == 0 &&
	    event_yields(serve->job.event))
		spool_open(&serve->parts);
}

/* One answer too many, or too few, must not be taken for another call's. */
static bool answers_next(struct serve *serve, const struct record *record)
{
	uint64_t number;

	serve->answers++;
	return !serve->can_ahead || (record_number(record, "number", UINT32_MAX, 0, &number) &&
				     number == serve->answers);
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
		serve_fail(serve, "the co-process sent a malformed answer", 0);
		return;
	}
	if (!more && !answers_next(serve, record)) {
		serve_fail(serve, "the co-process answered another call", 0);
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
	static char block[16384];
	size_t want = serve->part_left < sizeof(block) ? (size_t)serve->part_left : sizeof(block);
	ssize_t got = want == 0 ? 0 : channel_read(&serve->channel, block, want);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got < 0 || (got == 0 && want > 0)) {
		serve_fail(serve, "the co-process ended early", got < 0 ? errno : 0);
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
				serve_fail(serve, "the co-process sent a malformed record", 0);
			return;
		}
	}
}

void serve_read(struct serve *serve)
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
			serve_fail(serve, "the co-process spoke without being asked", 0);
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
		serve_fail(serve, "the co-process ended early", got < 0 ? errno : 0);
	}
}

unsigned serve_poll(const struct serve *serve, struct pollfd *fds)
{
	unsigned count = 0;
	short events = serve->out_at < serve->out.len ? POLLIN | POLLOUT : POLLIN;
	/* What is answered to a call ahead waits until that is come to. */
	bool early = serve->phase == SERVE_READY && (serve->ahead > 0 || serve->void_answers > 0);

	if (serve->channel.fd >= 0 && serve->phase != SERVE_DOWN && !early)
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
				serve_read(serve);
		}
	}
	/* Its end is taken notice of at once; a login is judged by it. */
	if (serve->phase == SERVE_DOWN || (serve->login && serve->phase == SERVE_HELLO))
		serve_notice(serve);
	if (now < serve->deadline)
		return;
	if (serve->phase != SERVE_DOWN) {
		serve_fail(serve, "the co-process took too long", 0);
	} else if (serve->pid > 0) {
		serve_press(serve, now);
	}
}
