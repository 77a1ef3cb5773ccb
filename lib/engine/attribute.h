/* SPDX-License-Identifier: ISC */
/*
 * attribute.h - the attributes of XCLIENT and XFORWARD: NAME=value with xtext in it.
 *
 * What Postfix's XCLIENT_README says of them, and what Dovecot's proxy makes of it in POP3, share
 * this.  Values are decoded where they stand, so the argument must lie in storage of the engine's.
 */
#ifndef MAILSESSION_ATTRIBUTE_H
#define MAILSESSION_ATTRIBUTE_H

#include "engine/event.h"

/* Attributes that a table may have. */
#define ATTRIBUTES_MAX 8

/*
 * An attribute, the fact that it tells, and what its value must be.  `take` may leave a part of
 * the value only; NULL: the engine knows.  A NULL name ends a table.
 */
struct attribute {
	const char *name;
	enum fact_name fact;
	bool (*take)(struct span *value);
};

enum attributes_policy {
	ATTRIBUTES_KNOWN, /* no others */
	ATTRIBUTES_ANY,   /* others are passed over */
};

/*
 * Takes `argument` apart: values[i] belongs to table[i] and stays SPAN_NONE where there is none;
 * the last of several wins.  Old clients do not encode: what is no escape is taken as it is.
 * False: malformed.
 */
bool attributes_split(const struct attribute *table, enum attributes_policy policy,
		      struct span argument, struct span *values);

/* Adds the fact, empty when the value says that it is not known. False: not such a value. */
bool attribute_add(struct event_call *call, const struct attribute *attribute, struct span value);

/* Is the fact said not to be known, by a word in either case? */
bool attribute_unavailable(const struct attribute *attribute, struct span value);

/* ---- values for tables ---- */

bool attribute_host(struct span *value);
bool attribute_port(struct span *value);
/* An address, with or without "IPV6:" in front. */
bool attribute_address(struct span *value);
/* Is that "IPV6:" there? */
bool attribute_tagged(struct span value);

#endif
