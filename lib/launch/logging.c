/* SPDX-License-Identifier: ISC */
/* logging.c - where a program's log lines go, and in which form. */
#include "launch/logging.h"

#include "base/descriptor.h"
#include "base/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool to_syslog;

static const enum log_format formats[] = {
	[OPTION_LOG_TEXT] = LOG_FORMAT_TEXT,
	[OPTION_LOG_JSON] = LOG_FORMAT_JSON,
	[OPTION_LOG_JOURNAL] = LOG_FORMAT_JOURNAL,
};

/* True when fd 2 is what systemd connected to its journal: JOURNAL_STREAM names its device and
 * inode. */
static bool stderr_is_journal(void)
{
	char text[48];
	struct buffer buffer = BUFFER(text);
	struct stat status;

	if (getenv("JOURNAL_STREAM") == NULL || fstat(2, &status) != 0)
		return false;
	buffer_number(&buffer, status.st_dev);
	buffer_byte(&buffer, ':');
	buffer_number(&buffer, status.st_ino);
	return span_equal(buffer_span(&buffer), span_of(getenv("JOURNAL_STREAM")));
}

void logging_configure(const struct options *options, enum protocol protocol)
{
	struct log_settings settings = {
		.format = formats[options->log_format],
		.level = options->log_level,
		.priorities = stderr_is_journal(),
		.syslog = to_syslog,
		.program = option_program(protocol),
	};

	log_configure(&settings);
}

void logging_part_from_client(void)
{
	int null;

	to_syslog = log_stderr_is_client();
	if (!to_syslog)
		return;
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null < 0)
		return;
	dup2(null, 2);
	fd_close(&null);
}
