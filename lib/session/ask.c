/* SPDX-License-Identifier: ISC */
/* ask.c - asking the backend about an event: a hook file, else the co-process. */
#include "session/runner.h"

#include "backend/directive.h"
#include "base/descriptor.h"
#include "base/log.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* A co-process that keeps failing is not started for ever. */
#define SERVE_STARTS_MAX 3

/* Seconds that `event` may take. */
static uint32_t timeout_of(const struct runner *runner, enum event event)
{
	return event == EVENT_DELIVER ? runner->options->deliver_timeout
				      : runner->options->hook_timeout;
}

bool runner_handles(const struct runner *runner, enum event event)
{
	return (runner->handled & EVENT_BIT(event)) != 0;
}

char *const *runner_environment(struct runner *runner, enum event event, uint32_t timeout)
{
	struct facts *facts = &runner->facts;

	facts_unset(facts, FACT_SESSION_EVENT);
	facts_unset(facts, FACT_HOOK_DEADLINE);
	if (event < EVENT_COUNT)
		facts_set(facts, FACT_SESSION_EVENT, span_of(event_table[event].file));
	if (timeout > 0)
		facts_set_number(facts, FACT_HOOK_DEADLINE, (uint64_t)time(NULL) + timeout);
	environment_build(&runner->environment, runner->directory, facts);
	return runner->environment.items;
}

static struct serve *new_serve(struct runner *runner, struct serve **place)
{
	static struct serve first; /* few sessions have more than one */

	if (*place == NULL)
		*place = place == &runner->serve ? &first : malloc(sizeof(**place));
	if (*place != NULL)
		serve_init(*place, runner_identity(runner), runner->options->spool_dir,
			   runner->options->spool_memory);
	return *place;
}

struct serve *runner_new_serve(struct runner *runner)
{
	return new_serve(runner, &runner->serve);
}

/* The co-process of a lane. */
static struct serve **lane_place(struct runner *runner, unsigned lane)
{
	return lane == 0 ? &runner->serve : &runner->crew[lane - 1];
}

/* Starts what is down: its hello is awaited then. False: there is no co-process. */
static bool bring_up(struct runner *runner, unsigned lane)
{
	uint32_t timeout = runner->options->hook_timeout;
	char path[BACKEND_PATH_MAX + 8];
	struct buffer buffer = BUFFER(path);
	struct serve *serve = *lane_place(runner, lane);

	if (serve != NULL && serve->phase != SERVE_DOWN)
		return true;
	/* In POP3 the store is what auth reached: another one would have another identity. */
	if (runner->protocol == PROTOCOL_POP3 || runner->directory->serve == SERVE_NONE ||
	    (serve != NULL && ++runner->serve_losses >= SERVE_STARTS_MAX))
		return false;
	/* The one before has hung up, or was told to end. */
	while (serve != NULL && !serve_gone(serve))
		runner_turn(runner, false, false);
	serve = new_serve(runner, lane_place(runner, lane));
	if (serve == NULL)
		return false;
	if (lane > runner->crew_count)
		runner->crew_count = lane;
	buffer_string(&buffer, runner->directory->path);
	buffer_string(&buffer, "/serve");
	if (buffer_cstr(&buffer) == NULL)
		return false;
	return runner->directory->serve == SERVE_SOCKET
		       ? serve_connect(serve, path, timeout)
		       : serve_start(serve, path, runner_environment(runner, EVENT_COUNT, 0),
				     timeout);
}

/*
 * The co-process has said what it answers: the parser is told with the next answer, and need not
 * wait for an opinion that nobody has.  A DELIVER is asked about all the same.
 */
static void learn_events(struct runner *runner, const struct serve *serve)
{
	event_set served =
		directory_served(runner->directory, runner->protocol) & ~EVENT_BIT(EVENT_DELIVER);

	/* The answer tells the transaction's id (settle_events). */
	if (runner->options->submission)
		served &= ~EVENT_BIT(EVENT_DATA);
	runner->handled = (runner->handled & ~served) | (served & serve->events);
}

/* Waits for the hello of a lane's co-process, or its end: it, if it can be asked. */
static struct serve *await_hello(struct runner *runner, unsigned lane)
{
	struct serve *serve = *lane_place(runner, lane);
	bool fresh = serve->phase == SERVE_HELLO;

	while (serve->phase == SERVE_HELLO)
		runner_turn(runner, false, false);
	if (serve->phase == SERVE_DOWN)
		return NULL;
	if (fresh && lane == 0 && runner->protocol != PROTOCOL_POP3)
		learn_events(runner, serve);
	return serve;
}

unsigned runner_lanes(struct runner *runner, unsigned wanted)
{
	unsigned started = 0, ready = 0;

	while (started < wanted && bring_up(runner, started))
		started++;
	while (ready < started && await_hello(runner, ready) != NULL)
		ready++;
	return ready;
}

static struct job *ask_file(struct runner *runner, const struct ask *ask, struct hook **hook)
{
	uint32_t timeout = timeout_of(runner, ask->event);
	char path[BACKEND_PATH_MAX + 32];
	struct buffer buffer = BUFFER(path);
	struct hook_order order = {
		.event = ask->event,
		.path = directory_program(runner->directory, ask->event, ask->verb, &buffer),
		.environment = runner_environment(runner, ask->event, timeout),
		.stdin_fd = ask->message >= 0 ? ask->message : runner->null,
		.stdout_fd = -1,
		.spool_dir = event_table[ask->event].kind == EVENT_STREAMS
				     ? runner->options->spool_dir
				     : NULL,
		.extra_fd = ask->envelope,
		.timeout = timeout,
	};

	*hook = order.path == NULL ? NULL : runner_hook(runner);
	if (*hook == NULL)
		return NULL;
	hook_start(*hook, &order, runner_identity(runner));
	return &(*hook)->job;
}

/* What a co-process is asked. The hook-runner ends a hook at its limit itself, and has to live to
 * tell. */
static struct serve_call compose_call(struct runner *runner, const struct ask *ask)
{
	uint32_t timeout = timeout_of(runner, ask->event);
	struct environment *environment = &runner->environment;

	runner_environment(runner, ask->event, timeout);
	return (struct serve_call){
		.event = ask->event,
		.verb = ask->verb,
		.environment = environment->items + environment->base_count,
		.count = environment->count - environment->base_count,
		.envelope = ask->envelope,
		.envelope_len = ask->envelope_len,
		.message = ask->message,
		.message_len = ask->message_len,
		.timeout = runner->serve_all ? timeout + JOB_GRACE + 1 : timeout,
	};
}

static struct job *ask_serve(struct runner *runner, const struct ask *ask)
{
	struct serve *serve = bring_up(runner, ask->lane) ? await_hello(runner, ask->lane) : NULL;
	struct serve_call call;

	if (serve == NULL) {
		/* It should answer and cannot: that is a temporary failure, not silence. */
		serve = *lane_place(runner, ask->lane);
		if (serve == NULL)
			return NULL;
		job_begin(&serve->job, ask->event);
		serve->job.done = true;
		return &serve->job;
	}
	serve->session = runner_identity(runner);
	if (serve_came_to(serve, ask->event, timeout_of(runner, ask->event)))
		return &serve->job;
	call = compose_call(runner, ask);
	serve_ask(serve, &call);
	return &serve->job;
}

/* True when the event has a file, or the command has. */
static bool has_file(const struct runner *runner, const struct ask *ask)
{
	if (ask->event == EVENT_COMMAND)
		return directory_has_command(runner->directory, ask->verb);
	return (runner->directory->programs & EVENT_BIT(ask->event)) != 0;
}

static bool has_serve(const struct runner *runner, const struct ask *ask)
{
	if (runner->serve_all)
		return runner->serve != NULL &&
		       (runner->serve->events & EVENT_BIT(ask->event)) != 0;
	return directory_serves(runner->directory, runner->protocol, ask->event);
}

struct job *runner_ask(struct runner *runner, const struct ask *ask, struct hook **hook)
{
	*hook = NULL;
	if (runner->serve_all && has_serve(runner, ask))
		return ask_serve(runner, ask);
	if (has_file(runner, ask))
		return ask_file(runner, ask, hook);
	return has_serve(runner, ask) ? ask_serve(runner, ask) : NULL;
}

event_set runner_ahead(const struct runner *runner)
{
	const struct serve *serve = runner->serve;

	if (serve == NULL || serve->phase != SERVE_READY || !serve->can_ahead)
		return 0;
	/* A file wins over the co-process, and is run for one event after the other. */
	return FRAME_AHEAD_EVENTS & serve->events & ~runner->directory->programs;
}

void runner_withdraw(struct runner *runner)
{
	if (runner->serve != NULL)
		serve_withdraw(runner->serve);
}

void runner_ask_ahead(struct runner *runner, const struct event_call *call, struct span rest)
{
	struct ask ask = { .event = call->event, .message = -1, .envelope = -1 };
	struct frame frame = { .call = *call };
	bool rcpt = call->event == EVENT_RCPT;
	bool more = rest.len > 0 && (enum frame_kind)rest.base[0] == FRAME_AHEAD;

	if (!more || (runner_ahead(runner) & EVENT_BIT(call->event)) == 0)
		return;
	for (uint32_t before = 0; more; before++) {
		struct serve_call composed;

		/* What is out of order is seen when its turn comes: nobody is asked about it. */
		if (rcpt && (runner->mail != RUNNER_HAS_MAIL ||
			     event_fact(&frame.call, FACT_RECIPIENT).base == NULL))
			return;
		runner_keep_facts(runner, &frame.call);
		if (rcpt)
			runner_recipient_facts(runner, runner->envelope.count + before);
		composed = compose_call(runner, &ask);
		more = serve_ask_ahead(runner->serve, &composed) &&
		       frame_take(&rest, runner->protocol, &frame) && frame.kind == FRAME_AHEAD &&
		       frame.call.event == call->event;
	}
}

static void log_directive(const struct runner *runner, enum event event, struct span text)
{
	struct log_line line;

	log_begin(&line, LOG_WARNING, "directive ignored");
	log_identity(&line, runner_identity(runner));
	log_string(&line, "event", event_table[event].file);
	log_text(&line, "text", text);
	log_end(&line);
}

/* An address of a program's is held to the rules that a client's is. With or without <>. */
static bool rewrite(struct runner *runner, enum fact_name name, enum fact_name safe,
		    struct span value)
{
	const struct address_rules rules = {
		.charset = runner->options->address_charset,
		.utf8 = facts_get(&runner->facts, FACT_SMTPUTF8).base != NULL,
		.sender = name == FACT_SENDER,
		.bare_local = runner->protocol == PROTOCOL_LMTP,
	};
	char path_bytes[PATH_MAX_OCTETS + 2], mailbox_bytes[PATH_MAX_OCTETS];
	struct buffer path = BUFFER(path_bytes), mailbox = BUFFER(mailbox_bytes);
	struct address address;
	size_t used;

	if (!span_starts(value, SPAN("<"))) {
		buffer_byte(&path, '<');
		buffer_put(&path, value);
		buffer_byte(&path, '>');
		value = buffer_span(&path);
	}
	if (path.overflow ||
	    address_parse(value, &rules, &mailbox, &address, &used) != ADDRESS_OK ||
	    used != value.len)
		return false;
	facts_set(&runner->facts, name, address.mailbox);
	facts_set_safe(&runner->facts, safe, address.mailbox);
	return true;
}

static bool carry_out(struct runner *runner, enum event event, const struct directive *directive)
{
	struct facts *facts = &runner->facts;
	struct span value = directive->value;

	switch (directive->kind) {
	case DIRECTIVE_RECIPIENT:
		return rewrite(runner, FACT_RECIPIENT, FACT_RECIPIENT_SAFE, value);
	case DIRECTIVE_SENDER:
		runner_withdraw(runner); /* later calls tell of it */
		return rewrite(runner, FACT_SENDER, FACT_SENDER_SAFE, value);
	case DIRECTIVE_HEADER:
		/* Room is left for a CR in each line, should the message have them. */
		if (buffer_room(&runner->headers) < runner->headers.len + value.len + 2)
			return false;
		buffer_put(&runner->headers, value);
		buffer_byte(&runner->headers, '\n');
		if (event == EVENT_CONNECT)
			runner->connect_headers = runner->headers.len;
		if (event == EVENT_CONNECT || event == EVENT_HELO)
			runner->session_headers = runner->headers.len;
		return true;
	case DIRECTIVE_SET:
		/* Whose the token is. */
		if (event == EVENT_TOKEN && span_equal(directive->key, SPAN("user"))) {
			facts_unset(facts, FACT_AUTH_NAME);
			if (login_name_fits(value))
				facts_set(facts, FACT_AUTH_NAME, value);
			return true;
		}
		if (!facts_set_hook_value(facts, directive->key, value))
			return false;
		if (event == EVENT_CONNECT)
			facts->hook_values_kept = facts->hook_values_len;
		runner_withdraw(runner); /* later calls tell of it */
		return true;
	default:
		return false;
	}
}

struct verdict runner_verdict(struct runner *runner, struct job *job)
{
	struct span text = { job->text, job->text_len };
	struct verdict verdict = {
		.exit = job->exit,
		.id = facts_get(&runner->facts, FACT_TRANSACTION_ID),
	};
	struct directive directive;
	size_t at = 0, kept = 0;
	bool rewritten = false;

	/* What a yielding event printed is data, or the text of a refusal: no directives there. */
	if (event_table[job->event].kind != EVENT_DECIDES) {
		verdict.text = text;
		return verdict;
	}
	while (directive_next(text, &at, &kept, job->event, &directive)) {
		if (directive.kind == DIRECTIVE_CLOSE) {
			verdict.close = true;
			continue;
		}
		/* What a refusal would change has not come to be. */
		if (!exit_accepts(job->exit) && directive.kind != DIRECTIVE_SET &&
		    directive.kind != DIRECTIVE_BAD)
			continue;
		/* A name that cannot be told is nobody's, and not the one that the client told. */
		if (directive.kind == DIRECTIVE_BAD && job->event == EVENT_TOKEN)
			facts_unset(&runner->facts, FACT_AUTH_NAME);
		if ((directive.kind == DIRECTIVE_RECIPIENT && rewritten) ||
		    !carry_out(runner, job->event, &directive))
			log_directive(runner, job->event, directive.value);
		rewritten |= directive.kind == DIRECTIVE_RECIPIENT;
	}
	verdict.text = span_first(text, kept);
	return verdict;
}

struct verdict runner_decide(struct runner *runner, const struct ask *ask, int *content)
{
	struct verdict verdict = { .exit = VERDICT_NONE };
	struct hook *hook;
	struct job *job = runner_ask(runner, ask, &hook);
	static char text[VERDICT_TEXT_MAX];

	*content = -1;
	if (job == NULL) {
		/* A program that should answer and could not even be started is no missing opinion.
		 */
		if (has_file(runner, ask) || has_serve(runner, ask))
			verdict.exit = EXIT_TEMPFAIL;
		return verdict;
	}
	runner_wait(runner, job);
	verdict = runner_verdict(runner, job);
	*content = job->content;
	job->content = -1;
	if (hook != NULL) {
		memcpy(text, verdict.text.base, verdict.text.len);
		verdict.text.base = text;
		runner_release(runner, hook);
	}
	return verdict;
}

void runner_inform(struct runner *runner, enum event event)
{
	int content;

	runner_decide(runner, &(struct ask){ .event = event, .message = -1, .envelope = -1 },
		      &content);
	fd_close(&content);
}
