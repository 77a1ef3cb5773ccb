/* SPDX-License-Identifier: ISC */
/*
 * maildir_pattern.c - MAILDIR: what goes where, and that no name leads out of its place
 * (hardening 30, LMTP-025).
 */
#include "../../lib/store/pattern.c"

#include "check.h"

static struct mailbox_path path;

static bool gives(const char *pattern, const char *user, const char *base, const char *rest)
{
	return pattern_expand(span_of(pattern), span_of(user), &path) == PATTERN_OK &&
	       span_equal(span_of(path.base), span_of(base)) &&
	       span_equal(span_of(path.rest), span_of(rest));
}

static bool fails(const char *pattern, struct span user, enum pattern_result result)
{
	return pattern_expand(span_of(pattern), user, &path) == result;
}

static void places(void)
{
	CHECK(gives("/srv/mail/%d/%n", "Jo@Example.ORG", "/srv/mail/", "example.org/Jo"));
	CHECK(gives("/srv/mail/%u", "Jo@Example.ORG", "/srv/mail/", "Jo@example.org"));
	CHECK(gives("/srv/mail/%u", "jo", "/srv/mail/", "jo"));
	CHECK(gives("/home/%n/Maildir/", "jo@example.org", "/home/", "jo/Maildir"));
	CHECK(gives("/srv/x%n/y", "jo", "/srv/", "xjo/y"));
	CHECK(gives("/srv//%n//y", "jo", "/srv//", "jo/y"));
	CHECK(gives("/srv/100%%/%n", "jo", "/srv/", "100%/jo"));
	CHECK(gives("%n", "jo", ".", "jo"));
	CHECK(gives("Maildir", "jo", ".", "Maildir"));
	CHECK(gives("/srv/catchall", "jo", "/srv/", "catchall"));
	CHECK(gives("/%n", "jo", "/", "jo"));
	/* The last @ separates: a quoted local part may hold one. */
	CHECK(gives("/m/%d/%n", "\"a@b\"@c", "/m/", "c/\"a@b\""));
	CHECK(gives("/m/%d/%n", "a%n@c", "/m/", "c/a%n"));
	CHECK(gives("../m/%n", "jo", "../m/", "jo"));
}

static void refused_names(void)
{
	static const struct span names[] = {
		SPAN("../x@d"),   SPAN("a/b@d"),   SPAN(".@d"),    SPAN("..@d"), SPAN(".x@d"),
		SPAN("a\0b@d"),   SPAN("@d"),      SPAN("a@"),     SPAN("a@.."), SPAN("a@../x"),
		SPAN("a@.d"),     SPAN("a..b@d"),  SPAN("a\nb@d"), SPAN("a"),    SPAN(""),
		SPAN("a@d/../e"), SPAN("a\177@d"),
	};
	char bytes[NAME_MAX + 4];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK(fails("/m/%d/%n", names[i], PATTERN_NO_MAILBOX));
	memset(bytes, 'a', sizeof(bytes));
	bytes[NAME_MAX] = '@';
	bytes[NAME_MAX + 1] = 'd';
	CHECK(pattern_expand(SPAN("/m/%d/%n"), (struct span){ bytes, NAME_MAX + 2 }, &path) ==
	      PATTERN_OK);
	bytes[NAME_MAX] = 'a';
	bytes[NAME_MAX + 1] = '@';
	bytes[NAME_MAX + 2] = 'd';
	CHECK(fails("/m/%d/%n", (struct span){ bytes, NAME_MAX + 3 }, PATTERN_NO_MAILBOX));
	/* A value that the pattern does not ask for may be anything. */
	CHECK(gives("/m/%n", "a@../x", "/m/", "a"));
}

static void wrong_patterns(void)
{
	static const char *const patterns[] = { "",         "/",       "/m/%",      "/m/%x",
						"/m/%n/..", "%n/../x", "/m/%n/./x", "/m/.." };
	char bytes[PATH_MAX + 8];

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		CHECK(fails(patterns[i], SPAN("jo"), PATTERN_BAD));
	memset(bytes, 'a', sizeof(bytes));
	bytes[0] = '/';
	CHECK(pattern_expand((struct span){ bytes, sizeof(bytes) }, SPAN("jo"), &path) !=
	      PATTERN_OK);
}

int main(void)
{
	places();
	refused_names();
	wrong_patterns();
	return check_report();
}
