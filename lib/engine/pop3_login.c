/* SPDX-License-Identifier: ISC */
/*
 * pop3_login.c - AUTHORIZATION: USER, PASS, APOP, AUTH (RFC 1939 7, RFC 5034), and the listing that
 * completes a login (RFC 1939 4).
 *
 * A login is credentials, then the listing, whose program holds the lock.  When the
 * credentials were right and the listing fails, LOGOUT lets the lock go before the -ERR (POP-015).
 */
#include "engine/pop3_private.h"

/* How an exchange ends that no verdict ended; the others are refuse()'s. */
static const struct {
	const char *text;
	bool error; /* counts against --max-errors */
} replies[SASL_RESULTS] = {
	[SASL_REFUSED] = { "wrong user name or password", false },
	[SASL_UNKNOWN] = { "no such mechanism here", true },
	[SASL_NEEDS_TLS] = { "this mechanism needs TLS", true },
	[SASL_NO_INITIAL] = { "this mechanism takes no initial response", true },
	[SASL_CANCELLED] = { "authentication cancelled", true },
	[SASL_NOT_BASE64] = { "not base64", true },
	[SASL_MALFORMED] = { "malformed response", true },
};

/* A wrong password is told as such and nothing else is (RFC 3206 4). */
static void refuse(struct pop3 *pop3, enum sasl_result result, const struct verdict *verdict)
{
	uint32_t most = pop3->config->max_auth_failures;

	if (result == SASL_REFUSED)
		pop3_refuse_login(pop3, verdict, "AUTH", span_of(replies[result].text));
	else if (result == SASL_TROUBLE)
		pop3_refuse_login(pop3, verdict, "SYS/TEMP", SPAN("the login cannot be checked"));
	else if (replies[result].error)
		pop3_error(pop3, span_of(replies[result].text));
	else
		pop3_err(pop3, "", span_of(replies[result].text));
	if (most > 0 && pop3->engine.counts.auth_failures >= most)
		pop3_close_after(pop3, END_LIMIT);
}

static void go_on(struct pop3 *pop3, enum sasl_result result, const struct verdict *verdict)
{
	struct buffer *out = &pop3->engine.out;

	switch (result) {
	case SASL_CHALLENGE:
		/* RFC 5034 4: a plus, a blank, the challenge, and nothing else. */
		buffer_string(out, "+ ");
		buffer_put(out, pop3->sasl.challenge);
		buffer_string(out, "\r\n");
		pop3->phase = PHASE_RESPONSE;
		break;
	case SASL_ASK:
		sasl_ask(&pop3->sasl, pop3_raise(pop3, sasl_event(&pop3->sasl)));
		break;
	case SASL_SUCCESS:
		pop3_raise(pop3, EVENT_LIST);
		break;
	default:
		refuse(pop3, result, verdict);
	}
}

static const struct verdict silent = { .exit = VERDICT_NONE };

void pop3_user(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	sasl_end(&pop3->sasl);
	if (!pop3_handles(pop3, EVENT_AUTH))
		pop3_err(pop3, "SYS/PERM", SPAN("no authentication is configured"));
	else if (!sasl_offered(&pop3->config->mechanisms, SASL_USER))
		pop3_err(pop3, "",
			 SPAN("a password needs TLS")); /* RFC 2595 1: before it is sent */
	else if (sasl_user(&pop3->sasl, arguments->text) != SASL_CHALLENGE)
		pop3_error(pop3, SPAN("not a user name"));
	else
		pop3_ok(pop3, SPAN("send PASS")); /* whether or not there is such a user */
}

void pop3_pass(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	if (pop3->sasl.mechanism != SASL_USER || pop3->sasl.name.len == 0)
		pop3_error(pop3, SPAN("USER comes first"));
	else
		go_on(pop3, sasl_pass(&pop3->sasl, arguments->text), &silent);
}

void pop3_apop(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	if (sasl_offered(&pop3->config->mechanisms, SASL_APOP))
		go_on(pop3, sasl_apop(&pop3->sasl, arguments->text), &silent);
	else
		pop3_error(pop3, SPAN("not offered here"));
}

void pop3_auth(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	const struct sasl_offer *offer = &pop3->config->mechanisms;
	struct span initial = arguments->text, name = span_take(&initial, ' ');

	initial = span_trim(initial);
	if (name.len > 0) {
		go_on(pop3,
		      sasl_begin(&pop3->sasl, offer, name, initial.len > 0 ? initial : SPAN_NONE),
		      &silent);
	} else if ((offer->now & SASL_NAMED) == 0) {
		pop3_error(pop3, SPAN("not offered here"));
	} else {
		/* Old clients ask so for the list (POP-122). */
		pop3_ok(pop3, SPAN("mechanisms follow"));
		sasl_put_names(offer, "\r\n", &pop3->engine.out);
		buffer_string(&pop3->engine.out, "\r\n.\r\n");
	}
}

bool pop3_next_response(struct pop3 *pop3, struct input *input, enum engine_next *next)
{
	struct span bytes = { input->base + input->at, input->len - input->at }, line;
	enum line_result result;
	size_t used;

	if (buffer_room(&pop3->engine.out) < REPLY_ROOM) {
		*next = ENGINE_DRAIN;
		return true;
	}
	result = line_take(&pop3->line, bytes, SASL_LINE_MAX + 2, &line, &used);
	input->at += used;
	if (result == LINE_PARTIAL)
		return pop3_starved(pop3, input, next);
	pop3->phase = PHASE_COMMAND;
	if (!pop3_admit(pop3)) {
		sasl_end(&pop3->sasl);
	} else if (result == LINE_WHOLE) {
		go_on(pop3, sasl_respond(&pop3->sasl, line), &silent);
	} else {
		sasl_end(&pop3->sasl);
		pop3_error(pop3, SPAN("not a line of an authentication exchange"));
	}
	span_wipe(span_first(bytes, used));
	return false;
}

void pop3_on_auth(struct pop3 *pop3, const struct verdict *verdict)
{
	if (verdict->exit != EXIT_DONE && verdict->exit != VERDICT_CHALLENGE)
		pop3->engine.counts.auth_failures++;
	go_on(pop3, sasl_judge(&pop3->sasl, verdict), verdict);
}

/* The reply waits until the lock is gone. */
static void hold_failure(struct pop3 *pop3)
{
	pop3->holding = true;
	pop3->maildrop.count = 0;
	pop3_raise(pop3, EVENT_LOGOUT);
}

void pop3_on_list(struct pop3 *pop3, const struct verdict *verdict)
{
	struct exit_meaning meaning =
		exit_meaning(verdict->exit, EVENT_LIST, pop3->config->quota_tempfail);
	const char *code = meaning.code == 0 ? "SYS/TEMP" : meaning.pop3;

	if (verdict->exit == EXIT_DONE) {
		maildrop_begin(&pop3->maildrop);
		pop3->phase = PHASE_CONTENT;
		return;
	}
	if (verdict->exit == EXIT_NOUSER || verdict->exit == EXIT_NOHOST)
		code = "AUTH";
	hold_failure(pop3);
	pop3_refuse_login(pop3, verdict, code, SPAN("the maildrop cannot be opened"));
}

static void listing_failed(struct pop3 *pop3, enum maildrop_result result)
{
	char storage[200];
	struct buffer fault = BUFFER(storage);

	hold_failure(pop3);
	if (result == MAILDROP_BAD) {
		maildrop_fault(&pop3->maildrop, &fault);
		pop3_fault(pop3, "bad listing", buffer_span(&fault));
		pop3_err(pop3, "SYS/PERM", SPAN("the maildrop's listing is faulty"));
		return;
	}
	pop3_err(pop3, "SYS/TEMP", SPAN("the maildrop cannot be read"));
}

void pop3_listing_content(struct pop3 *pop3, struct content *content)
{
	enum maildrop_result result = MAILDROP_STORAGE;

	if (!content->failed)
		result = maildrop_append(&pop3->maildrop, content->bytes);
	content->bytes = SPAN_NONE;
	if (result == MAILDROP_OK && content->last)
		result = maildrop_finish(&pop3->maildrop);
	if (result != MAILDROP_OK) {
		content->enough = true;
		listing_failed(pop3, result);
	} else if (content->last) {
		pop3->state = POP3_TRANSACTION;
		pop3->phase = PHASE_COMMAND;
		pop3_ok_maildrop(pop3);
	}
}
