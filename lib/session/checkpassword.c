/* SPDX-License-Identifier: ISC */
/*
 * checkpassword.c - running auth by the checkpassword interface (DESIGN 8).
 *
 * Success is the program that auth was given running, never a mere exit 0: in SMTP and LMTP
 * auth-ok, which confirms on a descriptor; in POP3 the store, whose hello does.
 */
#include "session/login.h"

#include "backend/spawn.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "session/helper.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* name NUL password NUL timestamp NUL, ready to be read. -1 with errno. */
static int credentials(struct span name, struct span password)
{
	char bytes[600];
	struct buffer data = BUFFER(bytes);
	int fd;

	buffer_put(&data, name);
	buffer_byte(&data, '\0');
	buffer_put(&data, password);
	buffer_byte(&data, '\0');
	buffer_number(&data, (uint64_t)time(NULL));
	buffer_byte(&data, '\0');
	fd = login_pipe(buffer_span(&data));
	explicit_bzero(bytes, sizeof(bytes));
	return fd;
}

/* ---- SMTP and LMTP ----------------------------------------------------------------------- */

/* The descriptor that auth-ok writes to. */
#define CONFIRM_FD 4

/* Takes `user=NAME` from auth-ok; a name that it does not know is the client's. False: it never
 * ran. */
static bool take_confirmation(struct login *login, int fd)
{
	char bytes[600];
	ssize_t got = fd_read(fd, bytes, sizeof(bytes));
	struct span line = { bytes, got > 0 ? (size_t)got : 0 }, prefix = SPAN("user=");

	if (!span_starts(line, prefix) || line.base[line.len - 1] != '\n')
		return false;
	line = span_from(span_first(line, line.len - 1), prefix.len);
	if (login_name_fits(line))
		login_name(login, line);
	return true;
}

static void ask_auth(struct runner *runner, struct login *login, int data, int confirm[2])
{
	uint32_t timeout = runner->options->hook_timeout;
	char auth[BACKEND_PATH_MAX + 32], program[BACKEND_PATH_MAX + 32], number[4];
	struct buffer path = BUFFER(auth), ok = BUFFER(program), digits = BUFFER(number);
	struct hook *hook = runner_hook(runner);
	struct verdict verdict;
	static char text[VERDICT_TEXT_MAX];

	directory_program(runner->directory, EVENT_AUTH, SPAN_NONE, &path);
	helper_path(&ok, "auth-ok");
	buffer_number(&digits, CONFIRM_FD);
	if (hook == NULL || buffer_cstr(&path) == NULL || buffer_cstr(&ok) == NULL ||
	    buffer_cstr(&digits) == NULL) {
		log_note(LOG_ERR, "cannot run auth", "session", runner->session);
		return;
	}
	hook_start(hook,
		   &(struct hook_order){
			   .event = EVENT_AUTH,
			   .path = auth,
			   .arguments = (char *const[]){ auth, program, number, NULL },
			   .environment = runner_environment(runner, EVENT_AUTH, timeout),
			   .stdin_fd = runner->null,
			   .stdout_fd = -1,
			   .extra_fd = data,
			   .confirm_fd = confirm[1],
			   .timeout = timeout,
		   },
		   runner->session);
	fd_close(&confirm[1]);
	runner_wait(runner, &hook->job);
	verdict = runner_verdict(runner, &hook->job);
	memcpy(text, verdict.text.base, verdict.text.len);
	login->text = (struct span){ text, verdict.text.len };
	login->close = verdict.close;
	login->exit = verdict.exit == EXIT_DONE ? EXIT_TEMPFAIL : verdict.exit;
	if (take_confirmation(login, confirm[0]))
		login->exit = EXIT_DONE;
	runner_release(runner, hook);
}

/* ---- POP3 -------------------------------------------------------------------------------- */

/* What auth is to run: the store, or the program that runs the hooks under auth's identity. */
struct store_arguments {
	char auth[BACKEND_PATH_MAX + 32];
	char store[BACKEND_PATH_MAX + 32];
	char hook_timeout[48];
	char spool_memory[48];
	char *items[12]; /* of auth; from the second on of the store */
};

static char *numbered_flag(char *bytes, size_t cap, const char *flag, uint64_t value)
{
	struct buffer buffer = { bytes, 0, cap, false };

	buffer_string(&buffer, flag);
	buffer_number(&buffer, value);
	return buffer_cstr(&buffer) == NULL ? NULL : bytes;
}

/* False when a path is too long. */
static bool compose_arguments(struct runner *runner, struct store_arguments *arguments)
{
	const struct options *options = runner->options;
	struct buffer auth = BUFFER(arguments->auth), store = BUFFER(arguments->store);
	unsigned count = 0;

	directory_program(runner->directory, EVENT_AUTH, SPAN_NONE, &auth);
	arguments->items[count++] = arguments->auth;
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
	return buffer_cstr(&auth) != NULL && buffer_cstr(&store) != NULL;
}

/* Runs auth, or the store itself, with the co-process socket as fd 0 and 1. */
static bool launch(struct runner *runner, int data)
{
	uint32_t timeout = runner->options->hook_timeout;
	struct store_arguments arguments;
	char **argv = arguments.items + (data < 0);
	const char *wrong = NULL;
	int ends[2] = { -1, -1 }, err[2] = { -1, -1 };
	pid_t pid = -1;

	if (!compose_arguments(runner, &arguments))
		wrong = "the path of the backend directory is too long";
	else if (data >= 0)
		wrong = spawn_unfit(arguments.auth);
	if (wrong == NULL && runner->directory->serve == SERVE_PROGRAM)
		wrong = spawn_unfit(arguments.store);
	if (wrong != NULL) {
		log_note(LOG_ERR, wrong, "path", runner->directory->path);
		return false;
	}
	if (spawn_socketpair(SOCK_STREAM, ends) && spawn_pipe(err))
		pid = spawn_program(&(struct spawn){
			.path = argv[0],
			.argv = argv,
			.envp = runner_environment(runner, data < 0 ? EVENT_COUNT : EVENT_AUTH,
						   data < 0 ? 0 : timeout),
			.fds = { ends[1], ends[1], err[1], data, -1 },
		});
	if (pid < 0)
		log_fault(LOG_ERR, "cannot run the program", "path", argv[0], errno);
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

int runner_start_store(struct runner *runner, int data)
{
	if (runner_new_serve(runner) == NULL) {
		log_fault(LOG_ERR, "cannot start the store", "session", runner->session, errno);
		return EXIT_TEMPFAIL;
	}
	return launch(runner, data) ? await_hello(runner) : EXIT_TEMPFAIL;
}

/* ---- both -------------------------------------------------------------------------------- */

void check_password(struct runner *runner, struct login *login, struct span password)
{
	int data = credentials(login->name, password), confirm[2] = { -1, -1 };

	if (data >= 0 && runner->protocol == PROTOCOL_POP3) {
		login->exit = runner_start_store(runner, data);
		/* [IN-USE] and the like; who was refused is told no more than that. */
		if (login->exit == EXIT_TEMPFAIL && runner->serve != NULL)
			login->text = (struct span){ runner->serve->job.text,
						     runner->serve->job.text_len };
	} else if (data >= 0 && spawn_pipe(confirm)) {
		fd_nonblocking(confirm[0]);
		ask_auth(runner, login, data, confirm);
	} else {
		log_fault(LOG_ERR, "cannot run auth", "session", runner->session, errno);
	}
	fd_close(&confirm[0]);
	fd_close(&confirm[1]);
	fd_close(&data);
}
