/* SPDX-License-Identifier: ISC */
/*
 * crowd.h - who is being served, and who may come in beside them.
 */
#ifndef MAILSESSION_CROWD_H
#define MAILSESSION_CROWD_H

#include "launch/source.h"
#include "launch/table.h"

#include <sys/types.h>

/* The limits; 0 is none, but for `connections`. */
struct crowd_limits {
	uint32_t connections; /* sessions at a time */
	uint32_t per_source;
	uint32_t rate; /* new sessions a second, and as many at once */
};

struct crowd {
	struct crowd_limits limits;
	struct table sessions; /* process to source */
	struct table sources;  /* source to its number of sessions */
	uint64_t credit;       /* thousandths of a session that may begin now */
	int64_t credited;      /* when credit was last added, monotonic milliseconds */
};

/* False with errno when there is no memory. */
bool crowd_open(struct crowd *crowd, const struct crowd_limits *limits);

/* Other limits; who is in stays in. False with errno: the old ones stay. */
bool crowd_limit(struct crowd *crowd, const struct crowd_limits *limits);

/* Asks for one more from `source`: NULL, and the rate is charged, or words for the client. */
const char *crowd_refuses(struct crowd *crowd, uint64_t source, int64_t now);

/*
 * A session began (after crowd_refuses agreed), or ended: then *source is where it came from, and
 * it is false for a process that is none.
 */
void crowd_enter(struct crowd *crowd, pid_t session, uint64_t source);
bool crowd_leave(struct crowd *crowd, pid_t session, uint64_t *source);

/*
 * Says where a session comes from that entered with SOURCE_NONE: NULL when it may stay, or words
 * for the client.  A process that is none may not.
 */
const char *crowd_locate(struct crowd *crowd, pid_t session, uint64_t source);

/* Sends `signal` to every session. */
void crowd_signal(const struct crowd *crowd, int signal);

static inline uint32_t crowd_count(const struct crowd *crowd)
{
	return crowd->sessions.count;
}

#endif
