/* SPDX-License-Identifier: ISC */
/*
 * context.h - what TLS is spoken: versions, ciphers, clients' certificates, application protocols.
 */
#ifndef TLS_SESSION_CONTEXT_H
#define TLS_SESSION_CONTEXT_H

#include "option/option.h"

#include <openssl/ssl.h>

/* Everything that the options say, certificates apart. NULL with `error`. */
SSL_CTX *context_new(const struct options *options, struct buffer *error);

#endif
