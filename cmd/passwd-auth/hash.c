/* SPDX-License-Identifier: ISC */
/* hash.c - is this the password? */
#include "hash.h"

#include <crypt.h>
#include <errno.h>

#define PREFIX "$y$"

/* As crypt(3), with the hash written to `out`, NUL-terminated. False: `setting` is none. */
static bool run_crypt(const char *password, const char *setting, struct buffer *out)
{
	static struct crypt_data data;
	const char *hash = crypt_rn(password, setting, &data, sizeof(data));
	bool good = hash != NULL && hash[0] != '*' && buffer_string(out, hash) &&
		    buffer_cstr(out) != NULL;

	explicit_bzero(&data, sizeof(data));
	return good;
}

/* Compares in a time that depends on `given` alone. */
static bool equal(struct span given, struct span stored)
{
	unsigned difference = given.len != stored.len;

	for (size_t i = 0; i < given.len; i++) {
		char other = stored.len > 0 ? stored.base[i % stored.len] : '\0';

		difference |= (unsigned char)(given.base[i] ^ other);
	}
	return difference == 0;
}

enum hash_result hash_check(const char *password, const struct entry *entry)
{
	char setting[HASH_MAX], hash[HASH_MAX];
	struct buffer stored = BUFFER(setting);
	struct buffer computed = BUFFER(hash);
	enum hash_result result;

	if (entry->scheme == SCHEME_PLAIN)
		return equal(span_of(password), entry->hash) ? HASH_RIGHT : HASH_WRONG;
	buffer_put(&stored, entry->hash);
	if (entry->scheme != SCHEME_CRYPT || buffer_cstr(&stored) == NULL ||
	    !run_crypt(password, setting, &computed))
		return HASH_TROUBLE;
	result = equal(buffer_span(&computed), buffer_span(&stored)) ? HASH_RIGHT : HASH_WRONG;
	explicit_bzero(setting, sizeof(setting));
	explicit_bzero(hash, sizeof(hash));
	return result;
}

void hash_idle(const char *password, struct span like)
{
	struct entry entry = { .scheme = SCHEME_CRYPT, .hash = like };
	char hash[HASH_MAX];
	struct buffer out = BUFFER(hash);

	if (like.len == 0)
		hash_make(password, &out);
	else
		hash_check(password, &entry);
	explicit_bzero(hash, sizeof(hash));
}

bool hash_make(const char *password, struct buffer *out)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	errno = EINVAL;
	return crypt_gensalt_rn(PREFIX, 0, NULL, 0, setting, sizeof(setting)) != NULL &&
	       run_crypt(password, setting, out);
}
