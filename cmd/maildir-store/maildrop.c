/* SPDX-License-Identifier: ISC */
/* maildrop.c - the events on messages of a listed maildrop. */
#include "maildrop.h"

#include "deletion.h"

#include "base/descriptor.h"

#include <errno.h>

/* Opens the maildrop and reads MESSAGE. */
static int find_message(struct request *request, struct maildir *own, struct maildir **maildir,
			struct message *message)
{
	int exit = maildir_of_user(request, own, maildir);

	if (exit == EXIT_DONE && !message_by_id(request_fact(request, FACT_MESSAGE), message))
		exit = request_refuse(request, EXIT_UNAVAILABLE, "", "No such message");
	return exit;
}

/* Says why a message cannot be had; one that was removed by another program will not come back. */
static int message_trouble(struct request *request, const struct message *message)
{
	if (errno == ENOENT)
		return request_refuse(request, EXIT_UNAVAILABLE, "", "The message is gone");
	return request_trouble(request, "cannot open the message", message->name);
}

int maildrop_size(struct request *request)
{
	struct maildir own, *maildir;
	struct message message;
	char digits[24];
	struct buffer out = BUFFER(digits);
	uint64_t size;
	int exit = find_message(request, &own, &maildir, &message);

	if (exit == EXIT_DONE && !message_size(maildir, &message, &size)) {
		exit = message_trouble(request, &message);
	} else if (exit == EXIT_DONE) {
		buffer_number(&out, size);
		buffer_byte(&out, '\n');
		outcome_put(request->outcome, buffer_span(&out));
	}
	maildir_close(&own);
	return exit;
}

int maildrop_retrieve(struct request *request)
{
	static char block[65536];
	struct maildir own, *maildir;
	struct message message;
	struct stat facts;
	ssize_t got = 0;
	int exit = find_message(request, &own, &maildir, &message);
	int fd = -1;

	if (exit == EXIT_DONE) {
		fd = message_open(maildir, &message, &facts);
		if (fd < 0)
			exit = message_trouble(request, &message);
	}
	maildir_close(&own);
	if (exit != EXIT_DONE)
		return exit;
	if (request->can_fds) {
		request->output = fd;
		return EXIT_DONE;
	}
	while ((got = fd_read(fd, block, sizeof(block))) > 0)
		outcome_put(request->outcome, (struct span){ block, (size_t)got });
	if (got < 0)
		exit = request_trouble(request, "cannot read the message", message.name);
	fd_close(&fd);
	return exit;
}

/* Removes message by message as the lines come in. */
static void remove_message(void *context, struct span id)
{
	struct deletion *deletion = context;
	struct message message;

	if (message_by_id(id, &message)) {
		deletion_remove(deletion, &message);
		return;
	}
	request_log("no message has this ID", NULL, 0);
	deletion->failed = true;
}

int maildrop_delete(struct request *request)
{
	struct maildir own, *maildir;
	struct deletion deletion;
	bool whole;
	int exit = maildir_of_user(request, &own, &maildir);

	if (exit != EXIT_DONE)
		return exit;
	deletion_begin(&deletion, maildir);
	whole = request_lines(request, remove_message, &deletion);
	if (!whole)
		request_log("cannot read which messages to remove", NULL, errno);
	whole = deletion_end(&deletion) && whole;
	maildir_close(&own);
	if (!whole)
		return request_refuse(request, EXIT_TEMPFAIL, "", "Some messages were not removed");
	return EXIT_DONE;
}
