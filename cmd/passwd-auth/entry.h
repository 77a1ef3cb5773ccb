/* SPDX-License-Identifier: ISC */
/*
 * entry.h - a line of the password file.
 *
 *     user:{SCHEME}hash[:uid:gid::home]
 *
 * Lines of a passwd-file of Dovecot's mean the same; what stands behind the home is not looked at.
 * Without a scheme the hash is one of crypt(3).  A user may have several lines: one
 * to log in with a password, and a {SCRAM-SHA-256} verifier beside it.
 */
#ifndef PASSWD_AUTH_ENTRY_H
#define PASSWD_AUTH_ENTRY_H

#include "base/span.h"

#include <sys/types.h>

/* Octets of a line without its LF. */
#define ENTRY_MAX 2048

enum scheme {
	SCHEME_CRYPT,   /* whatever crypt(3) knows: yescrypt, bcrypt, SHA-512, ... */
	SCHEME_PLAIN,   /* the password itself: for APOP and CRAM-MD5, and for tests */
	SCHEME_SCRAM,   /* a verifier, no use for a password */
	SCHEME_UNKNOWN, /* none of ours */
};

struct entry {
	struct span user;
	enum scheme scheme;
	struct span hash; /* or password or verifier, without its {SCHEME} */
	bool switches;    /* uid and gid are given */
	uid_t uid;
	gid_t gid;
	struct span home;      /* empty: none */
	struct span remainder; /* ":uid:gid::home" as it stands, empty when there is none */
};

enum entry_result {
	ENTRY_OK,
	ENTRY_NONE, /* a comment or an empty line */
	ENTRY_BAD,
};

enum entry_result entry_parse(struct span line, struct entry *entry);

/* True for a name that can stand in the file. */
bool entry_user_valid(struct span user);

#endif
