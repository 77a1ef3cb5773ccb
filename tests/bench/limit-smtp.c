/* SPDX-License-Identifier: ISC */
/*
 * limit-smtp.c - plays an SMTP or LMTP server on descriptors 0 and 1, by the first letter of each
 * line.
 *
 *   limit-smtp smtp|lmtp [SINK ARGUMENT...]
 *
 * With a sink, that program is run with the whole message as standard input: once a message, in
 * LMTP once a recipient. A message is a pipe's content if it fits, else an unnamed file's. Dots
 * stay doubled.
 */
#include "limit.h"

#include <fcntl.h>

enum { BLOCK = 1 << 18, PIPE_HOLDS = 1 << 16 };

static char in[BLOCK];
static size_t from;
static size_t to;
static char out[BLOCK];
static size_t out_len;
static int lmtp;
static char **sink;

static void say(const char *text)
{
	size_t len = strlen(text);

	if (len > sizeof(out) - out_len)
		limit_fail("say");
	memcpy(out + out_len, text, len);
	out_len += len;
}

/* More behind what is left; the end of the stream is the end. */
static void fill(void)
{
	size_t got;

	limit_write(1, out, out_len);
	out_len = 0;
	memmove(in, in + from, to - from);
	to -= from;
	from = 0;
	got = limit_read(0, in + to, sizeof(in) - to);
	if (got == 0)
		_exit(0);
	to += got;
}

static void deliver(const char *start, size_t len, int spool)
{
	int ends[2] = { spool, -1 };

	if (sink == NULL)
		return;
	if (spool < 0) {
		if (pipe2(ends, O_CLOEXEC) != 0)
			limit_fail("pipe");
		limit_write(ends[1], start, len);
		close(ends[1]);
	} else if (lseek(spool, 0, SEEK_SET) != 0) {
		limit_fail("lseek");
	}
	if (limit_wait(limit_spawn(sink, ends[0], 1)) != 0)
		limit_fail("sink");
	if (spool < 0)
		close(ends[0]);
}

/* From the line after DATA to the one behind the dot. */
static void message(int copies)
{
	int spool = -1;
	char *end;

	while ((end = memmem(in + from, to - from, "\r\n.\r\n", 5)) == NULL) {
		if (to - from >= PIPE_HOLDS && spool < 0 && sink != NULL)
			spool = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		/* All but what may be the beginning of the end. */
		if (to - from >= PIPE_HOLDS) {
			if (sink != NULL)
				limit_write(spool, in + from, to - from - 4);
			from = to - 4;
		}
		fill();
	}
	end += 2;
	if (spool >= 0)
		limit_write(spool, in + from, (size_t)(end - (in + from)));
	for (int i = 0; i < copies; i++) {
		deliver(in + from, (size_t)(end - (in + from)), spool);
		say("250 2.0.0 Delivered\r\n");
	}
	if (spool >= 0)
		close(spool);
	from = (size_t)(end + 3 - in);
}

int main(int argc, char **argv)
{
	int recipients = 0;

	lmtp = argc > 1 && argv[1][0] == 'l';
	sink = argc > 2 ? argv + 2 : NULL;
	say("220 limit.example ESMTP\r\n");
	for (;;) {
		char *end = memchr(in + from, '\n', to - from);

		if (end == NULL) {
			fill();
			continue;
		}
		switch (in[from]) {
		case 'E':
		case 'L':
			say("250-limit.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n");
			break;
		case 'Q':
			say("221 2.0.0 limit.example Bye\r\n");
			limit_write(1, out, out_len);
			return 0;
		case 'D':
			say("354 End with a dot\r\n");
			from = (size_t)(end + 1 - in);
			message(lmtp ? recipients : 1);
			recipients = 0;
			continue;
		case 'R':
			recipients++;
			/* fallthrough */
		default:
			say("250 2.1.0 OK\r\n");
		}
		from = (size_t)(end + 1 - in);
	}
}
