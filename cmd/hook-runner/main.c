/* SPDX-License-Identifier: ISC */
/*
 * hook-runner - runs the hooks of a POP3 session as the user that auth logged in.
 *
 * The auth program runs it on success, with the co-process socket as fd 0 and 1, in the
 * environment, directory and identity of that user.  It answers every event that the backend
 * directory has a file for, and holds the lock of the maildrop.  Not for direct use: pop3-session
 * gives it its arguments, which are options of pop3-session and the backend directory.
 */
#include "backend/directory.h"
#include "backend/hook.h"
#include "backend/record.h"
#include "backend/serve.h"
#include "backend/spawn.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "lock.h"
#include "mail/address.h"
#include "option/option.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Events of a session that is logged in. */
#define EVENTS_SERVED                                                                   \
	(EVENT_BIT(EVENT_LIST) | EVENT_BIT(EVENT_SIZE) | EVENT_BIT(EVENT_RETRIEVE) |    \
	 EVENT_BIT(EVENT_TOP) | EVENT_BIT(EVENT_DELETE) | EVENT_BIT(EVENT_RSET) |       \
	 EVENT_BIT(EVENT_NOOP) | EVENT_BIT(EVENT_QUIT) | EVENT_BIT(EVENT_LOGIN_DELAY) | \
	 EVENT_BIT(EVENT_EXPIRE) | EVENT_BIT(EVENT_LOGOUT))

#define ENVIRONMENT_MAX 512

static struct {
	struct options options;
	struct directory directory;
	struct channel channel;
	struct spool body; /* the ids of delete */
	struct hook hook;
	int null;
	int errors; /* standard error: what programs say there the session logs */
	int lock;
	char *environment[ENVIRONMENT_MAX + 1];
	char text[RECORD_MAX + 1]; /* the fields of a call, as strings */
	char storage[65536];
} self;

static bool send_record(struct buffer *record, struct span body, int fd)
{
	record_finish(record);
	return !record->overflow && channel_send(&self.channel, buffer_span(record), fd) &&
	       channel_send(&self.channel, body, -1);
}

static bool say_hello(void)
{
	char bytes[2048], names[1024];
	struct buffer record = BUFFER(bytes), events = BUFFER(names);

	for (unsigned event = 0; event < EVENT_COUNT; event++) {
		if ((self.directory.programs & EVENTS_SERVED & EVENT_BIT(event)) == 0)
			continue;
		buffer_string(&events, events.len > 0 ? " " : "");
		buffer_string(&events, event_table[event].file);
	}
	for (unsigned i = 0; i < self.directory.command_count; i++) {
		buffer_string(&events, events.len > 0 ? " command-" : "command-");
		buffer_put(&events, self.directory.command_spans[i]);
	}
	record_put(&record, "hello", SPAN("1"));
	record_put(&record, "events", buffer_span(&events));
	record_put(&record, "can", SPAN("fds"));
	return send_record(&record, SPAN_NONE, -1);
}

static bool answer(int exit, struct span text, int fd)
{
	char bytes[128];
	struct buffer record = BUFFER(bytes);

	record_put_number(&record, "exit", (uint64_t)exit);
	if (fd >= 0)
		record_put(&record, "fd", SPAN("1"));
	else if (text.len > 0)
		record_put_number(&record, "length", text.len);
	return send_record(&record, fd >= 0 ? SPAN_NONE : text, fd);
}

/* A fact of the contract: what auth left of it in the environment is stale. USER is auth's own
 * word. */
static bool is_stale(const char *item)
{
	struct span name = span_first(span_of(item), span_find(span_of(item), '='));

	return (fact_is_public(fact_by_name(name)) && !span_equal(name, SPAN("USER"))) ||
	       span_starts(name, SPAN("HOOK_"));
}

/* What auth chose, then what the call says. */
static void build_environment(const struct record *record)
{
	extern char **environ;
	struct buffer text = BUFFER(self.text);
	unsigned count = 0;
	bool has_user = getenv("USER") != NULL;

	for (char **item = environ; *item != NULL && count < ENVIRONMENT_MAX; item++) {
		if (!is_stale(*item))
			self.environment[count++] = *item;
	}
	for (unsigned i = 0; i < record->count && count < ENVIRONMENT_MAX; i++) {
		const struct record_field *field = &record->fields[i];
		bool ours = fact_is_public(fact_by_name(field->key)) ||
			    span_starts(field->key, SPAN("HOOK_"));

		/* USER is auth's own word, and so is what is made of it. */
		if (!ours || (has_user && (span_equal(field->key, SPAN("USER")) ||
					   span_equal(field->key, SPAN("USER_SAFE")))))
			continue;
		self.environment[count++] = self.text + text.len;
		buffer_put(&text, field->key);
		buffer_byte(&text, '=');
		buffer_put(&text, field->value);
		buffer_byte(&text, '\0');
	}
	if (has_user && count < ENVIRONMENT_MAX) {
		self.environment[count++] = self.text + text.len;
		buffer_string(&text, "USER_SAFE=");
		address_safe_name(&text, span_of(getenv("USER")));
		buffer_byte(&text, '\0');
	}
	self.environment[count] = NULL;
}

/* Waits for the program. When the session is gone it ends, unless it deletes. */
static void wait_for(struct hook *hook)
{
	bool gone = false;

	while (!hook->job.done) {
		struct pollfd fds[HOOK_POLL_FDS + 1];
		unsigned count = hook_poll(hook, fds);

		fds[count] = (struct pollfd){ gone ? -1 : self.channel.fd, 0, 0 };
		if (poll(fds, count + 1, clock_poll_timeout(clock_now(), hook_deadline(hook))) < 0)
			continue;
		gone |= fds[count].revents != 0;
		if (gone && hook->job.event != EVENT_DELETE && hook->job.event != EVENT_LOGOUT)
			hook_kill(hook);
		else
			hook_work(hook, fds, count, clock_now());
	}
}

static bool run(enum event event, struct span verb, int input)
{
	char path[BACKEND_PATH_MAX + 32];
	struct buffer buffer = BUFFER(path);
	struct hook *hook = &self.hook;
	struct hook_order order = {
		.event = event,
		.path = directory_program(&self.directory, event, verb, &buffer),
		.environment = self.environment,
		.stdin_fd = input >= 0 ? input : self.null,
		.stdout_fd = -1,
		.spool_dir =
			event_table[event].kind == EVENT_STREAMS ? self.options.spool_dir : NULL,
		.extra_fd = -1,
		.stderr_fd = self.errors,
		.timeout = self.options.hook_timeout,
	};
	bool sent;

	if (order.path == NULL)
		return answer(EXIT_TEMPFAIL, SPAN_NONE, -1);
	if (hook_start(hook, &order, "-"))
		wait_for(hook);
	sent = answer(hook->job.exit, (struct span){ hook->job.text, hook->job.text_len },
		      hook->job.content);
	fd_close(&hook->job.content);
	return sent;
}

/* The octets that come behind a call, as the program's standard input. -1: none, or no room. */
static int read_body(uint64_t length)
{
	char block[16384];
	int fd;

	spool_open(&self.body);
	while (length > 0) {
		ssize_t got = channel_read(&self.channel, block,
					   length < sizeof(block) ? (size_t)length : sizeof(block));

		if (got <= 0)
			break;
		spool_write(&self.body, (struct span){ block, (size_t)got });
		length -= (uint64_t)got;
	}
	fd = length == 0 && self.body.error == 0 ? spool_reader(&self.body) : -1;
	spool_close(&self.body);
	return fd >= 0 && spawn_raise_fd(&fd) ? fd : -1;
}

/* The maildrop is locked before it is listed, and until the session is over. */
static bool lock_first(struct span user)
{
	if (self.options.lock_file == NULL || self.lock >= 0)
		return true;
	if (getenv("USER") != NULL)
		user = span_of(getenv("USER"));
	self.lock = lock_take(self.options.lock_file, user);
	return self.lock >= 0;
}

static bool serve(const struct record *record)
{
	struct span name = record_get(record, "call");
	struct span prefix = SPAN("command-");
	bool command = span_starts(name, prefix);
	enum event event = command ? EVENT_COMMAND : event_by_name(name);
	struct span verb = command ? span_from(name, prefix.len) : SPAN_NONE;
	uint64_t length;
	int input = -1;
	bool sent;

	if (!record_number(record, "length", UINT32_MAX, 0, &length))
		return false;
	build_environment(record);
	if (event == EVENT_LIST && !lock_first(record_get(record, "USER")))
		return answer(EXIT_TEMPFAIL,
			      errno == EWOULDBLOCK ? SPAN("[IN-USE] the maildrop is locked\n")
						   : SPAN_NONE,
			      -1);
	if (command ? !directory_has_command(&self.directory, verb)
		    : (self.directory.programs & EVENT_BIT(event)) == 0)
		return answer(EXIT_TEMPFAIL, SPAN_NONE, -1);
	/* The fields lie in the channel's storage: they are copied before a body is read over them.
	 */
	if (event == EVENT_DELETE) {
		input = read_body(length);
		if (input < 0)
			return answer(EXIT_TEMPFAIL, SPAN_NONE, -1);
	}
	sent = run(event, verb, input);
	fd_close(&input);
	return sent;
}

static bool prepare(int argc, char **argv)
{
	char error_bytes[OPTIONS_ERROR_MAX], fault_bytes[BACKEND_FAULTS_MAX];
	struct buffer error = BUFFER(error_bytes), faults = BUFFER(fault_bytes);
	char *const none[] = { NULL };

	log_configure(&(struct log_settings){ .format = LOG_FORMAT_RELAYED, .level = LOG_INFO });
	if (options_load(&self.options, PROTOCOL_POP3, argc, argv, none, &error) != OPTIONS_RUN) {
		log_note(LOG_ERR, "bad arguments", "error", buffer_cstr(&error));
		return false;
	}
	if (!directory_load(&self.directory, self.options.directory, PROTOCOL_POP3, &faults)) {
		log_note(LOG_ERR, "cannot read the backend directory", "fault",
			 buffer_cstr(&faults));
		return false;
	}
	self.null = open("/dev/null", O_RDWR | O_CLOEXEC);
	self.errors = fcntl(2, F_DUPFD_CLOEXEC, SPAWN_FDS_MAX);
	self.lock = -1;
	spool_init(&self.body, self.options.spool_dir, self.options.spool_memory);
	/* The parent talks on fd 0; fd 1 is the same socket, and programs are to have neither. */
	channel_init(&self.channel, fcntl(0, F_DUPFD_CLOEXEC, SPAWN_FDS_MAX), self.storage,
		     sizeof(self.storage));
	return self.null >= 0 && spawn_raise_fd(&self.null) && self.channel.fd >= 0 &&
	       dup2(self.null, 0) == 0 && dup2(self.null, 1) == 1;
}

/* The store is a daemon behind B/serve: that auth came this far opens the way to it. */
static bool hand_over(void)
{
	char path_bytes[BACKEND_PATH_MAX + 8], bytes[64];
	struct buffer path = BUFFER(path_bytes), record = BUFFER(bytes);
	int fd;

	buffer_string(&path, self.directory.path);
	buffer_string(&path, "/serve");
	fd = buffer_cstr(&path) == NULL ? -1 : serve_dial(path_bytes);
	if (fd < 0) {
		log_fault(LOG_ERR, "cannot connect to the socket", "path", path_bytes, errno);
		return false;
	}
	record_put(&record, "moved", SPAN("1"));
	return send_record(&record, SPAN_NONE, fd);
}

int main(int argc, char **argv)
{
	struct record record;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (!prepare(argc, argv))
		return EXIT_CONFIG;
	if (self.directory.serve == SERVE_SOCKET)
		return hand_over() ? 0 : EXIT_TEMPFAIL;
	if (!say_hello())
		return EXIT_TEMPFAIL;
	while (channel_wait(&self.channel, &record) == RECORD_OK) {
		if (!serve(&record))
			return EXIT_TEMPFAIL;
	}
	return 0;
}
