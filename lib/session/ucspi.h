/* SPDX-License-Identifier: ISC */
/*
 * ucspi.h - what a TLS server tells us: the variables and descriptors of UCSPI-TLS.
 *
 * Whoever speaks TLS for us says so in the environment when it stands in front, and on a control
 * socket when it begins amid the session.  It is believed, but only what can stand in a variable
 * and in a log line is taken.
 */
#ifndef MAILSESSION_UCSPI_H
#define MAILSESSION_UCSPI_H

#include "base/span.h"

struct runner;

/* Octets of all that is told of a connection. */
#define UCSPI_TOLD_MAX 16384

/* Ends the variables: what they tell is of another connection. */
void ucspi_forget(void);

/* Takes over the descriptors of an offer to begin TLS, if the environment names them, and ends
 * their variables. */
void ucspi_adopt_offer(struct runner *runner);

/* Takes what the environment tells, if SSL_PROTOCOL says that a server in front speaks TLS. */
void ucspi_adopt_facts(struct runner *runner);

/* Takes what is told of TLS, which has begun: NAME=value strings, each ended by NUL. */
void ucspi_learn(struct runner *runner, struct span told);

#endif
