/* SPDX-License-Identifier: ISC */
/*
 * record.c - the records of the co-process contract.
 *
 * Parsing is pure and can be repeated on a growing prefix.  The channel below it
 * reads no further than its storage, takes descriptors in the order they were sent,
 * and leaves what follows a record (a body, the next record) for the next call.
 */
#include "backend/record.h"

#include "base/number.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum record_result record_parse(struct span bytes, struct record *record, size_t *used)
{
	struct span rest = bytes;

	record->count = 0;
	while (rest.len > 0) {
		struct span line = span_first(rest, span_find(rest, '\n'));
		size_t taken = bytes.len - rest.len;
		size_t equals = span_find(line, '=');

		if (line.len == 0) {
			*used = taken + 1;
			return RECORD_OK;
		}
		/* The line's LF counts, whether it is there yet or not. */
		if (span_find(line, '\0') < line.len || taken + line.len >= RECORD_MAX)
			return RECORD_BAD;
		if (line.len == rest.len)
			return RECORD_MORE;
		if (equals == 0 || equals == line.len || record->count == RECORD_FIELDS_MAX)
			return RECORD_BAD;
		record->fields[record->count++] = (struct record_field){
			span_first(line, equals),
			span_from(line, equals + 1),
		};
		rest = span_from(rest, line.len + 1);
	}
	return RECORD_MORE;
}

struct span record_get(const struct record *record, const char *key)
{
	for (unsigned i = 0; i < record->count; i++) {
		if (span_is(record->fields[i].key, key))
			return record->fields[i].value;
	}
	return SPAN_NONE;
}

bool record_number(const struct record *record, const char *key, uint64_t max, uint64_t otherwise,
		   uint64_t *value)
{
	struct span digits = record_get(record, key);

	if (digits.base == NULL) {
		*value = otherwise;
		return true;
	}
	return number_upto(digits, max, value);
}

void record_put(struct buffer *buffer, const char *key, struct span value)
{
	if (span_find(value, '\n') < value.len || span_find(value, '\0') < value.len)
		buffer->overflow = true;
	buffer_string(buffer, key);
	buffer_byte(buffer, '=');
	buffer_put(buffer, value);
	buffer_byte(buffer, '\n');
}

void record_put_number(struct buffer *buffer, const char *key, uint64_t value)
{
	buffer_string(buffer, key);
	buffer_byte(buffer, '=');
	buffer_number(buffer, value);
	buffer_byte(buffer, '\n');
}

void record_finish(struct buffer *buffer)
{
	buffer_byte(buffer, '\n');
}

void channel_init(struct channel *channel, int fd, char *storage, size_t cap)
{
	*channel = (struct channel){ .fd = fd, .base = storage, .cap = cap };
}

/*
 * Keeps the descriptors of one message; those for which there is no room are closed.  The kernel
 * sends one header, since no other kind of ancillary data was asked for.
 */
static void take_descriptors(struct channel *channel, struct msghdr *message)
{
	const struct cmsghdr *header = CMSG_FIRSTHDR(message);

	if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
		return;
	for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= header->cmsg_len; at += sizeof(int)) {
		int fd;

		memcpy(&fd, CMSG_DATA(header) + at, sizeof(fd));
		if (channel->fd_count < CHANNEL_FDS_WAITING)
			channel->fds[channel->fd_count++] = fd;
		else
			close(fd);
	}
}

ssize_t channel_fill(struct channel *channel)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(CHANNEL_FDS_MAX * sizeof(int))];
	} control;
	struct iovec block;
	struct msghdr message = {
		.msg_iov = &block,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t got;

	if (channel->at > 0 && channel->len > 0)
		memmove(channel->base, channel->base + channel->at, channel->len);
	channel->at = 0;
	if (channel->len == channel->cap) {
		errno = ENOBUFS;
		return -1;
	}
	block.iov_base = channel->base + channel->len;
	block.iov_len = channel->cap - channel->len;
	do
		got = recvmsg(channel->fd, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -1;
	take_descriptors(channel, &message);
	channel->len += (size_t)got;
	return got;
}

enum record_result channel_next(struct channel *channel, struct record *record)
{
	struct span bytes = { channel->base + channel->at, channel->len };
	size_t used = 0;
	enum record_result result = record_parse(bytes, record, &used);

	channel->at += used;
	channel->len -= used;
	return result;
}

/* Waits until the channel is ready for `events`; false with errno. */
static bool channel_ready(const struct channel *channel, short events)
{
	struct pollfd poller = { .fd = channel->fd, .events = events };

	return poll(&poller, 1, -1) > 0 || errno == EINTR;
}

enum record_result channel_wait(struct channel *channel, struct record *record)
{
	for (;;) {
		enum record_result result = channel_next(channel, record);
		ssize_t got;

		if (result != RECORD_MORE)
			return result;
		got = channel_fill(channel);
		if (got == 0 && channel->len == 0)
			return RECORD_END;
		if (got == 0)
			errno = ECONNRESET;
		if (got == 0 || (got < 0 && (errno != EAGAIN || !channel_ready(channel, POLLIN))))
			return RECORD_ERROR;
	}
}

ssize_t channel_read(struct channel *channel, char *bytes, size_t len)
{
	ssize_t got;

	if (channel->len == 0) {
		do
			got = read(channel->fd, bytes, len);
		while (got < 0 && errno == EINTR);
		return got;
	}
	if (len > channel->len)
		len = channel->len;
	memcpy(bytes, channel->base + channel->at, len);
	channel->at += len;
	channel->len -= len;
	return (ssize_t)len;
}

int channel_take_fd(struct channel *channel)
{
	int fd;

	if (channel->fd_count == 0)
		return -1;
	fd = channel->fds[0];
	channel->fd_count--;
	memmove(channel->fds, channel->fds + 1, channel->fd_count * sizeof(int));
	return fd;
}

ssize_t channel_offer(const struct channel *channel, struct span bytes, const int *fds,
		      unsigned count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(CHANNEL_FDS_MAX * sizeof(int))];
	} control;
	struct iovec block = { (void *)(uintptr_t)bytes.base, bytes.len };
	struct msghdr message = { .msg_iov = &block, .msg_iovlen = 1 };
	ssize_t sent;

	if (count > 0) {
		struct cmsghdr *rights;

		message.msg_control = control.bytes;
		message.msg_controllen = (socklen_t)CMSG_SPACE(count * sizeof(int));
		rights = CMSG_FIRSTHDR(&message);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = (socklen_t)CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
	}
	do
		sent = sendmsg(channel->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent;
}

bool channel_send(const struct channel *channel, struct span bytes, int fd)
{
	return channel_send_all(channel, bytes, &fd, fd >= 0 ? 1 : 0);
}

bool channel_send_all(const struct channel *channel, struct span bytes, const int *fds,
		      unsigned count)
{
	while (bytes.len > 0) {
		ssize_t sent = channel_offer(channel, bytes, fds, count);

		if (sent < 0 && (errno != EAGAIN || !channel_ready(channel, POLLOUT)))
			return false;
		if (sent < 0)
			continue;
		bytes = span_from(bytes, (size_t)sent);
		count = 0;
	}
	return true;
}

void channel_close(struct channel *channel)
{
	int fd;

	while ((fd = channel_take_fd(channel)) >= 0)
		close(fd);
	if (channel->fd >= 0)
		close(channel->fd);
	channel->fd = -1;
	channel->len = 0;
}
