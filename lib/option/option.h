/* SPDX-License-Identifier: ISC */
/*
 * option.h - the options of a session program: flags, environment, configuration file.
 *
 * table.h holds every option once; struct options has a typed field for each.  Precedence:
 * flag, environment, file, default; a higher layer replaces, repetition within a layer
 * appends to a list and replaces any other value.
 */
#ifndef MAILSESSION_OPTION_H
#define MAILSESSION_OPTION_H

#include "base/buffer.h"
#include "engine/event.h"
#include "mail/address.h"
#include "option/table.h"

#include <stdint.h>
#include <syslog.h> /* values of log_level: LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG */

/* All memory that texts and lists take, and the longest configuration file, octets. */
#define OPTIONS_ARENA    262144
#define OPTIONS_FILE_MAX 65536
/* Room for what options_load says, and for help and check. */
#define OPTIONS_ERROR_MAX 512
#define OPTIONS_TEXT_MAX  16384

enum sandbox_mode { SANDBOX_OFF, SANDBOX_ON, SANDBOX_REQUIRE };
enum bare_newline { BARE_NEWLINE_REJECT, BARE_NEWLINE_CLEAN };
enum insecure_auth { INSECURE_AUTH_NEVER, INSECURE_AUTH_LOCAL, INSECURE_AUTH_ALWAYS };
enum tls_mode { TLS_OFF, TLS_STARTTLS, TLS_IMPLICIT };
enum tls_version { TLS_1_2, TLS_1_3 };
enum line_ends { LINE_ENDS_LF, LINE_ENDS_CRLF };
enum option_log_format { OPTION_LOG_TEXT, OPTION_LOG_JSON, OPTION_LOG_JOURNAL };

/*
 * Options belong to the program that serves a protocol.  tls-session serves none, and shares some
 * of them: this stands for it.
 */
#define PROGRAM_TLS ((enum protocol)(PROTOCOL_POP3 + 1))
#define IN_TLS      (1U << PROGRAM_TLS)
#define IN_EVERY    (IN_ALL | IN_TLS)

/* Every item is followed by a NUL, so that item.base is a C string as well. */
struct option_list {
	struct span *items;
	unsigned count;
};

enum options_result {
	OPTIONS_RUN,
	OPTIONS_CHECK,   /* --check: loaded and sound; say what a session would do */
	OPTIONS_HELP,    /* --help: nothing else was looked at */
	OPTIONS_VERSION, /* --version: nothing else was looked at */
	OPTIONS_SESSION, /* --session and --ucspi of tls-session, instead of OPTIONS_RUN */
	OPTIONS_UCSPI,
	OPTIONS_ERROR, /* the text says why; exit 78. Every field has a value all the same. */
};

/* Where a value came from. */
enum option_layer { LAYER_DEFAULT, LAYER_FLAG, LAYER_ENVIRONMENT, LAYER_FILE };

struct option_source {
	enum option_layer layer;
	uint32_t line; /* of the file */
};

#define OPTION_NUMBERED(field, ...) OPTION_##field,
enum option_number {
	OPTIONS(OPTION_NUMBERED, OPTION_NUMBERED, OPTION_NUMBERED, OPTION_NUMBERED, OPTION_NUMBERED,
		OPTION_NUMBERED, OPTION_NUMBERED, OPTION_NUMBERED) OPTION_COUNT
};

/*
 * Large, and never zeroed as a whole: meant for static storage or malloc.  Nothing in it
 * points to argv, the environment or outside; it must not be moved.  Fields that are not
 * an option of the program are zero.
 */
struct options {
#define OPTION_NOTHING(field, ...)
#define OPTION_BOOL_FIELD(field, ...)                         bool field;
#define OPTION_SIZE_FIELD(field, ...)                         uint64_t field;
#define OPTION_NUMBER_FIELD(field, ...)                       uint32_t field;
#define OPTION_CHOICE_FIELD(field, name, programs, type, ...) type field;
#define OPTION_TEXT_FIELD(field, ...)                         const char *field; /* NULL: none */
#define OPTION_LIST_FIELD(field, ...)                         struct option_list field;
	OPTIONS(OPTION_NOTHING, OPTION_BOOL_FIELD, OPTION_SIZE_FIELD, OPTION_NUMBER_FIELD,
		OPTION_NUMBER_FIELD, OPTION_CHOICE_FIELD, OPTION_TEXT_FIELD, OPTION_LIST_FIELD)
	const char *directory;       /* the backend directory; NULL for tls-session */
	int operands;                /* tls-session: argv from here on is the program to run */
	struct option_list warnings; /* texts for the log: served all the same */
	struct option_source sources[OPTION_COUNT];
	size_t used; /* octets of the arena */
	_Alignas(16) char arena[OPTIONS_ARENA];
};

/*
 * Loads the options of the program for `protocol`.  argv and envp end with NULL; argv[0] is
 * not looked at, and a program without arguments (argc 0) has none.  `options` need not be
 * initialised; loading into a fresh one later reads everything anew.  On OPTIONS_ERROR
 * `error` (OPTIONS_ERROR_MAX suffice) holds a line that names the file, line and option.
 */
enum options_result options_load(struct options *options, enum protocol protocol, int argc,
				 char *const *argv, char *const *envp, struct buffer *error);

/* The defaults alone, for programs that bring their own configuration. */
void options_default(struct options *options, enum protocol protocol);

/* Is there a certificate to speak TLS with? Whether it is any good tls-session(8) knows. */
bool options_have_certificate(const struct options *options);

/* "smtp-session", "lmtp-session", "pop3-session", "tls-session". */
const char *option_program(enum protocol protocol);

/* The text of --help and of --version (OPTIONS_TEXT_MAX suffice). */
void options_help(struct buffer *text, enum protocol protocol);
void options_version(struct buffer *text, enum protocol protocol);

/*
 * Writes the flags that give `program` the values that it shares with us, "--name=value" and a NUL
 * each: what TLS, log and sandbox are to be like.
 */
void options_pass(struct buffer *flags, const struct options *options, enum protocol program);

/* A line for each option: name, effective value, source; the beginning of what --check prints. */
void options_print(struct buffer *text, const struct options *options, enum protocol protocol);

#endif
