/* SPDX-License-Identifier: ISC */
/* load.c - options from defaults, then flags, environment and file, in this order. */
#include "option/loader.h"

#include "base/ascii.h"
#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

/*
 * The session's name is the system's if that has a dot (SMTP-002: never an unqualified one);
 * without a name the session goes by its local address.
 */
static bool name_host(const struct loader *loader)
{
	char name[256];
	struct span span;

	if (gethostname(name, sizeof(name)) != 0)
		return true;
	name[sizeof(name) - 1] = '\0';
	span = span_of(name);
	return span_find(span, '.') == span.len || !domain_valid(span, false) ||
	       loader_assign(loader, &option_rows[OPTION_hostname], span);
}

/* Sets every option of the program to its default, which is always a good value. */
static bool load_defaults(struct loader *loader)
{
	struct options *options = loader->options;
	bool good = true;

	memset(options, 0, offsetof(struct options, arena));
	options->directory = option_directory(loader->protocol);
	loader->layer = LAYER_DEFAULT;
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const char *value = option_fallback(&option_rows[i], loader->protocol);

		options->sources[i].layer = LAYER_DEFAULT;
		if (value != NULL && option_serves(&option_rows[i], loader->protocol))
			good &= loader_assign(loader, &option_rows[i], span_of(value));
	}
	return good;
}

static const struct option_row *row_by_name(struct span name)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (span_is(name, option_rows[i].name))
			return &option_rows[i];
	}
	return NULL;
}

/* A positional argument: the backend directory. */
static bool take_directory(struct loader *loader, struct span argument)
{
	const char *preset = option_directory(loader->protocol);
	char *directory = loader_copy(loader->options, argument);

	if (loader->options->directory != preset || argument.len == 0) {
		loader_quote(loader->error, argument);
		buffer_string(loader->error, argument.len == 0 ? " is no directory"
							       : " is one directory too many");
		return false;
	}
	if (directory == NULL)
		return loader_refuse(loader, argument, "no room");
	loader->options->directory = directory;
	return true;
}

/*
 * One flag: `--name=value`, `--name value`, or `--name` for yes; a word after such a flag
 * belongs to it only if it is yes or no.  *at is the index of the flag, then of the last word used.
 */
static bool take_flag(struct loader *loader, int argc, char *const *argv, int *at,
		      enum options_result *result)
{
	struct span value = span_from(span_of(argv[*at]), 2);
	struct span name = span_take(&value, '=');
	const struct option_row *row = row_by_name(name);
	struct span next = *at + 1 < argc ? span_of(argv[*at + 1]) : SPAN_NONE;

	if (row == NULL)
		return loader_refuse(loader, name, "no such option");
	if (row->kind == KIND_ACTION) {
		*result = row->action;
		return value.base == NULL || loader_refuse(loader, name, "takes no value");
	}
	if (value.base == NULL && row->kind == KIND_BOOL && !span_equal(next, SPAN("yes")) &&
	    !span_equal(next, SPAN("no"))) {
		value = SPAN("yes");
	} else if (value.base == NULL) {
		if (next.base == NULL)
			return loader_refuse(loader, name, "a value is missing");
		value = next;
		++*at;
	}
	return loader_assign(loader, row, value);
}

/* What stands behind the flags of tls-session is not ours. */
static bool take_program(struct loader *loader, int at)
{
	loader->options->operands = at;
	return true;
}

static bool load_flags(struct loader *loader, int argc, char *const *argv,
		       enum options_result *result)
{
	bool flags = true;

	loader->layer = LAYER_FLAG;
	loader->options->operands = argc;
	for (int i = 1; i < argc; i++) {
		struct span argument = span_of(argv[i]);

		if (flags && span_equal(argument, SPAN("--"))) {
			flags = false;
			if (loader->protocol == PROGRAM_TLS)
				return take_program(loader, i + 1);
		} else if (flags && span_starts(argument, SPAN("--"))) {
			if (!take_flag(loader, argc, argv, &i, result))
				return false;
			if (*result == OPTIONS_HELP || *result == OPTIONS_VERSION)
				return true;
		} else if (flags && span_starts(argument, SPAN("-"))) {
			loader_quote(loader->error, argument);
			buffer_string(loader->error, " is no option; all begin with two dashes");
			return false;
		} else if (loader->protocol == PROGRAM_TLS) {
			return take_program(loader, i);
		} else if (!take_directory(loader, argument)) {
			return false;
		}
	}
	return true;
}

/* True when the variable's name behind the prefix is the option's, in capitals and underscores. */
static bool variable_is(struct span variable, const char *name)
{
	size_t i;

	for (i = 0; i < variable.len && name[i] != '\0'; i++) {
		if (variable.base[i] != (name[i] == '-' ? '_' : ascii_upper(name[i])))
			return false;
	}
	return i == variable.len && name[i] == '\0';
}

static bool load_environment(struct loader *loader, char *const *envp)
{
	loader->layer = LAYER_ENVIRONMENT;
	for (; *envp != NULL; envp++) {
		const struct option_row *row = NULL;
		struct span value = span_of(*envp);
		struct span name;

		if (!span_starts(value, LOADER_PREFIX))
			continue;
		value = span_from(value, LOADER_PREFIX.len);
		name = span_take(&value, '=');
		for (size_t i = 0; i < OPTION_COUNT && row == NULL; i++) {
			if (variable_is(name, option_rows[i].name))
				row = &option_rows[i];
		}
		if (row == NULL)
			return loader_refuse(loader, name, "no such option");
		if (!loader_assign(loader, row, value))
			return false;
	}
	return true;
}

/* The name ends at the first blank; a boolean may stand without a value. */
static bool take_line(struct loader *loader, struct span line)
{
	const struct option_row *row;
	struct span name, value;
	size_t end = 0;

	line = span_trim(line);
	if (line.len == 0 || line.base[0] == '#')
		return true;
	while (end < line.len && !ascii_is_blank(line.base[end]))
		end++;
	name = span_first(line, end);
	value = span_trim(span_from(line, end));
	row = row_by_name(name);
	if (row == NULL)
		return loader_refuse(loader, name, "no such option");
	if (value.len == 0 && row->kind == KIND_BOOL)
		value = SPAN("yes");
	return loader_assign(loader, row, value);
}

/* Reads all of the file into `bytes`. False with errno; EFBIG when it is longer than `cap`. */
static bool read_file(const char *name, char *bytes, size_t cap, size_t *len)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t count = 1;
	int error;

	if (fd < 0)
		return false;
	for (*len = 0; count > 0 && *len<cap; *len += count> 0 ? (size_t)count : 0)
		count = fd_read(fd, bytes + *len, cap - *len);
	error = count < 0 ? errno : EFBIG;
	close(fd);
	errno = error;
	return count == 0;
}

static bool load_file(struct loader *loader)
{
	const char *name = loader->options->config;
	char *bytes;
	struct span rest;
	size_t len;

	if (name == NULL)
		return true;
	bytes = loader_allocate(loader->options, OPTIONS_FILE_MAX + 1);
	if (bytes == NULL || !read_file(name, bytes, OPTIONS_FILE_MAX + 1, &len)) {
		buffer_string(loader->error, "cannot read ");
		buffer_string(loader->error, name);
		buffer_string(loader->error, ": ");
		buffer_string(loader->error, strerror(bytes == NULL ? ENOMEM : errno));
		return false;
	}
	loader->layer = LAYER_FILE;
	rest = (struct span){ bytes, len };
	while (rest.base != NULL) {
		loader->line++;
		if (!take_line(loader, span_take(&rest, '\n')))
			return false;
	}
	return true;
}

static bool tls_makes_sense(struct loader *loader)
{
	const struct options *options = loader->options;

	if ((options->tls_cert == NULL) != (options->tls_key == NULL))
		return loader_refuse(loader,
				     options->tls_key == NULL ? SPAN("tls-cert") : SPAN("tls-key"),
				     "tls-cert and tls-key go together");
	if (options->tls_cert != NULL && options->tls_dir != NULL)
		return loader_refuse(loader, SPAN("tls-dir"), "there is tls-cert already");
	if (options->tls == TLS_IMPLICIT && !options_have_certificate(options))
		return loader_refuse(loader, SPAN("tls"),
				     "implicit needs tls-cert and tls-key, or tls-dir");
	return true;
}

bool options_have_certificate(const struct options *options)
{
	return options->tls_cert != NULL || options->tls_dir != NULL;
}

/* What only two options together can get wrong. */
static bool make_sense(struct loader *loader)
{
	struct options *options = loader->options;
	/* "220 ", the name, " ESMTP ", the text and CRLF in 512 octets (RFC 5321 4.5.3.1.5). */
	size_t room = 512 - 4 - 7 - 2;
	size_t taken = span_of(options->hostname).len + span_of(options->greeting).len;

	loader->layer = LAYER_DEFAULT;
	if ((options->hostname == NULL && !name_host(loader)) || !tls_makes_sense(loader))
		return false;
	if (options->hostname == NULL && loader->protocol != PROGRAM_TLS &&
	    !loader_warn(loader, "the host name has no domain: set --hostname"))
		return false;
	if (loader->protocol != PROTOCOL_POP3 && taken > room)
		return loader_refuse(loader, SPAN("greeting"), "too long: the line has 512 octets");
	if (loader->protocol == PROTOCOL_POP3 && options->idle_timeout > 0 &&
	    options->idle_timeout < 600)
		return loader_warn(loader, "idle-timeout is below the 600 seconds of RFC 1939 3");
	return true;
}

enum options_result options_load(struct options *options, enum protocol protocol, int argc,
				 char *const *argv, char *const *envp, struct buffer *error)
{
	struct loader loader = { options, protocol, LAYER_DEFAULT, 0, error };
	enum options_result result = OPTIONS_RUN;
	bool good;

	buffer_clear(error);
	good = load_defaults(&loader) && load_flags(&loader, argc, argv, &result);
	if (good && (result == OPTIONS_HELP || result == OPTIONS_VERSION))
		return result;
	good = good && load_environment(&loader, envp) && load_file(&loader);
	return good && make_sense(&loader) ? result : OPTIONS_ERROR;
}

void options_default(struct options *options, enum protocol protocol)
{
	char nothing[OPTIONS_ERROR_MAX];
	struct buffer error = BUFFER(nothing);
	char *const empty[] = { NULL };

	(void)options_load(options, protocol, 0, empty, empty, &error);
}
