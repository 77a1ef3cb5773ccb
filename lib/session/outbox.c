/* SPDX-License-Identifier: ISC */
/* outbox.c - frames of the parser that nobody waits for yet. */
#include "session/outbox.h"

#include <string.h>

/* No frame is held back: the small storage will do again. */
static void begin(struct outbox *outbox)
{
	outbox->frames = (struct buffer){ outbox->few, 0, OUTBOX_FEW, false };
}

void outbox_init(struct outbox *outbox, int socket, char *few, char *many)
{
	outbox->socket = socket;
	outbox->few = few;
	outbox->many = many;
	begin(outbox);
}

/* Moves the frames to the large storage. False: they are there already. */
static bool enlarge(struct outbox *outbox)
{
	struct buffer large = { outbox->many, 0, FRAME_MAX, false };

	if (outbox->frames.base == outbox->many)
		return false;
	buffer_put(&large, buffer_span(&outbox->frames));
	outbox->frames = large;
	return true;
}

void outbox_put(struct outbox *outbox, const struct frame *frame)
{
	size_t before = outbox->frames.len;

	frame_put(&outbox->frames, frame);
	if (!outbox->frames.overflow)
		return;
	outbox->frames.len = before;
	outbox->frames.overflow = false;
	if (!enlarge(outbox)) {
		outbox_send(outbox);
		enlarge(outbox);
	}
	outbox_put(outbox, frame);
}

void outbox_send(struct outbox *outbox)
{
	if (outbox->frames.len == 0)
		return;
	frame_send(outbox->socket, buffer_span(&outbox->frames), -1);
	/* Logins were in it. */
	explicit_bzero(outbox->frames.base, outbox->frames.len);
	begin(outbox);
}
