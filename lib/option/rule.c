/* SPDX-License-Identifier: ISC */
/*
 * rule.c - what texts and the items of lists must be.
 *
 * What a rule lets through can stand in a reply, a log line or a path without more ado.
 */
#include "option/row.h"

#include "base/ascii.h"
#include "base/network.h"
#include "engine/sasl.h"

/* A command's name (DESIGN 6: command-NAME), and the word for a state. */
#define VERB_MAX  12
#define STATE_MAX 16

/* Letters, digits and inner dashes, made upper case; 1 to `most` octets. */
static bool word_holds(char *text, size_t len, size_t most, bool dashes)
{
	if (len == 0 || len > most || text[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!ascii_is_alnum(text[i]) && !(dashes && text[i] == '-'))
			return false;
		text[i] = ascii_upper(text[i]);
	}
	return true;
}

static bool text_holds(char *text, size_t len, enum protocol protocol)
{
	(void)protocol;
	for (size_t i = 0; i < len; i++) {
		if (ascii_is_control(text[i]))
			return false;
	}
	return len > 0;
}

/* True for "<...@...>", which POP3 clients take for an offer of APOP (RFC 1939 7). */
static bool has_timestamp(struct span text)
{
	struct span rest = span_from(text, span_find(text, '<'));

	rest = span_from(rest, span_find(rest, '@'));
	return span_find(rest, '>') < rest.len;
}

/*
 * 506 octets leave room for "+OK " and CRLF in the 512 of RFC 1939 3 (MAP-050); what fits behind
 * "220 " and the host's name is judged when both are known.  A bracket at the
 * front would be a response code (RFC 2449 8).
 */
static bool line_holds(char *text, size_t len, enum protocol protocol)
{
	struct span line = { text, len };

	for (size_t i = 0; i < len; i++) {
		if (!ascii_is_print(text[i]))
			return false;
	}
	if (protocol == PROTOCOL_POP3 && (span_starts(line, SPAN("[")) || has_timestamp(line)))
		return false;
	return len > 0 && len <= 506;
}

static bool hostname_holds(char *text, size_t len, enum protocol protocol)
{
	(void)protocol;
	return domain_valid((struct span){ text, len }, false);
}

static bool domain_holds(char *text, size_t len, enum protocol protocol)
{
	(void)protocol;
	return domain_valid((struct span){ text, len }, true);
}

static bool verb_holds(char *text, size_t len, enum protocol protocol)
{
	(void)protocol;
	return word_holds(text, len, VERB_MAX, false);
}

/* STATE or VERB=STATE. */
static bool state_holds(char *text, size_t len, enum protocol protocol)
{
	size_t equals = span_find((struct span){ text, len }, '=');

	(void)protocol;
	if (equals == len)
		return word_holds(text, len, STATE_MAX, true);
	return word_holds(text, equals, VERB_MAX, false) &&
	       word_holds(text + equals + 1, len - equals - 1, STATE_MAX, true);
}

/* An EHLO keyword (RFC 5321 4.1.1.1), "-KEYWORD", or "AUTH=". */
static bool keyword_holds(char *text, size_t len, enum protocol protocol)
{
	(void)protocol;
	if (span_equal_nocase((struct span){ text, len }, SPAN("AUTH=")))
		return word_holds(text, len - 1, 64, true);
	if (len > 0 && text[0] == '-')
		return word_holds(text + 1, len - 1, 64, true);
	return word_holds(text, len, 64, true);
}

/* A number of days or NEVER (RFC 2449 6.7). */
static bool days_hold(char *text, size_t len, enum protocol protocol)
{
	(void)protocol;
	for (size_t i = 0; i < len; i++) {
		if (!ascii_is_digit(text[i])) {
			return span_equal_nocase((struct span){ text, len }, SPAN("NEVER")) &&
			       word_holds(text, len, len, false);
		}
	}
	return len > 0 && len <= 5;
}

/* NAME or NAME:GROUP; what they name is looked up when it is needed. */
static bool account_holds(char *text, size_t len, enum protocol protocol)
{
	struct span group = { text, len };
	struct span name = span_take(&group, ':');

	(void)protocol;
	for (size_t i = 0; i < len; i++) {
		if (!ascii_is_graph(text[i]))
			return false;
	}
	return name.len > 0 &&
	       (group.base == NULL || (group.len > 0 && span_find(group, ':') == group.len));
}

/* An absolute path in which % is followed by u, n, d or another %. */
static bool pattern_holds(char *text, size_t len, enum protocol protocol)
{
	if (!text_holds(text, len, protocol) || text[0] != '/')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '%' && (++i == len || span_find(SPAN("und%"), text[i]) == 4))
			return false;
	}
	return true;
}

static bool network_holds(char *text, size_t len, enum protocol protocol)
{
	(void)protocol;
	return network_valid((struct span){ text, len });
}

/* A mechanism of SASL, or APOP. */
static bool mechanism_holds(char *text, size_t len, enum protocol protocol)
{
	enum sasl_mechanism mechanism = sasl_by_name((struct span){ text, len });

	(void)protocol;
	return mechanism != SASL_COUNT && mechanism != SASL_USER;
}

const struct option_rule rule_account = { account_holds, "NAME or NAME:GROUP" };
const struct option_rule rule_days = { days_hold, "a number of days or NEVER" };
const struct option_rule rule_domain = { domain_holds, "a domain name" };
const struct option_rule rule_file = { text_holds, "a path" };
const struct option_rule rule_hostname = { hostname_holds, "a domain name or address literal" };
const struct option_rule rule_keyword = { keyword_holds, "a keyword or -KEYWORD" };
const struct option_rule rule_line = { line_holds, "text that a reply line can hold" };
const struct option_rule rule_mechanism = { mechanism_holds, "a mechanism that is known here" };
const struct option_rule rule_network = { network_holds, "an address, ADDRESS/BITS or unix" };
const struct option_rule rule_pattern = { pattern_holds,
					  "an absolute path, perhaps with %u, %n, %d" };
const struct option_rule rule_state = { state_holds, "STATE or VERB=STATE" };
const struct option_rule rule_text = { text_holds, "text without control characters" };
const struct option_rule rule_verb = { verb_holds, "a verb of at most 12 letters and digits" };
