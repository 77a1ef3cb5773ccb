/* SPDX-License-Identifier: ISC */
/* expiry.c - messages that the store keeps for EXPIRE days, and no longer. */
#include "expiry.h"

#include "deletion.h"
#include "name.h"

#include "base/number.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#define DAYS_MOST      99999
#define SECONDS_OF_DAY 86400

/* EXPIRE: days, or 0 for ever. False: it is neither a number from 1 on nor NEVER. */
static bool read_days(const struct request *request, uint64_t *days)
{
	struct span text = request_setting(request, "EXPIRE");

	*days = 0;
	if (text.len == 0 || span_equal_nocase(text, SPAN("NEVER")))
		return true;
	/* 0 would be the promise to keep what nobody has read yet for no time at all. */
	if (number_upto(text, DAYS_MOST, days) && *days > 0)
		return true;
	request_log_setting("EXPIRE", "is no number of days from 1 on", NULL);
	return false;
}

int expiry_run(struct request *request)
{
	char bytes[32];
	struct buffer out = BUFFER(bytes);
	uint64_t days;

	if (!read_days(request, &days))
		return request_refuse(request, EXIT_CONFIG, "", "EXPIRE is wrong");
	if (request_setting(request, "EXPIRE").len == 0)
		return EXIT_UNAVAILABLE;
	if (days == 0)
		buffer_string(&out, "NEVER");
	else
		buffer_number(&out, days);
	buffer_byte(&out, '\n');
	outcome_put(request->outcome, buffer_span(&out));
	return EXIT_DONE;
}

static bool is_old(struct maildir *maildir, enum folder folder, const char *name, int64_t limit)
{
	struct stat facts;

	return (int64_t)(name_time(span_of(name)) / 1000000) < limit &&
	       fstatat(maildir_folder(maildir, folder), name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(facts.st_mode) && facts.st_mtim.tv_sec < limit;
}

static void sweep(struct deletion *deletion, enum folder folder, int64_t limit)
{
	DIR *entries = message_folder(deletion->maildir, folder);
	struct message message = { .folder = folder };
	const struct dirent *entry;

	if (entries == NULL) {
		request_log("cannot look for old messages", folder_names[folder], errno);
		return;
	}
	while ((entry = readdir(entries)) != NULL) {
		if (!name_fits(span_of(entry->d_name)) ||
		    !is_old(deletion->maildir, folder, entry->d_name, limit))
			continue;
		memcpy(message.name, entry->d_name, strlen(entry->d_name) + 1);
		deletion_remove(deletion, &message);
	}
	closedir(entries);
}

int expiry_carry_out(struct request *request, struct maildir *maildir)
{
	struct deletion deletion;
	char bytes[24];
	struct buffer count = BUFFER(bytes);
	uint64_t days;

	if (!read_days(request, &days))
		return request_refuse(request, EXIT_CONFIG, "", "EXPIRE is wrong");
	if (days == 0)
		return EXIT_DONE;
	deletion_begin(&deletion, maildir);
	for (enum folder i = FOLDER_NEW; i <= FOLDER_CUR; i++)
		sweep(&deletion, i, (int64_t)time(NULL) - (int64_t)days * SECONDS_OF_DAY);
	deletion_end(&deletion);
	buffer_number(&count, deletion.messages);
	if (deletion.messages > 0)
		request_log("messages that were too old are gone", buffer_cstr(&count), 0);
	return EXIT_DONE;
}
