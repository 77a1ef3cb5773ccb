/* SPDX-License-Identifier: ISC */
/*
 * assign.c - one setting of an option, from whichever layer: checked, kept, or refused in words.
 */
#include "option/loader.h"

#include "base/ascii.h"

/* Storage for `size` octets, or NULL. */
void *loader_allocate(struct options *options, size_t size)
{
	size_t rounded = (size + 15) & ~(size_t)15;
	char *memory = options->arena + options->used;

	if (size > OPTIONS_ARENA || rounded > OPTIONS_ARENA - options->used)
		return NULL;
	options->used += rounded;
	return memory;
}

/* A copy with a NUL behind it, or NULL. */
char *loader_copy(struct options *options, struct span text)
{
	char *bytes = loader_allocate(options, text.len + 1);

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
		struct span *items =
			loader_allocate(options, (list->count * 2 + 1) * sizeof(*items));

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
void loader_quote(struct buffer *error, struct span text)
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
		buffer_put(loader->error, LOADER_PREFIX);
	for (size_t i = 0; i < name.len && i < 64; i++) {
		char c = ascii_is_graph(name.base[i]) ? name.base[i] : '?';

		if (loader->layer == LAYER_ENVIRONMENT)
			c = c == '-' ? '_' : ascii_upper(c);
		buffer_byte(loader->error, c);
	}
	buffer_string(loader->error, ": ");
}

bool loader_refuse(const struct loader *loader, struct span name, const char *reason)
{
	locate(loader, name);
	buffer_string(loader->error, reason);
	return false;
}

static bool refuse_value(const struct loader *loader, const struct option_row *row,
			 struct span value)
{
	locate(loader, span_of(row->name));
	loader_quote(loader->error, value);
	buffer_string(loader->error, " is not ");
	option_expect(loader->error, row);
	return false;
}

static bool refuse_sibling(const struct loader *loader, const struct option_row *row)
{
	locate(loader, span_of(row->name));
	buffer_string(loader->error, "an option of");
	for (enum protocol other = 0; other <= PROGRAM_TLS; other++) {
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
		bytes = loader_copy(loader->options, text);
		if (bytes == NULL)
			return loader_refuse(loader, span_of(row->name), "no room");
		if (!option_parse(row, loader->protocol, bytes, text.len, &item))
			return refuse_value(loader, row, text);
		text.base = bytes;
		if (keep && !append(loader->options, list, text))
			return loader_refuse(loader, span_of(row->name), "no room");
	}
	return true;
}

/* Takes `value` for an option of this program, or of a sibling. */
bool loader_assign(const struct loader *loader, const struct option_row *row, struct span value)
{
	struct option_source *source = &loader->options->sources[row - option_rows];
	bool keep = source->layer == LAYER_DEFAULT || source->layer == loader->layer;
	union option_value parsed;
	char *bytes;

	if (!option_serves(row, loader->protocol))
		return loader->layer != LAYER_FLAG || refuse_sibling(loader, row);
	if (row->kind == KIND_ACTION)
		return loader_refuse(loader, span_of(row->name), "only a flag");
	if (row == &option_rows[OPTION_config] && loader->layer == LAYER_FILE)
		return loader_refuse(loader, span_of(row->name), "a file cannot name another");
	if (row->kind == KIND_LIST) {
		if (!assign_list(loader, row, value, keep))
			return false;
	} else {
		bytes = loader_copy(loader->options, value);
		if (bytes == NULL)
			return loader_refuse(loader, span_of(row->name), "no room");
		if (!option_parse(row, loader->protocol, bytes, value.len, &parsed))
			return refuse_value(loader, row, value);
		if (keep)
			option_store(loader->options, row, parsed);
	}
	if (keep)
		*source = (struct option_source){ loader->layer, loader->line };
	return true;
}

bool loader_warn(const struct loader *loader, const char *text)
{
	return append(loader->options, &loader->options->warnings, span_of(text)) ||
	       loader_refuse(loader, SPAN_NONE, "no room");
}
