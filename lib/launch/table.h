/* SPDX-License-Identifier: ISC */
/*
 * table.h - the accept loop's memory of numbers: sessions by process, counts by source.
 *
 * A hash table of fixed capacity in pages of its own, which fork(2) does not hand to the
 * sessions: what the loop writes here costs them no copied page.
 */
#ifndef MAILSESSION_TABLE_H
#define MAILSESSION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_entry {
	uint64_t key;
	uint64_t value;
	uint32_t next; /* entry number of the next in its chain or in the free list, 0 none */
};

struct table {
	struct table_entry *entries; /* numbered from 1 */
	uint32_t *heads;             /* entry number of the first in each chain */
	size_t octets;               /* of both, one mapping */
	uint64_t factor;             /* random: no peer can choose who shares its chain */
	unsigned shift;              /* a product's upper bits are the chain's number */
	uint32_t cap;
	uint32_t count;
	uint32_t fresh; /* entries that were ever used */
	uint32_t free;
};

/* An empty table for `cap` (at least 1) keys. False with errno. */
bool table_open(struct table *table, uint32_t cap);

/* The same keys in a table for `cap` keys, or for as many as there are. False with errno: as it
 * was. */
bool table_resize(struct table *table, uint32_t cap);

/* The value of `key`, or NULL; valid until the next call. */
uint64_t *table_find(const struct table *table, uint64_t key);

/* Adds a key that is not there yet; false when the table is full. */
bool table_add(struct table *table, uint64_t key, uint64_t value);

/* Removes a key, and says what its value was; false when it is not there. */
bool table_remove(struct table *table, uint64_t key, uint64_t *value);

/* Visits the keys: *at begins as 0; NULL at the end. Nothing may be added or removed meanwhile. */
const struct table_entry *table_next(const struct table *table, uint64_t *at);

#endif
