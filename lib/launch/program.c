/* SPDX-License-Identifier: ISC */
/* program.c - what the mains of the session programs have in common: all. */
#include "launch/program.h"

#include "backend/directory.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "engine/verdict.h"
#include "launch/account.h"
#include "launch/logging.h"
#include "launch/loop.h"
#include "launch/notify.h"
#include "launch/start.h"
#include "session/front.h"
#include "session/session.h"
#include "session/title.h"
#include "session/tls.h"
#include "session/ucspi.h"

#include <stdlib.h>
#include <unistd.h>

/* The program, as long as it runs. Of the two sets of options one is in force and one is spare, for
 * SIGHUP: few programs ever have it.  What a session touches lies together: its arena is last. */
static struct {
	struct start start;
	struct peer peer;
	enum protocol protocol;
	int argc;
	char **argv;
	struct options *in_force;
	struct options *spare;
	struct options first;
} program;

static enum options_result load(struct options *options, struct buffer *error)
{
	return options_load(options, program.protocol, program.argc, program.argv, environ, error);
}

static void log_warnings(const struct options *options)
{
	for (unsigned i = 0; i < options->warnings.count; i++)
		log_note(LOG_WARNING, options->warnings.items[i].base, NULL, NULL);
}

/* Backend directory and sandbox. False: `error` says why there can be no session. */
static bool prepare(const struct options *options, struct buffer *error)
{
	static char text[BACKEND_FAULTS_MAX]; /* not on the stack, which a session touches */
	struct buffer fault = BUFFER(text);

	if (session_prepare(program.protocol, options, &fault))
		return true;
	buffer_put(error, span_first(buffer_span(&fault), span_find(buffer_span(&fault), '\n')));
	return false;
}

/* For what serves many: bad certificates are found now, not by the first client. */
static bool check_certificates(const struct options *options, struct buffer *text,
			       struct buffer *error)
{
	if (tls_check(options, text))
		return true;
	buffer_string(error, "a certificate cannot be used");
	return false;
}

static const struct options *reload(void)
{
	char text[OPTIONS_ERROR_MAX];
	struct buffer error = BUFFER(text);
	struct options *options = program.spare;
	static char said[OPTIONS_TEXT_MAX / 2];
	struct buffer certificates = BUFFER(said);

	if (options == NULL)
		options = program.spare = malloc(sizeof(*options));
	if (options == NULL) {
		log_note(LOG_ERR, "no memory for the configuration, the old one stays", NULL, NULL);
		return NULL;
	}
	if (load(options, &error) != OPTIONS_RUN) {
		log_note(LOG_ERR, "bad configuration, the old one stays", "error",
			 buffer_cstr(&error));
		return NULL;
	}
	if (!check_certificates(options, &certificates, &error) || !prepare(options, &error)) {
		log_note(LOG_ERR, "cannot serve so, the old configuration stays", "error",
			 buffer_cstr(&error));
		return NULL;
	}
	program.spare = program.in_force;
	program.in_force = options;
	logging_configure(options, program.protocol);
	log_warnings(options);
	return options;
}

/* Says why there is no service, to the log and to a client that waits. Returns `status`. */
static int refuse(const struct options *options, const char *what, struct buffer *error, int status)
{
	log_note(LOG_ERR, what, "error", buffer_cstr(error));
	if (start_has_client())
		session_refuse(program.protocol, options, 1, "cannot serve you now");
	return status;
}

static int print(struct span text)
{
	return fd_write_all(1, text) ? 0 : EXIT_TEMPFAIL;
}

/* --help, --version, --check. */
static int tell(enum options_result what, const struct options *options)
{
	char text[OPTIONS_TEXT_MAX], fault[OPTIONS_ERROR_MAX], said[OPTIONS_TEXT_MAX / 2];
	struct buffer buffer = BUFFER(text), error = BUFFER(fault), certificates = BUFFER(said);

	if (what == OPTIONS_HELP) {
		options_help(&buffer, program.protocol);
	} else if (what == OPTIONS_VERSION) {
		options_version(&buffer, program.protocol);
	} else {
		log_warnings(options);
		if (!check_certificates(options, &certificates, &error) ||
		    !prepare(options, &error)) {
			log_note(LOG_ERR, "cannot serve", "error", buffer_cstr(&error));
			return EXIT_CONFIG;
		}
		options_print(&buffer, options, program.protocol);
		session_describe(program.protocol, options, &buffer);
		buffer_put(&buffer, buffer_span(&certificates));
	}
	return print(buffer_span(&buffer));
}

/* LMTP is not to be served on TCP port 25, where clients speak SMTP (RFC 2033 5). */
static bool is_smtp_port(const struct start *start, const struct peer *peer)
{
	if (program.protocol != PROTOCOL_LMTP)
		return false;
	for (unsigned i = 0; i < start->count; i++)
		if (start->listeners[i].port == 25)
			return true;
	return strcmp(peer->local_port, "25") == 0;
}

/*
 * One session.  Who may speak for others is judged by the connection's own address where it has
 * one: variables may be left over from whoever started us.
 */
static int serve_one(const struct options *options, struct peer *peer)
{
	struct peer real;
	const char *address = peer->remote_addr;

	if (options->proxy_protocol.count > 0)
		peer_gather(&real, 0, false);
	else
		real.remote_addr[0] = '\0';
	if (real.remote_addr[0] != '\0')
		address = real.remote_addr;
	title_set(span_of(peer->remote_addr), SPAN_NONE);
	if (front_expected(options, address) && !front_receive(peer, address, 0))
		return 0;
	return session_run(program.protocol, options, peer, 0, 1);
}

static int serve(const struct options *options, struct start *start, struct buffer *error)
{
	static char said[OPTIONS_TEXT_MAX / 2];
	struct buffer certificates = BUFFER(said);
	bool loops = start->kind == START_LOOP;
	struct peer *peer = &program.peer;

	if (!loops)
		peer_gather(peer, 0, true);
	if (is_smtp_port(start, peer)) {
		buffer_string(error, "LMTP is not served on TCP port 25 (RFC 2033 5)");
		return refuse(options, "will not serve", error, EXIT_CONFIG);
	}
	if (options->user != NULL && !account_become(options->user, error))
		return refuse(options, "cannot change the user", error, EXIT_CONFIG);
	if ((loops && !check_certificates(options, &certificates, error)) ||
	    !prepare(options, error))
		return refuse(options, "cannot serve", error, EXIT_CONFIG);
	notify_init(loops);
	if (!loops)
		return serve_one(options, peer);
	if (geteuid() == 0)
		log_note(LOG_WARNING, "serving as root: see --user", NULL, NULL);
	/* Variables that tell of one connection are stale. */
	unsetenv("PROTO");
	ucspi_forget();
	return loop_run(program.protocol, options, reload, start->listeners, start->count);
}

static int run(const struct options *options, struct buffer *error)
{
	log_warnings(options);
	start_detect(&program.start, &options->listen, error);
	switch (program.start.kind) {
	case START_SESSION:
	case START_LOOP:
		break;
	case START_NOTHING:
		buffer_string(error, "fd 0 is no connection, and there is no --listen");
		return refuse(options, "nothing to serve", error, EXIT_CONFIG);
	case START_BAD:
		return refuse(options, "bad configuration", error, EXIT_CONFIG);
	case START_FAILED:
		return refuse(options, "cannot serve", error, EXIT_TEMPFAIL);
	}
	return serve(options, &program.start, error);
}

int program_main(enum protocol protocol, int argc, char **argv)
{
	char text[OPTIONS_ERROR_MAX];
	struct buffer error = BUFFER(text);
	struct options *options = program.in_force = &program.first;
	enum options_result result;

	start_prepare();
	program.protocol = protocol;
	program.argc = argc;
	program.argv = argv;
	title_init(argv);
	result = load(options, &error);
	logging_part_from_client();
	logging_configure(options, program.protocol);
	switch (result) {
	case OPTIONS_RUN:
		return run(options, &error);
	case OPTIONS_ERROR:
		return refuse(options, "bad configuration", &error, EXIT_CONFIG);
	default:
		return tell(result, options);
	}
}
