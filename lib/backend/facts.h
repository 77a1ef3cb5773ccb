/* SPDX-License-Identifier: ISC */
/*
 * facts.h - what is known about a session, ready to be a program's environment.
 *
 * Every fact has a slot of its own that holds "NAME=value", so an environment is built
 * by pointing at slots: nothing is copied, nothing is allocated, and setting a fact a
 * million times takes no memory.
 */
#ifndef MAILSESSION_FACTS_H
#define MAILSESSION_FACTS_H

#include "base/buffer.h"
#include "engine/event.h"

/* Room for HOOK_* values that `:set` made, and their number. */
#define HOOK_VALUES_MAX   8192
#define HOOK_VALUES_COUNT 64

/* One slot for each fact: "NAME=" and the value and a NUL. Secrets have no room in theirs. */
struct fact_slots {
#define X(name, scope, most, events) \
	char name[sizeof(#name "=") + ((scope) == SCOPE_SECRET ? 0 : (most))];
	FACTS(X)
#undef X
};

/* What every session sets stands first, so that an idle one touches little. */
struct facts {
	size_t hook_values_len;
	unsigned scopes;         /* a bit for each of which a fact was set since it was forgotten */
	size_t hook_values_kept; /* the first of these octets, which connect set */
	uint16_t len[FACT_COUNT]; /* octets of the value */
	bool known[FACT_COUNT];
	struct fact_slots slots;
	char hook_values[HOOK_VALUES_MAX]; /* "HOOK_KEY=value" NUL ... */
};

/* Sets a fact; a secret or a value longer than the table allows is a fault of ours and leaves it
 * unset. */
void facts_set(struct facts *facts, enum fact_name name, struct span value);
void facts_set_number(struct facts *facts, enum fact_name name, uint64_t value);
/* Sets it to the name that address_safe_name() makes of `value`; too long a one leaves it unset. */
void facts_set_safe(struct facts *facts, enum fact_name name, struct span value);
void facts_unset(struct facts *facts, enum fact_name name);

/* The value, NUL-terminated, or SPAN_NONE. */
struct span facts_get(const struct facts *facts, enum fact_name name);

/* Forgets all facts of a scope. */
void facts_forget(struct facts *facts, enum fact_scope scope);

/* Sets HOOK_KEY; KEY is [A-Z0-9_]+ (lower case is raised). False: bad key, or no room. */
bool facts_set_hook_value(struct facts *facts, struct span key, struct span value);

/*
 * Writes pointers to the "NAME=value" strings of all public facts that are known and of all
 * HOOK_* values to `items` (at most `cap`), and returns how many.
 */
unsigned facts_environment(struct facts *facts, char **items, unsigned cap);

/* Entries that facts_environment can write. */
#define FACTS_ENVIRONMENT_MAX (FACT_COUNT + HOOK_VALUES_COUNT)

#endif
