/* SPDX-License-Identifier: ISC */
/* command.c - in which states the verbs of command-VERB programs may be used. */
#include "engine/command.h"

bool command_permitted(struct span verb, struct span state, const struct span *entries,
		       unsigned count)
{
	bool own = false, own_match = false, all = false, all_match = false;

	for (unsigned i = 0; i < count; i++) {
		struct span rest = entries[i];
		struct span first = span_take(&rest, '=');

		if (rest.base == NULL) {
			all = true;
			all_match |= span_equal_nocase(first, state);
		} else if (span_equal_nocase(first, verb)) {
			own = true;
			own_match |= span_equal_nocase(rest, state);
		}
	}
	if (own)
		return own_match;
	return !all || all_match;
}
