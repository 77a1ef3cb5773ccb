/* SPDX-License-Identifier: ISC */
/* trouble.c - OpenSSL's queue of errors, in words for a log line. */
#include "trouble.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

void trouble_put(struct buffer *error)
{
	unsigned long code = ERR_get_error();
	const char *words;

	/* Only here: the texts take time to load, and most connections need none. */
	OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL);
	words = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
				       : ERR_reason_error_string(code);
	buffer_string(error, words != NULL ? words : "failed");
	ERR_clear_error();
}

static void begin(struct buffer *error, const char *what, const char *name)
{
	buffer_clear(error);
	buffer_string(error, what);
	buffer_byte(error, ' ');
	buffer_string(error, name);
	buffer_string(error, ": ");
}

bool trouble_words(struct buffer *error, const char *what, const char *name, const char *why)
{
	begin(error, what, name);
	buffer_string(error, why);
	return false;
}

bool trouble_errno(struct buffer *error, const char *what, const char *name, int number)
{
	return trouble_words(error, what, name, strerror(number));
}

bool trouble_openssl(struct buffer *error, const char *what, const char *name)
{
	begin(error, what, name);
	trouble_put(error);
	return false;
}
