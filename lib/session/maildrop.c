/* SPDX-License-Identifier: ISC */
/* maildrop.c - the runner's side of POP3 behind the login: listing, deletion, logout. */
#include "session/runner.h"

#include "backend/spawn.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "base/number.h"
#include "session/helper.h"
#include "session/login_delay.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* The parser goes back to the listing, so it has to be a file: what comes as a stream is copied. */
static int make_seekable(struct runner *runner, int content)
{
	int64_t deadline = clock_deadline(clock_now(), runner->options->hook_timeout);
	static char block[16384]; /* few stores need it */
	ssize_t got = 1;
	int file = -1;

	if (content >= 0 && lseek(content, 0, SEEK_SET) == 0)
		return content;
	spool_open(&runner->spool);
	while (content >= 0 && got > 0) {
		struct pollfd ready = { content, POLLIN, 0 };

		if (poll(&ready, 1, clock_poll_timeout(clock_now(), deadline)) <= 0)
			got = -1;
		else
			got = fd_read(content, block, sizeof(block));
		if (got > 0)
			spool_write(&runner->spool, (struct span){ block, (size_t)got });
	}
	fd_close(&content);
	if (got >= 0 && runner->spool.error == 0)
		file = spool_reader(&runner->spool);
	spool_close(&runner->spool);
	return file;
}

/* Seconds between two logins of this user: what the program prints, else --login-delay. */
static uint32_t wanted_delay(struct runner *runner)
{
	const struct ask ask = { .event = EVENT_LOGIN_DELAY, .message = -1, .envelope = -1 };
	uint64_t seconds = runner->options->login_delay;
	int content;

	if (runner_handles(runner, EVENT_LOGIN_DELAY)) {
		struct verdict verdict = runner_decide(runner, &ask, &content);
		struct span text = verdict.text;

		fd_close(&content);
		if (verdict.exit == EXIT_DONE)
			number_upto(span_trim(span_take(&text, '\n')), UINT32_MAX, &seconds);
	}
	return (uint32_t)seconds;
}

/* True, with the refusal in *verdict, when the last login was too short a time ago (RFC 2449 6.5).
 */
static bool too_early(struct runner *runner, struct login_delay *delay, struct buffer *text,
		      struct verdict *verdict)
{
	uint32_t left = login_delay_left(delay);

	if (left == 0)
		return false;
	buffer_string(text, "[LOGIN-DELAY] come back in ");
	buffer_number(text, left);
	buffer_string(text, left == 1 ? " second\n" : " seconds\n");
	verdict->exit = EXIT_TEMPFAIL;
	verdict->text = buffer_span(text);
	log_note(LOG_NOTICE, "login too early", "session", runner->session);
	return true;
}

void runner_list(struct runner *runner)
{
	struct login_delay delay;
	struct verdict verdict = { .exit = VERDICT_NONE };
	char bytes[80];
	struct buffer text = BUFFER(bytes);
	int content = -1;

	login_delay_open(&delay, runner->options, runner->directory->path, &runner->facts,
			 wanted_delay(runner));
	if (!too_early(runner, &delay, &text, &verdict))
		verdict = runner_decide(
			runner, &(struct ask){ .event = EVENT_LIST, .message = -1, .envelope = -1 },
			&content);
	if (verdict.exit == EXIT_DONE) {
		content = make_seekable(runner, content);
		if (content < 0)
			verdict.exit = EXIT_TEMPFAIL;
		else
			runner->login = RUNNER_LISTED;
	}
	if (runner->login == RUNNER_LISTED)
		login_delay_begin(&delay);
	login_delay_close(&delay);
	runner_answer(runner, &verdict, content);
}

void runner_delete(struct runner *runner, const struct event_call *call)
{
	struct verdict verdict = { .exit = EXIT_TEMPFAIL };
	struct ask ask = { .event = EVENT_DELETE, .message = -1, .envelope = -1 };
	uint64_t octets;
	int content;

	if (runner->login != RUNNER_LISTED ||
	    !number_upto(event_fact(call, FACT_OCTETS), UINT64_MAX - 1, &octets)) {
		runner_violation(runner, "DELETE out of order");
		return;
	}
	if (runner_message(runner, octets, &verdict)) {
		ask.envelope = spool_reader(&runner->spool);
		ask.envelope_len = runner->spool.size;
		if (ask.envelope >= 0 && spawn_raise_fd(&ask.envelope))
			verdict = runner_decide(runner, &ask, &content);
	}
	fd_close(&ask.envelope);
	spool_close(&runner->spool);
	runner->received = 0;
	if (!runner->over)
		runner_answer(runner, &verdict, -1);
}

void runner_logout(struct runner *runner)
{
	if (runner->login != RUNNER_LOGGED_IN && runner->login != RUNNER_LISTED)
		return;
	if (runner->login == RUNNER_LISTED && runner->serve_all)
		runner_inform(runner, EVENT_LOGOUT);
	/* The end of its input ends the store, and with it the lock. */
	runner_end_serve(runner);
	if (runner->login == RUNNER_LISTED && !runner->serve_all)
		runner_inform(runner, EVENT_LOGOUT);
	runner->login = RUNNER_NO_LOGIN;
	runner->serve_all = false;
}
