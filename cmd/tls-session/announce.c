/* SPDX-License-Identifier: ISC */
/* announce.c - what is known of a TLS connection, as UCSPI-TLS tells it. */
#include "announce.h"

#include "base/ascii.h"
#include "base/base64.h"
#include "mail/address.h"

#include <openssl/x509v3.h>

#define VALUE_MAX    1024
#define EXPORTER_LEN 32

static void put(struct buffer *out, const char *name, struct span value)
{
	if (value.len == 0 || value.len > VALUE_MAX)
		return;
	for (size_t i = 0; i < value.len; i++) {
		if (!ascii_is_print(value.base[i]))
			return;
	}
	buffer_string(out, name);
	buffer_byte(out, '=');
	buffer_put(out, value);
	buffer_byte(out, '\0');
}

static void put_name(struct buffer *out, const char *name)
{
	struct span told = span_of(name);

	if (told.len > 0 && domain_valid(told, false))
		put(out, "SSL_TLS_SNI_SERVERNAME", told);
}

/* The octets of what OpenSSL printed into memory. */
static struct span printed(BIO *bio)
{
	char *text;
	long len = BIO_get_mem_data(bio, &text);

	return len > 0 ? (struct span){ text, (size_t)len } : SPAN_NONE;
}

/* RFC 2253, which makes every octet that is not printable ASCII printable. */
static void put_subject(struct buffer *out, X509 *certificate)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio != NULL &&
	    X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0)
		put(out, "SSL_CLIENT_S_DN", printed(bio));
	BIO_free(bio);
}

static void put_mail(struct buffer *out, X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type != GEN_EMAIL)
			continue;
		put(out, "SSL_CLIENT_SAN_EMAIL",
		    (struct span){ (const char *)ASN1_STRING_get0_data(name->d.rfc822Name),
				   (size_t)ASN1_STRING_length(name->d.rfc822Name) });
		break;
	}
	GENERAL_NAMES_free(names);
}

static void put_client(struct buffer *out, SSL *ssl)
{
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	long result = SSL_get_verify_result(ssl);
	char text[VALUE_MAX];
	struct buffer failed = BUFFER(text);

	if (certificate == NULL) {
		put(out, "SSL_CLIENT_VERIFY", SPAN("NONE"));
		return;
	}
	if (result == X509_V_OK) {
		put(out, "SSL_CLIENT_VERIFY", SPAN("SUCCESS"));
		put_mail(out, certificate);
	} else {
		buffer_string(&failed, "FAILED:");
		buffer_string(&failed, X509_verify_cert_error_string(result));
		put(out, "SSL_CLIENT_VERIFY", buffer_span(&failed));
	}
	put_subject(out, certificate);
}

static void put_exporter(struct buffer *out, SSL *ssl)
{
	static const char label[] = "EXPORTER-Channel-Binding";
	unsigned char octets[EXPORTER_LEN];
	char text[BASE64_LEN(EXPORTER_LEN)];
	struct buffer encoded = BUFFER(text);

	/* Without these it binds to nothing (RFC 9266 4.2). */
	if (SSL_version(ssl) < TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1)
		return;
	/* With an empty context, which is not the same as none (RFC 9266 2, RFC 5705 4). */
	if (SSL_export_keying_material(ssl, octets, sizeof(octets), label, sizeof(label) - 1,
				       (const unsigned char *)"", 0, 1) == 1 &&
	    base64_encode(&encoded, (struct span){ (char *)octets, sizeof(octets) }))
		put(out, "SSL_EXPORTER", buffer_span(&encoded));
	OPENSSL_cleanse(octets, sizeof(octets));
	OPENSSL_cleanse(text, sizeof(text));
}

void announce_put(struct buffer *out, SSL *ssl)
{
	put(out, "SSL_PROTOCOL", span_of(SSL_get_version(ssl)));
	put(out, "SSL_CIPHER", span_of(SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl))));
	put_name(out, SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
	put_client(out, ssl);
	put_exporter(out, ssl);
	buffer_byte(out, '\0');
}
