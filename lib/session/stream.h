/* SPDX-License-Identifier: ISC */
/*
 * stream.h - drives an engine over two descriptors.
 *
 * Replies are collected and written once, before the stream blocks in reading and before
 * a handler that may take its time is asked, nowhere else (RFC 2920 3.2).  Every wait has
 * a deadline.  The stream never changes the flags of its descriptors: they may be shared.
 */
#ifndef MAILSESSION_STREAM_H
#define MAILSESSION_STREAM_H

#include "base/clock.h"
#include "engine/engine.h"

#include <sys/types.h>

/*
 * Who answers the events of an engine: callbacks in this process.  The session programs'
 * own handler passes everything on to the runner.
 */
struct handler {
	void *context;
	/*
	 * Answers an event. `which` counts from 0 to call->answers - 1: the message of an LMTP
	 * transaction is answered once for each accepted recipient.  Leave the verdict as it is
	 * (VERDICT_NONE) to have no opinion.  Texts must live until the next call of the handler.
	 */
	void (*answer)(void *context, const struct event_call *call, unsigned which,
		       struct verdict *verdict);
	/* Takes octets of the message that belong to the next DELIVER; may be NULL. False ends the
	 * session. */
	bool (*body)(void *context, struct span bytes);
	/*
	 * What a yielding event yields: up to `len` octets, 0 at the end, -1 for a failure. May be
	 * NULL when no such event is handled.
	 */
	ssize_t (*content)(void *context, char *bytes, size_t len);
	/* No more of that is wanted, though it is not at its end; may be NULL. */
	void (*enough)(void *context);
	/* Before input is waited for: END_COUNT to go on, else the end of the session. May be NULL.
	 */
	enum session_end (*idle)(void *context);
	/* Events whose answer may take its time: replies are written before. */
	event_set slow;
	/* True when the next answer is there already, so that nothing is waited for; may be NULL.
	 */
	bool (*ready)(void *context);
	/*
	 * A descriptor that is watched while the client is waited for, or -1; when it can be read,
	 * `watched` is called: END_COUNT to go on, else the end of the session.
	 */
	int watch;
	enum session_end (*watched)(void *context);
};

/* All in seconds, 0 is none. */
struct stream_limits {
	uint32_t idle_timeout;    /* for one command, from the last reply on */
	uint32_t data_timeout;    /* between two blocks of a message */
	uint32_t session_timeout; /* for all of it */
	uint32_t min_rate;        /* octets a second of a message, over each data_timeout */
	uint32_t greeting_delay;
	uint32_t error_delay; /* before replies that say no */
};

#define STREAM_INPUT  65536
#define STREAM_OUTPUT 65536

struct stream {
	int in;
	int out;
	int trace;           /* the dialogue goes there, secrets masked; -1 none */
	char *input_bytes;   /* STREAM_INPUT octets of the caller's, for what the client sends */
	char *content_bytes; /* STREAM_INPUT octets for what yielding events yield; NULL when none
				is handled */
	struct stream_limits limits;
	/* the rest is the stream's own */
	bool in_socket;
	bool out_socket;
	bool gone;    /* the client takes no more replies; what it sent before still counts */
	bool yielded; /* the replies hold part of what a yielding event yielded */
	bool broken;  /* the session has to end */
	int64_t session_deadline;
	int64_t rate_deadline;
	uint64_t rate_octets;
	unsigned failed_replies;
	struct input input;
	struct content content;
};

/*
 * Runs a session from greeting to end and returns why it ended. `stream` has in, out, trace, its
 * storage and limits set, `engine` was set up with storage of its own. The descriptors stay open.
 */
MS_API enum session_end stream_run(struct stream *stream, struct engine *engine,
				   struct handler *handler);

/*
 * The same in parts, for one process to greet and another to go on: `in` and `out` may have other
 * numbers by then.  stream_greet is for when nobody has to be asked first, and there is no
 * greeting_delay: it says what comes before the first input, without waiting for the client to
 * take it, and reads nothing.
 */
void stream_begin(struct stream *stream, const struct engine *engine);
void stream_greet(struct stream *stream, struct engine *engine, struct handler *handler);
enum session_end stream_converse(struct stream *stream, struct engine *engine,
				 struct handler *handler);

#endif
