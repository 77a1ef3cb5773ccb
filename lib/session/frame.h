/* SPDX-License-Identifier: ISC */
/*
 * frame.h - what parser and runner say to one another.
 *
 * One SOCK_SEQPACKET datagram holds one or more calls (parser to runner) or answers
 * (runner to parser).  The runner trusts nothing in a call: every enum, length and byte
 * is checked by the tables of event.h before anything is done.
 */
#ifndef MAILSESSION_FRAME_H
#define MAILSESSION_FRAME_H

#include "engine/engine.h"
#include "engine/sasl.h"

#include <sys/types.h>

/* The longest datagram, octets. */
#define FRAME_MAX 16384

/* A call, or the parser's last word. */
enum frame_kind {
	FRAME_TELL, /* nobody waits for an answer */
	FRAME_ASK,  /* call.answers answers are awaited */
	/*
	 * The same, asked before the question in front of it was answered, which is about the same
	 * event, one of answer.ahead, and in the same datagram: void when that answer ends the
	 * session.
	 */
	FRAME_AHEAD,
	FRAME_DROP, /* a message came to nothing: an answer is awaited when its octets are out of
		       the pipe */
	FRAME_BYE,  /* the session is over: end and counts */
};

struct frame {
	enum frame_kind kind;
	struct event_call call;      /* FRAME_TELL, FRAME_ASK, FRAME_AHEAD */
	uint64_t octets;             /* FRAME_DROP: how many went down the pipe */
	enum session_end end;        /* FRAME_BYE */
	bool secure;                 /* FRAME_BYE: it goes on behind TLS */
	struct engine_counts counts; /* FRAME_BYE */
	struct span
		fault; /* FRAME_BYE: the backend's (POP3) or the last refused message's; or empty */
};

/* Appends a frame; buffer->overflow when it does not fit. */
void frame_put(struct buffer *buffer, const struct frame *frame);

/*
 * Takes one frame off the front of *bytes; spans point into it.  False when it is not
 * well-formed: an unknown event for `protocol`, a fact that does not belong to it, a value
 * that is too long or unclean, a length that does not add up.
 */
bool frame_take(struct span *bytes, enum protocol protocol, struct frame *frame);

/* Events whose answers do not change what is asked next: of others nothing may be asked ahead. */
#define FRAME_AHEAD_EVENTS (EVENT_BIT(EVENT_RCPT) | EVENT_BIT(EVENT_RETRIEVE))

/* Frames that may be asked ahead behind one question. */
#define FRAME_AHEAD_MAX 32

/* An answer's kinds. */
enum answer_kind {
	ANSWER_VERDICT,
	ANSWER_SHUTDOWN, /* unasked, and alone: end the session, 421 */
};

struct answer {
	enum answer_kind kind;
	event_set handled; /* events that are asked about from now on: AUTH may change them */
	event_set ahead;   /* those of them that may be asked about ahead */
	struct sasl_offer mechanisms; /* ... and what may be used to log in: XCLIENT may */
	bool content;                 /* a descriptor came along: what a yielding event yields */
	struct verdict verdict;
};

/* Room for the longest answer, which is the longest datagram of answers too. */
#define ANSWER_MAX (VERDICT_TEXT_MAX + 128)

void answer_put(struct buffer *buffer, const struct answer *answer);
/* Takes one off the front; spans point into it. The runner is trusted by the parser, but a
 * malformed answer is still no answer. */
bool answer_take(struct span *bytes, struct answer *answer);

/* Descriptors that a datagram brings, at most. */
#define FRAME_FDS_MAX 8

/* Sends a datagram with `fd` attached (-1: none). False with errno. */
bool frame_send(int socket, struct span bytes, int fd);

/* Sends one with `count` descriptors, without waiting: EAGAIN while the other side has not read
 * what it has. */
bool frame_offer(int socket, struct span bytes, const int *fds, unsigned count);

/*
 * Receives a datagram into storage of `cap` octets: its length, 0 at the end of the stream, -1 with
 * errno. *fd is the descriptor that came along (close-on-exec), or -1; `fd` may be NULL: refused.
 */
ssize_t frame_receive(int socket, char *bytes, size_t cap, int *fd);

/* The same with the flags of recv(2), and up to FRAME_FDS_MAX descriptors: *count of them. */
ssize_t frame_fetch(int socket, int flags, char *bytes, size_t cap, int *fds, unsigned *count);

#endif
