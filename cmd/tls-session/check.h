/* SPDX-License-Identifier: ISC */
/*
 * check.h - --check: every certificate that would be used, and what else the options say.
 */
#ifndef TLS_SESSION_CHECK_H
#define TLS_SESSION_CHECK_H

#include "option/option.h"

/* Prints to fd 1, troubles to the log. Returns the exit status: EXIT_CONFIG when there are any. */
int check_run(const struct options *options);

#endif
