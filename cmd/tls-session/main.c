/* SPDX-License-Identifier: ISC */
/*
 * tls-session - speaks TLS with the client, and what is inside of it with somebody else: a session
 * that was asked for STARTTLS, or a program that knows nothing of TLS.
 */
#include "base/descriptor.h"
#include "base/log.h"
#include "check.h"
#include "connection.h"
#include "engine/verdict.h"
#include "launch/logging.h"
#include "launch/start.h"
#include "supervise.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The descriptors of --session, beside the client on 0 and 1 and the log. */
enum { SESSION_CONTROL = 3, SESSION_PLAIN };

static struct options options;

static int refuse(const char *what, const char *why)
{
	log_note(LOG_ERR, what, "error", why);
	return EXIT_CONFIG;
}

static int print(struct span text)
{
	return fd_write_all(1, text) ? 0 : EXIT_TEMPFAIL;
}

/* Started by a session, which has said where everything is. */
static int serve_session(void)
{
	static struct peer peer;
	struct connection connection = {
		.options = &options,
		.peer = &peer,
		.in = 0,
		.out = 1,
		.control = SESSION_CONTROL,
		.plain = SESSION_PLAIN,
		.ready = true,
		.waits = true,
	};

	if (fcntl(SESSION_CONTROL, F_GETFD) < 0 || fcntl(SESSION_PLAIN, F_GETFD) < 0)
		return refuse("bad configuration", "--session is for sessions alone");
	peer_gather(&peer, 0, true);
	/* Not by exit(3), whose work is not of a cage. */
	_exit(connection_run(&connection));
}

static int serve(enum options_result mode, int argc, char **argv)
{
	if (!options_have_certificate(&options))
		return refuse("bad configuration", "no tls-cert and tls-key, and no tls-dir");
	if (mode == OPTIONS_SESSION)
		return serve_session();
	if (options.operands >= argc)
		return refuse("bad configuration", "there is no program to run");
	return supervise_run(&options, argv + options.operands, mode == OPTIONS_UCSPI);
}

static int tell(enum options_result what)
{
	static char text[OPTIONS_TEXT_MAX];
	struct buffer buffer = BUFFER(text);

	if (what == OPTIONS_HELP)
		options_help(&buffer, PROGRAM_TLS);
	else if (what == OPTIONS_VERSION)
		options_version(&buffer, PROGRAM_TLS);
	else
		return check_run(&options);
	return print(buffer_span(&buffer));
}

int main(int argc, char **argv)
{
	char text[OPTIONS_ERROR_MAX];
	struct buffer error = BUFFER(text);
	enum options_result result;

	/* No core and no debugger: keys pass through here. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	result = options_load(&options, PROGRAM_TLS, argc, argv, environ, &error);
	if (result == OPTIONS_SESSION)
		fd_close_from(SESSION_PLAIN + 1);
	else
		start_prepare();
	logging_part_from_client();
	logging_configure(&options, PROGRAM_TLS);
	switch (result) {
	case OPTIONS_RUN:
	case OPTIONS_SESSION:
	case OPTIONS_UCSPI:
		return serve(result, argc, argv);
	case OPTIONS_ERROR:
		return refuse("bad configuration", buffer_cstr(&error));
	default:
		return tell(result);
	}
}
