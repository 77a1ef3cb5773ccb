/* SPDX-License-Identifier: ISC */
/*
 * grudges.h - where logins failed of late: the next ones from there wait before they are tried.
 *
 * Each failed login is remembered against its source for a few seconds more.  Nobody is refused:
 * whoever shares an address with a guesser can log in, later.
 */
#ifndef MAILSESSION_GRUDGES_H
#define MAILSESSION_GRUDGES_H

#include "launch/source.h"
#include "launch/table.h"

struct grudges {
	struct table until; /* source to the monotonic millisecond at which all is forgiven */
};

/* Nobody has failed yet; for `cap` sources at a time. False with errno. */
bool grudges_open(struct grudges *grudges, uint32_t cap);

/*
 * A session from `source` has ended in which so many logins failed. While the table is full of
 * what is not forgiven yet, one more source is not remembered.
 */
void grudges_add(struct grudges *grudges, uint64_t source, uint32_t failures, int64_t now);

/* How long each login of a session that begins now is to wait, milliseconds. */
uint32_t grudges_wait(const struct grudges *grudges, uint64_t source, int64_t now);

#endif
