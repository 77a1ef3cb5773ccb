/* SPDX-License-Identifier: ISC */
/*
 * expect.h - what a run gave, held against what its transcript says.
 */
#ifndef MAILSESSION_TEST_EXPECT_H
#define MAILSESSION_TEST_EXPECT_H

#include "play.h"

/* Appends a line "# file:line: ..." for each difference; none when all is as it should be. */
void expect_run(const struct script *script, const struct run *run, struct bytes *faults);

#endif
