/* SPDX-License-Identifier: ISC */
/*
 * mechanism.h - the mechanisms: each holds its whole exchange, from the client's first word
 * to the last one to the runner.
 */
#ifndef SASL_SESSION_MECHANISM_H
#define SASL_SESSION_MECHANISM_H

#include "exchange.h"

/* Loads what the mechanism needs while files can be opened. False: it cannot run here. */
bool digest_prepare(void);
bool scram_prepare(void);
bool scram_plus_prepare(void);

void cram_md5_run(struct exchange *exchange);
void apop_run(struct exchange *exchange);
void scram_run(struct exchange *exchange);

#endif
