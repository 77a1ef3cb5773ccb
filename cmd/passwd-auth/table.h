/* SPDX-License-Identifier: ISC */
/*
 * table.h - the password file: reading it line by line, and replacing it as a whole.
 *
 * Only a regular file that nobody but its owner may write is believed.  A new version is
 * written beside the old one, synced and moved over it, so that a login sees the old one or
 * the new one and a crash leaves one of them.
 */
#ifndef PASSWD_AUTH_TABLE_H
#define PASSWD_AUTH_TABLE_H

#include "entry.h"

#include "base/buffer.h"

#include <limits.h>

struct table {
	int fd;
	size_t at;
	size_t len;
	bool ended;
	char bytes[4 * ENTRY_MAX];
};

enum table_result {
	TABLE_LINE,
	TABLE_END,
	TABLE_TROUBLE, /* said on standard error */
};

/* Opens PASSWD_FILE. False: said on standard error. */
bool table_open(struct table *table);

/* The next line; it points into the table. */
enum table_result table_next(struct table *table, struct span *line);

/* Wipes what was read. */
void table_close(struct table *table);

/* A new version in the making; whoever else makes one waits. */
struct table_change {
	int dir; /* locked */
	int fd;
	const char *name;    /* of the file in dir */
	char path[PATH_MAX]; /* without links */
	char dir_path[PATH_MAX];
	char new_name[NAME_MAX + 1];
};

/* False: said on standard error. An old version is then opened as `old`, or old->fd is -1. */
bool table_change_begin(struct table_change *change, struct table *old);
bool table_change_put(struct table_change *change, struct span line);

/* Makes the new version the valid one, durably; with `good` false throws it away. False: said on
 * standard error. */
bool table_change_end(struct table_change *change, bool good);

/* A line on standard error: what, name, and the text of an errno unless that is 0. */
void say(const char *what, const char *name, int error);

#endif
