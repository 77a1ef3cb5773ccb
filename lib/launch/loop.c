/* SPDX-License-Identifier: ISC */
/*
 * loop.c - the accept loop.
 *
 * When the machine runs out of descriptors, processes or memory the loop leaves its sockets alone
 * for a moment and tries again; connections wait in the queue meanwhile.
 */
#include "launch/loop.h"

#include "backend/spawn.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "base/network.h"
#include "engine/verdict.h"
#include "launch/admission.h"
#include "launch/crowd.h"
#include "launch/grudges.h"
#include "launch/notify.h"
#include "session/front.h"
#include "session/session.h"
#include "session/title.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a lack of resources keeps us from trying again, milliseconds. */
#define PAUSE 200
/* Status and title are renewed, and refusals logged, once in so many milliseconds. */
#define REST 1000
/* Connections taken from one socket before the others have their turn. */
#define BATCH 16
/* Sources whose failed logins are remembered at a time. */
#define GRUDGES_MAX 4096
/* A session in which logins failed tells by an exit status above this how many, up to a few. */
#define STATUS_LOGINS_FAILED 128
#define LOGINS_FAILED_MAX    32

struct loop {
	enum protocol protocol;
	const struct options *options;
	loop_reload *reload;
	struct listener *listeners;
	unsigned listener_count;
	int signals; /* signalfd(2) */
	struct admission admission;
	struct crowd crowd;
	struct grudges grudges;
	uint64_t served;    /* sessions begun */
	uint64_t refused;   /* since the last line about it */
	int64_t resume;     /* the end of a pause, or 0 */
	int64_t idle_since; /* the last session ended or began then */
	int64_t shown;      /* status and title were renewed then */
	int64_t complained; /* a refusal was logged then */
	bool changed;       /* since they were shown */
	bool stopping;
};

union endpoint {
	struct sockaddr any;
	struct sockaddr_storage storage;
};

static struct crowd_limits limits_of(const struct options *options)
{
	return (struct crowd_limits){ options->max_connections, options->max_per_source,
				      options->connection_rate };
}

/* Tells title and service manager how things are; `prefix` holds further lines for the latter. */
static void show(struct loop *loop, struct span prefix, int64_t now)
{
	char text[TITLE_MAX];
	char lines[TITLE_MAX + 128];
	struct buffer status = BUFFER(text);
	struct buffer message = BUFFER(lines);

	buffer_number(&status, crowd_count(&loop->crowd));
	buffer_string(&status, " sessions, ");
	buffer_number(&status, loop->served);
	buffer_string(&status, " served");
	title_set(loop->stopping ? SPAN("stopping,") : SPAN("listening,"), buffer_span(&status));
	buffer_put(&message, prefix);
	buffer_string(&message, "STATUS=");
	buffer_put(&message, buffer_span(&status));
	notify_send(buffer_span(&message));
	loop->shown = now;
	loop->changed = false;
}

/* ---- one connection ---- */

/*
 * The client behind a front end: read from the header, then judged by the loop as any other was
 * when it was accepted. False: the connection is to be closed.
 */
static bool meet_client(const struct loop *loop, struct peer *peer, int admission)
{
	const char *why;

	if (!front_receive(peer, peer->remote_addr, 0))
		return false;
	why = admission_ask(admission, span_of(peer->remote_addr), &peer->login_wait);
	if (why == NULL)
		return true;
	session_refuse(loop->protocol, loop->options, 1, why);
	shutdown(1, SHUT_WR);
	return false;
}

/* Becomes a session on fd 0 and 1, with nothing else open but fd 2. Does not return. */
static _Noreturn void become_session(const struct loop *loop, int fd, const union endpoint *remote,
				     bool fronted, uint32_t login_wait)
{
	int admission = fronted ? 3 : -1;
	union endpoint local = { .any.sa_family = AF_UNSPEC };
	socklen_t len = sizeof local;
	struct sigaction action = { .sa_handler = SIG_IGN };
	struct peer peer;
	uint32_t failed;
	int status;

	dup2(fd, 0);
	dup2(fd, 1);
	log_close();
	if (fronted)
		dup2(loop->admission.session, admission);
	fd_close_from(fronted ? 4 : 3);
	/* These are for the loop; the terminal and the curious send them to all of us. */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	/* A SIGTERM that is here already waits until the session looks for it. */
	sigaddset(&action.sa_mask, SIGTERM);
	sigprocmask(SIG_SETMASK, &action.sa_mask, NULL);
	getsockname(0, &local.any, &len);
	peer_from_sockaddr(&peer, &remote->any, &local.any);
	peer.login_wait = login_wait;
	title_set(span_of(peer.remote_addr), SPAN_NONE);
	if (fronted && !meet_client(loop, &peer, admission))
		_exit(0);
	fd_close(&admission);
	status = session_run(loop->protocol, loop->options, &peer, 0, 1);
	failed = session_failed_logins();
	if (status == 0 && failed > 0)
		status = STATUS_LOGINS_FAILED +
			 (int)(failed < LOGINS_FAILED_MAX ? failed : LOGINS_FAILED_MAX);
	_exit(status);
}

static void pause_accepting(struct loop *loop, const char *what, int64_t now)
{
	if (loop->resume == 0)
		log_fault(LOG_ERR, what, NULL, NULL, errno);
	loop->resume = now + PAUSE;
}

/* Closes a connection that cannot be served, with a word of regret that never blocks. */
static void refuse(struct loop *loop, int fd, const char *why)
{
	fd_nonblocking(fd);
	session_refuse(loop->protocol, loop->options, fd, why);
	shutdown(fd, SHUT_WR);
	fd_close(&fd);
}

/* One line for all the refusals of a second. */
static void complain(struct loop *loop, const char *why, struct span remote, int64_t now)
{
	struct log_line line;

	loop->refused++;
	if (now - loop->complained < REST)
		return;
	log_begin(&line, LOG_WARNING, "connection refused");
	log_string(&line, "reason", why);
	if (remote.len > 0)
		log_text(&line, "remote", remote);
	log_number(&line, "refused", loop->refused);
	log_number(&line, "sessions", crowd_count(&loop->crowd));
	log_end(&line);
	loop->complained = now;
	loop->refused = 0;
}

/*
 * What failed before from there makes a login wait.  Those who speak for many, as a web mail does,
 * are not taken for a guesser: loopback and the trusted networks.
 */
static uint32_t login_wait_of(const struct loop *loop, uint64_t source, struct span address,
			      bool proxied, int64_t now)
{
	uint32_t wait = grudges_wait(&loop->grudges, source, now);

	if (wait > 0 &&
	    (network_is_loopback(address) || front_trusts(loop->options, address, proxied)))
		return 0;
	return wait;
}

static void serve(struct loop *loop, int fd, const union endpoint *remote, int64_t now)
{
	struct peer peer;
	uint32_t login_wait;
	uint64_t source;
	const char *why;
	bool fronted;
	pid_t session;

	peer_from_sockaddr(&peer, &remote->any, NULL);
	fronted = front_expected(loop->options, peer.remote_addr);
	source = fronted ? SOURCE_NONE : source_of(&remote->any);
	why = crowd_refuses(&loop->crowd, source, now);
	if (why != NULL) {
		complain(loop, why, span_of(peer.remote_addr), now);
		refuse(loop, fd, why);
		return;
	}
	login_wait = login_wait_of(loop, source, span_of(peer.remote_addr), false, now);
	session = spawn_fork();
	if (session == 0)
		become_session(loop, fd, remote, fronted, login_wait);
	if (session < 0) {
		pause_accepting(loop, "cannot start a session", now);
		refuse(loop, fd, "out of resources");
		return;
	}
	fd_close(&fd);
	crowd_enter(&loop->crowd, session, source);
	loop->served++;
	loop->resume = 0;
	loop->idle_since = now;
	loop->changed = true;
}

/* Judges the clients that sessions learnt of from a PROXY header. */
static void admit_batch(struct loop *loop, int64_t now)
{
	struct admission_request request;

	for (unsigned i = 0; i < BATCH && admission_take(&loop->admission, &request); i++) {
		struct span address = { request.address, request.len };
		uint64_t source = source_of_text(address);
		const char *why = crowd_locate(&loop->crowd, request.session, source);

		if (why != NULL)
			complain(loop, why, address, now);
		admission_answer(&request, why, login_wait_of(loop, source, address, true, now));
	}
}

/* What accept(2) hands on from the network: that connection is lost, the socket is not. */
static bool is_passing(int error)
{
	return error == ECONNABORTED || error == EINTR || error == EPROTO || error == ENETDOWN ||
	       error == ENOPROTOOPT || error == EHOSTDOWN || error == ENONET ||
	       error == EHOSTUNREACH || error == EOPNOTSUPP || error == ENETUNREACH ||
	       error == EPERM;
}

static void accept_batch(struct loop *loop, const struct listener *listener, int64_t now)
{
	unsigned lost = 0;

	for (unsigned i = 0; i < BATCH && loop->resume <= now; i++) {
		union endpoint remote = { .any.sa_family = AF_UNSPEC };
		socklen_t len = sizeof remote;
		int fd = accept4(listener->fd, &remote.any, &len, SOCK_CLOEXEC);

		if (fd >= 0)
			serve(loop, fd, &remote, now);
		else if (errno == EAGAIN)
			return;
		else if (!is_passing(errno) || ++lost == BATCH)
			pause_accepting(loop, "cannot accept connections", now);
	}
}

/* ---- signals ---- */

static void reap(struct loop *loop, int64_t now)
{
	struct log_line line;
	uint64_t source;
	pid_t session;
	int status, failed;

	while ((session = waitpid(-1, &status, WNOHANG)) > 0) {
		if (!crowd_leave(&loop->crowd, session, &source))
			continue; /* a child that whoever ran this program left behind */
		loop->idle_since = now;
		loop->changed = true;
		failed = WIFEXITED(status) ? WEXITSTATUS(status) - STATUS_LOGINS_FAILED : 0;
		if (failed > 0 && failed <= LOGINS_FAILED_MAX) {
			grudges_add(&loop->grudges, source, (uint32_t)failed, now);
			continue;
		}
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			continue;
		log_begin(&line, LOG_WARNING, "session failed");
		log_number(&line, "pid", (uint64_t)session);
		log_number(
			&line, WIFSIGNALED(status) ? "signal" : "exit",
			(uint64_t)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)));
		log_end(&line);
	}
}

static void reload(struct loop *loop, int64_t now)
{
	char text[64];
	struct buffer lines = BUFFER(text);
	const struct options *options;
	struct crowd_limits limits;
	struct timespec time;

	/* systemd tells by the time that this is the reload it asked for, not an earlier one. */
	clock_gettime(CLOCK_MONOTONIC, &time);
	buffer_string(&lines, "RELOADING=1\nMONOTONIC_USEC=");
	buffer_number(&lines, (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000);
	notify_send(buffer_span(&lines));
	options = loop->reload();
	if (options != NULL) {
		limits = limits_of(options);
		if (!crowd_limit(&loop->crowd, &limits))
			log_fault(LOG_ERR, "cannot change limits", NULL, NULL, errno);
		loop->options = options;
		log_note(LOG_NOTICE, "configuration read again", NULL, NULL);
	}
	show(loop, SPAN("READY=1\n"), now);
}

static void stop(struct loop *loop, const char *why, int64_t now)
{
	struct log_line line;

	if (loop->stopping)
		return;
	loop->stopping = true;
	for (unsigned i = 0; i < loop->listener_count; i++)
		listener_close(&loop->listeners[i]);
	crowd_signal(&loop->crowd, SIGTERM);
	log_begin(&line, LOG_NOTICE, "stopping");
	log_string(&line, "reason", why);
	log_number(&line, "sessions", crowd_count(&loop->crowd));
	log_number(&line, "served", loop->served);
	log_end(&line);
	show(loop, SPAN("STOPPING=1\n"), now);
}

static void take_signals(struct loop *loop, int64_t now)
{
	struct signalfd_siginfo info;

	while (read(loop->signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGCHLD)
			reap(loop, now);
		else if (info.ssi_signo != SIGHUP)
			stop(loop, "signal", now);
		else if (!loop->stopping)
			reload(loop, now);
	}
}

static bool open_signals(struct loop *loop)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaction(SIGHUP, &action, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return loop->signals >= 0;
}

/* ---- the loop ---- */

/* When something is to be done although nothing happens. A pause that is over asks for nothing. */
static int64_t next_deadline(const struct loop *loop, int64_t now)
{
	int64_t deadline = CLOCK_NEVER;

	if (loop->changed)
		deadline = loop->shown + REST;
	if (loop->stopping)
		return deadline;
	if (loop->resume > now)
		deadline = clock_earlier(deadline, loop->resume);
	if (crowd_count(&loop->crowd) == 0)
		deadline = clock_earlier(
			deadline, clock_deadline(loop->idle_since, loop->options->idle_exit));
	return deadline;
}

static void turn(struct loop *loop)
{
	struct pollfd polls[2 + LISTENERS_MAX] = {
		{ .fd = loop->signals, .events = POLLIN },
		{ .fd = loop->admission.loop, .events = POLLIN },
	};
	int64_t now = clock_now();
	bool accepting = !loop->stopping && loop->resume <= now;
	nfds_t count = 2;
	int ready;

	for (unsigned i = 0; accepting && i < loop->listener_count; i++)
		polls[count++] = (struct pollfd){ .fd = loop->listeners[i].fd, .events = POLLIN };
	ready = poll(polls, count, clock_poll_timeout(now, next_deadline(loop, now)));
	now = clock_now();
	if (ready > 0 && polls[0].revents != 0)
		take_signals(loop, now);
	if (ready > 0 && polls[1].revents != 0)
		admit_batch(loop, now);
	for (nfds_t i = 2; ready > 0 && i < count && !loop->stopping; i++)
		if (polls[i].revents != 0)
			accept_batch(loop, &loop->listeners[i - 2], now);
	if (crowd_count(&loop->crowd) == 0 &&
	    clock_deadline(loop->idle_since, loop->options->idle_exit) <= now)
		stop(loop, "idle", now);
	if (loop->changed && now - loop->shown >= REST)
		show(loop, SPAN_NONE, now);
}

int loop_run(enum protocol protocol, const struct options *options, loop_reload *reload_options,
	     struct listener *listeners, unsigned count)
{
	struct loop loop = {
		.protocol = protocol,
		.options = options,
		.reload = reload_options,
		.listeners = listeners,
		.listener_count = count,
		.idle_since = clock_now(),
	};
	struct crowd_limits limits = limits_of(options);

	if (!crowd_open(&loop.crowd, &limits) || !grudges_open(&loop.grudges, GRUDGES_MAX) ||
	    !open_signals(&loop) || !admission_open(&loop.admission)) {
		log_fault(LOG_ERR, "cannot start", NULL, NULL, errno);
		return EXIT_TEMPFAIL;
	}
	for (unsigned i = 0; i < count; i++)
		listener_announce(&listeners[i]);
	loop.complained = loop.idle_since - REST;
	show(&loop, SPAN("READY=1\n"), loop.idle_since);
	while (!loop.stopping || crowd_count(&loop.crowd) > 0)
		turn(&loop);
	fd_close(&loop.signals);
	return 0;
}
