/* SPDX-License-Identifier: ISC */
/*
 * store.h - a program that stores mail: a table of the events that it answers.
 *
 * Such a program is asked for one event by an argument or by the name of a link, for all of
 * them by the co-process contract, and for new mailboxes by a person.  What it does with an
 * event is the same in all of these.
 */
#ifndef MAILSESSION_STORE_STORE_H
#define MAILSESSION_STORE_STORE_H

#include "store/request.h"

struct store_event {
	enum event event;
	int (*run)(struct request *request); /* returns the exit code */
};

enum create_result {
	CREATE_MADE,
	CREATE_EXISTED,
	CREATE_FAILED, /* errno; *where names what could not be made */
};

struct store {
	const char *name;    /* of the program */
	const char *pattern; /* the setting that holds the path pattern */
	const struct store_event *events;
	unsigned count;
	void *drop; /* what a co-process keeps from call to call */
	enum create_result (*create)(const struct mailbox_path *path, const char **where);
};

/* All of main. Returns the exit code. */
int store_main(const struct store *store, int argc, char **argv);

/* NULL: the store does not answer it. */
const struct store_event *store_event(const struct store *store, enum event event);

enum store_names {
	STORE_ALL,
	STORE_SERVED, /* those of the co-process contract */
};

/* The names of its events, blanks between them. */
void store_put_events(const struct store *store, enum store_names which, struct buffer *out);

/* Answers one event. False: nobody reads the answer. */
bool store_answer(const struct store_event *event, struct request *request, int *exit);

/* The exec contract: one event, told by environment and descriptors. Returns the exit code. */
int store_exec(const struct store *store, const struct store_event *event);

/* The co-process contract on fd 0, until its end. Returns the exit code. */
int store_serve(const struct store *store);

#endif
