/* SPDX-License-Identifier: ISC */
/*
 * log_lines.c - log lines are one line each whatever is in them (hardening 36), whole when they
 * are cut, and no reason to fail when nobody takes them (hardening 78).
 */
#include "base/journal.h"
#include "base/log.h"

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int pipes[2];
static char line_bytes[2 * LOG_LINE_MAX];

static void configure(enum log_format format, int level, bool priorities)
{
	struct log_settings settings = { .format = format,
					 .level = level,
					 .priorities = priorities,
					 .program = "smtp-session" };

	log_configure(&settings);
}

/* What was written since the last call. */
static struct span written(void)
{
	ssize_t len = read(pipes[0], line_bytes, sizeof line_bytes);

	return (struct span){ line_bytes, len > 0 ? (size_t)len : 0 };
}

static bool is(struct span text, const char *expected)
{
	bool same = span_equal(text, span_of(expected));

	if (!same)
		fprintf(stderr, "%.*s", (int)text.len, text.base);
	return same;
}

static bool ends_with(struct span text, const char *end)
{
	size_t len = strlen(end);

	return text.len >= len && span_equal(span_from(text, text.len - len), span_of(end));
}

static void test_fields(enum log_format format, const char *expected)
{
	struct log_line line;

	configure(format, LOG_INFO, true);
	log_begin(&line, LOG_NOTICE, "two words");
	log_text(&line, "raw", (struct span){ "a\0\r\n\x1b\xc3=\"\\z", 10 });
	log_text(&line, "absent", SPAN_NONE);
	log_string(&line, "missing", NULL);
	log_string(&line, "empty", "");
	log_string(&line, "plain", "[2001:db8::1]");
	log_number(&line, "number", UINT64_MAX);
	log_end(&line);
	CHECK(is(written(), expected));
}

/* Every length of a value: never longer than the limit, and always with its end. */
static void test_cut(enum log_format format)
{
	bool json = format == LOG_FORMAT_JSON;
	char value[2 * LOG_LINE_MAX];

	for (size_t len = 0; len < sizeof value; len++) {
		struct log_line line;
		struct span text;

		value[len] = '\0';
		memset(value, len % 3 == 0 ? '\n' : 'x', len);
		configure(format, LOG_INFO, len % 2 == 0);
		log_begin(&line, LOG_ERR, "cut");
		log_string(&line, "value", value);
		log_string(&line, "more", "two words");
		log_number(&line, "number", 12345678);
		log_end(&line);
		text = written();
		CHECK(text.len > 0 && text.len <= LOG_LINE_MAX);
		CHECK(span_find(text, '\n') == text.len - 1);
		if (len >= LOG_LINE_MAX)
			CHECK(ends_with(text, json      ? "...\"}\n"
					      : len % 3 ? "x...\n"
							: "\\x0a...\"\n"));
		else
			CHECK(ends_with(text, json ? "}\n" : "\n"));
	}
}

static void test_level(void)
{
	configure(LOG_FORMAT_TEXT, LOG_WARNING, true);
	log_note(LOG_NOTICE, "not written", "key", "value");
	log_note(LOG_WARNING, "written", "key", "value");
	CHECK(is(written(), "<4>program=smtp-session level=warning msg=written key=value\n"));
}

static void test_time(void)
{
	struct span text;

	configure(LOG_FORMAT_TEXT, LOG_INFO, false);
	log_fault(LOG_ERR, "cannot open", "file", "/x", ENOENT);
	text = written();
	CHECK(text.len > 29 && span_starts(text, SPAN("time=2")) && text.base[15] == 'T' &&
	      text.base[28] == 'Z');
	CHECK(ends_with(text, " program=smtp-session level=error msg=\"cannot open\" file=/x "
			      "error=\"No such file or directory\"\n"));
}

/* The line as a message, and each of its values without what logfmt needs around it. */
static void test_journal(void)
{
	const char *line =
		"msg=\"two words\" hook-ms=7 raw=\"a\\x0a=\\\"\\\\z\" empty=\"\" peer=::1";
	char bytes[JOURNAL_ENTRY_MAX], small_bytes[200];
	struct buffer entry = BUFFER(bytes), small = BUFFER(small_bytes);

	journal_compose(&entry, LOG_NOTICE, "smtp-session", span_of(line));
	CHECK(is(
		buffer_span(&entry),
		"PRIORITY=5\nSYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER=smtp-session\n"
		"MESSAGE=msg=\"two words\" hook-ms=7 raw=\"a\\x0a=\\\"\\\\z\" empty=\"\" peer=::1\n"
		"MAILSESSION_MSG=two words\nMAILSESSION_HOOK_MS=7\nMAILSESSION_RAW=a\\x0a=\"\\z\n"
		"MAILSESSION_EMPTY=\nMAILSESSION_PEER=::1\n"));
	/* What does not fit is left out, and what is smaller still goes in. */
	journal_compose(&small, LOG_ERR, "x",
			SPAN("long=\"0123456789 0123456789 0123456789 "
			     "0123456789 0123456789 0123456789\" a=b"));
	CHECK(!small.overflow && ends_with(buffer_span(&small), "9\" a=b\nMAILSESSION_A=b\n"));
}

/* A line for another program of ours: what that program knows is left to it. */
static void test_relayed(void)
{
	struct log_line line;

	configure(LOG_FORMAT_RELAYED, LOG_INFO, false);
	log_begin(&line, LOG_ERR, "cannot run the program");
	log_identity(&line, "abc.1");
	log_string(&line, "event", "list");
	log_end(&line);
	CHECK(is(written(), "cannot run the program event=list\n"));
}

/* Nobody reads, the disk is full, there is no descriptor: the call returns, errno stays. */
static void test_deaf(void)
{
	int full = open("/dev/full", O_WRONLY);

	CHECK(dup2(full, 2) == 2);
	errno = EXDEV;
	log_note(LOG_ERR, "full", NULL, NULL);
	CHECK(errno == EXDEV);
	close(2);
	log_note(LOG_ERR, "closed", NULL, NULL);
	CHECK(errno == EXDEV);
	CHECK(written().len == 0);
}

static void test_client(void)
{
	int pair[2];
	int saved = dup(0);

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CHECK(dup2(pair[0], 0) == 0 && dup2(pair[0], 2) == 2);
	CHECK(log_stderr_is_client());
	CHECK(dup2(pair[1], 2) == 2);
	CHECK(!log_stderr_is_client());
	dup2(saved, 0);
}

int main(void)
{
	/* What CHECK has to say goes where fd 2 was. */
	stderr = fdopen(dup(2), "w");
	if (stderr == NULL)
		return 1;
	setvbuf(stderr, NULL, _IOLBF, 0);
	if (pipe(pipes) != 0 || dup2(pipes[1], 2) != 2 || fcntl(pipes[0], F_SETFL, O_NONBLOCK) != 0)
		return 1;
	test_fields(LOG_FORMAT_TEXT,
		    "<5>program=smtp-session level=notice msg=\"two words\" "
		    "raw=\"a\\x00\\x0d\\x0a\\x1b\\xc3=\\\"\\\\z\" empty=\"\" plain=[2001:db8::1] "
		    "number=18446744073709551615\n");
	test_fields(LOG_FORMAT_JSON,
		    "<5>{\"program\":\"smtp-session\",\"level\":\"notice\",\"msg\":\"two words\","
		    "\"raw\":\"a\\u0000\\u000d\\u000a\\u001b\\u00c3=\\\"\\\\z\",\"empty\":\"\","
		    "\"plain\":\"[2001:db8::1]\",\"number\":18446744073709551615}\n");
	test_cut(LOG_FORMAT_TEXT);
	test_cut(LOG_FORMAT_JSON);
	test_level();
	test_time();
	test_journal();
	test_relayed();
	test_deaf();
	test_client();
	return check_report();
}
