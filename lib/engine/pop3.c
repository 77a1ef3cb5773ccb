/* SPDX-License-Identifier: ISC */
/*
 * pop3.c - the POP3 engine: from phase to phase, lines in, verdicts in.
 *
 * What a session is at is one number, pop3->phase; step() goes on from there however often
 * it had to stop for input, for a verdict, or for room in the output.
 */
#include "engine/pop3_private.h"

#include "mail/reply.h"

void pop3_close(struct pop3 *pop3, enum session_end end)
{
	sasl_end(&pop3->sasl);
	pop3->engine.end = end;
	pop3->phase = PHASE_CLOSE;
}

void pop3_close_after(struct pop3 *pop3, enum session_end end)
{
	pop3->engine.end = end;
	pop3->closing = true;
}

void pop3_fault(struct pop3 *pop3, const char *what, struct span detail)
{
	struct buffer *fault = &pop3->fault;

	buffer_clear(fault);
	buffer_string(fault, what);
	if (detail.len > 0 && buffer_put(fault, SPAN(": ")))
		buffer_put(fault, detail.len <= buffer_room(fault)
					  ? detail
					  : span_first(detail, buffer_room(fault)));
}

struct event_call *pop3_raise(struct pop3 *pop3, enum event event)
{
	struct event_call *call = &pop3->engine.call;

	call->event = event;
	call->answers = 1;
	call->count = 0;
	pop3->phase = PHASE_CALL;
	return call;
}

/* ---- the greeting (RFC 1939 4) --------------------------------------------------------------- */

/* Nothing in the greeting but the timestamp of APOP may look like it (POP-001). */
static void greet(struct pop3 *pop3, struct span text)
{
	struct span timestamp = pop3->config->timestamp;
	char line[POP3_STATUS_MAX];
	struct buffer words = BUFFER(line);
	/* The line must hold the timestamp whole. */
	size_t most = timestamp.len == 0 ? sizeof(line) : sizeof(line) - 32 - timestamp.len;

	buffer_put(&words, span_first(text, text.len < most ? text.len : most));
	for (size_t i = 0; i < words.len; i++) {
		if (line[i] == '<' || line[i] == '>')
			line[i] = line[i] == '<' ? '(' : ')';
	}
	if (timestamp.len > 0)
		buffer_byte(&words, ' ');
	buffer_put(&words, timestamp);
	/* The word by which Dovecot's proxy knows that it is trusted. */
	pop3_status(pop3, true, pop3_may_xclient(pop3) ? "XCLIENT" : "", buffer_span(&words));
}

static void on_connect(struct pop3 *pop3, const struct verdict *verdict)
{
	struct span lines = verdict->text, text = pop3->config->greeting;
	char bytes[POP3_STATUS_MAX];
	struct buffer ready = BUFFER(bytes);
	struct reply_line line;

	if (verdict->exit != VERDICT_NONE && !exit_accepts(verdict->exit)) {
		pop3_refuse(pop3, verdict, EVENT_CONNECT, SPAN("no service here"));
		pop3_close_after(pop3, END_LIMIT);
		return;
	}
	if (text.len == 0) {
		/* An address literal cannot come first: it would look like a response code (RFC
		 * 2449 8). */
		if (span_starts(pop3->config->hostname, SPAN("[")))
			buffer_string(&ready, "POP3 ready at ");
		buffer_put(&ready, pop3->config->hostname);
		if (ready.base[ready.len - 1] != ']')
			buffer_string(&ready, " POP3 ready");
		text = buffer_span(&ready);
	}
	if (reply_next_line(&lines, &line) && line.text.len > 0)
		text = line.text;
	greet(pop3, text);
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* What HTTP and TLS clients begin with (GEN-013): decided by the first octets, however they were
 * cut. */
static bool foreign(const struct input *input)
{
	static const struct span methods[] = { { "GET", 3 }, { "POST", 4 }, { "CONNECT", 7 } };
	struct span bytes = { input->base + input->at, input->len - input->at };

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		size_t len = methods[i].len;

		if (bytes.len > len && span_starts(bytes, methods[i]) &&
		    (bytes.base[len] == ' ' || bytes.base[len] == '\r'))
			return true;
	}
	return bytes.len > 0 && bytes.base[0] == 0x16;
}

/* What may be longer than a command of RFC 2449 4. */
static bool is_long_command(struct span line)
{
	struct span xclient = SPAN("XCLIENT ");

	return line.len > xclient.len && span_equal_nocase(span_first(line, xclient.len), xclient);
}

/* The longest line that may come now, with CRLF. */
static size_t line_most(const struct pop3 *pop3)
{
	return pop3->state == POP3_AUTHORIZATION && pop3_may_xclient(pop3) ? POP3_TRUSTED_LINE_MAX
									   : POP3_LINE_MAX;
}

bool pop3_admit(struct pop3 *pop3)
{
	uint32_t most = pop3->config->max_commands;

	pop3->spoken = true;
	pop3->engine.counts.commands++;
	if (most == 0 || pop3->engine.counts.commands <= most)
		return true;
	pop3_err(pop3, "", SPAN("too many commands"));
	pop3_close_after(pop3, END_LIMIT);
	return false;
}

bool pop3_starved(struct pop3 *pop3, const struct input *input, enum engine_next *next)
{
	if (input->eof) {
		pop3_close(pop3, END_EOF);
		return false;
	}
	*next = ENGINE_READ;
	return true;
}

static void next_line(struct pop3 *pop3, enum line_result result, struct span line)
{
	if (result == LINE_LONG ||
	    (result == LINE_WHOLE && line.len + 2 > POP3_LINE_MAX && !is_long_command(line))) {
		pop3_error(pop3, SPAN("line too long"));
	} else if (result == LINE_BARE) {
		pop3_error(pop3, SPAN("lines end in CRLF and hold no CR, LF or NUL"));
	} else {
		pop3_command(pop3, line);
	}
}

static bool next_command(struct pop3 *pop3, struct input *input, enum engine_next *next)
{
	struct span bytes = { input->base + input->at, input->len - input->at }, line;
	enum line_result result;
	bool swallowing;
	size_t used;

	if (pop3->closing) {
		pop3_close(pop3, pop3->engine.end);
		return false;
	}
	if (buffer_room(&pop3->engine.out) < REPLY_ROOM) {
		*next = ENGINE_DRAIN;
		return true;
	}
	if (!pop3->spoken && foreign(input)) {
		pop3_err(pop3, "", SPAN("this is a POP3 server"));
		pop3_close_after(pop3, END_ERROR);
		return false;
	}
	swallowing = pop3->line.swallowing;
	result = line_take(&pop3->line, bytes, line_most(pop3), &line, &used);
	input->at += used;
	/* It may be the rest of a secret. */
	if (swallowing)
		span_wipe(span_first(bytes, result == LINE_WHOLE ? (size_t)(line.base - bytes.base)
								 : used));
	if (result == LINE_PARTIAL)
		return pop3_starved(pop3, input, next);
	if (pop3_admit(pop3))
		next_line(pop3, result, line);
	return false;
}

/* ---- phases ---------------------------------------------------------------------------------- */

static pop3_verdict_function *const verdict_functions[EVENT_COUNT] = {
	[EVENT_CONNECT] = on_connect,
	[EVENT_AUTH] = pop3_on_auth,
	[EVENT_TOKEN] = pop3_on_auth,
	[EVENT_SASL] = pop3_on_auth,
	[EVENT_LIST] = pop3_on_list,
	[EVENT_SIZE] = pop3_on_size,
	[EVENT_RETRIEVE] = pop3_on_retrieve,
	[EVENT_TOP] = pop3_on_retrieve,
	[EVENT_DELETE] = pop3_on_delete,
	[EVENT_RSET] = pop3_on_rset,
	[EVENT_NOOP] = pop3_on_noop,
	[EVENT_QUIT] = pop3_on_quit,
	[EVENT_LOGIN_DELAY] = pop3_on_login_delay,
	[EVENT_EXPIRE] = pop3_on_expire,
	[EVENT_LOGOUT] = pop3_on_logout,
	[EVENT_COMMAND] = pop3_on_command,
	[EVENT_STARTTLS] = pop3_on_stls,
	[EVENT_XCLIENT] = pop3_on_xclient,
};

static void answer(struct engine *engine, const struct verdict *verdict)
{
	struct pop3 *pop3 = (struct pop3 *)engine;
	enum event event = engine->call.event;

	if (pop3->phase != PHASE_CALL)
		return; /* the session was ended meanwhile */
	pop3->phase = PHASE_COMMAND;
	verdict_functions[event](pop3, verdict);
	if (verdict->close && !pop3->closing)
		pop3_close_after(pop3, END_QUIT);
}

/* An event that nobody answers is over at once. */
static bool call_phase(struct pop3 *pop3, struct input *input, enum engine_next *next)
{
	const struct verdict none = { .exit = VERDICT_NONE };
	enum event event = pop3->engine.call.event;

	(void)input;
	if (!pop3_handles(pop3, event) && event != EVENT_LOGOUT) {
		answer(&pop3->engine, &none);
		return false;
	}
	/* What it prints must fit as a whole. */
	*next = event == EVENT_COMMAND && pop3->engine.out.len > 0 ? ENGINE_DRAIN : ENGINE_CALL;
	return true;
}

static bool content_phase(struct pop3 *pop3, struct input *input, enum engine_next *next)
{
	(void)input;
	*next = buffer_room(&pop3->engine.out) < POP3_STATUS_MAX ? ENGINE_DRAIN : ENGINE_CONTENT;
	return true;
}

static bool close_phase(struct pop3 *pop3, struct input *input, enum engine_next *next)
{
	(void)pop3;
	(void)input;
	*next = ENGINE_CLOSE;
	return true;
}

static pop3_phase_function *const phase_functions[PHASE_COUNT] = {
	[PHASE_COMMAND] = next_command,
	[PHASE_RESPONSE] = pop3_next_response,
	[PHASE_CALL] = call_phase,
	[PHASE_CONTENT] = content_phase,
	[PHASE_MESSAGE_END] = pop3_message_end,
	[PHASE_SIZES] = pop3_next_size,
	[PHASE_LISTING] = pop3_next_lines,
	[PHASE_SECURE] = pop3_next_secure,
	[PHASE_MARKED] = pop3_next_marked,
	[PHASE_CLOSE] = close_phase,
};

static enum engine_next step(struct engine *engine, struct input *input)
{
	struct pop3 *pop3 = (struct pop3 *)engine;
	enum engine_next next;

	while (!phase_functions[pop3->phase](pop3, input, &next))
		;
	return next;
}

static void content(struct engine *engine, struct content *content)
{
	struct pop3 *pop3 = (struct pop3 *)engine;

	if (pop3->phase != PHASE_CONTENT)
		content->bytes = SPAN_NONE; /* the session was ended meanwhile */
	else if (engine->call.event == EVENT_LIST)
		pop3_listing_content(pop3, content);
	else
		pop3_message_content(pop3, content);
}

/* ---- the end from outside -------------------------------------------------------------------- */

static void stop(struct engine *engine, enum session_end end)
{
	/* RFC 1939 3: a time-out ends the session without a word; so does the end of input. */
	static const struct farewell {
		const char *code, *text;
	} farewells[END_COUNT] = {
		[END_LIMIT] = { "", "a limit of this session is reached" },
		[END_SHUTDOWN] = { "SYS/TEMP", "the server is going down" },
		[END_ERROR] = { "SYS/TEMP", "the session cannot go on" },
	};
	const struct farewell *farewell = &farewells[end];
	struct pop3 *pop3 = (struct pop3 *)engine;

	if (pop3->phase == PHASE_CLOSE)
		return;
	/* Amid a message it would be taken for a part of it. */
	if (farewell->text != NULL && !pop3->streaming &&
	    buffer_room(&engine->out) >= POP3_STATUS_MAX) {
		/* A reply that waits for LOGOUT tells what has been done already. */
		if (pop3->held.len == 0) {
			pop3->holding = false;
			pop3_err(pop3, farewell->code, span_of(farewell->text));
		}
		pop3_release(pop3);
	}
	pop3_close(pop3, end);
}

static const char *state(const struct engine *engine)
{
	static const char *const words[] = {
		[POP3_AUTHORIZATION] = "AUTHORIZATION",
		[POP3_TRANSACTION] = "TRANSACTION",
		[POP3_UPDATE] = "UPDATE",
	};

	return words[((const struct pop3 *)engine)->state];
}

void pop3_init(struct pop3 *pop3, const struct pop3_config *config,
	       const struct pop3_storage *storage, char *out, size_t out_cap)
{
	static const struct engine_ops ops = { step, answer, content, stop, state, pop3_ahead };

	memset(pop3, 0, offsetof(struct pop3, number));
	sasl_init(&pop3->sasl, pop3->sasl_bytes);
	pop3->engine.ops = &ops;
	pop3->engine.out = (struct buffer){ out, 0, out_cap, false };
	pop3->config = config;
	pop3->fault = (struct buffer)BUFFER(pop3->fault_text);
	pop3->held = (struct buffer)BUFFER(pop3->held_text);
	maildrop_init(&pop3->maildrop, storage);
	if (config->resumes == NULL) {
		pop3_raise(pop3, EVENT_CONNECT);
	} else {
		pop3->engine.counts = *config->resumes;
		pop3->phase = PHASE_COMMAND; /* RFC 2595 4: no second greeting */
	}
}
