/* SPDX-License-Identifier: ISC */
/*
 * load-fill.c - fills a Maildir or an mbox with messages that load-pop3 knows again.
 *
 *   load-fill maildir|mbox|print PATH COUNT SIZE KIND SEED
 *
 * In files lines end in LF; "print" writes one message with CRLF to standard output. Maildir names
 * carry no sizes, as a delivery of another program leaves them.
 */
#include "message.h"

#include "base/descriptor.h"
#include "base/number.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(int fd, struct span octets)
{
	if (!fd_write_all(fd, octets)) {
		perror("write");
		exit(1);
	}
}

/* The octets without CR. */
static void put_lines(int fd, struct span octets)
{
	static char storage[1 << 18];
	struct buffer lines = BUFFER(storage);

	while (octets.len > 0) {
		size_t len = span_find(octets, '\r');

		if (len + 1 > buffer_room(&lines)) {
			put(fd, buffer_span(&lines));
			buffer_clear(&lines);
		}
		buffer_put(&lines, span_first(octets, len));
		octets = span_from(octets, len < octets.len ? len + 1 : len);
	}
	put(fd, buffer_span(&lines));
}

static void put_message(int fd, const struct message *message, void (*put_octets)(int, struct span))
{
	uint64_t at = 0;
	struct span run;

	put_octets(fd, (struct span){ message->head, message->head_len });
	while ((run = message_run(message, MESSAGE_RAW, &at)).len > 0)
		put_octets(fd, run);
}

static int open_file(const char *path, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

	if (fd < 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

/* Three directories; whichever is there already is well. */
static void make_maildir(const char *path)
{
	static const char *const names[] = { "", "/tmp", "/new", "/cur" };

	for (unsigned i = 0; i < 4; i++) {
		char name[4096];

		snprintf(name, sizeof(name), "%s%s", path, names[i]);
		mkdir(name, 0700);
	}
}

int main(int argc, char **argv)
{
	static struct message message;
	uint64_t count;
	uint64_t size;
	uint64_t seed;
	uint64_t random;
	bool maildir = argc == 7 && span_equal(span_of(argv[1]), SPAN("maildir"));
	bool print = argc == 7 && span_equal(span_of(argv[1]), SPAN("print"));
	int fd;

	if (argc != 7 || !number_upto(span_of(argv[3]), 10000000, &count) ||
	    !number_upto(span_of(argv[4]), INT64_MAX, &size) ||
	    message_kind(span_of(argv[5])) == MESSAGE_KINDS ||
	    number_parse(span_of(argv[6]), &seed) != NUMBER_OK) {
		fprintf(stderr, "usage: load-fill maildir|mbox|print PATH COUNT SIZE KIND SEED\n");
		return 2;
	}
	random = seed;
	if (maildir)
		make_maildir(argv[2]);
	fd = maildir ? -1 : print ? STDOUT_FILENO : open_file(argv[2], O_TRUNC);
	for (uint64_t i = 0; i < count; i++) {
		char name[4096];
		uint64_t line = message_random(&random);

		/* A quarter up or down; a single message is as large as it was asked for. */
		message_make(&message, message_kind(span_of(argv[5])), seed, line,
			     count == 1
				     ? size
				     : size - size / 4 + message_random(&random) % (size / 2 + 1));
		if (maildir) {
			snprintf(name, sizeof(name), "%s/new/%llu.M%06lluP1.bench", argv[2],
				 1700000000 + (unsigned long long)i / 1000,
				 (unsigned long long)i % 1000 * 1000);
			fd = open_file(name, O_EXCL);
		} else if (!print) {
			put(fd, SPAN("From u@client.example Sat Nov 21 12:00:00 2026\n"));
		}
		put_message(fd, &message, print ? put : put_lines);
		if (maildir)
			close(fd);
		else if (!print)
			put(fd, SPAN("\n"));
	}
	return 0;
}
