/* SPDX-License-Identifier: ISC */
/* session.c - sets up one connection: facts, backend, parser, self.runner. */
#include "session/session.h"

#include "backend/spawn.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "session/configure.h"
#include "session/describe.h"
#include "session/nursery.h"
#include "session/parser.h"
#include "session/runner.h"
#include "session/title.h"
#include "session/ucspi.h"

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
	struct engine_counts counts; /* what the parser before TLS counted */
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

	if (options->tls == TLS_IMPLICIT)
		return; /* a client that waits for TLS would make nothing of it (TLS-007) */
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

/* What is asked about, by what is known now. */
static void settle_events(struct runner *runner)
{
	runner->handled = handled_events(runner->protocol);
	runner_trust(runner);
	if (runner_offers_tls(runner))
		runner->handled |= EVENT_BIT(EVENT_STARTTLS);
	/* The parser is told the transaction's id, which a Message-ID is made of. */
	if (runner->options->submission)
		runner->handled |= EVENT_BIT(EVENT_DATA);
	runner_offer(runner);
}

/* What runner and parser go by; `resumes` as for configure_parser. */
static void settle(const struct engine_counts *resumes)
{
	settle_events(&self.runner);
	if (resumes != NULL)
		self.counts = *resumes;
	configure_parser(&self.parser, &self.runner, resumes == NULL ? NULL : &self.counts);
	self.parser.offer = offer;
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

static void init_runner(enum protocol protocol, const struct options *options)
{
	runner_init(&self.runner, protocol, options, directory);
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

/* /dev/null takes the low numbers and keeps them: what is opened from here on is never in the way
 * of a program's, and need not be moved. */
static bool open_null(void)
{
	int null = fd_open("/dev/null", O_RDWR);

	for (int fd = 3; null >= 0 && fd < SPAWN_FDS_MAX; fd++) {
		if (fd != null && dup3(null, fd, O_CLOEXEC) < 0)
			return false;
	}
	self.runner.null =
		null < SPAWN_FDS_MAX ? fcntl(null, F_DUPFD_CLOEXEC, SPAWN_FDS_MAX) : null;
	return self.runner.null >= 0;
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
	static char path[BACKEND_PATH_MAX];

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
	static const struct peer nobody = { .remote_addr = "" };

	init_runner(protocol, options);
	self.runner.hostname = own_name(options, &nobody);
	if (options->tls == TLS_IMPLICIT)
		set_text(FACT_TLS_VERSION, "TLS");
	settle(NULL);
	describe(&self.parser, directory, text);
	describe_logins(&self.runner, text);
}

bool session_start_parser(struct runner *runner, int in, int out,
			  const struct engine_counts *resumes)
{
	settle(resumes);
	return nursery_start(runner, &self.parser, in, out);
}

/* The client belongs to the parser now: when that ends, the connection does. */
static void let_go(int in, int out)
{
	dup2(self.runner.null, in);
	if (out != in)
		dup2(self.runner.null, out);
}

/* False with errno. A client that does not get as far as TLS has been served all the same. */
static bool begin(struct runner *runner, int in, int out)
{
	bool implicit = runner->options->tls == TLS_IMPLICIT && !runner_in_tls(runner);

	if ((implicit || runner_handles(runner, EVENT_STARTTLS)) &&
	    !runner_hold_client(runner, in, out))
		return false;
	if (!implicit)
		return session_start_parser(runner, in, out, NULL);
	let_go(in, out);
	runner->over = !runner_secure_at_once(runner);
	return true;
}

int session_run(enum protocol protocol, const struct options *options, const struct peer *peer,
		int in, int out)
{
	struct rlimit no_core = { 0, 0 };
	int one = 1;

	/* The descriptor that the log may have taken is about to be another's. */
	log_close();
	init_runner(protocol, options);
	self.runner.hostname = own_name(options, peer);
	memcpy(self.runner.via, peer->via, sizeof(self.runner.via));
	self.runner.login_wait = peer->login_wait;
	set_facts(protocol, peer);
	ucspi_adopt_offer(&self.runner);
	ucspi_adopt_facts(&self.runner);
	settle_events(&self.runner);
	setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setrlimit(RLIMIT_CORE, &no_core);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (!open_null() || !open_signals())
		return fail(protocol, options, out, "cannot begin a session", EXIT_TEMPFAIL);
	if (!begin(&self.runner, in, out))
		return fail(protocol, options, out, "cannot start the parser", EXIT_TEMPFAIL);
	let_go(in, out);
	runner_run(&self.runner);
	return 0;
}

uint32_t session_failed_logins(void)
{
	return self.runner.auth_failures;
}
