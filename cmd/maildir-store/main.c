/* SPDX-License-Identifier: ISC */
/*
 * main.c - maildir-store: what is asked for.
 *
 * An event by the first argument, as hooks are started, or by the name of a link; the
 * co-process contract by the name `serve` or a stream socket on standard input; `create` by
 * a person.
 */
#include "pattern.h"
#include "store.h"

#include "base/descriptor.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* EX_USAGE of sysexits(3). */
#define EXIT_USAGE 64

static const char usage[] =
	"usage: maildir-store EVENT     answer one event: " STORE_EVENTS "\n"
	"       maildir-store serve     answer events on the socket that is fd 0\n"
	"       maildir-store create USER...\n"
	"\n"
	"MAILDIR in the environment is the path pattern (%u %n %d).\n";

static bool say(int fd, struct span text)
{
	return fd_write_all(fd, text);
}

/* Makes one mailbox and says so. */
static bool create(const char *user)
{
	static struct mailbox_path path;
	const char *pattern = getenv("MAILDIR");
	const char *where;
	enum create_result result;
	char line[2 * PATH_MAX + 512];
	struct buffer out = BUFFER(line);

	if (pattern == NULL || *pattern == '\0') {
		request_log("MAILDIR is not set; give it as in the backend's env file, such as "
			    "MAILDIR=/srv/mail/%d/%n",
			    NULL, 0);
		return false;
	}
	switch (pattern_expand(span_of(pattern), span_of(user), &path)) {
	case PATTERN_OK:
		break;
	case PATTERN_NO_MAILBOX:
		request_log("MAILDIR gives this name no mailbox", user, 0);
		return false;
	case PATTERN_BAD:
		request_log("MAILDIR is no path pattern", pattern, 0);
		return false;
	}
	result = maildir_create(&path, &where);
	if (result == CREATE_FAILED) {
		request_log("cannot create", where, errno);
		return false;
	}
	buffer_string(&out, result == CREATE_MADE ? "created " : "exists already: ");
	buffer_string(&out, path.base);
	if (out.base[out.len - 1] != '/')
		buffer_byte(&out, '/');
	buffer_string(&out, path.rest);
	buffer_byte(&out, '\n');
	return say(STDOUT_FILENO, buffer_span(&out));
}

static int create_all(char *const *users)
{
	int exit = EXIT_DONE;

	if (*users == NULL) {
		say(STDERR_FILENO, span_of(usage));
		return EXIT_USAGE;
	}
	umask(077);
	for (; *users != NULL; users++) {
		if (!create(*users))
			exit = 1;
	}
	return exit;
}

static bool stdin_is_stream(void)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_STREAM;
}

/* True when `word` asks for something; *exit is how it ended. */
static bool obey(struct span word, char *const *rest, int *exit)
{
	enum event event = event_by_name(word);

	if (span_equal(word, SPAN("create")))
		*exit = create_all(rest);
	else if (span_equal(word, SPAN("serve")))
		*exit = store_serve();
	else if (event < EVENT_COUNT && store_knows(event))
		*exit = store_exec(event);
	else if (span_equal(word, SPAN("--version")))
		*exit = !say(STDOUT_FILENO, SPAN("maildir-store " MS_VERSION "\n"));
	else if (span_equal(word, SPAN("--help")))
		*exit = !say(STDOUT_FILENO, span_of(usage));
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	struct span own = span_of(argc > 0 ? argv[0] : "");
	int exit = EXIT_USAGE;

	/* Writing to someone who left, or past a limit, is an error like any other. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	while (span_find(own, '/') < own.len)
		own = span_from(own, span_find(own, '/') + 1);
	if ((argc > 1 && obey(span_of(argv[1]), argv + 2, &exit)) || obey(own, argv + argc, &exit))
		return exit;
	if (argc < 2 && stdin_is_stream())
		return store_serve();
	say(STDERR_FILENO, span_of(usage));
	return exit;
}
