/* SPDX-License-Identifier: ISC */
/* memory.c - OpenSSL's memory, wiped when it is given back. */
#include "memory.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool wiping;

static void *allocate(size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return size == 0 ? NULL : malloc(size);
}

static void release(void *memory, const char *file, int line)
{
	(void)file, (void)line;
	if (wiping && memory != NULL)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

static void *resize(void *memory, size_t size, const char *file, int line)
{
	size_t held = memory == NULL ? 0 : malloc_usable_size(memory);
	void *other;

	if (size == 0) {
		release(memory, file, line);
		return NULL;
	}
	if (size <= held)
		return memory;
	if (!wiping || held == 0)
		return realloc(memory, size);
	other = malloc(size);
	if (other == NULL)
		return NULL;
	memcpy(other, memory, held);
	release(memory, file, line);
	return other;
}

void memory_wipe(void)
{
	wiping = CRYPTO_set_mem_functions(allocate, resize, release) == 1;
}

void memory_keep(void)
{
	wiping = false;
}
