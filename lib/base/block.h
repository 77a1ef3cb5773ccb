/* SPDX-License-Identifier: ISC */
/*
 * block.h - sixteen octets at a time.
 *
 * For what goes over whole messages: loads and stores at any address, comparison, and which octets
 * were hit.  Vectors of the compiler's own, so that every machine has them.
 */
#ifndef MAILSESSION_BLOCK_H
#define MAILSESSION_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK 16

typedef unsigned char block16 __attribute__((vector_size(BLOCK)));
typedef unsigned char block_anywhere __attribute__((vector_size(BLOCK), aligned(1), may_alias));

static inline block16 block_load(const char *from)
{
	return (block16) * (const block_anywhere *)from;
}

static inline void block_store(char *to, block16 block)
{
	*(block_anywhere *)to = (block_anywhere)block;
}

/* All ones in each octet that is `byte`, else zero. */
static inline block16 block_equal(block16 block, char byte)
{
	return (block16)(block == (unsigned char)byte);
}

/* Stores two blocks, their octets in turn. */
static inline void block_store_both(char *to, block16 evens, block16 odds)
{
#if defined(__clang__)
#define BLOCK_IN_TURN(...) __builtin_shufflevector(evens, odds, __VA_ARGS__)
#else
#define BLOCK_IN_TURN(...) __builtin_shuffle(evens, odds, (block16){ __VA_ARGS__ })
#endif
	block_store(to, BLOCK_IN_TURN(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
	block_store(to + BLOCK,
		    BLOCK_IN_TURN(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
#undef BLOCK_IN_TURN
}

/* A bit for each octet of a comparison, the first octet's the lowest. */
static inline unsigned block_mask(block16 hits)
{
#if defined(__SSE2__)
	typedef char signs __attribute__((vector_size(BLOCK)));

	return (unsigned)__builtin_ia32_pmovmskb128((signs)hits);
#else
	typedef uint64_t words __attribute__((vector_size(BLOCK)));
	unsigned mask = 0;

	for (unsigned i = 0; i < 2; i++) {
		uint64_t word = ((words)hits)[i];

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
		word = __builtin_bswap64(word);
#endif
		/* One bit of each octet, gathered in the highest octet. */
		word = (word & (UINT64_MAX / 0xff)) * 0x0102040810204080U;
		mask |= (unsigned)(word >> 56) << 8 * i;
	}
	return mask;
#endif
}

/* The place of the first bit of a mask, or BLOCK. */
static inline size_t block_first(unsigned mask)
{
	return (size_t)__builtin_ctz(mask | 1U << BLOCK);
}

/* How many bits two masks have: the second's number is in the upper half. */
static inline uint32_t block_counts(unsigned one, unsigned other)
{
	uint32_t masks = one | (uint32_t)other << BLOCK;

	masks -= masks >> 1 & 0x55555555;
	masks = (masks & 0x33333333) + (masks >> 2 & 0x33333333);
	masks = (masks + (masks >> 4)) & 0x0f0f0f0f;
	return (masks + (masks >> 8)) & 0x001f001f;
}

/* How many bits a mask has. */
static inline size_t block_count(unsigned mask)
{
	return block_counts(mask, 0);
}

/* The place of the first `byte`, or `len`. */
static inline size_t block_find(const char *from, size_t len, char byte)
{
	size_t at = 0;

	if (len < BLOCK) {
		while (at < len && from[at] != byte)
			at++;
		return at;
	}
	/* The last block may begin among octets that were seen. */
	for (;; at = at + 2 * BLOCK <= len ? at + BLOCK : len - BLOCK) {
		unsigned mask = block_mask(block_equal(block_load(from + at), byte));

		if (mask != 0)
			return at + block_first(mask);
		if (at + BLOCK == len)
			return len;
	}
}

#endif
