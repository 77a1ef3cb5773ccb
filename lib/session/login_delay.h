/* SPDX-License-Identifier: ISC */
/*
 * login_delay.h - when a user last logged in, and whether that is long enough ago (RFC 2449 6.5).
 *
 * The state is an empty file for each user, whose time of modification is that of the last login:
 * there is nothing in it that a crash could leave half written, and no room that a full disk could
 * lack for a user who was here before.  Whatever goes wrong is logged and keeps nobody out, and
 * neither does a clock that was set back.
 */
#ifndef MAILSESSION_LOGIN_DELAY_H
#define MAILSESSION_LOGIN_DELAY_H

#include "backend/facts.h"
#include "option/option.h"

struct login_delay {
	int directory; /* -1: nothing is remembered */
	uint32_t seconds;
	char name[256]; /* of the user's file */
};

/*
 * For the user of `facts`, who is to log in at most every `seconds`; 0: whenever.  Without
 * --login-delay-dir the users of each backend directory, `backend`, are remembered by themselves.
 */
void login_delay_open(struct login_delay *delay, const struct options *options, const char *backend,
		      const struct facts *facts, uint32_t seconds);

/* Seconds that the user still has to wait, 0 if none. */
uint32_t login_delay_left(const struct login_delay *delay);

/* The user has logged in. */
void login_delay_begin(const struct login_delay *delay);

void login_delay_close(struct login_delay *delay);

#endif
