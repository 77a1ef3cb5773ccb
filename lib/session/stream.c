/* SPDX-License-Identifier: ISC */
/* stream.c - drives an engine over two descriptors. */
#include "session/stream.h"

#include "base/descriptor.h"
#include "session/dialogue.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a wait ended with. */
enum wait {
	WAIT_READY,
	WAIT_TIMEOUT,
	WAIT_STOP, /* the handler's descriptor asked for an end */
};

static bool is_socket(int fd)
{
	int type;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0;
}

/*
 * Waits until `fd` (-1: nothing, just for the time) is ready; the handler's descriptor can
 * end the wait.
 */
static enum wait stream_wait(struct stream *stream, struct handler *handler, int fd, short events,
			     int64_t deadline, enum session_end *end)
{
	deadline = clock_earlier(deadline, stream->session_deadline);
	for (;;) {
		struct pollfd fds[2] = { { fd, events, 0 }, { handler->watch, POLLIN, 0 } };
		int64_t now = clock_now();
		int ready;

		/* Before anything that is ready: a peer that trickles is never out of input. */
		if (now >= deadline) {
			*end = END_TIMEOUT;
			return WAIT_TIMEOUT;
		}
		ready = poll(fds, 2, clock_poll_timeout(now, deadline));
		if (ready > 0 && fds[1].revents != 0) {
			*end = handler->watched(handler->context);
			if (*end != END_COUNT)
				return WAIT_STOP;
		}
		if (ready > 0 && fds[0].revents != 0)
			return WAIT_READY;
	}
}

/* One write that does not block once poll(2) said ready: sockets by flag, pipes by size. */
static ssize_t write_some(const struct stream *stream, struct span bytes)
{
	if (stream->out_socket)
		return send(stream->out, bytes.base, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	return fd_write(stream->out, span_first(bytes, bytes.len < 4096 ? bytes.len : 4096));
}

/*
 * Writes all replies; false when the session must end, and *end says why.  A client that has left
 * takes no replies, but a QUIT that it sent counts (RFC 1939 6) - unless a message did not reach
 * it, which it cannot have meant to lose.
 */
static bool drain(struct stream *stream, struct engine *engine, struct handler *handler,
		  enum session_end *end)
{
	struct buffer *out = &engine->out;
	size_t at = 0;

	if (stream->trace >= 0)
		dialogue_replies(stream->trace, buffer_span(out));
	while (at < out->len && !stream->gone) {
		struct span rest = span_from(buffer_span(out), at);
		ssize_t put = stream->out_socket ? write_some(stream, rest) : -1;
		int64_t deadline = clock_deadline(clock_now(), stream->limits.idle_timeout);

		if (put < 0 && (!stream->out_socket || errno == EAGAIN)) {
			enum wait wait;

			/* Shutting down does not cut a reply that the client is reading. */
			do
				wait = stream_wait(stream, handler, stream->out, POLLOUT, deadline,
						   end);
			while (wait == WAIT_STOP && *end == END_SHUTDOWN);
			if (wait == WAIT_READY)
				*end = END_COUNT;
			if (wait != WAIT_READY) {
				stream->gone = stream->broken = true;
				break;
			}
			put = write_some(stream, rest);
		}
		if (put > 0)
			at += (size_t)put;
		else if (put < 0 && errno != EAGAIN && errno != EINTR)
			stream->gone = true;
	}
	buffer_clear(out);
	stream->broken |= stream->gone && stream->yielded;
	stream->yielded = false;
	if (stream->broken && *end == END_COUNT)
		*end = END_EOF;
	return !stream->broken;
}

/* Has a reply said no that --error-delay holds back? */
static bool delayed(const struct stream *stream, const struct engine *engine)
{
	return !stream->gone && stream->limits.error_delay > 0 &&
	       engine->failed_replies != stream->failed_replies;
}

/* As drain, after the delay that replies which say no have earned. */
static bool flush(struct stream *stream, struct engine *engine, struct handler *handler,
		  enum session_end *end)
{
	if (engine->out.len == 0)
		return !stream->broken;
	if (delayed(stream, engine)) {
		int64_t deadline = clock_deadline(clock_now(), stream->limits.error_delay);
		enum session_end ignored;

		while (stream_wait(stream, handler, -1, 0, deadline, &ignored) == WAIT_READY)
			;
	}
	stream->failed_replies = engine->failed_replies;
	return drain(stream, engine, handler, end);
}

/* A message has to keep up the least rate over each period of data_timeout. */
static bool too_slow(struct stream *stream, const struct engine *engine, size_t got)
{
	int64_t now = clock_now();
	uint64_t least = (uint64_t)stream->limits.min_rate * stream->limits.data_timeout;
	bool slow;

	if (!engine->in_message || least == 0) {
		stream->rate_deadline = 0;
		return false;
	}
	if (stream->rate_deadline == 0) {
		stream->rate_deadline = clock_deadline(now, stream->limits.data_timeout);
		stream->rate_octets = 0;
	}
	stream->rate_octets += got;
	if (now < stream->rate_deadline)
		return false;
	slow = stream->rate_octets < least;
	stream->rate_deadline = clock_deadline(now, stream->limits.data_timeout);
	stream->rate_octets = 0;
	return slow;
}

/* Reads once. False: the session is to end for *end. */
static bool fill(struct stream *stream, const struct engine *engine, struct handler *handler,
		 int64_t command_deadline, enum session_end *end)
{
	struct input *input = &stream->input;
	int64_t deadline = engine->in_message
				   ? clock_deadline(clock_now(), stream->limits.data_timeout)
				   : command_deadline;
	ssize_t got;

	if (input->at > 0) {
		size_t left = input->len - input->at, from = input->at > left ? input->at : left;

		/* What is moved leaves no second copy: it may be a secret. */
		memmove(input->base, input->base + input->at, left);
		explicit_bzero(input->base + from, input->len - from);
		input->len = left;
		input->at = 0;
	}
	do {
		if (stream->gone && poll(&(struct pollfd){ stream->in, POLLIN, 0 }, 1, 0) != 1) {
			input->eof = true;
			return true;
		}
		if (stream_wait(stream, handler, stream->in, POLLIN, deadline, end) != WAIT_READY)
			return false;
		got = stream->in_socket ? recv(stream->in, input->base + input->len,
					       STREAM_INPUT - input->len, MSG_DONTWAIT)
					: fd_read(stream->in, input->base + input->len,
						  STREAM_INPUT - input->len);
	} while (got < 0 && (errno == EAGAIN || errno == EINTR));
	if (got <= 0)
		input->eof = true; /* a reset connection has ended too */
	else
		input->len += (size_t)got;
	if (got > 0 && too_slow(stream, engine, (size_t)got)) {
		*end = END_TIMEOUT;
		return false;
	}
	return true;
}

static bool answer(struct stream *stream, struct engine *engine, struct handler *handler,
		   enum session_end *end)
{
	struct event_call call = engine->call;
	bool slow = (handler->slow & EVENT_BIT(call.event)) != 0;

	for (unsigned which = 0; which < call.answers; which++) {
		struct verdict verdict = { .exit = VERDICT_NONE };

		/* What was decided is carried out even if the client takes no more replies. */
		if (slow && (delayed(stream, engine) || handler->ready == NULL ||
			     !handler->ready(handler->context)))
			flush(stream, engine, handler, end);
		handler->answer(handler->context, &call, which, &verdict);
		engine->ops->answer(engine, &verdict);
		if (buffer_room(&engine->out) < ENGINE_OUTPUT_MIN)
			flush(stream, engine, handler, end);
	}
	return !stream->broken;
}

/* Hands the engine the next piece of what a yielding event yields. */
static void feed(struct stream *stream, struct engine *engine, struct handler *handler)
{
	struct content *content = &stream->content;
	size_t before = engine->out.len;

	if (content->bytes.len == 0 && !content->last) {
		ssize_t got = handler->content == NULL
				      ? -1
				      : handler->content(handler->context, stream->content_bytes,
							 STREAM_INPUT);

		content->bytes = (struct span){ stream->content_bytes, got > 0 ? (size_t)got : 0 };
		content->last = got <= 0;
		content->failed = got < 0;
	}
	engine->ops->content(engine, content);
	if (content->enough && handler->enough != NULL)
		handler->enough(handler->context);
	stream->yielded |= engine->out.len != before;
}

void stream_begin(struct stream *stream, const struct engine *engine)
{
	stream->in_socket = is_socket(stream->in);
	stream->out_socket = stream->in == stream->out ? stream->in_socket : is_socket(stream->out);
	stream->gone = stream->yielded = stream->broken = false;
	stream->session_deadline = clock_deadline(clock_now(), stream->limits.session_timeout);
	stream->rate_deadline = 0;
	stream->failed_replies = engine->failed_replies;
	stream->input = (struct input){ .base = stream->input_bytes };
	stream->content = (struct content){ .last = false };
}

void stream_greet(struct stream *stream, struct engine *engine, struct handler *handler)
{
	enum session_end ignored = END_COUNT;
	struct buffer *out = &engine->out;
	ssize_t put;

	while (engine->ops->step(engine, &stream->input) == ENGINE_CALL)
		answer(stream, engine, handler, &ignored);
	put = stream->out_socket && out->len > 0 ? write_some(stream, buffer_span(out)) : 0;
	if (put <= 0)
		return;
	if (stream->trace >= 0)
		dialogue_replies(stream->trace, span_first(buffer_span(out), (size_t)put));
	out->len -= (size_t)put;
	memmove(out->base, out->base + put, out->len);
}

enum session_end stream_converse(struct stream *stream, struct engine *engine,
				 struct handler *handler)
{
	enum session_end end = END_COUNT, ignored = END_COUNT;
	int64_t deadline = CLOCK_NEVER;
	bool fresh = true, alive = true;

	if (stream->limits.greeting_delay > 0)
		stream_wait(stream, handler, -1, 0,
			    clock_deadline(clock_now(), stream->limits.greeting_delay), &ignored);
	for (;;) {
		size_t before = stream->input.at;
		bool in_message = engine->in_message;
		uint32_t commands = engine->counts.commands;
		enum engine_next next = engine->ops->step(engine, &stream->input);

		if (stream->trace >= 0)
			dialogue_input(stream->trace, &stream->input, before, in_message);
		/* A command or a message begins a new wait; octets of a line do not. */
		fresh |= in_message || engine->counts.commands != commands;
		/* What did not fit into the replies is given again when they have been written. */
		if (next != ENGINE_CONTENT && next != ENGINE_DRAIN)
			stream->content = (struct content){ .last = false };
		switch (next) {
		case ENGINE_CALL:
			alive = answer(stream, engine, handler, &end);
			break;
		case ENGINE_BODY:
			alive = handler->body == NULL ||
				handler->body(handler->context, engine->body);
			if (!alive)
				end = END_ERROR;
			break;
		case ENGINE_CONTENT:
			feed(stream, engine, handler);
			break;
		case ENGINE_DRAIN:
			alive = drain(stream, engine, handler, &end);
			break;
		case ENGINE_READ:
			alive = flush(stream, engine, handler, &end);
			if (alive && handler->idle != NULL) {
				end = handler->idle(handler->context);
				alive = end == END_COUNT;
			}
			if (fresh)
				deadline = clock_deadline(clock_now(), stream->limits.idle_timeout);
			fresh = false;
			alive = alive && fill(stream, engine, handler, deadline, &end);
			break;
		case ENGINE_CLOSE:
			/* A reply that was not written has told nobody to begin TLS. */
			engine->secure &= flush(stream, engine, handler, &end);
			return engine->end;
		}
		if (!alive || stream->broken) {
			engine->secure = false;
			engine->ops->stop(engine, end);
			flush(stream, engine, handler, &end);
			engine->end = end;
			return end;
		}
	}
}

enum session_end stream_run(struct stream *stream, struct engine *engine, struct handler *handler)
{
	stream_begin(stream, engine);
	return stream_converse(stream, engine, handler);
}
