/* SPDX-License-Identifier: ISC */
/*
 * describe.h - what --check says of a session that is not run.
 */
#ifndef MAILSESSION_DESCRIBE_H
#define MAILSESSION_DESCRIBE_H

#include "backend/directory.h"
#include "session/parser.h"

/* Writes what a client would be told and which program answers each event. */
void describe(const struct parser *parser, const struct directory *directory, struct buffer *text);

#endif
