/* SPDX-License-Identifier: ISC */
/*
 * event.h - the events of a session and the facts told with them.
 *
 * An engine turns what the client said into events; a backend (programs, a
 * co-process, or callbacks in C) answers them with a verdict.  Both tables here
 * exist once: the runner checks frames by them, hooks get their environment by
 * them, and mail-session-backend(7) lists them.
 */
#ifndef MAILSESSION_EVENT_H
#define MAILSESSION_EVENT_H

#include "base/span.h"

#include <stdint.h>

enum protocol { PROTOCOL_SMTP, PROTOCOL_LMTP, PROTOCOL_POP3 };

/* Bits of `protocols` in the event table. */
#define IN_SMTP (1U << PROTOCOL_SMTP)
#define IN_LMTP (1U << PROTOCOL_LMTP)
#define IN_POP3 (1U << PROTOCOL_POP3)
#define IN_MAIL (IN_SMTP | IN_LMTP)
#define IN_ALL  (IN_MAIL | IN_POP3)

/* What standard output of the program means. */
enum event_kind {
	EVENT_DECIDES, /* reply text and directives; the exit code decides */
	EVENT_YIELDS,  /* on exit 0 the data that was asked for, else reply text */
	EVENT_STREAMS, /* the same, of any size */
	EVENT_INFORMS, /* nothing: the session goes on whatever happens */
	EVENT_OWN,     /* there is no program: the runner itself answers */
};

/* X(NAME, "file name", protocols, kind, may be served by B/serve) */
#define EVENTS(X)                                                                    \
	X(CONNECT, "connect", IN_ALL, EVENT_DECIDES, false)                          \
	X(HELO, "helo", IN_MAIL, EVENT_DECIDES, false)                               \
	X(EHLO, "ehlo", IN_MAIL, EVENT_YIELDS, false)                                \
	X(MAIL, "mail", IN_MAIL, EVENT_DECIDES, false)                               \
	X(RCPT, "rcpt", IN_MAIL, EVENT_DECIDES, true)                                \
	X(DATA, "data", IN_MAIL, EVENT_DECIDES, true)                                \
	X(FILTER, "filter", IN_MAIL, EVENT_YIELDS, false)                            \
	X(DELIVER, "deliver", IN_MAIL, EVENT_DECIDES, true)                          \
	X(RSET, "rset", IN_ALL, EVENT_INFORMS, false)                                \
	X(NOOP, "noop", IN_ALL, EVENT_INFORMS, false)                                \
	X(QUIT, "quit", IN_ALL, EVENT_INFORMS, false)                                \
	X(VRFY, "vrfy", IN_MAIL, EVENT_DECIDES, true)                                \
	X(EXPN, "expn", IN_MAIL, EVENT_DECIDES, true)                                \
	X(HELP, "help", IN_MAIL, EVENT_DECIDES, false)                               \
	X(ETRN, "etrn", IN_MAIL, EVENT_DECIDES, true)                                \
	X(AUTH, "auth", IN_ALL, EVENT_DECIDES, false)                                \
	X(SECRET, "secret", IN_ALL, EVENT_YIELDS, false)                             \
	X(TOKEN, "token", IN_ALL, EVENT_DECIDES, false)                              \
	X(LIST, "list", IN_POP3, EVENT_STREAMS, true)                                \
	X(SIZE, "size", IN_POP3, EVENT_YIELDS, true)                                 \
	X(RETRIEVE, "retrieve", IN_POP3, EVENT_STREAMS, true)                        \
	X(TOP, "top", IN_POP3, EVENT_STREAMS, true)                                  \
	X(DELETE, "delete", IN_POP3, EVENT_DECIDES, true)                            \
	X(LOGIN_DELAY, "login-delay", IN_POP3, EVENT_YIELDS, false)                  \
	X(EXPIRE, "expire", IN_POP3, EVENT_YIELDS, false)                            \
	X(LOGOUT, "logout", IN_POP3, EVENT_INFORMS, false)                           \
	X(TIMEOUT, "timeout", IN_ALL, EVENT_INFORMS, false)                          \
	X(DISCONNECT, "disconnect", IN_ALL, EVENT_INFORMS, false)                    \
	X(COMMAND, "command", IN_ALL, EVENT_DECIDES, false) /* file: command-VERB */ \
	X(XCLIENT, "xclient", IN_ALL, EVENT_OWN, false)                              \
	X(XFORWARD, "xforward", IN_MAIL, EVENT_OWN, false)                           \
	X(STARTTLS, "starttls", IN_ALL, EVENT_OWN, false)                            \
	X(SASL, "sasl", IN_ALL, EVENT_OWN, false)

enum event {
#define X(name, file, protocols, kind, servable) EVENT_##name,
	EVENTS(X)
#undef X
		EVENT_COUNT
};

/* A set of events. */
typedef uint64_t event_set;
#define EVENT_BIT(event) ((event_set)1 << (event))

struct event_info {
	const char *file; /* name of the executable in the backend directory */
	unsigned protocols;
	enum event_kind kind;
	bool servable;
};

extern MS_API const struct event_info event_table[EVENT_COUNT];

/* True when what the program prints on exit 0 is data. */
static inline bool event_yields(enum event event)
{
	return event_table[event].kind == EVENT_YIELDS || event_table[event].kind == EVENT_STREAMS;
}

/* The event whose program has the file name `name`, or EVENT_COUNT. */
MS_API enum event event_by_name(struct span name);

/* How long a fact lasts. */
enum fact_scope {
	SCOPE_SESSION,
	SCOPE_TRANSACTION, /* until RSET, EHLO, or the end of the message */
	SCOPE_FORWARDED,   /* told before MAIL, for one transaction: until the same ends */
	SCOPE_RECIPIENT,   /* belongs to one recipient of the transaction */
	SCOPE_CALL,        /* belongs to the one event it comes with */
	SCOPE_SECRET,      /* as SCOPE_CALL; never kept, and wiped when the event is answered */
};

/*
 * X(NAME, scope, most octets, events it may come with from the parser)
 *
 * The name is the environment variable that programs see, except for the private
 * ones (before FACT_FIRST_PUBLIC), which never reach an environment.  Facts
 * with no event are set by the runner alone.  With XCLIENT and XFORWARD an empty value says
 * that the fact is not known.
 */
#define FACTS(X)                                                                               \
	/* private */                                                                          \
	X(HELO_TRACE, SCOPE_SESSION, 255,                                                      \
	  EVENT_BIT(EVENT_HELO) | EVENT_BIT(EVENT_XCLIENT)) /* name for Received */            \
	X(TRACE_TYPE, SCOPE_SESSION, 4,                                                        \
	  EVENT_BIT(EVENT_HELO) | EVENT_BIT(EVENT_XCLIENT)) /* "HELO", "EHLO", "LHLO" */       \
	X(VERB, SCOPE_CALL, 12, EVENT_BIT(EVENT_COMMAND))   /* of command-VERB */              \
	X(LOGIN_NAME, SCOPE_SECRET, 255, EVENT_BIT(EVENT_AUTH))                                \
	X(PASSWORD, SCOPE_SECRET, 255, EVENT_BIT(EVENT_AUTH))                                  \
	X(TOKEN, SCOPE_SECRET, 9216, EVENT_BIT(EVENT_TOKEN))                                   \
	X(RESPONSE, SCOPE_SECRET, 9216, EVENT_BIT(EVENT_SASL)) /* octets of a SASL response */ \
	X(OCTETS, SCOPE_CALL, 20,                                                              \
	  EVENT_BIT(EVENT_DELIVER) | EVENT_BIT(EVENT_DELETE) |                                 \
		  EVENT_BIT(EVENT_HELO)) /* on the pipe */                                     \
	/* public */                                                                           \
	X(SESSION_ID, SCOPE_SESSION, 64, 0)                                                    \
	X(TRANSACTION_ID, SCOPE_TRANSACTION, 64, 0)                                            \
	X(SESSION_PROTOCOL, SCOPE_SESSION, 8, 0)                                               \
	X(SESSION_EVENT, SCOPE_CALL, 32, 0)                                                    \
	X(SESSION_STATE, SCOPE_CALL, 16, EVENT_BIT(EVENT_COMMAND))                             \
	X(SESSION_END, SCOPE_SESSION, 16, 0)                                                   \
	X(HOOK_DEADLINE, SCOPE_CALL, 20, 0)                                                    \
	X(REMOTE_ADDR, SCOPE_SESSION, 64, EVENT_BIT(EVENT_XCLIENT))                            \
	X(REMOTE_PORT, SCOPE_SESSION, 5, EVENT_BIT(EVENT_XCLIENT))                             \
	X(REMOTE_HOST, SCOPE_SESSION, 255, EVENT_BIT(EVENT_XCLIENT))                           \
	X(LOCAL_ADDR, SCOPE_SESSION, 64, EVENT_BIT(EVENT_XCLIENT))                             \
	X(LOCAL_PORT, SCOPE_SESSION, 5, EVENT_BIT(EVENT_XCLIENT))                              \
	X(HELO, SCOPE_SESSION, 255, EVENT_BIT(EVENT_HELO) | EVENT_BIT(EVENT_XCLIENT))          \
	X(AUTH_USER, SCOPE_SESSION, 255, EVENT_BIT(EVENT_XCLIENT))                             \
	X(AUTH_MECH, SCOPE_SESSION, 20,                                                        \
	  EVENT_BIT(EVENT_AUTH) | EVENT_BIT(EVENT_SECRET) | EVENT_BIT(EVENT_TOKEN) |           \
		  EVENT_BIT(EVENT_SASL))                                                       \
	X(AUTH_NAME, SCOPE_CALL, 255, EVENT_BIT(EVENT_SECRET) | EVENT_BIT(EVENT_TOKEN))        \
	X(TLS_VERSION, SCOPE_SESSION, 16, 0)                                                   \
	X(TLS_CIPHER, SCOPE_SESSION, 64, 0)                                                    \
	X(TLS_SNI, SCOPE_SESSION, 255, 0)                                                      \
	X(TLS_PEER, SCOPE_SESSION, 1024, 0)                                                    \
	X(SENDER, SCOPE_TRANSACTION, 320, EVENT_BIT(EVENT_MAIL))                               \
	X(SENDER_SAFE, SCOPE_TRANSACTION, 200, 0)                                              \
	X(ORIGINAL_SENDER, SCOPE_TRANSACTION, 320, 0)                                          \
	X(MAIL_PARAMS, SCOPE_TRANSACTION, 2048, EVENT_BIT(EVENT_MAIL))                         \
	X(BODY, SCOPE_TRANSACTION, 16, EVENT_BIT(EVENT_MAIL))                                  \
	X(SMTPUTF8, SCOPE_TRANSACTION, 1, EVENT_BIT(EVENT_MAIL))                               \
	X(DSN_RET, SCOPE_TRANSACTION, 8, EVENT_BIT(EVENT_MAIL))                                \
	X(DSN_ENVID, SCOPE_TRANSACTION, 100, EVENT_BIT(EVENT_MAIL))                            \
	X(RECIPIENT, SCOPE_RECIPIENT, 320, EVENT_BIT(EVENT_RCPT))                              \
	X(RECIPIENT_SAFE, SCOPE_RECIPIENT, 200, 0)                                             \
	X(ORIGINAL_RECIPIENT, SCOPE_RECIPIENT, 320, 0)                                         \
	X(RCPT_PARAMS, SCOPE_RECIPIENT, 2048, EVENT_BIT(EVENT_RCPT))                           \
	X(DSN_NOTIFY, SCOPE_RECIPIENT, 32, EVENT_BIT(EVENT_RCPT))                              \
	X(DSN_ORCPT, SCOPE_RECIPIENT, 500, EVENT_BIT(EVENT_RCPT))                              \
	X(RECIPIENT_COUNT, SCOPE_CALL, 10, 0)                                                  \
	X(MESSAGE_SIZE, SCOPE_CALL, 20, 0)                                                     \
	X(XFORWARD_NAME, SCOPE_FORWARDED, 255, EVENT_BIT(EVENT_XFORWARD))                      \
	X(XFORWARD_ADDR, SCOPE_FORWARDED, 255, EVENT_BIT(EVENT_XFORWARD))                      \
	X(XFORWARD_PORT, SCOPE_FORWARDED, 255, EVENT_BIT(EVENT_XFORWARD))                      \
	X(XFORWARD_PROTO, SCOPE_FORWARDED, 64, EVENT_BIT(EVENT_XFORWARD))                      \
	X(XFORWARD_HELO, SCOPE_FORWARDED, 255, EVENT_BIT(EVENT_XFORWARD))                      \
	X(XFORWARD_IDENT, SCOPE_FORWARDED, 255, EVENT_BIT(EVENT_XFORWARD))                     \
	X(XFORWARD_SOURCE, SCOPE_FORWARDED, 255, EVENT_BIT(EVENT_XFORWARD))                    \
	X(USER, SCOPE_SESSION, 255, 0)                                                         \
	X(USER_SAFE, SCOPE_SESSION, 200, 0)                                                    \
	X(MESSAGE, SCOPE_CALL, 1024,                                                           \
	  EVENT_BIT(EVENT_SIZE) | EVENT_BIT(EVENT_RETRIEVE) | EVENT_BIT(EVENT_TOP))            \
	X(TOP_LINES, SCOPE_CALL, 20, EVENT_BIT(EVENT_TOP))                                     \
	X(ARGUMENT, SCOPE_CALL, 2048,                                                          \
	  EVENT_BIT(EVENT_NOOP) | EVENT_BIT(EVENT_VRFY) | EVENT_BIT(EVENT_EXPN) |              \
		  EVENT_BIT(EVENT_HELP) | EVENT_BIT(EVENT_ETRN) | EVENT_BIT(EVENT_COMMAND))

enum fact_name {
#define X(name, scope, most, events) FACT_##name,
	FACTS(X)
#undef X
		FACT_COUNT
};
#define FACT_FIRST_PUBLIC FACT_SESSION_ID

struct fact_info {
	const char *name;
	enum fact_scope scope;
	uint16_t most;    /* octets */
	event_set events; /* the parser may send it with these */
};

extern MS_API const struct fact_info fact_table[FACT_COUNT];

/* True for a fact that programs see as a variable; false for FACT_COUNT too. */
static inline bool fact_is_public(enum fact_name name)
{
	return name >= FACT_FIRST_PUBLIC && name < FACT_COUNT;
}

/* The fact whose variable is `name`, or FACT_COUNT. */
MS_API enum fact_name fact_by_name(struct span name);

struct fact {
	enum fact_name name;
	struct span value;
};

/* The most facts that one event carries. */
#define EVENT_FACTS_MAX 10

/* An event as an engine raises it. The spans live until the event is answered. */
struct event_call {
	enum event event;
	unsigned answers; /* verdicts expected: 1, or for LMTP's DELIVER one per accepted recipient
			   */
	unsigned count;
	struct fact facts[EVENT_FACTS_MAX];
};

/* Adds a fact; a call never holds more than EVENT_FACTS_MAX (a fault of ours). */
MS_API void event_add(struct event_call *call, enum fact_name name, struct span value);

/* The value, or SPAN_NONE when the event does not carry the fact. */
MS_API struct span event_fact(const struct event_call *call, enum fact_name name);

/*
 * True when no byte of the value can break out of the place it is put in: no
 * control characters (RFC 5321 2.3.8 leaves none in a value), within the limit of its
 * fact, and not beginning with "()". PASSWORD may hold any octet but NUL, RESPONSE any octet.
 */
MS_API bool fact_is_clean(enum fact_name name, struct span value);

/* Why a session ended; the words are the values of SESSION_END. */
#define SESSION_ENDS(X)         \
	X(QUIT, "quit")         \
	X(TIMEOUT, "timeout")   \
	X(EOF, "eof")           \
	X(LIMIT, "limit")       \
	X(SHUTDOWN, "shutdown") \
	X(ERROR, "error")

enum session_end {
#define X(name, word) END_##name,
	SESSION_ENDS(X)
#undef X
		END_COUNT
};

extern MS_API const char *const session_end_words[END_COUNT];

#endif
