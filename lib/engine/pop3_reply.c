/* SPDX-License-Identifier: ISC */
/* pop3_reply.c - the status lines of POP3 (RFC 1939 3, RFC 2449 3 and 8). */
#include "engine/pop3_private.h"

#include "mail/reply.h"

void pop3_status(struct pop3 *pop3, bool ok, const char *code, struct span text)
{
	struct buffer *out = pop3->holding ? &pop3->held : &pop3->engine.out;
	size_t start = out->len, mark;

	buffer_string(out, ok ? "+OK" : "-ERR");
	if (code[0] != '\0') {
		buffer_string(out, " [");
		buffer_string(out, code);
		buffer_byte(out, ']');
	}
	if (text.len > 0)
		buffer_byte(out, ' ');
	mark = out->len;
	reply_clean(out, text, POP3_STATUS_MAX - 2 - (mark - start), pop3->utf8);
	/* RFC 2449 3: what begins with a bracket is a response code, and text of others has none.
	 */
	if (out->len > mark && out->base[mark] == '[')
		out->base[mark] = '(';
	buffer_string(out, "\r\n");
	if (!ok) {
		pop3->engine.failed_replies++;
		pop3->engine.counts.errors++;
	} else {
		pop3->engine.counts.in_row = 0;
	}
}

void pop3_error(struct pop3 *pop3, struct span text)
{
	uint32_t most = pop3->config->max_errors;

	pop3->engine.counts.in_row++;
	if (most > 0 && pop3->engine.counts.in_row > most) {
		pop3_err(pop3, "", SPAN("too many errors"));
		pop3_close_after(pop3, END_LIMIT);
		return;
	}
	pop3_err(pop3, "", text);
}

/* What a program said, in one line, or else `text`. */
static struct span refined(const struct verdict *verdict, struct span text)
{
	struct span lines = verdict->text;
	struct reply_line line;

	return reply_next_line(&lines, &line) && line.text.len > 0 ? line.text : text;
}

void pop3_refuse(struct pop3 *pop3, const struct verdict *verdict, enum event event,
		 struct span text)
{
	struct exit_meaning meaning =
		exit_meaning(verdict->exit, event, pop3->config->quota_tempfail);

	/* What says yes where nothing came of it is trouble on our side. */
	pop3_err(pop3, meaning.code == 0 ? "SYS/TEMP" : meaning.pop3, refined(verdict, text));
}

/* Takes a response code that a program may bring (RFC 2449 8.1, RFC 3206) off the front of `*text`.
 */
static const char *take_code(struct span *text)
{
	static const char *const codes[] = { "IN-USE", "LOGIN-DELAY", "SYS/TEMP", "SYS/PERM" };

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		struct span code = span_of(codes[i]);

		if (text->len < code.len + 2 || text->base[0] != '[' ||
		    text->base[code.len + 1] != ']' ||
		    !span_equal((struct span){ text->base + 1, code.len }, code))
			continue;
		*text = span_trim(span_from(*text, code.len + 2));
		return codes[i];
	}
	return NULL;
}

void pop3_refuse_login(struct pop3 *pop3, const struct verdict *verdict, const char *code,
		       struct span text)
{
	struct span said = refined(verdict, text);
	const char *brought = verdict->exit == EXIT_TEMPFAIL ? take_code(&said) : NULL;

	pop3_err(pop3, brought != NULL ? brought : code, said);
}

void pop3_release(struct pop3 *pop3)
{
	pop3->holding = false;
	buffer_put(&pop3->engine.out, buffer_span(&pop3->held));
	buffer_clear(&pop3->held);
}

void pop3_ok_maildrop(struct pop3 *pop3)
{
	char storage[64];
	struct buffer text = BUFFER(storage);

	buffer_string(&text, "maildrop has ");
	buffer_number(&text, pop3->maildrop.remaining);
	buffer_string(&text, pop3->maildrop.remaining == 1 ? " message" : " messages");
	pop3_ok(pop3, buffer_span(&text));
}
