/* SPDX-License-Identifier: ISC */
/*
 * client.h - the client's descriptors as OpenSSL reads and writes them.
 *
 * They may be one socket, two pipes or files.  They are shared with whoever started us, so their
 * flags stay as they are: sockets are used with MSG_DONTWAIT, all else only when it is ready.
 */
#ifndef TLS_SESSION_CLIENT_H
#define TLS_SESSION_CLIENT_H

#include <openssl/bio.h>
#include <stdbool.h>

struct client {
	int in, out;
	bool ended; /* nothing more comes: end of file, or an error */
};

/* A BIO over `client`, which must outlive it; NULL without memory. */
BIO *client_bio(struct client *client);

/* No more octets go to the client. */
void client_shut(const struct client *client);

/*
 * Reads and forgets what still comes, until the client closes or a second is over: a socket that
 * is closed with input unread takes the last reply back (TCP's RST).
 */
void client_drain(const struct client *client);

#endif
