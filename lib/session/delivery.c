/* SPDX-License-Identifier: ISC */
/*
 * delivery.c - the DELIVER event.
 *
 * SMTP: the deliver program runs once and its verdict is that of the message.  LMTP: it runs once
 * for each recipient, up to --parallel-deliveries at a time, in as many co-processes where one
 * delivers; answers keep the recipients' order, whatever order the programs end in (RFC 2033 4.2).
 */
#include "session/runner.h"

#include "backend/spawn.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "base/number.h"

#include <errno.h>

/* One run of the deliver program. */
struct delivery {
	struct job *job;   /* NULL: `verdict` was known without running anything */
	struct hook *hook; /* to release, or NULL */
	int message;
	int envelope;
	uint32_t recipient; /* in LMTP: its number, from 1 */
	struct verdict verdict;
};

static bool dsn_announced(const struct runner *runner)
{
	const struct option_list *announce = &runner->options->announce;

	for (unsigned i = 0; i < announce->count; i++) {
		if (span_equal_nocase(announce->items[i], SPAN("DSN")))
			return true;
	}
	return false;
}

/* RECIPIENT and what belongs to it are set when there is just one. */
static void set_single(struct runner *runner)
{
	struct envelope_place place = { 0, 0 };
	bool dropped = true;

	if (runner->envelope.count - runner->envelope.dropped != 1)
		return;
	while (dropped && envelope_next(&runner->envelope, &place, &runner->facts, &dropped))
		;
}

static void open_failed(struct runner *runner, struct delivery *delivery)
{
	log_fault(LOG_ERR, "cannot hand the message on", "session", runner->session, errno);
	delivery->verdict.exit = EXIT_TEMPFAIL;
}

/*
 * Starts a run for recipient number `only`, whose facts are set, or (0) for all.  In a co-process
 * it is that of `lane`.
 */
static void start(struct runner *runner, struct delivery *delivery, uint32_t only, unsigned lane)
{
	struct ask ask = { .event = EVENT_DELIVER, .lane = lane };
	bool parameters = dsn_announced(runner);

	*delivery = (struct delivery){ .message = -1, .envelope = -1, .recipient = only };
	delivery->verdict.exit = VERDICT_NONE;
	delivery->envelope =
		only != 0 ? envelope_file_of_one(&runner->facts, parameters, &ask.envelope_len)
			  : envelope_file(&runner->envelope, &runner->facts, parameters,
					  &ask.envelope_len);
	delivery->message = spool_reader(&runner->spool);
	ask.message_len = runner->spool.size;
	if (delivery->envelope < 0 || delivery->message < 0 ||
	    !spawn_raise_fd(&delivery->envelope) || !spawn_raise_fd(&delivery->message)) {
		open_failed(runner, delivery);
		return;
	}
	ask.envelope = delivery->envelope;
	ask.message = delivery->message;
	if (only == 0)
		set_single(runner);
	facts_set_number(&runner->facts, FACT_RECIPIENT_COUNT, runner->envelope.count);
	facts_set_number(&runner->facts, FACT_MESSAGE_SIZE, runner->spool.size);
	delivery->job = runner_ask(runner, &ask, &delivery->hook);
}

static void close_run(struct runner *runner, struct delivery *delivery)
{
	fd_close(&delivery->message);
	fd_close(&delivery->envelope);
	if (delivery->hook != NULL)
		runner_release(runner, delivery->hook);
	delivery->hook = NULL;
}

static void log_outcome(const struct runner *runner, const struct delivery *delivery)
{
	struct log_line line;

	log_begin(&line, LOG_INFO, "message");
	log_identity(&line, runner_identity(runner));
	log_text(&line, "sender", facts_get(&runner->facts, FACT_SENDER));
	if (delivery->recipient > 0)
		log_number(&line, "recipient", delivery->recipient);
	log_number(&line, "recipients", runner->envelope.count);
	log_number(&line, "size", runner->spool.size);
	if (delivery->verdict.exit == VERDICT_NONE)
		log_string(&line, "outcome", "nobody delivers");
	else
		log_number(&line, "exit", (uint64_t)delivery->verdict.exit);
	log_end(&line);
}

/* Waits for a run and passes its verdict on. */
static void finish(struct runner *runner, struct delivery *delivery)
{
	if (delivery->job != NULL) {
		runner_wait(runner, delivery->job);
		delivery->verdict = runner_verdict(runner, delivery->job);
	}
	delivery->verdict.id = facts_get(&runner->facts, FACT_TRANSACTION_ID);
	log_outcome(runner, delivery);
	runner_answer(runner, &delivery->verdict, -1);
	close_run(runner, delivery);
}

static void answer_all(struct runner *runner, const struct verdict *verdict, unsigned answers)
{
	for (unsigned i = 0; i < answers; i++)
		runner_answer(runner, verdict, -1);
}

static void deliver_once(struct runner *runner)
{
	struct delivery delivery;

	if (runner->dropped || runner->envelope.dropped == runner->envelope.count) {
		/* All were dropped on purpose: there is nothing to do, and nothing is wrong. */
		delivery = (struct delivery){ .message = -1, .envelope = -1 };
		delivery.verdict.exit = EXIT_DROPPED;
	} else {
		start(runner, &delivery, 0, 0);
	}
	finish(runner, &delivery);
}

/* Goes to the next recipient and sets its facts: whether it is to be delivered. */
static bool next_is_due(struct runner *runner, struct envelope_place *place)
{
	bool dropped = false;

	envelope_next(&runner->envelope, place, &runner->facts, &dropped);
	return !dropped && !runner->dropped && !runner->parser_gone;
}

/* How many deliveries may run at once. */
static unsigned find_width(struct runner *runner)
{
	unsigned width = runner->options->parallel_deliveries;
	uint32_t due = runner->envelope.count - runner->envelope.dropped;

	if (width > due)
		width = due;
	if ((runner->directory->programs & EVENT_BIT(EVENT_DELIVER)) == 0 && width > 1)
		width = runner_lanes(runner, width);
	return width == 0 ? 1 : width;
}

/*
 * A ring of runs: the oldest one is waited for and answered, and a new one takes its place.
 * What has not begun when the client is gone is not begun any more (LMTP-024).
 */
static void deliver_each(struct runner *runner)
{
	struct delivery ring[RUNNER_DELIVERIES_MAX];
	unsigned width = find_width(runner);
	struct envelope_place place = { 0, 0 };
	uint32_t begun = 0, answered = 0, count = runner->envelope.count;

	while (answered < count) {
		while (begun < count && begun - answered < width) {
			unsigned lane = begun++ % width;

			if (next_is_due(runner, &place)) {
				start(runner, &ring[lane], begun, lane);
			} else {
				ring[lane] = (struct delivery){ .message = -1, .envelope = -1 };
				ring[lane].verdict.exit = EXIT_DROPPED;
			}
		}
		finish(runner, &ring[answered++ % width]);
	}
}

void runner_deliver(struct runner *runner, const struct event_call *call)
{
	struct verdict verdict = { .exit = EXIT_TEMPFAIL };
	unsigned answers = runner->protocol == PROTOCOL_LMTP ? runner->envelope.count : 1;
	bool handled = runner_handles(runner, EVENT_DELIVER), kept;
	uint64_t octets;

	if (runner->mail != RUNNER_IN_DATA || call->answers != answers ||
	    !number_upto(event_fact(call, FACT_OCTETS), UINT64_MAX - 1, &octets)) {
		runner_violation(runner, "DELIVER out of order");
		return;
	}
	kept = runner_message(runner, octets, &verdict);
	if (kept && !handled)
		verdict.exit = VERDICT_NONE;
	if (runner->over)
		return;
	if (!kept || !handled) {
		verdict.id = facts_get(&runner->facts, FACT_TRANSACTION_ID);
		answer_all(runner, &verdict, answers);
	} else if (runner->protocol == PROTOCOL_LMTP) {
		deliver_each(runner);
	} else {
		deliver_once(runner);
	}
	runner_reset(runner);
}
