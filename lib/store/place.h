/* SPDX-License-Identifier: ISC */
/*
 * place.h - directories and files that others than the administrator may shape.
 *
 * Every step below the administrator's part of a path is taken from the directory before
 * it, never follows a symbolic link and never waits.  A path that is changed meanwhile
 * thus leads nowhere else.
 */
#ifndef MAILSESSION_STORE_PLACE_H
#define MAILSESSION_STORE_PLACE_H

#include "base/span.h"

#include <sys/stat.h>

/* How a step is opened, beside O_RDONLY or O_PATH. */
#define PLACE_STEP (O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* What happens to a directory on the way that is not there. */
enum place_missing { PLACE_FAILS, PLACE_IS_MADE };

/* The administrator's part, which may lead over symbolic links, as a path; -1 with errno. */
int place_base(const char *path, enum place_missing missing);

/*
 * Goes down from `at`, which it closes, part by part. The directories on the way need
 * only be searchable; the last one is opened for reading. -1 with errno.
 */
int place_descend(int at, struct span rest, enum place_missing missing);

/*
 * Makes a directory, durably, for the owner of the one above where we may give it away;
 * *made says whether it was missing. Returns it as a path, or -1 with errno.
 */
int place_make(int above, const char *name, bool *made);

/* The user we run as. A store keeps to one: it is asked for once. */
uid_t place_owner(void);

/* Gives a new file or directory to the owner of the directory above, when we may. */
bool place_hand_over(int above, const char *name);

/* True when `fd` belongs to the user we run as; closes it otherwise, EPERM. */
bool place_is_ours(int *fd);

/*
 * Opens a regular file that belongs to us, without following a link or waiting for a FIFO; `access`
 * is O_RDONLY or O_RDWR; *facts are fstat(2)'s. -1 with errno, EPERM: it is something else.
 */
int place_open_file(int folder, const char *name, int access, struct stat *facts);

#endif
