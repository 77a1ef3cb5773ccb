/* SPDX-License-Identifier: ISC */
/*
 * smtp_keyword.c - what EHLO announces: what works at this moment, and nothing else
 * (RFC 5321 2.2.1, 4.1.1.1).
 */
#include "engine/smtp_private.h"

#include "base/ascii.h"
#include "mail/parameter.h"

/* Largest value of LIMITS (RFC 9422 3). */
#define LIMITS_MAX 999999

/* Longest keyword line that a program may add: fits in a reply line behind "250-". */
#define MORE_MAX 500

static bool always(const struct smtp *smtp)
{
	(void)smtp;
	return true;
}

static bool listed(const struct smtp *smtp, struct span keyword)
{
	return span_listed(keyword, smtp->config->announce, smtp->config->announce_count);
}

static bool with_starttls(const struct smtp *smtp)
{
	return smtp_handles(smtp, EVENT_STARTTLS);
}

static bool with_utf8(const struct smtp *smtp)
{
	return smtp_offers(smtp, SPAN("8BITMIME")); /* RFC 6531 3.1 */
}

static bool with_binary(const struct smtp *smtp)
{
	return listed(smtp, SPAN("BINARYMIME")) && smtp_offers(smtp, SPAN("CHUNKING"));
}

static bool with_requiretls(const struct smtp *smtp)
{
	return listed(smtp, SPAN("REQUIRETLS")) && smtp->config->tls; /* RFC 8689 2 */
}

/* A co-process may turn out not to answer these: announced only where a program is sure to be. */
static bool with_expn(const struct smtp *smtp)
{
	return (smtp->config->handled & smtp->config->listed & EVENT_BIT(EVENT_EXPN)) != 0;
}

static bool with_etrn(const struct smtp *smtp)
{
	return (smtp->config->handled & smtp->config->listed & EVENT_BIT(EVENT_ETRN)) != 0 &&
	       !smtp->config->submission; /* RFC 6409 7 */
}

static bool with_xclient(const struct smtp *smtp)
{
	return smtp_handles(smtp, EVENT_XCLIENT);
}

static bool with_xforward(const struct smtp *smtp)
{
	return smtp_handles(smtp, EVENT_XFORWARD);
}

static bool with_auth(const struct smtp *smtp)
{
	return (smtp->config->mechanisms.now & SASL_NAMED) != 0;
}

/* The line that clients look for that are older than RFC 2554 (IOP-001). */
static bool with_old_auth(const struct smtp *smtp)
{
	return listed(smtp, SPAN("AUTH=")) && smtp_offers(smtp, SPAN("AUTH"));
}

static void put_auth(const struct smtp *smtp, struct buffer *out)
{
	buffer_byte(out, ' ');
	sasl_put_names(&smtp->config->mechanisms, " ", out);
}

static void put_old_auth(const struct smtp *smtp, struct buffer *out)
{
	sasl_put_names(&smtp->config->mechanisms, " ", out);
}

static bool with_limits(const struct smtp *smtp)
{
	return smtp->config->max_recipients > 0 && smtp->config->max_recipients <= LIMITS_MAX;
}

static void put_size(const struct smtp *smtp, struct buffer *out)
{
	buffer_byte(out, ' ');
	buffer_number(out, smtp->config->size_limit); /* RFC 1870 4: 0 is no fixed limit */
}

static void put_limits(const struct smtp *smtp, struct buffer *out)
{
	buffer_string(out, " RCPTMAX=");
	buffer_number(out, smtp->config->max_recipients);
}

static const struct keyword {
	const char *name;
	const char *verb; /* offered with this verb only */
	bool (*offered)(const struct smtp *smtp);
	void (*put)(const struct smtp *smtp, struct buffer *out);
} keyword_table[] = {
	{ "PIPELINING", NULL, always, NULL },
	{ "SIZE", NULL, always, put_size },
	{ "8BITMIME", NULL, always, NULL },
	{ "STARTTLS", "STARTTLS", with_starttls, NULL },
	{ "AUTH", "AUTH", with_auth, put_auth },
	{ "AUTH=", "AUTH", with_old_auth, put_old_auth },
	{ "XCLIENT", "XCLIENT", with_xclient, smtp_put_xclient },
	{ "XFORWARD", "XFORWARD", with_xforward, smtp_put_xforward },
	{ "ENHANCEDSTATUSCODES", NULL, always, NULL },
	{ "SMTPUTF8", NULL, with_utf8, NULL },
	{ "CHUNKING", "BDAT", always, NULL },
	{ "BINARYMIME", NULL, with_binary, NULL },
	{ "REQUIRETLS", NULL, with_requiretls, NULL },
	{ "LIMITS", NULL, with_limits, put_limits },
	{ "EXPN", "EXPN", with_expn, NULL },
	{ "ETRN", "ETRN", with_etrn, NULL },
	{ "HELP", "HELP", always, NULL },
};

static const struct keyword *find(struct span name)
{
	for (size_t i = 0; i < sizeof(keyword_table) / sizeof(*keyword_table); i++) {
		if (span_equal_nocase(name, span_of(keyword_table[i].name)))
			return &keyword_table[i];
	}
	return NULL;
}

/* Does --announce hold "-KEYWORD"? */
static bool withheld(const struct smtp *smtp, struct span keyword)
{
	for (unsigned i = 0; i < smtp->config->announce_count; i++) {
		struct span entry = smtp->config->announce[i];

		if (entry.len > 0 && entry.base[0] == '-' &&
		    span_equal_nocase(span_from(entry, 1), keyword))
			return true;
	}
	return false;
}

bool smtp_offers(const struct smtp *smtp, struct span keyword)
{
	const struct keyword *row = find(keyword);

	if (!smtp->esmtp || withheld(smtp, keyword))
		return false;
	if (row == NULL)
		return listed(smtp, keyword);
	return (row->verb == NULL || !smtp_disabled(smtp, span_of(row->verb))) &&
	       row->offered(smtp);
}

bool smtp_offers_foreign(const struct smtp *smtp, struct span keyword)
{
	return find(keyword) == NULL && smtp_offers(smtp, keyword);
}

static void begin_line(struct buffer *out)
{
	if (out->len > 0)
		buffer_byte(out, '\n');
}

/* Was the keyword written before? Lines are separated by LF. */
static bool is_written(struct span lines, struct span keyword)
{
	while (lines.base != NULL) {
		struct span line = span_take(&lines, '\n');

		if (span_equal_nocase(span_first(line, span_find(line, ' ')), keyword))
			return true;
	}
	return false;
}

/* RFC 5321 4.1.1.1: a keyword, then parameters of 0x21-0x7E, a blank before each. */
static bool line_valid(struct span line)
{
	struct span keyword = span_take(&line, ' ');

	if (!ehlo_keyword_valid(keyword))
		return false;
	while (line.base != NULL) {
		struct span parameter = span_take(&line, ' ');

		for (size_t i = 0; i < parameter.len; i++) {
			if (!ascii_is_graph(parameter.base[i]))
				return false;
		}
		if (parameter.len == 0)
			return false;
	}
	return true;
}

/* A line of the ehlo program: nothing that this engine gives a meaning of its own, nothing twice.
 */
static void put_more(const struct smtp *smtp, struct buffer *out, size_t start, struct span line)
{
	struct span keyword = span_first(line, span_find(line, ' '));
	struct span before = { out->base + start, out->len - start };

	if (line.len > MORE_MAX || !line_valid(line) || find(keyword) != NULL ||
	    withheld(smtp, keyword) || parameter_keyword_known(keyword) ||
	    is_written(before, keyword) || line.len + 1 > buffer_room(out))
		return;
	begin_line(out);
	buffer_put(out, line);
}

void smtp_keywords(const struct smtp *smtp, struct buffer *out, struct span more)
{
	size_t start = out->len;

	for (size_t i = 0; i < sizeof(keyword_table) / sizeof(*keyword_table); i++) {
		const struct keyword *row = &keyword_table[i];

		if (!smtp_offers(smtp, span_of(row->name)))
			continue;
		begin_line(out);
		buffer_string(out, row->name);
		if (row->put != NULL)
			row->put(smtp, out);
	}
	for (unsigned i = 0; i < smtp->config->announce_count; i++) {
		struct span entry = smtp->config->announce[i];
		struct span before = { out->base + start, out->len - start };

		if (find(entry) == NULL && ehlo_keyword_valid(entry) && !withheld(smtp, entry) &&
		    !is_written(before, entry)) {
			begin_line(out);
			buffer_put(out, entry);
		}
	}
	while (more.len > 0) {
		struct span line = span_take(&more, '\n');

		if (line.len > 0 && line.base[line.len - 1] == '\r')
			line.len--;
		put_more(smtp, out, start, line);
	}
}
