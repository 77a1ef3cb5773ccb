/* SPDX-License-Identifier: ISC */
/* mbox_uids.c - unique-ids: all different, and the same each time (POP-033). */
#include "../../cmd/mbox-store/uids.c"

#include "check.h"

#include <stdlib.h>

#define COUNT 20000

static int compare(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

	return (first > second) - (first < second);
}

static uint64_t first_time[COUNT], second_time[COUNT];

/* A third of all messages are alike, a third in pairs, 0 among them. */
static uint64_t hash_of_number(size_t number)
{
	return number % 3 == 0 ? 0 : number % 3 == 1 ? number / 6 : number * UINT64_C(0x123456789);
}

static void take_all(uint64_t *into)
{
	struct uids uids = { .size = 0 };

	for (size_t i = 0; i < COUNT; i++)
		CHECK(uids_take(&uids, hash_of_number(i), &into[i]));
	CHECK(uids.count == COUNT && uids.size == 32768);
	uids_end(&uids);
	CHECK(uids.size == 0);
}

int main(void)
{
	take_all(first_time);
	take_all(second_time);
	for (size_t i = 0; i < COUNT; i++)
		CHECK(first_time[i] == second_time[i] && first_time[i] != 0);
	/* A message that is like no other keeps its hash. */
	CHECK(first_time[2] == hash_of_number(2));
	qsort(first_time, COUNT, sizeof(*first_time), compare);
	for (size_t i = 1; i < COUNT; i++)
		CHECK(first_time[i - 1] != first_time[i]);
	return check_report();
}
