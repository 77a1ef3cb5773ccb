/* SPDX-License-Identifier: ISC */
/* inbox.c - answers of the runner that the parser has received. */
#include "session/inbox.h"

#include <errno.h>
#include <string.h>

void inbox_init(struct inbox *inbox, char *storage)
{
	inbox->bytes = (struct buffer){ storage, 0, INBOX_OCTETS, false };
	inbox->at = 0;
	inbox->fd_at = inbox->fd_count = 0;
}

/* Makes room where there was what has been taken. */
static void tidy(struct inbox *inbox)
{
	buffer_drop(&inbox->bytes, inbox->at);
	inbox->at = 0;
	inbox->fd_count -= inbox->fd_at;
	memmove(inbox->fds, inbox->fds + inbox->fd_at, inbox->fd_count * sizeof(int));
	inbox->fd_at = 0;
}

enum inbox_result inbox_receive(struct inbox *inbox, int socket, int flags, bool *shutdown)
{
	unsigned fds = 0;
	char *end;
	ssize_t got;

	tidy(inbox);
	end = inbox->bytes.base + inbox->bytes.len;
	for (;;) {
		got = frame_fetch(socket, flags, end, buffer_room(&inbox->bytes),
				  inbox->fds + inbox->fd_count, &fds);
		if (got <= 0 || (enum answer_kind)end[0] != ANSWER_SHUTDOWN)
			break;
		*shutdown = true;
	}
	if (got <= 0)
		return got < 0 && errno == EAGAIN ? INBOX_NOTHING : INBOX_LOSS;
	inbox->bytes.len += (size_t)got;
	inbox->fd_count += fds;
	return INBOX_ANSWERS;
}

bool inbox_take(struct inbox *inbox, struct answer *answer, int *content)
{
	struct span rest = span_from(buffer_span(&inbox->bytes), inbox->at);

	*content = -1;
	if (!answer_take(&rest, answer))
		return false;
	inbox->at = inbox->bytes.len - rest.len;
	if (answer->content && inbox->fd_at < inbox->fd_count)
		*content = inbox->fds[inbox->fd_at++];
	return true;
}
