/* SPDX-License-Identifier: ISC */
/*
 * record_channel.c - one end of a co-process stream: records in every split, bodies left
 * for channel_read, descriptors in order and never leaked, early ends told from orderly ones.
 */
#include "backend/record.h"

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char storage[RECORD_MAX + 1];

static struct channel open_channel(int *peer)
{
	struct channel channel;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		abort();
	channel_init(&channel, pair[0], storage, sizeof(storage));
	*peer = pair[1];
	return channel;
}

static void put(int fd, struct span bytes)
{
	if (write(fd, bytes.base, bytes.len) != (ssize_t)bytes.len)
		abort();
}

static int open_descriptors(void)
{
	struct stat facts;
	int count = 0;

	for (int fd = 0; fd < 64; fd++)
		count += fstat(fd, &facts) == 0;
	return count;
}

/* Two records and a body, sent in two pieces cut at every place. */
static void every_split(void)
{
	const struct span all =
		SPAN("call=deliver\nlength=4\n\na\n\nbcall=rcpt\nRECIPIENT=x@y\n\n");

	for (size_t cut = 0; cut <= all.len; cut++) {
		struct record record;
		char body[8];
		size_t len = 0;
		int peer;
		struct channel channel = open_channel(&peer);

		put(peer, span_first(all, cut));
		if (cut > 0)
			CHECK(channel_fill(&channel) == (ssize_t)cut);
		put(peer, span_from(all, cut));
		shutdown(peer, SHUT_WR);
		CHECK(channel_wait(&channel, &record) == RECORD_OK);
		CHECK(span_equal(record_get(&record, "call"), SPAN("deliver")));
		while (len < 4) {
			ssize_t got = channel_read(&channel, body + len, 4 - len);

			CHECK(got > 0);
			if (got <= 0)
				break;
			len += (size_t)got;
		}
		CHECK(memcmp(body, "a\n\nb", 4) == 0);
		CHECK(channel_wait(&channel, &record) == RECORD_OK);
		CHECK(span_equal(record_get(&record, "RECIPIENT"), SPAN("x@y")));
		CHECK(channel_wait(&channel, &record) == RECORD_END);
		channel_close(&channel);
		close(peer);
	}
}

static void early_end(void)
{
	struct record record;
	int peer;
	struct channel channel = open_channel(&peer);

	put(peer, SPAN("exit=0\n"));
	close(peer);
	CHECK(channel_wait(&channel, &record) == RECORD_ERROR && errno == ECONNRESET);
	channel_close(&channel);
	CHECK(channel.fd == -1);
}

static void bad_record(void)
{
	struct record record;
	int peer;
	struct channel channel = open_channel(&peer);

	put(peer, SPAN("HTTP/1.1 200 OK\r\n"));
	CHECK(channel_wait(&channel, &record) == RECORD_BAD);
	close(peer);
	channel_close(&channel);
}

static void not_blocking(void)
{
	struct record record;
	int peer;
	struct channel channel = open_channel(&peer);

	fcntl(channel.fd, F_SETFL, O_NONBLOCK);
	CHECK(channel_fill(&channel) == -1 && errno == EAGAIN);
	put(peer, SPAN("exit="));
	CHECK(channel_fill(&channel) == 5);
	CHECK(channel_next(&channel, &record) == RECORD_MORE);
	put(peer, SPAN("75\n\n"));
	CHECK(channel_wait(&channel, &record) == RECORD_OK);
	CHECK(span_equal(record_get(&record, "exit"), SPAN("75")));
	close(peer);
	channel_close(&channel);
}

/* A stream that never completes a record ends in RECORD_BAD, in constant memory. */
static void flood(void)
{
	static char junk[4096];
	struct record record;
	enum record_result result = RECORD_MORE;
	int peer;
	struct channel channel = open_channel(&peer);

	memset(junk, 'j', sizeof(junk));
	for (int i = 0; i < 16 && result == RECORD_MORE; i++) {
		put(peer, (struct span){ junk, sizeof(junk) });
		CHECK(channel_fill(&channel) > 0);
		result = channel_next(&channel, &record);
	}
	CHECK(result == RECORD_BAD && channel.len <= sizeof(storage));
	close(peer);
	channel_close(&channel);
}

static bool same_file(int a, int b)
{
	struct stat first, second;

	return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

/* Descriptors arrive oldest first and close-on-exec; what is not taken, or too many, is closed. */
static void descriptors(void)
{
	int before = open_descriptors();
	struct record record;
	struct channel writer;
	int peer, file, first, second;
	struct channel channel = open_channel(&peer);

	channel_init(&writer, peer, NULL, 0);
	file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CHECK(channel_send(&writer, SPAN("exit=0\nfd=1\n\n"), file));
	CHECK(channel_send(&writer, SPAN("exit=1\n\n"), -1));
	CHECK(channel_send(&writer, SPAN("exit=2\n\n"), peer));
	CHECK(channel_wait(&channel, &record) == RECORD_OK);
	CHECK(channel_wait(&channel, &record) == RECORD_OK);
	CHECK(channel_wait(&channel, &record) == RECORD_OK);
	first = channel_take_fd(&channel);
	second = channel_take_fd(&channel);
	CHECK(same_file(first, file) && same_file(second, peer));
	CHECK((fcntl(first, F_GETFD) & FD_CLOEXEC) != 0);
	CHECK(channel_take_fd(&channel) == -1);
	close(first);
	close(second);
	for (int i = 0; i < CHANNEL_FDS_WAITING + 2; i++) {
		CHECK(channel_send(&writer, SPAN("a=1\n\n"), file));
		CHECK(channel_wait(&channel, &record) == RECORD_OK);
	}
	CHECK(channel.fd_count == CHANNEL_FDS_WAITING);
	close(file);
	channel_close(&writer);
	channel_close(&channel);
	CHECK(open_descriptors() == before);
}

/* The descriptors of several records come with the first octet of the first, in their order. */
static void descriptors_together(void)
{
	static const char *const paths[] = { "/dev/null", "/dev/zero", "/dev/full" };
	int before = open_descriptors(), fds[CHANNEL_FDS_MAX];
	char bytes[256];
	struct buffer records = BUFFER(bytes);
	struct record record;
	struct channel writer;
	int peer;
	struct channel channel = open_channel(&peer);

	channel_init(&writer, peer, NULL, 0);
	for (unsigned i = 0; i < CHANNEL_FDS_MAX; i++) {
		fds[i] = open(paths[i % 3], O_RDONLY | O_CLOEXEC);
		record_put_number(&records, "exit", i);
		record_finish(&records);
	}
	/* One that waits already does not push the others out. */
	CHECK(channel_send(&writer, SPAN("a=1\n\n"), fds[1]));
	CHECK(channel_send_all(&writer, buffer_span(&records), fds, CHANNEL_FDS_MAX));
	for (unsigned i = 0; i <= CHANNEL_FDS_MAX; i++) {
		int fd, sent = i == 0 ? 1 : (int)i - 1;

		CHECK(channel_wait(&channel, &record) == RECORD_OK);
		fd = channel_take_fd(&channel);
		CHECK(same_file(fd, fds[sent]));
		close(fd);
	}
	CHECK(channel.fd_count == 0);
	for (unsigned i = 0; i < CHANNEL_FDS_MAX; i++)
		close(fds[i]);
	/* A socket that is full says so, and has taken nothing. */
	while (send(peer, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	CHECK(channel_offer(&writer, SPAN("a"), &peer, 1) == -1 && errno == EAGAIN);
	channel_close(&writer);
	channel_close(&channel);
	CHECK(open_descriptors() == before);
}

/* More than a socket buffer holds: channel_send blocks until all of it is written. */
static void large_send(void)
{
	static char block[1 << 20];
	struct channel writer;
	int peer;
	size_t total = 0;
	struct channel channel = open_channel(&peer);
	pid_t child = fork();

	if (child == 0) {
		close(channel.fd);
		channel_init(&writer, peer, NULL, 0);
		fcntl(peer, F_SETFL, O_NONBLOCK);
		_exit(!channel_send(&writer, (struct span){ block, sizeof(block) },
				    open("/dev/null", O_RDONLY)));
	}
	close(peer);
	for (ssize_t got = 1; got > 0; total += (size_t)got) {
		got = channel_fill(&channel);
		channel.len = 0;
		if (got < 0)
			break;
	}
	CHECK(total == sizeof(block) && channel.fd_count == 1);
	channel_close(&channel);
	channel_init(&writer, -1, NULL, 0);
	CHECK(!channel_send(&writer, SPAN("x"), -1) && errno == EBADF);
}

int main(void)
{
	every_split();
	early_end();
	bad_record();
	not_blocking();
	flood();
	descriptors();
	descriptors_together();
	large_send();
	return check_report();
}
