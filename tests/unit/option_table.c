/* SPDX-License-Identifier: ISC */
/*
 * option_table.c - each kind of option value: what is taken, what is refused, the exact limits
 * and one beyond, and the table itself.  Proves MAP-004, MAP-013, MAP-050, MAP-052, POP-080.
 */
#include "option_loading.h"

/* Field and flag have one name; every default can be given; every row has its texts. */
static void rows_are_sound(void)
{
#define SAME(field, name, ...) { #field, name },
	static const struct {
		const char *field;
		const char *name;
	} names[] = { OPTIONS(SAME, SAME, SAME, SAME, SAME, SAME, SAME, SAME) };

	CHECK(sizeof(names) / sizeof(names[0]) == OPTION_COUNT);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_rows[i];
		size_t at;

		for (at = 0; names[i].field[at] == (row->name[at] == '-' ? '_' : row->name[at]);
		     at++)
			if (row->name[at] == '\0')
				break;
		CHECK(names[i].field[at] == '\0' && row->name[at] == '\0');
		CHECK(row->help[0] != '\0' && row->protocols != 0 && row->manual != NULL);
		for (enum protocol in = 0; in <= PROGRAM_TLS; in++) {
			const char *value = option_fallback(row, in);

			if (option_serves(row, in) && value != NULL && row->kind != KIND_BOOL)
				CHECK(takes(in, row->name, value));
		}
	}
}

static void sizes(void)
{
	static const char *const bad[] = { "",
					   "x",
					   "-1",
					   "+1",
					   "1.5M",
					   "0x10",
					   "50X",
					   "M",
					   "1 M",
					   "1KB",
					   "1MM",
					   "99999999999999999999",
					   "17592186044416M",
					   "18446744073709551616",
					   "1048577G",
					   "1125899906842625" };

	CHECK(takes(PROTOCOL_SMTP, "size-limit", "0") && options.size_limit == 0);
	CHECK(takes(PROTOCOL_SMTP, "size-limit", "1") && options.size_limit == 1);
	CHECK(takes(PROTOCOL_SMTP, "size-limit", "3K") && options.size_limit == 3072);
	CHECK(takes(PROTOCOL_SMTP, "size-limit", "50M") && options.size_limit == 52428800);
	CHECK(takes(PROTOCOL_LMTP, "size-limit", "2g") && options.size_limit == 2147483648);
	CHECK(takes(PROTOCOL_SMTP, "size-limit", "1048576G"));
	CHECK(options.size_limit == (uint64_t)1 << 50);
	CHECK(takes(PROTOCOL_SMTP, "size-limit", "1125899906842624"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(!takes(PROTOCOL_SMTP, "size-limit", bad[i]));
		CHECK(options.size_limit == 52428800);
	}
	CHECK(!takes(PROTOCOL_SMTP, "size-limit", "50X"));
	CHECK(strcmp(message, "--size-limit: \"50X\" is not a size from 0 to 1125899906842624 "
			      "(digits, then perhaps K, M or G)") == 0);
}

static void counts(void)
{
	static const char *const bad[] = { "", "0", "65", "1K", " 1", "1 ", "-1", "4294967297" };

	CHECK(takes(PROTOCOL_LMTP, "parallel-deliveries", "1") && options.parallel_deliveries == 1);
	CHECK(takes(PROTOCOL_LMTP, "parallel-deliveries", "64") &&
	      options.parallel_deliveries == 64);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!takes(PROTOCOL_LMTP, "parallel-deliveries", bad[i]));
	CHECK(!takes(PROTOCOL_LMTP, "parallel-deliveries", "65"));
	CHECK(strcmp(message, "--parallel-deliveries: \"65\" is not a number from 1 to 64") == 0);
}

static void times(void)
{
	static const char *const bad[] = { "",    "604801", "169h", "10081m", "5d",
					   "5 m", "1h30m",  "-1",   "s",      "4294967296" };

	CHECK(takes(PROTOCOL_SMTP, "idle-timeout", "0") && options.idle_timeout == 0);
	CHECK(takes(PROTOCOL_SMTP, "idle-timeout", "90") && options.idle_timeout == 90);
	CHECK(takes(PROTOCOL_SMTP, "idle-timeout", "90s") && options.idle_timeout == 90);
	CHECK(takes(PROTOCOL_SMTP, "idle-timeout", "5m") && options.idle_timeout == 300);
	CHECK(takes(PROTOCOL_SMTP, "idle-timeout", "168H") && options.idle_timeout == 604800);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!takes(PROTOCOL_SMTP, "idle-timeout", bad[i]));
	/* SMTP-009: programs end before clients lose patience */
	CHECK(takes(PROTOCOL_SMTP, "deliver-timeout", "590"));
	CHECK(!takes(PROTOCOL_SMTP, "deliver-timeout", "591"));
	CHECK(!takes(PROTOCOL_SMTP, "hook-timeout", "0"));
}

static void booleans_and_choices(void)
{
	CHECK(takes(PROTOCOL_SMTP, "quota-tempfail", "yes") && options.quota_tempfail);
	CHECK(takes(PROTOCOL_SMTP, "quota-tempfail", "no") && !options.quota_tempfail);
	CHECK(load(PROTOCOL_SMTP, WORDS("--quota-tempfail=YES"), NO_VARIABLES) == OPTIONS_RUN);
	CHECK(options.quota_tempfail);
	CHECK(load(PROTOCOL_SMTP, WORDS("--quota-tempfail=true"), NO_VARIABLES) == OPTIONS_ERROR);
	CHECK(strcmp(message, "--quota-tempfail: \"true\" is not yes or no") == 0);
	CHECK(load(PROTOCOL_SMTP, WORDS("--quota-tempfail="), NO_VARIABLES) == OPTIONS_ERROR);
	/* a bare flag is yes and takes no other word */
	CHECK(load(PROTOCOL_SMTP, WORDS("--quota-tempfail", "/b"), NO_VARIABLES) == OPTIONS_RUN);
	CHECK(options.quota_tempfail && strcmp(options.directory, "/b") == 0);
	CHECK(takes(PROTOCOL_SMTP, "sandbox", "require") && options.sandbox == SANDBOX_REQUIRE);
	CHECK(takes(PROTOCOL_SMTP, "sandbox", "off") && options.sandbox == SANDBOX_OFF);
	CHECK(takes(PROTOCOL_SMTP, "log-level", "debug") && options.log_level == LOG_DEBUG);
	CHECK(takes(PROTOCOL_POP3, "insecure-auth", "never"));
	CHECK(options.insecure_auth == INSECURE_AUTH_NEVER);
	CHECK(!takes(PROTOCOL_SMTP, "sandbox", ""));
	CHECK(!takes(PROTOCOL_SMTP, "sandbox", "yes"));
	CHECK(strcmp(message, "--sandbox: \"yes\" is not one of on, off, require") == 0);
}

static bool item_is(const struct option_list *list, unsigned at, const char *text)
{
	return at < list->count && strcmp(list->items[at].base, text) == 0 &&
	       list->items[at].len == strlen(text);
}

static void lists(void)
{
	char many[9 * 600 + 1] = "";

	CHECK(takes(PROTOCOL_SMTP, "accept-domain",
		    " a.example,b.example ,, c.example\td.example "));
	CHECK(options.accept_domain.count == 4);
	CHECK(item_is(&options.accept_domain, 0, "a.example"));
	CHECK(item_is(&options.accept_domain, 3, "d.example"));
	CHECK(takes(PROTOCOL_SMTP, "accept-domain", "") && options.accept_domain.count == 0);
	CHECK(!takes(PROTOCOL_SMTP, "accept-domain", "a.example,b..example"));
	CHECK(strcmp(message, "--accept-domain: \"b..example\" is not a domain name") == 0);
	for (unsigned i = 0; i < 600; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many), "d%03u.org,", i);
	CHECK(takes(PROTOCOL_SMTP, "accept-domain", many) && options.accept_domain.count == 600);
	CHECK(item_is(&options.accept_domain, 0, "d000.org"));
	CHECK(item_is(&options.accept_domain, 599, "d599.org"));
	CHECK(takes(PROTOCOL_SMTP, "disable-command", "vrfy EXPN"));
	CHECK(item_is(&options.disable_command, 0, "VRFY"));
	CHECK(!takes(PROTOCOL_SMTP, "disable-command", "ABCDEFGHIJKLM"));
	CHECK(!takes(PROTOCOL_SMTP, "disable-command", "X-Y"));
	CHECK(takes(PROTOCOL_POP3, "command-state", "transaction,XSTAT=Authorization"));
	CHECK(item_is(&options.command_state, 0, "TRANSACTION"));
	CHECK(item_is(&options.command_state, 1, "XSTAT=AUTHORIZATION"));
	CHECK(takes(PROTOCOL_SMTP, "command-state", "bdat-failed"));
	CHECK(!takes(PROTOCOL_SMTP, "command-state", "X-Y=GREETED"));
	CHECK(!takes(PROTOCOL_POP3, "command-state", "=TRANSACTION"));
	CHECK(!takes(PROTOCOL_POP3, "command-state", "XSTAT="));
	CHECK(takes(PROTOCOL_SMTP, "announce", "dsn,-smtputf8 AUTH="));
	CHECK(item_is(&options.announce, 0, "DSN") && item_is(&options.announce, 1, "-SMTPUTF8"));
	CHECK(item_is(&options.announce, 2, "AUTH="));
	CHECK(!takes(PROTOCOL_SMTP, "announce", "-") && !takes(PROTOCOL_SMTP, "announce", "DSN="));
}

/* MAP-050: 506 octets in POP3; the line of SMTP must fit 512 with the host's name in it. */
static void greetings(void)
{
	char text[508];
	char host[] = "mx.example.org";
	size_t room = 512 - 4 - strlen(host) - 7 - 2;

	memset(text, 'x', sizeof(text));
	text[507] = '\0';
	CHECK(!takes(PROTOCOL_POP3, "greeting", text));
	text[506] = '\0';
	CHECK(takes(PROTOCOL_POP3, "greeting", text) && strlen(options.greeting) == 506);
	text[room] = '\0';
	CHECK(load(PROTOCOL_SMTP, WORDS("--hostname", host, "--greeting", text), NO_VARIABLES) ==
	      OPTIONS_RUN);
	text[room] = 'x';
	text[room + 1] = '\0';
	CHECK(load(PROTOCOL_SMTP, WORDS("--hostname", host, "--greeting", text), NO_VARIABLES) ==
	      OPTIONS_ERROR);
	CHECK(takes(PROTOCOL_SMTP, "greeting", "") && options.greeting == NULL);
	CHECK(!takes(PROTOCOL_SMTP, "greeting", "a\r\n250 b"));
	CHECK(strcmp(message, "--greeting: \"a??250 b\" is not text that a reply line can hold") ==
	      0);
	CHECK(!takes(PROTOCOL_SMTP, "greeting", "gr\xc3\xbc\xc3\x9f"));
	/* POP-001: no timestamp that clients take for APOP; POP-096: no response code */
	CHECK(!takes(PROTOCOL_POP3, "greeting", "ready <1.2@mx.example.org>"));
	CHECK(takes(PROTOCOL_POP3, "greeting", "ready <1.2 mx.example.org>"));
	CHECK(!takes(PROTOCOL_POP3, "signoff", "[AUTH] bye"));
	CHECK(takes(PROTOCOL_SMTP, "signoff", "[AUTH] bye"));
}

static void texts(void)
{
	CHECK(takes(PROTOCOL_SMTP, "hostname", "mx.example.org"));
	CHECK(takes(PROTOCOL_SMTP, "hostname", "[192.0.2.1]"));
	CHECK(!takes(PROTOCOL_SMTP, "hostname", "mx example"));
	CHECK(!takes(PROTOCOL_SMTP, "hostname", "-mx"));
	CHECK(takes(PROTOCOL_SMTP, "user", "mail") && strcmp(options.user, "mail") == 0);
	CHECK(takes(PROTOCOL_SMTP, "user", "mail:mail"));
	CHECK(!takes(PROTOCOL_SMTP, "user", ":mail") && !takes(PROTOCOL_SMTP, "user", "mail:"));
	CHECK(!takes(PROTOCOL_SMTP, "user", "a:b:c") && !takes(PROTOCOL_SMTP, "user", "a b"));
	/* MAP-052 */
	CHECK(takes(PROTOCOL_POP3, "expire", "never") && strcmp(options.expire, "NEVER") == 0);
	CHECK(takes(PROTOCOL_POP3, "expire", "0") && strcmp(options.expire, "0") == 0);
	CHECK(!takes(PROTOCOL_POP3, "expire", "100000") && !takes(PROTOCOL_POP3, "expire", "30d"));
	CHECK(takes(PROTOCOL_POP3, "lock-file", "/run/%d/%n/%u%%"));
	CHECK(!takes(PROTOCOL_POP3, "lock-file", "run/%u"));
	CHECK(!takes(PROTOCOL_POP3, "lock-file", "/run/%s"));
	CHECK(!takes(PROTOCOL_POP3, "lock-file", "/run/%"));
	CHECK(!takes(PROTOCOL_SMTP, "spool-dir", "") && strcmp(options.spool_dir, "/var/tmp") == 0);
	CHECK(!takes(PROTOCOL_SMTP, "trace", "a\nb"));
}

/* DESIGN 13: the defaults that tests rely on. MAP-004, POP-080: 300 and 600 seconds, a warning
 * below. */
static void defaults(void)
{
	options_default(&options, PROTOCOL_LMTP);
	CHECK(options.size_limit == 50 << 20 && options.max_recipients == 1000);
	CHECK(options.max_hops == 100 && options.idle_timeout == 300);
	CHECK(options.hook_timeout == 30 && options.deliver_timeout == 120);
	CHECK(options.max_errors == 20 && options.max_commands == 0 && options.error_delay == 0);
	CHECK(strcmp(options.spool_dir, "/var/tmp") == 0 && options.sandbox == SANDBOX_ON);
	CHECK(options.max_connections == 1000 && options.max_per_source == 20);
	CHECK(options.address_charset == ADDRESS_SAFE && options.log_level == LOG_INFO);
	CHECK(options.bare_newline == BARE_NEWLINE_REJECT && options.line_ends == LINE_ENDS_LF);
	CHECK(options.greeting == NULL && options.listen.count == 0);
	CHECK(options.directory[0] == '/' &&
	      strstr(options.directory, "/mail-session/lmtp") != NULL);
	options_default(&options, PROTOCOL_POP3);
	CHECK(options.idle_timeout == 600 && options.max_auth_failures == 3);
	CHECK(options.insecure_auth == INSECURE_AUTH_LOCAL && options.size_limit == 0);
	CHECK(load(PROTOCOL_POP3, WORDS("--hostname=a.example", "--idle-timeout=600"),
		   NO_VARIABLES) == OPTIONS_RUN);
	CHECK(options.warnings.count == 0);
	CHECK(load(PROTOCOL_POP3, WORDS("--hostname=a.example", "--idle-timeout=599"),
		   NO_VARIABLES) == OPTIONS_RUN);
	CHECK(options.warnings.count == 1);
	CHECK(load(PROTOCOL_SMTP, WORDS("--hostname=a.example", "--idle-timeout=1"),
		   NO_VARIABLES) == OPTIONS_RUN);
	CHECK(options.warnings.count == 0);
}

int main(void)
{
	rows_are_sound();
	sizes();
	counts();
	times();
	booleans_and_choices();
	lists();
	greetings();
	texts();
	defaults();
	return check_report();
}
