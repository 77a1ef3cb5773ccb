/* SPDX-License-Identifier: ISC */
/* said.c - standard error of a program, logged line by line. */
#include "backend/said.h"

#include "base/descriptor.h"
#include "base/log.h"

#include <errno.h>

void said_begin(struct said *said, int fd, const char *event, const char *session)
{
	said->fd = fd;
	said->lines = 0;
	said->event = event;
	said->session = session;
	said->len = 0;
	fd_nonblocking(fd);
}

static void log_said(struct said *said, struct span text)
{
	struct log_line line;

	if (text.len == 0 || said->lines++ >= SAID_LINES_MAX)
		return;
	log_begin(&line, LOG_NOTICE, "hook says");
	log_identity(&line, said->session);
	log_string(&line, "event", said->event);
	log_text(&line, "text", text);
	log_end(&line);
}

/* A line that fills the buffer is logged in pieces. */
static void log_lines(struct said *said)
{
	struct span rest = { said->text, said->len };

	for (;;) {
		size_t at = span_find(rest, '\n');

		if (at == rest.len && rest.len < sizeof(said->text))
			break;
		log_said(said, span_first(rest, at));
		rest = span_from(rest, at < rest.len ? at + 1 : at);
	}
	if (rest.len > 0)
		memmove(said->text, rest.base, rest.len);
	said->len = rest.len;
}

void said_read(struct said *said)
{
	/* Bounded per call, so that a flood cannot hold up a deadline. */
	for (unsigned i = 0; i < 32 && said->fd >= 0; i++) {
		ssize_t got =
			fd_read(said->fd, said->text + said->len, sizeof(said->text) - said->len);

		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			fd_close(&said->fd);
			return;
		}
		said->len += (size_t)got;
		log_lines(said);
	}
}

void said_end(struct said *said)
{
	if (said->fd < 0)
		return;
	said_read(said);
	log_said(said, (struct span){ said->text, said->len });
	said->len = 0;
	fd_close(&said->fd);
}
