/* SPDX-License-Identifier: ISC */
/* ticket.c - session tickets that any process with the same file of keys can open. */
#include "ticket.h"

#include "base/descriptor.h"
#include "certificate.h"
#include "trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#define NAME_LEN 16
#define MAC_LEN  32

struct ticket_key {
	unsigned char name[NAME_LEN];
	unsigned char mac[MAC_LEN];
	unsigned char cipher[TICKET_KEY_LEN - NAME_LEN - MAC_LEN];
};

static struct ticket_key keys[TICKET_KEYS_MAX];
static unsigned key_count;

static bool set_mac(EVP_MAC_CTX *mac, struct ticket_key *key)
{
	const OSSL_PARAM params[] = {
		OSSL_PARAM_octet_string(OSSL_MAC_PARAM_KEY, key->mac, MAC_LEN),
		OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){ "SHA256" }, 0),
		OSSL_PARAM_END,
	};

	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* Results are OpenSSL's: 1 done, 2 done and to be renewed, 0 no such key, -1 an error. */
static int seal(unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	memcpy(name, keys[0].name, NAME_LEN);
	if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1 ||
	    EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, keys[0].cipher, iv) != 1 ||
	    !set_mac(mac, &keys[0]))
		return -1;
	return 1;
}

static int unseal(const unsigned char *name, const unsigned char *iv, EVP_CIPHER_CTX *cipher,
		  EVP_MAC_CTX *mac)
{
	unsigned i = 0;

	while (i < key_count && memcmp(name, keys[i].name, NAME_LEN) != 0)
		i++;
	if (i == key_count)
		return 0;
	if (!set_mac(mac, &keys[i]) ||
	    EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, keys[i].cipher, iv) != 1)
		return -1;
	return i == 0 ? 1 : 2;
}

static int ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
		  EVP_MAC_CTX *mac, int sealing)
{
	(void)ssl;
	return sealing ? seal(name, iv, cipher, mac) : unseal(name, iv, cipher, mac);
}

static bool load(const char *path, struct buffer *error)
{
	int fd = certificate_open_key(AT_FDCWD, path, error);
	struct span text;

	if (fd < 0)
		return false;
	text = certificate_read(fd);
	fd_close(&fd);
	if (text.base == NULL)
		return trouble_errno(error, "cannot read", path, errno);
	key_count = (unsigned)(text.len / TICKET_KEY_LEN);
	if (text.len % TICKET_KEY_LEN != 0 || key_count == 0 || key_count > TICKET_KEYS_MAX) {
		certificate_forget();
		return trouble_words(error, "will not use", path,
				     "not 1 to 8 ticket keys of 80 octets");
	}
	memcpy(keys, text.base, text.len);
	certificate_forget();
	return true;
}

bool ticket_init(SSL_CTX *context, const char *path, struct buffer *error)
{
	/* Nothing is kept in memory: the next connection is another process. */
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(context, TICKET_LIFE);
	SSL_CTX_set_num_tickets(context, path == NULL ? 0 : 1);
	if (path == NULL) {
		SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
		return true;
	}
	if (!load(path, error))
		return false;
	if (SSL_CTX_set_tlsext_ticket_key_evp_cb(context, ticket) != 1)
		return trouble_openssl(error, "cannot use", path);
	return true;
}

void ticket_forget(void)
{
	OPENSSL_cleanse(keys, sizeof(keys));
}
