/* SPDX-License-Identifier: ISC */
/* exchange.c - what a mechanism says to the runner and hears from it. */
#include "exchange.h"

#include "base/ascii.h"
#include "base/descriptor.h"
#include "base/utf8.h"

#include <sys/socket.h>
#include <unistd.h>

/* Octets of a user name. */
#define NAME_MAX_OCTETS 255

void exchange_start(struct exchange *exchange)
{
	exchange->in = BUFFER(exchange->in_bytes);
	exchange->response = BUFFER(exchange->response_bytes);
	exchange->taken = 0;
}

void exchange_end(struct exchange *exchange)
{
	/* A socket that is closed with octets unread takes the last word with it. */
	while (recv(STDIN_FILENO, exchange->in_bytes, sizeof(exchange->in_bytes), MSG_DONTWAIT) > 0)
		;
	explicit_bzero(exchange, sizeof(*exchange));
}

/* ---- lines ------------------------------------------------------------------------------- */

/* The next line without its LF; the one before is gone. False when there is none. */
static bool read_line(struct exchange *exchange, struct span *line)
{
	struct buffer *in = &exchange->in;

	buffer_drop(in, exchange->taken);
	exchange->taken = 0;
	for (;;) {
		struct span heard = buffer_span(in);
		size_t lf = span_find(heard, '\n');
		ssize_t got;

		if (lf < heard.len) {
			*line = span_first(heard, lf);
			exchange->taken = lf + 1;
			return true;
		}
		if (buffer_room(in) == 0) {
			exchange_trouble("a line is too long");
			return false;
		}
		got = fd_read(STDIN_FILENO, in->base + in->len, buffer_room(in));
		if (got <= 0)
			return false;
		in->len += (size_t)got;
	}
}

/* WORD, a blank and base64 for each value that is not absent; one write(2). */
static bool write_line(const char *word, struct span value, struct span more)
{
	char bytes[EXCHANGE_LINE_MAX];
	struct buffer line = BUFFER(bytes);
	struct span values[] = { value, more };
	bool good;

	buffer_string(&line, word);
	for (size_t i = 0; i < 2; i++) {
		if (values[i].base != NULL) {
			buffer_byte(&line, ' ');
			base64_encode(&line, values[i]);
		}
	}
	buffer_byte(&line, '\n');
	good = !line.overflow && fd_write_all(STDOUT_FILENO, buffer_span(&line));
	explicit_bzero(bytes, line.len);
	return good;
}

/* "WORD TEXT"; what failed to reach the runner it learns from the end of the socket. */
static void write_text(const char *word, const char *text)
{
	char bytes[256];
	struct buffer line = BUFFER(bytes);

	buffer_string(&line, word);
	buffer_byte(&line, ' ');
	buffer_string(&line, text);
	buffer_byte(&line, '\n');
	fd_write_all(STDOUT_FILENO, buffer_span(&line));
}

/* ---- the client -------------------------------------------------------------------------- */

/* Reads "response BASE64", and "begin" where that may be. */
static bool read_response(struct exchange *exchange, bool first, struct span *response)
{
	struct span line;

	if (!read_line(exchange, &line))
		return false;
	if (first && span_equal(line, SPAN("begin"))) {
		*response = SPAN_NONE;
		return true;
	}
	buffer_clear(&exchange->response);
	if (!span_starts(line, SPAN("response ")) ||
	    !base64_decode(&exchange->response, span_from(line, SPAN("response ").len))) {
		exchange_trouble("no response was to be read");
		return false;
	}
	*response = buffer_span(&exchange->response);
	return true;
}

bool exchange_first(struct exchange *exchange, struct span *response)
{
	return read_response(exchange, true, response);
}

bool exchange_challenge(struct exchange *exchange, struct span challenge, struct span *response)
{
	return write_line("challenge", challenge, SPAN_NONE) &&
	       read_response(exchange, false, response);
}

/* ---- the store --------------------------------------------------------------------------- */

/* POP-019: no store is asked for a name that has no place in a path, a table or a log. */
static bool name_valid(struct span name)
{
	if (name.len == 0 || name.len > NAME_MAX_OCTETS || !utf8_all_harmless(name))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (ascii_is_control(name.base[i]))
			return false;
	}
	return true;
}

bool exchange_secret(struct exchange *exchange, struct span name, struct span *line)
{
	struct span answer;

	*line = SPAN_NONE;
	if (!name_valid(name))
		return true;
	if (!write_line("secret", name, SPAN_NONE) || !read_line(exchange, &answer))
		return false;
	if (span_equal(answer, SPAN("unknown")))
		return true;
	if (span_starts(answer, SPAN("secret "))) {
		*line = span_from(answer, SPAN("secret ").len);
		return true;
	}
	exchange_trouble("no secret was to be had");
	return false;
}

/* ---- last words -------------------------------------------------------------------------- */

void exchange_success(struct span name, struct span data)
{
	write_line("success", name, data);
}

void exchange_failure(void)
{
	write_line("failure", SPAN_NONE, SPAN_NONE);
}

void exchange_error(const char *text)
{
	write_text("error", text);
}

void exchange_trouble(const char *text)
{
	write_text("trouble", text);
}
