/* SPDX-License-Identifier: ISC */
/* pump.c - octets between the client and the plaintext socket, in constant memory. */
#include "pump.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

/* What one record holds (RFC 8446 5.1). */
#define BLOCK 16384

/* Octets that go one way. */
struct way {
	size_t from, to;
	bool ended;  /* nothing more comes in */
	bool passed; /* which the other side has been told */
	char bytes[BLOCK];
};

static struct pump {
	SSL *ssl;
	struct client *client;
	int plain;
	uint32_t stall;
	struct way up, down;                /* to the program, to the client */
	bool client_input, client_output;   /* what OpenSSL waits for */
	bool program_input, program_output; /* what the plaintext side waits for */
	bool broken;                        /* the connection cannot be used any more */
	int64_t deadline;                   /* for what goes down */
} pump;

static bool empty(const struct way *way)
{
	return way->from == way->to;
}

/* What a call that moved nothing waits for. False: the client's end, or the end of it all. */
static bool waits(int result)
{
	switch (SSL_get_error(pump.ssl, result)) {
	case SSL_ERROR_WANT_READ:
		pump.client_input = true;
		return true;
	case SSL_ERROR_WANT_WRITE:
		pump.client_output = true;
		return true;
	case SSL_ERROR_ZERO_RETURN:
		return false;
	default:
		pump.broken = true;
		return false;
	}
}

/* Each of these moves octets once; true when it moved any. */
static bool from_client(void)
{
	size_t got = 0;
	int result;

	if (pump.up.ended || !empty(&pump.up))
		return false;
	result = SSL_read_ex(pump.ssl, pump.up.bytes, BLOCK, &got);
	pump.up.from = 0;
	pump.up.to = got;
	if (result != 1)
		pump.up.ended = !waits(result);
	return got > 0;
}

static bool to_program(void)
{
	struct way *up = &pump.up;
	ssize_t put;

	if (empty(up)) {
		if (up->ended && !up->passed)
			shutdown(pump.plain, SHUT_WR);
		up->passed = up->ended;
		return false;
	}
	put = send(pump.plain, up->bytes + up->from, up->to - up->from,
		   MSG_DONTWAIT | MSG_NOSIGNAL);
	if (put > 0) {
		up->from += (size_t)put;
	} else if (errno == EAGAIN) {
		pump.program_output = true;
	} else if (errno != EINTR) {
		/* The program reads no more: neither do we. */
		up->ended = true;
		up->from = up->to;
	}
	return put > 0;
}

static bool from_program(void)
{
	struct way *down = &pump.down;
	ssize_t got;

	if (down->ended || !empty(down))
		return false;
	got = recv(pump.plain, down->bytes, BLOCK, MSG_DONTWAIT);
	if (got < 0 && errno == EAGAIN) {
		pump.program_input = true;
		return false;
	}
	if (got < 0 && errno == EINTR)
		return true;
	down->ended = got <= 0;
	down->from = 0;
	down->to = got > 0 ? (size_t)got : 0;
	pump.deadline = clock_deadline(clock_now(), pump.stall);
	return got > 0;
}

static bool to_client(void)
{
	struct way *down = &pump.down;
	size_t put = 0;
	int result;

	if (empty(down))
		return false;
	result = SSL_write_ex(pump.ssl, down->bytes + down->from, down->to - down->from, &put);
	down->from += put;
	if (result != 1 && !waits(result))
		pump.broken = true;
	return put > 0;
}

/* Waits for whatever was found to be missing. False: the client took too long. */
static bool await(int64_t deadline)
{
	struct pollfd waiting[] = {
		{ pump.client_input ? pump.client->in : -1, POLLIN, 0 },
		{ pump.client_output ? pump.client->out : -1, POLLOUT, 0 },
		{ pump.program_input || pump.program_output ? pump.plain : -1,
		  (short)((pump.program_input ? POLLIN : 0) | (pump.program_output ? POLLOUT : 0)),
		  0 },
	};
	int64_t now = clock_now();

	if (now >= deadline)
		return false;
	poll(waiting, 3, clock_poll_timeout(now, deadline));
	return true;
}

/* Says goodbye, which the client may take as long to read as anything else. */
static void finish(void)
{
	pump.deadline = clock_deadline(clock_now(), pump.stall);
	for (;;) {
		int result = SSL_shutdown(pump.ssl);

		pump.client_input = pump.client_output = false;
		if (result >= 0 || !waits(result) || !await(pump.deadline))
			break;
	}
	client_shut(pump.client);
	if (!pump.up.ended)
		client_drain(pump.client);
}

void pump_run(SSL *ssl, struct client *client, int plain, uint32_t stall)
{
	pump.ssl = ssl;
	pump.client = client;
	pump.plain = plain;
	pump.stall = stall;
	for (;;) {
		bool moved = false;

		pump.client_input = pump.client_output = false;
		pump.program_input = pump.program_output = false;
		moved |= from_client();
		moved |= to_program();
		moved |= from_program();
		moved |= to_client();
		if (pump.broken)
			return;
		if (pump.down.ended && empty(&pump.down))
			break;
		if (!moved && !await(empty(&pump.down) ? CLOCK_NEVER : pump.deadline))
			return;
	}
	finish();
}
