/* SPDX-License-Identifier: ISC */
/*
 * maildrop.h - the events on messages of a listed maildrop (RFC 1939).
 */
#ifndef MAILDIR_STORE_MAILDROP_H
#define MAILDIR_STORE_MAILDROP_H

#include "maildir.h"

/* The event `size`: the size on the wire. */
int maildrop_size(struct request *request);

/* The event `retrieve`: the message as it is stored, or its descriptor. */
int maildrop_retrieve(struct request *request);

/* The event `delete`: removes those of the input, a line each, goes on after a failure, and says
 * so. */
int maildrop_delete(struct request *request);

#endif
