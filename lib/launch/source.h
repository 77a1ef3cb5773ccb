/* SPDX-License-Identifier: ISC */
/*
 * source.h - where connections come from, as limits count them.
 */
#ifndef MAILSESSION_SOURCE_H
#define MAILSESSION_SOURCE_H

#include "base/span.h"

#include <stdint.h>
#include <sys/socket.h>

/* A peer that has no address: no limit of its own. No address maps to it. */
#define SOURCE_NONE UINT64_MAX

/* A number for the source: one for each IPv4 address (IPv4-mapped ones too) and each IPv6 /64. */
uint64_t source_of(const struct sockaddr *address);

/* The same for the text of an address; an empty one is SOURCE_NONE, and so is what is none. */
uint64_t source_of_text(struct span address);

#endif
