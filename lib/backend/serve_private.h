/* SPDX-License-Identifier: ISC */
/*
 * serve_private.h - what the two halves of the co-process client share: serve.c speaks with it,
 * serve_process.c starts and ends it.
 */
#ifndef MAILSESSION_SERVE_PRIVATE_H
#define MAILSESSION_SERVE_PRIVATE_H

#include "backend/serve.h"

/* It broke the contract, ended early or took too long: the call fails for now, and it is ended. */
void serve_fail(struct serve *serve, const char *what, int error);

/* Ends the call in progress, if there is one. */
void serve_answer(struct serve *serve, int exit);

/* Reads what is there. */
void serve_read(struct serve *serve);

/* Goes on with the connection that the hook-runner passed. */
void serve_move(struct serve *serve);

/* Takes notice of the end of the process. */
void serve_notice(struct serve *serve);

/* Its time to end is over: the next stronger means. */
void serve_press(struct serve *serve, int64_t now);

#endif
