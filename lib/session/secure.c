/* SPDX-License-Identifier: ISC */
/*
 * secure.c - the runner's way to TLS: STARTTLS, STLS, and TLS before the greeting.
 *
 * The order is what makes it safe.  Whoever speaks TLS is ready before the client is told to begin,
 * octets that wait by then end the session, the parser is gone before the go is given, and what
 * comes back is a stream of which nothing was ever read in clear (RFC 3207 4.2, 6).
 */
#include "session/runner.h"

#include "backend/spawn.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "session/title.h"
#include "session/tls.h"
#include "session/ucspi.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Seconds for the handshake, which tls-session keeps itself; a foreign server is not asked. */
#define HANDSHAKE_TIMEOUT 30
/*
 * How long a parser that has said goodbye may take to end, tls-session that is not to begin, and
 * tls-session that has something left to write, milliseconds.
 */
#define PARSER_PATIENCE    1000
#define DISMISSAL_PATIENCE 1000
#define FLUSH_PATIENCE     5000

/* ---- what is held until then -------------------------------------------------------------- */

void runner_forget_client(struct runner *runner)
{
	fd_close(&runner->secure.in);
	fd_close(&runner->secure.out);
}

bool runner_hold_client(struct runner *runner, int in, int out)
{
	runner->secure.in = fcntl(in, F_DUPFD_CLOEXEC, SPAWN_FDS_MAX);
	runner->secure.out = fcntl(out, F_DUPFD_CLOEXEC, SPAWN_FDS_MAX);
	return runner->secure.in >= 0 && runner->secure.out >= 0;
}

bool runner_offers_tls(const struct runner *runner)
{
	return runner->options->tls == TLS_STARTTLS && !runner_in_tls(runner) &&
	       (runner->secure.foreign || options_have_certificate(runner->options));
}

/* ---- tls-session --------------------------------------------------------------------------- */

static void reap(struct runner *runner, int flags)
{
	struct secure *secure = &runner->secure;
	struct log_line line;
	int status = 0;
	pid_t pid;

	do
		pid = waitpid(secure->process, &status, flags);
	while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return;
	secure->process = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	log_begin(&line, LOG_ERR, "tls-session ended badly");
	log_string(&line, "session", runner->session);
	log_number(&line, WIFSIGNALED(status) ? "signal" : "exit",
		   (uint64_t)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)));
	log_end(&line);
}

void runner_reap_tls(struct runner *runner)
{
	if (runner->secure.process > 0)
		reap(runner, WNOHANG);
}

/* Waits for a process to end, and not beyond a signal to `heed` (-1: none). False: it has not. */
static bool ends(int process, int patience, int heed)
{
	struct pollfd fds[] = { { process, POLLIN, 0 }, { heed, POLLIN, 0 } };

	return poll(fds, 2, patience) > 0 && fds[0].revents != 0;
}

/*
 * Nothing more is said to tls-session; one that does not end by itself is ended.  `leisure` is the
 * time that it has until somebody wants us to end, `patience` what it has then; milliseconds.
 */
static void dismiss(struct runner *runner, int leisure, int patience)
{
	struct secure *secure = &runner->secure;
	int process;

	fd_close(&secure->control);
	fd_close(&secure->plain[0]);
	fd_close(&secure->plain[1]);
	if (secure->process <= 0)
		return;
	process = spawn_pidfd(secure->process);
	if (process < 0 ||
	    (!ends(process, leisure, runner->signals) && !ends(process, patience, -1)))
		kill(secure->process, SIGKILL);
	fd_close(&process);
	reap(runner, 0);
}

/* TLS does not begin this time. A server in front can be asked again. */
static void hang_up(struct runner *runner)
{
	if (!runner->secure.foreign)
		dismiss(runner, 0, DISMISSAL_PATIENCE);
}

void runner_end_tls(struct runner *runner)
{
	int64_t leisure = (int64_t)runner->options->idle_timeout * 1000;

	runner_forget_client(runner);
	/* A client that has said QUIT may still be reading what it asked for before (POP-044). */
	if (runner->end != END_QUIT || runner->draining)
		leisure = 0;
	dismiss(runner, leisure < INT_MAX ? (int)leisure : INT_MAX, FLUSH_PATIENCE);
}

/* Who the client is, for the log of tls-session. */
struct identity {
	char variables[4][160];
	char *envp[5];
};

static void put_variable(struct identity *identity, unsigned *count, const char *name,
			 struct span value)
{
	struct buffer text = BUFFER(identity->variables[*count]);

	buffer_string(&text, name);
	buffer_byte(&text, '=');
	buffer_put(&text, value);
	if (value.base != NULL && buffer_cstr(&text) != NULL)
		identity->envp[(*count)++] = text.base;
}

static void identify(const struct runner *runner, struct identity *identity)
{
	unsigned count = 0;

	put_variable(identity, &count, "SESSION_ID", span_of(runner->session));
	put_variable(identity, &count, "REMOTE_ADDR", facts_get(&runner->facts, FACT_REMOTE_ADDR));
	put_variable(identity, &count, "REMOTE_PORT", facts_get(&runner->facts, FACT_REMOTE_PORT));
	put_variable(identity, &count, "JOURNAL_STREAM", span_of(getenv("JOURNAL_STREAM")));
	identity->envp[count] = NULL;
}

static bool start(struct runner *runner)
{
	struct secure *secure = &runner->secure;
	int control[2] = { -1, -1 }, plain[2] = { -1, -1 };
	int log = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, SPAWN_FDS_MAX);
	struct identity identity;
	pid_t pid = -1;

	identify(runner, &identity);
	if (log >= 0 && spawn_socketpair(SOCK_STREAM, control) &&
	    spawn_socketpair(SOCK_STREAM, plain))
		pid = tls_spawn(runner->options, "--session",
				(const int[]){ secure->in, secure->out, log, control[1], plain[1] },
				identity.envp);
	if (pid < 0)
		log_fault(LOG_ERR, "cannot run tls-session", "session", runner->session, errno);
	fd_close(&log);
	fd_close(&control[1]);
	fd_close(&plain[1]);
	secure->control = control[0];
	secure->plain[0] = plain[0];
	secure->plain[1] = plain[0] < 0 ? -1 : fcntl(plain[0], F_DUPFD_CLOEXEC, SPAWN_FDS_MAX);
	secure->process = pid > 0 ? pid : 0;
	return pid > 0 && secure->plain[1] >= 0;
}

/* The drain time is over: the parser has been told, or there is none. */
static bool shut_down(const struct runner *runner)
{
	return runner->draining && runner->drain_deadline == CLOCK_NEVER;
}

/*
 * Reads what comes on the control socket, waiting for it and working on until `deadline`. 0: the
 * end of it, or the session is to end.
 */
static size_t await(struct runner *runner, char *bytes, size_t len, int64_t deadline,
		    const bool *over)
{
	struct secure *secure = &runner->secure;
	bool came = false;
	ssize_t got;

	runner->awaited = secure->control;
	runner->wake = deadline;
	while (!came && clock_now() < deadline && !shut_down(runner) && (over == NULL || !*over))
		came = runner_turn(runner, false, false).awaited;
	runner->wake = CLOCK_NEVER;
	runner->awaited = -1;
	got = came ? fd_read(secure->control, bytes, len) : 0;
	return got > 0 ? (size_t)got : 0;
}

/* Starts tls-session and waits until it has its keys and its cage. */
static bool make_ready(struct runner *runner)
{
	int64_t deadline = clock_deadline(clock_now(), runner->options->hook_timeout);
	char word;

	if (runner->secure.foreign)
		return true;
	return start(runner) && await(runner, &word, 1, deadline, &runner->parser_gone) == 1 &&
	       word == 'r';
}

/* ---- STARTTLS ------------------------------------------------------------------------------ */

/* Does anything wait to be read from the client? */
static bool octets_wait(const struct runner *runner)
{
	int count = 0;

	return ioctl(runner->secure.in, FIONREAD, &count) == 0 && count > 0;
}

void runner_starttls(struct runner *runner)
{
	struct secure *secure = &runner->secure;
	struct verdict verdict = { .exit = EXIT_TEMPFAIL };

	if (runner->mail != RUNNER_NO_MAIL || runner->login != RUNNER_NO_LOGIN || secure->granted) {
		runner_violation(runner, "STARTTLS at another time");
		return;
	}
	/* Looked for last, so that what did not wait for the reply is there by now. */
	if (make_ready(runner))
		verdict.exit = octets_wait(runner) ? EXIT_DATAERR : EXIT_DONE;
	if (verdict.exit == EXIT_DONE)
		secure->granted = true;
	else
		hang_up(runner);
	runner_answer(runner, &verdict, -1);
}

/* ---- the handshake ------------------------------------------------------------------------- */

/*
 * What was said in clear may have been anybody's.  What the runner knows of the peer's addresses
 * stays, and so does what the connect program made of them.
 */
static void forget_clear(struct runner *runner)
{
	static const enum fact_name names[] = { FACT_HELO,      FACT_HELO_TRACE, FACT_TRACE_TYPE,
						FACT_AUTH_USER, FACT_AUTH_MECH,  FACT_USER,
						FACT_USER_SAFE, FACT_SESSION_END };

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		facts_unset(&runner->facts, names[i]);
		runner->told[names[i]] = false;
	}
	runner->session_headers = runner->connect_headers;
	runner->facts.hook_values_len = runner->facts.hook_values_kept;
	runner_exchange_end(runner);
	runner_reset(runner);
}

/* Has all been told? An empty string ends it. */
static bool is_whole(struct span bytes)
{
	return bytes.len > 0 && bytes.base[bytes.len - 1] == '\0' &&
	       (bytes.len == 1 || bytes.base[bytes.len - 2] == '\0');
}

static int64_t handshake_deadline(const struct runner *runner)
{
	return clock_earlier(clock_deadline(clock_now(), HANDSHAKE_TIMEOUT + 1),
			     clock_deadline(runner->began, runner->options->session_timeout));
}

/* Gives the go and reads what is told of TLS. False: there is none, and runner->end says why. */
static bool shake_hands(struct runner *runner)
{
	int64_t began = clock_now(), deadline = handshake_deadline(runner);
	static char announced[UCSPI_TOLD_MAX];
	struct buffer told = BUFFER(announced);
	size_t got = 0;

	title_set(facts_get(&runner->facts, FACT_REMOTE_ADDR), SPAN("TLS handshake"));
	if (!fd_write_all(runner->secure.control, SPAN("Y")))
		return false;
	runner_forget_client(runner);
	do {
		got = await(runner, announced + told.len, buffer_room(&told), deadline, NULL);
		told.len += got;
	} while (got > 0 && !is_whole(buffer_span(&told)) && buffer_room(&told) > 0);
	if (is_whole(buffer_span(&told))) {
		ucspi_learn(runner, buffer_span(&told));
		explicit_bzero(announced, told.len);
		return true;
	}
	if (shut_down(runner))
		runner->end = END_SHUTDOWN;
	else if (clock_now() >= deadline || clock_now() - began >= HANDSHAKE_TIMEOUT * 1000)
		runner->end = END_TIMEOUT;
	else
		runner->end = END_ERROR; /* tls-session has said what it was */
	return false;
}

/* Behind TLS there is a fresh parser, which nobody but us has spoken with. */
static bool go_on(struct runner *runner, const struct engine_counts *counts)
{
	struct secure *secure = &runner->secure;
	bool started;

	fd_close(&secure->control);
	started = session_start_parser(runner, secure->plain[0], secure->plain[1], counts);
	if (!started)
		log_fault(LOG_ERR, "cannot start the parser", "session", runner->session, errno);
	fd_close(&secure->plain[0]);
	fd_close(&secure->plain[1]);
	runner->over = !started;
	return started;
}

void runner_part_with_parser(struct runner *runner)
{
	struct pollfd ended = { runner->control, 0, 0 };

	poll(&ended, 1, PARSER_PATIENCE);
	kill(runner->parser, SIGKILL);
}

bool runner_secure(struct runner *runner)
{
	struct engine_counts counts = runner->counts;

	runner->secure.begun = runner->secure.granted = false;
	/* What limits count is counted here as well; the parser's word can only add to it. */
	if (counts.auth_failures < runner->auth_failures)
		counts.auth_failures = runner->auth_failures;
	forget_clear(runner);
	if (!shake_hands(runner))
		return false;
	runner->parser_gone = false;
	return go_on(runner, &counts);
}

bool runner_secure_at_once(struct runner *runner)
{
	return make_ready(runner) && shake_hands(runner) && go_on(runner, NULL);
}
