/* SPDX-License-Identifier: ISC */
/*
 * serve.c - the co-process contract: hello, then one call after the other, until the end.
 *
 * The maildrop that a POP3 session lists stays open and locked until this process ends.
 */
#include "store/store.h"

#include "base/descriptor.h"

#include <errno.h>
#include <unistd.h>

/* The most that a body may announce. */
#define BODY_MAX ((uint64_t)1 << 40)

struct server {
	const struct store *store;
	struct channel channel;
	struct record record;
	struct outcome outcome;
	bool can_fds; /* whoever asks takes descriptors */
	char storage[65536];
	char envelope[ENVELOPE_MAX];
};

static bool hello(const struct server *server)
{
	char bytes[256], names[128];
	struct buffer record = BUFFER(bytes), events = BUFFER(names);

	store_put_events(server->store, STORE_SERVED, &events);
	record_put(&record, "hello", SPAN("1"));
	record_put(&record, "events", buffer_span(&events));
	record_put(&record, "can", SPAN("fds ahead"));
	record_finish(&record);
	return channel_send(&server->channel, buffer_span(&record), -1);
}

/* True when the blank-separated list names `word`. */
static bool lists(struct span list, struct span word)
{
	while (list.base != NULL) {
		if (span_equal(span_take(&list, ' '), word))
			return true;
	}
	return false;
}

/* Takes in what comes with the record. False: it cannot be made sense of, or the stream broke. */
static bool take_bodies(struct server *server, struct request *request)
{
	uint64_t envelope, length, passed, number;
	size_t got = 0;

	if (!record_number(&server->record, "envelope", sizeof(server->envelope), 0, &envelope) ||
	    !record_number(&server->record, "length", BODY_MAX, 0, &length) ||
	    !record_number(&server->record, "fd", 1, 0, &passed) ||
	    !record_number(&server->record, "number", UINT32_MAX, 0, &number)) {
		errno = EPROTO;
		return false;
	}
	server->outcome.number = (uint32_t)number;
	while (got < envelope) {
		ssize_t some = channel_read(&server->channel, server->envelope + got,
					    (size_t)envelope - got);

		if (some <= 0)
			return false;
		got += (size_t)some;
	}
	request->envelope = (struct span){ server->envelope, got };
	request->input = (struct input){ .fd = -1, .channel = &server->channel, .left = length };
	if (passed == 0)
		return true;
	errno = EPROTO;
	request->input = (struct input){ .fd = channel_take_fd(&server->channel), .at = 0 };
	return request->input.fd >= 0 && length == 0;
}

/* One call. False: the stream is of no more use. */
static bool answer_call(struct server *server)
{
	struct span name = record_get(&server->record, "call");
	const struct store_event *event = store_event(server->store, event_by_name(name));
	struct request request = {
		.event = event != NULL ? event->event : EVENT_COUNT,
		.pattern = server->store->pattern,
		.record = &server->record,
		.outcome = &server->outcome,
		.drop = server->store->drop,
	};
	int exit = EXIT_TEMPFAIL;
	bool good;

	if (lists(record_get(&server->record, "can"), SPAN("fds")))
		server->can_fds = true;
	if (!take_bodies(server, &request)) {
		request_log("a malformed call", NULL, errno);
		return false;
	}
	request.can_fds = server->can_fds;
	outcome_begin(&server->outcome);
	if (event != NULL) {
		good = store_answer(event, &request, &exit);
	} else {
		request_log("asked for an event that the store does not know", NULL, 0);
		good = request_drain(&request) && outcome_end(&server->outcome, exit);
	}
	fd_close(&request.input.fd);
	return good;
}

/* Calls whose answers may wait for one another: they are quickly done, and change nothing. */
static bool may_wait(const struct server *server)
{
	enum event event = event_by_name(record_get(&server->record, "call"));

	return event == EVENT_RCPT || event == EVENT_RETRIEVE;
}

/*
 * The next call.  Where none is there, or one that takes its time, what has been answered so far is
 * read by whoever asked; and what another one did is told at once.
 */
static enum record_result next_call(struct server *server, bool waits)
{
	enum record_result result = channel_next(&server->channel, &server->record);

	if (waits && result == RECORD_OK && may_wait(server))
		return result;
	if (!outcome_send(&server->outcome))
		return RECORD_END;
	return result == RECORD_MORE ? channel_wait(&server->channel, &server->record) : result;
}

int store_serve(const struct store *store)
{
	static struct server server;
	bool waits = false;

	server.store = store;
	channel_init(&server.channel, STDIN_FILENO, server.storage, sizeof(server.storage));
	server.outcome.channel = &server.channel;
	if (!hello(&server))
		return EXIT_TEMPFAIL;
	for (;;) {
		switch (next_call(&server, waits)) {
		case RECORD_OK:
			waits = may_wait(&server);
			if (!answer_call(&server))
				return EXIT_TEMPFAIL;
			break;
		case RECORD_END:
			return EXIT_DONE;
		case RECORD_BAD:
		case RECORD_MORE:
			request_log("a malformed record", NULL, 0);
			return EXIT_TEMPFAIL;
		case RECORD_ERROR:
			request_log("the other end is gone", NULL, errno);
			return EXIT_TEMPFAIL;
		}
	}
}
