/* SPDX-License-Identifier: ISC */
/*
 * smtp_verb.c - reading commands: which verb, in which state, with which argument.
 *
 * The one table of verbs.  Order of judgement: unknown 500, not offered 502, argument
 * 501, moment 503, then the verb's own function (RFC 5321 4.2.4, 4.1.4).
 */
#include "engine/smtp_private.h"

#include "base/ascii.h"
#include "base/utf8.h"

/* Sets of states: the columns of the table. */
#define S0     (1U << SMTP_CONNECTED)
#define S1     (1U << SMTP_GREETED)
#define S2     (1U << SMTP_MAIL)
#define S3     (1U << SMTP_RCPT)
#define S4     (1U << SMTP_CHUNKS)
#define S5     (1U << SMTP_CHUNKS_FAILED)
#define S_ANY  (S0 | S1 | S2 | S3 | S4 | S5)
#define S_QUIT (S_ANY | 1U << SMTP_REFUSED)

/* What is allowed behind the verb. */
enum argument_rule { ARG_NONE, ARG_MAYBE, ARG_MUST };

enum {
	PLAIN = 1U << 0,     /* replies carry no status codes (RFC 2034 3, ESC-002) */
	ONLY_SMTP = 1U << 1, /* in LMTP the verb is unknown (RFC 2033 4.1) */
	ONLY_LMTP = 1U << 2, /* in SMTP the verb is unknown */
	HIGH = 1U << 3,      /* octets above US-ASCII are judged by the verb (RFC 6531 3.3) */
	JUDGES = 1U << 4,  /* the verb judges everything itself: octets follow that must be read */
	ASKED = 1U << 5,   /* offered only when the backend handles its event */
	ABSENT = 1U << 6,  /* known and not offered; a command program may take it */
	TRUSTED = 1U << 7, /* offered only to peers whose event is handled; others hear 550 */
	CLEAR = 1U << 8,   /* taken before TLS even where that is required (RFC 3207 4) */
	ONCE = 1U << 9,    /* within TLS out of sequence, whatever is offered */
	SASL = 1U << 10,   /* offered only with a mechanism */
	SECRET = 1U << 11, /* the line is wiped when the verb has it */
};

/*
 * The state table (conformance 2.6); "." is 503, and the function decides what follows.
 *
 *	           S0 S1 S2 S3 S4 S5
 *	EHLO HELO  x  x  x  x  x  x   to S1
 *	MAIL       .  x  .  .  .  .   to S2
 *	RCPT       .  .  x  x  .  .   to S3
 *	DATA       .  .  .  x  .  .   to S1 after the message
 *	BDAT       .  .  .  x  x  .   to S4, with LAST to S1; refused chunks are read first
 *	RSET       x  x  x  x  x  x   to S1, S0 stays
 *	AUTH ETRN  .  x  .  .  .  .
 *	STARTTLS   .  x  .  .  .  .   ends this engine; 503 after HELO and within TLS
 *	XCLIENT    x  x  .  .  .  .   to S0
 *	XFORWARD   x  x  .  .  .  .
 *	others     x  x  x  x  x  x
 */
static const struct verb {
	const char *name;
	unsigned states;
	enum argument_rule argument;
	unsigned flags;
	enum event event; /* of ASKED and TRUSTED */
	smtp_handler *handler;
} verb_table[] = {
	{ "RCPT", S2 | S3, ARG_MUST, HIGH, 0, smtp_rcpt },
	{ "MAIL", S1, ARG_MUST, HIGH, 0, smtp_mail },
	{ "DATA", S3, ARG_NONE, 0, 0, smtp_data },
	{ "BDAT", S3 | S4, ARG_MUST, HIGH | JUDGES, 0, smtp_bdat },
	{ "EHLO", S_ANY, ARG_MUST, PLAIN | ONLY_SMTP | CLEAR, 0, smtp_ehlo },
	{ "HELO", S_ANY, ARG_MUST, PLAIN | ONLY_SMTP | CLEAR, 0, smtp_helo },
	{ "LHLO", S_ANY, ARG_MUST, PLAIN | ONLY_LMTP | CLEAR, 0, smtp_lhlo },
	{ "STARTTLS", S1, ARG_NONE, ASKED | CLEAR | ONCE, EVENT_STARTTLS, smtp_starttls },
	{ "RSET", S_ANY, ARG_NONE, CLEAR, 0, smtp_rset },
	{ "NOOP", S_ANY, ARG_MAYBE, CLEAR, 0, smtp_noop },
	{ "QUIT", S_QUIT, ARG_NONE, CLEAR, 0, smtp_quit },
	{ "VRFY", S_ANY, ARG_MUST, HIGH, 0, smtp_vrfy },
	{ "EXPN", S_ANY, ARG_MUST, HIGH | ASKED, EVENT_EXPN, smtp_expn },
	{ "HELP", S_ANY, ARG_MAYBE, CLEAR, 0, smtp_help },
	{ "ETRN", S1, ARG_MUST, ASKED, EVENT_ETRN, smtp_etrn },
	{ "XCLIENT", S0 | S1, ARG_MUST, TRUSTED, EVENT_XCLIENT, smtp_xclient },
	{ "XFORWARD", S0 | S1, ARG_MUST, TRUSTED, EVENT_XFORWARD, smtp_xforward },
	{ "AUTH", S1, ARG_MUST, SASL | SECRET, 0, smtp_auth },
	{ "TURN", 0, ARG_NONE, ABSENT, 0, NULL },
	{ "SEND", 0, ARG_MUST, ABSENT, 0, NULL },
	{ "SOML", 0, ARG_MUST, ABSENT, 0, NULL },
	{ "SAML", 0, ARG_MUST, ABSENT, 0, NULL },
};

static const struct verb *find(struct span name)
{
	for (size_t i = 0; i < sizeof(verb_table) / sizeof(*verb_table); i++) {
		if (span_equal_nocase(name, span_of(verb_table[i].name)))
			return &verb_table[i];
	}
	return NULL;
}

bool smtp_disabled(const struct smtp *smtp, struct span verb)
{
	return span_listed(verb, smtp->config->disabled, smtp->config->disabled_count);
}

/* Is the verb one of this protocol? */
static bool belongs(const struct smtp *smtp, const struct verb *verb)
{
	return (verb->flags & (smtp->config->protocol == PROTOCOL_LMTP ? ONLY_SMTP : ONLY_LMTP)) ==
	       0;
}

static bool offered(const struct smtp *smtp, const struct verb *verb)
{
	return (verb->flags & ABSENT) == 0 &&
	       ((verb->flags & SASL) == 0 ||
		((smtp->config->mechanisms.now | smtp->config->mechanisms.with_tls) & SASL_NAMED) !=
			0) &&
	       ((verb->flags & (ASKED | TRUSTED)) == 0 || smtp_handles(smtp, verb->event));
}

/* What stands against the command, or SMTP_SAY_OK. */
static enum smtp_reply judge(const struct smtp *smtp, const struct verb *verb, struct span argument)
{
	if ((verb->flags & ONCE) != 0 && smtp->config->tls)
		return SMTP_SAY_SEQUENCE;
	if (!offered(smtp, verb))
		return (verb->flags & TRUSTED) != 0 ? SMTP_SAY_UNTRUSTED : SMTP_SAY_NOT_HERE;
	if ((verb->flags & HIGH) == 0 && !utf8_is_ascii(argument))
		return SMTP_SAY_ARGUMENT; /* RFC 5321 2.4 */
	if (verb->argument == ARG_NONE && argument.len > 0)
		return SMTP_SAY_NO_ARGUMENT;
	if (verb->argument == ARG_MUST && argument.len == 0)
		return SMTP_SAY_ARGUMENT_NEEDED;
	return (verb->states & 1U << smtp->state) == 0 ? SMTP_SAY_SEQUENCE : SMTP_SAY_OK;
}

void smtp_command(struct smtp *smtp, struct span line)
{
	const struct verb *verb;
	struct span argument, name;
	enum smtp_reply fault;

	/* RFC 5321 4.1.1: blanks at the end are tolerated. The copy outlives the input. */
	line = span_trim_end(line);
	memcpy(smtp->command, line.base, line.len);
	argument = (struct span){ smtp->command, line.len };
	for (name = argument, name.len = 0;
	     name.len < line.len && !ascii_is_blank(line.base[name.len]);)
		name.len++;
	argument = span_trim(span_from(argument, name.len));

	verb = find(name);
	smtp->plain = verb != NULL && (verb->flags & PLAIN) != 0;
	if (verb != NULL && (verb->flags & JUDGES) != 0) {
		verb->handler(smtp, argument);
		return;
	}
	if (smtp->state == SMTP_REFUSED &&
	    (verb == NULL || (verb->states & 1U << SMTP_REFUSED) == 0))
		fault = SMTP_SAY_SEQUENCE; /* RFC 5321 3.1 */
	else if (smtp_needs_tls(smtp) && (verb == NULL || (verb->flags & CLEAR) == 0))
		fault = SMTP_SAY_NEEDS_TLS;
	else if (smtp_needs_login(smtp) && verb != NULL && (verb->flags & (CLEAR | SASL)) == 0)
		fault = SMTP_SAY_AUTH_REQUIRED;
	else if (smtp_disabled(smtp, name))
		fault = SMTP_SAY_NOT_HERE;
	else if ((verb == NULL || (verb->flags & ABSENT) != 0) && smtp_custom(smtp, name, argument))
		return;
	else if (verb == NULL || !belongs(smtp, verb))
		fault = SMTP_SAY_UNKNOWN;
	else
		fault = judge(smtp, verb, argument);
	if (fault == SMTP_SAY_OK)
		verb->handler(smtp, argument);
	else
		smtp_say(smtp, fault);
	/* The input is not read again, and a secret stays nowhere but where its event has it. */
	if (verb != NULL && (verb->flags & SECRET) != 0) {
		span_wipe(span_from(line, name.len));
		span_wipe(argument);
	}
}

void smtp_verbs(const struct smtp *smtp, struct buffer *out)
{
	for (size_t i = 0; i < sizeof(verb_table) / sizeof(*verb_table); i++) {
		const struct verb *verb = &verb_table[i];

		if (!belongs(smtp, verb) || !offered(smtp, verb) ||
		    smtp_disabled(smtp, span_of(verb->name)))
			continue;
		if (out->len > 0)
			buffer_byte(out, ' ');
		buffer_string(out, verb->name);
	}
	for (unsigned i = 0; i < smtp->config->command_count; i++) {
		buffer_byte(out, ' ');
		buffer_put(out, smtp->config->commands[i]);
	}
}
