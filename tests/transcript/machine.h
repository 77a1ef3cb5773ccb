/* SPDX-License-Identifier: ISC */
/*
 * machine.h - an engine set up by the options of a transcript.
 */
#ifndef MAILSESSION_TEST_MACHINE_H
#define MAILSESSION_TEST_MACHINE_H

#include "transcript.h"

struct machine;

/* A fresh engine of `protocol`, configured by the script's "O:" and "V:" lines. */
struct machine *machine_new(enum protocol protocol, const struct script *script);
void machine_free(struct machine *machine);

struct engine *machine_engine(struct machine *machine);

/* The events that the scripted backend answers. */
event_set machine_handled(const struct machine *machine);

/* Before an event is answered: an address that XCLIENT tells may end the peer's trust. */
void machine_told(struct machine *machine, const struct event_call *call);

/* The client has begun TLS: goes on with a fresh engine, in the place of the one before. */
void machine_secure(struct machine *machine);

/* The protocol of a transcript, by the folder that it lies in. */
enum protocol script_protocol(const struct script *script);

#endif
