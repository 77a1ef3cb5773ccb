/* SPDX-License-Identifier: ISC */
/*
 * exchange.c - SASL that needs more than a password: sasl-session is asked.
 *
 * The helper alone understands what the client sends; the runner gives it what the secret program
 * prints, and takes its word.  They talk in lines on a socket: `begin`, `response BASE64`,
 * `secret LINE`, `unknown`, `trouble` one way; `challenge BASE64`, `secret BASE64-NAME`,
 * `success BASE64-NAME [BASE64]`, `failure`, `error TEXT`, `trouble TEXT` the other.
 */
#include "session/login.h"

#include "backend/spawn.h"
#include "base/base64.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "session/helper.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_MAX_OCTETS 16384

struct exchange {
	enum sasl_mechanism mechanism;
	struct hook *hook; /* the helper's process */
	int fd;            /* the socket */
	bool won;          /* the client has to acknowledge the last word of the mechanism */
	bool asked;        /* the secret of `name` was told */
	char name[256];
	size_t name_len;
	size_t len;   /* octets of `bytes`: what the helper said */
	size_t taken; /* of them, in the line that was looked at last */
	char bytes[LINE_MAX_OCTETS];
};

enum sasl_mechanism exchange_mechanism(const struct runner *runner)
{
	return runner->exchange->mechanism;
}

void runner_exchange_end(struct runner *runner)
{
	struct exchange *exchange = runner->exchange;

	if (exchange == NULL)
		return;
	if (exchange->hook != NULL)
		runner_release(runner, exchange->hook);
	fd_close(&exchange->fd);
	explicit_bzero(exchange, sizeof(*exchange));
	free(exchange);
	runner->exchange = NULL;
}

void runner_exchange_cancel(struct runner *runner)
{
	if (runner->exchange == NULL)
		return;
	runner_exchange_end(runner);
	facts_unset(&runner->facts, FACT_AUTH_MECH);
}

/* ---- the helper -------------------------------------------------------------------------- */

static void put_variable(char **items, unsigned *count, struct buffer *text, const char *name,
			 struct span value)
{
	if (value.len == 0)
		return;
	items[(*count)++] = text->base + text->len;
	buffer_string(text, name);
	buffer_put(text, value);
	buffer_byte(text, '\0');
}

/* Starts the helper, which knows nothing but what it is told here. */
static bool start_helper(struct runner *runner, struct exchange *exchange)
{
	const char *mechanism = sasl_table[exchange->mechanism].name;
	bool plus = sasl_offered(&runner->offer, SASL_SCRAM_SHA_256_PLUS);
	char path_bytes[BACKEND_PATH_MAX + 32], text_bytes[1024], *items[5];
	struct buffer path = BUFFER(path_bytes), text = BUFFER(text_bytes);
	unsigned count = 0;
	int ends[2];
	bool started;

	put_variable(items, &count, &text, "SASL_HOSTNAME=", runner->hostname);
	put_variable(items, &count, &text, "SASL_BINDING=", span_of(runner->tls_binding));
	put_variable(items, &count, &text, "SASL_PLUS=", plus ? SPAN("1") : SPAN_NONE);
	if (exchange->mechanism == SASL_APOP)
		put_variable(items, &count, &text, "SASL_BANNER=", span_of(runner->timestamp));
	items[count] = NULL;
	helper_path(&path, "sasl-session");
	exchange->hook = runner_hook(runner);
	if (exchange->hook == NULL || text.overflow || buffer_cstr(&path) == NULL ||
	    !spawn_socketpair(SOCK_STREAM, ends)) {
		log_fault(LOG_ERR, "cannot run sasl-session", "session", runner->session, errno);
		return false;
	}
	exchange->fd = ends[0];
	started = hook_start(
		exchange->hook,
		&(struct hook_order){
			.event = EVENT_SASL,
			.path = path_bytes,
			.arguments =
				(char *const[]){ path_bytes, (char *)(uintptr_t)mechanism, NULL },
			.environment = items,
			.stdin_fd = ends[1],
			.stdout_fd = ends[1],
			.extra_fd = -1,
			.timeout = runner->options->hook_timeout,
		},
		runner->session);
	fd_close(&ends[1]);
	return started && fd_nonblocking(exchange->fd);
}

static void listen_to(struct exchange *exchange)
{
	ssize_t got = fd_read(exchange->fd, exchange->bytes + exchange->len,
			      sizeof(exchange->bytes) - exchange->len);

	if (got > 0)
		exchange->len += (size_t)got;
	else if (got == 0 || errno != EAGAIN)
		fd_close(&exchange->fd); /* a line that is too long ends it as well */
}

/* Says a word and what belongs to it. The helper reads whenever it has said something. */
static void say(struct exchange *exchange, const char *word, struct span value, bool encode)
{
	char bytes[LINE_MAX_OCTETS];
	struct buffer line = BUFFER(bytes);

	buffer_string(&line, word);
	if (value.base != NULL)
		buffer_byte(&line, ' ');
	if (encode)
		base64_encode(&line, value);
	else
		buffer_put(&line, value);
	buffer_byte(&line, '\n');
	if (line.overflow || exchange->fd < 0 || !fd_write_all(exchange->fd, buffer_span(&line)))
		fd_close(&exchange->fd);
	explicit_bzero(bytes, line.len);
}

/* Waits for the helper's next line. False: there is none. */
static bool hear(struct runner *runner, struct span *line)
{
	struct exchange *exchange = runner->exchange;

	memmove(exchange->bytes, exchange->bytes + exchange->taken,
		exchange->len - exchange->taken);
	exchange->len -= exchange->taken;
	exchange->taken = 0;
	exchange->hook->deadline = clock_deadline(clock_now(), runner->options->hook_timeout);
	for (;;) {
		struct span said = { exchange->bytes, exchange->len };
		size_t at = span_find(said, '\n');

		if (at < said.len) {
			*line = span_first(said, at);
			exchange->taken = at + 1;
			exchange->hook->deadline = CLOCK_NEVER;
			/* It says one thing at a time. */
			return exchange->taken == said.len;
		}
		/* What it said before it ended is still there to be read. */
		if (exchange->fd < 0 ||
		    (exchange->hook->job.done &&
		     poll(&(struct pollfd){ exchange->fd, POLLIN, 0 }, 1, 0) != 1))
			return false;
		runner->awaited = exchange->fd;
		if (runner_turn(runner, false, false).awaited)
			listen_to(exchange);
		runner->awaited = -1;
	}
}

/* ---- its words --------------------------------------------------------------------------- */

/* A name in base64. False: it is none that could have logged in. */
static bool read_name(struct span text, char bytes[256], struct span *name)
{
	struct buffer decoded = { bytes, 0, 256, false };

	if (!base64_decode(&decoded, text))
		return false;
	*name = buffer_span(&decoded);
	return login_name_fits(*name);
}

/* Asks the secret program; there is one question in an exchange. */
static bool tell_secret(struct runner *runner, struct login *login, struct span text)
{
	struct exchange *exchange = runner->exchange;
	struct ask ask = { .event = EVENT_SECRET, .message = -1, .envelope = -1 };
	struct verdict verdict;
	struct span name, rest, line;
	int content;

	if (exchange->asked)
		return false;
	exchange->asked = true;
	if (!read_name(text, exchange->name, &name)) {
		say(exchange, "unknown", SPAN_NONE, false);
		return true;
	}
	exchange->name_len = name.len;
	login_name(login, name);
	facts_set(&runner->facts, FACT_AUTH_NAME, name);
	verdict = runner_decide(runner, &ask, &content);
	facts_unset(&runner->facts, FACT_AUTH_NAME);
	rest = verdict.text;
	line = span_trim_end(span_take(&rest, '\n'));
	if (verdict.exit == EXIT_DONE && line.len > 0)
		say(exchange, "secret", line, false);
	else
		say(exchange,
		    verdict.exit == EXIT_DONE || exit_permanent(verdict.exit) ? "unknown"
									      : "trouble",
		    SPAN_NONE, false);
	span_wipe(verdict.text);
	return true;
}

/* What can be passed on as a challenge. */
static bool is_base64(struct span text)
{
	char bytes[LINE_MAX_OCTETS];
	struct buffer decoded = BUFFER(bytes);
	bool is = text.len <= VERDICT_TEXT_MAX && base64_decode(&decoded, text);

	explicit_bzero(bytes, decoded.len);
	return is;
}

/* Nobody is believed to be another than the one whose secret was asked for. */
static bool take_success(struct exchange *exchange, struct login *login, struct span text)
{
	struct span final = text, encoded = span_take(&final, ' '), name;
	char bytes[256];

	if (!read_name(encoded, bytes, &name) || !exchange->asked || !is_base64(final) ||
	    !span_equal(name, (struct span){ exchange->name, exchange->name_len }))
		return false;
	login_name(login, name);
	login->exit = EXIT_DONE;
	if (final.len == 0)
		return true;
	/* RFC 4954 4: what is left to say goes out as a challenge, which an empty answer ends. */
	exchange->won = true;
	login->exit = VERDICT_CHALLENGE;
	login->text = final;
	return true;
}

static void log_word(const struct runner *runner, int level, const char *message, struct span text)
{
	struct log_line line;

	log_begin(&line, level, message);
	log_string(&line, "session", runner->session);
	log_text(&line, "text", text);
	log_end(&line);
}

/* Carries out a line. False: it is none of the helper's, or not now. */
static bool take_line(struct runner *runner, struct login *login, struct span rest, bool *over)
{
	struct span word = span_take(&rest, ' ');

	*over = true;
	if (span_equal(word, SPAN("secret"))) {
		*over = false;
		return tell_secret(runner, login, rest);
	}
	if (span_equal(word, SPAN("challenge")) && is_base64(rest)) {
		login->exit = VERDICT_CHALLENGE;
		login->text = rest.base == NULL ? SPAN("") : rest;
	} else if (span_equal(word, SPAN("success"))) {
		return take_success(runner->exchange, login, rest);
	} else if (span_equal(word, SPAN("failure"))) {
		login->exit = EXIT_NOPERM;
	} else if (span_equal(word, SPAN("error"))) {
		log_word(runner, LOG_DEBUG, "malformed response", rest);
		login->exit = EXIT_DATAERR;
	} else if (span_equal(word, SPAN("trouble"))) {
		log_word(runner, LOG_ERR, "sasl-session cannot go on", rest);
		login->exit = EXIT_TEMPFAIL;
	} else {
		return false;
	}
	return true;
}

static void converse(struct runner *runner, struct login *login)
{
	struct span line = SPAN_NONE;
	bool over = false;

	while (!over) {
		if (!hear(runner, &line) || !take_line(runner, login, line, &over)) {
			log_word(runner, LOG_ERR, "sasl-session broke the rules", SPAN_NONE);
			login->exit = EXIT_TEMPFAIL;
			return;
		}
	}
}

/* ---- the exchange ------------------------------------------------------------------------ */

/* The mail address in the certificate, else the name that its subject begins with. */
struct span external_identity(const struct runner *runner)
{
	struct span subject = facts_get(&runner->facts, FACT_TLS_PEER);
	struct span name = span_of(runner->tls_identity);

	if (name.len == 0 && span_starts(subject, SPAN("CN="))) {
		name = span_from(subject, 3);
		name = span_first(name, span_find(name, ','));
	}
	/* A backslash hides what follows it (RFC 4514 2.4). */
	return login_name_fits(name) && span_find(name, '\\') == name.len ? name : SPAN_NONE;
}

/* RFC 4422 A: TLS has said who it is; who asks to be somebody else is refused. */
static void take_external(const struct runner *runner, struct login *login, struct span authzid)
{
	struct span identity = external_identity(runner);

	login_name(login, identity);
	login->exit = authzid.len == 0 || span_equal(authzid, identity) ? EXIT_DONE : EXIT_NOPERM;
}

static bool begin(struct runner *runner, struct login *login)
{
	struct exchange *exchange = runner->exchange = calloc(1, sizeof(*exchange));

	if (exchange == NULL)
		return false;
	exchange->mechanism = login->mechanism;
	exchange->fd = -1;
	return start_helper(runner, exchange);
}

void runner_exchange(struct runner *runner, struct login *login, struct span response)
{
	struct exchange *exchange = runner->exchange;

	if (login->mechanism == SASL_EXTERNAL) {
		take_external(runner, login, response);
		return;
	}
	if (exchange != NULL && exchange->won) {
		login_name(login, (struct span){ exchange->name, exchange->name_len });
		login->exit = response.len == 0 ? EXIT_DONE : EXIT_DATAERR;
		return;
	}
	if (exchange != NULL) {
		login_name(login, (struct span){ exchange->name, exchange->name_len });
		say(exchange, "response", response.base == NULL ? SPAN("") : response, true);
	} else if (!begin(runner, login)) {
		return;
	} else if (response.base == NULL) {
		say(runner->exchange, "begin", SPAN_NONE, false);
	} else {
		say(runner->exchange, "response", response, true);
	}
	converse(runner, login);
}
