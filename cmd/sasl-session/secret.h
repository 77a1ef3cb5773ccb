/* SPDX-License-Identifier: ISC */
/*
 * secret.h - what is stored for a user, and what stands in for it where there is no such user.
 */
#ifndef SASL_SESSION_SECRET_H
#define SASL_SESSION_SECRET_H

#include "exchange.h"

/* What new verifiers have, and users who have none (RFC 7677 4: at least 4096). */
#define SCRAM_ITERATIONS  4096
#define SCRAM_SALT_OCTETS 16
#define SCRAM_KEY_OCTETS  32 /* SHA-256 */

/* A SCRAM verifier (RFC 5802 3). */
struct verifier {
	unsigned iterations;
	size_t salt_len;
	char salt[64];
	char stored_key[SCRAM_KEY_OCTETS];
	char server_key[SCRAM_KEY_OCTETS];
};

/* Reads what salts for nobody are made of, while files can be opened. */
bool secret_prepare(void);

/*
 * The password itself, valid until the next line is read; SPAN_NONE when the user has none, or is
 * not there.  False: the last word was said.
 */
bool secret_password(struct exchange *exchange, struct span name, struct span *password);

/*
 * The verifier of a user, or one that looks like it and that no password fits.  Takes the same time
 * for a verifier, a password and nothing.  False: the last word was said.
 */
bool secret_verifier(struct exchange *exchange, struct span name, struct verifier *verifier);

/* Makes the verifier of a password (NUL-terminated), whose salt is set. */
bool verifier_derive(struct verifier *verifier, const char *password);

/* Appends "{SCRAM-SHA-256}iterations,salt,StoredKey,ServerKey". */
bool verifier_put(struct buffer *out, const struct verifier *verifier);

#endif
