/* SPDX-License-Identifier: ISC */
/*
 * trusted.c - XCLIENT and XFORWARD: what a trusted peer says of its client.
 *
 * The runner knows itself who is trusted, and checks again what the parser made of the command.
 */
#include "session/runner.h"

#include "base/log.h"
#include "base/network.h"
#include "base/number.h"
#include "session/front.h"

static bool is_address(enum fact_name name)
{
	return name == FACT_REMOTE_ADDR || name == FACT_LOCAL_ADDR || name == FACT_XFORWARD_ADDR;
}

static bool is_port(enum fact_name name)
{
	return name == FACT_REMOTE_PORT || name == FACT_LOCAL_PORT || name == FACT_XFORWARD_PORT;
}

/* Sets a fact, addresses and ports in their one spelling. False: it is not what it should be. */
static bool set_told(struct facts *facts, const struct fact *fact)
{
	char text[ADDRESS_TEXT_MAX];
	struct buffer buffer = BUFFER(text);
	struct network_address address;
	uint64_t port;

	if (fact->value.len == 0) {
		facts_unset(facts, fact->name);
	} else if (is_address(fact->name)) {
		if (!network_address_read(&address, fact->value))
			return false;
		network_address_put(&buffer, &address);
		facts_set(facts, fact->name, buffer_span(&buffer));
	} else if (is_port(fact->name)) {
		if (!number_upto(fact->value, UINT16_MAX, &port))
			return false;
		facts_set_number(facts, fact->name, port);
	} else {
		facts_set(facts, fact->name, fact->value);
	}
	return true;
}

void runner_trust(struct runner *runner)
{
	struct span address = facts_get(&runner->facts, FACT_REMOTE_ADDR);

	runner->handled &= ~RUNNER_TRUSTED;
	if (!front_trusts(runner->options, address, runner->via[0] != '\0'))
		return;
	runner->handled |= EVENT_BIT(EVENT_XCLIENT);
	if (runner->protocol != PROTOCOL_POP3)
		runner->handled |= EVENT_BIT(EVENT_XFORWARD);
}

/*
 * What was known of the peer and is no more true of its client: whatever goes with an address
 * that changed, and what the peer said or proved itself, unless XCLIENT told it.
 */
static void forget_peer(struct runner *runner, const struct event_call *call)
{
	static const struct {
		enum fact_name fact;
		enum fact_name with; /* goes when that is told; FACT_COUNT: in any case */
	} rows[] = {
		{ FACT_REMOTE_HOST, FACT_REMOTE_ADDR }, { FACT_REMOTE_PORT, FACT_REMOTE_ADDR },
		{ FACT_LOCAL_PORT, FACT_LOCAL_ADDR },   { FACT_HELO, FACT_COUNT },
		{ FACT_HELO_TRACE, FACT_COUNT },        { FACT_TRACE_TYPE, FACT_COUNT },
		{ FACT_AUTH_USER, FACT_COUNT },         { FACT_AUTH_MECH, FACT_COUNT },
		{ FACT_TLS_PEER, FACT_COUNT },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!runner->told[rows[i].fact] &&
		    (rows[i].with == FACT_COUNT || event_fact(call, rows[i].with).base != NULL))
			facts_unset(&runner->facts, rows[i].fact);
	}
	/* A certificate was the peer's: its client must not log in by it. */
	runner->tls_identity[0] = '\0';
	/* So were the headers and values that programs made of it. */
	runner->session_headers = runner->connect_headers = 0;
	runner->facts.hook_values_len = runner->facts.hook_values_kept = 0;
}

/* The first address that another takes the place of is the one of the connection. */
static void keep_via(struct runner *runner, const struct event_call *call)
{
	struct buffer via = BUFFER(runner->via);
	struct span address = facts_get(&runner->facts, FACT_REMOTE_ADDR);

	if (runner->via[0] != '\0' || event_fact(call, FACT_REMOTE_ADDR).base == NULL)
		return;
	buffer_put(&via, address.len > 0 ? address : SPAN("unix"));
	buffer_cstr(&via);
}

static void log_client(const struct runner *runner)
{
	struct log_line line;

	log_begin(&line, LOG_INFO, "a client behind XCLIENT");
	log_string(&line, "session", runner->session);
	log_text(&line, "peer", facts_get(&runner->facts, FACT_REMOTE_ADDR));
	log_text(&line, "host", facts_get(&runner->facts, FACT_REMOTE_HOST));
	log_text(&line, "user", facts_get(&runner->facts, FACT_AUTH_USER));
	if (runner->via[0] != '\0')
		log_string(&line, "via", runner->via);
	log_end(&line);
}

void runner_xclient(struct runner *runner, const struct event_call *call)
{
	if (runner->mail != RUNNER_NO_MAIL || runner->login != RUNNER_NO_LOGIN) {
		runner_violation(runner, "XCLIENT inside a transaction");
		return;
	}
	keep_via(runner, call);
	forget_peer(runner, call);
	for (unsigned i = 0; i < call->count; i++) {
		const struct fact *fact = &call->facts[i];

		if (!set_told(&runner->facts, fact)) {
			runner_violation(runner, "XCLIENT with a bad value");
			return;
		}
		/* What is unknown may still be heard from the client. */
		runner->told[fact->name] = fact->value.len > 0;
		/* A name that is unfit for programs is told for the Received field alone. */
		if (fact->name == FACT_HELO_TRACE && event_fact(call, FACT_HELO).base == NULL)
			facts_unset(&runner->facts, FACT_HELO);
		if (fact->name == FACT_HELO_TRACE)
			runner->told[FACT_HELO] = fact->value.len > 0;
	}
	runner_reset(runner);
	runner_trust(runner);
	runner_offer(runner);
	log_client(runner);
	runner_answer(runner, &(struct verdict){ .exit = EXIT_DONE }, -1);
}

void runner_xforward(struct runner *runner, const struct event_call *call)
{
	if (runner->mail != RUNNER_NO_MAIL) {
		runner_violation(runner, "XFORWARD inside a transaction");
		return;
	}
	for (unsigned i = 0; i < call->count; i++) {
		if (!set_told(&runner->facts, &call->facts[i])) {
			runner_violation(runner, "XFORWARD with a bad value");
			return;
		}
	}
	runner_answer(runner, &(struct verdict){ .exit = EXIT_DONE }, -1);
}
