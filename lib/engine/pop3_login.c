/* SPDX-License-Identifier: ISC */
/*
 * pop3_login.c - AUTHORIZATION: USER, PASS, and the listing that completes a login (RFC 1939 4, 7).
 *
 * A login is credentials, then the listing, whose program holds the lock.  When the
 * credentials were right and the listing fails, LOGOUT lets the lock go before the -ERR (POP-015).
 */
#include "engine/pop3_private.h"

#include "base/utf8.h"

/* The name that AUTH is told, with the checks of a SASL authcid (POP-019). */
static bool name_fits(struct span name)
{
	return fact_is_clean(FACT_LOGIN_NAME, name) && utf8_is_ascii(name) && name.base[0] != '-' &&
	       span_trim(name).len == name.len;
}

void pop3_user(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	struct span name = arguments->text;

	pop3->name_len = 0;
	if (!pop3_handles(pop3, EVENT_AUTH)) {
		pop3_err(pop3, "SYS/PERM", SPAN("no authentication is configured"));
	} else if (!pop3_plaintext(pop3)) {
		/* RFC 2595 1: said before the password is sent. */
		pop3_err(pop3, "", SPAN("a password needs TLS"));
	} else if (!name_fits(name)) {
		pop3_error(pop3, SPAN("not a user name"));
	} else {
		memcpy(pop3->name, name.base, name.len);
		pop3->name_len = name.len;
		pop3_ok(pop3, SPAN("send PASS")); /* whether or not there is such a user */
	}
}

void pop3_pass(struct pop3 *pop3, const struct pop3_arguments *arguments)
{
	struct span password = arguments->text;
	struct event_call *call;

	if (pop3->name_len == 0) {
		pop3_error(pop3, SPAN("USER comes first"));
		return;
	}
	memcpy(pop3->password, password.base, password.len);
	call = pop3_raise(pop3, EVENT_AUTH);
	event_add(call, FACT_LOGIN_NAME, (struct span){ pop3->name, pop3->name_len });
	event_add(call, FACT_PASSWORD, (struct span){ pop3->password, password.len });
}

/* The response code of a refused login (DESIGN 8, RFC 3206): a fault of ours is never told as a
 * wrong password. */
static const char *refusal_code(int exit)
{
	switch (exit) {
	case 1:
	case 2:
	case EXIT_NOUSER:
	case EXIT_NOPERM:
	case EXIT_PERMANENT:
		return "AUTH";
	case EXIT_CONFIG:
		return "SYS/PERM";
	default:
		return "SYS/TEMP";
	}
}

void pop3_on_auth(struct pop3 *pop3, const struct verdict *verdict)
{
	uint32_t most = pop3->config->max_auth_failures;
	const char *code = refusal_code(verdict->exit);

	explicit_bzero(pop3->password, sizeof(pop3->password));
	pop3->name_len = 0; /* RFC 1939 7: USER again, after a failure too */
	if (verdict->exit == EXIT_DONE) {
		pop3_raise(pop3, EVENT_LIST);
		return;
	}
	pop3_refuse_login(pop3, verdict, code,
			  code[0] == 'A' ? SPAN("wrong user name or password")
					 : SPAN("the login cannot be checked"));
	pop3->engine.counts.auth_failures++;
	if (most > 0 && pop3->engine.counts.auth_failures >= most)
		pop3_close_after(pop3, END_LIMIT);
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
