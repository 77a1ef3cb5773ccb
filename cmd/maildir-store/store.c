/* SPDX-License-Identifier: ISC */
/* store.c - the events that the store answers, and asking for one of them by starting a program. */
#include "store.h"

#include "delivery.h"
#include "listing.h"
#include "maildrop.h"
#include "quota.h"

#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* The envelope of deliver. */
#define ENVELOPE_FD 3

/* Is there such a mailbox, and is it not full already (LMTP-019)? */
static int rcpt_run(struct request *request)
{
	struct maildir maildir;
	int exit = request_maildir(request, request_fact(request, FACT_RECIPIENT), &maildir);

	if (exit == EXIT_DONE)
		exit = quota_room(request, &maildir, 1);
	maildir_close(&maildir);
	return exit;
}

static const struct {
	enum event event;
	int (*run)(struct request *request);
} events[] = {
	{ EVENT_RCPT, rcpt_run },          { EVENT_DELIVER, delivery_run },
	{ EVENT_LIST, listing_run },       { EVENT_SIZE, maildrop_size },
	{ EVENT_DELETE, maildrop_delete },
};

bool store_knows(enum event event)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		if (events[i].event == event)
			return true;
	}
	return event == EVENT_RETRIEVE;
}

bool store_answer(struct request *request, bool can_fds, int *exit)
{
	int fd = -1;
	bool heard;

	if (request->event == EVENT_RETRIEVE) {
		*exit = maildrop_retrieve(request, can_fds, &fd);
	} else {
		for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
			if (events[i].event == request->event)
				*exit = events[i].run(request);
		}
	}
	/* What was not read would be taken for the next call. */
	if (!request_drain(request))
		return false;
	if (fd < 0)
		return request_end(request, *exit);
	heard = answer_end_fd(request->answer, fd);
	fd_close(&fd);
	return heard;
}

/* Reads all of the envelope: its octets, or -1 with errno. */
static ssize_t read_envelope(char *bytes, size_t cap)
{
	size_t len = 0;
	ssize_t got;

	while ((got = fd_read(ENVELOPE_FD, bytes + len, cap - len)) > 0)
		len += (size_t)got;
	if (got == 0 && len == cap)
		errno = E2BIG;
	return got < 0 || len == cap ? -1 : (ssize_t)len;
}

int store_exec(enum event event)
{
	static char envelope[ENVELOPE_MAX];
	static struct answer answer;
	struct request request = {
		.event = event,
		.input = { .fd = STDIN_FILENO, .at = -1 },
		.answer = &answer,
	};
	int exit = EXIT_TEMPFAIL;

	if (event == EVENT_DELIVER && fcntl(ENVELOPE_FD, F_GETFD) >= 0) {
		ssize_t len = read_envelope(envelope, sizeof(envelope));

		if (len < 0) {
			exit = request_trouble(&request, "cannot read the envelope", NULL);
			request_end(&request, exit);
			return exit;
		}
		request.envelope = (struct span){ envelope, (size_t)len };
	}
	store_answer(&request, false, &exit);
	return exit;
}
