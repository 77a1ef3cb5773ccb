/* SPDX-License-Identifier: ISC */
/* grudges.c - where logins failed of late. */
#include "launch/grudges.h"

/* Milliseconds: what a failure adds, what all of them come to at most, and the longest wait. */
#define COST     4000
#define DEBT_MAX 60000
#define WAIT_MAX 10000

bool grudges_open(struct grudges *grudges, uint32_t cap)
{
	return table_open(&grudges->until, cap);
}

/* Makes room by forgetting somebody who is forgiven. */
static void forget_one(struct table *until, int64_t now)
{
	const struct table_entry *entry;
	uint64_t at = 0, ignored;

	while ((entry = table_next(until, &at)) != NULL) {
		if ((int64_t)entry->value <= now) {
			table_remove(until, entry->key, &ignored);
			return;
		}
	}
}

void grudges_add(struct grudges *grudges, uint64_t source, uint32_t failures, int64_t now)
{
	struct table *until = &grudges->until;
	uint64_t *known = table_find(until, source);
	int64_t debt = known != NULL && (int64_t)*known > now ? (int64_t)*known - now : 0;

	if (source == SOURCE_NONE)
		return;
	debt += failures < DEBT_MAX / COST ? (int64_t)failures * COST : DEBT_MAX;
	if (debt > DEBT_MAX)
		debt = DEBT_MAX;
	if (known != NULL) {
		*known = (uint64_t)(now + debt);
		return;
	}
	if (until->count == until->cap)
		forget_one(until, now);
	table_add(until, source, (uint64_t)(now + debt));
}

uint32_t grudges_wait(const struct grudges *grudges, uint64_t source, int64_t now)
{
	const uint64_t *until = table_find(&grudges->until, source);
	int64_t debt = until == NULL ? 0 : (int64_t)*until - now;

	return debt <= 0 ? 0 : debt < WAIT_MAX ? (uint32_t)debt : WAIT_MAX;
}
