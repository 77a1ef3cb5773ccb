/* SPDX-License-Identifier: ISC */
/*
 * start.h - how this process was started, decided from what it finds.
 *
 * | what it finds                               | what it is                                |
 * | fd 0 a connected socket                     | inetd nowait, tcpserver, systemd: session |
 * | fd 0 a pipe or a file, no --listen          | a test, ssh, socat: session               |
 * | LISTEN_FDS for us, listening                | systemd Accept=no: accept loop            |
 * | LISTEN_FDS for us, connected                | systemd Accept=yes: session               |
 * | fd 0 a listening socket                     | inetd wait: accept loop                   |
 * | --listen                                    | a person or a supervisor: accept loop     |
 * | fd 0 a terminal                             | a person: session                         |
 */
#ifndef MAILSESSION_START_H
#define MAILSESSION_START_H

#include "launch/listener.h"
#include "option/option.h"

enum start_kind {
	START_SESSION, /* on fd 0 and 1 */
	START_LOOP,    /* on the listeners */
	START_NOTHING, /* there is nobody to serve */
	START_FAILED,  /* a socket cannot be had */
	START_BAD,     /* --listen is wrong */
};

struct start {
	struct listener listeners[LISTENERS_MAX];
	unsigned count;
	enum start_kind kind;
};

/*
 * Makes a process that can rely on things: fd 0, 1 and 2 are open, later ones are
 * close-on-exec, no signal is blocked, SIGPIPE, SIGHUP and SIGALRM are ignored and the others
 * have their defaults.  For main, before anything else.
 */
void start_prepare(void);

/*
 * Decides, and opens the sockets of `listen`.  A session's descriptors are 0 and 1 then; an accept
 * loop has /dev/null there.  LISTEN_* leave the environment.  `error` says what START_FAILED and
 * START_BAD are about.
 */
void start_detect(struct start *start, const struct option_list *listen, struct buffer *error);

/* True when fd 0 is a connection, and not a person's terminal: someone is there to hear of trouble.
 */
bool start_has_client(void);

#endif
