/* SPDX-License-Identifier: ISC */
/*
 * directive.h - lines of a program's output that begin with ':'.
 */
#ifndef MAILSESSION_DIRECTIVE_H
#define MAILSESSION_DIRECTIVE_H

#include "base/buffer.h"
#include "engine/event.h"

enum directive_kind {
	DIRECTIVE_RECIPIENT, /* :recipient ADDR, in rcpt, once */
	DIRECTIVE_SENDER,    /* :sender ADDR, in mail, rcpt and data */
	DIRECTIVE_HEADER,    /* :header Name: value, before deliver */
	DIRECTIVE_SET,       /* :set KEY=VALUE */
	DIRECTIVE_CLOSE,     /* :close */
	DIRECTIVE_BAD,       /* unknown, misplaced or malformed: logged, nothing else */
};

struct directive {
	enum directive_kind kind;
	struct span value; /* ADDR, "Name: value", or VALUE; the whole line when bad */
	struct span key;   /* KEY */
};

/*
 * Takes the next directive out of `text`: returns true and fills `directive`, or false when
 * none is left.  *at keeps the place (0 at first).  Lines that are no directive are moved to
 * the front of `text` and *kept counts their octets, so that in the end they are the reply text.
 */
bool directive_next(struct span text, size_t *at, size_t *kept, enum event event,
		    struct directive *directive);

#endif
