/* SPDX-License-Identifier: ISC */
/*
 * maildir.h - a Maildir and its folders, as descriptors.
 *
 * Every step below the administrator's part of the path is taken from the directory
 * before it, never follows a symbolic link and never waits; what it arrives at must be
 * a directory that belongs to the user we run as.  A path that is changed meanwhile
 * thus leads nowhere else.
 */
#ifndef MAILDIR_STORE_MAILDIR_H
#define MAILDIR_STORE_MAILDIR_H

#include "store/store.h"

#include <sys/stat.h>

enum folder { FOLDER_NEW, FOLDER_CUR, FOLDER_TMP, FOLDER_COUNT };

extern const char *const folder_names[FOLDER_COUNT];

struct maildir {
	int dir; /* -1: not open */
	int folders[FOLDER_COUNT];
};

void maildir_init(struct maildir *maildir);

/* The descriptor of a folder, opened when first asked for; -1 with errno. */
int maildir_folder(struct maildir *maildir, enum folder folder);

void maildir_close(struct maildir *maildir);

/* Makes the Maildir and what lacks of it; run by root, new directories belong to the owner of the
 * directory above. */
enum create_result maildir_create(const struct mailbox_path *path, const char **where);

/* Opens the mailbox of `user`: EXIT_DONE, EXIT_NOUSER, or what request_trouble returns. */
int maildir_of(struct request *request, struct span user, struct maildir *maildir);

/* The maildrop of USER, which stays open in a co-process; *own is where it lies otherwise. */
int maildir_of_user(struct request *request, struct maildir *own, struct maildir **drop);

#endif
