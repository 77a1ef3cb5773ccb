/* SPDX-License-Identifier: ISC */
/* ucspi.c - what a TLS server tells us: the variables and descriptors of UCSPI-TLS. */
#include "session/ucspi.h"

#include "backend/spawn.h"
#include "base/ascii.h"
#include "base/descriptor.h"
#include "base/number.h"
#include "session/runner.h"

#include <fcntl.h>
#include <stdlib.h>

/* Facts about a connection that is inside of TLS, then the descriptors of an offer to begin it. */
static const char *const names[] = {
	"SSL_PROTOCOL",    "SSL_CIPHER",           "SSL_TLS_SNI_SERVERNAME", "SSL_CLIENT_VERIFY",
	"SSL_CLIENT_S_DN", "SSL_CLIENT_SAN_EMAIL", "SSL_EXPORTER",           "SSLCTLFD",
	"SSLREADFD",       "SSLWRITEFD",
};
#define FACT_NAMES 7

void ucspi_forget(void)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		unsetenv(names[i]);
}

/* The descriptor that a variable names, moved out of the way; the variable ends here. -1: none. */
static int take_descriptor(const char *name)
{
	uint64_t number;
	int fd = -1;

	if (number_upto(span_of(getenv(name)), INT32_MAX, &number) && number > 2)
		fd = fcntl((int)number, F_DUPFD_CLOEXEC, SPAWN_FDS_MAX);
	unsetenv(name);
	return fd;
}

void ucspi_adopt_offer(struct runner *runner)
{
	struct secure *secure = &runner->secure;

	secure->control = take_descriptor("SSLCTLFD");
	secure->plain[0] = take_descriptor("SSLREADFD");
	secure->plain[1] = take_descriptor("SSLWRITEFD");
	secure->foreign = secure->control >= 0 && secure->plain[0] >= 0 && secure->plain[1] >= 0;
	if (secure->foreign)
		return;
	fd_close(&secure->control);
	fd_close(&secure->plain[0]);
	fd_close(&secure->plain[1]);
}

/* What can stand in a variable and in a log line (TLS-013: whoever told it). */
static bool is_printable(struct span value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (!ascii_is_print(value.base[i]))
			return false;
	}
	return value.len > 0 && value.base[0] != '-' && !span_starts(value, SPAN("()"));
}

static void keep_text(char *text, size_t cap, struct span value)
{
	struct buffer buffer = { text, 0, cap, false };

	buffer_put(&buffer, value);
	if (buffer_cstr(&buffer) == NULL)
		text[0] = '\0';
}

/* A certificate that was not verified tells nothing. */
void ucspi_learn(struct runner *runner, struct span told)
{
	static const struct {
		const char *name;
		enum fact_name fact;
	} rows[] = {
		{ "SSL_PROTOCOL", FACT_TLS_VERSION },
		{ "SSL_CIPHER", FACT_TLS_CIPHER },
		{ "SSL_TLS_SNI_SERVERNAME", FACT_TLS_SNI },
		{ "SSL_CLIENT_S_DN", FACT_TLS_PEER },
	};
	bool verified = false;

	facts_set(&runner->facts, FACT_TLS_VERSION, SPAN("TLS"));
	while (told.len > 0) {
		struct span value = span_take(&told, '\0');
		struct span name = span_take(&value, '=');

		if (!is_printable(value))
			continue;
		verified |= span_equal(name, SPAN("SSL_CLIENT_VERIFY")) &&
			    span_equal(value, SPAN("SUCCESS"));
		if (span_equal(name, SPAN("SSL_EXPORTER")))
			keep_text(runner->tls_binding, sizeof(runner->tls_binding), value);
		if (span_equal(name, SPAN("SSL_CLIENT_SAN_EMAIL")))
			keep_text(runner->tls_identity, sizeof(runner->tls_identity), value);
		for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
			if (span_equal(name, span_of(rows[i].name)) &&
			    value.len <= fact_table[rows[i].fact].most)
				facts_set(&runner->facts, rows[i].fact, value);
		}
	}
	if (verified)
		return;
	facts_unset(&runner->facts, FACT_TLS_PEER);
	runner->tls_identity[0] = '\0';
}

void ucspi_adopt_facts(struct runner *runner)
{
	static char bytes[UCSPI_TOLD_MAX];
	struct buffer told = BUFFER(bytes);

	/* What a PROXY header told is of the client, this of whoever sent it. */
	if (span_of(getenv(names[0])).len == 0 || runner->via[0] != '\0')
		return;
	for (unsigned i = 0; i < FACT_NAMES; i++) {
		size_t whole = told.len;

		buffer_string(&told, names[i]);
		buffer_byte(&told, '=');
		buffer_put(&told, span_of(getenv(names[i])));
		buffer_byte(&told, '\0');
		if (told.overflow)
			told = (struct buffer){ bytes, whole, sizeof(bytes), false };
	}
	ucspi_learn(runner, buffer_span(&told));
	explicit_bzero(bytes, told.len);
}
