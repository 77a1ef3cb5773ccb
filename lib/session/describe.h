/* SPDX-License-Identifier: ISC */
/*
 * describe.h - what --check says of a session that is not run.
 */
#ifndef MAILSESSION_DESCRIBE_H
#define MAILSESSION_DESCRIBE_H

#include "backend/directory.h"
#include "session/parser.h"
#include "session/runner.h"

/* Writes what a client would be told and which program answers each event. */
void describe(const struct parser *parser, const struct directory *directory, struct buffer *text);

/* Writes which mechanisms clients are offered, by where they come from; `runner` serves nobody
 * after it. */
void describe_logins(struct runner *runner, struct buffer *text);

#endif
