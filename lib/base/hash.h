/* SPDX-License-Identifier: ISC */
/*
 * hash.h - FNV-1a, 64 bits: tells accidents apart, not attacks.
 *
 * For names that must stay the same from run to run and for noticing damage, where whoever
 * could choose a collision gains nothing by it.
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

#endif
