/* SPDX-License-Identifier: ISC */
/*
 * source.h - where connections come from, as limits count them.
 */
#ifndef MAILSESSION_SOURCE_H
#define MAILSESSION_SOURCE_H

#include <stdint.h>
#include <sys/socket.h>

/* A peer that has no address: no limit of its own. No address maps to it. */
#define SOURCE_NONE UINT64_MAX

/* A number for the source: one for each IPv4 address (IPv4-mapped ones too) and each IPv6 /64. */
uint64_t source_of(const struct sockaddr *address);

#endif
