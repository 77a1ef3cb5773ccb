/* SPDX-License-Identifier: ISC */
/*
 * login.h - judging a name and a password, and what follows from it.
 */
#ifndef PASSWD_AUTH_LOGIN_H
#define PASSWD_AUTH_LOGIN_H

#include "base/span.h"

/* Exit codes of the checkpassword interface. */
enum {
	LOGIN_REFUSED = 1,
	LOGIN_MISUSED = 2,
	LOGIN_TROUBLE = 111,
};

/* Who logged in, as the file has it. */
struct identity {
	bool switches;
	unsigned uid;
	unsigned gid;
	char user[256];
	char home[4096]; /* empty: none */
};

/* Returns 0, LOGIN_REFUSED or LOGIN_TROUBLE. Takes the same time whether there is such a user or
 * not. */
int login_check(struct span user, const char *password, struct identity *identity);

/* The checkpassword interface: fd 3, and on success `program` with its arguments. Returns an exit
 * code, or not at all. */
int login_run(char *const *program);

/* The event `secret`: prints what the mechanism AUTH_MECH needs of AUTH_NAME. Returns an exit code.
 */
int login_secret(void);

#endif
