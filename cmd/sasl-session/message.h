/* SPDX-License-Identifier: ISC */
/*
 * message.h - the grammar of SCRAM's messages (RFC 5802 7), as strict as it is written.
 *
 * Pure: spans in, spans out.
 */
#ifndef SASL_SESSION_MESSAGE_H
#define SASL_SESSION_MESSAGE_H

#include "base/buffer.h"

struct client_first {
	struct span gs2_header;   /* with the comma that ends it */
	char flag;                /* of channel binding: n, y, p */
	struct span binding;      /* the name behind "p=" */
	struct span authzid;      /* as sent; SPAN_NONE when absent */
	struct span name;         /* as sent */
	bool mandatory_extension; /* "m=", of which we know none */
};

struct client_final {
	struct span channel; /* base64 */
	struct span nonce;
	struct span proof; /* base64 */
};

/* False when malformed. */
bool client_first_parse(struct client_first *first, struct span message);
bool client_final_parse(struct client_final *final, struct span message);

/* Appends a saslname, in which "=2C" is a comma and "=3D" an equals sign; any other "=" is wrong.
 */
bool saslname_decode(struct buffer *out, struct span name);

#endif
