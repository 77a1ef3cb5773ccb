/* SPDX-License-Identifier: ISC */
/* table.c - the rows of the option table, and the words of its choices. */
#include "option/row.h"

#include <stddef.h>

/* Time spans end at a week: longer ones are mistakes, and poll(2) could not wait for them. */
#define SECONDS_MOST 604800
/* Ten times the size limit must be a number, too. */
#define SIZE_MOST ((uint64_t)1 << 50)

static const struct option_word sandbox_words[] = {
	{ "on", SANDBOX_ON }, { "off", SANDBOX_OFF }, { "require", SANDBOX_REQUIRE }, { NULL, 0 }
};
static const struct option_word charset_words[] = { { "safe", ADDRESS_SAFE },
						    { "rfc", ADDRESS_RFC },
						    { NULL, 0 } };
static const struct option_word newline_words[] = { { "reject", BARE_NEWLINE_REJECT },
						    { "clean", BARE_NEWLINE_CLEAN },
						    { NULL, 0 } };
static const struct option_word insecure_words[] = { { "never", INSECURE_AUTH_NEVER },
						     { "local", INSECURE_AUTH_LOCAL },
						     { "always", INSECURE_AUTH_ALWAYS },
						     { NULL, 0 } };
static const struct option_word line_end_words[] = { { "lf", LINE_ENDS_LF },
						     { "crlf", LINE_ENDS_CRLF },
						     { NULL, 0 } };
static const struct option_word format_words[] = { { "text", OPTION_LOG_TEXT },
						   { "json", OPTION_LOG_JSON },
						   { "journal", OPTION_LOG_JOURNAL },
						   { NULL, 0 } };
static const struct option_word tls_words[] = {
	{ "implicit", TLS_IMPLICIT }, { "starttls", TLS_STARTTLS }, { "off", TLS_OFF }, { NULL, 0 }
};
static const struct option_word tls_version_words[] = { { "1.2", TLS_1_2 },
							{ "1.3", TLS_1_3 },
							{ NULL, 0 } };
static const struct option_word level_words[] = {
	{ "err", LOG_ERR },   { "warning", LOG_WARNING }, { "notice", LOG_NOTICE },
	{ "info", LOG_INFO }, { "debug", LOG_DEBUG },     { NULL, 0 }
};

const char *const option_headings[SECTION_COUNT] = {
#define X(name, heading) heading,
	OPTION_SECTIONS(X)
#undef X
};

/* clang-format off */
#define ROW_NUMBER(field, title, in, value, pop3, from, to, part, kind_of, unit, text, more)  \
	[OPTION_##field] = { .name = title, .kind = kind_of, .protocols = in,                  \
			     .section = SECTION_##part, .offset = offsetof(struct options, field), \
			     .fallback = value, .fallback_pop3 = pop3, .least = from, .most = to,  \
			     .argument = unit, .help = text, .manual = more },
#define ROW_ACTION(field, title, in, result, part, text, more)                                 \
	[OPTION_##field] = { .name = title, .kind = KIND_ACTION, .protocols = in,              \
			     .section = SECTION_##part, .action = result,                      \
			     .help = text, .manual = more },
#define ROW_BOOL(field, title, in, part, text, more)                                           \
	[OPTION_##field] = { .name = title, .kind = KIND_BOOL, .protocols = in,                \
			     .section = SECTION_##part, .offset = offsetof(struct options, field), \
			     .fallback = "no", .fallback_pop3 = "no",                          \
			     .help = text, .manual = more },
#define ROW_SIZE(field, title, in, value, from, to, part, text, more) \
	ROW_NUMBER(field, title, in, value, value, from, to, part, KIND_SIZE, "SIZE", text, more)
#define ROW_COUNT(field, title, in, value, from, to, part, text, more) \
	ROW_NUMBER(field, title, in, value, value, from, to, part, KIND_COUNT, "N", text, more)
#define ROW_SECONDS(field, title, in, value, pop3, from, to, part, text, more) \
	ROW_NUMBER(field, title, in, value, pop3, from, to, part, KIND_SECONDS, "TIME", text, more)
#define ROW_CHOICE(field, title, in, type, list, value, part, text, more)                      \
	[OPTION_##field] = { .name = title, .kind = KIND_CHOICE, .protocols = in,              \
			     .section = SECTION_##part, .offset = offsetof(struct options, field), \
			     .fallback = value, .fallback_pop3 = value, .words = list,         \
			     .help = text, .manual = more },
#define ROW_TEXT(field, title, in, value, unit, must, part, text, more)                        \
	[OPTION_##field] = { .name = title, .kind = KIND_TEXT, .protocols = in,                \
			     .section = SECTION_##part, .offset = offsetof(struct options, field), \
			     .fallback = value, .fallback_pop3 = value, .rule = &rule_##must,  \
			     .argument = unit, .help = text, .manual = more },
#define ROW_LIST(field, title, in, unit, must, part, text, more)                               \
	[OPTION_##field] = { .name = title, .kind = KIND_LIST, .protocols = in,                \
			     .section = SECTION_##part, .offset = offsetof(struct options, field), \
			     .rule = &rule_##must, .argument = unit, .help = text, .manual = more },
/* clang-format on */

const struct option_row option_rows[OPTION_COUNT] = { OPTIONS(
	ROW_ACTION, ROW_BOOL, ROW_SIZE, ROW_COUNT, ROW_SECONDS, ROW_CHOICE, ROW_TEXT, ROW_LIST) };

static const struct {
	const char *program;
	const char *directory;
} programs[] = {
	[PROTOCOL_SMTP] = { "smtp-session", MS_SYSCONFDIR "/mail-session/smtp" },
	[PROTOCOL_LMTP] = { "lmtp-session", MS_SYSCONFDIR "/mail-session/lmtp" },
	[PROTOCOL_POP3] = { "pop3-session", MS_SYSCONFDIR "/mail-session/pop3" },
	[PROGRAM_TLS] = { "tls-session", NULL },
};

const char *option_program(enum protocol protocol)
{
	return programs[protocol].program;
}

const char *option_directory(enum protocol protocol)
{
	return programs[protocol].directory;
}
