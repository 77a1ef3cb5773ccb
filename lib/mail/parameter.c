/* SPDX-License-Identifier: ISC */
/* parameter.c - the one table of ESMTP parameters. */
#include "mail/parameter.h"

#include "base/ascii.h"
#include "base/number.h"
#include "base/utf8.h"
#include "mail/address.h"
#include "mail/xtext.h"

struct parse {
	const struct parameter_rules *rules;
	struct parameters *out;
	struct buffer *storage;
};

/* Fit for a program's environment: what begins like an option or a shell function is refused. */
static bool is_tellable(struct span value)
{
	return value.len > 0 && value.base[0] != '-' && !span_starts(value, SPAN("()")) &&
	       value.base[0] != ' ' && value.base[value.len - 1] != ' ';
}

static bool decode(struct parse *parse, struct span text, struct span *value)
{
	size_t start = parse->storage->len;

	if (!xtext_decode(parse->storage, text))
		return false;
	*value = (struct span){ parse->storage->base + start, parse->storage->len - start };
	return true;
}

/* Absent, as a parameter without a value wants it. */
static bool check_none(struct parse *parse, struct span value)
{
	(void)parse;
	return value.base == NULL;
}

/* RFC 1870 5: 1 to 20 digits. */
static bool check_size(struct parse *parse, struct span value)
{
	enum number_result result = number_parse(value, &parse->out->size);

	parse->out->oversize = result == NUMBER_RANGE;
	return value.len <= 20 && result != NUMBER_SYNTAX;
}

/* RFC 6152 2, RFC 3030 3. */
static bool check_body(struct parse *parse, struct span value)
{
	static const char *const words[] = { "7BIT", "8BITMIME", "BINARYMIME" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (span_equal_nocase(value, span_of(words[i])))
			parse->out->body = span_of(words[i]);
	}
	parse->out->binary = span_equal(parse->out->body, SPAN("BINARYMIME"));
	return parse->out->body.len > 0 &&
	       (!parse->out->binary ||
		parse->rules->offered(parse->rules->context, SPAN("BINARYMIME")));
}

/* RFC 3461 4.3. */
static bool check_ret(struct parse *parse, struct span value)
{
	static const char *const words[] = { "FULL", "HDRS" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (span_equal_nocase(value, span_of(words[i])))
			parse->out->ret = span_of(words[i]);
	}
	return parse->out->ret.len > 0;
}

/* RFC 3461 4.4. */
static bool check_envid(struct parse *parse, struct span value)
{
	return value.len <= ENVID_MAX && decode(parse, value, &parse->out->envid) &&
	       is_tellable(parse->out->envid);
}

/* RFC 3461 4.1: NEVER alone, or each of the others at most once. */
static bool check_notify(struct parse *parse, struct span value)
{
	static const char *const words[] = { "SUCCESS", "FAILURE", "DELAY" };
	static const char *const sets[] = {
		"",      "SUCCESS",       "FAILURE",       "SUCCESS,FAILURE",
		"DELAY", "SUCCESS,DELAY", "FAILURE,DELAY", "SUCCESS,FAILURE,DELAY"
	};
	unsigned set = 0;

	if (span_equal_nocase(value, SPAN("NEVER"))) {
		parse->out->notify = SPAN("NEVER");
		return true;
	}
	while (value.base != NULL) {
		struct span word = span_take(&value, ',');
		unsigned i = 0;

		while (i < 3 && !span_equal_nocase(word, span_of(words[i])))
			i++;
		if (i == 3 || (set & 1U << i) != 0)
			return false;
		set |= 1U << i;
	}
	parse->out->notify = span_of(sets[set]);
	return set != 0;
}

/* RFC 6533 3: QCHAR, "\x{HEX}", and with SMTPUTF8 the characters themselves. */
static bool utf8_address_valid(struct span text, bool utf8)
{
	while (text.len > 0) {
		uint32_t point = 0;
		size_t len = utf8_decode(text, &point), digits = 0;

		if (len == 0 ||
		    (point > 0x7f ? !utf8 || !utf8_is_harmless(point)
				  : !ascii_is_graph((char)point) || point == '+' || point == '='))
			return false;
		if (point == '\\') {
			if (!span_starts(text, SPAN("\\x{")))
				return false;
			len = 3;
			while (len + digits < text.len && ascii_hex(text.base[len + digits]) >= 0)
				digits++;
			if (digits < 2 || digits > 6 || len + digits == text.len ||
			    text.base[len + digits] != '}')
				return false;
			len += digits + 1;
		}
		text = span_from(text, len);
	}
	return true;
}

/* RFC 3461 4.2: an address type, a semicolon, and the address in xtext; RFC 6533 3 for the type
 * utf-8. */
static bool check_orcpt(struct parse *parse, struct span value)
{
	size_t at = span_find(value, ';');
	struct span decoded;

	if (value.len > ORCPT_MAX || at == 0 || at + 1 >= value.len || !is_tellable(value))
		return false;
	for (size_t i = 0; i < at; i++) {
		if (!ascii_is_alnum(value.base[i]) && value.base[i] != '-')
			return false;
	}
	if (span_equal_nocase(span_first(value, at), SPAN("utf-8"))) {
		parse->out->orcpt = value;
		return utf8_address_valid(span_from(value, at + 1), parse->rules->utf8);
	}
	if (!buffer_put(parse->storage, span_first(value, at + 1)) ||
	    !decode(parse, span_from(value, at + 1), &decoded))
		return false;
	parse->out->orcpt = (struct span){ decoded.base - at - 1, decoded.len + at + 1 };
	return is_tellable(parse->out->orcpt);
}

/* RFC 4954 5: a mailbox in xtext, or "<>". */
static bool check_auth(struct parse *parse, struct span value)
{
	static const struct address_rules rules = { .charset = ADDRESS_RFC, .sender = true };
	char path[ORCPT_MAX], mailbox[PATH_MAX_OCTETS];
	struct buffer text = BUFFER(path), storage = BUFFER(mailbox);
	struct address address;
	size_t used;

	(void)parse;
	if (span_equal(value, SPAN("<>")))
		return true;
	buffer_byte(&text, '<');
	if (!xtext_decode(&text, value) || !buffer_byte(&text, '>') || text.len == 2)
		return false;
	return address_parse(buffer_span(&text), &rules, &storage, &address, &used) == ADDRESS_OK &&
	       used == text.len;
}

/* Digits, at most `most` of them. */
static bool is_digits(struct span text, size_t most)
{
	uint64_t value;

	return text.len <= most && number_parse(text, &value) == NUMBER_OK;
}

/* RFC 2852 4: seconds, a semicolon, R or N, perhaps T. */
static bool check_by(struct parse *parse, struct span value)
{
	struct span seconds = span_take(&value, ';');

	(void)parse;
	if (seconds.len > 0 && (seconds.base[0] == '-' || seconds.base[0] == '+'))
		seconds = span_from(seconds, 1);
	return is_digits(seconds, 9) &&
	       (value.len == 1 || (value.len == 2 && ascii_upper(value.base[1]) == 'T')) &&
	       (ascii_upper(value.base[0]) == 'R' || ascii_upper(value.base[0]) == 'N');
}

/* RFC 6710 4.1: -9 to 9. */
static bool check_priority(struct parse *parse, struct span value)
{
	(void)parse;
	if (value.len == 2 && value.base[0] == '-' && value.base[1] != '0')
		value = span_from(value, 1);
	return is_digits(value, 1);
}

/* RFC 4865 4.3: seconds. */
static bool check_seconds(struct parse *parse, struct span value)
{
	(void)parse;
	return is_digits(value, 9) && value.base[0] != '0';
}

/* Takes what looks like `shape`, where 'd' stands for a digit, off the front of *text. */
static bool take_shape(struct span *text, struct span shape)
{
	if (text->len < shape.len)
		return false;
	for (size_t i = 0; i < shape.len; i++) {
		char c = ascii_upper(text->base[i]);

		if (shape.base[i] == 'd' ? !ascii_is_digit(c) : c != shape.base[i])
			return false;
	}
	*text = span_from(*text, shape.len);
	return true;
}

/* RFC 4865 4.3: a date-time of RFC 3339 5.6, without fractions. */
static bool check_date(struct parse *parse, struct span value)
{
	(void)parse;
	return take_shape(&value, SPAN("dddd-dd-ddTdd:dd:dd")) &&
	       (take_shape(&value, SPAN("Z")) || take_shape(&value, SPAN("+dd:dd")) ||
		take_shape(&value, SPAN("-dd:dd"))) &&
	       value.len == 0;
}

static const struct parameter_row {
	const char *keyword;
	enum parameter_command command;
	const char *announced_by;
	bool (*check)(struct parse *parse, struct span value);
} parameter_table[] = {
	{ "SIZE", PARAMETER_MAIL, "SIZE", check_size },
	{ "BODY", PARAMETER_MAIL, "8BITMIME", check_body },
	{ "SMTPUTF8", PARAMETER_MAIL, "SMTPUTF8", check_none },
	{ "RET", PARAMETER_MAIL, "DSN", check_ret },
	{ "ENVID", PARAMETER_MAIL, "DSN", check_envid },
	{ "NOTIFY", PARAMETER_RCPT, "DSN", check_notify },
	{ "ORCPT", PARAMETER_RCPT, "DSN", check_orcpt },
	{ "AUTH", PARAMETER_MAIL, "AUTH", check_auth },
	{ "REQUIRETLS", PARAMETER_MAIL, "REQUIRETLS", check_none },
	{ "BY", PARAMETER_MAIL, "DELIVERBY", check_by },
	{ "MT-PRIORITY", PARAMETER_MAIL, "MT-PRIORITY", check_priority },
	{ "HOLDFOR", PARAMETER_MAIL, "FUTURERELEASE", check_seconds },
	{ "HOLDUNTIL", PARAMETER_MAIL, "FUTURERELEASE", check_date },
};

bool parameter_keyword_known(struct span keyword)
{
	for (size_t i = 0; i < sizeof(parameter_table) / sizeof(*parameter_table); i++) {
		if (span_equal_nocase(keyword, span_of(parameter_table[i].announced_by)))
			return true;
	}
	return false;
}

bool ehlo_keyword_valid(struct span keyword)
{
	if (keyword.len == 0 || keyword.base[0] == '-')
		return false;
	for (size_t i = 0; i < keyword.len; i++) {
		if (!ascii_is_alnum(keyword.base[i]) && keyword.base[i] != '-')
			return false;
	}
	return true;
}

/* RFC 5321 4.1.2 esmtp-value; RFC 6531 3.3 adds UTF-8. */
static bool value_valid(struct span value, bool utf8)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.base[i];

		if (c == '=' || !(ascii_is_graph(c) || (utf8 && ascii_is_high(c))))
			return false;
	}
	return value.base == NULL || value.len > 0;
}

static enum parameter_result parse_one(struct parse *parse, struct span parameter)
{
	const struct parameter_rules *rules = parse->rules;
	struct span value = parameter;
	struct span keyword = span_take(&value, '=');

	if (!ehlo_keyword_valid(keyword) || !value_valid(value, rules->utf8))
		return PARAMETER_SYNTAX;
	for (size_t i = 0; i < sizeof(parameter_table) / sizeof(*parameter_table); i++) {
		const struct parameter_row *row = &parameter_table[i];

		if (!span_equal_nocase(keyword, span_of(row->keyword)))
			continue;
		if (row->command != rules->command ||
		    !rules->offered(rules->context, span_of(row->announced_by)))
			return PARAMETER_UNKNOWN;
		return row->check(parse, value) ? PARAMETER_OK : PARAMETER_SYNTAX;
	}
	return !parameter_keyword_known(keyword) && rules->foreign(rules->context, keyword)
		       ? PARAMETER_OK
		       : PARAMETER_UNKNOWN;
}

/* Was the keyword of `parameter` in `before` already? */
static bool is_repeated(struct span before, struct span parameter)
{
	struct span keyword = span_first(parameter, span_find(parameter, '='));

	while (before.len > 0) {
		struct span other = span_take(&before, ' ');

		if (span_equal_nocase(span_first(other, span_find(other, '=')), keyword))
			return true;
	}
	return false;
}

enum parameter_result parameters_parse(struct span text, const struct parameter_rules *rules,
				       struct buffer *storage, struct parameters *parameters)
{
	struct parse parse = { rules, parameters, storage };
	enum parameter_result result = PARAMETER_OK;

	*parameters = (struct parameters){ .sent = span_trim(text) };
	text = parameters->sent;
	while (text.len > 0) {
		struct span parameter = span_take(&text, ' ');
		struct span keyword = span_first(parameter, span_find(parameter, '='));
		struct span before = { parameters->sent.base,
				       (size_t)(parameter.base - parameters->sent.base) };

		if (parameter.len == 0)
			continue;
		if (rules->command == PARAMETER_MAIL &&
		    span_equal_nocase(keyword, SPAN("SMTPUTF8")))
			parameters->utf8 = rules->offered(rules->context, keyword);
		if (result == PARAMETER_OK)
			result = parse_one(&parse, parameter);
		if (result == PARAMETER_OK && is_repeated(before, parameter))
			result = PARAMETER_SYNTAX;
	}
	return result;
}
