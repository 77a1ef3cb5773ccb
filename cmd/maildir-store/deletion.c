/* SPDX-License-Identifier: ISC */
/* deletion.c - removing messages, of which the quota and the disk are told once for all. */
#include "deletion.h"

#include "name.h"
#include "quota.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void deletion_begin(struct deletion *deletion, struct maildir *maildir)
{
	*deletion = (struct deletion){ .maildir = maildir, .quota = quota_kept(maildir) };
}

static uint64_t file_size(const struct deletion *deletion, const struct message *message)
{
	uint64_t size;
	struct stat facts;

	if (name_field(span_of(message->name), 'S', &size))
		return size;
	if (fstatat(maildir_folder(deletion->maildir, message->folder), message->name, &facts,
		    AT_SYMLINK_NOFOLLOW) != 0)
		return 0;
	return (uint64_t)facts.st_size;
}

void deletion_remove(struct deletion *deletion, struct message *message)
{
	uint64_t size = deletion->quota ? file_size(deletion, message) : 0;

	if (message_remove(deletion->maildir, message)) {
		deletion->touched = true;
		deletion->octets += size;
		deletion->messages++;
	} else if (errno != ENOENT) {
		request_log("cannot remove", message->name, errno);
		deletion->failed = true;
	}
}

bool deletion_end(struct deletion *deletion)
{
	/* Before anyone is told that they are gone. */
	for (enum folder i = FOLDER_NEW; i <= FOLDER_CUR && deletion->touched; i++) {
		if (fsync(maildir_folder(deletion->maildir, i)) != 0) {
			request_log("cannot sync the folder", folder_names[i], errno);
			deletion->failed = true;
		}
	}
	if (deletion->quota && deletion->messages > 0)
		quota_change(deletion->maildir, -(int64_t)deletion->octets,
			     -(int64_t)deletion->messages);
	return !deletion->failed;
}
