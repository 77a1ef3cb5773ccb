/* SPDX-License-Identifier: ISC */
/*
 * connection.h - opening and closing a generator's connection; talking over it is load.h's.
 */
#ifndef BENCH_CONNECTION_H
#define BENCH_CONNECTION_H

#include "load.h"

/* Connects, with empty buffers; counts and random state are left as they are. */
void client_open(struct client *client, const char *address);

/* Sends what is queued; the server must close now, and say nothing more. */
void client_close(struct client *client);

#endif
