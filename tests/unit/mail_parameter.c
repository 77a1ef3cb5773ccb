/* SPDX-License-Identifier: ISC */
/* mail_parameter.c - parameters and xtext: SMTP-051 to 053, SIZE-002, BODY-001, DSN-002 to 007,
 * UTF8-001, AUTH-014, XTN-002. */
#include "mail/parameter.h"
#include "mail/xtext.h"

#include "check.h"

static bool offers_all(const void *context, struct span keyword)
{
	(void)context;
	(void)keyword;
	return true;
}

static bool offers_none(const void *context, struct span keyword)
{
	(void)context;
	(void)keyword;
	return false;
}

static bool offers_foreign(const void *context, struct span keyword)
{
	(void)context;
	return span_equal_nocase(keyword, SPAN("X-FOO"));
}

static char bytes[ORCPT_MAX];
static struct parameters said;

static enum parameter_result parse(enum parameter_command command, bool utf8, const char *text)
{
	const struct parameter_rules rules = { command, utf8, offers_all, offers_foreign, NULL };
	struct buffer storage = BUFFER(bytes);

	return parameters_parse(span_of(text), &rules, &storage, &said);
}

static const struct {
	enum parameter_command command;
	const char *text;
	enum parameter_result want;
} cases[] = {
	{ PARAMETER_MAIL, "", PARAMETER_OK },
	{ PARAMETER_MAIL, "SIZE=0", PARAMETER_OK },
	{ PARAMETER_MAIL, "  size=5   BODY=8bitmime ", PARAMETER_OK },
	{ PARAMETER_MAIL, "SIZE", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "SIZE=", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "SIZE==1", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "=5", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "SIZE =5", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "SIZE=+1", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "SIZE=-1", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "SIZE=0x1", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "SIZE=000000000000000000001", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "SIZE=1 SIZE=1", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "SIZE=1 size=2", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "SIZE=1\tBODY=7BIT", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "BODY=9BIT", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "BODY=BINARYMIME", PARAMETER_OK },
	{ PARAMETER_MAIL, "SMTPUTF8=1", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "SMTPUTF8=", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "REQUIRETLS", PARAMETER_OK },
	{ PARAMETER_MAIL, "REQUIRETLS=1", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "-FOO=1", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "F_O=1", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "FOO=1", PARAMETER_UNKNOWN },
	{ PARAMETER_MAIL, "PIPELINING", PARAMETER_UNKNOWN },
	{ PARAMETER_MAIL, "DSN", PARAMETER_UNKNOWN },
	{ PARAMETER_MAIL, "X-FOO", PARAMETER_OK },
	{ PARAMETER_RCPT, "x-foo=bar", PARAMETER_OK },
	{ PARAMETER_RCPT, "x-foo=", PARAMETER_SYNTAX },
	{ PARAMETER_RCPT, "x-foo=1 X-FOO=2", PARAMETER_SYNTAX },
	{ PARAMETER_RCPT, "x-foo=\xc3\xa4", PARAMETER_SYNTAX },
	{ PARAMETER_RCPT, "RET=FULL", PARAMETER_UNKNOWN },
	{ PARAMETER_RCPT, "SIZE=1", PARAMETER_UNKNOWN },
	{ PARAMETER_MAIL, "NOTIFY=NEVER", PARAMETER_UNKNOWN },
	{ PARAMETER_MAIL, "RET=full", PARAMETER_OK },
	{ PARAMETER_MAIL, "RET=BODY", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "ENVID=a+3Db", PARAMETER_OK },
	{ PARAMETER_MAIL, "ENVID=+", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "ENVID=+4", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "ENVID=+GG", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "ENVID=a+0Ab", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "ENVID=a+00b", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "ENVID=a+C3+A4", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "ENVID=+28)", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "ENVID=-x", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "ENVID=+20x", PARAMETER_SYNTAX },
	{ PARAMETER_RCPT, "NOTIFY=NEVER", PARAMETER_OK },
	{ PARAMETER_RCPT, "NOTIFY=NEVER,DELAY", PARAMETER_SYNTAX },
	{ PARAMETER_RCPT, "NOTIFY=DELAY,DELAY", PARAMETER_SYNTAX },
	{ PARAMETER_RCPT, "NOTIFY=DELAY,", PARAMETER_SYNTAX },
	{ PARAMETER_RCPT, "NOTIFY=", PARAMETER_SYNTAX },
	{ PARAMETER_RCPT, "ORCPT=rfc822;a+2Bb@x.example", PARAMETER_OK },
	{ PARAMETER_RCPT, "ORCPT=rfc822", PARAMETER_SYNTAX },
	{ PARAMETER_RCPT, "ORCPT=;a", PARAMETER_SYNTAX },
	{ PARAMETER_RCPT, "ORCPT=rfc822;", PARAMETER_SYNTAX },
	{ PARAMETER_RCPT, "ORCPT=rf c822;a", PARAMETER_SYNTAX },
	{ PARAMETER_RCPT, "ORCPT=rfc822;a+0D+0Ab", PARAMETER_SYNTAX },
	{ PARAMETER_RCPT, "ORCPT=utf-8;a\\x{2B}b@x.example", PARAMETER_OK },
	{ PARAMETER_RCPT, "ORCPT=utf-8;a\\x{2B@x.example", PARAMETER_SYNTAX },
	{ PARAMETER_RCPT, "ORCPT=utf-8;a+2Bb", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "AUTH=<>", PARAMETER_OK },
	{ PARAMETER_MAIL, "AUTH=e+3Dmc2@x.example", PARAMETER_OK },
	{ PARAMETER_MAIL, "AUTH=e@", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "AUTH=a@b.example+3Ex", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "AUTH=", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "BY=60;R", PARAMETER_OK },
	{ PARAMETER_MAIL, "BY=-60;NT", PARAMETER_OK },
	{ PARAMETER_MAIL, "BY=60", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "BY=;R", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "MT-PRIORITY=-9", PARAMETER_OK },
	{ PARAMETER_MAIL, "MT-PRIORITY=10", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "HOLDFOR=9", PARAMETER_OK },
	{ PARAMETER_MAIL, "HOLDFOR=0", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "HOLDUNTIL=2030-01-02T03:04:05Z", PARAMETER_OK },
	{ PARAMETER_MAIL, "HOLDUNTIL=2030-01-02T03:04:05+01:00", PARAMETER_OK },
	{ PARAMETER_MAIL, "HOLDUNTIL=2030-01-02T03:04:05", PARAMETER_SYNTAX },
	{ PARAMETER_MAIL, "HOLDUNTIL=2030-01-02", PARAMETER_SYNTAX },
};

static void check_table(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		enum parameter_result got = parse(cases[i].command, false, cases[i].text);

		if (got != cases[i].want) {
			fprintf(stderr, "%s: %d\n", cases[i].text, (int)got);
			CHECK(got == cases[i].want);
		}
	}
}

static void check_values(void)
{
	CHECK(parse(PARAMETER_MAIL, false, "SIZE=18446744073709551615") == PARAMETER_OK);
	CHECK(said.size == UINT64_MAX && !said.oversize);
	CHECK(parse(PARAMETER_MAIL, false, "SIZE=18446744073709551617") == PARAMETER_OK);
	CHECK(said.oversize);
	CHECK(parse(PARAMETER_MAIL, false, " BODY=binarymime ret=hdrs ENVID=a+3Db+2b ") ==
	      PARAMETER_OK);
	CHECK(said.binary && span_equal(said.body, SPAN("BINARYMIME")));
	CHECK(span_equal(said.ret, SPAN("HDRS")) && span_equal(said.envid, SPAN("a=b+")));
	CHECK(span_equal(said.sent, SPAN("BODY=binarymime ret=hdrs ENVID=a+3Db+2b")));
	CHECK(parse(PARAMETER_RCPT, false, "NOTIFY=delay,SUCCESS ORCPT=RFC822;a+2Bb@x") ==
	      PARAMETER_OK);
	CHECK(span_equal(said.notify, SPAN("SUCCESS,DELAY")));
	CHECK(span_equal(said.orcpt, SPAN("RFC822;a+b@x")));
	CHECK(parse(PARAMETER_RCPT, true, "ORCPT=utf-8;\xc3\xa4@x") == PARAMETER_OK);
	CHECK(span_equal(said.orcpt, SPAN("utf-8;\xc3\xa4@x")));
	CHECK(parse(PARAMETER_RCPT, false, "ORCPT=utf-8;\xc3\xa4@x") == PARAMETER_SYNTAX);
	CHECK(parse(PARAMETER_MAIL, false, "SMTPUTF8") == PARAMETER_OK && said.utf8);
}

/* SMTP-052: what is not announced is unknown, whatever its value. */
static void check_unannounced(void)
{
	static const char *const names[] = { "SIZE=1",     "BODY=7BIT", "SMTPUTF8",
					     "RET=FULL",   "ENVID=x",   "AUTH=<>",
					     "REQUIRETLS", "BY=1;R",    "HOLDFOR=1" };
	const struct parameter_rules rules = { PARAMETER_MAIL, false, offers_none, offers_none,
					       NULL };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct buffer storage = BUFFER(bytes);

		CHECK(parameters_parse(span_of(names[i]), &rules, &storage, &said) ==
		      PARAMETER_UNKNOWN);
		CHECK(!said.utf8);
	}
}

/* DSN-002, DSN-004: the exact limit, and one more. */
static void check_limits(void)
{
	char text[600] = "ENVID=";

	memset(text + 6, 'a', 101);
	text[6 + ENVID_MAX] = '\0';
	CHECK(parse(PARAMETER_MAIL, false, text) == PARAMETER_OK && said.envid.len == ENVID_MAX);
	text[6 + ENVID_MAX] = 'a';
	CHECK(parse(PARAMETER_MAIL, false, text) == PARAMETER_SYNTAX);
	memset(text, 'a', sizeof(text));
	memcpy(text, "ORCPT=rfc822;", 13);
	text[6 + ORCPT_MAX] = '\0';
	CHECK(parse(PARAMETER_RCPT, false, text) == PARAMETER_OK && said.orcpt.len == ORCPT_MAX);
	text[6 + ORCPT_MAX] = 'a';
	text[7 + ORCPT_MAX] = '\0';
	CHECK(parse(PARAMETER_RCPT, false, text) == PARAMETER_SYNTAX);
}

static bool xtext(const char *text, const char *want)
{
	char storage[64];
	struct buffer out = BUFFER(storage);

	return xtext_decode(&out, span_of(text)) && span_equal(buffer_span(&out), span_of(want));
}

static void check_xtext(void)
{
	struct buffer small = { bytes, 0, 3, false };

	CHECK(xtext("", ""));
	CHECK(xtext("a+2Bb+3d", "a+b="));
	CHECK(xtext("+20", " "));
	CHECK(!xtext("a=b", "a=b"));
	CHECK(!xtext("a b", "a b"));
	CHECK(!xtext("a+7F", "a\x7f"));
	CHECK(!xtext("a+80", "a\x80"));
	CHECK(!xtext("+2", ""));
	CHECK(!xtext_decode(&small, SPAN("abcd")));
}

int main(void)
{
	check_table();
	check_values();
	check_unannounced();
	check_limits();
	check_xtext();
	return check_report();
}
