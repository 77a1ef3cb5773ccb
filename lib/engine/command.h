/* SPDX-License-Identifier: ISC */
/*
 * command.h - in which states the verbs of command-VERB programs may be used.
 */
#ifndef MAILSESSION_COMMAND_H
#define MAILSESSION_COMMAND_H

#include "base/span.h"

/*
 * True when `verb` may be used in `state` by the entries of --command-state: `VERB=STATE` speaks of
 * one verb, `STATE` of all verbs that no other entry speaks of.  Without an entry that
 * speaks of it a verb may be used in every state.  ASCII case does not count.
 */
bool command_permitted(struct span verb, struct span state, const struct span *entries,
		       unsigned count);

#endif
