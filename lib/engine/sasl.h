/* SPDX-License-Identifier: ISC */
/*
 * sasl.h - the server's side of a SASL exchange (RFC 4422), as AUTH of SMTP, LMTP and POP3 has it.
 *
 * One table knows the mechanisms.  PLAIN, LOGIN, XOAUTH2 and OAUTHBEARER are taken apart here
 * and become AUTH and TOKEN events; of all others each response is a SASL event, which somebody
 * else judges.  What a protocol adds are its replies and its way to mark a challenge.
 */
#ifndef MAILSESSION_SASL_H
#define MAILSESSION_SASL_H

#include "base/buffer.h"
#include "engine/verdict.h"

/* What is special about a mechanism. */
enum {
	SASL_PLAINTEXT = 1U << 0,    /* whoever listens has the secret: only over TLS */
	SASL_SERVER_FIRST = 1U << 1, /* there is no initial response */
	SASL_ON_REQUEST = 1U << 2,   /* weak: offered only when it is asked for by name */
	SASL_BINDING = 1U << 3,      /* needs the channel binding of TLS */
	SASL_CERTIFICATE = 1U << 4,  /* needs a client's certificate that was verified */
};

/*
 * X(NAME, "its name", event, program that makes it possible or EVENT_COUNT, flags), the strongest
 * first; behind the mechanisms the verbs of POP3, which are none.
 */
#define SASL_MECHANISMS(X)                                                                     \
	X(SCRAM_SHA_256_PLUS, "SCRAM-SHA-256-PLUS", EVENT_SASL, EVENT_SECRET, SASL_BINDING)    \
	X(SCRAM_SHA_256, "SCRAM-SHA-256", EVENT_SASL, EVENT_SECRET, 0)                         \
	X(EXTERNAL, "EXTERNAL", EVENT_SASL, EVENT_COUNT, SASL_CERTIFICATE)                     \
	X(OAUTHBEARER, "OAUTHBEARER", EVENT_TOKEN, EVENT_TOKEN, SASL_PLAINTEXT)                \
	X(XOAUTH2, "XOAUTH2", EVENT_TOKEN, EVENT_TOKEN, SASL_PLAINTEXT)                        \
	X(CRAM_MD5, "CRAM-MD5", EVENT_SASL, EVENT_SECRET, SASL_SERVER_FIRST | SASL_ON_REQUEST) \
	X(PLAIN, "PLAIN", EVENT_AUTH, EVENT_AUTH, SASL_PLAINTEXT)                              \
	X(LOGIN, "LOGIN", EVENT_AUTH, EVENT_AUTH, SASL_PLAINTEXT)                              \
	X(APOP, "APOP", EVENT_SASL, EVENT_SECRET, SASL_ON_REQUEST)                             \
	X(USER, "USER", EVENT_AUTH, EVENT_AUTH, SASL_PLAINTEXT)

enum sasl_mechanism {
#define X(name, word, event, program, flags) SASL_##name,
	SASL_MECHANISMS(X)
#undef X
		SASL_COUNT
};

struct sasl_info {
	const char *name;
	enum event event;
	enum event program;
	unsigned flags;
};

extern MS_API const struct sasl_info sasl_table[SASL_COUNT];

/* A set of mechanisms. */
typedef uint32_t sasl_set;
#define SASL_BIT(mechanism) ((sasl_set)1 << (mechanism))
/* Those that AUTH knows. */
#define SASL_NAMED (SASL_BIT(SASL_APOP) - 1)

/* What may be used on this connection. */
struct sasl_offer {
	sasl_set now;
	sasl_set with_tls; /* would be offered over TLS: who tries is told so */
};

/* What makes mechanisms possible. */
struct sasl_means {
	event_set programs;         /* of the backend: AUTH, TOKEN, SECRET */
	bool plaintext;             /* passwords may be sent as they are */
	bool binding;               /* TLS, with its channel binding */
	bool certificate;           /* TLS, with a client's certificate that was verified */
	const struct span *allowed; /* of --auth-mechanisms; none: all but weak ones */
	unsigned allowed_count;
};

MS_API struct sasl_offer sasl_offer(const struct sasl_means *means);

/* The longest line of an exchange without its CRLF (RFC 4954 4), and what it stands for. */
#define SASL_LINE_MAX     12288
#define SASL_RESPONSE_MAX (SASL_LINE_MAX / 4 * 3)

/* What the protocol is to do next. */
enum sasl_result {
	SASL_CHALLENGE, /* send sasl->challenge, which is base64; give the answer to sasl_respond */
	SASL_ASK,       /* raise sasl_event with the facts of sasl_ask; the verdict to sasl_judge */
	/* The exchange is over: */
	SASL_SUCCESS,
	SASL_REFUSED,    /* wrong credentials */
	SASL_TROUBLE,    /* they cannot be checked */
	SASL_UNKNOWN,    /* no such mechanism, or not here */
	SASL_NEEDS_TLS,  /* not on this connection */
	SASL_NO_INITIAL, /* an initial response to a mechanism in which the server begins */
	SASL_CANCELLED,  /* by the client */
	SASL_NOT_BASE64,
	SASL_MALFORMED, /* base64 of something that the mechanism does not know */
	SASL_RESULTS
};

enum sasl_step {
	SASL_STEP_RESPONSE, /* the mechanism's data, or a user name */
	SASL_STEP_PASSWORD, /* of LOGIN */
	SASL_STEP_REFUSED, /* the client acknowledges that its token was refused (RFC 7628 3.2.3) */
};

/* An exchange. Its storage is the owner's, and touched only as far as it is used. */
struct sasl {
	enum sasl_mechanism mechanism;
	enum sasl_step step;
	bool begun;    /* the mechanism was told */
	bool hopeless; /* what came cannot be right: the backend is not asked, the failure is */
	struct span challenge;
	struct span name;   /* of who logs in; empty when not known here */
	struct span secret; /* password, token or response; base NULL when there was none */
	char *bytes;        /* SASL_STORAGE octets */
	size_t used;        /* of them, holding something */
};

/* Room for a user name and the longest response behind it. */
#define SASL_STORAGE (SASL_RESPONSE_MAX + 256)

/* Before anything else, on a cleared struct. */
static inline void sasl_init(struct sasl *sasl, char *storage)
{
	sasl->bytes = storage;
}

/*
 * Begins with the mechanism `name`; `initial` is the initial response as sent, "=" an empty one,
 * SPAN_NONE none.
 */
MS_API enum sasl_result sasl_begin(struct sasl *sasl, const struct sasl_offer *offer,
				   struct span name, struct span initial);

/* The client's answer to a challenge, without its CRLF. */
MS_API enum sasl_result sasl_respond(struct sasl *sasl, struct span line);

/* USER and PASS, and APOP (RFC 1939 7): SASL_MALFORMED when that is no user name, or SASL_ASK. */
MS_API enum sasl_result sasl_user(struct sasl *sasl, struct span name);
MS_API enum sasl_result sasl_pass(struct sasl *sasl, struct span password);
MS_API enum sasl_result sasl_apop(struct sasl *sasl, struct span argument);

/* Adds the facts of the event. They live until the verdict. */
MS_API void sasl_ask(struct sasl *sasl, struct event_call *call);

/* The verdict; the secret is wiped. */
MS_API enum sasl_result sasl_judge(struct sasl *sasl, const struct verdict *verdict);

/* Forgets the exchange, wiping what was secret. */
MS_API void sasl_end(struct sasl *sasl);

static inline enum event sasl_event(const struct sasl *sasl)
{
	return sasl_table[sasl->mechanism].event;
}

/* The mechanism or verb with this name, ASCII case aside, or SASL_COUNT. */
MS_API enum sasl_mechanism sasl_by_name(struct span name);

static inline bool sasl_offered(const struct sasl_offer *offer, enum sasl_mechanism mechanism)
{
	return (offer->now & SASL_BIT(mechanism)) != 0;
}

/* Writes the names of the mechanisms that are offered. */
MS_API void sasl_put_names(const struct sasl_offer *offer, const char *separator,
			   struct buffer *out);

/* True for what may be told as a user name: US-ASCII without controls, no blank at its ends, not
 * beginning with a dash (POP-019). */
MS_API bool login_name_fits(struct span name);

#endif
