/* SPDX-License-Identifier: ISC */
/*
 * request.h - one event to outcome, by either contract of mail-session-backend(7).
 *
 * Started for one event, the variables are the environment, the message is standard
 * input and the answer is standard output and an exit code.  As a co-process, all
 * of that travels in records.  Code above this cannot tell which.
 */
#ifndef MAILSESSION_STORE_REQUEST_H
#define MAILSESSION_STORE_REQUEST_H

#include "engine/event.h"
#include "engine/verdict.h"
#include "store/outcome.h"
#include "store/pattern.h"

/* Octets of the largest envelope: thousands of recipients with all their parameters. */
#define ENVELOPE_MAX (1 << 22)

/* What an event comes with: a stream, a part of the co-process stream, or a passed descriptor. */
struct input {
	int fd;                  /* -1: none, or `channel` */
	struct channel *channel; /* NULL: fd */
	uint64_t left;           /* octets still on the channel */
	off_t at; /* in a passed descriptor, whose own offset is shared; -1: a stream */
};

/* Reply text; it takes the place of all that was put into the answer and not yet written. */
struct reply {
	const char *code; /* for SMTP and LMTP: "452 4.3.1" */
	const char *text; /* NULL: none */
};

struct request {
	enum event event;
	const char *pattern;         /* the setting that holds the path pattern: "MAILDIR" */
	const struct record *record; /* NULL: started for this event */
	struct span envelope;        /* SPAN_NONE: there is none */
	struct input input;
	struct outcome *outcome;
	struct reply reply;
	void *drop;   /* what a co-process keeps from call to call; NULL: nothing outlives the event
		       */
	bool can_fds; /* whoever asks takes a descriptor in place of standard output */
	int output;   /* that descriptor, or -1 */
};

/* The name in front of what is logged. */
void request_program(const char *name);

/* A setting, or the user: of the call, else of the environment. */
struct span request_setting(const struct request *request, const char *name);

/* A fact of the call alone, since what is unset is not so. */
struct span request_fact(const struct request *request, enum fact_name name);

/* Up to `len` octets of the input: 0 at its end, -1 with errno. */
ssize_t request_read(struct request *request, char *bytes, size_t len);

/* Octets of a line of the input. */
#define REQUEST_LINE_MAX 4096

/* Hands over the lines of the input as they come in. False with errno when they stop coming, or one
 * is too long. */
bool request_lines(struct request *request, void (*each)(void *context, struct span line),
		   void *context);

/* Reads what is left on the channel, so that the next record can be found. False: the stream broke.
 */
bool request_drain(struct request *request);

/* Where the mailbox of `user` is: EXIT_DONE, or refuses. */
int request_path(struct request *request, struct span user, struct mailbox_path *path);

/* USER, or refuses. */
int request_user(struct request *request, struct span *user);

/* Sets the reply. Returns `exit`. */
int request_refuse(struct request *request, int exit, const char *code, const char *text);

/* Refuses since there is no such mailbox. */
int request_no_mailbox(struct request *request);

/* Logs what was tried and errno, sets the reply for that errno; EXIT_TEMPFAIL. */
int request_trouble(struct request *request, const char *what, const char *name);

/* Answers. False: nobody is there to read it. */
bool request_end(struct request *request, int exit);

/* Writes a line to standard error: what, name and, unless 0, the text of an errno. */
void request_log(const char *what, const char *name, int error);

/* The same about a setting: its name stands before `what`. */
void request_log_setting(const char *setting, const char *what, const char *name);

#endif
