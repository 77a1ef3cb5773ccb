/* SPDX-License-Identifier: ISC */
/* value.c - values of each kind: read, kept, explained, written. */
#include "option/row.h"

#include "base/ascii.h"
#include "base/number.h"

/* A suffix multiplies the digits before it. */
struct unit {
	char suffix;
	uint32_t factor;
};

static const struct unit sizes[] = { { 'G', 1U << 30 }, { 'M', 1U << 20 }, { 'K', 1U << 10 } };
static const struct unit durations[] = { { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
#define UNITS 3

/* Digits and perhaps one of the suffixes, in either case; never a wrap-around. */
static bool scaled(struct span text, const struct unit *units, uint64_t *value)
{
	uint64_t factor = 1;

	for (size_t i = 0; text.len > 0 && i < UNITS; i++) {
		if (ascii_lower(text.base[text.len - 1]) == ascii_lower(units[i].suffix)) {
			factor = units[i].factor;
			text.len--;
			break;
		}
	}
	return number_upto(text, UINT64_MAX / factor, value) &&
	       !__builtin_mul_overflow(*value, factor, value);
}

static bool parse_bool(const struct option_row *row, enum protocol protocol, char *text, size_t len,
		       union option_value *value)
{
	struct span word = { text, len };

	(void)row, (void)protocol;
	value->number = span_equal_nocase(word, SPAN("yes"));
	return value->number != 0 || span_equal_nocase(word, SPAN("no"));
}

static bool in_range(const struct option_row *row, uint64_t number)
{
	return number >= row->least && number <= row->most;
}

static bool parse_size(const struct option_row *row, enum protocol protocol, char *text, size_t len,
		       union option_value *value)
{
	(void)protocol;
	return scaled((struct span){ text, len }, sizes, &value->number) &&
	       in_range(row, value->number);
}

static bool parse_count(const struct option_row *row, enum protocol protocol, char *text,
			size_t len, union option_value *value)
{
	(void)protocol;
	return number_upto((struct span){ text, len }, row->most, &value->number) &&
	       in_range(row, value->number);
}

static bool parse_seconds(const struct option_row *row, enum protocol protocol, char *text,
			  size_t len, union option_value *value)
{
	(void)protocol;
	return scaled((struct span){ text, len }, durations, &value->number) &&
	       in_range(row, value->number);
}

static bool parse_choice(const struct option_row *row, enum protocol protocol, char *text,
			 size_t len, union option_value *value)
{
	(void)protocol;
	for (const struct option_word *word = row->words; word->word != NULL; word++) {
		if (span_equal_nocase((struct span){ text, len }, span_of(word->word))) {
			value->choice = word->value;
			return true;
		}
	}
	return false;
}

/* An empty text is none, where there may be none. */
static bool parse_text(const struct option_row *row, enum protocol protocol, char *text, size_t len,
		       union option_value *value)
{
	value->text = len > 0 ? text : NULL;
	return (len == 0 && option_fallback(row, protocol) == NULL) ||
	       row->rule->holds(text, len, protocol);
}

static bool parse_item(const struct option_row *row, enum protocol protocol, char *text, size_t len,
		       union option_value *value)
{
	value->text = text;
	return row->rule->holds(text, len, protocol);
}

static void expect_range(struct buffer *text, const struct option_row *row, const char *what,
			 const char *form)
{
	buffer_string(text, what);
	buffer_string(text, " from ");
	buffer_number(text, row->least);
	buffer_string(text, " to ");
	buffer_number(text, row->most);
	buffer_string(text, form);
}

static void expect_bool(struct buffer *text, const struct option_row *row)
{
	(void)row;
	buffer_string(text, "yes or no");
}

static void expect_size(struct buffer *text, const struct option_row *row)
{
	expect_range(text, row, "a size", " (digits, then perhaps K, M or G)");
}

static void expect_count(struct buffer *text, const struct option_row *row)
{
	expect_range(text, row, "a number", "");
}

static void expect_seconds(struct buffer *text, const struct option_row *row)
{
	expect_range(text, row, "a time", " seconds (digits, then perhaps s, m or h)");
}

static void expect_choice(struct buffer *text, const struct option_row *row)
{
	buffer_string(text, "one of");
	for (const struct option_word *word = row->words; word->word != NULL; word++) {
		buffer_string(text, word == row->words ? " " : ", ");
		buffer_string(text, word->word);
	}
}

static void expect_rule(struct buffer *text, const struct option_row *row)
{
	buffer_string(text, row->rule->what);
}

static void put_scaled(struct buffer *text, uint64_t number, const struct unit *units)
{
	for (size_t i = 0; i < UNITS; i++) {
		if (number > 0 && number % units[i].factor == 0 && units[i].factor > 1) {
			buffer_number(text, number / units[i].factor);
			buffer_byte(text, units[i].suffix);
			return;
		}
	}
	buffer_number(text, number);
}

static void put_bool(struct buffer *text, const struct option_row *row, const void *field)
{
	(void)row;
	buffer_string(text, *(const bool *)field ? "yes" : "no");
}

static void put_size(struct buffer *text, const struct option_row *row, const void *field)
{
	(void)row;
	put_scaled(text, *(const uint64_t *)field, sizes);
}

static void put_count(struct buffer *text, const struct option_row *row, const void *field)
{
	(void)row;
	buffer_number(text, *(const uint32_t *)field);
}

static void put_choice(struct buffer *text, const struct option_row *row, const void *field)
{
	int value;

	memcpy(&value, field, sizeof(value));
	for (const struct option_word *word = row->words; word->word != NULL; word++) {
		if (word->value == value)
			buffer_string(text, word->word);
	}
}

static void put_text(struct buffer *text, const struct option_row *row, const void *field)
{
	(void)row;
	buffer_put(text, span_of(*(const char *const *)field));
}

static void put_list(struct buffer *text, const struct option_row *row, const void *field)
{
	const struct option_list *list = field;

	(void)row;
	for (unsigned i = 0; i < list->count; i++) {
		buffer_string(text, i == 0 ? "" : ", ");
		buffer_put(text, list->items[i]);
	}
}

/* What can be done with a value of each kind. An action has none. */
static const struct {
	bool (*parse)(const struct option_row *row, enum protocol protocol, char *text, size_t len,
		      union option_value *value);
	void (*expect)(struct buffer *text, const struct option_row *row);
	void (*put)(struct buffer *text, const struct option_row *row, const void *field);
} kinds[KIND_COUNT_OF] = {
	[KIND_BOOL] = { parse_bool, expect_bool, put_bool },
	[KIND_SIZE] = { parse_size, expect_size, put_size },
	[KIND_COUNT] = { parse_count, expect_count, put_count },
	[KIND_SECONDS] = { parse_seconds, expect_seconds, put_count },
	[KIND_CHOICE] = { parse_choice, expect_choice, put_choice },
	[KIND_TEXT] = { parse_text, expect_rule, put_text },
	[KIND_LIST] = { parse_item, expect_rule, put_list },
};

bool option_parse(const struct option_row *row, enum protocol protocol, char *text, size_t len,
		  union option_value *value)
{
	return kinds[row->kind].parse(row, protocol, text, len, value);
}

void option_expect(struct buffer *text, const struct option_row *row)
{
	kinds[row->kind].expect(text, row);
}

void option_put(struct buffer *text, const struct option_row *row, const struct options *options)
{
	kinds[row->kind].put(text, row, (const char *)options + row->offset);
}

void option_store(struct options *options, const struct option_row *row, union option_value value)
{
	char *field = (char *)options + row->offset;
	uint32_t number = (uint32_t)value.number;

	_Static_assert(sizeof(enum sandbox_mode) == sizeof(int), "choices are stored as int");
	if (row->kind == KIND_BOOL)
		*(bool *)field = value.number != 0;
	else if (row->kind == KIND_SIZE)
		memcpy(field, &value.number, sizeof(value.number));
	else if (row->kind == KIND_COUNT || row->kind == KIND_SECONDS)
		memcpy(field, &number, sizeof(number));
	else if (row->kind == KIND_CHOICE)
		memcpy(field, &value.choice, sizeof(value.choice));
	else if (row->kind == KIND_TEXT)
		memcpy(field, &value.text, sizeof(value.text));
}
