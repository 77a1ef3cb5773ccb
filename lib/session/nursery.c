/* SPDX-License-Identifier: ISC */
/* nursery.c - starts parsers, with the descriptors that they are to have and no other. */
#include "session/nursery.h"

#include "backend/spawn.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "session/session.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Moves the parser's descriptors to their places; everything else is closed.  The log is none of
 * them: who has taken over a parser could write there that others failed to log in.
 */
static bool place_parser(const struct runner *runner, const struct parser *parser, int in, int out,
			 int control, int pipe, int trace)
{
	int log = parser->caged && parser->offer.seccomp ? runner->null : -1;
	int from[] = { in, out, log, control, pipe, trace };
	static const int to[] = { PARSER_IN,      PARSER_OUT,  PARSER_LOG,
				  PARSER_CONTROL, PARSER_PIPE, PARSER_TRACE };
	unsigned last = PARSER_PIPE;

	/* Out of the way of one another first. */
	for (unsigned i = 0; i < sizeof(from) / sizeof(*from); i++) {
		if (from[i] >= 0 && from[i] <= PARSER_TRACE && from[i] != to[i] &&
		    (from[i] = fcntl(from[i], F_DUPFD, PARSER_TRACE + 1)) < 0)
			return false;
	}
	for (unsigned i = 0; i < sizeof(from) / sizeof(*from); i++) {
		if (from[i] < 0)
			continue;
		if (from[i] != to[i] && dup2(from[i], to[i]) < 0)
			return false;
		last = (unsigned)to[i];
	}
	fd_close_from(last + 1);
	return true;
}

static int run_parser(struct runner *runner, struct parser *parser, int in, int out, int control,
		      int pipe, int trace)
{
	if (!place_parser(runner, parser, in, out, control, pipe, trace)) {
		session_refuse(parser->protocol, runner->options, out, "cannot serve you now");
		return 1;
	}
	return parser_run();
}

/* The file of --trace, or -1. */
static int open_trace(const struct options *options)
{
	int fd;

	if (options->trace == NULL)
		return -1;
	fd = open(options->trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		log_fault(LOG_ERR, "cannot open the trace", "path", options->trace, errno);
	return fd;
}

static bool is_regular(int fd)
{
	struct stat status;

	return fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

static bool fork_parser(struct runner *runner, struct parser *parser, int in, int out, int trace)
{
	int control[2], pipe[2], size;
	pid_t child;

	if (!spawn_socketpair(SOCK_SEQPACKET, control) || !spawn_pipe(pipe))
		return false;
	size = fcntl(pipe[1], F_GETPIPE_SZ);
	parser->pipe_size = size > 0 ? (size_t)size : 4096;
	child = spawn_fork();
	if (child == 0) /* writes nothing here: what it writes to is copied */
		_exit(run_parser(runner, parser, in, out, control[1], pipe[1], trace));
	runner->parser = child;
	parser_forget();
	fd_close(&control[1]);
	fd_close(&pipe[1]);
	runner->control = control[0];
	runner->pipe = pipe[0];
	fd_nonblocking(runner->pipe);
	return runner->parser > 0;
}

bool nursery_start(struct runner *runner, struct parser *parser, int in, int out)
{
	int trace = open_trace(runner->options);
	bool started;

	parser->writes_files = is_regular(out) || is_regular(trace);
	parser_begin(parser, in, out, trace);
	started = fork_parser(runner, parser, in, out, trace);
	fd_close(&trace);
	return started;
}
