/* SPDX-License-Identifier: ISC */
/*
 * dialogue.h - what --trace writes: the dialogue, secrets masked.
 *
 * Lines "C: ..." and "S: ..."; octets of messages are counted, not shown; arguments of PASS, AUTH
 * and APOP are left out; bytes that do not print are escaped.
 */
#ifndef MAILSESSION_DIALOGUE_H
#define MAILSESSION_DIALOGUE_H

#include "engine/engine.h"

/* What the engine consumed: input->base from `before` to input->at. */
void dialogue_input(int fd, const struct input *input, size_t before, bool in_message);

/* What is about to be written to the client. */
void dialogue_replies(int fd, struct span replies);

#endif
