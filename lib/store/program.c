/* SPDX-License-Identifier: ISC */
/*
 * program.c - what a store is asked for.
 *
 * An event by the first argument, as hooks are started, or by the name of a link; the
 * co-process contract by the name `serve` or a stream socket on standard input; `create` by
 * a person.
 */
#include "store/store.h"

#include "base/descriptor.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* EX_USAGE of sysexits(3). */
#define EXIT_USAGE 64

static bool say(int fd, struct span text)
{
	return fd_write_all(fd, text);
}

static bool put_usage(const struct store *store, int fd)
{
	char bytes[1024];
	struct buffer out = BUFFER(bytes);

	buffer_string(&out, "usage: ");
	buffer_string(&out, store->name);
	buffer_string(&out, " EVENT     answer one event: ");
	store_put_events(store, STORE_ALL, &out);
	buffer_string(&out, "\n       ");
	buffer_string(&out, store->name);
	buffer_string(&out, " serve     answer events on the socket that is fd 0\n       ");
	buffer_string(&out, store->name);
	buffer_string(&out, " create USER...\n\n");
	buffer_string(&out, store->pattern);
	buffer_string(&out, " in the environment is the path pattern (%u %n %d).\n");
	return say(fd, buffer_span(&out));
}

/* Makes one mailbox and says so. */
static bool create(const struct store *store, const char *user)
{
	static struct mailbox_path path;
	const char *pattern = getenv(store->pattern);
	const char *where;
	enum create_result result;
	char line[2 * PATH_MAX + 512];
	struct buffer out = BUFFER(line);

	if (pattern == NULL || *pattern == '\0') {
		request_log_setting(store->pattern,
				    "is not set; give it as in the backend's env file", NULL);
		return false;
	}
	switch (pattern_expand(span_of(pattern), span_of(user), &path)) {
	case PATTERN_OK:
		break;
	case PATTERN_NO_MAILBOX:
		request_log_setting(store->pattern, "gives this name no mailbox", user);
		return false;
	case PATTERN_BAD:
		request_log_setting(store->pattern, "is no path pattern", pattern);
		return false;
	}
	result = store->create(&path, &where);
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

static int create_all(const struct store *store, char *const *users)
{
	int exit = EXIT_DONE;

	if (*users == NULL) {
		put_usage(store, STDERR_FILENO);
		return EXIT_USAGE;
	}
	umask(077);
	for (; *users != NULL; users++) {
		if (!create(store, *users))
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
static bool obey(const struct store *store, struct span word, char *const *rest, int *exit)
{
	const struct store_event *event = store_event(store, event_by_name(word));

	if (span_equal(word, SPAN("create")))
		*exit = create_all(store, rest);
	else if (span_equal(word, SPAN("serve")))
		*exit = store_serve(store);
	else if (event != NULL)
		*exit = store_exec(store, event);
	else if (span_equal(word, SPAN("--version")))
		*exit = !say(STDOUT_FILENO, span_of(store->name)) ||
			!say(STDOUT_FILENO, SPAN(" " MS_VERSION "\n"));
	else if (span_equal(word, SPAN("--help")))
		*exit = !put_usage(store, STDOUT_FILENO);
	else
		return false;
	return true;
}

int store_main(const struct store *store, int argc, char **argv)
{
	struct span own = span_of(argc > 0 ? argv[0] : "");
	int exit = EXIT_USAGE;

	/* Writing to someone who left, or past a limit, is an error like any other. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	request_program(store->name);
	while (span_find(own, '/') < own.len)
		own = span_from(own, span_find(own, '/') + 1);
	if ((argc > 1 && obey(store, span_of(argv[1]), argv + 2, &exit)) ||
	    obey(store, own, argv + argc, &exit))
		return exit;
	if (argc < 2 && stdin_is_stream())
		return store_serve(store);
	put_usage(store, STDERR_FILENO);
	return exit;
}
