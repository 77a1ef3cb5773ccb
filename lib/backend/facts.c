/* SPDX-License-Identifier: ISC */
/* facts.c - what is known about a session, ready to be a program's environment. */
#include "backend/facts.h"

#include "base/ascii.h"
#include "mail/address.h"

/* Where the slot of each fact begins, and where its value does. */
static const struct slot {
	uint16_t at;
	uint16_t value;
} slot_table[FACT_COUNT] = {
#define X(name, scope, most, events)         \
	{ offsetof(struct fact_slots, name), \
	  offsetof(struct fact_slots, name) + sizeof(#name "=") - 1 },
	FACTS(X)
#undef X
};

static char *slot_text(struct facts *facts, enum fact_name name)
{
	return (char *)&facts->slots + slot_table[name].at;
}

void facts_set(struct facts *facts, enum fact_name name, struct span value)
{
	char *to = (char *)&facts->slots + slot_table[name].value;
	struct span key = span_of(fact_table[name].name);

	facts->known[name] = false;
	if (value.len > fact_table[name].most || fact_table[name].scope == SCOPE_SECRET)
		return;
	memcpy(slot_text(facts, name), key.base, key.len);
	to[-1] = '=';
	if (value.len > 0)
		memcpy(to, value.base, value.len);
	to[value.len] = '\0';
	facts->len[name] = (uint16_t)value.len;
	facts->known[name] = true;
	facts->scopes |= 1U << fact_table[name].scope;
}

void facts_set_number(struct facts *facts, enum fact_name name, uint64_t value)
{
	char digits[20];
	struct buffer buffer = BUFFER(digits);

	buffer_number(&buffer, value);
	facts_set(facts, name, buffer_span(&buffer));
}

void facts_set_safe(struct facts *facts, enum fact_name name, struct span value)
{
	char bytes[SAFE_NAME_MAX];
	struct buffer safe = BUFFER(bytes);

	address_safe_name(&safe, value);
	facts_unset(facts, name);
	if (!safe.overflow)
		facts_set(facts, name, buffer_span(&safe));
}

void facts_unset(struct facts *facts, enum fact_name name)
{
	facts->known[name] = false;
}

struct span facts_get(const struct facts *facts, enum fact_name name)
{
	if (!facts->known[name])
		return SPAN_NONE;
	return (struct span){ (const char *)&facts->slots + slot_table[name].value,
			      facts->len[name] };
}

void facts_forget(struct facts *facts, enum fact_scope scope)
{
	if ((facts->scopes >> scope & 1) == 0)
		return;
	facts->scopes &= ~(1U << scope);
	for (unsigned name = 0; name < FACT_COUNT; name++) {
		if (fact_table[name].scope == scope)
			facts->known[name] = false;
	}
}

/* Takes an earlier value of the same key out. */
static void forget_hook_value(struct facts *facts, struct span name)
{
	size_t at = 0;

	while (at < facts->hook_values_len) {
		struct span item = span_of(facts->hook_values + at);

		if (span_starts(item, name)) {
			memmove(facts->hook_values + at, facts->hook_values + at + item.len + 1,
				facts->hook_values_len - at - item.len - 1);
			facts->hook_values_len -= item.len + 1;
			if (at < facts->hook_values_kept)
				facts->hook_values_kept -= item.len + 1;
			return;
		}
		at += item.len + 1;
	}
}

static unsigned count_hook_values(const struct facts *facts)
{
	unsigned count = 0;

	for (size_t at = 0; at < facts->hook_values_len; at += strlen(facts->hook_values + at) + 1)
		count++;
	return count;
}

bool facts_set_hook_value(struct facts *facts, struct span key, struct span value)
{
	char name_bytes[64 + 6];
	struct buffer name = BUFFER(name_bytes);
	struct buffer all = { facts->hook_values, 0, sizeof(facts->hook_values), false };

	buffer_string(&name, "HOOK_");
	for (size_t i = 0; i < key.len; i++) {
		char c = ascii_upper(key.base[i]);

		if (!ascii_is_alnum(c) && c != '_')
			return false;
		buffer_byte(&name, c);
	}
	buffer_byte(&name, '=');
	if (key.len == 0 || name.overflow || span_starts(value, SPAN("()")))
		return false;
	/* Room for both: what does not fit leaves the old value alone. */
	if (count_hook_values(facts) == HOOK_VALUES_COUNT ||
	    name.len + value.len + 1 > sizeof(facts->hook_values) - facts->hook_values_len)
		return false;
	forget_hook_value(facts, buffer_span(&name));
	all.len = facts->hook_values_len;
	buffer_put(&all, buffer_span(&name));
	buffer_put(&all, value);
	buffer_byte(&all, '\0');
	facts->hook_values_len = all.len;
	return true;
}

unsigned facts_environment(struct facts *facts, char **items, unsigned cap)
{
	unsigned count = 0;

	for (unsigned name = FACT_FIRST_PUBLIC; name < FACT_COUNT; name++) {
		if (facts->known[name] && count < cap)
			items[count++] = slot_text(facts, (enum fact_name)name);
	}
	for (size_t at = 0; at < facts->hook_values_len && count < cap;
	     at += strlen(facts->hook_values + at) + 1)
		items[count++] = facts->hook_values + at;
	return count;
}
