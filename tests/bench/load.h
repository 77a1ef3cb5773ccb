/* SPDX-License-Identifier: ISC */
/*
 * load.h - what the load generators share: options, connections, strict reading, times.
 *
 * A generator is a number of processes with one connection each that take sessions from a common
 * counter; what session N says depends on the seed and on N alone. They are strict: the first octet
 * of a server that is not as it must be ends the run, with a word on it and exit status 1.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "base/buffer.h"

#include <stdint.h>

/* One option of a generator: exactly one of the three pointers is set. */
struct load_option {
	const char *name; /* with its dashes */
	uint64_t *number;
	const char **text;
	bool *given;
	const char *help;
};

/* The options that all generators have, filled in by load_options. */
extern struct load {
	const char *address; /* HOST:PORT (numeric) or unix:PATH */
	uint64_t sessions;
	uint64_t milliseconds; /* no session begins later; 0: no limit */
	uint64_t concurrency;
	uint64_t idle; /* connections that are greeted and left alone until standard input ends */
	uint64_t seed;
} load;

struct client {
	int fd;
	uint64_t session; /* its number */
	uint64_t turn;    /* a number that no two sessions of the same time share, modulo
			     load.concurrency */
	uint64_t random;  /* state for message_random: the session's own sequence */
	uint64_t messages;
	uint64_t octets;
	struct buffer out;
	size_t in_from;
	size_t in_to;
	char in[1 << 18];
	char out_storage[1 << 16];
};

/* Reads the command line; ends the program on a mistake and after --help. Ends with a row of NULLs.
 */
void load_options(int argc, char **argv, const struct load_option *options);

/*
 * Runs it: `greet` for the beginning of each session (its time is the greeting's), `rest` for the
 * rest, to the last reply; then the server must close. Prints one JSON object. Returns the exit
 * status.
 */
int load_run(void (*greet)(struct client *), void (*rest)(struct client *));

/* Ends the run: the server lied, or is no more. */
_Noreturn void client_fail(struct client *client, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Queues octets. They are sent when there are many, or when there is nothing left to read. */
void client_say(struct client *client, struct span octets);

/* The next line without its CRLF, valid until the next call. No line holds NUL, CR or LF. */
struct span client_line(struct client *client);

/* Whether this octet comes next; it stays unread. */
bool client_next(struct client *client, char octet);

/* Reads exactly these octets. `what` is for the message. */
void client_expect(struct client *client, struct span octets, const char *what);

/* "Lines" of a reply have at most this many octets, CRLF included (RFC 5321 4.5.3.1.5, RFC 1939 3).
 */
enum { REPLY_OCTETS = 512 };

#endif
