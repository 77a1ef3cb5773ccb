/* SPDX-License-Identifier: ISC */
/*
 * maildrop.c - the runner's side of POP3: login, listing, deletion, logout.
 *
 * Success of a login is the store's program running and saying hello on the descriptor that
 * auth was given, never a mere exit 0 (DESIGN 8).
 */
#include "session/runner.h"

#include "backend/spawn.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "base/number.h"
#include "session/helper.h"
#include "session/login_delay.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* No failed login is answered sooner, whatever the reason of the failure, milliseconds. */
#define AUTH_FLOOR 1000

/* ---- login ------------------------------------------------------------------------------- */

/* The checkpassword data: name NUL password NUL timestamp NUL, ready to be read. -1 with errno. */
static int checkpassword_data(struct span name, struct span password)
{
	char bytes[600];
	struct buffer data = BUFFER(bytes);
	int ends[2];

	if (!spawn_pipe(ends))
		return -1;
	buffer_put(&data, name);
	buffer_byte(&data, '\0');
	buffer_put(&data, password);
	buffer_byte(&data, '\0');
	buffer_number(&data, (uint64_t)time(NULL));
	buffer_byte(&data, '\0');
	if (data.overflow || !fd_write_all(ends[1], buffer_span(&data)))
		fd_close(&ends[0]);
	explicit_bzero(bytes, sizeof(bytes));
	fd_close(&ends[1]);
	return ends[0];
}

/* What auth is to run: the store, or the program that runs the hooks under auth's identity. */
struct store_arguments {
	char path[BACKEND_PATH_MAX + 32]; /* of auth */
	char store[BACKEND_PATH_MAX + 32];
	char hook_timeout[48];
	char spool_memory[48];
	char *items[12];
};

static char *numbered_flag(char *bytes, size_t cap, const char *flag, uint64_t value)
{
	struct buffer buffer = { bytes, 0, cap, false };

	buffer_string(&buffer, flag);
	buffer_number(&buffer, value);
	return buffer_cstr(&buffer) == NULL ? NULL : bytes;
}

/* False, and no arguments, when a path is too long. */
static bool compose_arguments(struct runner *runner, struct store_arguments *arguments)
{
	const struct options *options = runner->options;
	struct buffer path = BUFFER(arguments->path), store = BUFFER(arguments->store);
	unsigned count = 0;

	directory_program(runner->directory, EVENT_AUTH, SPAN_NONE, &path);
	arguments->items[count++] = arguments->path;
	arguments->items[count++] = arguments->store;
	if (runner->directory->serve == SERVE_PROGRAM) {
		buffer_string(&store, runner->directory->path);
		buffer_string(&store, "/serve");
		arguments->items[count++] = (char *)(uintptr_t) "serve";
	} else {
		helper_path(&store, "hook-runner");
		arguments->items[count++] =
			numbered_flag(arguments->hook_timeout, sizeof(arguments->hook_timeout),
				      "--hook-timeout=", options->hook_timeout);
		arguments->items[count++] =
			numbered_flag(arguments->spool_memory, sizeof(arguments->spool_memory),
				      "--spool-memory=", options->spool_memory);
		arguments->items[count++] = (char *)(uintptr_t) "--spool-dir";
		arguments->items[count++] = (char *)(uintptr_t)options->spool_dir;
		if (options->lock_file != NULL) {
			arguments->items[count++] = (char *)(uintptr_t) "--lock-file";
			arguments->items[count++] = (char *)(uintptr_t)options->lock_file;
		}
		arguments->items[count++] = runner->directory->path;
	}
	arguments->items[count] = NULL;
	if (buffer_cstr(&path) != NULL && buffer_cstr(&store) != NULL)
		return true;
	arguments->items[0] = NULL;
	return false;
}

/* Runs auth with the co-process socket as fd 0 and 1. False when it cannot be run. */
static bool start_auth(struct runner *runner, int data)
{
	uint32_t timeout = runner->options->hook_timeout;
	struct store_arguments arguments;
	const char *wrong = NULL;
	int ends[2] = { -1, -1 }, err[2] = { -1, -1 };
	pid_t pid = -1;

	if (compose_arguments(runner, &arguments))
		wrong = spawn_unfit(arguments.path);
	if (wrong == NULL && runner->directory->serve == SERVE_PROGRAM)
		wrong = spawn_unfit(arguments.store);
	if (wrong != NULL) {
		log_note(LOG_ERR, wrong, "path", arguments.path);
		return false;
	}
	if (arguments.items[0] != NULL && spawn_socketpair(SOCK_STREAM, ends) && spawn_pipe(err))
		pid = spawn_program(&(struct spawn){
			.path = arguments.path,
			.argv = arguments.items,
			.envp = runner_environment(runner, EVENT_AUTH, timeout),
			.fds = { ends[1], ends[1], err[1], data, -1 },
		});
	if (pid < 0)
		log_fault(LOG_ERR, "cannot run auth", "session", runner->session, errno);
	fd_close(&ends[1]);
	fd_close(&err[1]);
	if (pid < 0) {
		fd_close(&ends[0]);
		fd_close(&err[0]);
		return false;
	}
	serve_adopt(runner->serve, ends[0], pid, err[0], timeout);
	runner->serve->login = true;
	return true;
}

/* Waits for the store's hello. The exit code of a login: 0, or what auth said. */
static int await_hello(struct runner *runner)
{
	struct serve *serve = runner->serve;

	while (serve->phase == SERVE_HELLO)
		runner_turn(runner, false, false);
	if (serve->phase == SERVE_READY)
		return EXIT_DONE;
	/* It may have closed its end and still be about to say no: it has the rest of its time. */
	while (serve->pid > 0 && serve->signalled == 0 && !runner->parser_gone)
		runner_turn(runner, false, false);
	runner_end_serve(runner);
	/* Success is the store that runs: auth that ended well without it is trouble of ours. */
	if (!WIFEXITED(serve->status) || WEXITSTATUS(serve->status) == 0)
		return EXIT_TEMPFAIL;
	return WEXITSTATUS(serve->status);
}

static bool refused(int exit)
{
	return exit == 1 || exit == 2 || exit == EXIT_NOUSER || exit == EXIT_NOPERM ||
	       exit == EXIT_PERMANENT;
}

/* The line that the fail2ban filter knows. */
static void log_login(struct runner *runner, struct span name, int exit)
{
	struct log_line line;

	log_begin(&line, exit == EXIT_DONE ? LOG_INFO : LOG_NOTICE,
		  exit == EXIT_DONE ? "login"
		  : refused(exit)   ? "authentication failed"
				    : "authentication impossible");
	log_string(&line, "session", runner->session);
	log_text(&line, "peer", facts_get(&runner->facts, FACT_REMOTE_ADDR));
	log_text(&line, "user", name);
	if (exit != EXIT_DONE)
		log_number(&line, "exit", (uint64_t)exit);
	log_end(&line);
}

/* Makes every failure take the same time at least. */
static void wait_floor(struct runner *runner, int64_t began)
{
	runner->wake = began + AUTH_FLOOR;
	while (clock_now() < runner->wake && !runner->parser_gone)
		runner_turn(runner, false, false);
	runner->wake = CLOCK_NEVER;
}

static int log_in(struct runner *runner, struct span name, struct span password)
{
	int data = checkpassword_data(name, password);
	int exit = EXIT_TEMPFAIL;

	if (runner_new_serve(runner) == NULL || data < 0)
		log_fault(LOG_ERR, "cannot run auth", "session", runner->session, errno);
	else if (start_auth(runner, data))
		exit = await_hello(runner);
	fd_close(&data);
	return exit;
}

void runner_login(struct runner *runner, const struct event_call *call)
{
	struct span name = event_fact(call, FACT_LOGIN_NAME);
	struct span password = event_fact(call, FACT_PASSWORD);
	struct verdict verdict = { .exit = EXIT_TEMPFAIL };
	int64_t began = clock_now();
	char bytes[200];
	struct buffer safe = BUFFER(bytes);

	if (runner->login != RUNNER_NO_LOGIN || name.len == 0 || password.base == NULL ||
	    runner->auth_failures >= runner->options->max_auth_failures) {
		runner_violation(runner, "AUTH out of order");
		return;
	}
	verdict.exit = log_in(runner, name, password);
	log_login(runner, name, verdict.exit);
	if (verdict.exit == EXIT_DONE) {
		runner->login = RUNNER_LOGGED_IN;
		runner->serve_all = runner->directory->serve == SERVE_NONE;
		runner->handled |= runner->serve->events;
		facts_set(&runner->facts, FACT_USER, name);
		address_safe_name(&safe, name);
		if (!safe.overflow)
			facts_set(&runner->facts, FACT_USER_SAFE, buffer_span(&safe));
	} else {
		/* [IN-USE] and the like; who was refused is told no more than that. */
		if (verdict.exit == EXIT_TEMPFAIL && runner->serve != NULL)
			verdict.text = (struct span){ runner->serve->job.text,
						      runner->serve->job.text_len };
		runner->auth_failures++;
		wait_floor(runner, began);
	}
	runner_answer(runner, &verdict, -1);
}

/* ---- mailbox ----------------------------------------------------------------------------- */

/* The parser goes back to the listing, so it has to be a file: what comes as a stream is copied. */
static int make_seekable(struct runner *runner, int content)
{
	int64_t deadline = clock_deadline(clock_now(), runner->options->hook_timeout);
	static char block[16384]; /* few stores need it */
	ssize_t got = 1;
	int file = -1;

	if (content >= 0 && lseek(content, 0, SEEK_SET) == 0)
		return content;
	spool_open(&runner->spool);
	while (content >= 0 && got > 0) {
		struct pollfd ready = { content, POLLIN, 0 };

		if (poll(&ready, 1, clock_poll_timeout(clock_now(), deadline)) <= 0)
			got = -1;
		else
			got = fd_read(content, block, sizeof(block));
		if (got > 0)
			spool_write(&runner->spool, (struct span){ block, (size_t)got });
	}
	fd_close(&content);
	if (got >= 0 && runner->spool.error == 0)
		file = spool_reader(&runner->spool);
	spool_close(&runner->spool);
	return file;
}

/* Seconds between two logins of this user: what the program prints, else --login-delay. */
static uint32_t wanted_delay(struct runner *runner)
{
	const struct ask ask = { .event = EVENT_LOGIN_DELAY, .message = -1, .envelope = -1 };
	uint64_t seconds = runner->options->login_delay;
	int content;

	if (runner_handles(runner, EVENT_LOGIN_DELAY)) {
		struct verdict verdict = runner_decide(runner, &ask, &content);
		struct span text = verdict.text;

		fd_close(&content);
		if (verdict.exit == EXIT_DONE)
			number_upto(span_trim(span_take(&text, '\n')), UINT32_MAX, &seconds);
	}
	return (uint32_t)seconds;
}

/* True, with the refusal in *verdict, when the last login was too short a time ago (RFC 2449 6.5).
 */
static bool too_early(struct runner *runner, struct login_delay *delay, struct buffer *text,
		      struct verdict *verdict)
{
	uint32_t left = login_delay_left(delay);

	if (left == 0)
		return false;
	buffer_string(text, "[LOGIN-DELAY] come back in ");
	buffer_number(text, left);
	buffer_string(text, left == 1 ? " second\n" : " seconds\n");
	verdict->exit = EXIT_TEMPFAIL;
	verdict->text = buffer_span(text);
	log_note(LOG_NOTICE, "login too early", "session", runner->session);
	return true;
}

void runner_list(struct runner *runner)
{
	struct login_delay delay;
	struct verdict verdict = { .exit = VERDICT_NONE };
	char bytes[80];
	struct buffer text = BUFFER(bytes);
	int content = -1;

	login_delay_open(&delay, runner->options, runner->directory->path, &runner->facts,
			 wanted_delay(runner));
	if (!too_early(runner, &delay, &text, &verdict))
		verdict = runner_decide(
			runner, &(struct ask){ .event = EVENT_LIST, .message = -1, .envelope = -1 },
			&content);
	if (verdict.exit == EXIT_DONE) {
		content = make_seekable(runner, content);
		if (content < 0)
			verdict.exit = EXIT_TEMPFAIL;
		else
			runner->login = RUNNER_LISTED;
	}
	if (runner->login == RUNNER_LISTED)
		login_delay_begin(&delay);
	login_delay_close(&delay);
	runner_answer(runner, &verdict, content);
	fd_close(&content);
}

void runner_delete(struct runner *runner, const struct event_call *call)
{
	struct verdict verdict = { .exit = EXIT_TEMPFAIL };
	struct ask ask = { .event = EVENT_DELETE, .message = -1 };
	uint64_t octets;
	int content;

	if (runner->login != RUNNER_LISTED ||
	    !number_upto(event_fact(call, FACT_OCTETS), UINT64_MAX - 1, &octets)) {
		runner_violation(runner, "DELETE out of order");
		return;
	}
	if (runner_message(runner, octets, &verdict)) {
		ask.envelope = spool_reader(&runner->spool);
		ask.envelope_len = runner->spool.size;
		if (ask.envelope >= 0 && spawn_raise_fd(&ask.envelope))
			verdict = runner_decide(runner, &ask, &content);
	}
	fd_close(&ask.envelope);
	spool_close(&runner->spool);
	runner->received = 0;
	if (!runner->over)
		runner_answer(runner, &verdict, -1);
}

void runner_logout(struct runner *runner)
{
	if (runner->login != RUNNER_LOGGED_IN && runner->login != RUNNER_LISTED)
		return;
	if (runner->login == RUNNER_LISTED && runner->serve_all)
		runner_inform(runner, EVENT_LOGOUT);
	/* The end of its input ends the store, and with it the lock. */
	runner_end_serve(runner);
	if (runner->login == RUNNER_LISTED && !runner->serve_all)
		runner_inform(runner, EVENT_LOGOUT);
	runner->login = RUNNER_NO_LOGIN;
	runner->serve_all = false;
}
