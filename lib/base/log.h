/* SPDX-License-Identifier: ISC */
/*
 * log.h - one line an event, logfmt or JSON, on standard error, to syslog or to the journal.
 *
 * Every line is built in a fixed buffer and written by one write(2); values are
 * escaped so that nothing a peer or a hook said can begin a line or a field of its
 * own.  A line is at most LOG_LINE_MAX octets; what does not fit is cut.
 */
#ifndef MAILSESSION_LOG_H
#define MAILSESSION_LOG_H

#include "base/buffer.h"

#include <syslog.h> /* LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG */

#define LOG_LINE_MAX 1024

enum log_format {
	LOG_FORMAT_TEXT,    /* logfmt */
	LOG_FORMAT_JSON,    /* an object a line */
	LOG_FORMAT_JOURNAL, /* logfmt and native fields to the journal; without one as TEXT */
	LOG_FORMAT_RELAYED, /* words and fields alone: another program of ours logs them */
};

/* How lines are written; set once at start, kept over fork. */
struct log_settings {
	enum log_format format;
	int level;           /* lines above this syslog level are not written */
	bool priorities;     /* "<N>" in front, for systemd (JOURNAL_STREAM is set) */
	bool syslog;         /* standard error belongs to the client: use the system's log */
	const char *program; /* name of the program, for the system's log and the `program` field */
};

void log_configure(const struct log_settings *settings);

/* Lets go of the descriptor of the system's log or the journal; the next line takes a new one. */
void log_close(void);

/* For a process about to enter a cage: from now on no line opens a file or a socket. */
void log_confine(void);

/* True when fd 2 is the very object that fd 0 is, as under a BSD-style inetd. */
bool log_stderr_is_client(void);

struct log_line {
	int level;
	struct buffer buffer;
	char bytes[LOG_LINE_MAX];
};

/* Begins a line; `message` is ours, a few words. */
void log_begin(struct log_line *line, int level, const char *message);
/* A field. `key` is ours; an absent value (SPAN_NONE) writes nothing. */
void log_text(struct log_line *line, const char *key, struct span value);
void log_string(struct log_line *line, const char *key, const char *value);
void log_number(struct log_line *line, const char *key, uint64_t value);
/* The fields `session` and, when `id` is a TRANSACTION_ID (SESSION_ID, a dot, a count),
 * `transaction`. */
void log_identity(struct log_line *line, const char *id);
/* The field `error` with the text of an errno. */
void log_errno(struct log_line *line, int error);
void log_end(struct log_line *line);

/* A whole line: message, and one field when `key` is not NULL. */
void log_note(int level, const char *message, const char *key, const char *value);
/* A whole line with a field and an errno. */
void log_fault(int level, const char *message, const char *key, const char *value, int error);

#endif
