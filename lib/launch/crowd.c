/* SPDX-License-Identifier: ISC */
/*
 * crowd.c - who is being served, and who may come in beside them.
 *
 * There are never more sources than sessions, so the table of sources cannot be full
 * while another session may come in.
 */
#include "launch/crowd.h"

#include <signal.h>

bool crowd_open(struct crowd *crowd, const struct crowd_limits *limits)
{
	*crowd = (struct crowd){ .limits = *limits, .credit = (uint64_t)limits->rate * 1000 };
	return table_open(&crowd->sessions, limits->connections) &&
	       table_open(&crowd->sources, limits->connections);
}

bool crowd_limit(struct crowd *crowd, const struct crowd_limits *limits)
{
	/* They never shrink: a session that is in may yet say where it comes from. */
	uint32_t cap = limits->connections > crowd->sessions.cap ? limits->connections
								 : crowd->sessions.cap;

	if (!table_resize(&crowd->sources, cap) || !table_resize(&crowd->sessions, cap))
		return false;
	crowd->limits = *limits;
	return true;
}

/* A bucket that `rate` sessions fill and that fills up again in a second. */
static bool within_rate(struct crowd *crowd, int64_t now)
{
	uint64_t full = (uint64_t)crowd->limits.rate * 1000;
	uint64_t elapsed = (uint64_t)(now - crowd->credited);

	if (full == 0)
		return true;
	crowd->credited = now;
	crowd->credit += elapsed > 1000 ? full : elapsed * crowd->limits.rate;
	if (crowd->credit > full)
		crowd->credit = full;
	return crowd->credit >= 1000;
}

/* Has the source its share of sessions? NULL, or words for the client. */
static const char *source_full(const struct crowd *crowd, uint64_t source)
{
	const uint64_t *count;

	if (source == SOURCE_NONE || crowd->limits.per_source == 0)
		return NULL;
	count = table_find(&crowd->sources, source);
	return count != NULL && *count >= crowd->limits.per_source
		       ? "too many connections from your address"
		       : NULL;
}

const char *crowd_refuses(struct crowd *crowd, uint64_t source, int64_t now)
{
	const struct crowd_limits *limits = &crowd->limits;
	const char *full = source_full(crowd, source);

	if (crowd_count(crowd) >= limits->connections)
		return "too many connections";
	if (full != NULL)
		return full;
	if (!within_rate(crowd, now))
		return "too many new connections";
	if (limits->rate > 0)
		crowd->credit -= 1000;
	return NULL;
}

static void count_in(struct crowd *crowd, uint64_t source)
{
	uint64_t *count;

	if (source == SOURCE_NONE)
		return;
	count = table_find(&crowd->sources, source);
	if (count != NULL)
		++*count;
	else
		table_add(&crowd->sources, source, 1);
}

void crowd_enter(struct crowd *crowd, pid_t session, uint64_t source)
{
	table_add(&crowd->sessions, (uint64_t)session, source);
	count_in(crowd, source);
}

const char *crowd_locate(struct crowd *crowd, pid_t session, uint64_t source)
{
	uint64_t *whence = table_find(&crowd->sessions, (uint64_t)session);
	const char *full = source_full(crowd, source);

	if (whence == NULL || *whence != SOURCE_NONE)
		return "cannot serve you now";
	if (full != NULL)
		return full;
	*whence = source;
	count_in(crowd, source);
	return NULL;
}

bool crowd_leave(struct crowd *crowd, pid_t session, uint64_t *source)
{
	uint64_t *count, none;

	if (!table_remove(&crowd->sessions, (uint64_t)session, source))
		return false;
	count = *source == SOURCE_NONE ? NULL : table_find(&crowd->sources, *source);
	if (count != NULL && --*count == 0)
		table_remove(&crowd->sources, *source, &none);
	return true;
}

void crowd_signal(const struct crowd *crowd, int signal)
{
	const struct table_entry *entry;
	uint64_t at = 0;

	while ((entry = table_next(&crowd->sessions, &at)) != NULL)
		kill((pid_t)entry->key, signal);
}
