/* SPDX-License-Identifier: ISC */
/*
 * hash.h - is this the password?  What was computed is wiped.
 */
#ifndef PASSWD_AUTH_HASH_H
#define PASSWD_AUTH_HASH_H

#include "entry.h"

#include "base/buffer.h"

/* Octets of a password: what crypt(3) takes, less its NUL. */
#define PASSWORD_MAX 511
/* Octets of a hash with its NUL. */
#define HASH_MAX 384

enum hash_result {
	HASH_RIGHT,
	HASH_WRONG,
	HASH_TROUBLE, /* the stored hash is of no kind that we know */
};

/* `password` is NUL-terminated. */
enum hash_result hash_check(const char *password, const struct entry *entry);

/*
 * Takes as long as hash_check takes for the hash `like`, or, when that is empty, for a
 * new one: so that nobody learns by the clock which users there are.
 */
void hash_idle(const char *password, struct span like);

/* Writes a new hash (yescrypt). False with errno. */
bool hash_make(const char *password, struct buffer *out);

#endif
