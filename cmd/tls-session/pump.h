/* SPDX-License-Identifier: ISC */
/*
 * pump.h - octets between the client and the plaintext socket, in constant memory.
 *
 * Each way has one buffer, and nothing is read while it is full, so that a side that does not read
 * holds up the other.  The end of input at one side (close_notify, or the end of the connection
 * without it) becomes the end of output at the other; the other way goes on.
 */
#ifndef TLS_SESSION_PUMP_H
#define TLS_SESSION_PUMP_H

#include "client.h"

#include <openssl/ssl.h>

/*
 * Runs until the plaintext side has ended and all it wrote is on its way, or until the connection
 * is broken.  Seconds: `stall` is how long the client may take to accept a buffer.
 */
void pump_run(SSL *ssl, struct client *client, int plain, uint32_t stall);

#endif
