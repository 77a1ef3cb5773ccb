/* SPDX-License-Identifier: ISC */
/*
 * announce.h - what is known of a TLS connection, as UCSPI-TLS tells it: NAME=value strings, a NUL
 * behind each, and one more at the end.
 *
 *	SSL_PROTOCOL             TLSv1.3
 *	SSL_CIPHER               the suite's IANA name (RFC 8314 4.3)
 *	SSL_TLS_SNI_SERVERNAME   the name the client asked for
 *	SSL_CLIENT_VERIFY        NONE, SUCCESS, or FAILED:reason
 *	SSL_CLIENT_S_DN          subject of the client's certificate (RFC 2253)
 *	SSL_CLIENT_SAN_EMAIL     its first mail address, if it was verified
 *	SSL_EXPORTER             base64 of the channel binding tls-exporter (RFC 9266)
 *
 * Values are printable ASCII of at most 1024 octets; what would not be is left out.
 */
#ifndef TLS_SESSION_ANNOUNCE_H
#define TLS_SESSION_ANNOUNCE_H

#include "base/buffer.h"

#include <openssl/ssl.h>

#define ANNOUNCE_MAX 8192

void announce_put(struct buffer *out, SSL *ssl);

#endif
