/* SPDX-License-Identifier: ISC */
/* admission.c - a session behind a front end asks the loop whether its client may stay. */
#include "launch/admission.h"

#include "base/buffer.h"
#include "base/descriptor.h"
#include "base/number.h"
#include "session/frame.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

/* How long a session waits for the loop, milliseconds. */
#define PATIENCE 5000
/* Begins what is said of a client that may stay, and is in no words for clients; a number follows.
 */
#define WELCOME SPAN("+")

bool admission_open(struct admission *admission)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0)
		return false;
	*admission = (struct admission){ .loop = ends[0], .session = ends[1] };
	return fd_nonblocking(ends[0]);
}

const char *admission_ask(int session, struct span address, uint32_t *login_wait)
{
	static char words[128];
	struct pollfd ready = { .events = POLLIN };
	ssize_t got = -1;
	uint64_t wait = 0;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return "cannot serve you now";
	ready.fd = ends[0];
	if (frame_send(session, address, ends[1])) {
		/* With our own copy gone, the loop's end is the end. */
		fd_close(&ends[1]);
		if (poll(&ready, 1, PATIENCE) == 1)
			got = fd_read(ends[0], words, sizeof words - 1);
	}
	fd_close(&ends[1]);
	fd_close(&ends[0]);
	if (got <= 0)
		return "cannot serve you now";
	words[got] = '\0';
	if (!span_starts(span_of(words), WELCOME))
		return words;
	number_upto(span_from(span_of(words), WELCOME.len), UINT32_MAX, &wait);
	*login_wait = (uint32_t)wait;
	return NULL;
}

bool admission_take(const struct admission *admission, struct admission_request *request)
{
	struct ucred asker;
	socklen_t len = sizeof asker;
	ssize_t got;

	do {
		got = frame_receive(admission->loop, request->address, sizeof request->address,
				    &request->answer);
		if (got < 0 && errno != EMSGSIZE)
			return false;
	} while (got < 0 || request->answer < 0);
	request->len = (size_t)got;
	request->session = 0;
	if (getsockopt(request->answer, SOL_SOCKET, SO_PEERCRED, &asker, &len) == 0)
		request->session = asker.pid;
	return true;
}

void admission_answer(struct admission_request *request, const char *why, uint32_t login_wait)
{
	char bytes[32];
	struct buffer welcome = BUFFER(bytes);

	buffer_put(&welcome, WELCOME);
	buffer_number(&welcome, login_wait);
	frame_send(request->answer, why == NULL ? buffer_span(&welcome) : span_of(why), -1);
	fd_close(&request->answer);
}
