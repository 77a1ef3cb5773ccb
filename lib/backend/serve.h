/* SPDX-License-Identifier: ISC */
/*
 * serve.h - a co-process that answers many events: the co-process contract.
 *
 * Calls are answered in order, one at a time; one that takes them (can=ahead) finds the next
 * calls in its socket before it has answered.  A framing error, an early end or a time-out is a
 * temporary failure of the call and the end of the co-process.
 */
#ifndef MAILSESSION_SERVE_H
#define MAILSESSION_SERVE_H

#include "backend/job.h"
#include "backend/record.h"
#include "backend/said.h"
#include "backend/spool.h"

#include <sys/types.h>

enum serve_phase {
	SERVE_DOWN,
	SERVE_HELLO, /* its first record is awaited */
	SERVE_READY,
	SERVE_SENDING,
	SERVE_ANSWER, /* a record is awaited */
	SERVE_PART,   /* octets of a part are awaited */
};

struct serve {
	enum serve_phase phase;
	pid_t pid;          /* process and group, 0: none of ours (a unix socket) */
	int process;        /* pidfd, or -1 */
	int status;         /* of wait(2), once it is gone */
	unsigned signalled; /* how often it was told to end */
	struct said said;
	const char *session;
	event_set events; /* of its hello */
	bool can_fds;     /* of its hello */
	bool can_ahead; /* of its hello: the next call may stand in the socket before it answers */
	unsigned ahead; /* calls that were put ahead, and not come to */
	unsigned void_answers; /* to calls that were withdrawn: they come first */
	/* With can=ahead: calls have numbers from 1 on, and answers those of their calls. */
	uint32_t calls, answers;
	bool asked_before;
	bool login;    /* started by auth: an early end is a refusal, for the caller to judge */
	bool muttered; /* it printed something that is no hello: job.text holds it */
	bool asked;    /* a call waits for its answer */
	bool last_part;
	int64_t deadline;
	uint64_t part_left;
	/* the call being sent: its record, then `envelope`, then the message where it is not a
	 * descriptor */
	int envelope;
	int message;
	int passing; /* the message, as long as it has not gone along with the record; or -1 */
	uint64_t envelope_left;
	uint64_t message_left;
	size_t out_at;
	size_t pass_at;     /* in `out`: the octet that `passing` goes along with */
	struct spool parts; /* what a yielding event yields, when it comes in parts */
	struct channel channel;
	struct buffer
		out;    /* calls ahead, RECORD_MAX of them, and the record or a block of another */
	struct job job; /* the call in progress, or the last one */
	char out_bytes[2 * RECORD_MAX];
	char in_bytes[65536];
};

struct serve_call {
	enum event event;
	struct span verb;         /* of EVENT_COMMAND */
	char *const *environment; /* "NAME=value", sent as fields */
	unsigned count;
	int envelope; /* deliver and delete: a seekable descriptor, else -1; the caller keeps it */
	uint64_t envelope_len;
	int message; /* deliver: seekable, at offset 0, else -1; the caller keeps it */
	uint64_t message_len;
	uint32_t timeout; /* seconds */
};

void serve_init(struct serve *serve, const char *session, const char *spool_dir,
		uint64_t spool_memory);

/* Runs `path` as the co-process: argv is path and "serve". False when it cannot be started, which
 * is logged. */
bool serve_start(struct serve *serve, const char *path, char *const *environment, uint32_t timeout);

/* Connects to the unix socket at `path`. */
bool serve_connect(struct serve *serve, const char *path, uint32_t timeout);

/* The path `path` connected to as a unix socket, close-on-exec, without waiting. -1 with errno. */
int serve_dial(const char *path);

/* Takes a stream whose other end a program (`pid`, stderr `err`) already holds, as auth's does: its
 * hello is awaited. */
void serve_adopt(struct serve *serve, int socket, pid_t pid, int err, uint32_t timeout);

/* Begins a call; serve->job tells when it is done. VERDICT_NONE: the co-process does not know the
 * event. */
void serve_ask(struct serve *serve, const struct serve_call *call);

/*
 * Puts a call without bodies behind those that wait, for a co-process with can=ahead that is ready,
 * or has others ahead. False: there is no room; it is to be asked when its turn comes.
 */
bool serve_ask_ahead(struct serve *serve, const struct serve_call *call);

/* True: the call whose turn has come, about `event`, was put ahead, and is asked now as by
 * serve_ask. */
bool serve_came_to(struct serve *serve, enum event event, uint32_t timeout);

/* Calls ahead are not wanted as they are: what is answered to them is thrown away. */
void serve_withdraw(struct serve *serve);

/* As the functions of hook.h. */
#define SERVE_POLL_FDS 3
unsigned serve_poll(const struct serve *serve, struct pollfd *fds);
int64_t serve_deadline(const struct serve *serve);
void serve_work(struct serve *serve, const struct pollfd *fds, unsigned count, int64_t now);

/* Hangs up: the co-process sees the end of its input, and a call that is not answered yet fails for
 * now. It is still to be waited for. */
void serve_hang_up(struct serve *serve);

/* Hangs up and gives the process JOB_GRACE seconds to end by itself. */
void serve_end(struct serve *serve);

/* True when no process of ours runs (any more); reaps it. */
bool serve_gone(struct serve *serve);

#endif
