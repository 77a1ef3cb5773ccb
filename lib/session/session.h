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
 * Serves one client on `in` and `out` (which may be the same descriptor) and returns
 * when the session, its programs and its `disconnect` event are over.  Takes both
 * descriptors.  Returns the exit status of the process: 0 whatever the client did.
 * SIGTERM during a session: the client may go on for --drain seconds, then hears 421 / -ERR.
 */
int session_run(enum protocol protocol, const struct options *options, const struct peer *peer,
		int in, int out);

/* Tells the client that it cannot be served now ("421 host ..." or "-ERR ...") without a session: over a limit, or misconfigured. */
void session_refuse(enum protocol protocol, const struct options *options, int out, const char *text);

#endif
