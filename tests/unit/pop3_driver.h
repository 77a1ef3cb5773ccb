/* SPDX-License-Identifier: ISC */
/*
 * pop3_driver.h - drives the POP3 engine in memory, over a scripted maildrop.
 *
 * `play` runs a dialogue once, in one way of cutting input, content and output; `play_all`
 * runs it in all ways and wants the same octets and the same events from each.
 */
#ifndef MAILSESSION_TESTS_POP3_DRIVER_H
#define MAILSESSION_TESTS_POP3_DRIVER_H

#include "check.h"
#include "prophecy.h"

#include "base/number.h"
#include "engine/pop3.h"

#include <stdlib.h>

/* Text that grows; the tests' own, never the engine's. */
struct text {
	char *base;
	size_t len, cap;
};

static inline void text_put(struct text *text, struct span bytes)
{
	if (text->cap - text->len < bytes.len + 1) {
		text->cap = 2 * (text->len + bytes.len + 1);
		text->base = realloc(text->base, text->cap);
		if (text->base == NULL)
			abort();
	}
	if (bytes.len > 0)
		memcpy(text->base + text->len, bytes.base, bytes.len);
	text->len += bytes.len;
	text->base[text->len] = '\0';
}

static inline void text_string(struct text *text, const char *string)
{
	text_put(text, span_of(string));
}

static inline void text_number(struct text *text, uint64_t number)
{
	char storage[20];
	struct buffer digits = BUFFER(storage);

	buffer_number(&digits, number);
	text_put(text, buffer_span(&digits));
}

static inline struct span text_span(const struct text *text)
{
	return (struct span){ text->base, text->len };
}

static inline void text_free(struct text *text)
{
	free(text->base);
	*text = (struct text){ NULL, 0, 0 };
}

struct mail {
	const char *id;
	struct span message;
};

#define MAIL(id, message)                            \
	{                                            \
		id,                                  \
		{                                    \
			message, sizeof(message) - 1 \
		}                                    \
	}

#define MEMORY_MAX 8

/* What the backend has and says, and what is counted. */
struct scene {
	const struct mail *mails;
	unsigned count;
	struct span listing; /* what LIST yields; by default an ID a line */
	int exits[EVENT_COUNT];
	const char *said[EVENT_COUNT]; /* printed by deciding events and small yielding ones, and by
					  refusals */
	bool closes[EVENT_COUNT];
	bool breaks;        /* RETRIEVE fails behind the message */
	enum event stop_at; /* the driver stops the session when this is raised */
	bool stops;
	enum session_end stop_end;
	struct pop3_config config;
	/* the storage */
	struct text stored;
	void *memory[MEMORY_MAX];
	size_t memory_count, memory_octets;
	uint64_t read_octets;
	bool full; /* append refuses */
};

/* How a dialogue is cut. */
struct cut {
	size_t first;   /* octets of the first read; 0: all */
	size_t input;   /* octets of every later read; 0: the rest */
	size_t output;  /* octets written at a time; 0: all */
	size_t content; /* octets of a message given at a time; 0: all */
};

struct outcome {
	struct text output, events;
	enum session_end end;
	struct engine_counts counts;
	unsigned failed_replies;
	char fault[256];
	unsigned pieces; /* contents given */
	unsigned foretold;
	bool password_left;
};

static bool scene_append(void *context, struct span bytes)
{
	struct scene *scene = context;

	if (!scene->full)
		text_put(&scene->stored, bytes);
	return !scene->full;
}

static size_t scene_read(void *context, uint64_t at, char *bytes, size_t len)
{
	struct scene *scene = context;
	size_t left = at < scene->stored.len ? scene->stored.len - (size_t)at : 0;

	len = len < left ? len : left;
	if (len > 0)
		memcpy(bytes, scene->stored.base + at, len);
	scene->read_octets += len;
	return len;
}

static void *scene_memory(void *context, size_t size)
{
	struct scene *scene = context;

	if (scene->memory_count == MEMORY_MAX)
		return NULL;
	scene->memory_octets += size;
	return scene->memory[scene->memory_count++] = calloc(1, size);
}

static inline void scene_reset(struct scene *scene)
{
	for (size_t i = 0; i < scene->memory_count; i++)
		free(scene->memory[i]);
	scene->memory_count = scene->memory_octets = 0;
	scene->read_octets = 0;
	text_free(&scene->stored);
}

#define EVENTS_OF_A_STORE                                                            \
	(EVENT_BIT(EVENT_AUTH) | EVENT_BIT(EVENT_LIST) | EVENT_BIT(EVENT_RETRIEVE) | \
	 EVENT_BIT(EVENT_DELETE))

static inline struct scene scene_of(const struct mail *mails, unsigned count)
{
	struct scene scene = { .mails = mails, .count = count };

	scene.config = (struct pop3_config){ .hostname = SPAN("mx.example"),
					     .handled = EVENTS_OF_A_STORE,
					     .max_errors = 20,
					     .max_auth_failures = 3,
					     .mechanisms = { .now = SASL_BIT(SASL_USER) } };
	return scene;
}

/* One run of a dialogue. */
struct play {
	struct scene *scene;
	struct cut cut;
	struct pop3 *pop3;
	struct outcome *outcome;
	const struct input *input;
	struct prophecy prophecy;
	struct text yield; /* what the event at hand yields */
	size_t given;
	size_t body;
};

static void play_drain(struct play *play)
{
	struct buffer *out = &play->pop3->engine.out;
	size_t len =
		play->cut.output > 0 && play->cut.output < out->len ? play->cut.output : out->len;

	CHECK(!out->overflow);
	text_put(&play->outcome->output, (struct span){ out->base, len });
	buffer_drop(out, len);
}

static void play_log(struct play *play, const struct event_call *call)
{
	struct text *events = &play->outcome->events;

	text_string(events, event_table[call->event].file);
	for (unsigned i = 0; i < call->count; i++) {
		const struct fact *fact = &call->facts[i];

		CHECK(fact_is_clean(fact->name, fact->value));
		CHECK((fact_table[fact->name].events & EVENT_BIT(call->event)) != 0);
		text_string(events, " ");
		text_string(events, fact_table[fact->name].name);
		text_string(events, "=");
		text_put(events, fact->value);
	}
	text_string(events, "\n");
}

static void play_yield(struct play *play, const struct event_call *call)
{
	const struct scene *scene = play->scene;
	struct span id = event_fact(call, FACT_MESSAGE);

	play->yield.len = play->given = 0;
	if (call->event == EVENT_LIST && scene->listing.base != NULL)
		text_put(&play->yield, scene->listing);
	for (unsigned i = 0; i < scene->count; i++) {
		if (call->event == EVENT_LIST && scene->listing.base == NULL) {
			text_string(&play->yield, scene->mails[i].id);
			text_string(&play->yield, "\n");
		} else if (call->event != EVENT_LIST &&
			   span_equal(id, span_of(scene->mails[i].id))) {
			text_put(&play->yield, scene->mails[i].message);
		}
	}
}

static void play_call(struct play *play)
{
	const struct event_call call = play->pop3->engine.call;
	struct scene *scene = play->scene;
	struct engine *engine = &play->pop3->engine;
	struct verdict verdict = { .exit = scene->exits[call.event],
				   .text = span_of(scene->said[call.event]),
				   .close = scene->closes[call.event] };

	struct span secret = event_fact(&call, FACT_PASSWORD);
	size_t password_len = secret.len;
	char password[256];

	if (secret.len > 0)
		memcpy(password, secret.base, secret.len);
	play_log(play, &call);
	prophecy_call(&play->prophecy, engine, play->input);
	if (call.event == EVENT_DELETE) {
		uint64_t octets = 0;

		number_parse(event_fact(&call, FACT_OCTETS), &octets);
		CHECK(octets == play->body);
	}
	if (scene->stops && call.event == scene->stop_at)
		engine->ops->stop(engine, scene->stop_end);
	if (verdict.exit == 0 &&
	    (call.event == EVENT_LIST || call.event == EVENT_RETRIEVE || call.event == EVENT_TOP))
		play_yield(play, &call);
	engine->ops->answer(engine, &verdict);
	if (password_len >= 4 && /* less is found by chance */
	    memmem(play->pop3, sizeof(*play->pop3), password, password_len) != NULL)
		play->outcome->password_left = true;
}

static void play_content(struct play *play)
{
	size_t left = play->yield.len - play->given;
	size_t len = play->cut.content > 0 && play->cut.content < left ? play->cut.content : left;
	struct content content = { .bytes = { play->yield.base + play->given, len },
				   .last = len == left };

	if (play->scene->breaks && play->pop3->engine.call.event == EVENT_RETRIEVE) {
		content.last = left == 0;
		content.failed = left == 0;
	}
	play->outcome->pieces++;
	play->pop3->engine.ops->content(&play->pop3->engine, &content);
	CHECK(content.bytes.len <= len);
	play->given += len - content.bytes.len;
}

static void play_read(struct play *play, struct span sent, struct input *input, size_t *at)
{
	size_t left = sent.len - *at, len = play->cut.input > 0 ? play->cut.input : left;

	if (*at == 0 && play->cut.first > 0)
		len = play->cut.first;
	len = len < left ? len : left;
	len = len < ENGINE_INPUT_MIN - (input->len - input->at)
		      ? len
		      : ENGINE_INPUT_MIN - (input->len - input->at);
	memmove(input->base, input->base + input->at, input->len - input->at);
	input->len -= input->at;
	input->at = 0;
	memcpy(input->base + input->len, sent.base + *at, len);
	input->len += len;
	*at += len;
	input->eof = left == 0;
}

static void play_once(struct play *play, struct span sent, enum engine_next *next,
		      struct input *input, size_t *at)
{
	struct engine *engine = &play->pop3->engine;

	switch (*next) {
	case ENGINE_READ:
		while (engine->out.len > 0)
			play_drain(play);
		CHECK(!input->eof);
		prophecy_read(&play->prophecy);
		play_read(play, sent, input, at);
		break;
	case ENGINE_CALL:
		play_call(play);
		break;
	case ENGINE_BODY:
		play->body += engine->body.len;
		text_string(&play->outcome->events, "body ");
		text_put(&play->outcome->events, engine->body);
		break;
	case ENGINE_CONTENT:
		play_content(play);
		break;
	case ENGINE_DRAIN:
		CHECK(engine->out.len > 0);
		play_drain(play);
		break;
	case ENGINE_CLOSE:
		while (engine->out.len > 0)
			play_drain(play);
		break;
	}
}

static inline struct outcome play(struct scene *scene, struct span sent, struct cut cut)
{
	const struct pop3_storage storage = { scene, scene_append, scene_read, scene_memory };
	struct outcome outcome = { .output = { NULL, 0, 0 } };
	struct input input = { malloc(ENGINE_INPUT_MIN), 0, 0, false };
	struct play play = { .scene = scene,
			     .cut = cut,
			     .pop3 = malloc(sizeof(struct pop3)),
			     .input = &input,
			     .outcome = &outcome };
	char *out = malloc(ENGINE_OUTPUT_MIN);
	enum engine_next next;
	size_t at = 0;

	if (play.pop3 == NULL || input.base == NULL || out == NULL)
		abort();
	scene_reset(scene);
	text_string(&outcome.output, "");
	text_string(&outcome.events, "");
	text_string(&play.yield, "");
	memset(play.pop3, 0xa5, sizeof(*play.pop3)); /* nothing relies on clear memory */
	pop3_init(play.pop3, &scene->config, &storage, out, ENGINE_OUTPUT_MIN);
	do {
		next = play.pop3->engine.ops->step(&play.pop3->engine, &input);
		play_once(&play, sent, &next, &input, &at);
	} while (next != ENGINE_CLOSE);
	outcome.end = play.pop3->engine.end;
	outcome.counts = play.pop3->engine.counts;
	outcome.foretold = play.prophecy.fulfilled;
	outcome.failed_replies = play.pop3->engine.failed_replies;
	memcpy(outcome.fault, play.pop3->fault.base, play.pop3->fault.len);
	outcome.fault[play.pop3->fault.len < 255 ? play.pop3->fault.len : 255] = '\0';
	text_free(&play.yield);
	free(play.pop3);
	free(input.base);
	free(out);
	return outcome;
}

static inline void outcome_free(struct outcome *outcome)
{
	text_free(&outcome->output);
	text_free(&outcome->events);
}

static inline bool outcome_same(const struct outcome *a, const struct outcome *b)
{
	return span_equal(text_span(&a->output), text_span(&b->output)) &&
	       span_equal(text_span(&a->events), text_span(&b->events)) && a->end == b->end;
}

/* All ways to cut a dialogue give the same; returns the outcome of the whole. */
static inline struct outcome play_all(struct scene *scene, struct span sent)
{
	static const struct cut cuts[] = {
		{ 1, 1, 0, 0 }, { 1, 1, 1, 1 }, { 0, 0, 1, 3 }, { 0, 0, 0, 1 }, { 7, 5, 3, 2 }
	};
	struct outcome whole = play(scene, sent, (struct cut){ 0, 0, 0, 0 }), other;

	for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		other = play(scene, sent, cuts[i]);
		CHECK(outcome_same(&whole, &other));
		outcome_free(&other);
	}
	for (size_t first = 1; first < sent.len; first++) {
		other = play(scene, sent, (struct cut){ first, 0, 0, 0 });
		CHECK(outcome_same(&whole, &other));
		outcome_free(&other);
	}
	scene_reset(scene);
	return whole;
}

/* The whole output, in all ways of cutting; `events` NULL: any. Prints what differs. */
static inline void expect(const char *title, struct scene *scene, struct span sent,
			  struct span output, const char *events, enum session_end end)
{
	struct outcome outcome = play_all(scene, sent);
	bool same = span_equal(text_span(&outcome.output), output) &&
		    (events == NULL || strcmp(outcome.events.base, events) == 0) &&
		    outcome.end == end;

	if (!same)
		fprintf(stderr, "%s (%s):\n%s%s", title, session_end_words[outcome.end],
			outcome.output.base, outcome.events.base);
	CHECK(same);
	CHECK(!outcome.password_left);
	outcome_free(&outcome);
}

#endif
