/* SPDX-License-Identifier: ISC */
/*
 * play.h - one run of an engine through a transcript, its input and output cut as a plan says.
 */
#ifndef MAILSESSION_TEST_PLAY_H
#define MAILSESSION_TEST_PLAY_H

#include "machine.h"

/* How the octets go in and out. What comes of it must not depend on this. */
struct plan {
	size_t cut;  /* the input comes in two pieces, cut here; SIZE_MAX for no cut */
	bool single; /* every octet of input and content on its own */
	bool slow;   /* output leaves one octet at a time, and only when there is no room */
	bool closed; /* the end of input is known together with the last octets */
};

struct run {
	struct bytes output;
	struct bytes events;    /* a line each: "name FACT=value ..." */
	struct bytes *messages; /* that a deliver event came for */
	size_t message_count;
	enum session_end end;
	const char *fault; /* the engine broke its contract */
};

void play(const struct script *script, const struct plan *plan, struct run *run);
void run_free(struct run *run);
bool run_equal(const struct run *a, const struct run *b);

#endif
