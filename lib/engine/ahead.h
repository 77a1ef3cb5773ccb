/* SPDX-License-Identifier: ISC */
/*
 * ahead.h - a look at the commands behind the one that is being answered.
 *
 * A client that pipelines has sent them already.  Where it is certain what the engine will
 * ask about them, a driver can ask all of it at once, and need not wait for each answer
 * before it puts the next question (RFC 2920, RFC 2449 6.6).
 */
#ifndef MAILSESSION_AHEAD_H
#define MAILSESSION_AHEAD_H

#include "engine/engine.h"

/* Room for the values of one question. */
#define AHEAD_VALUES_MAX 1024

struct ahead {
	size_t at;              /* in the input: behind the commands that were looked at */
	uint32_t count;         /* how many those were */
	struct event_call call; /* what the last of them will ask; valid until the next look */
	char values[AHEAD_VALUES_MAX];
};

/* Begins behind the command that engine->call is about. */
static inline void ahead_begin(struct ahead *ahead, const struct input *input)
{
	ahead->at = input->at;
	ahead->count = 0;
}

/* The event that a question is about; the caller adds the facts. */
static inline struct event_call *ahead_raise(struct ahead *ahead, enum event event)
{
	ahead->call.event = event;
	ahead->call.answers = 1;
	ahead->call.count = 0;
	return &ahead->call;
}

/*
 * For engines: takes the next line, when it is whole, well-formed and begins with `verb`, a word
 * with a blank behind it; *argument is the rest without the blanks around it.  `left` is how many
 * more commands the session may have.
 */
bool ahead_line(struct ahead *ahead, const struct input *input, size_t most, uint32_t left,
		struct span verb, struct span *argument);

#endif
