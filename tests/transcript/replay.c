/* SPDX-License-Identifier: ISC */
/*
 * replay.c - drives the engines through transcripts: replay FILE.t ...
 *
 * Each case runs whole, octet by octet, cut in two at every place, with output that
 * leaves one octet at a time, and with the end of input known early: the octets, events
 * and messages that come of it are the same every time, and those that the transcript names.
 * Prints TAP; the exit status is 1 when a case failed.
 */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>

/* More cuts than this are spread evenly over a long input. */
#define CUTS_MAX 3000

static bool has(const struct script *script, enum item_kind kind)
{
	size_t at = 0;

	return script_next(script, kind, &at) != NULL;
}

static size_t client_octets(const struct script *script)
{
	const struct item *item;
	size_t at = 0, octets = 0;

	while ((item = script_next(script, ITEM_CLIENT, &at)) != NULL)
		octets += item->text.len;
	return octets;
}

/* Runs by `plan`; false, with a line in `faults`, when something else comes of it. */
static bool same(const struct script *script, const struct plan *plan, const struct run *first,
		 const char *name, struct bytes *faults)
{
	struct run run = { .fault = NULL };
	bool equal;

	play(script, plan, &run);
	equal = run_equal(first, &run);
	if (!equal) {
		bytes_format(faults, "# %s:%u: %s", script->file, script->line, name);
		if (plan->cut != SIZE_MAX)
			bytes_format(faults, " at octet %zu", plan->cut);
		bytes_string(faults, " gives something else:\n");
		expect_run(script, &run, faults);
	}
	run_free(&run);
	return equal;
}

static bool replay(const struct script *script, struct bytes *faults)
{
	struct plan whole = { .cut = SIZE_MAX }, single = whole, slow = whole, closed = whole;
	struct plan cut = whole;
	struct run first = { .fault = NULL };
	size_t octets = client_octets(script), step = octets / CUTS_MAX + 1;
	bool good;

	single.single = slow.slow = closed.closed = true;
	play(script, &whole, &first);
	expect_run(script, &first, faults);
	good = faults->len == 0;
	if (good)
		good = same(script, &single, &first, "octet by octet", faults) &&
		       same(script, &slow, &first, "slow output", faults);
	if (good && !has(script, ITEM_STOP))
		good = same(script, &closed, &first, "an early end of input", faults);
	for (cut.cut = 1; good && cut.cut < octets; cut.cut += step)
		good = same(script, &cut, &first, "a cut", faults);
	run_free(&first);
	return good;
}

int main(int argc, char **argv)
{
	struct transcript transcript = { NULL, 0 };
	unsigned number = 0, failed = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: replay FILE.t ...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++)
		transcript_read(&transcript, argv[i]);
	for (size_t i = 0; i < transcript.count; i++) {
		const struct script *script = &transcript.scripts[i];
		struct bytes faults = { NULL, 0, 0 };
		bool good;

		if (script->program_only)
			continue;
		good = replay(script, &faults);
		failed += !good;
		printf("%sok %u - %s: %s\n", good ? "" : "not ", ++number, script->file,
		       script->title);
		if (faults.len > 0)
			fputs(faults.base, stdout);
		fflush(stdout);
		free(faults.base);
	}
	transcript_free(&transcript);
	printf("1..%u\n", number);
	return failed > 0;
}
