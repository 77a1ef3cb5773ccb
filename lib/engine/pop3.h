/* SPDX-License-Identifier: ISC */
/*
 * pop3.h - the server side of POP3 (RFC 1939, 2449, 6856).
 *
 * See engine.h for how to drive it.  The engine raises AUTH, TOKEN or SASL, as often as the
 * exchange needs it, then LIST; the listing comes as content, and the maildrop's index is built
 * from it. RETRIEVE and TOP are answered in the same way, with a message as content.  The IDs of
 * the messages to remove come as ENGINE_BODY, a line each, before DELETE is raised; a body
 * that no DELETE follows is dropped.  LOGOUT comes before the reply that ends a login, so
 * that the lock is gone when the client reads it; of every other end the driver tells.
 */
#ifndef MAILSESSION_POP3_H
#define MAILSESSION_POP3_H

#include "engine/engine.h"
#include "engine/maildrop.h"
#include "engine/sasl.h"
#include "mail/line.h"
#include "mail/wire.h"

/* Longest command line with CRLF (RFC 2449 4). */
#define POP3_LINE_MAX 255
/* Longest status line and longest line of CAPA, with CRLF (RFC 2449 4, 5). */
#define POP3_STATUS_MAX 512

/* What is fixed for all sessions of a program. Everything it points to must outlive the engine. */
struct pop3_config {
	struct span hostname;
	struct span greeting;       /* text behind "+OK ", may be empty */
	struct span signoff;        /* text of the reply to QUIT, may be empty */
	struct span implementation; /* "name-version" for CAPA (RFC 2449 6.9), or empty */
	/*
	 * Events that the backend answers; all others are taken as answered VERDICT_NONE, but for
	 * LOGOUT, which is always raised. Read at each event: a co-process that AUTH starts may add
	 * to it.
	 */
	event_set handled;
	uint32_t max_errors;        /* in a row; the next one ends the session; 0 none */
	uint32_t max_commands;      /* in a session; 0 none */
	uint32_t max_auth_failures; /* the last of them ends the session; 0 none */
	bool tls;         /* the connection is encrypted; STARTTLS handled: it may become so */
	bool tls_require; /* until it is, nothing but CAPA, STLS and QUIT */
	const struct engine_counts *resumes; /* TLS has begun amid the session: no greeting, and
						counting goes on from there; else NULL */
	struct sasl_offer mechanisms;        /* as `handled`, may change with an answer */
	struct span timestamp;               /* of APOP, "<...@...>", for the greeting; or empty */
	bool quota_tempfail;
	struct span expire;      /* of --expire: days or NEVER, or SPAN_NONE */
	struct span login_delay; /* of --login-delay: seconds, or SPAN_NONE */
	const struct span *disabled;
	unsigned disabled_count;
	const struct span *commands; /* verbs that have a command-VERB program */
	unsigned command_count;
	const struct span *command_states; /* of --command-state; none means any state */
	unsigned command_state_count;
};

/* RFC 1939 3. UPDATE is entered by QUIT in TRANSACTION and by nothing else. */
enum pop3_state { POP3_AUTHORIZATION, POP3_TRANSACTION, POP3_UPDATE };

struct pop3 {
	struct engine engine; /* first */
	/* What the backend did wrong, for the log; the driver clears it. */
	struct buffer fault;

	/* private */
	const struct pop3_config *config;
	enum pop3_state state;
	unsigned phase;  /* what step() goes on with */
	bool spoken;     /* the client has sent a line */
	bool closing;    /* after the reply */
	bool streaming;  /* within a reply of several lines: no other may begin */
	bool utf8;       /* UTF8 was given (RFC 6856 2) */
	bool unique_ids; /* UIDL is being answered, not LIST */
	struct line line;
	uint32_t cursor; /* the message that a round over the maildrop has come to */
	uint32_t last;   /* ... and the one that it ends with */
	void (*resume)(struct pop3 *pop3); /* when all sizes of the round are known */
	unsigned purpose;                  /* what the message is fetched for */
	uint32_t message;                  /* its number */
	uint64_t marked_octets;            /* of the IDs handed to DELETE */
	struct wire wire;
	bool holding; /* the next status line is kept in `held`, since LOGOUT comes first */
	struct buffer held;
	size_t login_delay_len, expire_len;
	struct sasl sasl;
	/* Big things: never cleared as a whole, so that an idle session does not touch them. */
	char number[2][20];
	char login_delay[32], expire[32];
	char held_text[POP3_STATUS_MAX];
	char fault_text[256];
	struct maildrop maildrop;
	char scratch[4096];
	char sasl_bytes[SASL_STORAGE];
};

/*
 * Begins a session. `out` holds `out_cap` octets, ENGINE_OUTPUT_MIN at least. The first
 * step raises CONNECT if it is handled, and writes the greeting.
 */
MS_API void pop3_init(struct pop3 *pop3, const struct pop3_config *config,
		      const struct pop3_storage *storage, char *out, size_t out_cap);

#endif
