/* SPDX-License-Identifier: ISC */
/*
 * outbox.h - frames of the parser that nobody waits for yet.
 *
 * What the runner is merely told goes to it with the next question, in one datagram.
 */
#ifndef MAILSESSION_OUTBOX_H
#define MAILSESSION_OUTBOX_H

#include "session/frame.h"

/* Octets of frames that lie on a page that every session touches. */
#define OUTBOX_FEW 384

struct outbox {
	int socket;
	struct buffer frames; /* in `few` as long as that suffices */
	char *few;            /* OUTBOX_FEW octets */
	char *many;           /* FRAME_MAX octets */
};

/* An empty outbox before a socket, over storage of OUTBOX_FEW and of FRAME_MAX octets. */
void outbox_init(struct outbox *outbox, int socket, char *few, char *many);

/* Holds a frame back, sending the earlier ones first when it does not fit beside them. */
void outbox_put(struct outbox *outbox, const struct frame *frame);

/* Sends the frames that were held back. A runner that is gone is noticed when it is asked. */
void outbox_send(struct outbox *outbox);

#endif
