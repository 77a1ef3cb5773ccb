/* SPDX-License-Identifier: ISC */
/*
 * loop.h - the accept loop: a process for each connection, and limits on how many.
 *
 * SIGTERM and SIGINT: stop accepting, pass SIGTERM to the sessions, return when all have
 * ended.  SIGHUP: read the configuration again, for new connections.  No signal handler
 * runs; the loop sleeps in poll(2).
 */
#ifndef MAILSESSION_LOOP_H
#define MAILSESSION_LOOP_H

#include "engine/event.h"
#include "launch/listener.h"
#include "option/option.h"

/* Options anew, or NULL when they are bad: the old ones stay in force. */
typedef const struct options *loop_reload(void);

/* Serves until it is told to stop or was idle for long enough, and closes the listeners. Returns an
 * exit status. */
int loop_run(enum protocol protocol, const struct options *options, loop_reload *reload,
	     struct listener *listeners, unsigned count);

#endif
