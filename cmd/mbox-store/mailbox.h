/* SPDX-License-Identifier: ISC */
/*
 * mailbox.h - one mbox: its directory, its name, and the file while it is locked.
 *
 * The file must be a regular one of the user we run as, with one link.  Where MBOX names it
 * after no value (such as /home/%n/mbox), the directory is the user's own: it says that there is a
 * mailbox, and the first delivery makes the file.  Elsewhere the file says so itself.
 */
#ifndef MBOX_STORE_MAILBOX_H
#define MBOX_STORE_MAILBOX_H

#include "lock.h"

#include "store/store.h"

#include <signal.h>
#include <sys/stat.h>

struct mailbox {
	int dir;          /* -1: not found */
	bool own_dir;     /* a file that is missing is an empty mailbox */
	int file;         /* -1: not open */
	int session;      /* the lock of a POP3 session, or -1 */
	uint64_t size;    /* of the file, when it was locked */
	sigset_t signals; /* as they were before */
	char name[NAME_MAX + 1];
};

void mailbox_init(struct mailbox *mailbox);

/* Finds the mailbox of `user`: EXIT_DONE, EXIT_NOUSER, or what request_trouble returns. */
int mailbox_find(struct request *request, struct span user, struct mailbox *mailbox);

/* The maildrop of USER, which is kept in a co-process; *own is where it lies otherwise. */
int mailbox_of_user(struct request *request, struct mailbox *own, struct mailbox **drop);

/* Opens the file for reading. -1 with errno; ENOENT: there is none. */
int mailbox_open(const struct mailbox *mailbox);

enum mailbox_missing { MAILBOX_IS_EMPTY, MAILBOX_IS_MADE };

/*
 * Opens and locks the file, waits up to `seconds` for it, and puts right what a killed rewrite
 * left. Signals that end the process wait until mailbox_unlock. EXIT_DONE, else refuses; without a
 * file that is to be made mailbox->file is -1.
 */
int mailbox_lock(struct request *request, struct mailbox *mailbox, unsigned seconds,
		 enum mailbox_missing missing);

void mailbox_unlock(struct mailbox *mailbox);

void mailbox_close(struct mailbox *mailbox);

/* Makes the file and the directories above it. */
enum create_result mailbox_create(const struct mailbox_path *path, const char **where);

/* Writes the name of a file beside the mailbox. */
void mailbox_beside(char *path, const char *name, const char *suffix);

#endif
