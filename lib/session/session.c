/* SPDX-License-Identifier: ISC */
/* session.c - sets up one connection: facts, backend, parser, self.runner. */
#include "session/session.h"

#include "backend/spawn.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "session/describe.h"
#include "session/parser.h"
#include "session/runner.h"
#include "session/title.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * One session in a process: what it needs is static.  What an idle session touches lies together
 * at the front, on one page.
 */
static _Alignas(4096) struct {
	struct parser parser;
	char hostname[80];
	char login_delay[20];
	struct runner runner;
} self;

/* What sessions have in common: one set is in force, the other is spare for the next reading. */
static struct directory directories[2];
static struct directory *directory = &directories[0];
static struct sandbox_offer offer;

static const char *const protocol_names[] = { "SMTP", "LMTP", "POP3" };

/* The name that the server goes by: of the options, or the address that the client reached. */
static struct span own_name(const struct options *options, const struct peer *peer)
{
	struct buffer name = BUFFER(self.hostname);
	const char *address =
		peer != NULL && peer->local_addr[0] != '\0' ? peer->local_addr : "127.0.0.1";

	if (options->hostname != NULL && options->hostname[0] != '\0')
		return span_of(options->hostname);
	buffer_string(&name, strchr(address, ':') != NULL ? "[IPv6:" : "[");
	buffer_string(&name, address);
	buffer_byte(&name, ']');
	return buffer_span(&name);
}

void session_refuse(enum protocol protocol, const struct options *options, int out,
		    const char *text)
{
	char bytes[512];
	struct buffer reply = BUFFER(bytes);
	struct pollfd ready = { out, POLLOUT, 0 };

	if (protocol == PROTOCOL_POP3) {
		buffer_string(&reply, "-ERR ");
	} else {
		buffer_string(&reply, "421 ");
		buffer_put(&reply, own_name(options, NULL));
		buffer_byte(&reply, ' ');
	}
	buffer_string(&reply, text);
	buffer_string(&reply, "\r\n");
	if (!reply.overflow && poll(&ready, 1, 0) == 1)
		fd_write(out, buffer_span(&reply));
}

/* SESSION_ID: the time and 64 random bits, fit for a file name. */
static void name_session(char *bytes, size_t cap)
{
	struct buffer id = { bytes, 0, cap, false };
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		random = (uint64_t)getpid() << 32 ^ (uint64_t)clock_now();
	buffer_hex(&id, (uint64_t)time(NULL), 8);
	buffer_byte(&id, '-');
	buffer_hex(&id, random, 16);
	buffer_cstr(&id);
}

static void set_text(enum fact_name name, const char *text)
{
	if (text[0] != '\0')
		facts_set(&self.runner.facts, name, span_of(text));
}

static void set_facts(enum protocol protocol, const struct peer *peer)
{
	set_text(FACT_SESSION_ID, self.runner.session);
	set_text(FACT_SESSION_PROTOCOL, protocol_names[protocol]);
	set_text(FACT_REMOTE_ADDR, peer->remote_addr);
	set_text(FACT_REMOTE_PORT, peer->remote_port);
	set_text(FACT_REMOTE_HOST, peer->remote_host);
	set_text(FACT_LOCAL_ADDR, peer->local_addr);
	set_text(FACT_LOCAL_PORT, peer->local_port);
	set_text(FACT_TLS_VERSION, peer->tls_version);
	set_text(FACT_TLS_CIPHER, peer->tls_cipher);
	set_text(FACT_TLS_SNI, peer->tls_sni);
	set_text(FACT_TLS_PEER, peer->tls_peer);
}

static event_set handled_events(enum protocol protocol)
{
	event_set handled = directory->programs;

	if (directory->command_count > 0)
		handled |= EVENT_BIT(EVENT_COMMAND);
	/* In POP3 the co-process is there after login only, and says then what it answers. */
	if (protocol != PROTOCOL_POP3)
		handled |= directory_served(directory, protocol);
	return handled;
}

static void log_faults(struct buffer *faults)
{
	struct span rest = buffer_span(faults);

	while (rest.base != NULL && rest.len > 0) {
		struct span text = span_take(&rest, '\n');
		struct log_line line;

		log_begin(&line, LOG_ERR, "backend directory");
		log_text(&line, "fault", text);
		log_end(&line);
	}
}

static struct span text_span(const char *text)
{
	return text == NULL ? SPAN("") : span_of(text);
}

static void configure_mail(const struct options *options, const struct peer *peer)
{
	self.parser.smtp = (struct smtp_config){
		.protocol = self.parser.protocol,
		.hostname = self.runner.hostname,
		.greeting = text_span(options->greeting),
		.signoff = text_span(options->signoff),
		.handled = self.runner.handled,
		.listed = directory->programs,
		.size_limit = options->size_limit,
		.max_recipients = options->max_recipients,
		.max_errors = options->max_errors,
		.max_commands = options->max_commands,
		.max_hops = options->max_hops,
		.charset = options->address_charset,
		.clean_newlines = options->bare_newline == BARE_NEWLINE_CLEAN,
		.crlf = options->line_ends == LINE_ENDS_CRLF,
		.quota_tempfail = options->quota_tempfail,
		.tls = peer->tls_version[0] != '\0',
		.accept_domains = options->accept_domain.items,
		.accept_domain_count = options->accept_domain.count,
		.announce = options->announce.items,
		.announce_count = options->announce.count,
		.disabled = options->disable_command.items,
		.disabled_count = options->disable_command.count,
		.commands = directory->command_spans,
		.command_count = directory->command_count,
		.command_states = options->command_state.items,
		.command_state_count = options->command_state.count,
	};
}

/* --login-delay as CAPA tells it. */
static struct span login_delay(const struct options *options)
{
	struct buffer text = BUFFER(self.login_delay);

	if (options->login_delay == 0)
		return SPAN_NONE;
	buffer_number(&text, options->login_delay);
	return buffer_span(&text);
}

static void configure_pop3(const struct options *options, const struct peer *peer)
{
	bool anywhere =
		options->insecure_auth == INSECURE_AUTH_ALWAYS || peer->tls_version[0] != '\0';

	self.parser.pop3 = (struct pop3_config){
		.hostname = self.runner.hostname,
		.greeting = text_span(options->greeting),
		.signoff = text_span(options->signoff),
		.implementation = SPAN("mail-session-" MS_VERSION),
		.handled = self.runner.handled,
		.max_errors = options->max_errors,
		.max_commands = options->max_commands,
		.max_auth_failures = options->max_auth_failures,
		.plaintext_allowed = anywhere || (options->insecure_auth == INSECURE_AUTH_LOCAL &&
						  peer_is_local(peer)),
		.plaintext_remote = anywhere,
		.quota_tempfail = options->quota_tempfail,
		.expire = span_of(options->expire),
		.login_delay = login_delay(options),
		.disabled = options->disable_command.items,
		.disabled_count = options->disable_command.count,
		.commands = directory->command_spans,
		.command_count = directory->command_count,
		.command_states = options->command_state.items,
		.command_state_count = options->command_state.count,
	};
}

static bool is_regular(int fd)
{
	struct stat status;

	return fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

static void configure_cage(const struct options *options, int out, int trace)
{
	self.parser.caged = options->sandbox != SANDBOX_OFF;
	self.parser.offer = offer;
	self.parser.traced = trace >= 0;
	self.parser.writes_files = is_regular(out) || is_regular(trace);
}

static void configure(enum protocol protocol, const struct options *options,
		      const struct peer *peer)
{
	self.parser.protocol = protocol;
	self.parser.handled = self.runner.handled;
	self.parser.peer = facts_get(&self.runner.facts, FACT_REMOTE_ADDR);
	self.parser.content_timeout = (int)options->hook_timeout * 1000;
	self.parser.limits = (struct stream_limits){
		.idle_timeout = options->idle_timeout,
		.data_timeout = options->data_timeout,
		.session_timeout = options->session_timeout,
		.min_rate = (uint32_t)options->min_rate,
		.greeting_delay = options->greeting_delay,
		.error_delay = options->error_delay,
	};
	if (protocol == PROTOCOL_POP3)
		configure_pop3(options, peer);
	else
		configure_mail(options, peer);
}

/*
 * Moves the parser's descriptors to their places; everything else is closed.  The log is none of
 * them: who has taken over a parser could write there that others failed to log in.
 */
static bool place_parser(int in, int out, int control, int pipe, int trace)
{
	int log = self.parser.caged && self.parser.offer.seccomp ? self.runner.null : -1;
	int from[] = { in, out, log, control, pipe, trace };
	static const int to[] = { PARSER_IN,      PARSER_OUT,  PARSER_LOG,
				  PARSER_CONTROL, PARSER_PIPE, PARSER_TRACE };
	unsigned last = PARSER_PIPE;

	/* Out of the way of one another first. */
	for (unsigned i = 0; i < sizeof(from) / sizeof(*from); i++) {
		if (from[i] >= 0 && (from[i] = fcntl(from[i], F_DUPFD, PARSER_TRACE + 1)) < 0)
			return false;
	}
	for (unsigned i = 0; i < sizeof(from) / sizeof(*from); i++) {
		if (from[i] < 0)
			continue;
		if (dup2(from[i], to[i]) < 0)
			return false;
		last = (unsigned)to[i];
	}
	fd_close_from(last + 1);
	return true;
}

static int run_parser(int in, int out, int control, int pipe, int trace)
{
	sigset_t none;

	if (!place_parser(in, out, control, pipe, trace)) {
		session_refuse(self.parser.protocol, self.runner.options, out,
			       "cannot serve you now");
		return 1;
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return parser_run(&self.parser);
}

static void init_runner(enum protocol protocol, const struct options *options)
{
	self.runner.protocol = protocol;
	self.runner.options = options;
	self.runner.directory = directory;
	self.runner.drain_deadline = self.runner.wake = CLOCK_NEVER;
	self.runner.end = END_ERROR;
	self.runner.began = clock_now();
	self.runner.filter_in = self.runner.filter_out = -1;
	self.runner.headers = (struct buffer)BUFFER(self.runner.headers_bytes);
	envelope_init(&self.runner.envelope, options->max_recipients);
	spool_init(&self.runner.spool, options->spool_dir, options->spool_memory);
	name_session(self.runner.session, sizeof(self.runner.session));
}

/* Signals that end the session come by descriptor; a program that is gone and a full file are none
 * at all. */
static bool open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	self.runner.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return self.runner.signals >= 0 && spawn_raise_fd(&self.runner.signals);
}

/* /dev/null takes the low numbers: what is opened from here on is never in the way of a program's.
 */
static bool open_null(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 3; null >= 0 && fd < SPAWN_FDS_MAX; fd++) {
		if (fd != null && dup3(null, fd, O_CLOEXEC) < 0)
			return false;
	}
	self.runner.null = null;
	return null >= 0 && spawn_raise_fd(&self.runner.null);
}

/* The file of --trace, or -1. */
static int open_trace(const struct options *options)
{
	int fd;

	if (options->trace == NULL)
		return -1;
	fd = open(options->trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		log_fault(LOG_ERR, "cannot open the trace", "path", options->trace, errno);
	return fd;
}

/* Forks the parser and hands it the client. False with errno. */
static bool start_parser(int in, int out, int trace)
{
	int control[2], pipe[2], size;

	if (!spawn_socketpair(SOCK_SEQPACKET, control) || !spawn_pipe(pipe))
		return false;
	size = fcntl(pipe[1], F_GETPIPE_SZ);
	self.parser.pipe_size = size > 0 ? (size_t)size : 4096;
	self.runner.parser = spawn_fork();
	if (self.runner.parser == 0)
		_exit(run_parser(in, out, control[1], pipe[1], trace));
	fd_close(&control[1]);
	fd_close(&pipe[1]);
	self.runner.control = control[0];
	self.runner.pipe = pipe[0];
	fd_nonblocking(self.runner.pipe);
	return self.runner.parser > 0;
}

/* The client belongs to the parser now: when that ends, the connection does. */
static void let_go(int in, int out)
{
	dup2(self.runner.null, in);
	if (out != in)
		dup2(self.runner.null, out);
}

static int fail(enum protocol protocol, const struct options *options, int out, const char *what,
		int status)
{
	log_fault(LOG_ERR, what, "session", self.runner.session, errno);
	session_refuse(protocol, options, out, "cannot serve you now");
	return status;
}

/* False when the cage that the options demand cannot be had. */
static bool probe_cage(const struct options *options, struct buffer *fault)
{
	const char *lacks;

	if (options->sandbox == SANDBOX_OFF)
		return true;
	offer = sandbox_probe();
	lacks = sandbox_lacks(&offer);
	if (lacks == NULL)
		return true;
	if (options->sandbox != SANDBOX_REQUIRE) {
		log_note(LOG_WARNING, "the sandbox is incomplete", "lacks", lacks);
		return true;
	}
	buffer_string(fault, "the sandbox is required, and the kernel lacks ");
	buffer_string(fault, lacks);
	return false;
}

/*
 * The backend directory; in POP3 from the root on, since auth may change the working directory
 * before the store or the hooks are run.
 */
static const char *backend_path(enum protocol protocol, const struct options *options, char *bytes,
				size_t cap)
{
	struct buffer path = { bytes, 0, cap, false };

	if (protocol != PROTOCOL_POP3 || options->directory[0] == '/' || getcwd(bytes, cap) == NULL)
		return options->directory;
	path.len = strlen(bytes);
	buffer_byte(&path, '/');
	buffer_string(&path, options->directory);
	return buffer_cstr(&path) != NULL ? bytes : options->directory;
}

bool session_prepare(enum protocol protocol, const struct options *options, struct buffer *fault)
{
	struct directory *spare = directory == &directories[0] ? &directories[1] : &directories[0];

	char path[BACKEND_PATH_MAX];

	if (!probe_cage(options, fault) ||
	    !directory_load(spare, backend_path(protocol, options, path, sizeof(path)), protocol,
			    fault))
		return false;
	log_faults(fault);
	buffer_clear(fault);
	directory = spare;
	return true;
}

void session_describe(enum protocol protocol, const struct options *options, struct buffer *text)
{
	const struct peer nobody = { .remote_addr = "" };

	init_runner(protocol, options);
	self.runner.hostname = own_name(options, &nobody);
	self.runner.handled = handled_events(protocol);
	runner_trust(&self.runner);
	configure(protocol, options, &nobody);
	describe(&self.parser, directory, text);
}

int session_run(enum protocol protocol, const struct options *options, const struct peer *peer,
		int in, int out)
{
	struct rlimit no_core = { 0, 0 };
	int one = 1, trace;

	/* The descriptor that syslog(3) may have taken is about to be another's. */
	log_close();
	init_runner(protocol, options);
	self.runner.hostname = own_name(options, peer);
	self.runner.handled = handled_events(protocol);
	memcpy(self.runner.via, peer->via, sizeof(self.runner.via));
	set_facts(protocol, peer);
	runner_trust(&self.runner);
	configure(protocol, options, peer);
	setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setrlimit(RLIMIT_CORE, &no_core);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (!open_null() || !open_signals())
		return fail(protocol, options, out, "cannot begin a session", EXIT_TEMPFAIL);
	trace = open_trace(options);
	configure_cage(options, out, trace);
	if (!start_parser(in, out, trace))
		return fail(protocol, options, out, "cannot start the parser", EXIT_TEMPFAIL);
	fd_close(&trace);
	let_go(in, out);
	runner_run(&self.runner);
	return 0;
}
