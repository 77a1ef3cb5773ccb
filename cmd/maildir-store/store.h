/* SPDX-License-Identifier: ISC */
/*
 * store.h - the events that the store answers, and the two ways to ask.
 */
#ifndef MAILDIR_STORE_STORE_H
#define MAILDIR_STORE_STORE_H

#include "request.h"

/* The events that the store answers, as its hello names them. */
#define STORE_EVENTS "rcpt deliver list size retrieve delete"

/* True when the store answers it. */
bool store_knows(enum event event);

/* Answers one event. `can_fds`: a descriptor may stand for standard output. False: nobody reads the
 * answer. */
bool store_answer(struct request *request, bool can_fds, int *exit);

/* The exec contract: one event, told by environment and descriptors. Returns the exit code. */
int store_exec(enum event event);

/* The co-process contract on fd 0, until its end. Returns the exit code. */
int store_serve(void);

#endif
