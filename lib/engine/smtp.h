/* SPDX-License-Identifier: ISC */
/*
 * smtp.h - the server side of SMTP (RFC 5321) and LMTP (RFC 2033).
 *
 * One engine, two modes: LMTP differs in its greeting verb and in one reply for
 * each recipient after the message.  See engine.h for how to drive it.
 */
#ifndef MAILSESSION_SMTP_H
#define MAILSESSION_SMTP_H

#include "engine/engine.h"
#include "engine/sasl.h"
#include "mail/address.h"
#include "mail/dot.h"
#include "mail/header.h"
#include "mail/hops.h"
#include "mail/line.h"

/* Longest command line with CRLF (SMTP-011). */
#define SMTP_LINE_MAX 2048

/* What is fixed for all sessions of a program. Everything it points to must outlive the engine. */
struct smtp_config {
	enum protocol protocol;     /* PROTOCOL_SMTP or PROTOCOL_LMTP */
	struct span hostname;       /* FQDN or address literal */
	struct span greeting;       /* text behind "220 hostname ESMTP", may be empty */
	struct span signoff;        /* text of the 221 reply, may be empty */
	event_set handled;          /* events that the backend answers; the others get VERDICT_NONE.
				       XCLIENT and XFORWARD: the peer is trusted, which the answer to
				       XCLIENT may change */
	event_set listed;           /* EXPN and ETRN have their keyword when they are in here too */
	uint64_t size_limit;        /* octets, 0 none */
	uint32_t max_recipients;    /* in a transaction */
	uint32_t max_errors;        /* in a row, then 421; 0 none */
	uint32_t max_commands;      /* in a session, then 421; 0 none */
	uint32_t max_hops;          /* Received fields in a message */
	uint32_t max_auth_failures; /* failed logins, then AUTH is 421; 0 none */
	struct sasl_offer mechanisms; /* as `handled`, may change with an answer */
	enum address_charset charset;
	bool clean_newlines; /* --bare-newline clean */
	bool crlf;           /* hand line ends on as CRLF, not LF */
	bool quota_tempfail;
	bool submission;      /* of mail by users, who log in (RFC 6409) */
	int64_t (*now)(void); /* submission: the time, for Date; NULL: no field is added */
	bool tls;             /* the connection is encrypted; STARTTLS: it may become so */
	bool tls_require;     /* until it is, nothing but what leads there (RFC 3207 4) */
	const struct engine_counts *resumes; /* TLS has begun amid the session: no greeting, and
						counting goes on from there; else NULL */
	const struct span *accept_domains;   /* when nobody answers RCPT */
	unsigned accept_domain_count;
	const struct span *announce; /* EHLO keywords of --announce; "-KEYWORD" withholds one */
	unsigned announce_count;
	const struct span *disabled; /* verbs of --disable-command */
	unsigned disabled_count;
	const struct span *commands; /* verbs that have a command-VERB program */
	unsigned command_count;
	const struct span *command_states; /* of --command-state; none means any state */
	unsigned command_state_count;
};

/* How far the dialogue is: the columns of the state table in smtp_verb.c. */
enum smtp_state {
	SMTP_CONNECTED,     /* S0 of the conformance list */
	SMTP_GREETED,       /* S1 */
	SMTP_MAIL,          /* S2: a reverse-path */
	SMTP_RCPT,          /* S3: at least one recipient */
	SMTP_CHUNKS,        /* S4: BDAT chunks, no LAST */
	SMTP_CHUNKS_FAILED, /* S5 */
	SMTP_REFUSED,       /* the greeting was 554: QUIT only (RFC 5321 3.1) */
	SMTP_STATE_COUNT
};

/* What step() does next. */
enum smtp_phase {
	SMTP_PHASE_START,   /* raise CONNECT */
	SMTP_PHASE_COMMAND, /* take the next line */
	SMTP_PHASE_AUTH,    /* take the client's answer to a challenge */
	SMTP_PHASE_CALL,    /* engine.call awaits its answers */
	SMTP_PHASE_DATA,    /* content up to the final dot */
	SMTP_PHASE_CHUNK,   /* octets of an accepted BDAT chunk */
	SMTP_PHASE_SWALLOW, /* octets of a refused BDAT chunk (RFC 3030 2) */
	SMTP_PHASE_SECURE,  /* nothing may stand behind STARTTLS */
	SMTP_PHASE_REPLIES, /* the held reply, once or for each recipient */
	SMTP_PHASE_CLOSED,
	SMTP_PHASE_COUNT
};

/* A transaction (RFC 5321 3.3); zeroed when it ends. */
struct smtp_transaction {
	uint32_t recipients; /* accepted */
	bool utf8;           /* SMTPUTF8 */
	bool binary;         /* BODY=BINARYMIME */
	bool taken;          /* a delivery of the message succeeded */
	uint64_t announced;  /* octets of all BDAT commands */
	uint64_t swallowed;  /* octets of refused chunks */
	uint64_t emitted;    /* octets that ENGINE_BODY handed on */
	struct dot dot;
	struct hops hops;
	struct header header; /* submission: which fields there are */
	bool completed;       /* ... and what was missing was added */
	size_t id_len;
	char id[64]; /* TRANSACTION_ID */
};

/* The last BDAT command (RFC 3030 2). */
struct smtp_chunk {
	uint64_t size;
	uint64_t left; /* octets still to come */
	bool last;
	bool first;       /* DATA was raised for it */
	bool fails;       /* refused, and the transaction with it */
	uint32_t replies; /* to send when it is swallowed */
};

/* Octets kept for a mailbox with a decoded parameter, and for replies held back. */
#define SMTP_VALUES_MAX  1024
#define SMTP_SCRATCH_MAX 4096

/*
 * One session. What an idle session touches stands first; the arrays at the end stay untouched
 * until they are needed.
 */
struct smtp {
	struct engine engine; /* first: a struct engine * is a struct smtp * */
	const struct smtp_config *config;
	enum smtp_state state;
	enum smtp_phase phase;
	bool esmtp;         /* EHLO or LHLO was the greeting */
	bool plain;         /* replies to this command carry no status codes (RFC 2034 3) */
	bool utf8_reply;    /* VRFY or EXPN asked for UTF-8 (RFC 6531 3.7.4.2) */
	bool spoken;        /* the client's first line is over */
	bool authenticated; /* by AUTH, or a trusted peer told who has logged in (LOGIN of XCLIENT)
			     */
	bool closing;       /* close when the current command is answered */
	uint32_t replies;   /* how often the held reply is still to be sent */
	uint32_t answers;   /* verdicts still expected */
	struct line line;
	struct smtp_transaction transaction;
	struct smtp_chunk chunk;
	struct buffer held;  /* over `scratch` */
	struct span refused; /* why a message was, the last one, for its content: for the log */
	struct sasl sasl;
	char values[SMTP_VALUES_MAX];
	char command[SMTP_LINE_MAX];
	char scratch[SMTP_SCRATCH_MAX];
	char sasl_bytes[SASL_STORAGE];
};

/* Room in `out` that any one reply finds enough. */
#define SMTP_REPLY_ROOM 10240

/*
 * A session that has not begun. `out_storage` of `out_cap` octets, ENGINE_OUTPUT_MIN at least,
 * takes the replies; it and `config` are the caller's and must outlive the session. Before
 * each answer() the driver leaves SMTP_REPLY_ROOM octets of it free: it writes what is there.
 */
MS_API void smtp_init(struct smtp *smtp, const struct smtp_config *config, char *out_storage,
		      size_t out_cap);

#endif
