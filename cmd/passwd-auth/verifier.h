/* SPDX-License-Identifier: ISC */
/*
 * verifier.h - what SCRAM stores of a password.
 */
#ifndef PASSWD_AUTH_VERIFIER_H
#define PASSWD_AUTH_VERIFIER_H

#include "base/buffer.h"

/* Octets of "{SCRAM-SHA-256}iterations,salt,StoredKey,ServerKey". */
#define VERIFIER_MAX 256

/*
 * Appends a new verifier. `sasl-session verifier` makes it: passwd-auth itself is started for
 * every login, and a crypto library would make each of them slower.  False: said on standard
 * error.
 */
bool verifier_make(struct span password, struct buffer *out);

#endif
