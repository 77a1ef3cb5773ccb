/* SPDX-License-Identifier: ISC */
/* event.c - the tables of events, facts and ends. */
#include "engine/event.h"

#include "base/ascii.h"

const struct event_info event_table[EVENT_COUNT] = {
#define X(name, file, protocols, kind, servable) { file, protocols, kind, servable },
	EVENTS(X)
#undef X
};

const struct fact_info fact_table[FACT_COUNT] = {
#define X(name, scope, most, events) { #name, scope, most, events },
	FACTS(X)
#undef X
};

const char *const session_end_words[END_COUNT] = {
#define X(name, word) word,
	SESSION_ENDS(X)
#undef X
};

enum event event_by_name(struct span name)
{
	enum event event = 0;

	while (event < EVENT_COUNT &&
	       (event_table[event].kind == EVENT_OWN || !span_is(name, event_table[event].file)))
		event++;
	return event;
}

enum fact_name fact_by_name(struct span name)
{
	enum fact_name fact = 0;

	while (fact < FACT_COUNT && !span_is(name, fact_table[fact].name))
		fact++;
	return fact;
}

void event_add(struct event_call *call, enum fact_name name, struct span value)
{
	if (call->count < EVENT_FACTS_MAX)
		call->facts[call->count++] = (struct fact){ name, value };
}

struct span event_fact(const struct event_call *call, enum fact_name name)
{
	for (unsigned i = 0; i < call->count; i++) {
		if (call->facts[i].name == name)
			return call->facts[i].value;
	}
	return SPAN_NONE;
}

bool fact_is_clean(enum fact_name name, struct span value)
{
	if (value.len > fact_table[name].most)
		return false;
	if (name == FACT_RESPONSE)
		return true;
	if (name == FACT_PASSWORD)
		return span_find(value, '\0') == value.len;
	for (size_t i = 0; i < value.len; i++) {
		if (ascii_is_control(value.base[i]))
			return false;
	}
	return !span_starts(value, SPAN("()"));
}
