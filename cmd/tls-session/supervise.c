/* SPDX-License-Identifier: ISC */
/* supervise.c - TLS in front of a program: a process for each, and this one, which waits. */
#include "supervise.h"

#include "announce.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "connection.h"
#include "engine/verdict.h"
#include "launch/account.h"
#include "session/front.h"
#include "session/ucspi.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* As the shell has it. */
#define EXIT_NO_EXEC   126
#define EXIT_NOT_FOUND 127
#define EXIT_SIGNALLED 128

/* What the program gets: its side of both stream sockets. */
struct ends {
	int control;
	int plain;
};

static pid_t program;

static void pass_on(int number)
{
	if (program > 0)
		kill(program, number);
}

/* Who the client is, for a program that asks its environment. */
static void set_peer(const struct peer *peer)
{
	static const char *const stale[] = { "TCPREMOTEIP", "TCPREMOTEPORT", "TCPREMOTEHOST",
					     "TCPLOCALIP",  "TCPLOCALPORT",  "TCPREMOTEINFO" };
	const char *values[] = { peer->remote_addr, peer->remote_port, peer->remote_host,
				 peer->local_addr,  peer->local_port,  "" };

	for (unsigned i = 0; i < sizeof(stale) / sizeof(*stale); i++) {
		if (values[i][0] != '\0')
			setenv(stale[i], values[i], 1);
		else
			unsetenv(stale[i]);
	}
	if (peer->remote_addr[0] != '\0')
		setenv("PROTO", "TCP", 1);
}

static void set_number(const char *name, int number)
{
	char text[12];
	struct buffer buffer = BUFFER(text);

	buffer_number(&buffer, (uint64_t)number);
	setenv(name, buffer_cstr(&buffer), 1);
}

/* Takes what is known of the connection into the environment. False: there is none. */
static bool learn(int control)
{
	static char told[ANNOUNCE_MAX];
	size_t len = 0, at = 0;
	ssize_t got;

	/* Nothing that was there before may pass for it. */
	while (len < 2 || told[len - 1] != '\0' || told[len - 2] != '\0') {
		got = fd_read(control, told + len, sizeof(told) - len);
		if (got <= 0)
			return false;
		len += (size_t)got;
	}
	while (told[at] != '\0') {
		size_t end = at + strlen(told + at);

		putenv(told + at);
		at = end + 1;
	}
	return true;
}

/* UCSPI-TLS: the program has the client, and what it needs to ask for TLS. */
static bool offer(const struct ends *ends)
{
	int control = dup(ends->control), reading = dup(ends->plain), writing = dup(ends->plain);

	if (control < 0 || reading < 0 || writing < 0)
		return false;
	set_number("SSLCTLFD", control);
	set_number("SSLREADFD", reading);
	set_number("SSLWRITEFD", writing);
	return true;
}

/* In the program's process: waits until there is something to speak with, and becomes it. */
static int become(const struct options *options, const struct peer *peer, char **argv,
		  const struct ends *ends, bool ucspi)
{
	char text[OPTIONS_ERROR_MAX];
	struct buffer error = BUFFER(text);

	/* As start_prepare found them. */
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	if (options->user != NULL && !account_become(options->user, &error)) {
		log_note(LOG_ERR, "cannot change the user", "error", buffer_cstr(&error));
		return EXIT_CONFIG;
	}
	ucspi_forget();
	set_peer(peer);
	/* The header has been read. */
	if (options->proxy_protocol.count > 0)
		setenv("MAILSESSION_PROXY_PROTOCOL", "", 1);
	if (ucspi) {
		if (!offer(ends))
			return EXIT_TEMPFAIL;
	} else if (!learn(ends->control)) {
		return 0;
	} else if (dup2(ends->plain, 0) < 0 || dup2(ends->plain, 1) < 0) {
		return EXIT_TEMPFAIL;
	}
	execvp(argv[0], argv);
	log_fault(LOG_ERR, "cannot run the program", "program", argv[0], errno);
	return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NO_EXEC;
}

static int status_of(int status)
{
	return WIFSIGNALED(status) ? EXIT_SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Waits for both. The program's status counts, unless TLS could not be had. */
static int wait_for(pid_t tls)
{
	int result = 0, tls_result = 0, status;
	pid_t pid;

	while ((pid = wait(&status)) > 0 || errno == EINTR) {
		if (pid == program) {
			program = 0;
			result = status_of(status);
		} else if (pid == tls) {
			tls_result = status_of(status);
			if (tls_result >= EXIT_SIGNALLED)
				log_note(LOG_ERR, "the TLS process was killed", NULL, NULL);
		}
	}
	return tls_result != 0 ? tls_result : result;
}

static void pass_signals(void)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_handler = pass_on };

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sigaction(numbers[i], &action, NULL);
}

static pid_t start_tls(const struct options *options, const struct peer *peer,
		       const struct ends *ours, const struct ends *theirs, bool ucspi)
{
	struct connection connection = {
		.options = options,
		.peer = peer,
		.in = 0,
		.out = 1,
		.control = ours->control,
		.plain = ours->plain,
		.waits = ucspi,
	};
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	close(theirs->control);
	close(theirs->plain);
	_exit(connection_run(&connection));
}

static pid_t start_program(const struct options *options, const struct peer *peer, char **argv,
			   const struct ends *ours, const struct ends *theirs, bool ucspi)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	close(ours->control);
	close(ours->plain);
	_exit(become(options, peer, argv, theirs, ucspi));
}

/* Reads a PROXY header, if there has to be one. False: the connection is to be closed. */
static bool meet(const struct options *options, struct peer *peer)
{
	struct peer real;
	const char *address;

	peer_gather(peer, 0, true);
	peer_gather(&real, 0, false);
	address = real.remote_addr[0] != '\0' ? real.remote_addr : peer->remote_addr;
	return !front_expected(options, address) || front_receive(peer, address, 0);
}

int supervise_run(const struct options *options, char **argv, bool ucspi)
{
	static struct peer peer;
	struct ends ours, theirs;
	int control[2], plain[2];
	pid_t tls;

	if (!meet(options, &peer))
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, plain) != 0) {
		log_fault(LOG_ERR, "cannot make a socket", NULL, NULL, errno);
		return EXIT_TEMPFAIL;
	}
	ours = (struct ends){ control[0], plain[0] };
	theirs = (struct ends){ control[1], plain[1] };
	tls = start_tls(options, &peer, &ours, &theirs, ucspi);
	if (tls > 0)
		program = start_program(options, &peer, argv, &ours, &theirs, ucspi);
	if (tls < 0 || program < 0) {
		log_fault(LOG_ERR, "cannot make a process", NULL, NULL, errno);
		return EXIT_TEMPFAIL;
	}
	pass_signals();
	fd_close(&ours.control);
	fd_close(&ours.plain);
	fd_close(&theirs.control);
	fd_close(&theirs.plain);
	log_close();
	fd_close_from(3);
	close(0);
	close(1);
	return wait_for(tls);
}
