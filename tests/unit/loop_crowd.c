/* SPDX-License-Identifier: ISC */
/* loop_crowd.c - the limits of the accept loop and the table that they are counted in (hardening
 * 51, 55, 60). */
#include "launch/crowd.h"
#include "launch/grudges.h"

#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

static uint64_t source(const char *text)
{
	struct sockaddr_in ipv4 = { .sin_family = AF_INET };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &ipv4.sin_addr) == 1)
		return source_of((struct sockaddr *)&ipv4);
	CHECK(inet_pton(AF_INET6, text, &ipv6.sin6_addr) == 1);
	return source_of((struct sockaddr *)&ipv6);
}

static void test_sources(void)
{
	struct sockaddr local = { .sa_family = AF_UNIX };

	CHECK(source("192.0.2.1") != source("192.0.2.2"));
	CHECK(source("192.0.2.1") == source("::ffff:192.0.2.1"));
	CHECK(source("2001:db8:1:2::1") == source("2001:db8:1:2:ffff::"));
	CHECK(source("2001:db8:1:2::1") != source("2001:db8:1:3::1"));
	CHECK(source("::1") != source("0.0.0.1"));
	CHECK(source_of(&local) == SOURCE_NONE);
	CHECK(source_of_text(SPAN("192.0.2.1")) == source("192.0.2.1"));
	CHECK(source_of_text(SPAN("::ffff:192.0.2.1")) == source("192.0.2.1"));
	CHECK(source_of_text(SPAN("2001:db8:1:2::9")) == source("2001:db8:1:2::1"));
	CHECK(source_of_text(SPAN("")) == SOURCE_NONE && source_of_text(SPAN("x")) == SOURCE_NONE);
}

/* Random additions and removals beside an array that cannot be wrong. */
static void test_table(void)
{
	enum { KEYS = 400, CAP = 300 };
	static uint64_t model[KEYS]; /* value, 0 not there */
	const struct table_entry *entry;
	struct table table;
	uint32_t count = 0;
	uint64_t at = 0;
	uint64_t sum = 0;
	uint64_t seen = 0;

	CHECK(table_open(&table, CAP));
	srandom(1);
	for (uint64_t i = 1; i <= 100000; i++) {
		uint64_t key = (uint64_t)random() % KEYS;
		uint64_t *value = table_find(&table, key << 40);
		uint64_t old = 0;

		CHECK(value == NULL ? model[key] == 0 : *value == model[key]);
		if (model[key] != 0) {
			CHECK(table_remove(&table, key << 40, &old) && old == model[key]);
			CHECK(!table_remove(&table, key << 40, &old));
			model[key] = 0;
			count--;
		} else if (count < CAP) {
			CHECK(table_add(&table, key << 40, i));
			model[key] = i;
			count++;
		} else {
			CHECK(!table_add(&table, key << 40, i));
		}
		CHECK(table.count == count);
		if (i % 10000 == 0) {
			/* Never smaller than what is in it. */
			CHECK(table_resize(&table, 1) && table.cap == (count > 1 ? count : 1));
			CHECK(table_resize(&table, CAP));
		}
	}
	for (unsigned i = 0; i < KEYS; i++)
		sum += model[i];
	while ((entry = table_next(&table, &at)) != NULL)
		seen += entry->value;
	CHECK(seen == sum);
}

/* Lets `session` in from `from`, if that is agreed to. */
static bool enter(struct crowd *crowd, pid_t session, const char *from, int64_t now)
{
	if (crowd_refuses(crowd, source(from), now) != NULL)
		return false;
	crowd_enter(crowd, session, source(from));
	return true;
}

static bool leave(struct crowd *crowd, pid_t session)
{
	uint64_t from;

	return crowd_leave(crowd, session, &from);
}

static void test_per_source(void)
{
	struct crowd crowd;

	CHECK(crowd_open(&crowd, &(struct crowd_limits){ 5, 2, 0 }));
	CHECK(enter(&crowd, 1, "192.0.2.1", 0) && enter(&crowd, 2, "::ffff:192.0.2.1", 0));
	CHECK(!enter(&crowd, 3, "192.0.2.1", 0));
	CHECK(enter(&crowd, 3, "2001:db8::1", 0) && enter(&crowd, 4, "2001:db8::2", 0));
	CHECK(!enter(&crowd, 5, "2001:db8::3", 0));
	/* The last place, for one more source; then nobody, known or not. */
	CHECK(enter(&crowd, 5, "192.0.2.2", 0));
	CHECK(!enter(&crowd, 6, "192.0.2.2", 0) && !enter(&crowd, 6, "192.0.2.3", 0));
	CHECK(crowd_count(&crowd) == 5);
	CHECK(leave(&crowd, 1) && !leave(&crowd, 1) && !leave(&crowd, 77));
	CHECK(enter(&crowd, 6, "192.0.2.1", 0));
	/* Lower limits turn nobody out. */
	CHECK(crowd_limit(&crowd, &(struct crowd_limits){ 1, 1, 0 }));
	CHECK(crowd_count(&crowd) == 5 && !enter(&crowd, 7, "192.0.2.9", 0));
	for (pid_t session = 2; session <= 6; session++)
		CHECK(leave(&crowd, session));
	CHECK(crowd_count(&crowd) == 0 && crowd.sources.count == 0);
	CHECK(enter(&crowd, 7, "192.0.2.9", 0) && !enter(&crowd, 8, "192.0.2.8", 0));
}

static void test_no_source(void)
{
	struct crowd crowd;

	CHECK(crowd_open(&crowd, &(struct crowd_limits){ 100, 1, 0 }));
	for (pid_t session = 1; session <= 100; session++) {
		CHECK(crowd_refuses(&crowd, SOURCE_NONE, 0) == NULL);
		crowd_enter(&crowd, session, SOURCE_NONE);
	}
	CHECK(crowd_refuses(&crowd, SOURCE_NONE, 0) != NULL);
	CHECK(leave(&crowd, 50) && crowd_refuses(&crowd, SOURCE_NONE, 0) == NULL);
}

/* PRX-012: sessions that enter without a source and say later where they come from. */
static void test_located(void)
{
	struct crowd crowd;
	uint64_t here = source("192.0.2.1");

	CHECK(crowd_open(&crowd, &(struct crowd_limits){ 5, 2, 0 }));
	for (pid_t session = 1; session <= 4; session++)
		crowd_enter(&crowd, session, SOURCE_NONE);
	CHECK(crowd_locate(&crowd, 1, here) == NULL && crowd_locate(&crowd, 2, here) == NULL);
	CHECK(crowd_locate(&crowd, 3, here) != NULL && !enter(&crowd, 5, "192.0.2.1", 0));
	CHECK(crowd_locate(&crowd, 3, source("192.0.2.2")) == NULL);
	CHECK(crowd_locate(&crowd, 4, SOURCE_NONE) == NULL);
	/* Once is enough, and who is no session has no place. */
	CHECK(crowd_locate(&crowd, 1, source("192.0.2.3")) != NULL);
	CHECK(crowd_locate(&crowd, 77, source("192.0.2.3")) != NULL);
	CHECK(leave(&crowd, 1) && enter(&crowd, 5, "192.0.2.1", 0));
	/* It is told who was where. */
	CHECK(crowd_leave(&crowd, 2, &here) && here == source("192.0.2.1"));
	CHECK(crowd_leave(&crowd, 4, &here) && here == SOURCE_NONE);
	CHECK(leave(&crowd, 3) && leave(&crowd, 5));
	CHECK(crowd_count(&crowd) == 0 && crowd.sources.count == 0);
}

/* Lower limits, and then the PROXY headers of those who are in: each source has its count. */
static void test_located_after_limit(void)
{
	struct crowd crowd;

	CHECK(crowd_open(&crowd, &(struct crowd_limits){ 4, 2, 0 }));
	for (pid_t session = 1; session <= 4; session++)
		crowd_enter(&crowd, session, SOURCE_NONE);
	CHECK(crowd_limit(&crowd, &(struct crowd_limits){ 1, 1, 0 }));
	CHECK(crowd_locate(&crowd, 1, source("192.0.2.1")) == NULL);
	CHECK(crowd_locate(&crowd, 2, source("192.0.2.2")) == NULL);
	CHECK(crowd_locate(&crowd, 3, source("192.0.2.2")) != NULL);
	CHECK(crowd.sources.count == 2);
}

static void test_rate(void)
{
	struct crowd crowd;
	unsigned agreed = 0;

	CHECK(crowd_open(&crowd, &(struct crowd_limits){ 1000, 0, 10 }));
	for (unsigned i = 0; i < 20; i++)
		agreed += crowd_refuses(&crowd, 1, 5000) == NULL;
	CHECK(agreed == 10);
	CHECK(crowd_refuses(&crowd, 1, 5099) != NULL);
	CHECK(crowd_refuses(&crowd, 1, 5100) == NULL && crowd_refuses(&crowd, 1, 5100) != NULL);
	/* A second fills it again, a day no more than that. */
	for (agreed = 0; crowd_refuses(&crowd, 1, 86400000) == NULL;)
		agreed++;
	CHECK(agreed == 10);
}

/* AUTH-013, hardening 60: each failed login makes the next one wait, up to a limit, and for a
 * while. */
static void test_grudges(void)
{
	struct grudges grudges;
	uint64_t guesser = source("192.0.2.1"), other = source("192.0.2.2");

	CHECK(grudges_open(&grudges, 2));
	CHECK(grudges_wait(&grudges, guesser, 0) == 0);
	grudges_add(&grudges, guesser, 1, 1000);
	CHECK(grudges_wait(&grudges, guesser, 1000) == 4000);
	CHECK(grudges_wait(&grudges, guesser, 4999) == 1 &&
	      grudges_wait(&grudges, guesser, 5000) == 0);
	CHECK(grudges_wait(&grudges, other, 1000) == 0);
	/* They add up, to a minute, of which nobody waits for more than ten seconds. */
	grudges_add(&grudges, guesser, 1, 2000);
	CHECK(grudges_wait(&grudges, guesser, 2000) == 7000);
	grudges_add(&grudges, guesser, 4000000000, 2000);
	grudges_add(&grudges, guesser, 1, 2000);
	CHECK(grudges_wait(&grudges, guesser, 52000) == 10000);
	CHECK(grudges_wait(&grudges, guesser, 61999) == 1 &&
	      grudges_wait(&grudges, guesser, 62000) == 0);
	/* A full table forgets who is forgiven, and nobody else. */
	grudges_add(&grudges, other, 1, 61000);
	grudges_add(&grudges, source("192.0.2.3"), 1, 61000);
	CHECK(grudges_wait(&grudges, source("192.0.2.3"), 61000) == 0);
	grudges_add(&grudges, source("192.0.2.3"), 1, 62000);
	CHECK(grudges_wait(&grudges, source("192.0.2.3"), 62000) == 4000);
	CHECK(grudges_wait(&grudges, other, 62000) == 3000);
	/* Nobody is who has no address. */
	grudges_add(&grudges, SOURCE_NONE, 1, 70000);
	CHECK(grudges_wait(&grudges, SOURCE_NONE, 70000) == 0);
}

int main(void)
{
	test_sources();
	test_table();
	test_per_source();
	test_no_source();
	test_located();
	test_located_after_limit();
	test_rate();
	test_grudges();
	return check_report();
}
