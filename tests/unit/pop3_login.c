/* SPDX-License-Identifier: ISC */
/*
 * pop3_login.c - greeting, USER and PASS, the listing, CAPA (POP-001, POP-010 to POP-019,
 * POP-034, POP-090 to POP-097, POP-124, POP-126, GEN-016, DEF-016, DEF-023, DEF-024, DEF-028).
 */
#include "pop3_driver.h"

static const struct mail mails[] = { MAIL("m1", "a\n"), MAIL("m2", "b\n") };

#define GREETING "+OK mx.example POP3 ready\r\n"
#define SEND     "+OK send PASS\r\n"
#define AUTH     "auth LOGIN_NAME=u PASSWORD=p\n"

static void test_greeting(void)
{
	struct scene scene = scene_of(mails, 2);
	char longest[600];

	expect("POP-001", &scene, SPAN(""), SPAN(GREETING), "", END_EOF);
	scene.config.greeting = SPAN("<1.2@mx.example> [AUTH] hello");
	expect("POP-001", &scene, SPAN(""), SPAN("+OK (1.2@mx.example) [AUTH] hello\r\n"), "",
	       END_EOF);
	scene.config.handled |= EVENT_BIT(EVENT_CONNECT);
	scene.said[EVENT_CONNECT] = "220 [x] wel\x1b"
				    "come\xff\nmore";
	expect("POP-001 POP-096 GEN-003", &scene, SPAN(""), SPAN("+OK (x] wel come?\r\n"),
	       "connect\n", END_EOF);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	scene.said[EVENT_CONNECT] = longest;
	struct outcome outcome = play(&scene, SPAN(""), (struct cut){ 0, 0, 0, 0 });
	CHECK(outcome.output.len == POP3_STATUS_MAX); /* GEN-004 */
	outcome_free(&outcome);
	scene.said[EVENT_CONNECT] = "go away";
	scene.exits[EVENT_CONNECT] = EXIT_PERMANENT;
	expect("MAP-042", &scene, SPAN("QUIT\r\n"), SPAN("-ERR go away\r\n"), "connect\n",
	       END_LIMIT);
	scene.said[EVENT_CONNECT] = NULL;
	scene.exits[EVENT_CONNECT] = 111;
	expect("MAP-042", &scene, SPAN("QUIT\r\n"), SPAN("-ERR [SYS/TEMP] no service here\r\n"),
	       "connect\n", END_LIMIT);
}

static void test_credentials(void)
{
	struct scene scene = scene_of(mails, 2);

	expect("POP-098", &scene, SPAN("USER u\r\nPASS p\r\nSTAT\r\nLIST\r\nQUIT\r\n"),
	       SPAN(GREETING SEND
		    "+OK maildrop has 2 messages\r\n+OK 2 6\r\n+OK maildrop has 2 messages\r\n"
		    "1 3\r\n2 3\r\n.\r\n+OK bye\r\n"),
	       AUTH "list\nretrieve MESSAGE=m1\nretrieve MESSAGE=m2\nlogout\n", END_QUIT);
	/* The last USER counts; blanks and all octets belong to the password. */
	expect("POP-011 POP-013", &scene, SPAN("USER x\r\nuser u v \r\nPASS  a\tb\xff \r\n"),
	       SPAN(GREETING SEND SEND "+OK maildrop has 2 messages\r\n"),
	       "auth LOGIN_NAME=u v PASSWORD= a\tb\xff \nlist\n", END_EOF);
	expect("POP-013", &scene, SPAN("USER u\r\nPASS  a b \r\n"),
	       SPAN(GREETING SEND "+OK maildrop has 2 messages\r\n"),
	       "auth LOGIN_NAME=u PASSWORD= a b \nlist\n", END_EOF);
	expect("POP-012", &scene,
	       SPAN("PASS x\r\nUSER u\r\nCAPA x\r\nFOO\r\nPASS\r\nPASS p\r\nUSER u\r\n"),
	       SPAN(GREETING "-ERR USER comes first\r\n" SEND
			     "-ERR there is no argument to this\r\n-ERR unknown command\r\n"
			     "-ERR an argument is missing\r\n+OK maildrop has 2 messages\r\n"
			     "-ERR not after the login\r\n"),
	       AUTH "list\n", END_EOF);
	expect("POP-011 POP-019", &scene,
	       SPAN("USER\r\nUSER \r\nUSER -x\r\nUSER ()x\r\nUSER a\tb\r\nUSER \xc3\xa9\r\nUSER ../../etc\r\n"),
	       SPAN(GREETING
		    "-ERR an argument is missing\r\n-ERR an argument is missing\r\n"
		    "-ERR not a user name\r\n-ERR not a user name\r\n-ERR not a user name\r\n"
		    "-ERR not a user name\r\n" SEND),
	       "", END_EOF);
}

static void test_refused_before_the_password(void)
{
	struct scene scene = scene_of(mails, 2);

	scene.config.mechanisms.now = 0;
	expect("POP-014", &scene, SPAN("USER u\r\nPASS p\r\n"),
	       SPAN(GREETING "-ERR a password needs TLS\r\n-ERR USER comes first\r\n"), "",
	       END_EOF);
	scene.config.mechanisms.now = SASL_BIT(SASL_USER);
	scene.config.handled &= ~EVENT_BIT(EVENT_AUTH);
	expect("no auth", &scene, SPAN("USER u\r\n"),
	       SPAN(GREETING "-ERR [SYS/PERM] no authentication is configured\r\n"), "", END_EOF);
}

/* Every exit code of auth and of list, and what the client hears (MAP-044, POP-097, AUTH-011). */
static void test_exit_codes(void)
{
	static const int wrong[] = { 1, 2, 67, 77, 100 };

	for (int code = 1; code < 256; code++) {
		struct scene scene = scene_of(mails, 2);
		const char *word;
		struct outcome outcome;
		bool is_wrong = false;

		for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
			is_wrong |= wrong[i] == code;
		scene.exits[EVENT_AUTH] = code;
		scene.said[EVENT_AUTH] = "[AUTH] [IN-USE] no";
		outcome = play(&scene, SPAN("USER u\r\nPASS p\r\nSTAT\r\n"),
			       (struct cut){ 0, 0, 0, 0 });
		CHECK(strstr(outcome.output.base,
			     is_wrong ? "-ERR [AUTH] (AUTH] [IN-USE] no\r\n"
				      : "-ERR [SYS/TEMP] (AUTH] [IN-USE] no\r\n") != NULL);
		CHECK(strstr(outcome.output.base, "-ERR log in first\r\n") != NULL);
		CHECK(strcmp(outcome.events.base, AUTH) == 0);
		outcome_free(&outcome);

		scene.exits[EVENT_AUTH] = 0;
		scene.exits[EVENT_LIST] = code;
		word = code == 67 || code == 68                 ? "-ERR [AUTH] the"
		       : code == 73 || code == 77 || code == 78 ? "-ERR [SYS/PERM] the"
		       : code == 65 || code == 69 || code == 100 || code == 20 || code == 31
			       ? "-ERR the"
			       : "-ERR [SYS/TEMP] the";
		outcome = play(&scene, SPAN("USER u\r\nPASS p\r\nSTAT\r\n"),
			       (struct cut){ 0, 0, 0, 0 });
		CHECK(strstr(outcome.output.base, word) != NULL);
		CHECK(strstr(outcome.output.base, "-ERR log in first\r\n") != NULL);
		CHECK(strcmp(outcome.events.base, AUTH "list\nlogout\n") == 0); /* POP-015 */
		outcome_free(&outcome);
		scene_reset(&scene);
	}
}

static void test_response_codes(void)
{
	static const char *const codes[] = { "IN-USE", "LOGIN-DELAY", "SYS/TEMP", "SYS/PERM" };

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		for (int event = 0; event < 2; event++) {
			struct scene scene = scene_of(mails, 2);
			struct text said = { NULL, 0, 0 }, output = { NULL, 0, 0 };
			enum event at = event == 0 ? EVENT_AUTH : EVENT_LIST;

			text_string(&said, "[");
			text_string(&said, codes[i]);
			text_string(&said, "] not now");
			scene.exits[at] = EXIT_TEMPFAIL;
			scene.said[at] = said.base;
			text_string(&output, GREETING SEND "-ERR ");
			text_put(&output, text_span(&said));
			text_string(&output, "\r\n");
			expect("POP-016 POP-096", &scene, SPAN("USER u\r\nPASS p\r\n"),
			       text_span(&output), event == 0 ? AUTH : AUTH "list\nlogout\n",
			       END_EOF);
			text_free(&said);
			text_free(&output);
		}
	}
}

static void test_failures_are_bounded(void)
{
	struct scene scene = scene_of(mails, 2);

	scene.exits[EVENT_AUTH] = 1;
	expect("POP-017", &scene,
	       SPAN("USER u\r\nPASS p\r\nPASS p\r\nUSER u\r\nPASS p\r\nUSER u\r\nPASS p\r\nUSER u\r\n"),
	       SPAN(GREETING SEND
		    "-ERR [AUTH] wrong user name or password\r\n-ERR USER comes first\r\n" SEND
		    "-ERR [AUTH] wrong user name or password\r\n" SEND
		    "-ERR [AUTH] wrong user name or password\r\n"),
	       AUTH AUTH AUTH, END_LIMIT);
	struct outcome outcome =
		play(&scene, SPAN("USER u\r\nPASS p\r\n"), (struct cut){ 0, 0, 0, 0 });
	CHECK(outcome.failed_replies == 1 && outcome.counts.errors == 1 &&
	      outcome.counts.commands == 2);
	outcome_free(&outcome);
}

#define PERM "-ERR [SYS/PERM] the maildrop's listing is faulty\r\n"

/* A listing that breaks its form lets nobody in, and the log hears of it (POP-034). */
static void test_bad_listings(void)
{
	char longest[POP3_LISTING_LINE_MAX + 2];
	static const struct {
		struct span listing;
		const char *fault;
	} bad[] = {
#define ROW(listing, fault) { { listing, sizeof(listing) - 1 }, fault }
		ROW("a\nb\na\n", "bad listing: the unique-id of another message, of: a"),
		ROW("a 1 u\nb 1 u\n", "bad listing: the unique-id of another message, of: b"),
		ROW("a 1 b\nb\n", "bad listing: the unique-id of another message, of: b"),
		ROW("a x\n", "bad listing: not a size, of: a"),
		ROW("a 1\r\n", "bad listing: not a size, of: a"),
		ROW("a +1\n", "bad listing: not a size, of: a"),
		ROW("a 18446744073709551617\n", "bad listing: not a size, of: a"),
		ROW("a 1 u x\n", "bad listing: more than ID, size and unique-id, of: a"),
		ROW("a 1 \x7f\n", "bad listing: not a unique-id, of: a"),
		ROW("a\0b 1 u\n", "bad listing: not an ID: a"),
		ROW("-a 1 u\n", "bad listing: not an ID: -a"),
		ROW("()a 1 u\n", "bad listing: not an ID: ()a"),
		/* 71 octets: too long for a unique-id, and so for an ID that has to be one. */
		ROW("12345678901234567890123456789012345678901234567890123456789012345678901\n",
		    "bad listing: not a unique-id, of: "
		    "12345678901234567890123456789012345678901234567890123456789012345678901"),
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct scene scene = scene_of(mails, 2);
		struct outcome outcome;

		scene.listing = bad[i].listing;
		outcome = play_all(&scene, SPAN("USER u\r\nPASS p\r\nSTAT\r\n"));
		CHECK(strcmp(outcome.output.base, GREETING SEND PERM "-ERR log in first\r\n") == 0);
		CHECK(strcmp(outcome.events.base, AUTH "list\nlogout\n") == 0);
		if (i != 9 && strcmp(outcome.fault, bad[i].fault) != 0)
			fprintf(stderr, "%s\n", outcome.fault);
		CHECK(strncmp(outcome.fault, bad[i].fault, strlen(bad[i].fault)) == 0);
		outcome_free(&outcome);
	}
	memset(longest, 'x', sizeof(longest));
	for (size_t octets = POP3_LISTING_LINE_MAX; octets <= POP3_LISTING_LINE_MAX + 1; octets++) {
		struct scene scene = scene_of(mails, 2);

		memcpy(longest + MAILDROP_ID_MAX, " 1 u", 4);
		memset(longest + MAILDROP_ID_MAX + 4, ' ', sizeof(longest) - MAILDROP_ID_MAX - 4);
		longest[octets - 1] = '\n';
		scene.listing = (struct span){ longest, octets };
		expect("listing line", &scene, SPAN("USER u\r\nPASS p\r\n"),
		       octets <= POP3_LISTING_LINE_MAX
			       ? SPAN(GREETING SEND "+OK maildrop has 1 message\r\n")
			       : SPAN(GREETING SEND PERM),
		       NULL, END_EOF);
	}
}

static void test_good_listings(void)
{
	struct scene scene = scene_of(mails, 2);

	scene.listing = SPAN("\nm1  10\tu1 \n\n m2 - u2\nm3");
	scene.config.handled |= EVENT_BIT(EVENT_SIZE);
	scene.said[EVENT_SIZE] = "7\n";
	expect("listing", &scene,
	       SPAN("USER u\r\nPASS p\r\nUIDL\r\nUIDL 2\r\nLIST 1\r\nLIST 2\r\nSTAT\r\n"),
	       SPAN(GREETING SEND
		    "+OK maildrop has 3 messages\r\n+OK maildrop has 3 messages\r\n1 u1\r\n2 u2\r\n3 m3\r\n.\r\n"
		    "+OK 2 u2\r\n+OK 1 10\r\n+OK 2 7\r\n+OK 3 24\r\n"),
	       AUTH "list\nsize MESSAGE=m2\nsize MESSAGE=m3\n", END_EOF);
	scene.listing = SPAN("");
	expect("POP-022", &scene,
	       SPAN("USER u\r\nPASS p\r\nSTAT\r\nLIST\r\nUIDL\r\nRETR 1\r\nRSET\r\nQUIT\r\n"),
	       SPAN(GREETING SEND
		    "+OK maildrop has 0 messages\r\n+OK 0 0\r\n+OK maildrop has 0 messages\r\n.\r\n"
		    "+OK maildrop has 0 messages\r\n.\r\n-ERR no such message\r\n"
		    "+OK maildrop has 0 messages\r\n+OK bye\r\n"),
	       AUTH "list\nlogout\n", END_QUIT);
	/* No room: our trouble, and temporary. A later login starts anew. */
	scene.full = true;
	scene.listing = SPAN("m1\n");
	expect("storage", &scene, SPAN("USER u\r\nPASS p\r\nUSER u\r\nPASS p\r\n"),
	       SPAN(GREETING SEND "-ERR [SYS/TEMP] the maildrop cannot be read\r\n" SEND
				  "-ERR [SYS/TEMP] the maildrop cannot be read\r\n"),
	       AUTH "list\nlogout\n" AUTH "list\nlogout\n", END_EOF);
}

#define TAGS \
	"+OK capabilities follow\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nUTF8\r\nLANG\r\n"

static void test_capabilities(void)
{
	struct scene scene = scene_of(mails, 0);

	scene.config.implementation = SPAN("mail-session-0");
	scene.config.expire = SPAN("NEVER");
	scene.config.login_delay = SPAN("60");
	expect("POP-090 POP-091 POP-095", &scene, SPAN("CAPA\r\nUSER u\r\nPASS p\r\nCAPA\r\n"),
	       SPAN(GREETING TAGS
		    "USER\r\nLOGIN-DELAY 60\r\nEXPIRE NEVER\r\n.\r\n" SEND
		    "+OK maildrop has 0 messages\r\n" TAGS
		    "LOGIN-DELAY 60\r\nEXPIRE NEVER\r\nIMPLEMENTATION mail-session-0\r\n.\r\n"),
	       AUTH "list\n", END_EOF);
	scene.config.handled |= EVENT_BIT(EVENT_LOGIN_DELAY) | EVENT_BIT(EVENT_EXPIRE);
	scene.config.mechanisms.now = 0;
	scene.said[EVENT_LOGIN_DELAY] = "0120\n";
	scene.said[EVENT_EXPIRE] = "never";
	expect("POP-093 POP-094", &scene, SPAN("CAPA\r\n"),
	       SPAN(GREETING TAGS "LOGIN-DELAY 120 USER\r\nEXPIRE NEVER USER\r\n.\r\n"),
	       "login-delay\nexpire\n", END_EOF);
	scene.config.mechanisms.now = SASL_BIT(SASL_USER);
	scene.said[EVENT_EXPIRE] = "30";
	expect("POP-093 POP-094", &scene, SPAN("USER u\r\nPASS p\r\nCAPA\r\n"),
	       SPAN(GREETING SEND
		    "+OK maildrop has 0 messages\r\n" TAGS
		    "LOGIN-DELAY 120\r\nEXPIRE 30\r\nIMPLEMENTATION mail-session-0\r\n.\r\n"),
	       AUTH "list\nlogin-delay\nexpire\n", END_EOF);
	/* What is no number is not announced; no answer leaves the fixed value. */
	scene.said[EVENT_EXPIRE] = "soon\r\nX";
	scene.exits[EVENT_LOGIN_DELAY] = 75;
	expect("POP-093 POP-094", &scene, SPAN("CAPA\r\n"),
	       SPAN(GREETING TAGS "USER\r\nLOGIN-DELAY 60\r\n.\r\n"), "login-delay\nexpire\n",
	       END_EOF);
}

static void test_utf8_and_lang(void)
{
	static const struct span verbs[] = { { "VERSION", 7 } };
	struct scene scene = scene_of(mails, 0);

	expect("POP-126", &scene,
	       SPAN("LANG\r\nLANG EN\r\nLANG i-default\r\nLANG *\r\nLANG xx\r\n"),
	       SPAN(GREETING
		    "+OK languages follow\r\nen English\r\ni-default Default language\r\n.\r\n"
		    "+OK en English\r\n+OK i-default Default language\r\n+OK i-default Default language\r\n"
		    "-ERR there is no such language here\r\n"),
	       "", END_EOF);
	scene.config.commands = verbs;
	scene.config.command_count = 1;
	scene.config.handled |= EVENT_BIT(EVENT_COMMAND);
	scene.said[EVENT_COMMAND] = "v\xc3\xa9\xff";
	expect("POP-124", &scene,
	       SPAN("VERSION \xc3\xa9\r\nVERSION\r\nUTF8\r\nVERSION \xc3\xa9\r\nVERSION \xff\r\n"),
	       SPAN(GREETING
		    "-ERR the argument cannot be passed on\r\n+OK v???\r\n+OK UTF-8 it is\r\n"
		    "+OK v\xc3\xa9?\r\n-ERR the argument cannot be passed on\r\n"),
	       "command VERB=VERSION SESSION_STATE=AUTHORIZATION\n"
	       "command VERB=VERSION SESSION_STATE=AUTHORIZATION ARGUMENT=\xc3\xa9\n",
	       END_EOF);
}

int main(void)
{
	test_greeting();
	test_credentials();
	test_refused_before_the_password();
	test_exit_codes();
	test_response_codes();
	test_failures_are_bounded();
	test_bad_listings();
	test_good_listings();
	test_capabilities();
	test_utf8_and_lang();
	return check_report();
}
