/* SPDX-License-Identifier: ISC */
/* configure.h - what a parser is told before it begins: the options, and what the runner knows. */
#ifndef MAILSESSION_CONFIGURE_H
#define MAILSESSION_CONFIGURE_H

#include "session/parser.h"
#include "session/runner.h"

/*
 * All of `parser` but what the kernel offers for its cage.  What it points to is the runner's and
 * its own; `resumes`, which it points to as well, is NULL at the beginning of the session, and
 * behind TLS what the parser before has counted.
 */
void configure_parser(struct parser *parser, const struct runner *runner,
		      const struct engine_counts *resumes);

#endif
