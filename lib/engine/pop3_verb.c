/* SPDX-License-Identifier: ISC */
/*
 * pop3_verb.c - the verbs of POP3: in which states, with what arguments (RFC 1939, 2449, 6856).
 *
 * The one list of verbs is here.  A line is taken apart and checked before its handler runs,
 * so that a handler sees a message that exists and is not marked as deleted.
 */
#include "engine/command.h"
#include "engine/pop3_private.h"

#include "base/ascii.h"
#include "base/number.h"
#include "base/utf8.h"
#include "mail/reply.h"

#define IN_AUTHORIZATION (1U << POP3_AUTHORIZATION)
#define IN_TRANSACTION   (1U << POP3_TRANSACTION)
#define IN_BOTH          (IN_AUTHORIZATION | IN_TRANSACTION)
#define IN_CLEAR         (1U << 7) /* even where TLS is required */

enum argument_rule {
	ARGUMENT_NONE,
	ARGUMENT_MESSAGE,       /* a message number */
	ARGUMENT_MAYBE_MESSAGE, /* ... or nothing */
	ARGUMENT_MESSAGE_LINES, /* a message number and a number of lines */
	ARGUMENT_TEXT,
	ARGUMENT_MAYBE_TEXT,
	ARGUMENT_PASSWORD, /* all that follows the verb and one blank, blanks too (RFC 1939 7) */
	ARGUMENT_SECRET,   /* text, wiped like a password when the verb has it */
	ARGUMENT_MAYBE_SECRET,
};

struct verb {
	struct span name;
	unsigned states;
	enum argument_rule rule;
	pop3_verb_function *run;
};

#define VERB(name, states, rule, run)                         \
	{                                                     \
		{ name, sizeof(name) - 1 }, states, rule, run \
	}

static const struct verb verbs[] = {
	VERB("USER", IN_AUTHORIZATION, ARGUMENT_TEXT, pop3_user),
	VERB("PASS", IN_AUTHORIZATION, ARGUMENT_PASSWORD, pop3_pass),
	VERB("APOP", IN_AUTHORIZATION, ARGUMENT_SECRET, pop3_apop),
	VERB("AUTH", IN_AUTHORIZATION, ARGUMENT_MAYBE_SECRET, pop3_auth),
	VERB("STLS", IN_AUTHORIZATION | IN_CLEAR, ARGUMENT_NONE, pop3_stls),
	VERB("XCLIENT", IN_AUTHORIZATION, ARGUMENT_TEXT, pop3_xclient),
	VERB("UTF8", IN_AUTHORIZATION, ARGUMENT_NONE, pop3_utf8),
	VERB("STAT", IN_TRANSACTION, ARGUMENT_NONE, pop3_stat),
	VERB("LIST", IN_TRANSACTION, ARGUMENT_MAYBE_MESSAGE, pop3_list),
	VERB("UIDL", IN_TRANSACTION, ARGUMENT_MAYBE_MESSAGE, pop3_uidl),
	VERB("RETR", IN_TRANSACTION, ARGUMENT_MESSAGE, pop3_retr),
	VERB("TOP", IN_TRANSACTION, ARGUMENT_MESSAGE_LINES, pop3_top),
	VERB("DELE", IN_TRANSACTION, ARGUMENT_MESSAGE, pop3_dele),
	VERB("RSET", IN_TRANSACTION, ARGUMENT_NONE, pop3_rset),
	VERB("NOOP", IN_TRANSACTION, ARGUMENT_NONE, pop3_noop),
	VERB("CAPA", IN_BOTH | IN_CLEAR, ARGUMENT_NONE, pop3_capa),
	VERB("LANG", IN_BOTH, ARGUMENT_MAYBE_TEXT, pop3_lang),
	VERB("QUIT", IN_BOTH | IN_CLEAR, ARGUMENT_NONE, pop3_quit),
};

static const struct verb *find_verb(struct span name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (span_equal_nocase(name, verbs[i].name))
			return &verbs[i];
	}
	return NULL;
}

static const struct span *find_word(struct span word, const struct span *words, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (span_equal_nocase(word, words[i]))
			return &words[i];
	}
	return NULL;
}

bool pop3_disabled(const struct pop3 *pop3, struct span verb)
{
	return find_word(verb, pop3->config->disabled, pop3->config->disabled_count) != NULL;
}

/* ---- arguments ------------------------------------------------------------------------------- */

/* Takes the next word; numbers may stand behind several blanks (POP-003). */
static struct span take_number(struct span *rest)
{
	*rest = span_trim(*rest);
	return span_take(rest, ' ');
}

/* A message that exists and is not marked (RFC 1939 5); the reply is written when it does not. */
static bool read_message(struct pop3 *pop3, struct span digits, uint32_t *message)
{
	uint64_t number;

	if (number_parse(digits, &number) == NUMBER_SYNTAX) {
		pop3_error(pop3, SPAN("the argument is a message number"));
		return false;
	}
	if (number == 0 || number > pop3->maildrop.count) {
		pop3_err(pop3, "", SPAN("no such message"));
		return false;
	}
	*message = (uint32_t)number;
	if (!maildrop_marked(&pop3->maildrop, *message))
		return true;
	pop3_err(pop3, "", SPAN("the message is deleted"));
	return false;
}

/* Takes the arguments apart; false when they are wrong and the reply is written. */
static bool read_arguments(struct pop3 *pop3, enum argument_rule rule,
			   struct pop3_arguments *arguments)
{
	struct span rest = arguments->text, first;

	if (rule == ARGUMENT_MAYBE_TEXT || rule == ARGUMENT_MAYBE_SECRET ||
	    (rule == ARGUMENT_MAYBE_MESSAGE && rest.len == 0))
		return true;
	if (rule == ARGUMENT_NONE) {
		if (rest.len == 0)
			return true;
		pop3_error(pop3, SPAN("there is no argument to this"));
		return false;
	}
	if (rest.len == 0) {
		pop3_error(pop3, SPAN("an argument is missing"));
		return false;
	}
	if (rule == ARGUMENT_TEXT || rule >= ARGUMENT_PASSWORD)
		return true;
	first = take_number(&rest);
	if (rule == ARGUMENT_MESSAGE_LINES &&
	    number_parse(take_number(&rest), &arguments->lines) != NUMBER_OK) {
		pop3_error(pop3, SPAN("the arguments are a message number and a number of lines"));
		return false;
	}
	if (span_trim(rest).len > 0) {
		pop3_error(pop3, SPAN("too many arguments"));
		return false;
	}
	return read_message(pop3, first, &arguments->message);
}

/* ---- verbs that a program adds (POP-130) ----------------------------------------------------- */

/* True when the text may reach a program: UTF-8 only after the UTF8 command (RFC 6856 2.1). */
static bool argument_fits(const struct pop3 *pop3, struct span text)
{
	return fact_is_clean(FACT_ARGUMENT, text) && !span_starts(text, SPAN("-")) &&
	       (utf8_is_ascii(text) || (pop3->utf8 && utf8_valid(text)));
}

/* False when no program has this verb here. */
static bool run_program(struct pop3 *pop3, struct span name, struct span text)
{
	const struct pop3_config *config = pop3->config;
	const struct span *verb = find_word(name, config->commands, config->command_count);
	struct span state = span_of(pop3->engine.ops->state(&pop3->engine));
	struct event_call *call;

	if (verb == NULL || !pop3_handles(pop3, EVENT_COMMAND) ||
	    !command_permitted(name, state, config->command_states, config->command_state_count))
		return false;
	if (!argument_fits(pop3, text)) {
		pop3_error(pop3, SPAN("the argument cannot be passed on"));
		return true;
	}
	call = pop3_raise(pop3, EVENT_COMMAND);
	event_add(call, FACT_VERB, *verb);
	event_add(call, FACT_SESSION_STATE, state);
	if (text.len > 0) {
		memcpy(pop3->scratch, text.base, text.len);
		event_add(call, FACT_ARGUMENT, (struct span){ pop3->scratch, text.len });
	}
	return true;
}

/* The lines behind the first make a multi-line reply; what does not fit is left out. */
static void write_lines(struct pop3 *pop3, struct span lines)
{
	struct buffer *out = &pop3->engine.out;

	while (lines.len > 0) {
		struct span line = span_take(&lines, '\n');
		size_t most = POP3_STATUS_MAX - 3;

		if (buffer_room(out) < POP3_STATUS_MAX + 3)
			break;
		if (line.len > 0 && line.base[0] == '.')
			buffer_byte(out, '.');
		reply_clean(out, span_trim_end(line), most, pop3->utf8);
		buffer_string(out, "\r\n");
	}
	buffer_string(out, ".\r\n");
}

void pop3_on_command(struct pop3 *pop3, const struct verdict *verdict)
{
	struct span lines = verdict->text;
	struct reply_line first = { .text = SPAN_NONE };

	if (!exit_accepts(verdict->exit)) {
		pop3_refuse(pop3, verdict, EVENT_COMMAND, SPAN("the command failed"));
		return;
	}
	reply_next_line(&lines, &first);
	pop3_ok(pop3, first.text);
	if (lines.len > 0)
		write_lines(pop3, lines);
}

/* ---- a line ---------------------------------------------------------------------------------- */

void pop3_command(struct pop3 *pop3, struct span line)
{
	struct pop3_arguments arguments = { .text = line };
	struct span name = span_trim_end(span_take(&arguments.text, ' '));
	const struct verb *verb = find_verb(name);

	if (verb == NULL || verb->rule != ARGUMENT_PASSWORD)
		arguments.text = span_trim_end(arguments.text);
	if (pop3_disabled(pop3, name))
		pop3_error(pop3, SPAN("the command is disabled"));
	else if (pop3_needs_tls(pop3) && (verb == NULL || (verb->states & IN_CLEAR) == 0))
		pop3_error(pop3, SPAN("TLS comes first: STLS"));
	else if (verb != NULL && (verb->states & 1U << pop3->state) == 0)
		pop3_error(pop3, pop3->state == POP3_AUTHORIZATION ? SPAN("log in first")
								   : SPAN("not after the login"));
	else if (verb != NULL && read_arguments(pop3, verb->rule, &arguments))
		verb->run(pop3, &arguments);
	else if (verb == NULL && !run_program(pop3, name, arguments.text))
		pop3_error(pop3, SPAN("unknown command"));
	/* The input is not read again, and a secret stays nowhere but where its event has it. */
	if (verb != NULL && verb->rule >= ARGUMENT_PASSWORD)
		span_wipe(arguments.text);
}
