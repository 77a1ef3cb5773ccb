/* SPDX-License-Identifier: ISC */
/* machine.c - options of a transcript become the configuration of an engine. */
#include "machine.h"
#include "base/network.h"
#include "base/number.h"
#include "engine/pop3.h"
#include "engine/smtp.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#define LIST_MAX 16

struct list {
	struct span items[LIST_MAX];
	unsigned count;
};

/* The listing of a maildrop, and memory that the engine asked for. */
struct store {
	struct bytes listing;
	void *memory[LIST_MAX];
	unsigned count;
};

struct machine {
	enum protocol protocol;
	union {
		struct engine engine;
		struct smtp smtp;
		struct pop3 pop3;
	} of;
	char out[ENGINE_OUTPUT_MIN];
	struct smtp_config smtp;
	struct pop3_config pop3;
	struct pop3_storage storage;
	struct store store;
	struct engine_counts counts; /* of the engine in clear */
	struct list accept_domains, announce, disabled, commands, states, trusted, mechanisms;
	event_set handled;
	struct span insecure; /* whose passwords may come in clear */
	bool remote;          /* the client is on another machine */
};

enum protocol script_protocol(const struct script *script)
{
	if (strstr(script->file, "pop3/") != NULL)
		return PROTOCOL_POP3;
	return strstr(script->file, "lmtp/") != NULL ? PROTOCOL_LMTP : PROTOCOL_SMTP;
}

static void list_add(struct list *list, struct span words)
{
	while (words.len > 0) {
		struct span word = word_take(&words);

		for (unsigned i = 0; i < list->count; i++) {
			if (span_equal(list->items[i], word))
				word = SPAN_NONE;
		}
		if (word.len == 0)
			continue;
		if (list->count == LIST_MAX)
			errx(2, "too many words in a list");
		list->items[list->count++] = word;
	}
}

static event_set events_of(struct machine *machine, struct span words)
{
	event_set events = 0;

	while (words.len > 0) {
		struct span word = word_take(&words), prefix = SPAN("command-");
		enum event event = event_by_name(word);

		if (span_starts(word, prefix)) {
			list_add(&machine->commands, span_from(word, prefix.len));
			event = EVENT_COMMAND;
		}
		if (span_equal(word, SPAN("starttls")))
			event = EVENT_STARTTLS; /* of no program, so by no name */
		if (span_equal(word, SPAN("sasl")))
			event = EVENT_SASL; /* no program's, but here it is scripted */
		if (event != EVENT_COUNT)
			events |= EVENT_BIT(event);
		else if (!span_equal(word, SPAN("none")))
			errx(2, "no event %.*s", (int)word.len, word.base);
	}
	return events;
}

static uint32_t number32(struct span value)
{
	uint64_t number;

	if (!number_upto(value, UINT32_MAX, &number))
		errx(2, "no number: %.*s", (int)value.len, value.base);
	return (uint32_t)number;
}

/* Options that are a span or a list. */
static bool option_text(struct machine *machine, struct span name, struct span value)
{
	const struct {
		struct span name;
		struct span *smtp, *pop3;
		struct list *list;
	} options[] = {
		{ SPAN("hostname"), &machine->smtp.hostname, &machine->pop3.hostname, NULL },
		{ SPAN("greeting"), &machine->smtp.greeting, &machine->pop3.greeting, NULL },
		{ SPAN("signoff"), &machine->smtp.signoff, &machine->pop3.signoff, NULL },
		{ SPAN("expire"), NULL, &machine->pop3.expire, NULL },
		{ SPAN("login-delay"), NULL, &machine->pop3.login_delay, NULL },
		{ SPAN("accept-domain"), NULL, NULL, &machine->accept_domains },
		{ SPAN("announce"), NULL, NULL, &machine->announce },
		{ SPAN("disable-command"), NULL, NULL, &machine->disabled },
		{ SPAN("command"), NULL, NULL, &machine->commands },
		{ SPAN("command-state"), NULL, NULL, &machine->states },
		{ SPAN("trusted-networks"), NULL, NULL, &machine->trusted },
		{ SPAN("auth-mechanisms"), NULL, NULL, &machine->mechanisms },
		{ SPAN("apop-timestamp"), NULL, &machine->pop3.timestamp, NULL },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		if (!span_equal(options[i].name, name))
			continue;
		if (options[i].smtp != NULL)
			*options[i].smtp = value;
		if (options[i].pop3 != NULL)
			*options[i].pop3 = value;
		if (options[i].list != NULL)
			list_add(options[i].list, value);
		return true;
	}
	return false;
}

static void set_tls(struct machine *machine, struct span value)
{
	if (span_equal(value, SPAN("starttls")))
		machine->handled |= EVENT_BIT(EVENT_STARTTLS);
	machine->smtp.tls = machine->pop3.tls = span_equal(value, SPAN("implicit"));
}

/* Options that are a number or a choice. */
static bool option_value(struct machine *machine, struct span name, struct span value)
{
	struct smtp_config *smtp = &machine->smtp;
	struct pop3_config *pop3 = &machine->pop3;

	if (span_equal(name, SPAN("size-limit")))
		smtp->size_limit = number32(value);
	else if (span_equal(name, SPAN("max-recipients")))
		smtp->max_recipients = number32(value);
	else if (span_equal(name, SPAN("max-errors")))
		smtp->max_errors = pop3->max_errors = number32(value);
	else if (span_equal(name, SPAN("max-commands")))
		smtp->max_commands = pop3->max_commands = number32(value);
	else if (span_equal(name, SPAN("max-hops")))
		smtp->max_hops = number32(value);
	else if (span_equal(name, SPAN("max-auth-failures")))
		smtp->max_auth_failures = pop3->max_auth_failures = number32(value);
	else if (span_equal(name, SPAN("address-charset")))
		smtp->charset = span_equal(value, SPAN("rfc")) ? ADDRESS_RFC : ADDRESS_SAFE;
	else if (span_equal(name, SPAN("bare-newline")))
		smtp->clean_newlines = span_equal(value, SPAN("clean"));
	else if (span_equal(name, SPAN("line-ends")))
		smtp->crlf = span_equal(value, SPAN("crlf"));
	else if (span_equal(name, SPAN("quota-tempfail")))
		smtp->quota_tempfail = pop3->quota_tempfail = true;
	else if (span_equal(name, SPAN("tls")))
		set_tls(machine, value);
	else if (span_equal(name, SPAN("tls-require")))
		smtp->tls_require = pop3->tls_require = true;
	else if (span_equal(name, SPAN("handled")))
		machine->handled = events_of(machine, value);
	else if (span_equal(name, SPAN("submission")))
		smtp->submission = true;
	else if (span_equal(name, SPAN("insecure-auth")))
		machine->insecure = value;
	else
		return false;
	return true;
}

static void configure(struct machine *machine, const struct script *script)
{
	for (size_t i = 0; i < script->count; i++) {
		const struct item *item = &script->items[i];
		struct span value = bytes_span(&item->text);

		if (item->kind == ITEM_VERDICT)
			machine->handled |= events_of(machine, word_take(&value));
		if (item->kind != ITEM_OPTION)
			continue;
		struct span name = word_take(&value);

		if (!option_text(machine, name, value) && !option_value(machine, name, value))
			errx(2, "%s:%u: unknown option", script->file, item->line);
	}
}

/* What may be used to log in. */
static void judge_offer(struct machine *machine)
{
	bool tls = machine->smtp.tls;
	struct sasl_offer offer = sasl_offer(&(struct sasl_means){
		.programs = machine->handled,
		.plaintext = tls || span_equal(machine->insecure, SPAN("always")) ||
			     (!machine->remote && !span_equal(machine->insecure, SPAN("never"))),
		.allowed = machine->mechanisms.items,
		.allowed_count = machine->mechanisms.count,
	});

	if (machine->smtp.tls_require && !tls)
		offer.now = 0;
	for (enum sasl_mechanism mechanism = 0; mechanism < SASL_COUNT; mechanism++) {
		if ((offer.now & SASL_BIT(mechanism)) != 0)
			machine->handled |= EVENT_BIT(sasl_table[mechanism].event);
	}
	machine->smtp.mechanisms = machine->pop3.mechanisms = offer;
}

/* May a peer with this address, or with none, use XCLIENT and XFORWARD? */
static void judge_trust(struct machine *machine, struct span address)
{
	event_set events = EVENT_BIT(EVENT_XCLIENT);

	if (machine->protocol != PROTOCOL_POP3)
		events |= EVENT_BIT(EVENT_XFORWARD);
	machine->handled &= ~events;
	if (network_listed(address, machine->trusted.items, machine->trusted.count))
		machine->handled |= events;
	machine->smtp.handled = machine->pop3.handled = machine->handled;
}

void machine_told(struct machine *machine, const struct event_call *call)
{
	struct span address = event_fact(call, FACT_REMOTE_ADDR);

	if (call->event != EVENT_XCLIENT || address.base == NULL)
		return;
	judge_trust(machine, address.len > 0 ? address : SPAN("unknown"));
	machine->remote = !network_is_loopback(address);
	judge_offer(machine);
}

/* ---- the maildrop's storage ------------------------------------------------------------------ */

static bool store_append(void *context, struct span bytes)
{
	struct store *store = context;

	bytes_put(&store->listing, bytes.base, bytes.len);
	return true;
}

static size_t store_read(void *context, uint64_t at, char *bytes, size_t len)
{
	const struct store *store = context;

	if (at >= store->listing.len)
		return 0;
	if (len > store->listing.len - at)
		len = store->listing.len - at;
	memcpy(bytes, store->listing.base + at, len);
	return len;
}

static void *store_memory(void *context, size_t size)
{
	struct store *store = context;

	if (store->count == LIST_MAX)
		return NULL;
	return store->memory[store->count++] = calloc(1, size);
}

/* ---- engines --------------------------------------------------------------------------------- */

static void smtp_setup(struct machine *machine)
{
	struct smtp_config *config = &machine->smtp;

	config->protocol = machine->protocol;
	config->handled = config->listed = machine->handled;
	config->accept_domains = machine->accept_domains.items;
	config->accept_domain_count = machine->accept_domains.count;
	config->announce = machine->announce.items;
	config->announce_count = machine->announce.count;
	config->disabled = machine->disabled.items;
	config->disabled_count = machine->disabled.count;
	config->commands = machine->commands.items;
	config->command_count = machine->commands.count;
	config->command_states = machine->states.items;
	config->command_state_count = machine->states.count;
	smtp_init(&machine->of.smtp, config, machine->out, sizeof(machine->out));
}

static void pop3_setup(struct machine *machine)
{
	struct pop3_config *config = &machine->pop3;

	config->handled = machine->handled;
	config->disabled = machine->disabled.items;
	config->disabled_count = machine->disabled.count;
	config->commands = machine->commands.items;
	config->command_count = machine->commands.count;
	config->command_states = machine->states.items;
	config->command_state_count = machine->states.count;
	machine->storage =
		(struct pop3_storage){ &machine->store, store_append, store_read, store_memory };
	pop3_init(&machine->of.pop3, config, &machine->storage, machine->out, sizeof(machine->out));
}

/* Transcripts are played at the beginning of time. */
static int64_t epoch(void)
{
	return 0;
}

struct machine *machine_new(enum protocol protocol, const struct script *script)
{
	struct machine *machine = calloc(1, sizeof(*machine));

	if (machine == NULL)
		err(2, "memory");
	machine->protocol = protocol;
	machine->insecure = SPAN("local");
	machine->smtp = (struct smtp_config){ .hostname = SPAN("mx.example"),
					      .size_limit = 50 * 1024 * 1024,
					      .max_recipients = 1000,
					      .max_errors = 20,
					      .max_auth_failures = 3,
					      .now = epoch,
					      .max_hops = 100 };
	machine->pop3 = (struct pop3_config){ .hostname = SPAN("mx.example"),
					      .max_errors = 20,
					      .max_auth_failures = 3 };
	machine->handled = protocol == PROTOCOL_POP3
				   ? EVENT_BIT(EVENT_AUTH) | EVENT_BIT(EVENT_LIST) |
					     EVENT_BIT(EVENT_RETRIEVE) | EVENT_BIT(EVENT_DELETE)
				   : EVENT_BIT(EVENT_DELIVER);
	configure(machine, script);
	judge_offer(machine);
	judge_trust(machine, SPAN_NONE);
	if (protocol == PROTOCOL_POP3)
		pop3_setup(machine);
	else
		smtp_setup(machine);
	return machine;
}

void machine_secure(struct machine *machine)
{
	machine->counts = machine->of.engine.counts;
	machine->handled &= ~EVENT_BIT(EVENT_STARTTLS);
	machine->smtp.tls = machine->pop3.tls = true;
	judge_offer(machine);
	machine->smtp.resumes = machine->pop3.resumes = &machine->counts;
	if (machine->protocol == PROTOCOL_POP3)
		pop3_setup(machine);
	else
		smtp_setup(machine);
}

void machine_free(struct machine *machine)
{
	for (unsigned i = 0; i < machine->store.count; i++)
		free(machine->store.memory[i]);
	free(machine->store.listing.base);
	free(machine);
}

struct engine *machine_engine(struct machine *machine)
{
	return &machine->of.engine;
}

event_set machine_handled(const struct machine *machine)
{
	return machine->handled;
}
