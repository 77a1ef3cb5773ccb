/* SPDX-License-Identifier: ISC */
/*
 * session.h - one connection: the process that calls becomes the runner.
 */
#ifndef MAILSESSION_SESSION_H
#define MAILSESSION_SESSION_H

#include "engine/event.h"
#include "option/option.h"
#include "session/peer.h"

/*
 * Reads the backend directory, finds out what the kernel has for the sandbox, and settles what
 * sessions have in common; before session_run, and again when options have changed. An accept loop
 * does so once for all sessions. False: they are not to be had; `fault` (BACKEND_FAULTS_MAX
 * suffice) says why, and what was prepared before stays in force. Files in the directory that
 * cannot be used are logged, and so is what the kernel lacks.
 */
bool session_prepare(enum protocol protocol, const struct options *options, struct buffer *fault);

/*
 * Says in words what a prepared session would do: what it announces to a client that comes over a
 * pipe, and the program for each event. The rest of what --check prints.
 */
void session_describe(enum protocol protocol, const struct options *options, struct buffer *text);

/*
 * Serves one client on `in` and `out` (which may be the same descriptor) and returns
 * when the session, its programs and its `disconnect` event are over.  Takes both
 * descriptors.  Returns the exit status of the process: 0 whatever the client did.
 * SIGTERM during a session: the client may go on for --drain seconds, then hears 421 / -ERR.
 */
int session_run(enum protocol protocol, const struct options *options, const struct peer *peer,
		int in, int out);

/* How many logins failed in the session that session_run has served. */
uint32_t session_failed_logins(void);

/* Tells the client that it cannot be served now ("421 host ..." or "-ERR ...") without a session:
 * over a limit, or misconfigured. */
void session_refuse(enum protocol protocol, const struct options *options, int out,
		    const char *text);

#endif
