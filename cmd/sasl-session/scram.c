/* SPDX-License-Identifier: ISC */
/*
 * scram.c - SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), by GNU SASL.
 *
 * The library holds the exchange.  What it lets pass is judged before it is told: grammar, the
 * authorization identity, which channel binding (RFC 9266 alone), the downgrade that the flag `y`
 * gives away, and `c=`.  A user who is not there takes the same number of round trips.
 * It compares H(ClientKey) by memcmp(3): the time tells something of a hash that depends on
 * the nonce of one exchange, and that no client can choose.
 */
#include "mechanism.h"

#include "message.h"
#include "secret.h"

#include <gsasl.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#define NAME_OCTETS 1024

static Gsasl *library;
static Gsasl_session *session;
static bool plus;

static bool prepare(const char *mechanism)
{
	return secret_prepare() && gsasl_init(&library) == GSASL_OK &&
	       gsasl_server_start(library, mechanism, &session) == GSASL_OK;
}

bool scram_prepare(void)
{
	return prepare("SCRAM-SHA-256");
}

bool scram_plus_prepare(void)
{
	const char *binding = getenv("SASL_BINDING");

	plus = true;
	return binding != NULL && prepare("SCRAM-SHA-256-PLUS") &&
	       gsasl_property_set(session, GSASL_CB_TLS_EXPORTER, binding) == GSASL_OK;
}

static void set_octets(Gsasl_property property, struct span octets)
{
	char text[BASE64_LEN(64) + 1];
	struct buffer out = BUFFER(text);

	base64_encode(&out, octets);
	gsasl_property_set(session, property, buffer_cstr(&out));
	explicit_bzero(text, sizeof(text));
}

static void set_verifier(const struct verifier *verifier)
{
	char number[24];
	struct buffer out = BUFFER(number);

	buffer_number(&out, verifier->iterations);
	gsasl_property_set(session, GSASL_SCRAM_ITER, buffer_cstr(&out));
	set_octets(GSASL_SCRAM_SALT, (struct span){ verifier->salt, verifier->salt_len });
	set_octets(GSASL_SCRAM_STOREDKEY, (struct span){ verifier->stored_key, SCRAM_KEY_OCTETS });
	set_octets(GSASL_SCRAM_SERVERKEY, (struct span){ verifier->server_key, SCRAM_KEY_OCTETS });
}

/* ---- what GNU SASL lets pass ------------------------------------------------------------- */

/* RFC 5802 6: whether this client may go on with this mechanism. */
static bool binding_allowed(const struct client_first *first)
{
	const char *offered = getenv("SASL_PLUS");

	switch (first->flag) {
	case 'p':
		return plus && span_equal(first->binding, SPAN("tls-exporter"));
	case 'y': /* it believes that we offer no binding, and so somebody hid the offer */
		return !plus && !span_equal(span_of(offered), SPAN("1"));
	default:
		return !plus;
	}
}

/* The name and the identity to act as must be one. */
static bool is_own_identity(const struct client_first *first, struct span name)
{
	char bytes[NAME_OCTETS];
	struct buffer authzid = BUFFER(bytes);

	return first->authzid.base == NULL || (saslname_decode(&authzid, first->authzid) &&
					       span_equal(buffer_span(&authzid), name));
}

/* RFC 5802 7: "c=" is the header of the first message and, behind "p=", the binding data. */
static bool channel_matches(struct span gs2_header, struct span channel)
{
	char bytes[2 * NAME_OCTETS], text[BASE64_LEN(sizeof(bytes))];
	struct buffer data = BUFFER(bytes), expected = BUFFER(text);

	buffer_put(&data, gs2_header);
	if (plus)
		base64_decode(&data, span_of(getenv("SASL_BINDING")));
	return !data.overflow && base64_encode(&expected, buffer_span(&data)) &&
	       expected.len == channel.len &&
	       CRYPTO_memcmp(expected.base, channel.base, channel.len) == 0;
}

/* ---- the exchange ------------------------------------------------------------------------ */

/* One step of the library. The output is the caller's to free. */
static int step(struct span message, struct span *output)
{
	char *text = NULL;
	size_t len = 0;
	int result = gsasl_step(session, message.base, message.len, &text, &len);

	*output = (struct span){ text, len };
	return result;
}

/* The last word after a step that did not lead on. */
static void give_up(int result)
{
	if (result == GSASL_AUTHENTICATION_ERROR)
		exchange_failure();
	else if (result == GSASL_MECHANISM_PARSE_ERROR || result == GSASL_BASE64_ERROR)
		exchange_error("not a message of SCRAM");
	else
		exchange_trouble(gsasl_strerror(result));
}

/* The second half: `challenge` is the server's first message. */
static void prove(struct exchange *exchange, struct span gs2_header, struct span name,
		  struct span challenge)
{
	struct client_final final;
	struct span message, output;
	int result;

	if (!exchange_challenge(exchange, challenge, &message))
		return;
	if (!client_final_parse(&final, message)) {
		exchange_error("not a final message of SCRAM");
		return;
	}
	if (!channel_matches(gs2_header, final.channel)) {
		exchange_failure();
		return;
	}
	result = step(message, &output);
	if (result == GSASL_OK)
		exchange_success(name, output);
	else
		give_up(result);
	gsasl_free((char *)output.base);
}

/* The first half: `message` is the client's first one. */
static void ask(struct exchange *exchange, struct span message)
{
	char header_bytes[NAME_OCTETS], name_bytes[NAME_OCTETS];
	struct buffer header = BUFFER(header_bytes), name = BUFFER(name_bytes);
	struct client_first first;
	struct verifier verifier;
	struct span challenge;
	int result;

	if (!client_first_parse(&first, message) ||
	    (!first.mandatory_extension && !saslname_decode(&name, first.name)) ||
	    !buffer_put(&header, first.gs2_header)) {
		exchange_error("not a first message of SCRAM");
		return;
	}
	if (first.mandatory_extension || !binding_allowed(&first) ||
	    !is_own_identity(&first, buffer_span(&name))) {
		exchange_failure();
		return;
	}
	if (!secret_verifier(exchange, buffer_span(&name), &verifier))
		return;
	set_verifier(&verifier);
	explicit_bzero(&verifier, sizeof(verifier));
	result = step(message, &challenge);
	if (result == GSASL_NEEDS_MORE)
		prove(exchange, buffer_span(&header), buffer_span(&name), challenge);
	else
		give_up(result);
	gsasl_free((char *)challenge.base);
}

void scram_run(struct exchange *exchange)
{
	struct span message;

	if (exchange_first(exchange, &message) &&
	    (message.base != NULL || exchange_challenge(exchange, SPAN(""), &message)))
		ask(exchange, message);
	gsasl_finish(session);
	gsasl_done(library);
}
