/* SPDX-License-Identifier: ISC */
/*
 * name.h - the file names of a Maildir.
 *
 *     1700000000.M123456P4711Q1R0123456789abcdef.host,S=1234,W=1260:2,S
 *     `---------------- unique part ----------------' `- fields --' `flags
 *
 * S is the size of the file, W its size on the wire.  Other programs rename a file
 * when they change flags; the unique part stays.
 */
#ifndef MAILDIR_STORE_NAME_H
#define MAILDIR_STORE_NAME_H

#include "base/buffer.h"

#include <stdint.h>

/* RFC 1939 7: a unique-id has at most 70 octets. */
#define UID_MAX 70
/* Octets of the host's name in a file name: with them the unique part fits a unique-id. */
#define HOST_MAX 16
/* What is larger is no message, and no listing that tells it is taken. */
#define SIZE_MOST ((UINT64_C(1) << 40) - 1)
/* An ID: the folder, a slash, and the name with %XX for whatever may not stand in a list line. */
#define ID_MAX 1024

/*
 * True when a file of that name may be a message: those with a dot in front are something else,
 * and there is no room for longer ones than NAME_MAX, which FUSE has.
 */
bool name_fits(struct span name);

/* What makes the names of one process at one time unique; taken once a delivery. */
struct stamp {
	uint64_t seconds;
	uint64_t microseconds;
	uint64_t pid;
	uint64_t random;
	char host[HOST_MAX + 1];
};

/* False with errno when the kernel has no random bits. */
bool stamp_take(struct stamp *stamp);

/* Writes the unique part of the `count`th name of a stamp, at most UID_MAX octets. */
void name_unique_put(struct buffer *out, const struct stamp *stamp, uint64_t count);

/* The part before the first ',' or ':'. */
struct span name_unique(struct span name);

/* The part before the flags. */
struct span name_base(struct span name);

/* The field ",X=digits", a size; false when there is none. */
bool name_field(struct span name, char letter, uint64_t *value);

/* True when the flags hold `flag`. */
bool name_flagged(struct span name, char flag);

/* Microseconds of delivery, 0 for a name that does not say. */
uint64_t name_time(struct span name);

/* The order of a listing: by time of delivery, then by unique part. As memcmp(3). */
int name_compare(uint64_t time_a, struct span a, uint64_t time_b, struct span b);

/* Writes the unique-id: the unique part, or where that is no unique-id (RFC 1939 7) a stable form
 * of it. */
void name_uid_put(struct buffer *out, struct span name);

/* Writes a name so that it is printable and without a blank, and back; false when it was not so
 * written. */
void name_escape(struct buffer *out, struct span name);
bool name_unescape(struct buffer *out, struct span text);

#endif
