/* SPDX-License-Identifier: ISC */
/* configure.c - what a parser is told before it begins. */
#include "session/configure.h"

#include "base/clock.h"

#include <time.h>

static struct span text_span(const char *text)
{
	return text == NULL ? SPAN("") : span_of(text);
}

static int64_t wall_clock(void)
{
	return time(NULL);
}

static void configure_mail(struct parser *parser, const struct runner *runner,
			   const struct engine_counts *resumes)
{
	const struct options *options = runner->options;
	const struct directory *directory = runner->directory;

	parser->smtp = (struct smtp_config){
		.protocol = runner->protocol,
		.hostname = runner->hostname,
		.greeting = text_span(options->greeting),
		.signoff = text_span(options->signoff),
		.handled = runner->handled,
		.listed = directory->programs,
		.size_limit = options->size_limit,
		.max_recipients = options->max_recipients,
		.max_errors = options->max_errors,
		.max_commands = options->max_commands,
		.max_hops = options->max_hops,
		.submission = options->submission,
		.now = wall_clock,
		.max_auth_failures = options->max_auth_failures,
		.mechanisms = runner->offer,
		.charset = options->address_charset,
		.clean_newlines = options->bare_newline == BARE_NEWLINE_CLEAN,
		.crlf = options->line_ends == LINE_ENDS_CRLF,
		.quota_tempfail = options->quota_tempfail,
		.tls = runner_in_tls(runner),
		.tls_require = options->tls_require,
		.resumes = resumes,
		.accept_domains = options->accept_domain.items,
		.accept_domain_count = options->accept_domain.count,
		.announce = options->announce.items,
		.announce_count = options->announce.count,
		.disabled = options->disable_command.items,
		.disabled_count = options->disable_command.count,
		.commands = directory->command_spans,
		.command_count = directory->command_count,
		.command_states = options->command_state.items,
		.command_state_count = options->command_state.count,
	};
}

/* --login-delay as CAPA tells it. */
static struct span login_delay(struct parser *parser, const struct options *options)
{
	struct buffer text = BUFFER(parser->login_delay);

	if (options->login_delay == 0)
		return SPAN_NONE;
	buffer_number(&text, options->login_delay);
	return buffer_span(&text);
}

static void configure_pop3(struct parser *parser, const struct runner *runner,
			   const struct engine_counts *resumes)
{
	const struct options *options = runner->options;
	const struct directory *directory = runner->directory;

	parser->pop3 = (struct pop3_config){
		.hostname = runner->hostname,
		.greeting = text_span(options->greeting),
		.signoff = text_span(options->signoff),
		.implementation = SPAN("mail-session-" MS_VERSION),
		.handled = runner->handled,
		.max_errors = options->max_errors,
		.max_commands = options->max_commands,
		.max_auth_failures = options->max_auth_failures,
		.mechanisms = runner->offer,
		.timestamp = span_of(runner->timestamp),
		.tls = runner_in_tls(runner),
		.tls_require = options->tls_require,
		.resumes = resumes,
		.quota_tempfail = options->quota_tempfail,
		.expire = span_of(options->expire),
		.login_delay = login_delay(parser, options),
		.disabled = options->disable_command.items,
		.disabled_count = options->disable_command.count,
		.commands = directory->command_spans,
		.command_count = directory->command_count,
		.command_states = options->command_state.items,
		.command_state_count = options->command_state.count,
	};
}

/* Behind TLS the limit on the whole session has been running for a while, and nobody waits. */
static void configure_rest(struct parser *parser, const struct runner *runner)
{
	uint32_t limit = runner->options->session_timeout;
	int64_t passed = clock_now() - runner->began;

	parser->limits.greeting_delay = 0;
	if (limit > 0)
		parser->limits.session_timeout =
			passed / 1000 < limit ? limit - (uint32_t)(passed / 1000) : 1;
}

void configure_parser(struct parser *parser, const struct runner *runner,
		      const struct engine_counts *resumes)
{
	const struct options *options = runner->options;

	parser->protocol = runner->protocol;
	parser->handled = runner->handled;
	parser->peer = facts_get(&runner->facts, FACT_REMOTE_ADDR);
	parser->content_timeout = (int)options->hook_timeout * 1000;
	parser->caged = options->sandbox != SANDBOX_OFF;
	parser->limits = (struct stream_limits){
		.idle_timeout = options->idle_timeout,
		.data_timeout = options->data_timeout,
		.session_timeout = options->session_timeout,
		.min_rate = (uint32_t)options->min_rate,
		.greeting_delay = options->greeting_delay,
		.error_delay = options->error_delay,
	};
	if (runner->protocol == PROTOCOL_POP3)
		configure_pop3(parser, runner, resumes);
	else
		configure_mail(parser, runner, resumes);
	if (resumes != NULL)
		configure_rest(parser, runner);
}
