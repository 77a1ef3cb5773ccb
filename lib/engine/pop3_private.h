/* SPDX-License-Identifier: ISC */
/*
 * pop3_private.h - what the files of the POP3 engine share.
 *
 * pop3.c goes from phase to phase; pop3_verb.c reads commands; one file each answers the
 * commands of a subject.  A handler writes the reply, or raises an event and leaves the
 * reply to the function that takes its verdict, or sets a phase.
 */
#ifndef MAILSESSION_POP3_PRIVATE_H
#define MAILSESSION_POP3_PRIVATE_H

#include "engine/ahead.h"
#include "engine/pop3.h"

enum pop3_phase {
	PHASE_COMMAND,     /* take the next line */
	PHASE_RESPONSE,    /* take the client's answer to a challenge */
	PHASE_CALL,        /* engine.call awaits its verdict */
	PHASE_CONTENT,     /* the backend yields a listing or a message */
	PHASE_MESSAGE_END, /* a message is over */
	PHASE_SIZES,       /* sizes that LIST or STAT want */
	PHASE_LISTING,     /* LIST or UIDL of the whole maildrop */
	PHASE_SECURE,      /* nothing may stand behind STLS */
	PHASE_MARKED,      /* IDs on their way to DELETE */
	PHASE_CLOSE,
	PHASE_COUNT
};

/* What a message is fetched for. */
enum pop3_purpose { PURPOSE_RETR, PURPOSE_TOP, PURPOSE_SIZE };

/* Room that every command finds: any reply that does not stream fits. */
#define REPLY_ROOM 2048

/* Longest line of XCLIENT with CRLF. */
#define POP3_TRUSTED_LINE_MAX 4096

/*
 * A phase goes on as far as it can.  True: something is needed from outside, named in
 * *next.  False: look at pop3->phase again.
 */
typedef bool pop3_phase_function(struct pop3 *pop3, struct input *input, enum engine_next *next);

pop3_phase_function pop3_next_response; /* pop3_login.c */
pop3_phase_function pop3_message_end;   /* pop3_message.c */
pop3_phase_function pop3_next_size;     /* pop3_message.c */
pop3_phase_function pop3_next_lines;    /* pop3_list.c */
pop3_phase_function pop3_next_secure;   /* pop3_stls.c */
pop3_phase_function pop3_next_marked;   /* pop3_update.c */

/* Takes the verdict on the event that was raised. */
typedef void pop3_verdict_function(struct pop3 *pop3, const struct verdict *verdict);

pop3_verdict_function pop3_on_auth, pop3_on_list;                   /* pop3_login.c */
pop3_verdict_function pop3_on_retrieve, pop3_on_size;               /* pop3_message.c */
pop3_verdict_function pop3_on_rset, pop3_on_noop;                   /* pop3_list.c */
pop3_verdict_function pop3_on_delete, pop3_on_quit, pop3_on_logout; /* pop3_update.c */
pop3_verdict_function pop3_on_login_delay, pop3_on_expire;          /* pop3_capa.c */
pop3_verdict_function pop3_on_command;                              /* pop3_verb.c */
pop3_verdict_function pop3_on_stls;                                 /* pop3_stls.c */
pop3_verdict_function pop3_on_xclient;                              /* pop3_trusted.c */

/* The content of a listing (pop3_login.c) and of a message (pop3_message.c). */
void pop3_listing_content(struct pop3 *pop3, struct content *content);
void pop3_message_content(struct pop3 *pop3, struct content *content);

/* What stands behind a verb. */
struct pop3_arguments {
	struct span text;
	uint32_t message; /* 0: none was given */
	uint64_t lines;   /* of TOP */
};

typedef void pop3_verb_function(struct pop3 *pop3, const struct pop3_arguments *arguments);

pop3_verb_function pop3_user, pop3_pass, pop3_apop, pop3_auth; /* pop3_login.c */
pop3_verb_function pop3_stat, pop3_list, pop3_uidl, pop3_dele, pop3_rset,
	pop3_noop;                                  /* pop3_list.c */
pop3_verb_function pop3_retr, pop3_top;             /* pop3_message.c */
pop3_verb_function pop3_quit;                       /* pop3_update.c */
pop3_verb_function pop3_capa, pop3_utf8, pop3_lang; /* pop3_capa.c */
pop3_verb_function pop3_stls;                       /* pop3_stls.c */
pop3_verb_function pop3_xclient;                    /* pop3_trusted.c */

/* What a RETR will ask when it comes, as engine_ops.ahead (pop3_message.c). */
bool pop3_ahead(struct engine *engine, const struct input *input, struct ahead *ahead);

/* Answers a command line without its CRLF (pop3_verb.c). */
void pop3_command(struct pop3 *pop3, struct span line);
bool pop3_disabled(const struct pop3 *pop3, struct span verb);

static inline bool pop3_handles(const struct pop3 *pop3, enum event event)
{
	return (pop3->config->handled & EVENT_BIT(event)) != 0;
}

/* May TLS begin now (POP-091)? */
static inline bool pop3_offers_stls(const struct pop3 *pop3)
{
	return pop3->state == POP3_AUTHORIZATION && !pop3->config->tls &&
	       pop3_handles(pop3, EVENT_STARTTLS) && !pop3_disabled(pop3, SPAN("STLS"));
}

/* Is there little that may be said in clear? */
static inline bool pop3_needs_tls(const struct pop3 *pop3)
{
	return pop3->config->tls_require && !pop3->config->tls;
}

/* True for a peer that may say who its client is. */
static inline bool pop3_may_xclient(const struct pop3 *pop3)
{
	return pop3_handles(pop3, EVENT_XCLIENT) && !pop3_disabled(pop3, SPAN("XCLIENT"));
}

/* Counts a line of the client's; false when it is one too many, and answered. */
bool pop3_admit(struct pop3 *pop3);

/* There is no input left: ENGINE_READ, or the end of the session. */
bool pop3_starved(struct pop3 *pop3, const struct input *input, enum engine_next *next);

/* Raises an event. The caller adds its facts, whose spans must stay until the verdict. */
struct event_call *pop3_raise(struct pop3 *pop3, enum event event);

/* Ends the session once the reply at hand is written. */
void pop3_close_after(struct pop3 *pop3, enum session_end end);

/* Ends the session here and now. */
void pop3_close(struct pop3 *pop3, enum session_end end);

/* Notes for the log what the backend did wrong. */
void pop3_fault(struct pop3 *pop3, const char *what, struct span detail);

/* ---- replies (pop3_reply.c) ------------------------------------------------------------------ */

/* A status line. `code` is a response code of RFC 2449 8 without its brackets, or "". */
void pop3_status(struct pop3 *pop3, bool ok, const char *code, struct span text);

static inline void pop3_ok(struct pop3 *pop3, struct span text)
{
	pop3_status(pop3, true, "", text);
}

/* -ERR to a command that was well-formed. */
static inline void pop3_err(struct pop3 *pop3, const char *code, struct span text)
{
	pop3_status(pop3, false, code, text);
}

/* -ERR to a command that was not: too many of them end the session (GEN-014). */
void pop3_error(struct pop3 *pop3, struct span text);

/* -ERR by the exit code of a verdict; its text refines `text`. */
void pop3_refuse(struct pop3 *pop3, const struct verdict *verdict, enum event event,
		 struct span text);

/*
 * As pop3_refuse, but at login: exit 67 and 68 are [AUTH], and text that begins with
 * [IN-USE], [LOGIN-DELAY], [SYS/TEMP] or [SYS/PERM] on exit 75 brings its own code.
 */
void pop3_refuse_login(struct pop3 *pop3, const struct verdict *verdict, const char *code,
		       struct span text);

/* Writes the status line that was kept while pop3->holding. */
void pop3_release(struct pop3 *pop3);

/* "maildrop has 2 messages" */
void pop3_ok_maildrop(struct pop3 *pop3);

#endif
