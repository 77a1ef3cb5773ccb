/* SPDX-License-Identifier: ISC */
/*
 * row.h - a row of the option table, and what can be done with its value.
 *
 * For the files of this folder and the generator of documents; programs use option.h.
 */
#ifndef MAILSESSION_OPTION_ROW_H
#define MAILSESSION_OPTION_ROW_H

#include "option/option.h"

enum option_kind {
	KIND_ACTION, /* a flag without a field */
	KIND_BOOL,
	KIND_SIZE,
	KIND_COUNT,
	KIND_SECONDS,
	KIND_CHOICE,
	KIND_TEXT,
	KIND_LIST,
	KIND_COUNT_OF,
};

/* Headings of --help and of the manual pages. */
#define OPTION_SECTIONS(X)        \
	X(GENERAL, "General")     \
	X(LISTENING, "Listening") \
	X(LIMITS, "Limits")       \
	X(TIMES, "Time limits")   \
	X(PROTOCOL, "Protocol")   \
	X(TLS, "TLS")             \
	X(BACKEND, "Backend")     \
	X(LOGGING, "Logging")

enum option_section {
#define X(name, heading) SECTION_##name,
	OPTION_SECTIONS(X)
#undef X
		SECTION_COUNT
};

extern const char *const option_headings[SECTION_COUNT];

/* One word of a choice; a NULL word ends the list. */
struct option_word {
	const char *word;
	int value;
};

/* What a text or an item of a list must be. `holds` may change letters to upper case. */
struct option_rule {
	bool (*holds)(char *text, size_t len, enum protocol protocol);
	const char *what; /* "a domain name" */
};

struct option_row {
	const char *name;
	enum option_kind kind;
	unsigned protocols; /* bits IN_SMTP, IN_LMTP, IN_POP3 */
	enum option_section section;
	size_t offset;                   /* of the field in struct options */
	enum options_result action;      /* KIND_ACTION */
	const char *fallback;            /* default of SMTP and LMTP, or NULL */
	const char *fallback_pop3;       /* default of POP3, or NULL */
	uint64_t least, most;            /* KIND_SIZE, KIND_COUNT, KIND_SECONDS */
	const struct option_word *words; /* KIND_CHOICE */
	const struct option_rule *rule;  /* KIND_TEXT, KIND_LIST */
	const char *argument;            /* name of the value in --help */
	const char *help;                /* one line */
	const char *manual;              /* what the manual page adds to it */
};

extern const struct option_row option_rows[OPTION_COUNT];

static inline bool option_serves(const struct option_row *row, enum protocol protocol)
{
	return (row->protocols & 1U << protocol) != 0;
}

static inline const char *option_fallback(const struct option_row *row, enum protocol protocol)
{
	return protocol == PROTOCOL_POP3 ? row->fallback_pop3 : row->fallback;
}

/* The folder below SYSCONFDIR/mail-session that is the default backend directory. */
const char *option_directory(enum protocol protocol);

/* Rules of texts and items, by the names that table.h uses. */
extern const struct option_rule rule_account, rule_days, rule_domain, rule_file, rule_hostname,
	rule_keyword, rule_line, rule_mechanism, rule_network, rule_pattern, rule_state, rule_text,
	rule_verb;

/* A value of any kind but a list; an item of a list is a text. */
union option_value {
	uint64_t number; /* yes, a size, a count, seconds */
	int choice;
	const char *text; /* NULL: none */
};

/*
 * Reads `len` octets of `text`, which a NUL follows and which must live as long as the value.
 * False when that is no value of the row.
 */
bool option_parse(const struct option_row *row, enum protocol protocol, char *text, size_t len,
		  union option_value *value);

/* Puts a value into its field. Not for lists. */
void option_store(struct options *options, const struct option_row *row, union option_value value);

/* Writes what a value must be: "a number from 1 to 64", "one of lf, crlf". */
void option_expect(struct buffer *text, const struct option_row *row);

/* Writes the value of a field in the form in which it can be given. Nothing for an empty one. */
void option_put(struct buffer *text, const struct option_row *row, const struct options *options);

#endif
