/* SPDX-License-Identifier: ISC */
/* uids.c - unique-ids of a listing. */
#include "uids.h"

#include <sys/mman.h>

#define FIRST_SIZE 512

/* The number of the message that is like `before` others; one-to-one in `before`. */
static uint64_t candidate(uint64_t hash, uint64_t before)
{
	uint64_t uid = hash + before * UINT64_C(0x9e3779b97f4a7c15);

	return uid != 0 ? uid : 1;
}

/* The slot of `uid`, or the empty one where it belongs. */
static uint64_t *slot_of(const struct uids *uids, uint64_t uid)
{
	size_t at = (size_t)((uid * UINT64_C(0xff51afd7ed558ccd)) >> 32) & (uids->size - 1);

	while (uids->slots[at] != 0 && uids->slots[at] != uid)
		at = (at + 1) & (uids->size - 1);
	return &uids->slots[at];
}

static bool grow(struct uids *uids)
{
	struct uids larger = { .size = uids->size > 0 ? 2 * uids->size : FIRST_SIZE,
			       .count = uids->count };

	larger.slots = mmap(NULL, larger.size * sizeof(*larger.slots), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (larger.slots == MAP_FAILED)
		return false;
	for (size_t i = 0; i < uids->size; i++) {
		if (uids->slots[i] != 0)
			*slot_of(&larger, uids->slots[i]) = uids->slots[i];
	}
	uids_end(uids);
	*uids = larger;
	return true;
}

static bool is_taken(const struct uids *uids, uint64_t uid)
{
	return *slot_of(uids, uid) != 0;
}

bool uids_take(struct uids *uids, uint64_t hash, uint64_t *uid)
{
	uint64_t taken = 0, free = 1;

	if (uids->count >= uids->size - uids->size / 8 && !grow(uids))
		return false;
	*uid = candidate(hash, 0);
	/* The first free one: those before it are taken, so look ever farther, then between. */
	if (is_taken(uids, *uid)) {
		for (; is_taken(uids, candidate(hash, free)); free *= 2)
			taken = free;
		while (free - taken > 1) {
			uint64_t middle = taken + (free - taken) / 2;

			if (is_taken(uids, candidate(hash, middle)))
				taken = middle;
			else
				free = middle;
		}
		*uid = candidate(hash, free);
	}
	*slot_of(uids, *uid) = *uid;
	uids->count++;
	return true;
}

void uids_end(struct uids *uids)
{
	if (uids->size > 0)
		munmap(uids->slots, uids->size * sizeof(*uids->slots));
	*uids = (struct uids){ .size = 0 };
}
