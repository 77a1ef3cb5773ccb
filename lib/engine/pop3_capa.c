/* SPDX-License-Identifier: ISC */
/* pop3_capa.c - CAPA (RFC 2449 5, 6), UTF8 and LANG (RFC 6856 2, 3). */
#include "engine/pop3_private.h"

#include "base/number.h"

/* Longest value of IMPLEMENTATION that is told: the line stays under POP3_STATUS_MAX. */
#define IMPLEMENTATION_MAX 400

/* ---- LOGIN-DELAY and EXPIRE: of a program, else of the configuration ------------------------- */

/* "SECONDS", "DAYS" or "NEVER": the first line of what a program yields, or the fixed value. */
static size_t keep_value(struct pop3 *pop3, const struct verdict *verdict, struct span fixed,
			 char *storage, size_t cap)
{
	struct buffer value = { storage, 0, cap, false };
	struct span text = verdict->text, line = span_trim(span_take(&text, '\n'));
	uint64_t number;

	if (verdict->exit != EXIT_DONE) {
		buffer_put(&value, fixed);
	} else if (number_parse(line, &number) == NUMBER_OK) {
		buffer_number(&value, number);
	} else if (pop3->engine.call.event == EVENT_EXPIRE &&
		   span_equal_nocase(line, SPAN("NEVER"))) {
		buffer_string(&value, "NEVER");
	} else {
		pop3_fault(pop3, "not a number of seconds or days", line);
	}
	/* RFC 2449 6.5, 6.7: before the login it is the worst case of values that differ. */
	if (value.len > 0 && verdict->exit == EXIT_DONE && pop3->state == POP3_AUTHORIZATION)
		buffer_string(&value, " USER");
	return value.len;
}

void pop3_capa(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	(void)arguments;
	pop3_raise(pop3, EVENT_LOGIN_DELAY);
}

void pop3_on_login_delay(struct pop3 *pop3, const struct verdict *verdict)
{
	pop3->login_delay_len = keep_value(pop3, verdict, pop3->config->login_delay,
					   pop3->login_delay, sizeof(pop3->login_delay));
	pop3_raise(pop3, EVENT_EXPIRE);
}

/* ---- the list -------------------------------------------------------------------------------- */

/* A tag and its value, which may be empty. */
static void put_tag(struct buffer *out, const char *tag, struct span value)
{
	buffer_string(out, tag);
	if (value.len > 0)
		buffer_byte(out, ' ');
	buffer_put(out, value);
	buffer_string(out, "\r\n");
}

/* True when USER would be taken now. */
static bool user_offered(const struct pop3 *pop3)
{
	return pop3->state == POP3_AUTHORIZATION &&
	       sasl_offered(&pop3->config->mechanisms, SASL_USER) &&
	       pop3_handles(pop3, EVENT_AUTH) && !pop3_disabled(pop3, SPAN("PASS"));
}

void pop3_on_expire(struct pop3 *pop3, const struct verdict *verdict)
{
	static const struct tag {
		const char *name;
		bool verb; /* goes when the verb is disabled */
	} tags[] = {
		{ "TOP", true },         { "UIDL", true },
		{ "RESP-CODES", false }, { "AUTH-RESP-CODE", false },
		{ "PIPELINING", false }, { "UTF8", true },
		{ "LANG", true },
	};
	struct buffer *out = &pop3->engine.out;
	struct span name = pop3->config->implementation;

	pop3->expire_len =
		keep_value(pop3, verdict, pop3->config->expire, pop3->expire, sizeof(pop3->expire));
	pop3_ok(pop3, SPAN("capabilities follow"));
	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		if (!tags[i].verb || !pop3_disabled(pop3, span_of(tags[i].name)))
			put_tag(out, tags[i].name, SPAN_NONE);
	}
	if (pop3_offers_stls(pop3))
		put_tag(out, "STLS", SPAN_NONE);
	if (user_offered(pop3) && !pop3_disabled(pop3, SPAN("USER")))
		put_tag(out, "USER", SPAN_NONE);
	/* RFC 5034 3: what would be taken now. */
	if (pop3->state == POP3_AUTHORIZATION && (pop3->config->mechanisms.now & SASL_NAMED) != 0 &&
	    !pop3_disabled(pop3, SPAN("AUTH"))) {
		buffer_string(out, "SASL ");
		sasl_put_names(&pop3->config->mechanisms, " ", out);
		buffer_string(out, "\r\n");
	}
	if (pop3->login_delay_len > 0)
		put_tag(out, "LOGIN-DELAY",
			(struct span){ pop3->login_delay, pop3->login_delay_len });
	if (pop3->expire_len > 0)
		put_tag(out, "EXPIRE", (struct span){ pop3->expire, pop3->expire_len });
	/* RFC 2449 6.9: only to who has logged in. */
	if (pop3->state == POP3_TRANSACTION && name.len > 0)
		put_tag(out, "IMPLEMENTATION",
			span_first(name,
				   name.len < IMPLEMENTATION_MAX ? name.len : IMPLEMENTATION_MAX));
	buffer_string(out, ".\r\n");
}

/* ---- UTF8 and LANG --------------------------------------------------------------------------- */

void pop3_utf8(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	(void)arguments;
	pop3->utf8 = true;
	pop3_ok(pop3, SPAN("UTF-8 it is"));
}

void pop3_lang(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	struct span tag = arguments->text;

	if (tag.len == 0) {
		pop3_ok(pop3, SPAN("languages follow"));
		buffer_string(&pop3->engine.out,
			      "en English\r\ni-default Default language\r\n.\r\n");
	} else if (span_equal_nocase(tag, SPAN("en"))) {
		pop3_ok(pop3, SPAN("en English"));
	} else if (span_equal_nocase(tag, SPAN("i-default")) || span_equal(tag, SPAN("*"))) {
		pop3_ok(pop3, SPAN("i-default Default language"));
	} else {
		pop3_err(pop3, "", SPAN("there is no such language here"));
	}
}
