/* SPDX-License-Identifier: ISC */
/*
 * hash.h - hashes of 64 bits: they tell accidents apart, not attacks.
 *
 * FNV-1a for names that must stay the same from run to run, on any machine. Where whoever
 * could choose a collision gains nothing by it, there is one of eight octets at a time: for
 * noticing damage, and for tables.
 */
#ifndef MAILSESSION_HASH_H
#define MAILSESSION_HASH_H

#include "base/span.h"

#include <stdint.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* The hash of what gave `hash` and of `bytes` behind it. */
static inline uint64_t hash_more(uint64_t hash, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		hash = (hash ^ (unsigned char)bytes.base[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* Takes in one more word. No change of one word is lost, whatever follows. */
static inline uint64_t hash_word(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

static inline uint64_t hash_load(const char *from)
{
	uint64_t word;

	memcpy(&word, from, sizeof(word));
	return word;
}

/* The hash of what gave `hash` and of `bytes` behind it, as this machine orders octets. How they
 * are cut into calls counts. */
static inline uint64_t hash_block(uint64_t hash, struct span bytes)
{
	uint64_t rest = 0;

	hash = hash_word(hash, bytes.len);
	for (; bytes.len >= sizeof(rest); bytes = span_from(bytes, sizeof(rest)))
		hash = hash_word(hash, hash_load(bytes.base));
	for (size_t i = 0; i < bytes.len; i++)
		rest = rest << 8 | (unsigned char)bytes.base[i];
	return hash_word(hash, rest);
}

#endif
