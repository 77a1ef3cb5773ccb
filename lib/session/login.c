/* SPDX-License-Identifier: ISC */
/*
 * login.c - the runner's side of logging in, in every protocol: AUTH, TOKEN and SASL events.
 *
 * Here is what all ways have in common: who may try, what is offered, how a failure is delayed,
 * counted and logged, and what becomes known when it succeeds.  checkpassword.c runs auth,
 * exchange.c speaks with sasl-session.
 */
#include "session/login.h"

#include "backend/spawn.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "base/network.h"
#include "session/helper.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* No failed login is answered sooner, whatever the reason of the failure, milliseconds. */
#define AUTH_FLOOR 1000

/* ---- what is offered --------------------------------------------------------------------- */

/* Nobody can listen (DESIGN 8)? Whoever a front end speaks for is local by the address it told. */
static bool is_local(const struct runner *runner)
{
	struct span address = facts_get(&runner->facts, FACT_REMOTE_ADDR);

	if (address.len == 0)
		return runner->via[0] == '\0';
	return network_is_loopback(address);
}

static bool helper_is_there(const char *name)
{
	char bytes[1100];
	struct buffer path = BUFFER(bytes);

	helper_path(&path, name);
	return !path.overflow && access(bytes, X_OK) == 0;
}

/* `<pid.clock.random@hostname>`, unlike any other (RFC 1939 7). */
static void make_timestamp(struct runner *runner)
{
	struct buffer text = BUFFER(runner->timestamp);
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return;
	buffer_byte(&text, '<');
	buffer_number(&text, (uint64_t)getpid());
	buffer_byte(&text, '.');
	buffer_number(&text, (uint64_t)time(NULL));
	buffer_byte(&text, '.');
	buffer_hex(&text, random, 16);
	buffer_byte(&text, '@');
	buffer_put(&text, runner->hostname);
	buffer_byte(&text, '>');
	if (buffer_cstr(&text) == NULL)
		runner->timestamp[0] = '\0';
}

void runner_offer(struct runner *runner)
{
	const struct options *options = runner->options;
	event_set programs = runner->directory->programs;
	bool tls = runner_in_tls(runner);
	bool pop3 = runner->protocol == PROTOCOL_POP3;

	/* What needs the helper is offered where it is installed. */
	if ((programs & EVENT_BIT(EVENT_SECRET)) != 0 && !helper_is_there("sasl-session"))
		programs &= ~EVENT_BIT(EVENT_SECRET);
	runner->offer = sasl_offer(&(struct sasl_means){
		.programs = programs,
		.plaintext = tls || options->insecure_auth == INSECURE_AUTH_ALWAYS ||
			     (options->insecure_auth == INSECURE_AUTH_LOCAL && is_local(runner)),
		.binding = tls && runner->tls_binding[0] != '\0',
		.certificate = tls && external_identity(runner).len > 0,
		.allowed = options->auth_mechanisms.items,
		.allowed_count = options->auth_mechanisms.count,
	});
	if (!pop3)
		runner->offer.now &= SASL_NAMED;
	if (options->tls_require && !tls)
		runner->offer.now = 0;
	/* The greeting is the only one, so what it offers stays (RFC 2595 4). */
	if (!pop3 || (runner->timestamp[0] == '\0' && runner->greeted))
		runner->offer.now &= ~SASL_BIT(SASL_APOP);
	else if (sasl_offered(&runner->offer, SASL_APOP) && runner->timestamp[0] == '\0')
		make_timestamp(runner);
	runner->greeted = true;
	runner->handled &= ~EVENT_BIT(EVENT_SASL);
	for (enum sasl_mechanism mechanism = 0; mechanism < SASL_COUNT; mechanism++) {
		if (sasl_offered(&runner->offer, mechanism))
			runner->handled |= EVENT_BIT(sasl_table[mechanism].event);
	}
}

/* ---- trying ------------------------------------------------------------------------------ */

/* The line that the fail2ban filter knows. */
static void log_login(const struct runner *runner, const struct login *login)
{
	bool good = login->exit == EXIT_DONE;
	struct log_line line;

	log_begin(&line, good ? LOG_INFO : LOG_NOTICE,
		  good                              ? "login"
		  : exit_refuses_login(login->exit) ? "authentication failed"
						    : "authentication impossible");
	log_string(&line, "session", runner->session);
	log_text(&line, "peer", facts_get(&runner->facts, FACT_REMOTE_ADDR));
	if (login->name.len > 0)
		log_text(&line, "user", login->name);
	if (login->mechanism != SASL_USER)
		log_string(&line, "mechanism", sasl_table[login->mechanism].name);
	if (!good)
		log_number(&line, "exit", (uint64_t)login->exit);
	log_end(&line);
}

static void wait_until(struct runner *runner, int64_t time)
{
	runner->wake = time;
	while (clock_now() < runner->wake && !runner->parser_gone)
		runner_turn(runner, false, false);
	runner->wake = CLOCK_NEVER;
}

int login_pipe(struct span data)
{
	int ends[2];

	if (!spawn_pipe(ends))
		return -1;
	/* Who has many pipes gets small ones (pipe(7)), and nobody reads yet: not waited for. */
	if (!fd_nonblocking(ends[1]) || fd_write(ends[1], data) != (ssize_t)data.len)
		fd_close(&ends[0]);
	fd_close(&ends[1]);
	return ends[0];
}

/*
 * The token program says whose the token is by its exit code and `:set user=NAME`; who asked to
 * be somebody else is refused.
 */
static void check_token(struct runner *runner, struct login *login, struct span token)
{
	struct facts *facts = &runner->facts;
	struct ask ask = { .event = EVENT_TOKEN, .message = -1 };
	struct buffer line = BUFFER(runner->answer_bytes);
	struct verdict verdict;
	struct span named;
	int content;

	buffer_put(&line, token);
	buffer_byte(&line, '\n');
	ask.envelope = login_pipe(buffer_span(&line));
	explicit_bzero(runner->answer_bytes, line.len);
	if (ask.envelope < 0) {
		log_fault(LOG_ERR, "cannot run token", "session", runner->session, errno);
		return;
	}
	facts_unset(facts, FACT_AUTH_NAME);
	if (login->name.len > 0)
		facts_set(facts, FACT_AUTH_NAME, login->name);
	verdict = runner_decide(runner, &ask, &content);
	fd_close(&ask.envelope);
	login->exit = verdict.exit;
	login->text = verdict.text;
	login->close = verdict.close;
	named = facts_get(facts, FACT_AUTH_NAME);
	if (login->exit != EXIT_DONE)
		return;
	if (named.len == 0) {
		log_note(LOG_ERR, "token named nobody", "session", runner->session);
		login->exit = EXIT_TEMPFAIL;
	} else if (login->name.len > 0 && !span_equal_nocase(login->name, named)) {
		login->exit = EXIT_NOPERM;
	}
	login_name(login, named);
}

void login_name(struct login *login, struct span name)
{
	struct buffer text = BUFFER(login->name_bytes);

	buffer_put(&text, name);
	login->name = buffer_span(&text);
}

/* What is known from here on. */
static void become(struct runner *runner, const struct login *login)
{
	struct facts *facts = &runner->facts;

	facts_set(facts, FACT_AUTH_USER, login->name);
	if (runner->protocol != PROTOCOL_POP3)
		return;
	facts_set(facts, FACT_USER, login->name);
	facts_set_safe(facts, FACT_USER_SAFE, login->name);
}

static void forget(struct runner *runner)
{
	static const enum fact_name names[] = { FACT_AUTH_USER, FACT_AUTH_MECH, FACT_AUTH_NAME,
						FACT_USER, FACT_USER_SAFE };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		facts_unset(&runner->facts, names[i]);
}

/* Without a password nobody but the session's own user can be had: the store runs as that. */
static void open_store(struct runner *runner, struct login *login)
{
	if (runner->protocol != PROTOCOL_POP3 || login->exit != EXIT_DONE)
		return;
	become(runner, login);
	login->exit = runner_start_store(runner, -1) == EXIT_DONE ? EXIT_DONE : EXIT_TEMPFAIL;
}

static void try(struct runner *runner, const struct event_call *call, struct login *login)
{
	struct span secret =
		event_fact(call, call->event == EVENT_AUTH ? FACT_PASSWORD : FACT_TOKEN);

	if (call->event == EVENT_SASL) {
		runner_exchange(runner, login, event_fact(call, FACT_RESPONSE));
		open_store(runner, login);
		return;
	}
	login_name(login,
		   event_fact(call, call->event == EVENT_AUTH ? FACT_LOGIN_NAME : FACT_AUTH_NAME));
	/*
	 * What cannot be right is told without, and fails like what is wrong.  So does what the
	 * parser ought not to have told: to some programs an empty password is as good as any.
	 */
	if (secret.len == 0 || !(login_name_fits(login->name) ||
				 (login->name.len == 0 && call->event == EVENT_TOKEN))) {
		login->exit = EXIT_NOPERM;
	} else if (call->event == EVENT_AUTH) {
		check_password(runner, login, secret);
	} else {
		check_token(runner, login, secret);
		open_store(runner, login);
	}
}

/* The mechanism of an event, or SASL_COUNT when the event does not belong here. */
static enum sasl_mechanism mechanism_of(const struct runner *runner, const struct event_call *call)
{
	struct span name = event_fact(call, FACT_AUTH_MECH);
	enum sasl_mechanism mechanism = name.base != NULL ? sasl_by_name(name) : SASL_USER;

	if (name.base == NULL && call->event == EVENT_SASL)
		return runner->exchange == NULL ? SASL_COUNT : exchange_mechanism(runner);
	if (mechanism == SASL_COUNT || !sasl_offered(&runner->offer, mechanism) ||
	    sasl_table[mechanism].event != call->event)
		return SASL_COUNT;
	return mechanism;
}

static bool in_order(const struct runner *runner)
{
	bool before = runner->protocol == PROTOCOL_POP3
			      ? runner->login != RUNNER_NO_LOGIN
			      : facts_get(&runner->facts, FACT_AUTH_USER).base != NULL;

	return !before && runner->mail == RUNNER_NO_MAIL &&
	       runner->auth_failures < runner->options->max_auth_failures;
}

static void succeed(struct runner *runner, const struct login *login)
{
	become(runner, login);
	if (runner->protocol != PROTOCOL_POP3)
		return;
	runner->login = RUNNER_LOGGED_IN;
	runner->serve_all = runner->directory->serve == SERVE_NONE;
	runner->handled |= runner->serve->events;
}

void runner_login(struct runner *runner, const struct event_call *call)
{
	struct login login = { .mechanism = mechanism_of(runner, call), .exit = EXIT_TEMPFAIL };
	bool goes_on = event_fact(call, FACT_AUTH_MECH).base == NULL && call->event == EVENT_SASL;
	struct verdict verdict;
	int64_t began;

	if (login.mechanism == SASL_COUNT || !in_order(runner)) {
		runner_violation(runner, "a login out of order");
		return;
	}
	if (event_fact(call, FACT_AUTH_MECH).base != NULL) {
		/* The one before may have been given up. */
		runner_exchange_end(runner);
		facts_set(&runner->facts, FACT_AUTH_MECH,
			  span_of(sasl_table[login.mechanism].name));
	}
	if (!goes_on && runner->login_wait > 0)
		wait_until(runner, clock_now() + runner->login_wait);
	began = clock_now();
	try(runner, call, &login);
	/* The datagram is wiped as a whole, but later: a failure waits, and a client is told. */
	for (unsigned i = 0; i < call->count; i++) {
		if (fact_table[call->facts[i].name].scope == SCOPE_SECRET)
			span_wipe(call->facts[i].value);
	}
	verdict = (struct verdict){ .exit = login.exit, .text = login.text, .close = login.close };
	if (login.exit != VERDICT_CHALLENGE) {
		log_login(runner, &login);
		runner_exchange_end(runner);
		if (login.exit == EXIT_DONE) {
			succeed(runner, &login);
		} else {
			forget(runner);
			runner->auth_failures++;
			/* Every failure takes the same time at least. */
			wait_until(runner, began + AUTH_FLOOR);
		}
	}
	runner_answer(runner, &verdict, -1);
}
