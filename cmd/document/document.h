/* SPDX-License-Identifier: ISC */
/*
 * document.h - the parts of the manual pages that are written from tables of the library.
 *
 * All write mdoc(7) to standard output.
 */
#ifndef MAILSESSION_DOCUMENT_H
#define MAILSESSION_DOCUMENT_H

#include "engine/event.h"

/* Plain text as mdoc: sentences on lines of their own, control characters of roff escaped. */
void document_text(const char *text);

/* As document_text; the first letter becomes a capital and a full stop stands at the end. */
void document_sentence(const char *text);

/* The protocols of a set, as "SMTP, LMTP". */
void document_protocols(unsigned protocols);

/* The OPTIONS section of a program. */
void document_options(enum protocol protocol);

/* The events, the facts told with them, the ends of a session, the exit codes. */
void document_events(void);
void document_facts(void);
void document_ends(void);
void document_exits(void);

#endif
