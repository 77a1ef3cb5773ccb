/* SPDX-License-Identifier: ISC */
/*
 * proxy.h - the header of the PROXY protocol, versions 1 and 2.
 *
 * Pure: octets in, facts out.  The parser asks for no octet that could lie behind the header, so
 * whoever reads just what it asks for leaves the next protocol's first octet where it is.
 * Section numbers are those of HAProxy's proxy-protocol.txt.
 */
#ifndef MAILSESSION_PROXY_H
#define MAILSESSION_PROXY_H

#include "base/network.h"

/* The longest header: version 2 with the largest length (2.2). */
#define PROXY_MAX (16 + 65535)

enum proxy_result {
	PROXY_MORE, /* so far a header; proxy->length is what it has at the least */
	PROXY_OK,   /* a header of proxy->length octets */
	PROXY_BAD,  /* no header, however it goes on */
};

/* Whose the connection is. */
enum proxy_kind {
	PROXY_OWN,  /* the front end's, or unknown: the real endpoints stay (LOCAL, UNSPEC, UNKNOWN)
		     */
	PROXY_INET, /* a client's with the addresses and ports below */
	PROXY_UNIX, /* a client's on a unix socket: it has no address */
};

/* Spans point into the header. */
struct proxy {
	size_t length;
	enum proxy_kind kind;
	struct network_address source, destination;
	uint16_t source_port, destination_port;
	struct span authority; /* 2.2.1: the host name that the client asked for, or SPAN_NONE */
	bool tls;              /* 2.2.5: the client came over TLS */
	bool verified;         /* with a certificate that was verified */
	struct span version;   /* of TLS; SPAN_NONE when it was not told, as all of these */
	struct span cipher;
	struct span common_name; /* of the certificate */
};

/* Judges the octets that were read so far. `*proxy` is meaningful as far as the result says. */
enum proxy_result proxy_parse(struct span bytes, struct proxy *proxy);

#endif
