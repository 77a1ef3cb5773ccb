/* SPDX-License-Identifier: ISC */
/* secret.c - what is stored for a user, and what stands in for it. */
#include "secret.h"

#include "base/descriptor.h"
#include "base/number.h"

#include <fcntl.h>
#include <gsasl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#define PLAIN SPAN("{PLAIN}")
#define SCRAM SPAN("{SCRAM-SHA-256}")
/* Octets of a password with its NUL. */
#define PASSWORD_CAP 1024
/* Nobody waits for more: minutes of PBKDF2 on a client. */
#define ITERATIONS_MAX 10000000

/* The key of fake salts: the machine's, so that they differ from those of other machines, and are
 * the same tomorrow. */
static char salt_key[256];
static size_t salt_key_len;
static EVP_MD *sha256;

bool secret_prepare(void)
{
	struct buffer key = BUFFER(salt_key);
	char machine[64];
	int fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : fd_read(fd, machine, sizeof(machine));

	fd_close(&fd);
	buffer_put(&key, (struct span){ machine, got > 0 ? (size_t)got : 0 });
	buffer_put(&key, span_of(getenv("SASL_HOSTNAME")));
	salt_key_len = key.len;
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	return sha256 != NULL;
}

bool secret_password(struct exchange *exchange, struct span name, struct span *password)
{
	struct span line;

	*password = SPAN_NONE;
	if (!exchange_secret(exchange, name, &line))
		return false;
	if (span_starts(line, PLAIN) && line.len > PLAIN.len)
		*password = span_from(line, PLAIN.len);
	return true;
}

/* ---- verifiers --------------------------------------------------------------------------- */

bool verifier_derive(struct verifier *verifier, const char *password)
{
	char salted[SCRAM_KEY_OCTETS], client_key[SCRAM_KEY_OCTETS];
	int result = gsasl_scram_secrets_from_password(
		GSASL_HASH_SHA256, password, verifier->iterations, verifier->salt,
		verifier->salt_len, salted, client_key, verifier->server_key, verifier->stored_key);

	explicit_bzero(salted, sizeof(salted));
	explicit_bzero(client_key, sizeof(client_key));
	return result == GSASL_OK;
}

bool verifier_put(struct buffer *out, const struct verifier *verifier)
{
	buffer_put(out, SCRAM);
	buffer_number(out, verifier->iterations);
	buffer_byte(out, ',');
	base64_encode(out, (struct span){ verifier->salt, verifier->salt_len });
	buffer_byte(out, ',');
	base64_encode(out, (struct span){ verifier->stored_key, SCRAM_KEY_OCTETS });
	buffer_byte(out, ',');
	return base64_encode(out, (struct span){ verifier->server_key, SCRAM_KEY_OCTETS });
}

static bool parse_key(char *key, struct span text)
{
	struct buffer out = { key, 0, SCRAM_KEY_OCTETS, false };

	return base64_decode(&out, text) && out.len == SCRAM_KEY_OCTETS;
}

/* "iterations,salt,StoredKey,ServerKey". */
static bool parse_verifier(struct verifier *verifier, struct span text)
{
	struct buffer salt = BUFFER(verifier->salt);
	uint64_t iterations;

	if (!number_upto(span_take(&text, ','), ITERATIONS_MAX, &iterations) ||
	    iterations < SCRAM_ITERATIONS || !base64_decode(&salt, span_take(&text, ',')) ||
	    salt.len == 0)
		return false;
	verifier->iterations = (unsigned)iterations;
	verifier->salt_len = salt.len;
	return parse_key(verifier->stored_key, span_take(&text, ',')) &&
	       parse_key(verifier->server_key, text);
}

/* RFC 5802 9: a salt of the name's own, the same whenever it is asked for. */
static bool derive_salt(struct verifier *verifier, struct span name)
{
	unsigned char mac[EVP_MAX_MD_SIZE];

	if (HMAC(sha256, salt_key, (int)salt_key_len, (const unsigned char *)name.base, name.len,
		 mac, NULL) == NULL)
		return false;
	memcpy(verifier->salt, mac, SCRAM_SALT_OCTETS);
	verifier->salt_len = SCRAM_SALT_OCTETS;
	verifier->iterations = SCRAM_ITERATIONS;
	return true;
}

/* Derives keys from the password in `line`, or from one that is as good for nothing. */
static bool derive_keys(struct verifier *verifier, struct span line)
{
	char bytes[PASSWORD_CAP];
	struct buffer password = BUFFER(bytes);
	bool good;

	buffer_put(&password, line.base == NULL ? SPAN("nobody") : span_from(line, PLAIN.len));
	good = buffer_cstr(&password) != NULL &&
	       span_find(buffer_span(&password), '\0') == password.len &&
	       verifier_derive(verifier, bytes);
	explicit_bzero(bytes, sizeof(bytes));
	return good;
}

bool secret_verifier(struct exchange *exchange, struct span name, struct verifier *verifier)
{
	struct span line;
	bool plain, scram, good;

	if (!exchange_secret(exchange, name, &line))
		return false;
	plain = span_starts(line, PLAIN) && line.len > PLAIN.len;
	scram = span_starts(line, SCRAM);
	/* Keys are derived in any case: the time tells nobody which users there are. */
	good = derive_salt(verifier, name) && derive_keys(verifier, plain ? line : SPAN_NONE);
	if (scram)
		good = good && parse_verifier(verifier, span_from(line, SCRAM.len));
	else if (!plain)
		good = good &&
		       getrandom(verifier->stored_key, SCRAM_KEY_OCTETS, 0) == SCRAM_KEY_OCTETS;
	if (!good)
		exchange_trouble("what is stored for this user cannot be used");
	return good;
}
