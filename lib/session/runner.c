/* SPDX-License-Identifier: ISC */
/* runner.c - receives what the parser says, checks it, and dispatches it. */
#include "session/runner.h"

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "base/number.h"
#include "session/title.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

void runner_init(struct runner *runner, enum protocol protocol, const struct options *options,
		 struct directory *directory)
{
	runner->protocol = protocol;
	runner->options = options;
	runner->directory = directory;
	runner->drain_deadline = runner->wake = CLOCK_NEVER;
	runner->end = END_ERROR;
	runner->began = clock_now();
	runner->null = runner->control = runner->pipe = runner->signals = runner->awaited = -1;
	runner->secure = SECURE_NONE;
	runner->filter_in = runner->filter_out = -1;
	runner->headers = (struct buffer)BUFFER(runner->headers_bytes);
	runner->answers = (struct buffer)BUFFER(runner->answer_bytes);
	envelope_init(&runner->envelope, options->max_recipients, runner->recipients,
		      sizeof(runner->recipients));
	spool_init(&runner->spool, options->spool_dir, options->spool_memory);
}

const char *runner_identity(const struct runner *runner)
{
	struct span id = facts_get(&runner->facts, FACT_TRANSACTION_ID);

	return id.base != NULL ? id.base : runner->session;
}

void runner_violation(struct runner *runner, const char *what)
{
	struct log_line line;

	log_begin(&line, LOG_ERR, "the parser broke the rules");
	log_string(&line, "session", runner->session);
	log_string(&line, "what", what);
	log_end(&line);
	runner->over = true;
	runner->end = END_ERROR;
}

/*
 * While the client reads nothing the parser does not either: programs that run meanwhile
 * keep their limits, and signals are served.
 */
static void send_answers(struct runner *runner, struct span bytes, int *fds, unsigned count)
{
	bool sent;

	while (!(sent = frame_offer(runner->control, bytes, fds, count)) && errno == EAGAIN) {
		runner->answering = true;
		runner_turn(runner, false, false);
		runner->answering = false;
	}
	/* A parser that is gone is noticed by the end of its socket; one that is not must not wait
	 * for ever. */
	if (!sent && errno != EPIPE && errno != ECONNRESET) {
		log_fault(LOG_ERR, "cannot answer the parser", "session", runner->session, errno);
		shutdown(runner->control, SHUT_WR);
	}
	while (count > 0)
		fd_close(&fds[--count]);
}

bool runner_send_answers(struct runner *runner)
{
	if (runner->answers.len == 0 || runner->answering)
		return false;
	send_answers(runner, buffer_span(&runner->answers), runner->answer_fd, runner->answer_fds);
	buffer_clear(&runner->answers);
	runner->answer_fds = 0;
	return true;
}

void runner_answer(struct runner *runner, const struct verdict *verdict, int fd)
{
	struct answer answer = { ANSWER_VERDICT, runner->handled, runner_ahead(runner),
				 runner->offer,  fd >= 0,         *verdict };
	struct buffer *answers = &runner->answers;
	char few[ANSWER_MAX - VERDICT_TEXT_MAX + 64];
	struct buffer one = BUFFER(few);

	runner->ahead_is_void |= verdict->close;
	/* Most have little text, and need no page of their own. */
	if (verdict->text.len <= 64 && answers->len == 0 && !runner->more_ahead) {
		answer_put(&one, &answer);
		send_answers(runner, buffer_span(&one), &fd, fd >= 0 ? 1 : 0);
		return;
	}
	if (buffer_room(answers) < sizeof(few) + verdict->text.len)
		runner_send_answers(runner);
	answer_put(answers, &answer);
	if (fd >= 0)
		runner->answer_fd[runner->answer_fds++] = fd;
	if (!runner->more_ahead || runner->ahead_is_void || runner->answer_fds == FRAME_FDS_MAX)
		runner_send_answers(runner);
}

/* Events with nothing to keep in order: ask, and pass the verdict on. */
static void ask_plainly(struct runner *runner, const struct event_call *call)
{
	int content;
	struct verdict verdict = runner_decide(runner,
					       &(struct ask){ .event = call->event,
							      .verb = event_fact(call, FACT_VERB),
							      .message = -1,
							      .envelope = -1 },
					       &content);

	runner_answer(runner, &verdict, content);
}

/* A greeting that is refused changes nothing; one that is not begins afresh (RFC 5321 4.1.4). */
static void greet(struct runner *runner, const struct event_call *call, bool asked)
{
	static const enum fact_name names[] = { FACT_HELO, FACT_HELO_TRACE, FACT_TRACE_TYPE };
	struct facts *facts = &runner->facts;
	static char before[3][256];
	struct span old[3];
	struct verdict verdict = { .exit = EXIT_DONE };
	uint64_t octets = 0;
	int content;

	number_upto(event_fact(call, FACT_OCTETS), UINT64_MAX - 1, &octets);
	for (unsigned i = 0; i < 3; i++) {
		struct span value = facts_get(facts, names[i]);

		old[i] = value.base == NULL ? SPAN_NONE : (struct span){ before[i], value.len };
		if (value.base != NULL)
			memcpy(before[i], value.base, value.len);
		if (!runner->told[names[i]])
			facts_unset(facts, names[i]);
	}
	for (unsigned i = 0; i < call->count; i++) {
		if (!runner->told[call->facts[i].name] && call->facts[i].name != FACT_OCTETS)
			facts_set(facts, call->facts[i].name, call->facts[i].value);
	}
	/* Header fields of an earlier greeting, or of a transaction that this one ends, are gone.
	 */
	runner->headers.len = runner->session_headers = runner->connect_headers;
	if (asked)
		verdict = runner_decide(
			runner, &(struct ask){ .event = EVENT_HELO, .message = -1, .envelope = -1 },
			&content);
	if (exit_accepts(verdict.exit) || verdict.exit == VERDICT_NONE) {
		/* In the middle of a message (BDAT) its octets go with it. */
		if (runner->mail == RUNNER_IN_DATA)
			runner_drop(runner, octets);
		runner_reset(runner);
	} else {
		for (unsigned i = 0; i < 3; i++) {
			facts_unset(facts, names[i]);
			if (old[i].base != NULL)
				facts_set(facts, names[i], old[i]);
		}
	}
	if (asked)
		runner_answer(runner, &verdict, -1);
}

/* Events whose facts are secret, or judged before they are kept. */
static bool is_login(enum event event)
{
	return event == EVENT_AUTH || event == EVENT_TOKEN || event == EVENT_SASL;
}

void runner_keep_facts(struct runner *runner, const struct event_call *call)
{
	facts_forget(&runner->facts, SCOPE_CALL);
	facts_forget(&runner->facts, SCOPE_RECIPIENT);
	if (is_login(call->event) || call->event == EVENT_HELO ||
	    event_table[call->event].kind == EVENT_OWN)
		return;
	for (unsigned i = 0; i < call->count; i++)
		facts_set(&runner->facts, call->facts[i].name, call->facts[i].value);
}

/* A client that sent many commands and left does not keep us running programs for long. */
static bool too_late(const struct runner *runner)
{
	return runner->parser_gone && clock_now() >= runner->inform_until;
}

static void dispatch(struct runner *runner, const struct event_call *call, bool asked)
{
	bool pop3 = runner->protocol == PROTOCOL_POP3;

	runner_keep_facts(runner, call);
	/* The client gave it up, or begins another. */
	if (call->event != EVENT_SASL || event_fact(call, FACT_AUTH_MECH).base != NULL)
		runner_exchange_cancel(runner);
	switch (call->event) {
	case EVENT_HELO:
		greet(runner, call, asked);
		return;
	case EVENT_XCLIENT:
		runner_xclient(runner, call);
		return;
	case EVENT_XFORWARD:
		runner_xforward(runner, call);
		return;
	case EVENT_STARTTLS:
		runner_starttls(runner);
		return;
	case EVENT_MAIL:
		runner_mail_from(runner, asked);
		return;
	case EVENT_RCPT:
		runner_rcpt_to(runner, asked);
		return;
	case EVENT_DATA:
		runner_data(runner, asked);
		return;
	case EVENT_DELIVER:
		runner_deliver(runner, call);
		return;
	case EVENT_AUTH:
	case EVENT_TOKEN:
	case EVENT_SASL:
		runner_login(runner, call);
		return;
	case EVENT_LIST:
		runner_list(runner);
		return;
	case EVENT_DELETE:
		runner_delete(runner, call);
		return;
	case EVENT_LOGOUT:
		facts_set(&runner->facts, FACT_SESSION_END, span_of(session_end_words[END_QUIT]));
		runner_logout(runner);
		runner_answer(runner, &(struct verdict){ .exit = EXIT_DONE }, -1);
		return;
	case EVENT_RSET:
		if (asked && !too_late(runner))
			runner_inform(runner, EVENT_RSET);
		if (!pop3)
			runner_reset(runner);
		return;
	default:
		break;
	}
	if (!asked)
		return;
	if (event_table[call->event].kind != EVENT_INFORMS)
		ask_plainly(runner, call);
	else if (!too_late(runner))
		runner_inform(runner, call->event);
}

/* Events that only a logged-in session may raise. */
static bool needs_login(enum event event)
{
	return event == EVENT_LIST || event == EVENT_SIZE || event == EVENT_RETRIEVE ||
	       event == EVENT_TOP || event == EVENT_DELETE;
}

/* What the parser may not even raise: the end's events are the runner's own. */
static bool acceptable(struct runner *runner, const struct frame *frame)
{
	enum event event = frame->call.event;
	bool asked = frame->kind != FRAME_TELL;

	if (event == EVENT_DISCONNECT || event == EVENT_TIMEOUT || event == EVENT_FILTER ||
	    event == EVENT_SECRET)
		return false;
	if (needs_login(event) && runner->login == RUNNER_NO_LOGIN)
		return false;
	if (event == EVENT_LOGOUT || event == EVENT_DELIVER)
		return asked;
	if (event_table[event].kind == EVENT_OWN && !asked)
		return false;
	/*
	 * To tell where one has to ask would go round a program that wants to decide.  What the
	 * co-process has just said not to answer may still be asked about.
	 */
	if (runner_handles(runner, event))
		return asked;
	return !asked || directory_serves(runner->directory, runner->protocol, event);
}

/* The question of a datagram that others may have been asked ahead behind. */
struct question {
	enum event event; /* EVENT_COUNT: none */
	unsigned ahead;   /* frames behind it so far */
};

/* Questions ahead are about what the one in front of them is about, and they are few. */
static bool in_place(struct question *question, const struct frame *frame)
{
	enum event event = frame->kind <= FRAME_AHEAD ? frame->call.event : EVENT_COUNT;

	if (frame->kind == FRAME_AHEAD)
		return event == question->event && (FRAME_AHEAD_EVENTS & EVENT_BIT(event)) != 0 &&
		       ++question->ahead <= FRAME_AHEAD_MAX;
	*question = (struct question){ frame->kind == FRAME_ASK ? event : EVENT_COUNT, 0 };
	return true;
}

static void take_bye(struct runner *runner, const struct frame *frame)
{
	struct log_line line;

	if (frame->secure && (!runner->secure.granted || runner->login != RUNNER_NO_LOGIN)) {
		runner_violation(runner, "TLS that was not granted");
		return;
	}
	runner->end = frame->end;
	runner->counts = frame->counts;
	runner->over = true;
	runner->secure.begun = frame->secure;
	if (frame->fault.len == 0)
		return;
	if (runner->protocol == PROTOCOL_POP3)
		log_begin(&line, LOG_WARNING, "the backend broke the contract");
	else
		log_begin(&line, LOG_NOTICE, "message refused");
	log_string(&line, "session", runner->session);
	log_text(&line, "fault", frame->fault);
	log_end(&line);
}

/* A question that was put before the answer that ends the session was heard, or that nobody put
 * yet when the parser ended. */
static bool is_void(const struct runner *runner, const struct frame *frame)
{
	if (frame->kind == FRAME_AHEAD)
		return runner->ahead_is_void || runner->parser_gone;
	return frame->kind == FRAME_ASK && runner->ahead_is_void &&
	       (FRAME_AHEAD_EVENTS & EVENT_BIT(frame->call.event)) != 0;
}

static void take_frames(struct runner *runner)
{
	ssize_t got =
		frame_receive(runner->control, runner->datagram, sizeof(runner->datagram), NULL);
	struct span rest = { runner->datagram, got > 0 ? (size_t)got : 0 };
	struct question question = { EVENT_COUNT, 0 };
	bool secret = false;

	if (got <= 0) {
		runner->parser_gone = true;
		runner->over = true;
		runner->end = END_ERROR;
		return;
	}
	while (rest.len > 0 && !runner->over) {
		struct frame frame;

		if (!frame_take(&rest, runner->protocol, &frame) || !in_place(&question, &frame) ||
		    (frame.kind <= FRAME_AHEAD && !acceptable(runner, &frame))) {
			runner_violation(runner, "a frame that does not belong here");
			break;
		}
		if (frame.kind == FRAME_DROP) {
			runner_drop(runner, frame.octets);
			runner_answer(runner, &(struct verdict){ .exit = EXIT_DONE }, -1);
			continue;
		}
		if (frame.kind == FRAME_BYE) {
			take_bye(runner, &frame);
			break;
		}
		if (is_void(runner, &frame)) {
			runner_withdraw(runner); /* nor is it another one's answer */
			continue;
		}
		runner->more_ahead = rest.len > 0 && (enum frame_kind)rest.base[0] == FRAME_AHEAD;
		secret |= is_login(frame.call.event);
		title_set(facts_get(&runner->facts, FACT_REMOTE_ADDR),
			  span_of(event_table[frame.call.event].file));
		if (frame.kind == FRAME_ASK)
			runner_ask_ahead(runner, &frame.call, rest);
		dispatch(runner, &frame.call, frame.kind != FRAME_TELL);
	}
	runner->more_ahead = false;
	runner_send_answers(runner);
	runner_withdraw(runner);
	if (secret)
		explicit_bzero(runner->datagram, (size_t)got);
}

static void log_summary(const struct runner *runner)
{
	const struct facts *facts = &runner->facts;
	struct log_line line;

	log_begin(&line, LOG_INFO, "session end");
	log_string(&line, "session", runner->session);
	log_text(&line, "protocol", facts_get(facts, FACT_SESSION_PROTOCOL));
	log_text(&line, "peer", facts_get(facts, FACT_REMOTE_ADDR));
	if (runner->via[0] != '\0')
		log_string(&line, "via", runner->via);
	log_text(&line, "tls", facts_get(facts, FACT_TLS_VERSION));
	log_text(&line, "user", facts_get(facts, FACT_AUTH_USER));
	log_number(&line, "commands", runner->counts.commands);
	log_number(&line, "errors", runner->counts.errors);
	log_number(&line, "messages", runner->counts.messages);
	log_number(&line, "recipients", runner->counts.recipients);
	log_number(&line, "octets", runner->counts.octets);
	log_number(&line, "hook_ms", (uint64_t)runner->hook_time);
	log_number(&line, "ms", (uint64_t)(clock_now() - runner->began));
	log_string(&line, "reason", session_end_words[runner->end]);
	log_end(&line);
}

/* A parser that was killed, by its cage or by someone, is worth a line. */
static void reap_parser(struct runner *runner)
{
	struct log_line line;
	int status = 0;

	while (waitpid(runner->parser, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	log_begin(&line, LOG_ERR, "the parser ended badly");
	log_string(&line, "session", runner->session);
	log_number(&line, WIFSIGNALED(status) ? "signal" : "exit",
		   (uint64_t)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)));
	log_end(&line);
}

/* What hooks leave behind becomes our child; when it ends between two events it goes at once.
 * Before the first hook there is nothing but tls-session. */
static void reap_strays(struct runner *runner)
{
	int status;

	if (!runner->has_run && runner->secure.process <= 0)
		return;
	/* Everything else that is a child of ours is waited for by its own id. */
	while (runner->hook_count == 0 && runner->serve == NULL) {
		siginfo_t info = { 0 };

		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0 ||
		    info.si_pid == runner->parser)
			return;
		if (info.si_pid == runner->secure.process)
			runner_reap_tls(runner);
		else
			waitpid(info.si_pid, &status, WNOHANG);
	}
}

/* Serves a parser to its end. */
static void serve_parser(struct runner *runner)
{
	while (!runner->over) {
		bool receiving = runner->mail == RUNNER_IN_DATA || runner->login == RUNNER_LISTED;
		struct turn turn = runner_turn(runner, true, receiving);

		reap_strays(runner);
		if (turn.pipe)
			runner_receive(runner, UINT64_MAX);
		if (turn.control)
			take_frames(runner);
	}
	if (runner->secure.begun)
		runner_part_with_parser(runner);
	fd_close(&runner->control);
	runner->parser_gone = true;
	fd_close(&runner->pipe); /* a parser that is writing there notices */
	if (runner->parser > 0)
		reap_parser(runner);
	runner->parser = 0;
}

void runner_run(struct runner *runner)
{
	do
		serve_parser(runner);
	while (runner->secure.begun && runner_secure(runner));
	runner_forget_client(runner);
	runner_reset(runner);
	facts_forget(&runner->facts, SCOPE_CALL);
	facts_set(&runner->facts, FACT_SESSION_END, span_of(session_end_words[runner->end]));
	if (runner->login != RUNNER_NO_LOGIN)
		runner_logout(runner);
	runner_exchange_end(runner);
	runner_end_serve(runner);
	if (runner->end == END_TIMEOUT)
		runner_inform(runner, EVENT_TIMEOUT);
	runner_inform(runner, EVENT_DISCONNECT);
	runner_end_tls(runner);
	runner_sweep(runner);
	log_summary(runner);
}
