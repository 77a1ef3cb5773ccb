/* SPDX-License-Identifier: ISC */
/*
 * front.h - front ends that speak for their clients: who is one, and the PROXY header.
 *
 * The header is the one thing of the network that is not read by the parser: it comes before TLS,
 * and whoever may send one is trusted to tell any address.
 */
#ifndef MAILSESSION_FRONT_H
#define MAILSESSION_FRONT_H

#include "option/option.h"
#include "session/peer.h"

/* Does a connection from `address` (empty: none) begin with a PROXY header? */
bool front_expected(const struct options *options, const char *address);

/* May this peer use XCLIENT and XFORWARD? One that a front end gave no address may not. */
bool front_trusts(const struct options *options, struct span address, bool proxied);

/*
 * Reads the header off `in`, and not an octet more; it has five seconds.  Replaces the facts of
 * `peer`, whose connection came from `address`, by those of the client, if it names one.  False:
 * there is no good header, which was logged; the connection is to be closed without a word.
 */
bool front_receive(struct peer *peer, const char *address, int in);

#endif
