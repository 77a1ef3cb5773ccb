/* SPDX-License-Identifier: ISC */
/* frame.c - what parser and runner say to one another. */
#include "session/frame.h"

#include "base/descriptor.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Fixed fields travel in host order: both ends are one program on one machine. */
static void put_u16(struct buffer *buffer, uint16_t value)
{
	buffer_put(buffer, (struct span){ (const char *)&value, sizeof(value) });
}

static bool take(struct span *bytes, void *to, size_t len)
{
	if (bytes->len < len)
		return false;
	memcpy(to, bytes->base, len);
	*bytes = span_from(*bytes, len);
	return true;
}

static bool take_span(struct span *bytes, struct span *to)
{
	uint16_t len;

	if (!take(bytes, &len, sizeof(len)) || len > bytes->len)
		return false;
	*to = span_first(*bytes, len);
	*bytes = span_from(*bytes, len);
	return true;
}

static void put_span(struct buffer *buffer, struct span span)
{
	put_u16(buffer, (uint16_t)span.len);
	buffer_put(buffer, span);
}

void frame_put(struct buffer *buffer, const struct frame *frame)
{
	buffer_byte(buffer, (char)frame->kind);
	if (frame->kind == FRAME_DROP) {
		buffer_put(buffer,
			   (struct span){ (const char *)&frame->octets, sizeof(frame->octets) });
		return;
	}
	if (frame->kind == FRAME_BYE) {
		buffer_byte(buffer, (char)frame->end);
		buffer_byte(buffer, frame->secure ? 1 : 0);
		buffer_put(buffer,
			   (struct span){ (const char *)&frame->counts, sizeof(frame->counts) });
		put_span(buffer, frame->fault);
		return;
	}
	buffer_byte(buffer, (char)frame->call.event);
	put_u16(buffer, (uint16_t)frame->call.answers);
	buffer_byte(buffer, (char)frame->call.count);
	for (unsigned i = 0; i < frame->call.count; i++) {
		buffer_byte(buffer, (char)frame->call.facts[i].name);
		put_span(buffer, frame->call.facts[i].value);
	}
}

static bool take_bye(struct span *bytes, struct frame *frame)
{
	unsigned char end, secure;

	if (!take(bytes, &end, 1) || end >= END_COUNT || !take(bytes, &secure, 1) || secure > 1 ||
	    !take(bytes, &frame->counts, sizeof(frame->counts)) ||
	    !take_span(bytes, &frame->fault) || frame->fault.len > 512)
		return false;
	frame->end = (enum session_end)end;
	frame->secure = secure == 1;
	return true;
}

bool frame_take(struct span *bytes, enum protocol protocol, struct frame *frame)
{
	unsigned char kind, event, count;
	uint16_t answers;

	memset(frame, 0, sizeof(*frame));
	if (!take(bytes, &kind, 1) || kind > FRAME_BYE)
		return false;
	frame->kind = (enum frame_kind)kind;
	if (kind == FRAME_DROP)
		return take(bytes, &frame->octets, sizeof(frame->octets));
	if (kind == FRAME_BYE)
		return take_bye(bytes, frame);
	if (!take(bytes, &event, 1) || event >= EVENT_COUNT ||
	    (event_table[event].protocols & (1U << protocol)) == 0 ||
	    !take(bytes, &answers, sizeof(answers)) || !take(bytes, &count, 1) ||
	    count > EVENT_FACTS_MAX)
		return false;
	frame->call.event = (enum event)event;
	frame->call.answers = answers;
	for (unsigned i = 0; i < count; i++) {
		unsigned char name;
		struct span value;

		if (!take(bytes, &name, 1) || name >= FACT_COUNT || !take_span(bytes, &value) ||
		    (fact_table[name].events & EVENT_BIT(event)) == 0 ||
		    !fact_is_clean((enum fact_name)name, value))
			return false;
		event_add(&frame->call, (enum fact_name)name, value);
	}
	return true;
}

void answer_put(struct buffer *buffer, const struct answer *answer)
{
	uint16_t exit = (uint16_t)(int16_t)answer->verdict.exit;

	buffer_byte(buffer, (char)answer->kind);
	buffer_put(buffer,
		   (struct span){ (const char *)&answer->handled, sizeof(answer->handled) });
	buffer_put(buffer, (struct span){ (const char *)&answer->ahead, sizeof(answer->ahead) });
	buffer_put(buffer,
		   (struct span){ (const char *)&answer->mechanisms, sizeof(answer->mechanisms) });
	buffer_byte(buffer, answer->content ? 1 : 0);
	put_u16(buffer, exit);
	buffer_byte(buffer, answer->verdict.close ? 1 : 0);
	put_span(buffer, answer->verdict.id);
	put_span(buffer, answer->verdict.text);
}

bool answer_take(struct span *bytes, struct answer *answer)
{
	unsigned char kind, content, close;
	int16_t exit;

	if (!take(bytes, &kind, 1) || kind > ANSWER_SHUTDOWN ||
	    !take(bytes, &answer->handled, sizeof(answer->handled)) ||
	    !take(bytes, &answer->ahead, sizeof(answer->ahead)) ||
	    !take(bytes, &answer->mechanisms, sizeof(answer->mechanisms)) ||
	    !take(bytes, &content, 1) || !take(bytes, &exit, sizeof(exit)) ||
	    !take(bytes, &close, 1) || !take_span(bytes, &answer->verdict.id) ||
	    !take_span(bytes, &answer->verdict.text))
		return false;
	answer->kind = (enum answer_kind)kind;
	answer->content = content != 0;
	answer->verdict.exit = exit;
	answer->verdict.close = close != 0;
	return true;
}

/* Room for descriptors in a control message. */
#define FDS_SPACE CMSG_SPACE(FRAME_FDS_MAX * sizeof(int))

static bool send_datagram(int socket, struct span bytes, const int *fds, unsigned count, int flags)
{
	_Alignas(struct cmsghdr) char control[FDS_SPACE];
	struct iovec iov = { (void *)(uintptr_t)bytes.base, bytes.len };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t put;

	if (count > 0) {
		struct cmsghdr *header;

		message.msg_control = control;
		message.msg_controllen = (socklen_t)CMSG_SPACE(count * sizeof(int));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = (socklen_t)CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(header), fds, count * sizeof(int));
	}
	do
		put = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	return put == (ssize_t)bytes.len;
}

bool frame_send(int socket, struct span bytes, int fd)
{
	return send_datagram(socket, bytes, &fd, fd >= 0 ? 1 : 0, 0);
}

bool frame_offer(int socket, struct span bytes, const int *fds, unsigned count)
{
	return send_datagram(socket, bytes, fds, count, MSG_DONTWAIT);
}

/* Takes the descriptors of a control message, for which there is room: how many they are. */
static unsigned received_fds(struct msghdr *message, int *fds)
{
	const struct cmsghdr *header = CMSG_FIRSTHDR(message);
	size_t octets;

	if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
		return 0;
	octets = header->cmsg_len - CMSG_LEN(0);
	memcpy(fds, CMSG_DATA(header), octets);
	return (unsigned)(octets / sizeof(int));
}

/* With room for `most` descriptors; the kernel aligns it, and so closes none but those beyond. */
static ssize_t receive_datagram(int socket, int flags, struct span room, int *fds, unsigned most,
				unsigned *count)
{
	_Alignas(struct cmsghdr) char control[FDS_SPACE];
	struct iovec iov = { (void *)(uintptr_t)room.base, room.len };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = most == 0 ? NULL : control,
				  .msg_controllen =
					  most == 0 ? 0 : (socklen_t)CMSG_LEN(most * sizeof(int)) };
	ssize_t got;

	*count = 0;
	/* An end that left something unread resets the connection: what it said last is there. */
	do
		got = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
	while (got < 0 && (errno == EINTR || errno == ECONNRESET));
	if (got < 0)
		return -1;
	if (most > 0)
		*count = received_fds(&message, fds);
	if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0)
		return got;
	while (*count > 0)
		fd_close(&fds[--*count]);
	errno = EMSGSIZE;
	return -1;
}

ssize_t frame_receive(int socket, char *bytes, size_t cap, int *fd)
{
	unsigned count;
	ssize_t got =
		receive_datagram(socket, 0, (struct span){ bytes, cap }, fd, fd != NULL, &count);

	if (fd != NULL && count == 0)
		*fd = -1;
	return got;
}

ssize_t frame_fetch(int socket, int flags, char *bytes, size_t cap, int *fds, unsigned *count)
{
	return receive_datagram(socket, flags, (struct span){ bytes, cap }, fds, FRAME_FDS_MAX,
				count);
}
