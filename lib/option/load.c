/* SPDX-License-Identifier: ISC */
/*
 * load.c - options from defaults, then flags, environment and file, in this order.
 *
 * A layer gives an option its value only when no higher one has; what it says is checked all
 * the same, so that a mistake is found before the day the flag above it goes away.
 */
#include "option/row.h"

#include "base/ascii.h"
#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

struct loader {
	struct options *options;
	enum protocol protocol;
	enum option_layer layer; /* being read */
	uint32_t line;           /* of the file */
	struct buffer *error;
};

#define PREFIX SPAN("MAILSESSION_")

/* Storage for `size` octets, or NULL. */
static void *allocate(struct options *options, size_t size)
{
	size_t rounded = (size + 15) & ~(size_t)15;
	char *memory = options->arena + options->used;

	if (size > OPTIONS_ARENA || rounded > OPTIONS_ARENA - options->used)
		return NULL;
	options->used += rounded;
	return memory;
}

/* A copy with a NUL behind it, or NULL. */
static char *copy(struct options *options, struct span text)
{
	char *bytes = allocate(options, text.len + 1);

	if (bytes == NULL)
		return NULL;
	if (text.len > 0)
		memcpy(bytes, text.base, text.len);
	bytes[text.len] = '\0';
	return bytes;
}

/* Appends; the items move to twice the room when their number is a power of two. */
static bool append(struct options *options, struct option_list *list, struct span item)
{
	if ((list->count & (list->count - 1)) == 0) {
		struct span *items = allocate(options, (list->count * 2 + 1) * sizeof(*items));

		if (items == NULL)
			return false;
		if (list->count > 0)
			memcpy(items, list->items, list->count * sizeof(*items));
		list->items = items;
	}
	list->items[list->count++] = item;
	return true;
}

/* Writes at most 64 octets of what somebody else wrote, as printable text. */
static void quote(struct buffer *error, struct span text)
{
	size_t len = text.len > 64 ? 64 : text.len;

	buffer_byte(error, '"');
	for (size_t i = 0; i < len; i++)
		buffer_byte(error, ascii_is_control(text.base[i]) ? '?' : text.base[i]);
	buffer_string(error, len < text.len ? "...\"" : "\"");
}

/* Writes where the loader is: "FILE:12: size-limit: ", "MAILSESSION_SIZE_LIMIT: ", "--size-limit:
 * ". */
static void locate(const struct loader *loader, struct span name)
{
	if (loader->layer == LAYER_FILE) {
		buffer_string(loader->error, loader->options->config);
		buffer_byte(loader->error, ':');
		buffer_number(loader->error, loader->line);
		buffer_string(loader->error, ": ");
	}
	if (loader->layer == LAYER_FLAG)
		buffer_string(loader->error, "--");
	if (loader->layer == LAYER_ENVIRONMENT)
		buffer_put(loader->error, PREFIX);
	for (size_t i = 0; i < name.len && i < 64; i++) {
		char c = ascii_is_graph(name.base[i]) ? name.base[i] : '?';

		if (loader->layer == LAYER_ENVIRONMENT)
			c = c == '-' ? '_' : ascii_upper(c);
		buffer_byte(loader->error, c);
	}
	buffer_string(loader->error, ": ");
}

static bool refuse(const struct loader *loader, struct span name, const char *reason)
{
	locate(loader, name);
	buffer_string(loader->error, reason);
	return false;
}

static bool refuse_value(const struct loader *loader, const struct option_row *row,
			 struct span value)
{
	locate(loader, span_of(row->name));
	quote(loader->error, value);
	buffer_string(loader->error, " is not ");
	option_expect(loader->error, row);
	return false;
}

static bool refuse_sibling(const struct loader *loader, const struct option_row *row)
{
	locate(loader, span_of(row->name));
	buffer_string(loader->error, "an option of");
	for (enum protocol other = 0; other <= PROTOCOL_POP3; other++) {
		if (option_serves(row, other)) {
			buffer_byte(loader->error, ' ');
			buffer_string(loader->error, option_program(other));
		}
	}
	return false;
}

static bool is_separator(char c)
{
	return ascii_is_blank(c) || c == ',';
}

/* Checks every item of `value`; keeps them when `keep`. */
static bool assign_list(const struct loader *loader, const struct option_row *row,
			struct span value, bool keep)
{
	struct option_list *list = (void *)((char *)loader->options + row->offset);

	for (size_t end, at = 0; at < value.len; at = end) {
		union option_value item;
		struct span text;
		char *bytes;

		for (end = at; end < value.len && is_separator(value.base[end]);)
			end++;
		for (at = end; end < value.len && !is_separator(value.base[end]);)
			end++;
		text = (struct span){ value.base + at, end - at };
		if (text.len == 0)
			break;
		bytes = copy(loader->options, text);
		if (bytes == NULL)
			return refuse(loader, span_of(row->name), "no room");
		if (!option_parse(row, loader->protocol, bytes, text.len, &item))
			return refuse_value(loader, row, text);
		text.base = bytes;
		if (keep && !append(loader->options, list, text))
			return refuse(loader, span_of(row->name), "no room");
	}
	return true;
}

/* Takes `value` for an option of this program, or of a sibling. */
static bool assign(const struct loader *loader, const struct option_row *row, struct span value)
{
	struct option_source *source = &loader->options->sources[row - option_rows];
	bool keep = source->layer == LAYER_DEFAULT || source->layer == loader->layer;
	union option_value parsed;
	char *bytes;

	if (!option_serves(row, loader->protocol))
		return loader->layer != LAYER_FLAG || refuse_sibling(loader, row);
	if (row->kind == KIND_ACTION)
		return refuse(loader, span_of(row->name), "only a flag");
	if (row == &option_rows[OPTION_config] && loader->layer == LAYER_FILE)
		return refuse(loader, span_of(row->name), "a file cannot name another");
	if (row->kind == KIND_LIST) {
		if (!assign_list(loader, row, value, keep))
			return false;
	} else {
		bytes = copy(loader->options, value);
		if (bytes == NULL)
			return refuse(loader, span_of(row->name), "no room");
		if (!option_parse(row, loader->protocol, bytes, value.len, &parsed))
			return refuse_value(loader, row, value);
		if (keep)
			option_store(loader->options, row, parsed);
	}
	if (keep)
		*source = (struct option_source){ loader->layer, loader->line };
	return true;
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
			good &= assign(loader, &option_rows[i], span_of(value));
	}
	return good;
}

static const struct option_row *row_by_name(struct span name)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (span_equal(name, span_of(option_rows[i].name)))
			return &option_rows[i];
	}
	return NULL;
}

/* A positional argument: the backend directory. */
static bool take_directory(struct loader *loader, struct span argument)
{
	const char *preset = option_directory(loader->protocol);
	char *directory = copy(loader->options, argument);

	if (loader->options->directory != preset || argument.len == 0) {
		quote(loader->error, argument);
		buffer_string(loader->error, argument.len == 0 ? " is no directory"
							       : " is one directory too many");
		return false;
	}
	if (directory == NULL)
		return refuse(loader, argument, "no room");
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
		return refuse(loader, name, "no such option");
	if (row->kind == KIND_ACTION) {
		*result = row->action;
		return value.base == NULL || refuse(loader, name, "takes no value");
	}
	if (value.base == NULL && row->kind == KIND_BOOL && !span_equal(next, SPAN("yes")) &&
	    !span_equal(next, SPAN("no"))) {
		value = SPAN("yes");
	} else if (value.base == NULL) {
		if (next.base == NULL)
			return refuse(loader, name, "a value is missing");
		value = next;
		++*at;
	}
	return assign(loader, row, value);
}

static bool load_flags(struct loader *loader, int argc, char *const *argv,
		       enum options_result *result)
{
	bool flags = true;

	loader->layer = LAYER_FLAG;
	for (int i = 1; i < argc; i++) {
		struct span argument = span_of(argv[i]);

		if (flags && span_equal(argument, SPAN("--"))) {
			flags = false;
		} else if (flags && span_starts(argument, SPAN("--"))) {
			if (!take_flag(loader, argc, argv, &i, result))
				return false;
			if (*result == OPTIONS_HELP || *result == OPTIONS_VERSION)
				return true;
		} else if (flags && span_starts(argument, SPAN("-"))) {
			quote(loader->error, argument);
			buffer_string(loader->error, " is no option; all begin with two dashes");
			return false;
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

		if (!span_starts(value, PREFIX))
			continue;
		value = span_from(value, PREFIX.len);
		name = span_take(&value, '=');
		for (size_t i = 0; i < OPTION_COUNT && row == NULL; i++) {
			if (variable_is(name, option_rows[i].name))
				row = &option_rows[i];
		}
		if (row == NULL)
			return refuse(loader, name, "no such option");
		if (!assign(loader, row, value))
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
		return refuse(loader, name, "no such option");
	if (value.len == 0 && row->kind == KIND_BOOL)
		value = SPAN("yes");
	return assign(loader, row, value);
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
	bytes = allocate(loader->options, OPTIONS_FILE_MAX + 1);
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

static bool warn(const struct loader *loader, const char *text)
{
	return append(loader->options, &loader->options->warnings, span_of(text)) ||
	       refuse(loader, SPAN_NONE, "no room");
}

/*
 * The session's name is the system's if that has a dot (SMTP-002: never an unqualified one);
 * else the session goes by its local address.
 */
static bool name_host(struct loader *loader)
{
	char name[256];
	struct span span;

	loader->layer = LAYER_DEFAULT;
	loader->line = 0;
	if (loader->options->hostname != NULL)
		return true;
	if (gethostname(name, sizeof(name)) == 0) {
		name[sizeof(name) - 1] = '\0';
		span = span_of(name);
		if (span_find(span, '.') < span.len && domain_valid(span, false))
			return assign(loader, &option_rows[OPTION_hostname], span);
	}
	return warn(loader, "the host name has no domain: set --hostname");
}

/* What only two options together can get wrong. */
static bool make_sense(struct loader *loader)
{
	struct options *options = loader->options;
	/* "220 ", the name, " ESMTP ", the text and CRLF in 512 octets (RFC 5321 4.5.3.1.5). */
	size_t room = 512 - 4 - 7 - 2;
	size_t taken = span_of(options->hostname).len + span_of(options->greeting).len;

	if (loader->protocol != PROTOCOL_POP3 && taken > room)
		return refuse(loader, SPAN("greeting"), "too long: the line has 512 octets");
	if (loader->protocol == PROTOCOL_POP3 && options->idle_timeout > 0 &&
	    options->idle_timeout < 600)
		return warn(loader, "idle-timeout is below the 600 seconds of RFC 1939 3");
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
	good = name_host(&loader) && good;
	return good && make_sense(&loader) ? result : OPTIONS_ERROR;
}

void options_default(struct options *options, enum protocol protocol)
{
	char nothing[OPTIONS_ERROR_MAX];
	struct buffer error = BUFFER(nothing);
	char *const empty[] = { NULL };

	(void)options_load(options, protocol, 0, empty, empty, &error);
}
