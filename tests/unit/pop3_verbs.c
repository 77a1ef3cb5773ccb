/* SPDX-License-Identifier: ISC */
/*
 * pop3_verbs.c - every verb of POP3 in both states with every class of argument, and the
 * form of command lines (POP-002 to POP-009, POP-010, GEN-001, GEN-008, GEN-012 to GEN-015,
 * DEF-017, DEF-018, DEF-019, DEF-022, DEF-030).
 */
#include "pop3_driver.h"

#include "base/ascii.h"

static const struct mail mails[] = { MAIL("m1", "A: b\n\n1\n2\n"), MAIL("m2", "A: b\n\n"),
				     MAIL("m3", "x") };

#define LOGIN         "USER u\r\nPASS p\r\nDELE 3\r\n"
#define LOGIN_REPLIES "+OK send PASS\r\n+OK maildrop has 3 messages\r\n+OK message deleted\r\n"
#define GREETING      "+OK mx.example POP3 ready\r\n"

/* What stands behind the verb; message 3 is marked as deleted. */
static const char *const arguments[] = {
	"",
	" ",
	" 1",
	" 3",
	" 0",
	" 99",
	" 1 0",
	" 1 x",
	" -1",
	" 1x",
	" +1",
	" 4294967297",
	" 18446744073709551617",
	" x",
	" 1  2",
	" 1 1 1",
	" 001",
	"\t",
	" 1 18446744073709551616",
};

#define CLASSES (sizeof(arguments) / sizeof(*arguments))

/* A letter a class: K is +OK, M is +OK of several lines, - is -ERR. */
static const struct row {
	const char *verb, *before, *after; /* in AUTHORIZATION, in TRANSACTION */
} rows[] = {
	{ "USER", "--KKKKKK-KKKKKKKK-K", "-------------------" },
	{ "PASS", "-------------------", "-------------------" },
	{ "APOP", "-------------------", "-------------------" },
	{ "AUTH", "-------------------", "-------------------" },
	{ "STLS", "-------------------", "-------------------" },
	{ "UTF8", "KK---------------K-", "-------------------" },
	{ "STAT", "-------------------", "KK---------------K-" },
	{ "LIST", "-------------------", "MMK-------------KM-" },
	{ "UIDL", "-------------------", "MMK-------------KM-" },
	{ "RETR", "-------------------", "--M-------------M--" },
	{ "TOP", "-------------------", "------M-------M----" },
	{ "DELE", "-------------------", "--K-------------K--" },
	{ "RSET", "-------------------", "KK---------------K-" },
	{ "NOOP", "-------------------", "KK---------------K-" },
	{ "CAPA", "MM---------------M-", "MM---------------M-" },
	{ "LANG", "MM---------------M-", "MM---------------M-" },
	{ "QUIT", "KK---------------K-", "KK---------------K-" },
	{ "FOO", "-------------------", "-------------------" },
	{ "STATUS", "-------------------", "-------------------" },
	{ "LIST1", "-------------------", "-------------------" },
	{ "QUITTER", "-------------------", "-------------------" },
	{ "RETRX", "-------------------", "-------------------" },
	{ "TO", "-------------------", "-------------------" },
	{ "", "-------------------", "-------------------" },
	{ "VERSION", "-------------------", "-------------------" },
	{ "XTND", "-------------------", "-------------------" },
	{ "LAST", "-------------------", "-------------------" },
};

/* K, M or - for one reply, ? for anything else. */
static char kind_of(struct span reply)
{
	size_t line = span_find(reply, '\n') + 1;
	bool whole = reply.len >= 2 && memcmp(reply.base + reply.len - 2, "\r\n", 2) == 0;

	if (!whole || line > POP3_STATUS_MAX)
		return '?';
	if (line == reply.len)
		return span_starts(reply, SPAN("+OK"))     ? 'K'
		       : span_starts(reply, SPAN("-ERR ")) ? '-'
							   : '?';
	return span_starts(reply, SPAN("+OK")) &&
			       memcmp(reply.base + reply.len - 5, "\r\n.\r\n", 5) == 0
		       ? 'M'
		       : '?';
}

static void check_cell(const char *verb, const char *argument, bool after, char wanted, bool lower)
{
	struct scene scene = scene_of(mails, 3);
	struct text sent = { NULL, 0, 0 };
	struct span head = after ? SPAN(GREETING LOGIN_REPLIES) : SPAN(GREETING);
	struct span tail = SPAN("-ERR unknown command\r\n"), reply;
	struct outcome outcome;
	char got = '?';

	text_string(&sent, after ? LOGIN : "");
	for (size_t i = 0; verb[i] != '\0'; i++)
		text_put(&sent,
			 (struct span){ (char[]){ lower ? ascii_lower(verb[i]) : verb[i] }, 1 });
	text_string(&sent, argument);
	text_string(&sent, "\r\nALIVE\r\n");
	outcome = play(&scene, text_span(&sent), (struct cut){ 0, 0, 0, 0 });
	reply = text_span(&outcome.output);
	if (strcmp(verb, "QUIT") == 0 && wanted == 'K')
		tail = SPAN_NONE;
	if (span_starts(reply, head) && reply.len > head.len + tail.len &&
	    span_equal(span_from(reply, reply.len - tail.len), tail)) {
		reply = span_from(span_first(reply, reply.len - tail.len), head.len);
		got = kind_of(reply);
	}
	if (got != wanted)
		fprintf(stderr, "%s%s %s: %c, not %c\n", verb, argument,
			after ? "logged in" : "before login", got, wanted);
	CHECK(got == wanted);
	CHECK(outcome.end == (tail.len == 0 ? END_QUIT : END_EOF));
	outcome_free(&outcome);
	scene_reset(&scene);
	text_free(&sent);
}

static void test_table(void)
{
	for (size_t row = 0; row < sizeof(rows) / sizeof(*rows); row++) {
		CHECK(strlen(rows[row].before) == CLASSES && strlen(rows[row].after) == CLASSES);
		for (size_t i = 0; i < CLASSES; i++) {
			for (int lower = 0; lower < 2; lower++) {
				check_cell(rows[row].verb, arguments[i], false, rows[row].before[i],
					   lower);
				check_cell(rows[row].verb, arguments[i], true, rows[row].after[i],
					   lower);
			}
		}
	}
}

/* 255 octets with CRLF are taken, 256 are not (POP-002). */
static void test_line_limit(void)
{
	for (size_t octets = POP3_LINE_MAX - 1; octets <= POP3_LINE_MAX + 1; octets++) {
		struct scene scene = scene_of(mails, 3);
		struct text sent = { NULL, 0, 0 };
		bool fits = octets <= POP3_LINE_MAX;

		text_string(&sent, "USER ");
		while (sent.len < octets - 2)
			text_string(&sent, "u");
		text_string(&sent, "\r\nQUIT\r\n");
		expect("POP-002", &scene, text_span(&sent),
		       fits ? SPAN(GREETING "+OK send PASS\r\n+OK bye\r\n")
			    : SPAN(GREETING "-ERR line too long\r\n+OK bye\r\n"),
		       NULL, END_QUIT);
		text_free(&sent);
	}
}

/* A line of a mebioctet costs one error and no memory (GEN-008). */
static void test_endless_line(void)
{
	struct scene scene = scene_of(mails, 3);
	struct text sent = { NULL, 0, 0 };
	struct outcome outcome;

	for (size_t i = 0; i < 1 << 20; i++)
		text_string(&sent, "x");
	text_string(&sent, "\r\nQUIT\r\n");
	outcome = play(&scene, text_span(&sent), (struct cut){ 0, 0, 0, 0 });
	CHECK(strcmp(outcome.output.base, GREETING "-ERR line too long\r\n+OK bye\r\n") == 0);
	outcome_free(&outcome);
	text_free(&sent);
}

#define BARE "-ERR lines end in CRLF and hold no CR, LF or NUL\r\n"

static void test_bare_octets(void)
{
	static const struct span lines[] = {
		{ "NOOP\nQUIT\r\n", 11 }, { "NOOP\rQUIT\r\n", 11 }, { "NO\0OP\r\n", 7 },
		{ "\n\r\n", 3 },          { "NOOP\r\r\n", 7 },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct scene scene = scene_of(mails, 3);
		struct text sent = { NULL, 0, 0 };

		text_put(&sent, lines[i]);
		text_string(&sent, "QUIT\r\n");
		expect("GEN-013", &scene, text_span(&sent), SPAN(GREETING BARE "+OK bye\r\n"), "",
		       END_QUIT);
		text_free(&sent);
	}
}

static void test_foreign_protocols(void)
{
	static const char *const firsts[] = { "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
					      "POST / HTTP/1.0\r\n", "CONNECT x:110 HTTP/1.1\r\n",
					      "GET\r\n", "\x16\x03\x01\x02" };
	struct scene scene = scene_of(mails, 3);
	char bytes[400];

	for (size_t i = 0; i < sizeof(firsts) / sizeof(*firsts); i++)
		expect("GEN-013", &scene, span_of(firsts[i]),
		       SPAN(GREETING "-ERR this is a POP3 server\r\n"), "", END_ERROR);
	/* A request line that is too long is a request none the less. */
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, "GET /", 5);
	expect("GEN-013", &scene, (struct span){ bytes, sizeof(bytes) },
	       SPAN(GREETING "-ERR this is a POP3 server\r\n"), "", END_ERROR);
	/* Only as the first input. */
	expect("GEN-013", &scene, SPAN("NOOP\r\nGET / HTTP/1.1\r\n\x16\r\n"),
	       SPAN(GREETING
		    "-ERR log in first\r\n-ERR unknown command\r\n-ERR unknown command\r\n"),
	       "", END_EOF);
	expect("GEN-013", &scene, SPAN("GETX\r\nget / x\r\n"),
	       SPAN(GREETING "-ERR unknown command\r\n-ERR unknown command\r\n"), "", END_EOF);
}

static void test_error_limits(void)
{
	struct scene scene = scene_of(mails, 3);

	scene.config.max_errors = 2;
	/* The limit is allowed, the next one is not; what succeeds starts the count again. */
	expect("GEN-014", &scene, SPAN("FOO\r\nFOO\r\nUSER u\r\nFOO\r\nFOO\r\nFOO\r\nUSER u\r\n"),
	       SPAN(GREETING
		    "-ERR unknown command\r\n-ERR unknown command\r\n+OK send PASS\r\n"
		    "-ERR unknown command\r\n-ERR unknown command\r\n-ERR too many errors\r\n"),
	       "", END_LIMIT);
	scene.config.max_errors = 0;
	scene.config.max_commands = 2;
	expect("max-commands", &scene, SPAN("CAPA x\r\nUSER u\r\nQUIT\r\n"),
	       SPAN(GREETING
		    "-ERR there is no argument to this\r\n+OK send PASS\r\n-ERR too many commands\r\n"),
	       "", END_LIMIT);
}

static void test_disabled(void)
{
	static const struct span disabled[] = { { "top", 3 }, { "UTF8", 4 } };
	struct scene scene = scene_of(mails, 3);

	scene.config.disabled = disabled;
	scene.config.disabled_count = 2;
	expect("disable-command", &scene, SPAN("UTF8\r\nCAPA\r\n"),
	       SPAN(GREETING
		    "-ERR the command is disabled\r\n+OK capabilities follow\r\nUIDL\r\nRESP-CODES\r\n"
		    "AUTH-RESP-CODE\r\nPIPELINING\r\nLANG\r\nUSER\r\n.\r\n"),
	       "", END_EOF);
}

int main(void)
{
	test_table();
	test_line_limit();
	test_endless_line();
	test_bare_octets();
	test_foreign_protocols();
	test_error_limits();
	test_disabled();
	return check_report();
}
