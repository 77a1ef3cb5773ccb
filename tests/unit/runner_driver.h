/* SPDX-License-Identifier: ISC */
/*
 * runner_driver.h - a runner whose parser is the test: what is said to it, and what it ran.
 *
 * Each program of its backends leaves the name of its event in a file, which marks() reads.
 */
#ifndef MAILSESSION_RUNNER_DRIVER_H
#define MAILSESSION_RUNNER_DRIVER_H

#include "session/runner.h"

#include "backend/spawn.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct {
	char root[32];
	char marks[64];
	struct options options;
	struct directory every; /* a program for each event of a mail session */
	struct directory most;  /* the same without disconnect, which is run in any case */
	struct directory few;   /* for deliver and disconnect alone */
	struct directory serve; /* the same, and a co-process for rcpt and vrfy */
	struct runner runner;
	int parser; /* the parser's end of the socket */
	int body;   /* and of the pipe */
	char text[4096];
} self;

/* ---- the backend --------------------------------------------------------------------------- */

static void make_program(const char *directory, const char *name)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	CHECK(file != NULL &&
	      fprintf(file, "#!/bin/sh\necho \"${0##*/}\" >>'%s'\n", self.marks) > 0 &&
	      fclose(file) == 0 && chmod(path, 0755) == 0);
}

static void make_backend(struct directory *directory, const char *name, event_set events)
{
	char path[64], fault_bytes[BACKEND_FAULTS_MAX];
	struct buffer faults = BUFFER(fault_bytes);

	snprintf(path, sizeof(path), "%s/%s", self.root, name);
	CHECK(mkdir(path, 0755) == 0);
	for (unsigned event = 0; event < EVENT_COUNT; event++) {
		if ((events & EVENT_BIT(event)) != 0)
			make_program(path, event_table[event].file);
	}
	CHECK(directory_load(directory, path, PROTOCOL_SMTP, &faults));
	CHECK(directory->programs == events);
}

/*
 * Of a co-process, each call leaves its recipient and how many it was told that are before it, or
 * the name of another event; it refuses whom it is told to, takes its time where it is told to, and
 * says half an answer, or that the session is to end, about whom it is told to.
 */
static inline void make_serve(void)
{
	char path[128];
	FILE *file;

	make_backend(&self.serve, "serve", EVENT_BIT(EVENT_DELIVER) | EVENT_BIT(EVENT_DISCONNECT));
	snprintf(path, sizeof(path), "%s/serve/serve", self.root);
	file = fopen(path, "w");
	CHECK(file != NULL &&
	      fprintf(file,
		      "#!/bin/sh\n"
		      "printf 'hello=1\\nevents=rcpt vrfy\\ncan=ahead\\n\\n'\n"
		      "while IFS= read -r line; do\n"
		      "case $line in\n"
		      "call=*) to=${line#*=} count= ;;\n"
		      "RECIPIENT=*) to=${line#*=} to=${to%%@*} ;;\n"
		      "RECIPIENT_COUNT=*) count=${line#*=} ;;\n"
		      "number=*) number=$line ;;\n"
		      "'') case $to in half*) printf 'more=1\\nlength=1\\n\\nx' ;; esac\n"
		      "echo \"$to$count\" >>'%s'\n"
		      "case $to in no*) exit=67 ;; *) exit=0 ;; esac\n"
		      "case $to in\n"
		      "half*) ;;\n"
		      "late*) sleep 0.2; printf 'exit=%%s\\n%%s\\n\\n' $exit $number ;;\n"
		      "close*) printf 'exit=0\\n%%s\\nlength=7\\n\\n:close\\n' $number ;;\n"
		      "*) printf 'exit=%%s\\n%%s\\n\\n' $exit $number ;;\n"
		      "esac ;;\n"
		      "esac\ndone\n",
		      self.marks) > 0 &&
	      fclose(file) == 0 && chmod(path, 0755) == 0);
	directory_load(&self.serve, self.serve.path, PROTOCOL_SMTP,
		       &(struct buffer){ self.text, 0, sizeof(self.text), false });
	CHECK(self.serve.serve == SERVE_PROGRAM);
}

/* Those whose program can be run by an event of the parser's, and those of the end. */
#define EVENTS_MARKED                                                               \
	(EVENT_BIT(EVENT_CONNECT) | EVENT_BIT(EVENT_HELO) | EVENT_BIT(EVENT_MAIL) | \
	 EVENT_BIT(EVENT_RCPT) | EVENT_BIT(EVENT_DATA) | EVENT_BIT(EVENT_DELIVER) | \
	 EVENT_BIT(EVENT_RSET) | EVENT_BIT(EVENT_NOOP) | EVENT_BIT(EVENT_QUIT) |    \
	 EVENT_BIT(EVENT_VRFY) | EVENT_BIT(EVENT_EXPN) | EVENT_BIT(EVENT_HELP) |    \
	 EVENT_BIT(EVENT_ETRN) | EVENT_BIT(EVENT_TIMEOUT) | EVENT_BIT(EVENT_DISCONNECT))

static void set_up(void)
{
	static struct span domains[1];

	domains[0] = SPAN("x.example");
	snprintf(self.root, sizeof(self.root), "/tmp/runner.XXXXXX");
	CHECK(mkdtemp(self.root) != NULL);
	snprintf(self.marks, sizeof(self.marks), "%s/marks", self.root);
	make_backend(&self.every, "every", EVENTS_MARKED);
	make_backend(&self.most, "most", EVENTS_MARKED & ~EVENT_BIT(EVENT_DISCONNECT));
	make_backend(&self.few, "few", EVENT_BIT(EVENT_DELIVER) | EVENT_BIT(EVENT_DISCONNECT));
	log_configure(&(struct log_settings){ .level = LOG_CRIT, .program = "runner_frames" });
	options_default(&self.options, PROTOCOL_SMTP);
	self.options.accept_domain = (struct option_list){ domains, 1 };
}

static void clean_up(void)
{
	if (fork() == 0) {
		execlp("rm", "rm", "-r", self.root, (char *)NULL);
		_exit(1);
	}
	wait(NULL);
}

/* What has been run since the last look, a blank behind each. */
static const char *marks(void)
{
	int fd = open(self.marks, O_RDONLY);
	ssize_t got = fd < 0 ? 0 : fd_read(fd, self.text, sizeof(self.text) - 1);

	fd_close(&fd);
	unlink(self.marks);
	self.text[got > 0 ? got : 0] = '\0';
	for (char *at = self.text; (at = strchr(at, '\n')) != NULL;)
		*at = ' ';
	return self.text;
}

/* ---- a session ----------------------------------------------------------------------------- */

static void begin(enum protocol protocol, struct directory *directory)
{
	struct runner *runner = &self.runner;
	int control[2], pipe[2];
	sigset_t none;

	memset(runner, 0, sizeof(*runner));
	runner_init(runner, protocol, &self.options, directory);
	sigemptyset(&none);
	CHECK(spawn_socketpair(SOCK_SEQPACKET, control) && spawn_pipe(pipe));
	runner->hostname = SPAN("mx.example");
	runner->handled = directory->programs;
	runner->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	runner->signals = signalfd(-1, &none, SFD_CLOEXEC | SFD_NONBLOCK);
	CHECK(spawn_raise_fd(&runner->null) && spawn_raise_fd(&runner->signals));
	runner->control = control[0];
	runner->pipe = pipe[0];
	fd_nonblocking(runner->pipe);
	runner->parser = getpid(); /* none to reap: the parser is this process */
	self.parser = control[1];
	self.body = pipe[1];
}

static void say(struct span datagram)
{
	CHECK(send(self.parser, datagram.base, datagram.len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	      (ssize_t)datagram.len);
}

/* Several frames in one datagram. */
static inline void say_frames(const struct frame *frames, unsigned count)
{
	char bytes[FRAME_MAX];
	struct buffer buffer = BUFFER(bytes);

	for (unsigned i = 0; i < count; i++)
		frame_put(&buffer, &frames[i]);
	CHECK(!buffer.overflow);
	say(buffer_span(&buffer));
}

static void say_frame(const struct frame *frame)
{
	char bytes[FRAME_MAX];
	struct buffer buffer = BUFFER(bytes);

	frame_put(&buffer, frame);
	CHECK(!buffer.overflow);
	say(buffer_span(&buffer));
}

/* A frame of an event with the facts that it has to have. */
static struct frame frame_of(enum frame_kind kind, enum event event)
{
	struct frame frame = { .kind = kind, .call = { .event = event, .answers = 1 } };

	switch (event) {
	case EVENT_HELO:
		event_add(&frame.call, FACT_HELO, SPAN("client"));
		break;
	case EVENT_MAIL:
		event_add(&frame.call, FACT_SENDER, SPAN("a@b.example"));
		break;
	case EVENT_RCPT:
		event_add(&frame.call, FACT_RECIPIENT, SPAN("u@x.example"));
		break;
	case EVENT_VRFY:
	case EVENT_EXPN:
	case EVENT_ETRN:
		event_add(&frame.call, FACT_ARGUMENT, SPAN("u"));
		break;
	default:
		break;
	}
	return frame;
}

static void ask(enum event event)
{
	struct frame frame = frame_of(FRAME_ASK, event);

	say_frame(&frame);
}

static inline void tell(enum event event)
{
	struct frame frame = frame_of(FRAME_TELL, event);

	say_frame(&frame);
}

static inline void deliver(const char *octets)
{
	struct frame frame = frame_of(FRAME_ASK, EVENT_DELIVER);

	event_add(&frame.call, FACT_OCTETS, span_of(octets));
	say_frame(&frame);
}

static void bye(enum session_end end)
{
	struct frame frame = { .kind = FRAME_BYE, .end = end };

	say_frame(&frame);
}

/* Lets the runner take all that was said. */
static enum session_end finish(void)
{
	struct runner *runner = &self.runner;

	runner_run(runner);
	fd_close(&self.parser);
	fd_close(&self.body);
	fd_close(&runner->pipe);
	fd_close(&runner->null);
	fd_close(&runner->signals);
	return runner->end;
}

/* True when the session was ended for what the parser said, and just `wanted` was run. */
static bool ended(const char *wanted)
{
	enum session_end end;
	const char *run;
	bool good;

	/* What comes behind would end it in order. */
	if (self.parser >= 0)
		bye(END_QUIT);
	end = finish();
	run = marks();
	good = end == END_ERROR && strcmp(run, wanted) == 0;

	if (!good)
		fprintf(stderr, "end %s, run: %s, wanted: %s\n", session_end_words[end], run,
			wanted);
	return good;
}

/* A transaction as far as DATA, each event asked. */
static inline void begin_mail(void)
{
	begin(PROTOCOL_SMTP, &self.every);
	ask(EVENT_MAIL);
	ask(EVENT_RCPT);
	ask(EVENT_DATA);
}

#endif
