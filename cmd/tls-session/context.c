/* SPDX-License-Identifier: ISC */
/* context.c - what TLS is spoken: versions, ciphers, clients' certificates, protocols. */
#include "context.h"

#include "base/descriptor.h"
#include "certificate.h"
#include "memory.h"
#include "ticket.h"
#include "trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>

/*
 * TLS 1.2: forward secrecy always, and authenticated encryption wherever the client can.  The CBC
 * suites with SHA-2 at the end are for mail servers of 2012 that would else send in clear.
 */
static const char suites[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
			     "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
			     "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
			     "ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:"
			     "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256";

/* Depth of a client's chain, and octets of it. */
#define CLIENT_DEPTH 5
#define CLIENT_CHAIN 32768

/* A client whose certificate does not hold is served all the same, as one without a name. */
static int take_any(int good, X509_STORE_CTX *store)
{
	(void)good, (void)store;
	return 1;
}

static bool add_authority(SSL_CTX *context, X509 *certificate)
{
	return X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate) == 1 &&
	       SSL_CTX_add_client_CA(context, certificate) == 1;
}

static bool add_authorities(SSL_CTX *context, struct span text)
{
	BIO *bio = BIO_new_mem_buf(text.base, (int)text.len);
	unsigned count = 0;
	bool good = bio != NULL;

	while (good) {
		X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

		if (certificate == NULL)
			break;
		good = add_authority(context, certificate);
		X509_free(certificate);
		count++;
	}
	BIO_free(bio);
	good = good && count > 0 && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	if (good)
		ERR_clear_error();
	return good;
}

/*
 * Asks for certificates of the authorities in a file.  A session that was begun under other
 * authorities is not resumed, since what was found out about its client may not hold.
 */
static bool ask_clients(SSL_CTX *context, const char *path, struct buffer *error)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct span text;
	int fd = certificate_open(AT_FDCWD, path, error);

	if (fd < 0)
		return false;
	text = certificate_read(fd);
	fd_close(&fd);
	if (text.base == NULL)
		return trouble_errno(error, "cannot read", path, errno);
	if (!add_authorities(context, text))
		return trouble_openssl(error, "no certificates of authorities in", path);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, take_any);
	SSL_CTX_set_verify_depth(context, CLIENT_DEPTH);
	SSL_CTX_set_max_cert_list(context, CLIENT_CHAIN);
	if (EVP_Digest(text.base, text.len, digest, &len, EVP_sha256(), NULL) != 1 ||
	    SSL_CTX_set_session_id_context(context, digest, len) != 1)
		return trouble_openssl(error, "cannot use", path);
	return true;
}

/* RFC 7301: one of ours that the client offers too; when it offers none of them, no connection. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *len,
			   const unsigned char *offered, unsigned offered_len, void *context)
{
	static const struct span mail[] = { { "smtp", 4 }, { "lmtp", 4 }, { "pop3", 4 } };
	const struct options *options = context;
	const struct span *ours = options->tls_alpn.count > 0 ? options->tls_alpn.items : mail;
	unsigned count = options->tls_alpn.count > 0 ? options->tls_alpn.count : 3;

	(void)ssl;
	for (unsigned i = 0; i < count; i++) {
		for (unsigned at = 0; at < offered_len; at += offered[at] + 1U) {
			if (!span_equal(ours[i], (struct span){ (const char *)offered + at + 1,
								offered[at] }))
				continue;
			*out = offered + at + 1;
			*len = offered[at];
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* A response was read with the certificate, or there is none. */
static int staple(SSL *ssl, void *context)
{
	unsigned char *response;

	(void)context;
	return SSL_get_tlsext_status_ocsp_resp(ssl, &response) > 0 ? SSL_TLSEXT_ERR_OK
								   : SSL_TLSEXT_ERR_NOACK;
}

/* The name is taken note of, so that a session is resumed under the same one alone. */
static int heed_name(SSL *ssl, int *alert, void *context)
{
	(void)ssl, (void)alert, (void)context;
	return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *context_new(const struct options *options, struct buffer *error)
{
	SSL_CTX *context;

	memory_wipe();
	/* What the system's OpenSSL is told in files is no matter of ours, and takes time. */
	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
	context = SSL_CTX_new(TLS_server_method());
	if (context == NULL ||
	    SSL_CTX_set_min_proto_version(
		    context, options->tls_min == TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(context, suites) != 1 ||
	    SSL_CTX_set_session_id_context(context, (const unsigned char *)"mail", 4) != 1) {
		trouble_openssl(error, "cannot use", "OpenSSL");
		return NULL;
	}
	/* The end of a connection without close_notify is an end like others: see pump.h. */
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					     SSL_OP_CIPHER_SERVER_PREFERENCE |
					     SSL_OP_PRIORITIZE_CHACHA |
					     SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					  SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_alpn_select_cb(context, choose_protocol, (void *)(uintptr_t)options);
	SSL_CTX_set_tlsext_status_cb(context, staple);
	SSL_CTX_set_tlsext_servername_callback(context, heed_name);
	if (!ticket_init(context, options->tls_ticket_keys, error) ||
	    (options->tls_client_ca != NULL &&
	     !ask_clients(context, options->tls_client_ca, error)))
		return NULL;
	return context;
}
