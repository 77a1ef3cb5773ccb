/* SPDX-License-Identifier: ISC */
/*
 * nursery.h - starts parsers, with the descriptors that they are to have and no other.
 *
 * A session has one, or one in clear and then a fresh one behind TLS.
 */
#ifndef MAILSESSION_NURSERY_H
#define MAILSESSION_NURSERY_H

#include "session/parser.h"
#include "session/runner.h"

/*
 * Forks a parser that serves the client on `in` and `out`, and keeps the runner's ends.  The
 * descriptors stay the caller's to close. False with errno.
 */
bool nursery_start(struct runner *runner, struct parser *parser, int in, int out);

#endif
