/* SPDX-License-Identifier: ISC */
/* message.c - the runner's side of a mail transaction: envelope, message, delivery. */
#include "session/runner.h"

#include "backend/spawn.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "base/number.h"
#include "mail/address.h"
#include "mail/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

/* Octets taken out of a pipe at a time: what it holds. */
#define RECEIVE_MAX 65536
/* How often what a filter has left in its pipe is read: that pipe has no more than this. */
#define FILTER_ROUNDS 32

static struct ask plain(enum event event)
{
	return (struct ask){ .event = event, .message = -1, .envelope = -1 };
}

void runner_starve_filter(struct runner *runner)
{
	fd_close(&runner->filter_in);
	runner->filter_full = false;
}

/* The filter's end: killed unless it is done, its descriptors closed. */
static void drop_filter(struct runner *runner)
{
	runner_starve_filter(runner);
	fd_close(&runner->filter_out);
	if (runner->filter != NULL)
		runner_release(runner, runner->filter);
	runner->filter = NULL;
}

static void end_transaction(struct runner *runner)
{
	drop_filter(runner);
	spool_close(&runner->spool);
	envelope_clear(&runner->envelope);
	facts_forget(&runner->facts, SCOPE_TRANSACTION);
	facts_forget(&runner->facts, SCOPE_RECIPIENT);
	runner->headers.len = runner->session_headers;
	runner->mail = RUNNER_NO_MAIL;
	runner->dropped = false;
	runner->received = 0;
}

void runner_reset(struct runner *runner)
{
	end_transaction(runner);
	facts_forget(&runner->facts, SCOPE_FORWARDED);
}

/* A fresh TRANSACTION_ID: the session's, a dot, and a count. */
static void name_transaction(struct runner *runner)
{
	char bytes[64];
	struct buffer id = BUFFER(bytes);

	buffer_string(&id, runner->session);
	buffer_byte(&id, '.');
	buffer_number(&id, ++runner->transactions);
	facts_set(&runner->facts, FACT_TRANSACTION_ID, buffer_span(&id));
}

/* The engine has refused those who may not (RFC 6409 4.3, RFC 3207 4). */
static bool may_send(const struct runner *runner)
{
	const struct options *options = runner->options;

	return (!options->submission || facts_get(&runner->facts, FACT_AUTH_USER).base != NULL) &&
	       (!options->tls_require || runner_in_tls(runner));
}

void runner_mail_from(struct runner *runner, bool asked)
{
	struct facts *facts = &runner->facts;
	struct verdict verdict;
	int content;

	if (runner->mail != RUNNER_NO_MAIL || !may_send(runner)) {
		runner_violation(runner, "MAIL inside a transaction, or before login or TLS");
		return;
	}
	runner->mail = RUNNER_HAS_MAIL;
	name_transaction(runner);
	facts_set(facts, FACT_ORIGINAL_SENDER, facts_get(facts, FACT_SENDER));
	facts_set_safe(facts, FACT_SENDER_SAFE, facts_get(facts, FACT_SENDER));
	if (!asked)
		return;
	verdict = runner_decide(runner,
				&(struct ask){ .event = EVENT_MAIL, .message = -1, .envelope = -1 },
				&content);
	runner_answer(runner, &verdict, -1);
	/* None has begun: what XFORWARD told is for the next. */
	if (!exit_accepts(verdict.exit) && verdict.exit != VERDICT_NONE)
		end_transaction(runner);
}

/*
 * The default for a recipient about whom nobody has an opinion: never an open relay, but for who
 * has logged in.  The
 * engine decides by the same rule; a parser that says otherwise is not believed.
 */
static bool accepts_by_default(const struct runner *runner, struct span recipient)
{
	const struct option_list *domains = &runner->options->accept_domain;
	size_t at = recipient.len;

	if (facts_get(&runner->facts, FACT_AUTH_USER).base != NULL)
		return true;
	while (at > 0 && recipient.base[at - 1] != '@')
		at--;
	if (at == 0)
		return domains->count > 0 && span_equal_nocase(recipient, SPAN("postmaster"));
	return domain_listed(span_from(recipient, at), domains->items, domains->count);
}

static bool keep_recipient(struct runner *runner, bool dropped)
{
	return envelope_add(&runner->envelope, &runner->facts, dropped);
}

void runner_recipient_facts(struct runner *runner, uint32_t before)
{
	struct facts *facts = &runner->facts;
	struct span recipient = facts_get(facts, FACT_RECIPIENT);

	facts_set(facts, FACT_ORIGINAL_RECIPIENT, recipient);
	facts_set_safe(facts, FACT_RECIPIENT_SAFE, recipient);
	facts_set_number(facts, FACT_RECIPIENT_COUNT, before);
}

void runner_rcpt_to(struct runner *runner, bool asked)
{
	struct facts *facts = &runner->facts;
	struct ask ask = plain(EVENT_RCPT);
	struct verdict verdict;
	struct span recipient = facts_get(facts, FACT_RECIPIENT);
	bool welcome = accepts_by_default(runner, recipient);
	int content;

	if (runner->mail != RUNNER_HAS_MAIL || recipient.base == NULL) {
		runner_violation(runner, "RCPT outside a transaction");
		return;
	}
	runner_recipient_facts(runner, runner->envelope.count);
	if (!asked) {
		/* A refused recipient is told like an accepted one; only the latter is kept. */
		if (welcome && !keep_recipient(runner, false))
			runner_violation(runner, "too many recipients");
		return;
	}
	verdict = runner_decide(runner, &ask, &content);
	if (!exit_accepts(verdict.exit) && !(verdict.exit == VERDICT_NONE && welcome)) {
		runner_withdraw(runner); /* the next one has fewer before it */
	} else if (!keep_recipient(runner, verdict.exit == EXIT_DROPPED)) {
		verdict.exit = EXIT_TEMPFAIL;
		verdict.text = SPAN("452 4.5.3 too many recipients\n");
		runner_withdraw(runner);
	}
	runner_answer(runner, &verdict, -1);
}

/* ---- the message ------------------------------------------------------------------------- */

static bool crlf_wanted(const struct runner *runner)
{
	return runner->options->line_ends == LINE_ENDS_CRLF ||
	       span_equal_nocase(facts_get(&runner->facts, FACT_BODY), SPAN("BINARYMIME"));
}

/* The fields that hooks added are kept with LF. */
static void put_headers(struct runner *runner)
{
	struct span rest = buffer_span(&runner->headers);

	while (rest.base != NULL && rest.len > 0) {
		buffer_put(&runner->preamble, span_take(&rest, '\n'));
		buffer_string(&runner->preamble, crlf_wanted(runner) ? "\r\n" : "\n");
	}
}

/* The Received field, then the fields that hooks added (RFC 5321 4.4). */
static void compose_preamble(struct runner *runner)
{
	struct facts *facts = &runner->facts;
	struct envelope_place place = { 0, 0 };
	bool single = runner->envelope.count == 1, dropped;

	if (single)
		envelope_next(&runner->envelope, &place, facts, &dropped);
	runner->preamble = (struct buffer)BUFFER(runner->preamble_bytes);
	trace_write(&runner->preamble,
		    &(struct trace){
			    .helo = facts_get(facts, FACT_HELO_TRACE),
			    .remote_host = facts_get(facts, FACT_REMOTE_HOST),
			    .remote_addr = facts_get(facts, FACT_REMOTE_ADDR),
			    .hostname = runner->hostname,
			    .cipher = facts_get(facts, FACT_TLS_CIPHER),
			    .id = facts_get(facts, FACT_TRANSACTION_ID),
			    .recipient = facts_get(facts, FACT_ORIGINAL_RECIPIENT),
			    .lmtp = runner->protocol == PROTOCOL_LMTP,
			    .esmtp = !span_equal(facts_get(facts, FACT_TRACE_TYPE), SPAN("HELO")),
			    .tls = runner_in_tls(runner),
			    .authenticated = facts_get(facts, FACT_AUTH_USER).base != NULL,
			    .utf8 = facts_get(facts, FACT_SMTPUTF8).base != NULL,
			    .crlf = crlf_wanted(runner),
			    .when = time(NULL),
		    });
	facts_forget(facts, SCOPE_RECIPIENT);
	put_headers(runner);
}

/* Starts the filter: its output, not what arrives, is the message then. */
static void start_filter(struct runner *runner)
{
	char path[BACKEND_PATH_MAX + 32];
	struct buffer buffer = BUFFER(path);
	struct hook *hook = runner->filter = runner_hook(runner);
	int in[2], out[2];

	runner->filter_sent = 0;
	if (hook == NULL)
		return;
	job_begin(&hook->job, EVENT_FILTER);
	hook->job.done = true;
	if (!spawn_pipe(in))
		return;
	if (!spawn_pipe(out)) {
		fd_close(&in[0]);
		fd_close(&in[1]);
		return;
	}
	runner->filter_in = in[1];
	runner->filter_out = out[0];
	fd_nonblocking(in[1]);
	fd_nonblocking(out[0]);
	hook_start(hook,
		   &(struct hook_order){
			   .event = EVENT_FILTER,
			   .path = directory_program(runner->directory, EVENT_FILTER, SPAN_NONE,
						     &buffer),
			   .environment = runner_environment(runner, EVENT_FILTER, 0),
			   .stdin_fd = in[0],
			   .stdout_fd = out[1],
			   .extra_fd = -1,
			   .timeout = 0, /* its clock starts at the last octet */
		   },
		   runner_identity(runner));
	fd_close(&in[0]);
	fd_close(&out[1]);
}

static void begin_message(struct runner *runner)
{
	runner->mail = RUNNER_IN_DATA;
	runner->received = 0;
	compose_preamble(runner);
	spool_open(&runner->spool);
	if (runner_handles(runner, EVENT_FILTER))
		start_filter(runner);
	else
		spool_write(&runner->spool, buffer_span(&runner->preamble));
}

void runner_data(struct runner *runner, bool asked)
{
	struct verdict verdict = { .exit = VERDICT_NONE };
	struct ask ask = plain(EVENT_DATA);
	int content;

	if (runner->mail != RUNNER_HAS_MAIL || runner->envelope.count == 0) {
		runner_violation(runner, "DATA without a recipient");
		return;
	}
	facts_set_number(&runner->facts, FACT_RECIPIENT_COUNT, runner->envelope.count);
	if (asked)
		verdict = runner_decide(runner, &ask, &content);
	runner->dropped |= verdict.exit == EXIT_DROPPED;
	if (exit_accepts(verdict.exit) || verdict.exit == VERDICT_NONE)
		begin_message(runner);
	verdict.id = facts_get(&runner->facts, FACT_TRANSACTION_ID);
	if (asked)
		runner_answer(runner, &verdict, -1);
}

/* Moves the preamble, then octets of the pipe, to the filter's standard input. False: the pipe has
 * ended. */
static bool feed_filter(struct runner *runner, size_t most)
{
	struct hook *hook = runner->filter;
	struct span rest = span_from(buffer_span(&runner->preamble), runner->filter_sent);
	ssize_t moved;

	if (rest.len > 0) {
		moved = fd_write(runner->filter_in, rest);
		runner->filter_sent += moved > 0 ? (size_t)moved : 0;
	} else {
		moved = splice(runner->pipe, NULL, runner->filter_in, NULL, most,
			       SPLICE_F_NONBLOCK);
		runner->received += moved > 0 ? (uint64_t)moved : 0;
	}
	runner->filter_full = moved < 0 && errno == EAGAIN;
	/* One that does not read must do so within its time; while it reads there is no hurry. */
	if (hook->signalled == 0 && moved > 0)
		hook->deadline = CLOCK_NEVER;
	else if (runner->filter_full && hook->deadline == CLOCK_NEVER)
		hook->deadline = clock_deadline(clock_now(), runner->options->hook_timeout);
	/* One that has stopped reading has seen enough: exit 0 counts all the same. */
	if (moved < 0 && errno != EAGAIN && errno != EINTR)
		fd_close(&runner->filter_in);
	return moved != 0;
}

bool runner_receive(struct runner *runner, uint64_t limit)
{
	size_t most = limit < RECEIVE_MAX ? (size_t)limit : RECEIVE_MAX;
	int64_t moved;

	if (runner->filter_in >= 0)
		return feed_filter(runner, most);
	/* In POP3 octets come before the event that they belong to is told. */
	if (runner->spool.fd < 0 && runner->spool.error == 0)
		spool_open(&runner->spool);
	if (runner->filter != NULL)
		moved = fd_discard(runner->pipe, most);
	else
		moved = spool_splice(&runner->spool, runner->pipe, most);
	if (moved > 0)
		runner->received += (uint64_t)moved;
	return moved != 0;
}

void runner_filtered(struct runner *runner)
{
	int64_t moved = spool_splice(&runner->spool, runner->filter_out, RECEIVE_MAX);

	if (moved == 0 || (moved < 0 && errno != EAGAIN))
		fd_close(&runner->filter_out);
}

/* Waits until all `octets` came down the pipe. False: the parser lied or is gone. */
static bool receive_rest(struct runner *runner, uint64_t octets)
{
	while (runner->received < octets) {
		struct turn turn = runner_turn(runner, false, true);

		if (turn.pipe ? !runner_receive(runner, octets - runner->received)
			      : runner->parser_gone)
			return false;
	}
	return runner->received == octets;
}

/* The text of a refusal is what the filter printed before it failed. */
static void read_refusal(struct runner *runner, struct job *job)
{
	int fd = spool_reader(&runner->spool);
	ssize_t got = fd < 0 ? 0 : fd_read(fd, job->text, sizeof(job->text));

	job->text_len = got > 0 ? (size_t)got : 0;
	fd_close(&fd);
}

/* Lets the filter finish. True: the spool holds the message; else *verdict says what became of it.
 */
static bool finish_filter(struct runner *runner, struct verdict *verdict)
{
	struct hook *hook = runner->filter;

	if (hook == NULL)
		return !runner_handles(runner, EVENT_FILTER);
	while (runner->filter_in >= 0 && runner->filter_sent < runner->preamble.len) {
		feed_filter(runner, RECEIVE_MAX);
		if (runner->filter_full)
			runner_turn(runner, false, true);
	}
	runner_starve_filter(runner);
	hook->deadline = clock_deadline(clock_now(), runner->options->hook_timeout);
	runner_wait(runner, &hook->job);
	/*
	 * What it wrote before it ended is in the pipe now; what it left running does not count,
	 * and may not keep us here.
	 */
	for (unsigned i = 0; i < FILTER_ROUNDS && runner->filter_out >= 0 &&
			     poll(&(struct pollfd){ runner->filter_out, POLLIN, 0 }, 1, 0) > 0;
	     i++)
		runner_filtered(runner);
	fd_close(&runner->filter_out);
	if (hook->job.exit == EXIT_DONE)
		return true;
	read_refusal(runner, &hook->job);
	*verdict = runner_verdict(runner, &hook->job);
	return false;
}

void runner_drop(struct runner *runner, uint64_t octets)
{
	if (runner->mail != RUNNER_IN_DATA || !receive_rest(runner, octets)) {
		runner_violation(runner, "a message of another length than was said");
		return;
	}
	/* The next message's octets may come before its frames do: they are not read now. */
	drop_filter(runner);
	spool_close(&runner->spool);
	runner->received = 0;
	runner->mail = RUNNER_HAS_MAIL;
}

bool runner_message(struct runner *runner, uint64_t octets, struct verdict *verdict)
{
	int error;

	if (!receive_rest(runner, octets)) {
		runner_violation(runner, "a message of another length than was said");
		return false;
	}
	verdict->exit = EXIT_TEMPFAIL;
	if (!finish_filter(runner, verdict))
		return false;
	/* A spool that could not take everything is told after the message (DATA-009). */
	error = runner->spool.error;
	if (error == 0)
		return true;
	log_fault(LOG_ERR, "cannot keep the message", "transaction", runner_identity(runner),
		  error);
	if (error == ENOSPC || error == EDQUOT || error == EFBIG)
		verdict->text = SPAN("452 4.3.1 not enough space for the message\n");
	return false;
}
