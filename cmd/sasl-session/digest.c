/* SPDX-License-Identifier: ISC */
/*
 * digest.c - CRAM-MD5 (RFC 2195) and APOP (RFC 1939 7): the client proves by an MD5 over our
 * challenge that it has the password, which therefore has to be stored as it is.
 *
 * Both answer "name digest", and the name may hold blanks.  A user who is not there is asked the
 * same way and fails at the same point.
 */
#include "mechanism.h"

#include "secret.h"

#include "base/ascii.h"
#include "base/number.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define MD5_OCTETS  16
#define HEX_DIGITS  (2 * MD5_OCTETS)
#define NONCE_WORDS 3 /* of 64 bits */

static EVP_MD *md5;

bool digest_prepare(void)
{
	md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	return md5 != NULL;
}

/* Computes the digest of a challenge under a password. */
typedef bool digest_function(struct span challenge, struct span password, unsigned char *digest);

/* RFC 2104. */
static bool cram_md5_digest(struct span challenge, struct span password, unsigned char *digest)
{
	return HMAC(md5, password.base, (int)password.len, (const unsigned char *)challenge.base,
		    challenge.len, digest, NULL) != NULL;
}

/* RFC 1939 7: the timestamp with its brackets, and the password behind it. */
static bool apop_digest(struct span challenge, struct span password, unsigned char *digest)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context != NULL && EVP_DigestInit_ex2(context, md5, NULL) == 1 &&
		    EVP_DigestUpdate(context, challenge.base, challenge.len) == 1 &&
		    EVP_DigestUpdate(context, password.base, password.len) == 1 &&
		    EVP_DigestFinal_ex(context, digest, NULL) == 1;

	EVP_MD_CTX_free(context);
	return good;
}

/* Splits "name digest" at the last blank; the digest is lower-case hexadecimal. */
static bool split(struct span response, struct span *name, struct span *digest)
{
	if (response.len < 1 + 1 + HEX_DIGITS || span_find(response, '\0') < response.len)
		return false;
	*digest = span_from(response, response.len - HEX_DIGITS);
	*name = span_first(response, response.len - HEX_DIGITS - 1);
	for (size_t i = 0; i < digest->len; i++) {
		char c = digest->base[i];

		if (!ascii_is_digit(c) && !(c >= 'a' && c <= 'f'))
			return false;
	}
	return name->base[name->len] == ' ';
}

static void judge(struct exchange *exchange, struct span challenge, struct span response,
		  digest_function *compute)
{
	struct span name, given, password;
	unsigned char digest[EVP_MAX_MD_SIZE];
	char expected[HEX_DIGITS];
	struct buffer hex = BUFFER(expected);
	bool computed;

	if (!split(response, &name, &given)) {
		exchange_error("not a name and 32 hexadecimal digits");
		return;
	}
	if (!secret_password(exchange, name, &password))
		return;
	computed = compute(challenge, password.base == NULL ? SPAN("") : password, digest);
	for (size_t i = 0; computed && i < MD5_OCTETS; i++)
		buffer_hex(&hex, digest[i], 2);
	OPENSSL_cleanse(digest, sizeof(digest));
	if (!computed)
		exchange_trouble("MD5 does not work here");
	else if ((CRYPTO_memcmp(expected, given.base, HEX_DIGITS) == 0) & (password.base != NULL))
		exchange_success(name, SPAN_NONE);
	else
		exchange_failure();
	explicit_bzero(expected, sizeof(expected));
}

/* RFC 2195 2: "<random.time@host>", as a message identifier. */
static bool make_challenge(struct buffer *out)
{
	const char *host = getenv("SASL_HOSTNAME");
	uint64_t random[NONCE_WORDS];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return false;
	buffer_byte(out, '<');
	for (size_t i = 0; i < NONCE_WORDS; i++)
		buffer_hex(out, random[i], 16);
	buffer_byte(out, '.');
	buffer_number(out, (uint64_t)time(NULL));
	buffer_byte(out, '@');
	buffer_string(out, host != NULL && host[0] != '\0' ? host : "localhost");
	return buffer_byte(out, '>');
}

void cram_md5_run(struct exchange *exchange)
{
	char bytes[512];
	struct buffer challenge = BUFFER(bytes);
	struct span response;

	if (!exchange_first(exchange, &response))
		return;
	if (response.base != NULL)
		exchange_error("CRAM-MD5 has no initial response");
	else if (!make_challenge(&challenge))
		exchange_trouble("no challenge could be made");
	else if (exchange_challenge(exchange, buffer_span(&challenge), &response))
		judge(exchange, buffer_span(&challenge), response, cram_md5_digest);
}

void apop_run(struct exchange *exchange)
{
	struct span banner = span_of(getenv("SASL_BANNER"));
	struct span response;

	if (!exchange_first(exchange, &response))
		return;
	if (response.base == NULL || banner.len == 0)
		exchange_trouble("APOP without a timestamp or a digest");
	else
		judge(exchange, banner, response, apop_digest);
}
