/* SPDX-License-Identifier: ISC */
/*
 * prophecy.h - what an engine says that it will ask next is what it asks next.
 *
 * A driver shows each call of the engine to `prophecy_call`, before it answers: where nothing is
 * foretold the engine is made to look ahead, and what it tells has to come true, call for call,
 * unless the session ends.
 */
#ifndef MAILSESSION_TESTS_PROPHECY_H
#define MAILSESSION_TESTS_PROPHECY_H

#include "check.h"

#include "engine/ahead.h"

#include <stdio.h>

#define PROPHECY_MOST  40
#define PROPHECY_TEXT  600
#define PROPHECY_ASKED (EVENT_BIT(EVENT_RCPT) | EVENT_BIT(EVENT_RETRIEVE))

struct prophecy {
	unsigned at, count; /* foretold, and of those come true */
	unsigned fulfilled; /* in all */
	size_t len[PROPHECY_MOST];
	char text[PROPHECY_MOST][PROPHECY_TEXT];
};

static inline struct span prophecy_text(const struct event_call *call, char *bytes)
{
	struct buffer text = { bytes, 0, PROPHECY_TEXT, false };

	buffer_string(&text, event_table[call->event].file);
	for (unsigned i = 0; i < call->count; i++) {
		buffer_byte(&text, ' ');
		buffer_string(&text, fact_table[call->facts[i].name].name);
		buffer_byte(&text, '=');
		buffer_put(&text, call->facts[i].value);
		CHECK(fact_is_clean(call->facts[i].name, call->facts[i].value));
	}
	CHECK(!text.overflow && call->answers == 1);
	return buffer_span(&text);
}

static inline void prophecy_call(struct prophecy *prophecy, struct engine *engine,
				 const struct input *input)
{
	const struct input before = *input;
	struct ahead ahead;

	if (prophecy->at < prophecy->count) {
		struct span told = { prophecy->text[prophecy->at], prophecy->len[prophecy->at] };
		char bytes[PROPHECY_TEXT];
		struct span asked = prophecy_text(&engine->call, bytes);

		CHECK(span_equal(told, asked));
		if (!span_equal(told, asked))
			fprintf(stderr, "foretold: %.*s, asked: %.*s\n", (int)told.len, told.base,
				(int)asked.len, asked.base);
		prophecy->at++;
		prophecy->fulfilled++;
		return;
	}
	prophecy->at = prophecy->count = 0;
	ahead_begin(&ahead, input);
	while (prophecy->count < PROPHECY_MOST && engine->ops->ahead(engine, input, &ahead)) {
		CHECK((PROPHECY_ASKED & EVENT_BIT(engine->call.event)) != 0);
		CHECK(ahead.call.event == engine->call.event && ahead.at <= input->len);
		prophecy->len[prophecy->count] =
			prophecy_text(&ahead.call, prophecy->text[prophecy->count]).len;
		prophecy->count++;
	}
	CHECK(ahead.at > input->at || prophecy->count == 0);
	CHECK(memcmp(&before, input, sizeof(before)) == 0);
}

/* More input is wanted: everything has come true. */
static inline void prophecy_read(const struct prophecy *prophecy)
{
	CHECK(prophecy->at == prophecy->count);
}

#endif
