/* SPDX-License-Identifier: ISC */
/* journal.c - systemd's native journal protocol by hand (systemd.io/JOURNAL_NATIVE_PROTOCOL). */
#include "base/journal.h"

#include "base/ascii.h"
#include "base/descriptor.h"

#include <syslog.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

static int journal = -1;

static void put_number(struct buffer *entry, const char *name, int value)
{
	buffer_string(entry, name);
	buffer_number(entry, (uint64_t)value);
	buffer_byte(entry, '\n');
}

/*
 * The first value of *rest, without its quotes and the backslashes that they needed; what it had
 * of control characters stays \xNN.
 */
static void put_value(struct buffer *entry, struct span *rest)
{
	bool quoted = span_starts(*rest, SPAN("\""));
	size_t at = quoted ? 1 : 0;

	for (; at < rest->len && rest->base[at] != (quoted ? '"' : ' '); at++) {
		if (rest->base[at] == '\\' && at + 1 < rest->len &&
		    (rest->base[at + 1] == '"' || rest->base[at + 1] == '\\'))
			at++;
		buffer_byte(entry, rest->base[at]);
	}
	/* Behind the quote, if any, and the blank. */
	at += quoted ? 2 : 1;
	*rest = span_from(*rest, at < rest->len ? at : rest->len);
}

/* A field of logfmt as a field of the journal: names there are upper case and have no hyphen. */
static void put_field(struct buffer *entry, struct span *rest)
{
	size_t before = entry->len;
	struct span key = span_take(rest, '=');

	buffer_string(entry, "MAILSESSION_");
	for (size_t i = 0; i < key.len; i++)
		buffer_byte(entry, ascii_is_alnum(key.base[i]) ? ascii_upper(key.base[i]) : '_');
	buffer_byte(entry, '=');
	put_value(entry, rest);
	buffer_byte(entry, '\n');
	if (entry->overflow) {
		entry->len = before;
		entry->overflow = false;
	}
}

void journal_compose(struct buffer *entry, int level, const char *program, struct span line)
{
	put_number(entry, "PRIORITY=", level);
	put_number(entry, "SYSLOG_FACILITY=", LOG_MAIL >> 3);
	buffer_string(entry, "SYSLOG_IDENTIFIER=");
	buffer_string(entry, program);
	buffer_string(entry, "\nMESSAGE=");
	buffer_put(entry, line);
	buffer_byte(entry, '\n');
	while (line.base != NULL && line.len > 0)
		put_field(entry, &line);
}

bool journal_open(void)
{
	if (journal < 0)
		journal = fd_datagrams_to(JOURNAL_SOCKET);
	return journal >= 0;
}

bool journal_send(struct span entry)
{
	return journal_open() && fd_write(journal, entry) == (ssize_t)entry.len;
}

void journal_close(void)
{
	fd_close(&journal);
}
