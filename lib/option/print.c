/* SPDX-License-Identifier: ISC */
/* print.c - the option table in words: --help, --version, and the first part of --check. */
#include "option/row.h"

#include "base/ascii.h"

/* Fills up to `column` of the line that began at `from`; on a new line when it is past that. */
static void pad(struct buffer *text, size_t from, size_t column)
{
	if (text->len + 1 > from + column) {
		buffer_byte(text, '\n');
		from = text->len;
	}
	while (text->len < from + column && buffer_byte(text, ' '))
		;
}

static void put_argument(struct buffer *text, const struct option_row *row)
{
	if (row->argument != NULL)
		buffer_string(text, row->argument);
	for (const struct option_word *word = row->words; word != NULL && word->word != NULL;
	     word++) {
		buffer_string(text, word == row->words ? "" : "|");
		buffer_string(text, word->word);
	}
}

/* "  --size-limit SIZE          octets of a message; 0: no limit (50M)" */
static void put_row(struct buffer *text, const struct option_row *row, enum protocol protocol)
{
	const char *fallback = option_fallback(row, protocol);
	size_t start = text->len;

	buffer_string(text, "  --");
	buffer_string(text, row->name);
	if (row->kind != KIND_ACTION && row->kind != KIND_BOOL) {
		buffer_byte(text, ' ');
		put_argument(text, row);
	}
	pad(text, start, 32);
	buffer_string(text, row->help);
	if (fallback != NULL && row->kind != KIND_BOOL) {
		buffer_string(text, " (");
		buffer_string(text, fallback);
		buffer_byte(text, ')');
	}
	buffer_byte(text, '\n');
}

static void put_usage(struct buffer *text, enum protocol protocol)
{
	static const char *const names[] = { "SMTP", "LMTP", "POP3" };

	buffer_string(text, "Usage: ");
	buffer_string(text, option_program(protocol));
	if (protocol == PROGRAM_TLS) {
		buffer_string(text, " [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
				    "Speaks TLS on fd 0 and 1, and what is inside with PROGRAM.\n");
		return;
	}
	buffer_string(text, " [OPTION]... [DIRECTORY]\nServes ");
	buffer_string(text, names[protocol]);
	buffer_string(text,
		      " on fd 0 and 1 or where it listens. The programs in DIRECTORY decide;\n"
		      "by default ");
	buffer_string(text, option_directory(protocol));
	buffer_string(text, ".\n");
}

void options_help(struct buffer *text, enum protocol protocol)
{
	put_usage(text, protocol);
	for (unsigned section = 0; section < SECTION_COUNT; section++) {
		bool headed = false;

		for (size_t i = 0; i < OPTION_COUNT; i++) {
			const struct option_row *row = &option_rows[i];

			if (row->section != section || !option_serves(row, protocol))
				continue;
			if (!headed) {
				buffer_byte(text, '\n');
				buffer_string(text, option_headings[section]);
				buffer_string(text, ":\n");
			}
			headed = true;
			put_row(text, row, protocol);
		}
	}
	if (protocol == PROGRAM_TLS) {
		buffer_string(
			text,
			"\n--tls-min 1.3 may also stand in the environment, MAILSESSION_TLS_MIN=1.3,\n"
			"and in FILE, tls-min 1.3. Flags come first, then environment, then FILE.\n");
		return;
	}
	buffer_string(
		text,
		"\nSIZE: digits, then perhaps K, M or G. TIME: seconds, or digits and s, m or h.\n"
		"--size-limit 50M may also stand in the environment, MAILSESSION_SIZE_LIMIT=50M,\n"
		"and in FILE, size-limit 50M. Flags come first, then environment, then FILE.\n");
}

void options_version(struct buffer *text, enum protocol protocol)
{
	buffer_string(text, option_program(protocol));
	buffer_string(text, " " MS_VERSION "\n");
}

static void put_source(struct buffer *text, const struct options *options,
		       const struct option_row *row)
{
	const struct option_source *source = &options->sources[row - option_rows];

	if (source->layer == LAYER_FLAG) {
		buffer_string(text, "flag");
	} else if (source->layer == LAYER_ENVIRONMENT) {
		buffer_string(text, "MAILSESSION_");
		for (const char *c = row->name; *c != '\0'; c++)
			buffer_byte(text, *c == '-' ? '_' : ascii_upper(*c));
	} else if (source->layer == LAYER_FILE) {
		buffer_string(text, options->config);
		buffer_byte(text, ':');
		buffer_number(text, source->line);
	} else {
		buffer_string(text, "default");
	}
}

void options_print(struct buffer *text, const struct options *options, enum protocol protocol)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_rows[i];
		size_t start = text->len;
		size_t empty;

		if (row->kind == KIND_ACTION || !option_serves(row, protocol))
			continue;
		buffer_string(text, row->name);
		pad(text, start, 22);
		empty = text->len;
		option_put(text, row, options);
		if (text->len == empty)
			buffer_byte(text, '-');
		pad(text, start, 44);
		buffer_byte(text, '(');
		put_source(text, options, row);
		buffer_string(text, ")\n");
	}
}

void options_pass(struct buffer *flags, const struct options *options, enum protocol program)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_rows[i];
		size_t start = flags->len, empty;

		if (!option_serves(row, program) || row->kind == KIND_ACTION ||
		    (row->section != SECTION_TLS && row->section != SECTION_LOGGING &&
		     i != OPTION_sandbox))
			continue;
		buffer_string(flags, "--");
		buffer_string(flags, row->name);
		buffer_byte(flags, '=');
		empty = flags->len;
		option_put(flags, row, options);
		if (flags->len == empty)
			flags->len = start;
		else
			buffer_byte(flags, '\0');
	}
}
