/* SPDX-License-Identifier: ISC */
/*
 * login.h - what the files that log in share.
 */
#ifndef MAILSESSION_LOGIN_H
#define MAILSESSION_LOGIN_H

#include "session/runner.h"

/* One attempt, and what it comes to. */
struct login {
	enum sasl_mechanism mechanism;
	struct span name;     /* as far as it is known */
	char name_bytes[256]; /* of it */
	int exit;         /* as auth's (DESIGN 8), or VERDICT_CHALLENGE; EXIT_TEMPFAIL at first */
	struct span text; /* the reply's, or the challenge; lives until the answer */
	bool close;
};

void login_name(struct login *login, struct span name);

/* A pipe to read `data` from, which must fit into it: -1 with errno. */
int login_pipe(struct span data);

/* ---- checkpassword.c ---- */

/* Runs auth with the name and the password. In POP3 it becomes the store. */
void check_password(struct runner *runner, struct login *login, struct span password);

/*
 * POP3: starts the store and waits for its hello; auth starts it when `data`, which auth reads from
 * descriptor 3, is no -1.  The exit code of a login: 0, or what auth said.
 */
int runner_start_store(struct runner *runner, int data);

/* ---- exchange.c ---- */

/* Begins, or goes on, with a response (SPAN_NONE: there is none). */
void runner_exchange(struct runner *runner, struct login *login, struct span response);

/* For whom a verified client certificate is; empty: there is none, or it is nobody's here. */
struct span external_identity(const struct runner *runner);

/* The mechanism of the exchange that is going on. */
enum sasl_mechanism exchange_mechanism(const struct runner *runner);

#endif
