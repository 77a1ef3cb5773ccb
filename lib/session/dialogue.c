/* SPDX-License-Identifier: ISC */
/* dialogue.c - what --trace writes: the dialogue, secrets masked. */
#include "session/dialogue.h"

#include "base/ascii.h"
#include "base/descriptor.h"

/* Octets of a line that are shown. */
#define SHOWN_MAX 600

static void write_line(int fd, const char *who, struct span text)
{
	char bytes[16 + 4 * SHOWN_MAX];
	struct buffer line = BUFFER(bytes);

	buffer_string(&line, who);
	for (size_t i = 0; i < text.len && i < SHOWN_MAX; i++) {
		char c = text.base[i];

		if (ascii_is_print(c) || ascii_is_high(c)) {
			buffer_byte(&line, c);
			continue;
		}
		/* What the engine has wiped: no command holds a NUL. */
		if (c == '\0') {
			buffer_string(&line, "(secret)");
			while (i + 1 < text.len && text.base[i + 1] == '\0')
				i++;
			continue;
		}
		buffer_string(&line, "\\x");
		buffer_hex(&line, (unsigned char)c, 2);
	}
	buffer_string(&line, text.len > SHOWN_MAX ? "...\n" : "\n");
	fd_write_all(fd, buffer_span(&line));
}

/* The length of what may be shown of a command line: the verbs that carry secrets are cut. */
static size_t shown(struct span line)
{
	static const struct span secret[] = { { "PASS", 4 }, { "AUTH", 4 }, { "APOP", 4 } };
	size_t verb = 0;

	while (verb < line.len && ascii_is_alpha(line.base[verb]))
		verb++;

	for (size_t i = 0; i < sizeof(secret) / sizeof(*secret); i++) {
		if (verb < line.len && span_equal_nocase(span_first(line, verb), secret[i]))
			return verb;
	}
	return line.len;
}

void dialogue_input(int fd, const struct input *input, size_t before, bool in_message)
{
	struct span rest = { input->base + before, input->at - before };

	if (rest.len == 0)
		return;
	if (in_message) {
		char bytes[64];
		struct buffer line = BUFFER(bytes);

		buffer_string(&line, "(");
		buffer_number(&line, rest.len);
		buffer_string(&line, " octets of the message)");
		write_line(fd, "C: ", buffer_span(&line));
		return;
	}
	while (rest.base != NULL && rest.len > 0) {
		struct span line = span_take(&rest, '\n');
		size_t len;

		if (line.len > 0 && line.base[line.len - 1] == '\r')
			line.len--;
		len = shown(line);
		if (len < line.len)
			write_line(fd, "C: (secret) ", span_first(line, len));
		else
			write_line(fd, "C: ", line);
	}
}

void dialogue_replies(int fd, struct span replies)
{
	while (replies.base != NULL && replies.len > 0) {
		struct span line = span_take(&replies, '\n');

		if (line.len > 0 && line.base[line.len - 1] == '\r')
			line.len--;
		write_line(fd, "S: ", line);
	}
}
