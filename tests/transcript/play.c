/* SPDX-License-Identifier: ISC */
/* play.c - drives an engine through a transcript, as a runner would, with scripted verdicts. */
#include "play.h"
#include "base/number.h"
#include "engine/smtp.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#define STEPS_MAX 50000000

struct player {
	const struct script *script;
	const struct plan *plan;
	struct run *run;
	struct machine *machine;
	struct engine *engine;
	struct bytes client; /* all that the client sends */
	size_t sent;         /* of it, handed to the engine */
	size_t due;          /* of it, what is sent without TLS to come */
	struct input input;
	bool *used;          /* verdicts that were given */
	struct bytes text;   /* of the verdict at hand */
	struct bytes body;   /* of the message at hand */
	struct span content; /* still to give */
	bool content_failed;
	bool content_due; /* the end of the content was not told yet */
};

/* ---- output ---------------------------------------------------------------------------------- */

static void output_take(struct player *player, size_t most)
{
	struct buffer *out = &player->engine->out;
	size_t len = out->len < most ? out->len : most;

	if (out->overflow)
		player->run->fault = "output overflow";
	bytes_put(&player->run->output, out->base, len);
	buffer_drop(out, len);
}

/* Replies are written before a program is waited for; a slow writer makes just the room that is
 * promised. */
static void output_flush(struct player *player)
{
	if (!player->plan->slow)
		output_take(player, SIZE_MAX);
	while (buffer_room(&player->engine->out) < SMTP_REPLY_ROOM)
		output_take(player, 1);
}

/* ---- the scripted backend -------------------------------------------------------------------- */

static void event_name(const struct event_call *call, struct bytes *name)
{
	bytes_string(name, event_table[call->event].file);
	if (call->event == EVENT_COMMAND) {
		struct span verb = event_fact(call, FACT_VERB);

		bytes_string(name, "-");
		bytes_put(name, verb.base, verb.len);
	}
}

/* The last octets of the body, as many as the event says are on its pipe. */
static struct span body_take(struct player *player, const struct event_call *call)
{
	struct bytes *body = &player->body;
	uint64_t octets = body->len;

	number_parse(event_fact(call, FACT_OCTETS), &octets);
	if (octets > body->len) {
		player->run->fault = "tells more octets than it gave";
		octets = body->len;
	}
	return (struct span){ body->base + body->len - octets, octets };
}

/* The facts of an event; and the IDs that DELETE reads, as "IDS=one,two". */
static void log_event(struct player *player, const struct event_call *call)
{
	struct bytes *events = &player->run->events;

	event_name(call, events);
	for (unsigned i = 0; i < call->count; i++) {
		const struct fact *fact = &call->facts[i];
		struct span value = fact->value;

		bytes_format(events, " %s=", fact_table[fact->name].name);
		while (value.base != NULL) {
			struct span word = span_take(&value, ' ');

			bytes_escape(events, word.base, word.len);
			if (value.base != NULL)
				bytes_string(events, "\\s");
		}
	}
	if (call->event == EVENT_DELETE) {
		struct span ids = body_take(player, call);

		for (const char *mark = " IDS="; ids.len > 0; mark = ",") {
			struct span id = span_take(&ids, '\n');

			bytes_string(events, mark);
			bytes_put(events, id.base, id.len);
		}
		player->body.len = 0;
	}
	bytes_string(events, "\n");
}

/* Octets on the wire: every line ends in CRLF, the last one too. */
static size_t wire_size(struct span message)
{
	size_t size = message.len;

	for (size_t i = 0; i < message.len; i++)
		size += message.base[i] == '\n' && (i == 0 || message.base[i - 1] != '\r');
	if (message.len > 0 && message.base[message.len - 1] != '\n')
		size += 2;
	return size;
}

/* What the maildrop of the "D:" lines answers. */
static void maildrop_answer(struct player *player, const struct event_call *call)
{
	const struct item *item;
	size_t at = 0;

	while ((item = script_next(player->script, ITEM_MAIL, &at)) != NULL) {
		struct span message = bytes_span(&item->text), id = word_take(&message);

		if (call->event == EVENT_LIST)
			bytes_format(&player->text, "%.*s %zu\n", (int)id.len, id.base,
				     wire_size(message));
		else if (span_equal(id, event_fact(call, FACT_MESSAGE)))
			bytes_put(&player->text, message.base, message.len);
	}
}

/* The next scripted verdict for the event: its exit code, its output in player->text. */
static int verdict_take(struct player *player, const struct event_call *call)
{
	struct bytes name = { NULL, 0, 0 };
	const struct item *item;
	size_t at = 0;
	int code = 0;

	player->text.len = 0;
	bytes_put(&player->text, "", 0);
	event_name(call, &name);
	while ((item = script_next(player->script, ITEM_VERDICT, &at)) != NULL) {
		struct span rest = bytes_span(&item->text), event = word_take(&rest);
		struct span word = span_take(&rest, ' ');
		uint64_t number;

		if (player->used[item - player->script->items] ||
		    !span_equal(event, bytes_span(&name)))
			continue;
		player->used[item - player->script->items] = true;
		if (span_equal(word, SPAN("none")))
			code = VERDICT_NONE;
		else if (span_equal(word, SPAN("challenge")))
			code = VERDICT_CHALLENGE;
		else if (number_upto(word, 255, &number))
			code = (int)number;
		else
			errx(2, "%s:%u: bad exit code", player->script->file, item->line);
		bytes_put(&player->text, rest.base, rest.len);
		break;
	}
	if (item == NULL)
		maildrop_answer(player, call);
	free(name.base);
	return code;
}

/* Takes the directives out of a decision's text, as the runner does. */
static void directives_take(struct bytes *text, struct verdict *verdict)
{
	struct span rest = bytes_span(text);
	struct bytes kept = { NULL, 0, 0 };

	while (rest.base != NULL) {
		struct span line = span_take(&rest, '\n');

		if (span_equal(line, SPAN(":close")))
			verdict->close = true;
		if (span_starts(line, SPAN(":")))
			continue;
		bytes_put(&kept, line.base, line.len);
		if (rest.base != NULL)
			bytes_string(&kept, "\n");
	}
	free(text->base);
	*text = kept;
	verdict->text = bytes_span(text);
}

static void message_done(struct player *player, const struct event_call *call)
{
	struct run *run = player->run;
	struct span message = body_take(player, call);

	run->messages = realloc(run->messages, (run->message_count + 1) * sizeof(*run->messages));
	if (run->messages == NULL)
		err(2, "memory");
	run->messages[run->message_count] = (struct bytes){ NULL, 0, 0 };
	bytes_put(&run->messages[run->message_count++], message.base, message.len);
	player->body.len = 0;
}

/*
 * A listing or a message comes as content, all other output with the verdict. One that fails after
 * its first octets is told so behind them; without any, by the verdict.
 */
static void content_begin(struct player *player, const struct event_call *call,
			  struct verdict *verdict)
{
	bool message = call->event == EVENT_RETRIEVE || call->event == EVENT_TOP;

	player->content_failed = verdict->exit != 0;
	player->content_due = verdict->exit == 0 ? message || call->event == EVENT_LIST
						 : message && verdict->text.len > 0;
	if (player->content_due) {
		player->content = verdict->text;
		verdict->exit = 0;
		verdict->text = SPAN_NONE;
	}
}

static void answer(struct player *player)
{
	const struct event_call call = player->engine->call;
	bool handled = (machine_handled(player->machine) & EVENT_BIT(call.event)) != 0;
	bool own = event_table[call.event].kind == EVENT_OWN;

	if (handled && (!own || call.event == EVENT_SASL))
		log_event(player, &call);
	machine_told(player->machine, &call);
	if (call.event == EVENT_DELIVER && handled)
		message_done(player, &call);
	for (unsigned i = 0; i < call.answers; i++) {
		struct verdict verdict = { VERDICT_NONE, SPAN_NONE, SPAN("T1"), false };

		if (call.event == EVENT_STARTTLS && player->sent < player->due) {
			verdict.exit = EXIT_DATAERR; /* as the runner sees octets that wait */
		} else if (handled) {
			verdict.exit = verdict_take(player, &call);
			verdict.text = bytes_span(&player->text);
		}
		if (event_table[call.event].kind == EVENT_DECIDES && handled)
			directives_take(&player->text, &verdict);
		player->content_due = false;
		if (handled && verdict.exit != VERDICT_NONE)
			content_begin(player, &call, &verdict);
		output_flush(player);
		player->engine->ops->answer(player->engine, &verdict);
	}
}

static void content_give(struct player *player)
{
	size_t most = player->plan->single ? 1 : 4096;
	size_t len = player->content.len < most ? player->content.len : most;
	bool last = len == player->content.len && (len == 0 || !player->content_failed);
	struct content content = { span_first(player->content, len), last,
				   last && player->content_failed, false };

	if (!player->content_due) {
		player->run->fault = "asks for content that nobody yields";
		return;
	}
	player->engine->ops->content(player->engine, &content);
	player->content = span_from(player->content, len - content.bytes.len);
	player->content_due = !content.enough && (!last || content.bytes.len > 0);
}

/* ---- input ----------------------------------------------------------------------------------- */

/* Gives the next piece of input. False when the engine wants more than there is. */
static bool input_fill(struct player *player)
{
	struct input *input = &player->input;
	size_t left = player->due - player->sent;
	size_t len = ENGINE_INPUT_MIN - (input->len - input->at);

	memmove(input->base, input->base + input->at, input->len - input->at);
	input->len -= input->at;
	input->at = 0;
	if (left == 0 || len == 0) {
		if (input->eof || len == 0)
			return false;
		if (player->due < player->client.len) {
			player->due = player->client.len; /* no TLS: the client goes on in clear */
			return input_fill(player);
		}
		input->eof = true;
		return true;
	}
	if (player->plan->single)
		len = 1;
	if (player->sent < player->plan->cut && len > player->plan->cut - player->sent)
		len = player->plan->cut - player->sent;
	if (len > left)
		len = left;
	memcpy(input->base + input->len, player->client.base + player->sent, len);
	input->len += len;
	player->sent += len;
	input->eof = player->plan->closed && player->sent == player->client.len;
	return true;
}

/* The handshake: what the client sends from here on a fresh engine reads. */
static void begin_tls(struct player *player)
{
	machine_secure(player->machine);
	player->due = player->client.len;
	player->input.at = player->input.len = 0;
	player->input.eof = false;
	player->body.len = 0;
}

/* The end that comes from outside, when all is read. */
static bool stop(struct player *player)
{
	size_t at = 0;
	const struct item *item = script_next(player->script, ITEM_STOP, &at);

	if (item == NULL || player->sent < player->client.len)
		return false;
	for (unsigned end = 0; end < END_COUNT; end++) {
		if (span_equal(bytes_span(&item->text), span_of(session_end_words[end])))
			player->engine->ops->stop(player->engine, (enum session_end)end);
	}
	return true;
}

static void drive(struct player *player)
{
	struct engine *engine = player->engine;
	struct run *run = player->run;
	size_t most = player->plan->slow ? 1 : SIZE_MAX;
	bool stopped = false;

	for (size_t steps = 0; run->fault == NULL; steps++) {
		if (steps == STEPS_MAX) {
			run->fault = "never ends";
			return;
		}
		switch (engine->ops->step(engine, &player->input)) {
		case ENGINE_READ:
			output_take(player, SIZE_MAX);
			if (!stopped && stop(player))
				stopped = true;
			else if (stopped || !input_fill(player))
				run->fault = stopped ? "goes on after stop"
						     : "wants input behind the end, or has no room";
			break;
		case ENGINE_CALL:
			answer(player);
			break;
		case ENGINE_BODY:
			bytes_put(&player->body, engine->body.base, engine->body.len);
			break;
		case ENGINE_CONTENT:
			content_give(player);
			break;
		case ENGINE_DRAIN:
			if (engine->out.len == 0)
				run->fault = "wants to drain nothing";
			output_take(player, most);
			break;
		case ENGINE_CLOSE:
			output_take(player, SIZE_MAX);
			run->end = engine->end;
			if (!engine->secure || player->due == player->client.len)
				return;
			begin_tls(player);
			break;
		}
	}
}

void play(const struct script *script, const struct plan *plan, struct run *run)
{
	struct player player = { .script = script, .plan = plan, .run = run };

	player.due = SIZE_MAX;
	for (const struct item *item = script->items; item < script->items + script->count;
	     item++) {
		if (item->kind == ITEM_CLIENT)
			bytes_put(&player.client, item->text.base, item->text.len);
		else if (item->kind == ITEM_TLS)
			player.due = player.client.len;
	}
	if (player.due > player.client.len)
		player.due = player.client.len;
	player.machine = machine_new(script_protocol(script), script);
	player.engine = machine_engine(player.machine);
	player.input.base = malloc(ENGINE_INPUT_MIN);
	player.used = calloc(script->count + 1, sizeof(*player.used));
	if (player.input.base == NULL || player.used == NULL)
		err(2, "memory");
	drive(&player);
	free(player.used);
	free(player.input.base);
	free(player.client.base);
	free(player.text.base);
	free(player.body.base);
	machine_free(player.machine);
}

void run_free(struct run *run)
{
	free(run->output.base);
	free(run->events.base);
	for (size_t i = 0; i < run->message_count; i++)
		free(run->messages[i].base);
	free(run->messages);
	*run = (struct run){ .fault = NULL };
}

bool run_equal(const struct run *a, const struct run *b)
{
	if (a->fault != b->fault || a->end != b->end || a->message_count != b->message_count ||
	    !span_equal(bytes_span(&a->output), bytes_span(&b->output)) ||
	    !span_equal(bytes_span(&a->events), bytes_span(&b->events)))
		return false;
	for (size_t i = 0; i < a->message_count; i++) {
		if (!span_equal(bytes_span(&a->messages[i]), bytes_span(&b->messages[i])))
			return false;
	}
	return true;
}
