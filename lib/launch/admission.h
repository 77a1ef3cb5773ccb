/* SPDX-License-Identifier: ISC */
/*
 * admission.h - a session behind a front end asks the accept loop whether its client may stay.
 *
 * The loop admits the front end's connection without knowing whose it is.  The session reads the
 * PROXY header, sends the client's address, and waits for a word.  All sessions ask on one socket;
 * each sends the socket along on which it hears, and by that socket the kernel says who asks.
 */
#ifndef MAILSESSION_ADMISSION_H
#define MAILSESSION_ADMISSION_H

#include "base/span.h"

#include <stdint.h>
#include <sys/types.h>

/* Close-on-exec, as is all that comes from here. */
struct admission {
	int loop;    /* the loop listens here, without blocking */
	int session; /* and its sessions ask here */
};

/* False with errno. */
bool admission_open(struct admission *admission);

/*
 * In a session: asks about the client's address (empty: it has none). NULL: it may stay, and
 * *login_wait is its (peer.h); else words for it.
 */
const char *admission_ask(int session, struct span address, uint32_t *login_wait);

struct admission_request {
	char address[64]; /* a text, not checked */
	size_t len;
	pid_t session;
	int answer;
};

/* In the loop: takes a request; false when there is none. Each is to be answered. */
bool admission_take(const struct admission *admission, struct admission_request *request);

/* NULL lets the client stay, with that login_wait. */
void admission_answer(struct admission_request *request, const char *why, uint32_t login_wait);

#endif
