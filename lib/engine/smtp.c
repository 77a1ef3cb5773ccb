/* SPDX-License-Identifier: ISC */
/*
 * smtp.c - the SMTP engine goes from phase to phase.
 *
 * One explicit phase says what the next octet means; nothing is stacked.  Commands are
 * in smtp_verb.c, message content in smtp_message.c and smtp_chunk.c.
 */
#include "engine/smtp_private.h"

#include "base/ascii.h"

static struct smtp *smtp_of(struct engine *engine)
{
	return (struct smtp *)engine;
}

bool smtp_handles(const struct smtp *smtp, enum event event)
{
	return (smtp->config->handled & EVENT_BIT(event)) != 0;
}

struct event_call *smtp_raise(struct smtp *smtp, enum event event)
{
	smtp->engine.call.event = event;
	smtp->engine.call.answers = 1;
	smtp->engine.call.count = 0;
	smtp->answers = 1;
	smtp->phase = SMTP_PHASE_CALL;
	return &smtp->engine.call;
}

void smtp_reset(struct smtp *smtp)
{
	smtp->transaction = (struct smtp_transaction){ 0 };
	if (smtp->state != SMTP_CONNECTED)
		smtp->state = SMTP_GREETED;
}

/* ---- phases ------------------------------------------------------------------------------- */

static bool need(enum engine_next *next, enum engine_next what)
{
	*next = what;
	return true;
}

bool smtp_starved(struct smtp *smtp, const struct input *input, enum engine_next *next)
{
	if (!input->eof)
		return need(next, ENGINE_READ);
	smtp->phase = SMTP_PHASE_CLOSED;
	smtp->engine.end = END_EOF;
	return false;
}

static bool next_start(struct smtp *smtp, struct input *input, enum engine_next *next)
{
	(void)input;
	(void)next;
	smtp_raise(smtp, EVENT_CONNECT);
	return false;
}

static bool next_call(struct smtp *smtp, struct input *input, enum engine_next *next)
{
	(void)smtp;
	(void)input;
	return need(next, ENGINE_CALL);
}

static bool next_closed(struct smtp *smtp, struct input *input, enum engine_next *next)
{
	(void)smtp;
	(void)input;
	return need(next, ENGINE_CLOSE);
}

/* Does a session begin like TLS or HTTP (GEN-013)? Answered as soon as it is seen. */
static bool is_foreign(struct span bytes)
{
	static const char *const methods[] = { "GET", "POST", "CONNECT" };

	if (bytes.len > 0 && bytes.base[0] == 0x16)
		return true;
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		struct span method = span_of(methods[i]);

		if (bytes.len > method.len && span_starts(bytes, method) &&
		    !ascii_is_graph(bytes.base[method.len]))
			return true;
	}
	return false;
}

bool smtp_admit(struct smtp *smtp)
{
	uint32_t most = smtp->config->max_commands;

	smtp->engine.counts.commands++;
	smtp->plain = false;
	smtp->utf8_reply = false;
	if (most == 0 || smtp->engine.counts.commands <= most)
		return true;
	smtp_say(smtp, SMTP_SAY_TOO_MANY_COMMANDS);
	return false;
}

static bool next_command(struct smtp *smtp, struct input *input, enum engine_next *next)
{
	struct span bytes = { input->base + input->at, input->len - input->at }, text;
	enum line_result result;
	bool swallowing;
	size_t used;

	if (buffer_room(&smtp->engine.out) < SMTP_REPLY_ROOM)
		return need(next, ENGINE_DRAIN);
	if (!smtp->spoken && is_foreign(bytes)) {
		smtp->plain = false;
		smtp_close(smtp, END_ERROR);
		smtp_say(smtp, SMTP_SAY_NOT_SMTP);
		return false;
	}
	swallowing = smtp->line.swallowing;
	result = line_take(&smtp->line, bytes, SMTP_LINE_MAX, &text, &used);
	input->at += used;
	/* It may be the rest of a secret. */
	if (swallowing)
		span_wipe(span_first(bytes, result == LINE_WHOLE ? (size_t)(text.base - bytes.base)
								 : used));
	if (result == LINE_PARTIAL)
		return smtp_starved(smtp, input, next);
	smtp->spoken = true;
	if (!smtp_admit(smtp))
		return false;
	if (result == LINE_BARE)
		smtp_say(smtp, SMTP_SAY_BARE);
	else if (result == LINE_LONG)
		smtp_say(smtp, SMTP_SAY_LINE_TOO_LONG);
	else
		smtp_command(smtp, text);
	return false;
}

/* The held reply, once or for each recipient of an LMTP message (RFC 2033 4.2). */
static bool next_replies(struct smtp *smtp, struct input *input, enum engine_next *next)
{
	(void)input;
	while (smtp->replies > 0) {
		if (buffer_room(&smtp->engine.out) < SMTP_REPLY_ROOM)
			return need(next, ENGINE_DRAIN);
		smtp_send_held(smtp);
		smtp->replies--;
	}
	smtp->phase = SMTP_PHASE_COMMAND;
	return false;
}

static smtp_phase_function *const phase_table[SMTP_PHASE_COUNT] = {
	[SMTP_PHASE_START] = next_start,        [SMTP_PHASE_COMMAND] = next_command,
	[SMTP_PHASE_CALL] = next_call,          [SMTP_PHASE_DATA] = smtp_next_data,
	[SMTP_PHASE_CHUNK] = smtp_next_chunk,   [SMTP_PHASE_SWALLOW] = smtp_next_swallow,
	[SMTP_PHASE_SECURE] = smtp_next_secure, [SMTP_PHASE_REPLIES] = next_replies,
	[SMTP_PHASE_AUTH] = smtp_next_response, [SMTP_PHASE_CLOSED] = next_closed,
};

/* A session that is to close does so before it reads anything more. */
static bool reads(enum smtp_phase phase)
{
	return phase == SMTP_PHASE_COMMAND || phase == SMTP_PHASE_AUTH ||
	       phase == SMTP_PHASE_DATA || phase == SMTP_PHASE_CHUNK;
}

/* Are the next octets message content? */
static bool in_content(enum smtp_phase phase)
{
	return phase == SMTP_PHASE_DATA || phase == SMTP_PHASE_CHUNK || phase == SMTP_PHASE_SWALLOW;
}

static enum engine_next step(struct engine *engine, struct input *input)
{
	struct smtp *smtp = smtp_of(engine);
	enum engine_next next = ENGINE_CLOSE;

	do {
		if (smtp->closing && reads(smtp->phase))
			smtp->phase = SMTP_PHASE_CLOSED;
	} while (!phase_table[smtp->phase](smtp, input, &next));
	engine->in_message = in_content(smtp->phase);
	return next;
}

/* ---- verdicts ----------------------------------------------------------------------------- */

static smtp_verdict_function *const verdict_table[EVENT_COUNT] = {
	[EVENT_CONNECT] = smtp_on_connect,   [EVENT_HELO] = smtp_on_helo,
	[EVENT_EHLO] = smtp_on_ehlo,         [EVENT_MAIL] = smtp_on_mail,
	[EVENT_RCPT] = smtp_on_rcpt,         [EVENT_DATA] = smtp_on_data,
	[EVENT_DELIVER] = smtp_on_deliver,   [EVENT_RSET] = smtp_on_rset,
	[EVENT_NOOP] = smtp_on_noop,         [EVENT_QUIT] = smtp_on_quit,
	[EVENT_VRFY] = smtp_on_vrfy,         [EVENT_EXPN] = smtp_on_vrfy,
	[EVENT_HELP] = smtp_on_help,         [EVENT_ETRN] = smtp_on_etrn,
	[EVENT_COMMAND] = smtp_on_command,   [EVENT_XCLIENT] = smtp_on_xclient,
	[EVENT_XFORWARD] = smtp_on_xforward, [EVENT_STARTTLS] = smtp_on_starttls,
	[EVENT_AUTH] = smtp_on_auth,         [EVENT_TOKEN] = smtp_on_auth,
	[EVENT_SASL] = smtp_on_auth,
};

static void answer(struct engine *engine, const struct verdict *verdict)
{
	struct smtp *smtp = smtp_of(engine);
	enum event event = engine->call.event;

	if (smtp->phase != SMTP_PHASE_CALL)
		return; /* the session was ended meanwhile */
	if (--smtp->answers == 0)
		smtp->phase = SMTP_PHASE_COMMAND;
	if (verdict->close && event_table[event].kind != EVENT_INFORMS)
		smtp_close(smtp, END_LIMIT);
	verdict_table[event](smtp, verdict);
}

/* No event of SMTP yields content. */
static void content(struct engine *engine, struct content *unused)
{
	(void)engine;
	unused->bytes = SPAN_NONE;
}

static void stop(struct engine *engine, enum session_end end)
{
	static const enum smtp_reply farewells[END_COUNT] = {
		[END_QUIT] = SMTP_SAY_BYE,          [END_TIMEOUT] = SMTP_SAY_TIMEOUT,
		[END_EOF] = SMTP_SAY_COUNT,         [END_LIMIT] = SMTP_SAY_LIMIT,
		[END_SHUTDOWN] = SMTP_SAY_SHUTDOWN, [END_ERROR] = SMTP_SAY_FAULT,
	};
	struct smtp *smtp = smtp_of(engine);

	if (smtp->phase == SMTP_PHASE_CLOSED)
		return;
	smtp->plain = smtp->phase == SMTP_PHASE_START;
	if (farewells[end] != SMTP_SAY_COUNT && buffer_room(&engine->out) >= REPLY_LINE_MAX)
		smtp_say(smtp, farewells[end]);
	smtp->phase = SMTP_PHASE_CLOSED;
	engine->end = end;
}

static const char *state(const struct engine *engine)
{
	static const char *const words[SMTP_STATE_COUNT] = {
		[SMTP_CONNECTED] = "CONNECTED", [SMTP_GREETED] = "GREETED",
		[SMTP_MAIL] = "MAIL",           [SMTP_RCPT] = "RCPT",
		[SMTP_CHUNKS] = "BDAT",         [SMTP_CHUNKS_FAILED] = "BDAT-FAILED",
		[SMTP_REFUSED] = "REFUSED",
	};
	const struct smtp *smtp = (const struct smtp *)engine;

	return in_content(smtp->phase) ? "DATA" : words[smtp->state];
}

static const struct engine_ops smtp_ops = { step, answer, content, stop, state, smtp_ahead };

void smtp_init(struct smtp *smtp, const struct smtp_config *config, char *out_storage,
	       size_t out_cap)
{
	/* Everything but the arrays at the end: those pages stay untouched. */
	memset(smtp, 0, offsetof(struct smtp, values));
	sasl_init(&smtp->sasl, smtp->sasl_bytes);
	smtp->engine.ops = &smtp_ops;
	smtp->engine.out = (struct buffer){ out_storage, 0, out_cap, false };
	smtp->config = config;
	smtp->plain = true; /* RFC 2034 3: none in the greeting */
	if (config->resumes != NULL) {
		smtp->engine.counts = *config->resumes;
		smtp->phase = SMTP_PHASE_COMMAND; /* RFC 3207 4.2: no greeting */
	}
}
