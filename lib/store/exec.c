/* SPDX-License-Identifier: ISC */
/* exec.c - answering one event, and being started for one. */
#include "store/store.h"

#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* The envelope of deliver. */
#define ENVELOPE_FD 3

const struct store_event *store_event(const struct store *store, enum event event)
{
	for (unsigned i = 0; i < store->count; i++) {
		if (store->events[i].event == event)
			return &store->events[i];
	}
	return NULL;
}

void store_put_events(const struct store *store, enum store_names which, struct buffer *out)
{
	for (unsigned i = 0; i < store->count; i++) {
		const struct event_info *info = &event_table[store->events[i].event];

		if (which == STORE_SERVED && !info->servable)
			continue;
		if (i > 0)
			buffer_byte(out, ' ');
		buffer_string(out, info->file);
	}
}

bool store_answer(const struct store_event *event, struct request *request, int *exit)
{
	request->output = -1;
	*exit = event->run(request);
	/* What was not read would be taken for the next call. */
	if (!request_drain(request))
		return false;
	if (request->output < 0)
		return request_end(request, *exit);
	return outcome_end_fd(request->outcome, request->output);
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

int store_exec(const struct store *store, const struct store_event *event)
{
	static char envelope[ENVELOPE_MAX];
	static struct outcome outcome;
	struct request request = {
		.event = event->event,
		.pattern = store->pattern,
		.input = { .fd = STDIN_FILENO, .at = -1 },
		.outcome = &outcome,
	};
	int exit = EXIT_TEMPFAIL;

	if (event->event == EVENT_DELIVER && fcntl(ENVELOPE_FD, F_GETFD) >= 0) {
		ssize_t len = read_envelope(envelope, sizeof(envelope));

		if (len < 0) {
			exit = request_trouble(&request, "cannot read the envelope", NULL);
			request_end(&request, exit);
			return exit;
		}
		request.envelope = (struct span){ envelope, (size_t)len };
	}
	store_answer(event, &request, &exit);
	return exit;
}
