/* SPDX-License-Identifier: ISC */
/* table.c - the accept loop's memory of numbers. */
#include "launch/table.h"

#include <sys/mman.h>
#include <sys/random.h>

static uint32_t *chain_of(const struct table *table, uint64_t key)
{
	return &table->heads[(key * table->factor) >> table->shift];
}

bool table_open(struct table *table, uint32_t cap)
{
	unsigned bits = 4;
	void *pages;

	while (bits < 31 && (1U << bits) < cap)
		bits++;
	*table = (struct table){ .cap = cap, .shift = 64 - bits, .factor = 0x9e3779b97f4a7c15U };
	table->octets = (cap + (size_t)1) * sizeof *table->entries +
			((size_t)1 << bits) * sizeof *table->heads;
	pages = mmap(NULL, table->octets, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	if (pages == MAP_FAILED)
		return false;
	madvise(pages, table->octets, MADV_DONTFORK);
	table->entries = pages;
	table->heads = (uint32_t *)(table->entries + cap + 1);
	if (getrandom(&table->factor, sizeof table->factor, GRND_NONBLOCK) < 0)
		return true; /* early at boot: the constant will do */
	table->factor |= 1;
	return true;
}

bool table_resize(struct table *table, uint32_t cap)
{
	const struct table_entry *entry;
	struct table larger;
	uint64_t at = 0;

	if (!table_open(&larger, cap > table->count ? cap : table->count))
		return false;
	while ((entry = table_next(table, &at)) != NULL)
		table_add(&larger, entry->key, entry->value);
	munmap(table->entries, table->octets);
	*table = larger;
	return true;
}

uint64_t *table_find(const struct table *table, uint64_t key)
{
	for (uint32_t at = *chain_of(table, key); at != 0; at = table->entries[at].next)
		if (table->entries[at].key == key)
			return &table->entries[at].value;
	return NULL;
}

bool table_add(struct table *table, uint64_t key, uint64_t value)
{
	uint32_t *head = chain_of(table, key);
	uint32_t at = table->free;

	if (table->count == table->cap)
		return false;
	if (at != 0)
		table->free = table->entries[at].next;
	else
		at = ++table->fresh;
	table->entries[at] = (struct table_entry){ key, value, *head };
	*head = at;
	table->count++;
	return true;
}

bool table_remove(struct table *table, uint64_t key, uint64_t *value)
{
	for (uint32_t *link = chain_of(table, key); *link != 0;) {
		uint32_t at = *link;
		struct table_entry *entry = &table->entries[at];

		if (entry->key != key) {
			link = &entry->next;
			continue;
		}
		*value = entry->value;
		*link = entry->next;
		entry->next = table->free;
		table->free = at;
		table->count--;
		return true;
	}
	return false;
}

const struct table_entry *table_next(const struct table *table, uint64_t *at)
{
	uint32_t chain = (uint32_t)(*at >> 32);
	uint32_t entry = (uint32_t)*at;

	if (*at != 0)
		entry = table->entries[entry].next;
	else
		entry = table->heads[0];
	while (entry == 0 && ++chain < (1U << (64 - table->shift)))
		entry = table->heads[chain];
	*at = ((uint64_t)chain << 32) | entry;
	return entry == 0 ? NULL : &table->entries[entry];
}
