/* SPDX-License-Identifier: ISC */
/*
 * inbox.h - answers of the runner that the parser has received, and what they yield.
 *
 * They are taken out of the socket as they come, and wait here until the engine gets to their
 * questions: descriptors that lie in a socket count against everybody's, and behind the
 * answers the runner may say that the session has to end.
 */
#ifndef MAILSESSION_INBOX_H
#define MAILSESSION_INBOX_H

#include "session/frame.h"

/* Descriptors that wait at most: as many answers with one may be outstanding. */
#define INBOX_FDS_MAX 25
/* Room for the answers to as many questions as are asked at a time. */
#define INBOX_OCTETS ((1 + FRAME_AHEAD_MAX) * ANSWER_MAX)

struct inbox {
	struct buffer bytes; /* the front `at` octets of it have been taken */
	size_t at;
	unsigned fd_at, fd_count; /* of `fds`, the same */
	int fds[INBOX_FDS_MAX + FRAME_FDS_MAX];
};

/* What becomes of receiving. */
enum inbox_result {
	INBOX_NOTHING, /* nothing is there, and was not waited for */
	INBOX_ANSWERS,
	INBOX_LOSS, /* the runner is gone */
};

/* An empty inbox over INBOX_OCTETS of storage. */
void inbox_init(struct inbox *inbox, char *storage);

static inline bool inbox_is_empty(const struct inbox *inbox)
{
	return inbox->at == inbox->bytes.len;
}

/*
 * Receives a datagram of answers behind those that wait; `flags` are recv(2)'s.  *shutdown becomes
 * true when the runner wants an end, which is no answer: what comes behind it is received.
 */
enum inbox_result inbox_receive(struct inbox *inbox, int socket, int flags, bool *shutdown);

/*
 * Takes the oldest answer; its text lives until the next inbox_receive.  *content is the
 * descriptor that came with it, now the caller's, or -1. False: none is there, or it is malformed.
 */
bool inbox_take(struct inbox *inbox, struct answer *answer, int *content);

#endif
