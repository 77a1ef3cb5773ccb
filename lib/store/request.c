/* SPDX-License-Identifier: ISC */
/* request.c - one event to outcome, by either contract. */
#include "store/request.h"

#include "base/descriptor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *program = "store";

void request_program(const char *name)
{
	program = name;
}

struct span request_setting(const struct request *request, const char *name)
{
	struct span value = SPAN_NONE;

	if (request->record != NULL)
		value = record_get(request->record, name);
	return value.base != NULL ? value : span_of(getenv(name));
}

struct span request_fact(const struct request *request, enum fact_name name)
{
	if (request->record != NULL)
		return record_get(request->record, fact_table[name].name);
	return span_of(getenv(fact_table[name].name));
}

ssize_t request_read(struct request *request, char *bytes, size_t len)
{
	struct input *input = &request->input;
	ssize_t got;

	if (input->channel != NULL) {
		if (len > input->left)
			len = (size_t)input->left;
		if (len == 0)
			return 0;
		got = channel_read(input->channel, bytes, len);
		if (got == 0)
			errno = ECONNRESET;
		if (got <= 0)
			return -1;
		input->left -= (uint64_t)got;
		return got;
	}
	if (input->fd < 0)
		return 0;
	if (input->at < 0)
		return fd_read(input->fd, bytes, len);
	do
		got = pread(input->fd, bytes, len, input->at);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == ESPIPE)
		return fd_read(input->fd, bytes, len);
	if (got > 0)
		input->at += got;
	return got;
}

bool request_lines(struct request *request, void (*each)(void *context, struct span line),
		   void *context)
{
	char bytes[2 * REQUEST_LINE_MAX];
	size_t len = 0;
	ssize_t got;

	do {
		struct span rest;

		got = request_read(request, bytes + len, sizeof(bytes) - len);
		if (got < 0)
			return false;
		rest = (struct span){ bytes, len + (size_t)got };
		while (span_find(rest, '\n') < rest.len || (got == 0 && rest.len > 0))
			each(context, span_take(&rest, '\n'));
		if (rest.len > REQUEST_LINE_MAX) {
			errno = ENAMETOOLONG;
			return false;
		}
		len = rest.len;
		if (len > 0)
			memmove(bytes, rest.base, len);
	} while (got > 0);
	return true;
}

bool request_drain(struct request *request)
{
	static char block[16384]; /* not on the stack, of which each page would be touched */

	while (request->input.channel != NULL && request->input.left > 0) {
		if (request_read(request, block, sizeof(block)) <= 0)
			return false;
	}
	return true;
}

int request_path(struct request *request, struct span user, struct mailbox_path *path)
{
	struct span pattern = request_setting(request, request->pattern);

	if (pattern.len == 0) {
		request_log_setting(request->pattern, "is not set", NULL);
		return request_refuse(request, EXIT_CONFIG, "451 4.3.5",
				      "The store is not configured");
	}
	switch (pattern_expand(pattern, user, path)) {
	case PATTERN_OK:
		return EXIT_DONE;
	case PATTERN_NO_MAILBOX:
		return request_no_mailbox(request);
	case PATTERN_BAD:
		break;
	}
	request_log_setting(request->pattern, "is no path pattern", NULL);
	return request_refuse(request, EXIT_CONFIG, "451 4.3.5", "The store is not configured");
}

int request_user(struct request *request, struct span *user)
{
	*user = request_setting(request, fact_table[FACT_USER].name);
	if (user->len > 0)
		return EXIT_DONE;
	request_log("USER is not set", NULL, 0);
	return request_refuse(request, EXIT_TEMPFAIL, "451 4.3.0", "The store knows no user");
}

int request_no_mailbox(struct request *request)
{
	return request_refuse(request, EXIT_NOUSER, "550 5.1.1", "No such mailbox");
}

int request_refuse(struct request *request, int exit, const char *code, const char *text)
{
	request->reply = (struct reply){ code, text };
	return exit;
}

bool request_end(struct request *request, int exit)
{
	struct outcome *outcome = request->outcome;

	if (request->reply.text != NULL) {
		outcome_begin(outcome);
		if (event_table[request->event].protocols != IN_POP3) {
			outcome_put(outcome, span_of(request->reply.code));
			outcome_put(outcome, SPAN(" "));
		}
		outcome_put(outcome, span_of(request->reply.text));
		outcome_put(outcome, SPAN("\n"));
	}
	return outcome_end(outcome, exit);
}

int request_trouble(struct request *request, const char *what, const char *name)
{
	int error = errno;

	request_log(what, name, error);
	if (error == ENOSPC || error == EDQUOT || error == EFBIG)
		return request_refuse(request, EXIT_TEMPFAIL, "452 4.3.1", "Not enough space");
	return request_refuse(request, EXIT_TEMPFAIL, "451 4.3.0",
			      "The mailbox cannot be used now");
}

void request_log(const char *what, const char *name, int error)
{
	/* One write a line, and nothing that a name holds can begin another. */
	char line[1024];
	struct buffer out = BUFFER(line);

	out.cap--;
	buffer_string(&out, program);
	buffer_string(&out, ": ");
	buffer_string(&out, what);
	if (name != NULL) {
		buffer_string(&out, ": ");
		for (; *name != '\0'; name++)
			buffer_byte(&out,
				    (unsigned char)*name < 0x20 || *name == 0x7f ? '?' : *name);
	}
	if (error != 0) {
		buffer_string(&out, ": ");
		buffer_string(&out, strerror(error));
	}
	line[out.len++] = '\n';
	fd_write_all(STDERR_FILENO, buffer_span(&out));
}

void request_log_setting(const char *setting, const char *what, const char *name)
{
	char text[256];
	struct buffer out = BUFFER(text);

	buffer_string(&out, setting);
	buffer_byte(&out, ' ');
	buffer_string(&out, what);
	request_log(buffer_cstr(&out) != NULL ? text : what, name, 0);
}
