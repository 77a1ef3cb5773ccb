/* SPDX-License-Identifier: ISC */
/*
 * pop3_ahead.c - what the POP3 engine says that it will retrieve next is what it retrieves next
 * (POP-026): random dialogues from fixed seeds, pipelined, over stores that refuse, break
 * off and close.
 */
#include "pop3_driver.h"

static const struct mail mails[] = { MAIL("m1", "A: b\n\n.1\n2\n3"), MAIL("m2", "b\n"),
				     MAIL("m3", ""), MAIL("m4", "x\n"),
				     MAIL("m5", "A: b\n\nlong\n") };

static const char *const fragments[] = {
	"RETR 1\r\n",
	"RETR 2\r\n",
	"retr 3\r\n",
	"RETR 4 \r\n",
	"RETR   5\r\n",
	"RETR 05\r\n",
	"RETR \t1\r\n",
	"RETR 1\t\r\n",
	"RETR\t1\r\n",
	"RETR  2  \r\n",
	"RETR 0\r\n",
	"RETR 6\r\n",
	"RETR 1 2\r\n",
	"RETR -1\r\n",
	"RETR x\r\n",
	"RETR\r\n",
	"RETR \r\n",
	"RETR 1\n\r\n",
	"RETR 4294967297\r\n",
	"DELE 1\r\n",
	"DELE 3\r\n",
	"RSET\r\n",
	"NOOP\r\n",
	"TOP 1 1\r\n",
	"LIST\r\n",
	"STAT\r\n",
	"UIDL 2\r\n",
	"FOO\r\n",
	"RETRX 1\r\n",
	"RETR 18446744073709551616\r\n",
	"RETR 1\r",
	"QUIT\r\n",
};

#define FEW 10 /* at the front: those that retrieve */

static uint32_t next_random(uint32_t *random)
{
	*random = *random * 1664525 + 1013904223;
	return *random >> 10;
}

static void compose(struct text *sent, uint32_t *random)
{
	unsigned count = sizeof(fragments) / sizeof(*fragments);

	text_string(sent, "USER u\r\nPASS p\r\n");
	for (unsigned i = 0; i < 40; i++) {
		unsigned which = next_random(random) % (count - 1);

		/* Seldom an end, and mostly what retrieves. */
		if (next_random(random) % 3 > 0)
			which = next_random(random) % FEW;
		if (next_random(random) % 60 == 0)
			which = count - 1;
		text_string(sent, fragments[which]);
	}
}

static unsigned check_seed(uint32_t seed)
{
	static const struct cut cuts[] = { { 1, 1, 1, 1 }, { 7, 50, 0, 0 }, { 0, 0, 3, 2 } };
	struct scene scene = scene_of(mails, 5);
	struct text sent = { NULL, 0, 0 };
	struct outcome whole;
	uint32_t random = seed;
	unsigned foretold;

	/* Sizes are told, partly told, or found out by retrieving. */
	if (seed % 3 > 0)
		scene.listing = seed % 3 == 1 ? SPAN("m1 18\nm2 3\nm3 0\nm4 3\nm5 14\n")
					      : SPAN("m1 18\nm2\nm3 1\nm4 3\nm5\n");
	scene.exits[EVENT_RETRIEVE] = seed % 7 == 0 ? 75 : 0;
	scene.closes[EVENT_RETRIEVE] = seed % 11 == 0;
	scene.breaks = seed % 13 == 0;
	scene.config.max_commands = seed % 5 == 0 ? 2 + seed % 40 : 0;
	scene.config.max_errors = seed % 4 == 0 ? 1 + seed % 20 : 1000;
	compose(&sent, &random);
	whole = play(&scene, text_span(&sent), (struct cut){ 0, 0, 0, 0 });
	for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		struct outcome other = play(&scene, text_span(&sent), cuts[i]);

		CHECK(outcome_same(&whole, &other));
		outcome_free(&other);
	}
	if (check_failures > 0) {
		fprintf(stderr, "seed %u\n%s----\n%s", seed, sent.base, whole.events.base);
		exit(check_report());
	}
	foretold = whole.foretold;
	outcome_free(&whole);
	text_free(&sent);
	scene_reset(&scene);
	return foretold;
}

int main(void)
{
	unsigned foretold = 0;

	for (uint32_t seed = 1; seed <= 2000; seed++)
		foretold += check_seed(seed);
	printf("%u questions foretold\n", foretold);
	CHECK(foretold > 10000); /* the dialogues are worth something */
	return check_report();
}
