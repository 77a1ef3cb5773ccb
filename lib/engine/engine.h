/* SPDX-License-Identifier: ISC */
/*
 * engine.h - what every protocol engine looks like from outside.
 *
 * An engine is pure: bytes in, events out, verdicts in, bytes out.  It does no
 * I/O, reads no clock, takes no memory, and has no globals; the programs, the
 * unit tests, the transcripts and the fuzzers drive the same engine.
 *
 *	while ((next = engine->ops->step(engine, &input)) != ENGINE_CLOSE)
 *		switch (next) {
 *		case ENGINE_READ:    write engine->out, then read more into input; break;
 *		case ENGINE_CALL:    ask about engine->call, answer() call.answers times; break;
 *		case ENGINE_BODY:    append engine->body to the message; break;
 *		case ENGINE_CONTENT: give content() the next bytes of what the backend yields;
 *break; case ENGINE_DRAIN:   write engine->out, which is full; break;
 *		}
 *	write engine->out, then close: engine->end says why.
 *
 * The bytes that come out never depend on how the input was cut into reads.
 */
#ifndef MAILSESSION_ENGINE_H
#define MAILSESSION_ENGINE_H

#include "base/buffer.h"
#include "engine/verdict.h"

enum engine_next {
	ENGINE_READ,
	ENGINE_CALL,
	ENGINE_BODY,
	ENGINE_CONTENT,
	ENGINE_DRAIN,
	ENGINE_CLOSE,
};

/*
 * What the client sent and the engine has not consumed.  The engine moves `at`
 * forward and may rewrite the bytes between `at` and `len` in place (unstuffing).
 * Before reading on the driver may move the unconsumed bytes to the front. The storage
 * must hold ENGINE_INPUT_MIN octets at least, so that any line fits.
 */
struct input {
	char *base;
	size_t at;  /* consumed up to here */
	size_t len; /* octets present */
	bool eof;   /* nothing follows */
};

#define ENGINE_INPUT_MIN  16384
#define ENGINE_OUTPUT_MIN 16384

/*
 * One more piece of what a yielding event (LIST, RETRIEVE, TOP) yields.  While octets are left
 * the next steps say ENGINE_DRAIN and then ENGINE_CONTENT: those octets, with the same `last` and
 * `failed`, come first in the next call.  They are dropped at `enough` and at the next ENGINE_CALL.
 */
struct content {
	struct span bytes; /* in: present; out: what is left to do when `out` ran full */
	bool last;         /* in: no more bytes follow */
	bool failed;       /* in, with last: the program failed after it had begun */
	bool enough;       /* out: no more is wanted: the program may be stopped */
};

struct engine;
struct ahead;

struct engine_ops {
	/* Goes on until something is needed from outside. */
	enum engine_next (*step)(struct engine *engine, struct input *input);
	/* Answers engine->call. */
	void (*answer)(struct engine *engine, const struct verdict *verdict);
	/* After a yielding event was answered with exit 0 and step said ENGINE_CONTENT. */
	void (*content)(struct engine *engine, struct content *content);
	/*
	 * The driver ends the session (time-out, shutdown, limit, error): writes the farewell
	 * that the protocol wants, if it wants one. The next step says ENGINE_CLOSE.
	 */
	void (*stop)(struct engine *engine, enum session_end end);
	/* The word for SESSION_STATE. */
	const char *(*state)(const struct engine *engine);
	/*
	 * While engine->call awaits its answer: true when the next command will ask of the same
	 * event, whatever the answers before it, unless one of them ends the session;
	 * ahead->call is that question.  Nothing is consumed, and a driver need not look: ahead.h.
	 */
	bool (*ahead)(struct engine *engine, const struct input *input, struct ahead *ahead);
};

/* What the summary line counts, and what limits count. */
struct engine_counts {
	uint32_t commands;
	uint32_t errors;
	uint32_t in_row;        /* of the errors, since something went well */
	uint32_t auth_failures; /* failed logins */
	uint32_t messages;
	uint32_t recipients;
	uint64_t octets; /* of messages, as they crossed the wire */
};

struct engine {
	const struct engine_ops *ops;
	struct buffer out; /* reply octets to write; storage is the driver's, ENGINE_OUTPUT_MIN at
			      least */
	struct event_call call; /* valid at ENGINE_CALL until answered */
	struct span body;       /* valid at ENGINE_BODY until the next step */
	enum session_end end;   /* valid at ENGINE_CLOSE */
	/*
	 * Valid at ENGINE_CLOSE: the client was told to begin TLS. Nothing that was said in clear
	 * may survive: a fresh engine goes on behind it, of whose configuration `resumes` points
	 * to these counts.  Only after STARTTLS was handled, and answered with exit 0.
	 */
	bool secure;
	bool in_message; /* message data is awaited: the data time-out applies, not the idle one */
	unsigned failed_replies; /* 4xx/5xx and -ERR replies so far: --error-delay waits when it
				    grows */
	struct engine_counts counts;
};

#endif
