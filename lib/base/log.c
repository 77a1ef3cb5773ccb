/* SPDX-License-Identifier: ISC */
/*
 * log.c - one line an event, logfmt or JSON, on standard error, to syslog or to the journal.
 *
 * The last octets of every line are kept back for what ends it, so that a line that
 * was cut is still whole logfmt or JSON.  In JSON an octet above US-ASCII becomes the
 * code point of the same number; in logfmt it is \xNN like a control character.
 * A log that cannot be written is no reason to stop: errors of write(2) are dropped.
 */
#include "base/log.h"

#include "base/ascii.h"
#include "base/descriptor.h"
#include "base/journal.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Room for what ends a cut value and the line, and the priority: ..."} LF <N> */
#define RESERVE 9

static struct log_settings log_settings = { .format = LOG_FORMAT_TEXT, .level = LOG_INFO };

static const char *const level_words[] = { "emergency", "alert",  "critical", "error",
					   "warning",   "notice", "info",     "debug" };

/*
 * The system's log, by the protocol behind syslog(3), which would open files and sockets whenever
 * it likes, in a cage too.  The daemon adds the time.
 */
#define SYSTEM_LOG "/dev/log"
static int system_log = -1;
static bool confined;

void log_close(void)
{
	fd_close(&system_log);
	journal_close();
}

void log_confine(void)
{
	tzset();
	if (log_settings.syslog && system_log < 0)
		system_log = fd_datagrams_to(SYSTEM_LOG);
	confined = true;
}

static bool send_to_system(struct span text)
{
	return system_log >= 0 && fd_write(system_log, text) == (ssize_t)text.len;
}

static void write_system(const struct log_line *line)
{
	char bytes[LOG_LINE_MAX + 128];
	struct buffer text = BUFFER(bytes);

	buffer_byte(&text, '<');
	buffer_number(&text, (uint64_t)(LOG_MAIL | line->level));
	buffer_byte(&text, '>');
	buffer_string(&text, log_settings.program);
	buffer_byte(&text, '[');
	buffer_number(&text, (uint64_t)getpid());
	buffer_string(&text, "]: ");
	buffer_put(&text, buffer_span(&line->buffer));
	if (send_to_system(buffer_span(&text)) || confined)
		return;
	/* The daemon may have been started anew. */
	fd_close(&system_log);
	system_log = fd_datagrams_to(SYSTEM_LOG);
	send_to_system(buffer_span(&text));
}

void log_configure(const struct log_settings *settings)
{
	log_settings = *settings;
	/* Now, since a program in its cage cannot any more. */
	if (settings->format == LOG_FORMAT_JOURNAL && !journal_open())
		log_settings.format = LOG_FORMAT_TEXT;
}

/* True when both are the same socket. */
static bool same_socket(int a, int b)
{
	struct stat first;
	struct stat second;

	return fstat(a, &first) == 0 && S_ISSOCK(first.st_mode) && fstat(b, &second) == 0 &&
	       first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

bool log_stderr_is_client(void)
{
	struct stat status;

	if (fstat(2, &status) != 0 || !S_ISSOCK(status.st_mode))
		return false;
	return same_socket(2, 0) || same_socket(2, 1);
}

static void put_escape(struct buffer *buffer, char byte)
{
	char escape[6];
	struct buffer text = BUFFER(escape);

	buffer_string(&text, log_settings.format == LOG_FORMAT_JSON ? "\\u00" : "\\x");
	buffer_hex(&text, (unsigned char)byte, 2);
	buffer_put(buffer, buffer_span(&text));
}

static void put_escaped(struct buffer *buffer, struct span value)
{
	size_t start = 0;

	for (size_t i = 0; i < value.len && !buffer->overflow; i++) {
		char c = value.base[i];

		if (ascii_is_print(c) && c != '"' && c != '\\')
			continue;
		for (; start < i && buffer_byte(buffer, value.base[start]); start++)
			;
		if (!ascii_is_print(c))
			put_escape(buffer, c);
		else
			buffer_put(buffer, (struct span){ c == '"' ? "\\\"" : "\\\\", 2 });
		start = i + 1;
	}
	for (; start < value.len && buffer_byte(buffer, value.base[start]); start++)
		;
}

/* In logfmt a value goes without quotes when it cannot be misread. */
static bool needs_quotes(struct span value)
{
	if (log_settings.format == LOG_FORMAT_JSON || value.len == 0)
		return true;
	for (size_t i = 0; i < value.len; i++)
		if (!ascii_is_graph(value.base[i]) || value.base[i] == '"' ||
		    value.base[i] == '=' || value.base[i] == '\\')
			return true;
	return false;
}

/* Writes what stands before a value; false, and nothing written, when there is no room for it. */
static bool put_key(struct buffer *buffer, const char *key, bool quotes)
{
	size_t before = buffer->len;
	bool json = log_settings.format == LOG_FORMAT_JSON;

	if (buffer->overflow)
		return false;
	if (before > 0)
		buffer_byte(buffer, json ? ',' : ' ');
	if (json)
		buffer_byte(buffer, before > 0 ? '"' : '{');
	if (json && before == 0)
		buffer_byte(buffer, '"');
	buffer_string(buffer, key);
	buffer_string(buffer, json ? "\":" : "=");
	if (quotes)
		buffer_byte(buffer, '"');
	if (buffer->overflow)
		buffer->len = before;
	return !buffer->overflow;
}

void log_text(struct log_line *line, const char *key, struct span value)
{
	struct buffer *buffer = &line->buffer;
	bool quotes = needs_quotes(value);

	if (value.base == NULL || !put_key(buffer, key, quotes))
		return;
	put_escaped(buffer, value);
	if (quotes)
		buffer_byte(buffer, '"');
	if (!buffer->overflow)
		return;
	buffer->overflow = false;
	buffer->cap = sizeof line->bytes;
	buffer_string(buffer, quotes ? "...\"" : "...");
	buffer->overflow = true; /* nothing may follow */
}

void log_string(struct log_line *line, const char *key, const char *value)
{
	log_text(line, key, span_of(value));
}

void log_number(struct log_line *line, const char *key, uint64_t value)
{
	size_t before = line->buffer.len;

	if (!put_key(&line->buffer, key, false))
		return;
	if (!buffer_number(&line->buffer, value))
		line->buffer.len = before;
}

void log_identity(struct log_line *line, const char *id)
{
	struct span whole = span_of(id);
	struct span session = span_first(whole, span_find(whole, '.'));

	if (log_settings.format == LOG_FORMAT_RELAYED)
		return;
	log_text(line, "session", session);
	if (session.len < whole.len)
		log_text(line, "transaction", whole);
}

void log_errno(struct log_line *line, int error)
{
	log_string(line, "error", strerror(error));
}

/* RFC 3339, in UTC, to the millisecond. */
static void put_time(struct log_line *line)
{
	char text[32];
	struct buffer buffer = BUFFER(text);
	struct timespec now;
	struct tm tm;
	int fields[6];
	static const char after[6] = { '-', '-', 'T', ':', ':', '.' };

	clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &tm) == NULL)
		return;
	fields[0] = tm.tm_year + 1900;
	fields[1] = tm.tm_mon + 1;
	fields[2] = tm.tm_mday;
	fields[3] = tm.tm_hour;
	fields[4] = tm.tm_min;
	fields[5] = tm.tm_sec;
	for (unsigned i = 0; i < 6; i++) {
		buffer_padded(&buffer, (uint64_t)fields[i], i == 0 ? 4 : 2);
		buffer_byte(&buffer, after[i]);
	}
	buffer_padded(&buffer, (uint64_t)now.tv_nsec / 1000000, 3);
	buffer_byte(&buffer, 'Z');
	log_text(line, "time", buffer_span(&buffer));
}

void log_begin(struct log_line *line, int level, const char *message)
{
	line->level = level;
	line->buffer = (struct buffer){ line->bytes, 0, sizeof line->bytes - RESERVE, false };
	if (level > log_settings.level || level < LOG_EMERG) {
		line->buffer.overflow = true; /* the fields write nothing */
		return;
	}
	if (log_settings.format == LOG_FORMAT_RELAYED) {
		buffer_string(&line->buffer, message);
		return;
	}
	if (!log_settings.priorities && !log_settings.syslog &&
	    log_settings.format != LOG_FORMAT_JOURNAL)
		put_time(line);
	log_string(line, "program", log_settings.program);
	log_string(line, "level", level_words[level]);
	log_string(line, "msg", message);
}

/* Writes a line as an entry of the journal. False: there is none. */
static bool write_journal(const struct log_line *line)
{
	char bytes[JOURNAL_ENTRY_MAX];
	struct buffer entry = BUFFER(bytes);

	journal_compose(&entry, line->level, log_settings.program, buffer_span(&line->buffer));
	return journal_send(buffer_span(&entry));
}

void log_end(struct log_line *line)
{
	struct buffer *buffer = &line->buffer;
	int saved = errno;

	if (line->level > log_settings.level || line->level < LOG_EMERG)
		return;
	buffer->cap = sizeof line->bytes;
	buffer->overflow = false;
	if (log_settings.format == LOG_FORMAT_JSON)
		buffer_byte(buffer, '}');
	if (log_settings.format == LOG_FORMAT_JOURNAL && write_journal(line)) {
		errno = saved;
		return;
	}
	if (log_settings.syslog) {
		write_system(line);
	} else {
		char prefix[3] = { '<', (char)('0' + line->level), '>' };

		buffer_byte(buffer, '\n');
		if (log_settings.priorities) {
			memmove(buffer->base + sizeof prefix, buffer->base, buffer->len);
			memcpy(buffer->base, prefix, sizeof prefix);
			buffer->len += sizeof prefix;
		}
		fd_write(2, buffer_span(buffer));
	}
	errno = saved;
}

void log_note(int level, const char *message, const char *key, const char *value)
{
	struct log_line line;

	log_begin(&line, level, message);
	if (key != NULL)
		log_string(&line, key, value);
	log_end(&line);
}

void log_fault(int level, const char *message, const char *key, const char *value, int error)
{
	struct log_line line;

	log_begin(&line, level, message);
	if (key != NULL)
		log_string(&line, key, value);
	log_errno(&line, error);
	log_end(&line);
}
