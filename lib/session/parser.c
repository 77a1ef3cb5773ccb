/* SPDX-License-Identifier: ISC */
/* parser.c - passes the events of an engine on to the runner. */
#include "session/parser.h"

#include "base/descriptor.h"
#include "engine/ahead.h"
#include "session/inbox.h"
#include "session/listing.h"
#include "session/outbox.h"
#include "session/title.h"

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* Questions that are asked ahead at the most, when each is answered with a descriptor. */
#define AHEAD_CONTENT (INBOX_FDS_MAX - 1)
/* With so many left more are asked. */
#define AHEAD_LOW 8
/* Octets of the longest frame that is sent ahead, and of all of them. */
#define AHEAD_FRAME 512
#define AHEAD_BYTES 4096
/* Descriptors that are open beside those in the inbox, or may be. */
#define OTHER_DESCRIPTORS 14

/*
 * The parser's state, one for the process.  What an idle session touches lies together at the
 * front, on one page; the big arrays behind it are touched as far as they are used.
 */
static _Alignas(4096) struct {
	struct parser *parser;
	struct engine *engine;
	struct handler handler;
	struct outbox outbox;
	uint64_t piped;       /* octets of the message that went down the pipe */
	uint64_t unannounced; /* ... since the runner was last told anything */
	bool shutdown;        /* the runner wants an end */
	int content;          /* what a yielding event yields */
	bool content_is_file;
	struct listing listing;
	event_set may_ask_ahead;
	unsigned ahead_content; /* questions that may be, should each yield a descriptor */
	unsigned ahead;         /* questions asked ahead that the engine has not come to */
	struct stream stream;
	union {
		struct smtp smtp;
		struct pop3 pop3;
	} protocol;
	char many_bytes[FRAME_MAX]; /* of the outbox */
	char few_bytes[OUTBOX_FEW]; /* of it too: beside replies */
	char output[STREAM_OUTPUT];
	char input[STREAM_INPUT];
	char content_bytes[STREAM_INPUT];
	struct inbox inbox; /* of no use before something is received */
	char inbox_bytes[INBOX_OCTETS];
	size_t asked_at; /* in `asked`: the frame of the next question that the engine comes to */
	struct buffer asked; /* the frames of those that were asked ahead */
	/* Not on the stack, of which an idle session has touched little. */
	struct ahead look;
	struct frame look_frame;
	char look_bytes[AHEAD_FRAME];
	char asked_bytes[AHEAD_BYTES];
} self;

/*
 * What is asked about whether a program answers or not: when the answer is there, the store is
 * gone, or the octets of the message are out of the pipe.
 */
#define ALWAYS_ASKED (EVENT_BIT(EVENT_LOGOUT) | EVENT_BIT(EVENT_DELIVER))

/* Sends the frames that were held back. */
static void send_pending(void)
{
	outbox_send(&self.outbox);
	self.unannounced = 0;
}

/* The set of events that are asked about, and those of them whose answer takes its time. */
static void set_handled(event_set handled)
{
	self.parser->handled = self.parser->smtp.handled = self.parser->pop3.handled = handled;
	self.handler.slow = handled | ALWAYS_ASKED;
	for (unsigned event = 0; event < EVENT_COUNT; event++) {
		if (event_table[event].kind == EVENT_INFORMS && event != EVENT_LOGOUT)
			self.handler.slow &= ~EVENT_BIT(event);
	}
}

/* Receives answers. A shutdown that crosses a question is carried out when the stream next waits.
 */
static enum inbox_result take_in(int flags)
{
	if (inbox_is_empty(&self.inbox))
		inbox_init(&self.inbox, self.inbox_bytes);
	return inbox_receive(&self.inbox, PARSER_CONTROL, flags, &self.shutdown);
}

/*
 * The answer to the question that the engine has come to.  Its text lives until the next one.
 * Without the runner the session ends with a temporary failure.
 */
static void receive(struct verdict *verdict)
{
	const struct answer none = { .handled = self.parser->handled,
				     .mechanisms = self.parser->smtp.mechanisms,
				     .verdict = { EXIT_TEMPFAIL, .close = true } };
	struct answer answer;
	int yielded;

	if (inbox_is_empty(&self.inbox))
		take_in(0);
	if (!inbox_take(&self.inbox, &answer, &yielded))
		answer = none;
	*verdict = answer.verdict;
	/* What does not change is not written: the runner shares the page. */
	if (memcmp(&self.parser->smtp.mechanisms, &answer.mechanisms, sizeof(answer.mechanisms)) !=
	    0)
		self.parser->smtp.mechanisms = self.parser->pop3.mechanisms = answer.mechanisms;
	self.may_ask_ahead = answer.ahead;
	if (answer.handled != self.parser->handled)
		set_handled(answer.handled);
	fd_close(&self.content);
	self.content = yielded;
	self.content_is_file = self.content >= 0 && lseek(self.content, 0, SEEK_CUR) >= 0;
	/* The session ends here: what was asked behind is void. */
	if (verdict->close)
		self.ahead = 0;
	self.handler.watch = PARSER_CONTROL;
}

/* For the stream: is the answer to the question that is put next there? */
static bool ready(void *context)
{
	(void)context;
	return self.ahead > 0 &&
	       (!inbox_is_empty(&self.inbox) || take_in(MSG_DONTWAIT) != INBOX_NOTHING);
}

/*
 * Octets of a message that came to nothing are still in the pipe.  The next one must not begin
 * before they are out of it, so this is waited for.
 */
static void drop_message(void)
{
	struct verdict done;

	outbox_put(&self.outbox, &(struct frame){ .kind = FRAME_DROP, .octets = self.piped });
	send_pending();
	receive(&done);
	self.piped = 0;
}

/*
 * Asks at once what the engine will ask next: parser, runner and store then need not wait for one
 * another at each question.
 */
static void ask_ahead(const struct event_call *call, enum frame_kind first)
{
	unsigned most = event_yields(call->event) ? self.ahead_content : FRAME_AHEAD_MAX;
	struct engine *engine = self.engine;
	enum frame_kind kind = first;

	while (self.ahead < most && buffer_room(&self.asked) >= AHEAD_FRAME &&
	       self.outbox.frames.len + AHEAD_FRAME <= FRAME_MAX &&
	       engine->ops->ahead(engine, &self.stream.input, &self.look)) {
		size_t before = self.asked.len;

		self.look_frame.kind = FRAME_AHEAD;
		self.look_frame.call = self.look.call;
		frame_put(&self.asked, &self.look_frame);
		if (self.asked.overflow || self.asked.len - before > AHEAD_FRAME)
			return;
		self.look_frame.kind = kind;
		outbox_put(&self.outbox, &self.look_frame);
		kind = FRAME_AHEAD;
		self.ahead++;
	}
}

/* Begins to look behind the command that is asked about. */
static void begin_ahead(void)
{
	self.asked = (struct buffer)BUFFER(self.asked_bytes);
	self.asked_at = 0;
	ahead_begin(&self.look, &self.stream.input);
}

/* Asks on before all is answered, so that nobody runs out of work. */
static void ask_on(const struct event_call *call)
{
	if (self.ahead > AHEAD_LOW || (self.may_ask_ahead & EVENT_BIT(call->event)) == 0)
		return;
	buffer_drop(&self.asked, self.asked_at);
	self.asked_at = 0;
	ask_ahead(call, FRAME_ASK);
	send_pending();
}

/* Is this what was asked ahead? The engine has come to it then, and only the answer is awaited. */
static bool came_to(const struct event_call *call)
{
	struct buffer frame = BUFFER(self.look_bytes);
	struct span rest = span_from(buffer_span(&self.asked), self.asked_at);

	self.look_frame.kind = FRAME_AHEAD;
	self.look_frame.call = *call;
	frame_put(&frame, &self.look_frame);
	if (frame.overflow || !span_starts(rest, buffer_span(&frame)))
		return false;
	self.asked_at += frame.len;
	self.ahead--;
	return true;
}

static void ask(void *context, const struct event_call *call, unsigned which,
		struct verdict *verdict)
{
	bool asked = (self.parser->handled & EVENT_BIT(call->event)) != 0 ||
		     (ALWAYS_ASKED & EVENT_BIT(call->event)) != 0;
	struct frame frame = { .kind = asked ? FRAME_ASK : FRAME_TELL, .call = *call };
	char digits[20];
	struct buffer octets = BUFFER(digits);

	(void)context;
	if (self.ahead > 0) {
		/* The runner has gone ahead, and no way leads back. */
		if (!came_to(call)) {
			*verdict = (struct verdict){ .exit = EXIT_TEMPFAIL, .close = true };
			return;
		}
		ask_on(call);
		receive(verdict);
		return;
	}
	if (which == 0) {
		if (self.piped > 0 &&
		    (call->event == EVENT_RSET || (call->event == EVENT_HELO && !asked)))
			drop_message();
		/* A greeting in the middle of a message ends it, when it is taken. */
		if (self.piped > 0 && call->event == EVENT_HELO) {
			buffer_number(&octets, self.piped);
			event_add(&frame.call, FACT_OCTETS, buffer_span(&octets));
		}
		if (call->event == EVENT_DATA || call->event == EVENT_DELIVER ||
		    call->event == EVENT_DELETE)
			self.piped = 0;
		outbox_put(&self.outbox, &frame);
		if (asked && (self.may_ask_ahead & EVENT_BIT(call->event)) != 0) {
			begin_ahead();
			ask_ahead(call, FRAME_AHEAD);
		}
	}
	if (!asked)
		return;
	send_pending();
	if (event_table[call->event].kind == EVENT_INFORMS && call->event != EVENT_LOGOUT)
		return;
	receive(verdict);
	/* Further answers to this question are not for watched() to take. */
	self.handler.watch = which + 1 < call->answers ? -1 : PARSER_CONTROL;
	/* The listing stays open: the engine goes back to it for IDs and unique-ids. */
	if (call->event == EVENT_LIST) {
		listing_begin(&self.listing, self.content);
		self.content = -1;
	}
	/* One that was refused leaves the transaction alone (RFC 5321 4.1.4). */
	if (call->event == EVENT_HELO &&
	    (exit_accepts(verdict->exit) || verdict->exit == VERDICT_NONE))
		self.piped = 0;
}

static bool body(void *context, struct span bytes)
{
	(void)context;
	/*
	 * The runner reads the pipe only once it knows of the message.  A pipe takes half of its
	 * size at the least, however the octets are cut: a write that does not fit begins a page.
	 */
	self.unannounced += bytes.len;
	if (self.unannounced > self.parser->pipe_size / 2 ||
	    (self.parser->handled & EVENT_BIT(EVENT_FILTER)) != 0)
		send_pending();
	self.piped += bytes.len;
	return fd_write_all(PARSER_PIPE, bytes);
}

static ssize_t content(void *context, char *bytes, size_t len)
{
	ssize_t got;

	(void)context;
	if (self.listing.fd >= 0 && self.content < 0 &&
	    self.protocol.pop3.state == POP3_AUTHORIZATION)
		return listing_feed(&self.listing, bytes, len);
	if (self.content < 0)
		return 0;
	/* A store may pass a pipe, and then never fill it. A file is always ready. */
	if (!self.content_is_file &&
	    poll(&(struct pollfd){ self.content, POLLIN, 0 }, 1, self.parser->content_timeout) <= 0)
		return -1;
	got = fd_read(self.content, bytes, len);
	if (got <= 0)
		fd_close(&self.content);
	return got;
}

/* TOP has its lines, or a listing is bad: whoever writes the rest is told at once. */
static void enough(void *context)
{
	(void)context;
	fd_close(&self.content);
}

/* The runner speaks while the client is waited for: answers, or that the session has to end. */
static enum session_end watched(void *context)
{
	enum inbox_result result = take_in(MSG_DONTWAIT);

	(void)context;
	if (self.shutdown)
		return END_SHUTDOWN;
	/* Answers to what nobody asked are a fault. */
	if (result == INBOX_LOSS || (result == INBOX_ANSWERS && self.ahead == 0))
		return END_ERROR;
	return END_COUNT;
}

static enum session_end idle(void *context)
{
	const struct engine *engine = context;

	title_set(self.parser->peer, span_of(engine->ops->state(engine)));
	return self.shutdown ? END_SHUTDOWN : END_COUNT;
}

/* ---- the session ------------------------------------------------------------------------- */

static void say_goodbye(enum session_end end)
{
	struct frame frame = { .kind = FRAME_BYE,
			       .end = end,
			       .secure = self.engine->secure,
			       .counts = self.engine->counts };

	frame.fault = self.parser->protocol == PROTOCOL_POP3
			      ? buffer_span(&self.protocol.pop3.fault)
			      : self.protocol.smtp.refused;
	outbox_put(&self.outbox, &frame);
	send_pending();
}

static const struct pop3_storage storage = { &self.listing, listing_append, listing_read,
					     listing_memory };

static struct engine *begin_engine(struct parser *parser)
{
	if (parser->protocol != PROTOCOL_POP3) {
		smtp_init(&self.protocol.smtp, &parser->smtp, self.output, sizeof(self.output));
		return &self.protocol.smtp.engine;
	}
	pop3_init(&self.protocol.pop3, &parser->pop3, &storage, self.output, sizeof(self.output));
	return &self.protocol.pop3.engine;
}

/* Nobody has an opinion on who connects, and the client need not be kept waiting. */
static bool greets_at_once(const struct parser *parser)
{
	return (parser->handled & EVENT_BIT(EVENT_CONNECT)) == 0 &&
	       parser->limits.greeting_delay == 0;
}

void parser_begin(struct parser *parser, int in, int out, int trace)
{
	self.parser = parser;
	self.piped = self.unannounced = 0;
	self.shutdown = false;
	self.may_ask_ahead = 0;
	self.ahead = 0;
	self.content = -1;
	listing_init(&self.listing);
	outbox_init(&self.outbox, PARSER_CONTROL, self.few_bytes, self.many_bytes);
	self.handler = (struct handler){
		.answer = ask,
		.ready = ready,
		.body = body,
		.content = content,
		.enough = enough,
		.idle = idle,
		.watch = PARSER_CONTROL,
		.watched = watched,
	};
	set_handled(parser->handled);
	self.stream.in = in;
	self.stream.out = out;
	self.stream.trace = trace;
	self.stream.limits = parser->limits;
	self.stream.input_bytes = self.input;
	self.stream.content_bytes = self.content_bytes;
	self.engine = begin_engine(parser);
	self.handler.context = self.engine;
	stream_begin(&self.stream, self.engine);
	if (greets_at_once(parser))
		stream_greet(&self.stream, self.engine, &self.handler);
}

/* How many of AHEAD_CONTENT descriptors there can be: whoever starts us may have set a limit. */
static unsigned spare_descriptors(void)
{
	struct rlimit now;

	if (getrlimit(RLIMIT_NOFILE, &now) != 0 || now.rlim_cur <= OTHER_DESCRIPTORS)
		return 0;
	now.rlim_cur -= OTHER_DESCRIPTORS;
	return now.rlim_cur < AHEAD_CONTENT ? (unsigned)now.rlim_cur : AHEAD_CONTENT;
}

int parser_run(void)
{
	const struct parser *parser = self.parser;

	self.ahead_content = parser->protocol == PROTOCOL_POP3 ? spare_descriptors() : 0;
	/*
	 * The runner looks after signals: it has blocked those that end a session, and ignores
	 * SIGPIPE.  A client that is gone is seen by the write.
	 */
	signal(SIGHUP, SIG_IGN);
	if (parser->caged && !sandbox_enter(&parser->offer, parser->writes_files))
		return 1;
	self.stream.in = PARSER_IN;
	self.stream.out = PARSER_OUT;
	if (self.stream.trace >= 0)
		self.stream.trace = PARSER_TRACE;
	say_goodbye(stream_converse(&self.stream, self.engine, &self.handler));
	return 0;
}

void parser_forget(void)
{
	/* It begins with a page; its last one may hold what others keep. */
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	madvise(&self, sizeof(self) / page * page, MADV_DONTNEED);
}
