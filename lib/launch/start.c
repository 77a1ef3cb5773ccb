/* SPDX-License-Identifier: ISC */
/* start.c - how this process was started, decided from what it finds. */
#include "launch/start.h"

#include "base/descriptor.h"
#include "base/log.h"
#include "base/number.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The first descriptor of LISTEN_FDS, and close_range(2)'s flag. */
#define LISTEN_FDS_START 3
#define CLOSE_RANGE_FLAG (1U << 2)

/* What a descriptor is. */
enum end {
	END_OTHER, /* /dev/null, a directory, nothing */
	END_SOCKET,
	END_LISTENING,
	END_STREAM, /* a pipe or a file */
	END_TERMINAL,
};

static enum end end_of(int fd)
{
	struct stat status;
	socklen_t len = sizeof(int);
	int listening = 0;
	int type = 0;

	if (fstat(fd, &status) != 0)
		return END_OTHER;
	if (S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode))
		return END_STREAM;
	if (S_ISCHR(status.st_mode) && isatty(fd))
		return END_TERMINAL;
	if (!S_ISSOCK(status.st_mode) || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 ||
	    type != SOCK_STREAM)
		return END_OTHER;
	len = sizeof listening;
	getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len);
	return listening ? END_LISTENING : END_SOCKET;
}

void start_prepare(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", O_RDWR); /* the lowest number is free: it becomes `fd` */
	if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_FLAG) != 0)
		for (long end = sysconf(_SC_OPEN_MAX); fd < end && fd < 1024; fd++)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	sigprocmask(SIG_SETMASK, &action.sa_mask, NULL);
	sigaction(SIGCHLD, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
}

/* How many descriptors LISTEN_FDS hands to this very process. Its variables end here. */
static unsigned listen_fds(void)
{
	static const char *const names[] = { "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES",
					     "LISTEN_PIDFDID" };
	struct span pid = span_of(getenv(names[0]));
	struct span fds = span_of(getenv(names[1]));
	uint64_t number = 0;

	if (!number_upto(pid, INT32_MAX, &number) || number != (uint64_t)getpid() ||
	    !number_upto(fds, INT16_MAX, &number))
		number = 0;
	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		unsetenv(names[i]);
	return (unsigned)number;
}

/* Puts `fd` (or /dev/null, for -1) in the place of fd 0 and 1. */
static void take_place(int fd)
{
	int from = fd >= 0 ? fd : open("/dev/null", O_RDWR | O_CLOEXEC);

	if (from < 0)
		return;
	dup2(from, 0);
	dup2(from, 1);
	fd_close(&from);
}

static bool inherit(struct start *start, int fd, struct buffer *error)
{
	if (start->count == LISTENERS_MAX) {
		buffer_string(error, "more listening sockets than there is room for");
		return false;
	}
	if (!listener_inherit(&start->listeners[start->count], fd)) {
		buffer_string(error, "cannot take over a listening socket: ");
		buffer_string(error, strerror(errno));
		return false;
	}
	start->count++;
	return true;
}

/* Looks at what LISTEN_FDS hands over. */
static void detect_inherited(struct start *start, unsigned count, struct buffer *error)
{
	for (int fd = LISTEN_FDS_START; fd < LISTEN_FDS_START + (int)count; fd++) {
		enum end end = end_of(fd);

		if (end == END_SOCKET && count == 1) {
			take_place(fd);
			start->kind = START_SESSION;
			return;
		}
		if (end != END_LISTENING)
			log_note(LOG_WARNING, "inherited descriptor is no listening stream socket",
				 NULL, NULL);
		else if (!inherit(start, fd, error))
			start->kind = START_FAILED;
		else if (start->kind == START_NOTHING)
			start->kind = START_LOOP;
	}
}

static void open_listeners(struct start *start, const struct option_list *listen,
			   struct buffer *error)
{
	start->kind = START_LOOP;
	for (unsigned i = 0; i < listen->count && start->kind == START_LOOP; i++) {
		bool fault = i == LISTENERS_MAX;

		if (fault)
			buffer_string(error, "too many addresses to listen on");
		if (!fault && listener_open(&start->listeners[i], listen->items[i], error, &fault))
			start->count++;
		else
			start->kind = fault ? START_BAD : START_FAILED;
	}
	while (start->kind != START_LOOP && start->count > 0)
		listener_close(&start->listeners[--start->count]);
}

void start_detect(struct start *start, const struct option_list *listen, struct buffer *error)
{
	unsigned inherited = listen_fds();
	enum end end = end_of(0);

	start->kind = START_NOTHING;
	start->count = 0;
	if (end == END_SOCKET || (end == END_STREAM && listen->count == 0)) {
		start->kind = START_SESSION;
		return;
	}
	detect_inherited(start, inherited, error);
	if (start->kind == START_NOTHING && end == END_LISTENING)
		start->kind = inherit(start, 0, error) ? START_LOOP : START_FAILED;
	if (start->kind == START_NOTHING && listen->count > 0)
		open_listeners(start, listen, error);
	if (start->kind == START_NOTHING && end == END_TERMINAL)
		start->kind = START_SESSION;
	if (start->kind == START_LOOP)
		take_place(-1);
}

bool start_has_client(void)
{
	enum end end = end_of(0);

	return end == END_SOCKET || end == END_STREAM;
}
