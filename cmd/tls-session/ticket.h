/* SPDX-License-Identifier: ISC */
/*
 * ticket.h - session tickets that any process with the same file of keys can open (RFC 5077,
 * RFC 8446 4.6.1).
 *
 * The file holds keys of 80 octets (16 the name, 32 for the MAC, 32 for the cipher), as other
 * servers have them.  The first one seals new tickets, all of them open old ones, and a ticket
 * that another one opened is renewed.
 */
#ifndef TLS_SESSION_TICKET_H
#define TLS_SESSION_TICKET_H

#include "base/buffer.h"

#include <openssl/ssl.h>

#define TICKET_KEYS_MAX 8
#define TICKET_KEY_LEN  80
/* Seconds for which a session can be resumed. */
#define TICKET_LIFE 7200

/* Reads the file and lets clients resume; with `path` NULL they cannot. False with `error`. */
bool ticket_init(SSL_CTX *context, const char *path, struct buffer *error);

/* Wipes the keys. */
void ticket_forget(void);

#endif
