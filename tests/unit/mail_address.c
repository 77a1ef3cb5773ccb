/* SPDX-License-Identifier: ISC */
/* mail_address.c - paths: SMTP-037 to 047, UTF8-002, UTF8-004, LMTP-025, hardening 2. */
#include "mail/address.h"

#include "check.h"

enum who { SENDER, RECIPIENT, LMTP };

static enum address_result parse(const char *path, enum who who, enum address_charset charset,
				 bool utf8, const char *want)
{
	static char bytes[PATH_MAX_OCTETS];
	struct buffer storage = BUFFER(bytes);
	struct address_rules rules = { charset, utf8, who == SENDER, who == LMTP };
	struct address address;
	size_t used;
	enum address_result result =
		address_parse(span_of(path), &rules, &storage, &address, &used);

	if (want != NULL) {
		CHECK(span_equal(address.mailbox, span_of(want)));
		CHECK(address.domain.len == 0 ||
		      address.local.len + 1 + address.domain.len == address.mailbox.len);
	}
	return result;
}

static const struct {
	const char *path;
	enum who who;
	enum address_result safe, rfc;
	const char *mailbox; /* when taken */
} cases[] = {
	{ "<Joe.USER@Example.ORG>", RECIPIENT, ADDRESS_OK, ADDRESS_OK, "Joe.USER@Example.ORG" },
	{ "<>", SENDER, ADDRESS_OK, ADDRESS_OK, "" },
	{ "<>", RECIPIENT, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "<PostMaster>", RECIPIENT, ADDRESS_OK, ADDRESS_OK, "PostMaster" },
	{ "<postmaster>", SENDER, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "<joe>", RECIPIENT, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "<joe>", LMTP, ADDRESS_OK, ADDRESS_OK, "joe" },
	{ "<joe@>", LMTP, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "a@b.example", SENDER, ADDRESS_BRACKETS, ADDRESS_BRACKETS, NULL },
	{ "<a@b.example", SENDER, ADDRESS_BRACKETS, ADDRESS_BRACKETS, NULL },
	{ "<@a.example,@b.example:u@c.example>", RECIPIENT, ADDRESS_OK, ADDRESS_OK, "u@c.example" },
	{ "<@[IPv6:::1]:u@c.example>", RECIPIENT, ADDRESS_OK, ADDRESS_OK, "u@c.example" },
	{ "<@a.example,b.example:u@c.example>", RECIPIENT, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "<@a..example:u@c.example>", RECIPIENT, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "<@a.example:>", RECIPIENT, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "<@a.example>", RECIPIENT, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "<\"joe\"@x.example>", RECIPIENT, ADDRESS_OK, ADDRESS_OK, "joe@x.example" },
	{ "<\"j\\oe\"@x.example>", RECIPIENT, ADDRESS_OK, ADDRESS_OK, "joe@x.example" },
	{ "<\"a> b\"@x.example>", RECIPIENT, ADDRESS_UNSAFE, ADDRESS_OK, "\"a> b\"@x.example" },
	{ "<\"a\\\"b\"@x.example>", RECIPIENT, ADDRESS_UNSAFE, ADDRESS_OK, "\"a\\\"b\"@x.example" },
	{ "<\"\"@x.example>", SENDER, ADDRESS_UNSAFE, ADDRESS_OK, "\"\"@x.example" },
	{ "<\"a\tb\"@x.example>", RECIPIENT, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "<\"a\"b@x.example>", RECIPIENT, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "<\"-a\"@x.example>", RECIPIENT, ADDRESS_UNSAFE, ADDRESS_OK, "-a@x.example" },
	{ "<-rf@x.example>", RECIPIENT, ADDRESS_UNSAFE, ADDRESS_OK, "-rf@x.example" },
	{ "<a$b@x.example>", SENDER, ADDRESS_UNSAFE, ADDRESS_OK, "a$b@x.example" },
	{ "<|id@x.example>", RECIPIENT, ADDRESS_UNSAFE, ADDRESS_OK, "|id@x.example" },
	{ "<`id`@x.example>", RECIPIENT, ADDRESS_UNSAFE, ADDRESS_OK, "`id`@x.example" },
	{ "<a!b#c%d&e'f*g+h/i=j?k^l_m{n}o~p@x.example>", RECIPIENT, ADDRESS_OK, ADDRESS_OK,
	  "a!b#c%d&e'f*g+h/i=j?k^l_m{n}o~p@x.example" },
	{ "<a;b@x.example>", RECIPIENT, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "<a b@x.example>", RECIPIENT, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "< a@x.example>", RECIPIENT, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "<(a)@x.example>", RECIPIENT, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "<.a@x.example>", RECIPIENT, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "<a.@x.example>", RECIPIENT, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "<a..b@x.example>", RECIPIENT, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "<@x.example>", SENDER, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "<a@b@x.example>", RECIPIENT, ADDRESS_SYNTAX, ADDRESS_SYNTAX, NULL },
	{ "<u@[IPv6:2001:db8::1]>", RECIPIENT, ADDRESS_OK, ADDRESS_OK, "u@[IPv6:2001:db8::1]" },
	{ "<\xc3\xa4@x.example>", RECIPIENT, ADDRESS_UTF8, ADDRESS_UTF8, NULL },
	{ "<a@\xff.example>", SENDER, ADDRESS_UTF8, ADDRESS_UTF8, NULL },
};

static void check_table(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		enum address_result safe =
			parse(cases[i].path, cases[i].who, ADDRESS_SAFE, false, NULL);
		enum address_result rfc =
			parse(cases[i].path, cases[i].who, ADDRESS_RFC, false,
			      cases[i].rfc == ADDRESS_OK ? cases[i].mailbox : NULL);

		if (safe != cases[i].safe || rfc != cases[i].rfc) {
			fprintf(stderr, "%s: safe %d, rfc %d\n", cases[i].path, (int)safe,
				(int)rfc);
			CHECK(safe == cases[i].safe && rfc == cases[i].rfc);
		}
	}
}

/* A path of `local` times 'a', "@", and a domain that makes `total` octets with <>. */
static enum address_result of_size(size_t local, size_t total, enum who who)
{
	char path[400];
	size_t at = 0, label = 0;

	path[at++] = '<';
	while (at <= local)
		path[at++] = 'a';
	path[at++] = '@';
	while (at + 1 < total) {
		bool dot = label == 63 && at + 2 < total;

		path[at++] = dot ? '.' : 'd';
		label = dot ? 0 : label + 1;
	}
	path[at++] = '>';
	path[at] = '\0';
	return parse(path, who, ADDRESS_SAFE, false, NULL);
}

/* SMTP-045: 64 and 65 octets of local part, 256 and 257 of path. */
static void check_sizes(void)
{
	CHECK(of_size(64, 90, RECIPIENT) == ADDRESS_OK);
	CHECK(of_size(65, 90, RECIPIENT) == ADDRESS_SYNTAX);
	CHECK(of_size(65, 90, SENDER) == ADDRESS_OK);
	CHECK(of_size(20, 256, RECIPIENT) == ADDRESS_OK);
	CHECK(of_size(20, 257, RECIPIENT) == ADDRESS_SYNTAX);
	CHECK(of_size(200, 256, SENDER) == ADDRESS_OK);
	CHECK(of_size(200, 257, SENDER) == ADDRESS_SYNTAX);
}

static void check_domains(void)
{
	static const char *const good[] = { "x",
					    "x.example",
					    "my_host.example",
					    "1.2.3.4",
					    "a-b.c",
					    "[192.0.2.1]",
					    "[255.255.255.255]",
					    "[IPv6:2001:db8::1]",
					    "[ipv6:::ffff:192.0.2.1]" };
	static const char *const bad[] = { "",
					   ".",
					   "x.",
					   ".x",
					   "x..example",
					   "-x.example",
					   "x-.example",
					   "x example",
					   "x!y",
					   "[256.1.1.1]",
					   "[1.2.3]",
					   "[1.2.3.4.5]",
					   "[2001:db8::1]",
					   "[x:y]",
					   "[IPv6:]",
					   "[IPv6:1::2::3]",
					   "[IPv6:fe80::1%eth0]",
					   "[",
					   "[]",
					   "[1.2.3.4",
					   "\xc3\xa4.example" };
	char label[66], domain[300];

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK(domain_valid(span_of(good[i]), false));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!domain_valid(span_of(bad[i]), false));
	CHECK(domain_valid(SPAN("\xc3\xa4.example"), true));
	memset(label, 'a', sizeof(label));
	CHECK(domain_valid((struct span){ label, 63 }, false));
	CHECK(!domain_valid((struct span){ label, 64 }, false));
	for (size_t i = 0; i < sizeof(domain); i++)
		domain[i] = i % 50 == 49 ? '.' : 'a';
	CHECK(domain_valid((struct span){ domain, 255 }, false));
	CHECK(!domain_valid((struct span){ domain, 256 }, false));
}

/* UTF8-002 and hardening 2: malformed is a syntax error, harmful characters are refused. */
static void check_utf8(void)
{
	CHECK(parse("<\xe7\x94\xa8@\xe4\xbe\x8b.example>", RECIPIENT, ADDRESS_SAFE, true,
		    "\xe7\x94\xa8@\xe4\xbe\x8b.example") == ADDRESS_OK);
	CHECK(parse("<\xc0\xaf@x.example>", RECIPIENT, ADDRESS_SAFE, true, NULL) == ADDRESS_SYNTAX);
	CHECK(parse("<\xe2\x80\xae@x.example>", RECIPIENT, ADDRESS_SAFE, true, NULL) ==
	      ADDRESS_UNSAFE);
	CHECK(parse("<a@\xc2\x85x.example>", RECIPIENT, ADDRESS_RFC, true, NULL) == ADDRESS_UNSAFE);
	CHECK(parse("<\"\xc3\xa4\"@x.example>", RECIPIENT, ADDRESS_SAFE, true,
		    "\xc3\xa4@x.example") == ADDRESS_OK);
}

static bool safe_name(const char *value, const char *want)
{
	char bytes[256];
	struct buffer name = BUFFER(bytes);

	address_safe_name(&name, span_of(value));
	return !name.overflow && span_equal(buffer_span(&name), span_of(want));
}

static void check_safe_names(void)
{
	char bytes[256], value[201];
	struct buffer name = BUFFER(bytes);

	CHECK(safe_name("", "%"));
	CHECK(safe_name("joe.user+x=y_z-1@x.example", "joe.user+x=y_z-1@x.example"));
	CHECK(safe_name("%", "%25"));
	CHECK(safe_name(".a.", "%2Ea%2E"));
	CHECK(safe_name("..", "%2E%2E"));
	CHECK(safe_name("-a-", "%2Da-"));
	CHECK(safe_name("a/b", "a%2Fb"));
	CHECK(safe_name("\xc3\xa4", "%C3%A4"));
	memset(value, 'a', sizeof(value));
	address_safe_name(&name, (struct span){ value, 200 });
	CHECK(!name.overflow && name.len == 200);
	name = (struct buffer)BUFFER(bytes);
	address_safe_name(&name, (struct span){ value, 201 });
	CHECK(name.overflow);
}

/* SMTP-041: a ">" in quotes does not end the path. */
static void check_lengths(void)
{
	CHECK(path_length(SPAN("<a@b> SIZE=1")) == 5);
	CHECK(path_length(SPAN("<\"a>\\\"b\"@c> x>")) == 11);
	CHECK(path_length(SPAN("<\"a\\")) == 0);
	CHECK(path_length(SPAN("")) == 0);
	CHECK(path_length(SPAN(" <a>")) == 0);
}

int main(void)
{
	check_table();
	check_sizes();
	check_domains();
	check_utf8();
	check_safe_names();
	check_lengths();
	return check_report();
}
