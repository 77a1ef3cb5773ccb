/* SPDX-License-Identifier: ISC */
/*
 * message.h - one message of a maildrop, found again by the ID of its listing.
 *
 * The ID is the folder and the file name at the time of the listing.  Programs beside us
 * rename files (new/ to cur/, other flags); then the unique part finds them.
 */
#ifndef MAILDIR_STORE_MESSAGE_H
#define MAILDIR_STORE_MESSAGE_H

#include "maildir.h"

#include "base/buffer.h"

#include <dirent.h>
#include <stdint.h>

struct message {
	enum folder folder; /* FOLDER_NEW or FOLDER_CUR */
	char name[NAME_MAX + 1];
};

/* The folder for reading its entries from the start, by a descriptor of its own; -1 with errno. */
int message_folder_fd(struct maildir *maildir, enum folder folder);

/* The same for readdir(3); NULL with errno. closedir(3) it. */
DIR *message_folder(struct maildir *maildir, enum folder folder);

void message_put_id(struct buffer *out, enum folder folder, struct span name);

/* False: this was never an ID. */
bool message_by_id(struct span id, struct message *message);

/* As place_open_file; ENOENT: the message is gone. */
int message_open(struct maildir *maildir, struct message *message, struct stat *facts);

/* Removes the file; not yet durably. False with errno; ENOENT: the message is gone already. */
bool message_remove(struct maildir *maildir, struct message *message);

/* The size on the wire (POP-023) by reading the file; *facts are of before. False with errno. */
bool message_measure(struct maildir *maildir, struct message *message, uint64_t *size,
		     struct stat *facts);

/* The size on the wire: as the name tells, else by reading the file. False with errno. */
bool message_size(struct maildir *maildir, struct message *message, uint64_t *size);

#endif
