/* SPDX-License-Identifier: ISC */
/* answer.c - what an event yields or replies. */
#include "answer.h"

#include "base/descriptor.h"

#include <unistd.h>

void answer_begin(struct answer *answer)
{
	answer->len = 0;
}

/* Writes the block with the record `head` right in front of it, in one piece. */
static void flush(struct answer *answer, struct span head)
{
	char *from = answer->bytes + ANSWER_FRONT - head.len;
	struct span all = { from, head.len + answer->len };

	if (head.len > 0)
		memcpy(from, head.base, head.len);
	answer->len = 0;
	if (answer->failed)
		return;
	if (answer->channel != NULL)
		answer->failed = !channel_send(answer->channel, all, -1);
	else
		answer->failed = !fd_write_all(STDOUT_FILENO, all);
}

/* The record that announces the block: another part, or the end with an exit code. */
static void flush_part(struct answer *answer, int exit)
{
	char bytes[ANSWER_FRONT];
	struct buffer head = BUFFER(bytes);

	if (answer->channel != NULL) {
		if (exit < 0)
			record_put(&head, "more", SPAN("1"));
		else
			record_put_number(&head, "exit", (uint64_t)exit);
		if (answer->len > 0)
			record_put_number(&head, "length", answer->len);
		record_finish(&head);
	}
	flush(answer, buffer_span(&head));
}

void answer_put(struct answer *answer, struct span bytes)
{
	while (bytes.len > 0) {
		size_t room = ANSWER_BLOCK - answer->len;
		size_t len = bytes.len < room ? bytes.len : room;

		memcpy(answer->bytes + ANSWER_FRONT + answer->len, bytes.base, len);
		answer->len += len;
		bytes = span_from(bytes, len);
		if (answer->len == ANSWER_BLOCK)
			flush_part(answer, -1);
	}
}

bool answer_end(struct answer *answer, int exit)
{
	flush_part(answer, exit);
	return !answer->failed;
}

bool answer_end_fd(struct answer *answer, int fd)
{
	return channel_send(answer->channel, SPAN("exit=0\nfd=1\n\n"), fd);
}
