/* SPDX-License-Identifier: ISC */
/* outcome.c - what an event yields or replies. */
#include "store/outcome.h"

#include "base/descriptor.h"

#include <unistd.h>

void outcome_begin(struct outcome *outcome)
{
	outcome->len = 0;
}

/* Writes the block with the record `head` right in front of it, in one piece. */
static void flush(struct outcome *outcome, struct span head)
{
	char *from = outcome->bytes + OUTCOME_FRONT - head.len;
	struct span all = { from, head.len + outcome->len };

	if (head.len > 0)
		memcpy(from, head.base, head.len);
	outcome->len = 0;
	if (outcome->failed)
		return;
	if (outcome->channel == NULL) {
		outcome->failed = !fd_write_all(STDOUT_FILENO, all);
	} else if (all.len <= sizeof(outcome->held) - outcome->held_len) {
		memcpy(outcome->held + outcome->held_len, all.base, all.len);
		outcome->held_len += all.len;
	} else {
		outcome->failed =
			!outcome_send(outcome) || !channel_send(outcome->channel, all, -1);
	}
}

bool outcome_send(struct outcome *outcome)
{
	struct span held = { outcome->held, outcome->held_len };

	if (held.len > 0 && !outcome->failed)
		outcome->failed = !channel_send_all(outcome->channel, held, outcome->held_fd,
						    outcome->held_fds);
	outcome->held_len = 0;
	while (outcome->held_fds > 0)
		fd_close(&outcome->held_fd[--outcome->held_fds]);
	return !outcome->failed;
}

/* The exit code, and which call it answers. */
static void put_end(const struct outcome *outcome, struct buffer *record, int exit)
{
	record_put_number(record, "exit", (uint64_t)exit);
	if (outcome->number > 0)
		record_put_number(record, "number", outcome->number);
}

/* The record that announces the block: another part, or the end with an exit code. */
static void flush_part(struct outcome *outcome, int exit)
{
	char bytes[OUTCOME_FRONT];
	struct buffer head = BUFFER(bytes);

	if (outcome->channel != NULL) {
		if (exit < 0)
			record_put(&head, "more", SPAN("1"));
		else
			put_end(outcome, &head, exit);
		if (outcome->len > 0)
			record_put_number(&head, "length", outcome->len);
		record_finish(&head);
	}
	flush(outcome, buffer_span(&head));
}

void outcome_put(struct outcome *outcome, struct span bytes)
{
	while (bytes.len > 0) {
		size_t room = OUTCOME_BLOCK - outcome->len;
		size_t len = bytes.len < room ? bytes.len : room;

		memcpy(outcome->bytes + OUTCOME_FRONT + outcome->len, bytes.base, len);
		outcome->len += len;
		bytes = span_from(bytes, len);
		if (outcome->len == OUTCOME_BLOCK)
			flush_part(outcome, -1);
	}
}

bool outcome_end(struct outcome *outcome, int exit)
{
	flush_part(outcome, exit);
	return !outcome->failed;
}

bool outcome_end_fd(struct outcome *outcome, int fd)
{
	char bytes[OUTCOME_FRONT];
	struct buffer record = BUFFER(bytes);

	put_end(outcome, &record, 0);
	record_put(&record, "fd", SPAN("1"));
	record_finish(&record);
	if (record.len > sizeof(outcome->held) - outcome->held_len)
		outcome_send(outcome);
	outcome->held_fd[outcome->held_fds++] = fd;
	flush(outcome, buffer_span(&record));
	return outcome->held_fds < CHANNEL_FDS_MAX ? !outcome->failed : outcome_send(outcome);
}
