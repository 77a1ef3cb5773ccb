/* SPDX-License-Identifier: ISC */
/* client.c - the client's descriptors as OpenSSL reads and writes them. */
#include "client.h"

#include "base/clock.h"
#include "base/descriptor.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>

#define DRAIN_SECONDS 1

/* Is a descriptor that is no socket ready? EAGAIN if not. */
static bool ready(int fd, short events)
{
	struct pollfd waiting = { fd, events, 0 };

	if (poll(&waiting, 1, 0) > 0)
		return true;
	errno = EAGAIN;
	return false;
}

static ssize_t receive(int fd, char *bytes, size_t len)
{
	ssize_t got;

	do
		got = recv(fd, bytes, len, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == ENOTSOCK)
		return ready(fd, POLLIN) ? fd_read(fd, bytes, len) : -1;
	return got;
}

/* To a pipe no more than what goes in without waiting when any does. */
static ssize_t transmit(int fd, const char *bytes, size_t len)
{
	ssize_t put;

	do
		put = send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	if (put < 0 && errno == ENOTSOCK)
		return ready(fd, POLLOUT)
			       ? fd_write(fd,
					  (struct span){ bytes, len < PIPE_BUF ? len : PIPE_BUF })
			       : -1;
	return put;
}

static int read_bio(BIO *bio, char *bytes, size_t len, size_t *got)
{
	struct client *client = BIO_get_data(bio);
	ssize_t count = receive(client->in, bytes, len);

	BIO_clear_retry_flags(bio);
	if (count < 0 && errno == EAGAIN) {
		BIO_set_retry_read(bio);
		return 0;
	}
	client->ended |= count <= 0;
	*got = count > 0 ? (size_t)count : 0;
	return count > 0;
}

static int write_bio(BIO *bio, const char *bytes, size_t len, size_t *put)
{
	struct client *client = BIO_get_data(bio);
	ssize_t count = transmit(client->out, bytes, len);

	BIO_clear_retry_flags(bio);
	if (count < 0 && errno == EAGAIN)
		BIO_set_retry_write(bio);
	else
		client->ended |= count < 0;
	*put = count > 0 ? (size_t)count : 0;
	return count > 0;
}

static long control_bio(BIO *bio, int command, long number, void *pointer)
{
	const struct client *client = BIO_get_data(bio);

	(void)number, (void)pointer;
	if (command == BIO_CTRL_EOF)
		return client->ended;
	return command == BIO_CTRL_FLUSH;
}

BIO *client_bio(struct client *client)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "client");
	BIO *bio;

	if (method == NULL || !BIO_meth_set_read_ex(method, read_bio) ||
	    !BIO_meth_set_write_ex(method, write_bio) || !BIO_meth_set_ctrl(method, control_bio))
		return NULL;
	bio = BIO_new(method);
	if (bio == NULL)
		return NULL;
	BIO_set_data(bio, client);
	BIO_set_init(bio, 1);
	return bio;
}

void client_shut(const struct client *client)
{
	shutdown(client->out, SHUT_WR);
}

void client_drain(const struct client *client)
{
	int64_t deadline = clock_deadline(clock_now(), DRAIN_SECONDS);
	struct pollfd waiting = { client->in, POLLIN, 0 };
	char bytes[4096];
	ssize_t got = 1;

	while (got > 0 || (got < 0 && errno == EAGAIN)) {
		int count = poll(&waiting, 1, clock_poll_timeout(clock_now(), deadline));

		if (count == 0 || clock_now() >= deadline)
			return;
		got = recv(client->in, bytes, sizeof(bytes), MSG_DONTWAIT);
	}
}
