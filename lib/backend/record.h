/* SPDX-License-Identifier: ISC */
/*
 * record.h - the records of the co-process contract (mail-session-backend(7)).
 *
 * A record is `key=value` lines and an empty line; the bodies that `envelope` and
 * `length` announce follow.  Lines end in LF.  Descriptors travel as SCM_RIGHTS
 * with the first byte of their record.
 */
#ifndef MAILSESSION_RECORD_H
#define MAILSESSION_RECORD_H

#include "base/buffer.h"

#include <stdint.h>
#include <sys/types.h>

/* Limits, checked before memory is taken: octets of a record's lines, and their number. */
#define RECORD_MAX        32768
#define RECORD_FIELDS_MAX 128

struct record_field {
	struct span key;
	struct span value; /* may hold '=', never LF */
};

struct record {
	unsigned count;
	struct record_field fields[RECORD_FIELDS_MAX];
};

enum record_result {
	RECORD_OK,
	RECORD_MORE, /* no whole record yet */
	RECORD_BAD,  /* can never become one: a line without '=' or an empty key, a NUL, too long */
	RECORD_END,  /* orderly end of the stream between records */
	RECORD_ERROR, /* early end or errno of the channel */
};

/* Parses the record at the front of `bytes`; the fields point into it. *used: octets with the empty
 * line. */
enum record_result record_parse(struct span bytes, struct record *record, size_t *used);

/* The value of `key`, or SPAN_NONE. */
struct span record_get(const struct record *record, const char *key);

/* A number of at most `max`, `otherwise` when absent; false when malformed or greater. */
bool record_number(const struct record *record, const char *key, uint64_t max, uint64_t otherwise,
		   uint64_t *value);

/* Writes one `key=value` line; a value with LF or NUL sets overflow. */
void record_put(struct buffer *buffer, const char *key, struct span value);
void record_put_number(struct buffer *buffer, const char *key, uint64_t value);
/* Writes the empty line. */
void record_finish(struct buffer *buffer);

/* Descriptors that come with one message, and those that wait. */
#define CHANNEL_FDS_MAX     8
#define CHANNEL_FDS_WAITING (2 * CHANNEL_FDS_MAX)

/* One end of the stream, with what arrived and was not taken. */
struct channel {
	int fd;
	char *base; /* storage of `cap` octets, RECORD_MAX + 1 at least, the owner's */
	size_t cap;
	size_t at;
	size_t len;
	int fds[CHANNEL_FDS_WAITING]; /* received and not taken, oldest first; close-on-exec */
	unsigned fd_count;
};

void channel_init(struct channel *channel, int fd, char *storage, size_t cap);

/* One recvmsg(2): octets read, 0 at the end of the stream, -1 with errno (EAGAIN included). */
ssize_t channel_fill(struct channel *channel);

/* The next record without blocking: RECORD_OK, RECORD_MORE or RECORD_BAD. Fields are valid until
 * the next fill. */
enum record_result channel_next(struct channel *channel, struct record *record);

/* The next record, blocking: RECORD_OK, RECORD_BAD, RECORD_END or RECORD_ERROR. */
enum record_result channel_wait(struct channel *channel, struct record *record);

/* Up to `len` octets of a body that follows the last record: what is buffered, else one read(2). As
 * read(2). */
ssize_t channel_read(struct channel *channel, char *bytes, size_t len);

/* The oldest descriptor received, now the caller's, or -1. */
int channel_take_fd(struct channel *channel);

/*
 * Writes what the socket takes at once of `bytes`, which are not none, with `count` descriptors,
 * CHANNEL_FDS_MAX at most, attached to the first octet: octets written, or -1 with errno (EAGAIN).
 */
ssize_t channel_offer(const struct channel *channel, struct span bytes, const int *fds,
		      unsigned count);

/* Writes all of them, blocking, with `fd` (-1 none). False with errno. */
bool channel_send(const struct channel *channel, struct span bytes, int fd);

/* The same with several descriptors: of several records, in their order. */
bool channel_send_all(const struct channel *channel, struct span bytes, const int *fds,
		      unsigned count);

/* Closes the descriptor and every received one that nobody took. */
void channel_close(struct channel *channel);

#endif
