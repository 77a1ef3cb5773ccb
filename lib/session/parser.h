/* SPDX-License-Identifier: ISC */
/*
 * parser.h - the process that reads bytes of the network.
 *
 * It runs an engine behind a cage and passes every event on to the runner.  It opens nothing,
 * runs nothing, and holds nothing but its client, the runner's socket, and a pipe.
 */
#ifndef MAILSESSION_PARSER_H
#define MAILSESSION_PARSER_H

#include "engine/pop3.h"
#include "engine/smtp.h"
#include "session/sandbox.h"
#include "session/stream.h"

/* Descriptors of the parser. In the cage its log is /dev/null. */
enum {
	PARSER_IN = 0,
	PARSER_OUT = 1,
	PARSER_LOG = 2,
	PARSER_CONTROL = 3,
	PARSER_PIPE = 4,
	PARSER_TRACE = 5,
};

struct parser {
	enum protocol protocol;
	struct smtp_config smtp; /* of SMTP and LMTP */
	struct pop3_config pop3; /* of POP3 */
	event_set handled;       /* events that the runner is asked about */
	struct stream_limits limits;
	bool caged;        /* --sandbox is not off */
	bool writes_files; /* output or trace is a regular file */
	struct sandbox_offer offer;
	int content_timeout;  /* milliseconds that a store may pause in what it yields */
	size_t pipe_size;     /* octets that the pipe holds */
	struct span peer;     /* for the process title, or empty */
	char login_delay[20]; /* of CAPA: what pop3.login_delay points to */
};

/*
 * Sets up the session of `parser` on these descriptors, in the process that is to fork: `trace` is
 * that of --trace, or -1.  Where nothing has to be asked or waited for, the client is greeted: it
 * and the network have work to do while the parser is born.
 */
void parser_begin(struct parser *parser, int in, int out, int trace);

/*
 * Enters the cage, runs the session on the PARSER_ descriptors, and returns the exit status of the
 * process: 0, or another when the cage could not be entered.
 */
int parser_run(void);

/* The process that has forked needs nothing of all that. */
void parser_forget(void);

#endif
