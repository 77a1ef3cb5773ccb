/* SPDX-License-Identifier: ISC */
/*
 * smtp_private.h - what the files of the SMTP engine share.
 *
 * smtp.c goes from phase to phase; smtp_verb.c reads commands and says which verb is allowed
 * when; one file each answers the commands of a subject.  A handler sends a reply, or raises
 * an event and leaves the reply to the function that takes its verdict, or sets a phase.
 */
#ifndef MAILSESSION_SMTP_PRIVATE_H
#define MAILSESSION_SMTP_PRIVATE_H

#include "engine/ahead.h"
#include "engine/smtp.h"
#include "mail/reply.h"

/*
 * The replies that the engine has of its own, once: X(NAME, code, status code, counts as a
 * protocol error, text).  The codes are those of RFC 5321 4.2.3 and RFC 5248 2.4.
 */
#define SMTP_REPLIES(X)                                                                    \
	X(GREETING, 220, "", false, "")                                                    \
	X(HELLO, 250, "", false, "Hello")                                                  \
	X(OK, 250, "2.0.0", false, "OK")                                                   \
	X(SENDER_OK, 250, "2.1.0", false, "OK")                                            \
	X(RECIPIENT_OK, 250, "2.1.5", false, "OK")                                         \
	X(BYE, 221, "2.0.0", false, "Bye")                                                 \
	X(HELP, 214, "2.0.0", false, "")                                                   \
	X(BEGIN_TLS, 220, "2.0.0", false, "Ready to start TLS")                            \
	X(AUTHENTICATED, 235, "2.7.0", false, "Authentication successful")                 \
	X(NOT_VERIFIED, 252, "2.0.0", false, "Cannot verify, will take mail and try")      \
	X(NEEDS_UTF8, 252, "2.6.8", false, "The reply needs SMTPUTF8")                     \
	X(GO_AHEAD, 354, "", false, "End data with <CR><LF>.<CR><LF>")                     \
	X(TIMEOUT, 421, "4.4.2", false, "Timeout, closing")                                \
	X(SHUTDOWN, 421, "4.3.2", false, "Shutting down")                                  \
	X(FAULT, 421, "4.3.0", false, "Local fault, closing")                              \
	X(LIMIT, 421, "4.7.0", false, "Limit reached, closing")                            \
	X(TOO_MANY_ERRORS, 421, "4.7.0", false, "Too many errors, closing")                \
	X(TOO_MANY_COMMANDS, 421, "4.7.0", false, "Too many commands, closing")            \
	X(NOT_SMTP, 421, "4.7.0", false, "This is not what you think it is")               \
	X(FAR_TOO_BIG, 421, "4.7.0", false, "Message far too big, closing")                \
	X(TOO_MANY_LOGINS, 421, "4.7.0", false, "Too many failed logins, closing")         \
	X(TOO_MANY_RECIPIENTS, 452, "4.5.3", false, "Too many recipients")                 \
	X(NO_TLS, 454, "4.7.0", false, "TLS not available, try again later")               \
	X(AUTH_TROUBLE, 454, "4.7.0", false, "Temporary authentication failure")           \
	X(UNKNOWN, 500, "5.5.2", true, "Command not recognized")                           \
	X(BARE, 500, "5.5.2", true, "Lines end in CRLF; bare CR, bare LF or NUL refused")  \
	X(LINE_TOO_LONG, 500, "5.5.2", true, "Line too long")                              \
	X(AUTH_TOO_LONG, 500, "5.5.6", true, "Authentication exchange line too long")      \
	X(ARGUMENT, 501, "5.5.4", true, "Syntax error in argument")                        \
	X(NO_ARGUMENT, 501, "5.5.4", true, "No argument allowed")                          \
	X(ARGUMENT_NEEDED, 501, "5.5.4", true, "Argument required")                        \
	X(BRACKETS, 501, "5.5.2", true, "Address must stand in <>")                        \
	X(SENDER_SYNTAX, 501, "5.1.7", true, "Bad sender address")                         \
	X(RECIPIENT_SYNTAX, 501, "5.1.3", true, "Bad recipient address")                   \
	X(PARAMETER_SYNTAX, 501, "5.5.4", true, "Bad parameter")                           \
	X(AUTH_CANCELLED, 501, "5.7.0", true, "Authentication cancelled")                  \
	X(AUTH_NO_INITIAL, 501, "5.7.0", true, "This mechanism takes no initial response") \
	X(AUTH_NOT_BASE64, 501, "5.5.2", true, "Not base64")                               \
	X(AUTH_MALFORMED, 501, "5.5.2", true, "Malformed response")                        \
	X(NOT_HERE, 502, "5.5.1", true, "Command not implemented")                         \
	X(SEQUENCE, 503, "5.5.1", true, "Bad sequence of commands")                        \
	X(AUTH_UNKNOWN, 504, "5.5.4", true, "No such mechanism here")                      \
	X(AUTH_NEEDS_TLS, 504, "5.5.4", true, "This mechanism needs TLS")                  \
	X(AUTH_FAILED, 535, "5.7.8", false, "Authentication credentials invalid")          \
	X(NEEDS_TLS, 530, "5.7.0", true, "TLS required, STARTTLS comes first")             \
	X(AUTH_REQUIRED, 530, "5.7.0", true, "Authentication required")                    \
	X(UNTRUSTED, 550, "5.7.0", true, "Not permitted")                                  \
	X(NO_RELAY, 550, "5.7.1", false, "Relaying denied")                                \
	X(TOO_BIG, 552, "5.3.4", false, "Message too big")                                 \
	X(SENDER_UNSAFE, 553, "5.1.7", false, "Sender address not allowed")                \
	X(RECIPIENT_UNSAFE, 553, "5.1.3", false, "Recipient address not allowed")          \
	X(ADDRESS_NEEDS_UTF8, 553, "5.6.7", false, "Non-ASCII address without SMTPUTF8")   \
	X(INJECTED, 554, "5.5.0", false, "Nothing may follow STARTTLS, closing")           \
	X(BARE_CONTENT, 554, "5.6.0", false, "Bare CR or LF in message")                   \
	X(MAIL_LOOP, 554, "5.4.6", false, "Too many hops, mail loop")                      \
	X(PARAMETER_UNKNOWN, 555, "5.5.4", true, "Parameter not recognized or not implemented")

enum smtp_reply {
#define X(name, code, enhanced, counted, text) SMTP_SAY_##name,
	SMTP_REPLIES(X)
#undef X
		SMTP_SAY_COUNT
};

/* ---- smtp_reply.c: from words to octets ------------------------------------------------- */

/* A reply of the table. A counted one is counted here, and is 421 once there were too many. */
struct reply smtp_standard(struct smtp *smtp, enum smtp_reply which);

/* The same, refined by what a program said. */
struct reply smtp_refined(struct smtp *smtp, enum smtp_reply which, const struct verdict *verdict);

/* What a verdict comes to: `accepted` refined by the verdict, or the refusal that the exit code
 * means. */
struct reply smtp_judged(struct smtp *smtp, const struct verdict *verdict,
			 enum smtp_reply accepted);

/* Sends, or keeps for later (smtp->held), with the last touches: host name in 421, no status codes
 * to HELO. */
void smtp_send(struct smtp *smtp, struct reply reply);
void smtp_hold(struct smtp *smtp, struct reply reply);

/* Sends what is held. */
void smtp_send_held(struct smtp *smtp);

/* Sends a reply of the table. */
void smtp_say(struct smtp *smtp, enum smtp_reply which);

/* The session ends when the current command is answered; the first reason given stays. */
void smtp_close(struct smtp *smtp, enum session_end end);

/* ---- smtp.c ------------------------------------------------------------------------------ */

/* Raises an event; facts are added behind. */
struct event_call *smtp_raise(struct smtp *smtp, enum event event);

/* Will the backend be asked about `event`? */
bool smtp_handles(const struct smtp *smtp, enum event event);

/* Counts a line of the client's; false when it is one too many, and answered. */
bool smtp_admit(struct smtp *smtp);

/* There is no input left: ENGINE_READ, or the end of the session. */
bool smtp_starved(struct smtp *smtp, const struct input *input, enum engine_next *next);

/* Forgets the transaction; the state is S1 again unless there was no greeting yet (RFC
 * 5321 4.1.1.5). */
void smtp_reset(struct smtp *smtp);

/* ---- smtp_verb.c -------------------------------------------------------------------------- */

/* One line without its CRLF, which the handlers may change. */
void smtp_command(struct smtp *smtp, struct span line);

/* True when --disable-command names the verb. */
bool smtp_disabled(const struct smtp *smtp, struct span verb);

/* Writes the verbs in force, for HELP. */
void smtp_verbs(const struct smtp *smtp, struct buffer *out);

typedef void smtp_handler(struct smtp *smtp, struct span argument);
typedef void smtp_verdict_function(struct smtp *smtp, const struct verdict *verdict);
typedef bool smtp_phase_function(struct smtp *smtp, struct input *input, enum engine_next *next);

/* ---- smtp_hello.c: greeting and EHLO ----------------------------------------------------- */
smtp_handler smtp_helo, smtp_ehlo, smtp_lhlo;
smtp_verdict_function smtp_on_connect, smtp_on_helo, smtp_on_ehlo;

/* Adds HELO and HELO_TRACE, the latter in smtp->values; false when `argument` begins with no name.
 */
bool smtp_add_hello(struct smtp *smtp, struct event_call *call, struct span argument);

/* ---- smtp_keyword.c: what EHLO announces ------------------------------------------------- */

/* Is the EHLO keyword announced in this session? */
bool smtp_offers(const struct smtp *smtp, struct span keyword);

/* Is it a keyword that only --announce knows, so that its parameters are passed on unjudged? */
bool smtp_offers_foreign(const struct smtp *smtp, struct span keyword);

/* Writes the keywords, a line each, with those that the ehlo program printed. */
void smtp_keywords(const struct smtp *smtp, struct buffer *out, struct span more);

/* ---- smtp_auth.c: AUTH (RFC 4954) --------------------------------------------------------- */
smtp_handler smtp_auth;
smtp_verdict_function smtp_on_auth;
smtp_phase_function smtp_next_response;

/* ---- smtp_envelope.c: MAIL, RCPT, RSET ---------------------------------------------------- */
smtp_handler smtp_mail, smtp_rcpt, smtp_rset;
smtp_verdict_function smtp_on_mail, smtp_on_rcpt, smtp_on_rset;

/* What a RCPT will ask when it comes, as engine_ops.ahead. */
bool smtp_ahead(struct engine *engine, const struct input *input, struct ahead *ahead);

/* ---- smtp_message.c: DATA and what both ways of sending share ----------------------------- */
smtp_handler smtp_data;
smtp_verdict_function smtp_on_data, smtp_on_deliver;
smtp_phase_function smtp_next_data;

/* What the octets that were read so far bring upon the message; SMTP_SAY_OK when nothing. */
enum smtp_reply smtp_content_fault(const struct smtp *smtp);

/* The reply to a message that is refused for that, which the log will know. */
struct reply smtp_refuse_content(struct smtp *smtp, enum smtp_reply fault);

/* Hands `bytes` on as ENGINE_BODY, unless the message is refused anyway; true when there is
 * anything to hand on. */
bool smtp_emit(struct smtp *smtp, struct span bytes, enum engine_next *next);

/*
 * Before the first octet of a message: a blank there would make the line a part of the field that
 * is put before it, so an empty line is emitted; true when it was.
 */
bool smtp_part(struct smtp *smtp, char first, enum engine_next *next);

/*
 * Submission: emits the fields that are missing, where the header section ends (RFC 6409 8); true
 * when there was anything to emit.
 */
bool smtp_complete(struct smtp *smtp, enum engine_next *next);

/* Of `bytes`, as they were sent, those that may be taken before smtp_complete(): 0 when it is time.
 */
size_t smtp_header_octets(struct smtp *smtp, struct span bytes);

/* Decodes what is in input, at most *left octets of it, and emits it. */
bool smtp_decode(struct smtp *smtp, struct input *input, uint64_t *left, enum engine_next *next);

/* From ten times the size limit on the session ends with 421 (DATA-009); true when it did. */
bool smtp_far_too_big(struct smtp *smtp, uint64_t octets);

/* The message is whole and good: raises DELIVER. */
void smtp_deliver(struct smtp *smtp);

/*
 * The message is refused with the held reply: raises RSET, then sends it `replies` times. With
 * more chunks to come they are refused until RSET (RFC 3030 2).
 */
void smtp_abandon(struct smtp *smtp, uint32_t replies, bool more_chunks);

/* Replies that the end of a message gets: one, in LMTP one for each recipient (RFC 2033 4.2). */
uint32_t smtp_final_replies(const struct smtp *smtp);

/* ---- smtp_chunk.c: BDAT (RFC 3030) --------------------------------------------------------- */
smtp_handler smtp_bdat;
smtp_phase_function smtp_next_chunk, smtp_next_swallow;

/* The data program refused the first chunk with the held reply. */
void smtp_chunk_refused(struct smtp *smtp);

/* ---- smtp_other.c ------------------------------------------------------------------------- */
smtp_handler smtp_noop, smtp_help, smtp_quit, smtp_vrfy, smtp_expn, smtp_etrn;
smtp_verdict_function smtp_on_noop, smtp_on_help, smtp_on_quit, smtp_on_vrfy, smtp_on_etrn,
	smtp_on_command;

/* True when the verb is one of command-VERB, and was dealt with. */
bool smtp_custom(struct smtp *smtp, struct span verb, struct span argument);

/* ---- smtp_starttls.c ---------------------------------------------------------------------- */
smtp_handler smtp_starttls;
smtp_verdict_function smtp_on_starttls;
smtp_phase_function smtp_next_secure;

/* Is the command to be refused since nobody has logged in (RFC 6409 4.3)? */
static inline bool smtp_needs_login(const struct smtp *smtp)
{
	return smtp->config->submission && !smtp->authenticated;
}

/* Is the command to be refused since it came in clear (RFC 3207 4)? */
static inline bool smtp_needs_tls(const struct smtp *smtp)
{
	return smtp->config->tls_require && !smtp->config->tls;
}

/* ---- smtp_trusted.c: XCLIENT and XFORWARD ------------------------------------------------- */
smtp_handler smtp_xclient, smtp_xforward;
smtp_verdict_function smtp_on_xclient, smtp_on_xforward;

/* Write the names of the attributes, a blank before each, for the EHLO keywords. */
void smtp_put_xclient(const struct smtp *smtp, struct buffer *out);
void smtp_put_xforward(const struct smtp *smtp, struct buffer *out);

#endif
