/* SPDX-License-Identifier: ISC */
/* connection.c - see connection.h and load.h: sockets, and strict reading. */
#include "connection.h"

#include "base/descriptor.h"
#include "base/number.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE = 120 /* seconds without an octet */ };

void client_fail(struct client *client, const char *format, ...)
{
	char why[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	fprintf(stderr, "session %llu, message %llu: %s\n", (unsigned long long)client->session,
		(unsigned long long)client->messages, why);
	_exit(1);
}

/* The socket address; its length, 0 when it is none. */
static socklen_t parse_address(const char *text, struct sockaddr_storage *to)
{
	struct sockaddr_un *local = (struct sockaddr_un *)to;
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)to;
	struct span address = span_of(text);
	struct span host;
	char name[INET_ADDRSTRLEN] = "";
	uint64_t port;

	memset(to, 0, sizeof(*to));
	if (span_starts(address, SPAN("unix:"))) {
		address = span_from(address, 5);
		if (address.len >= sizeof(local->sun_path))
			return 0;
		local->sun_family = AF_UNIX;
		memcpy(local->sun_path, address.base, address.len);
		return sizeof(*local);
	}
	host = span_take(&address, ':');
	if (host.len >= sizeof(name) || !number_upto(address, 65535, &port))
		return 0;
	memcpy(name, host.base, host.len);
	ipv4->sin_family = AF_INET;
	ipv4->sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, name, &ipv4->sin_addr) == 1 ? sizeof(*ipv4) : 0;
}

void client_open(struct client *client, const char *address)
{
	struct sockaddr_storage to;
	socklen_t len = parse_address(address, &to);
	struct timeval patience = { .tv_sec = PATIENCE };
	int on = 1;

	client->out = BUFFER(client->out_storage);
	client->in_from = client->in_to = 0;
	if (len == 0)
		client_fail(client, "no address: %s", address);
	client->fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&to, len) != 0)
		client_fail(client, "cannot connect: %s", strerror(errno));
	setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (to.ss_family == AF_INET)
		setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void flush(struct client *client)
{
	if (client->out.len > 0 && !fd_write_all(client->fd, buffer_span(&client->out)))
		client_fail(client, "cannot write: %s", strerror(errno));
	buffer_clear(&client->out);
}

void client_say(struct client *client, struct span octets)
{
	if (octets.len > buffer_room(&client->out))
		flush(client);
	if (octets.len <= client->out.cap)
		buffer_put(&client->out, octets);
	else if (!fd_write_all(client->fd, octets))
		client_fail(client, "cannot write: %s", strerror(errno));
}

/* Reads more behind what is there. False at the end of the stream. */
static bool fill(struct client *client)
{
	ssize_t got;

	flush(client);
	if (client->in_from > 0) {
		memmove(client->in, client->in + client->in_from, client->in_to - client->in_from);
		client->in_to -= client->in_from;
		client->in_from = 0;
	}
	if (client->in_to == sizeof(client->in))
		client_fail(client, "a line without an end");
	got = fd_read(client->fd, client->in + client->in_to, sizeof(client->in) - client->in_to);
	if (got < 0)
		client_fail(client, "cannot read: %s", strerror(errno));
	client->in_to += (size_t)got;
	return got > 0;
}

struct span client_line(struct client *client)
{
	size_t looked = 0;
	struct span line;

	for (;;) {
		struct span there = { client->in + client->in_from,
				      client->in_to - client->in_from };

		looked += span_find(span_from(there, looked), '\n');
		if (looked < there.len) {
			line = span_first(there, looked);
			break;
		}
		if (!fill(client))
			client_fail(client, "the server closed after %.*s", (int)there.len,
				    there.base);
	}
	client->in_from += line.len + 1;
	if (line.len == 0 || line.base[--line.len] != '\r')
		client_fail(client, "a line that ends in LF alone: %.*s", (int)line.len, line.base);
	if (span_find(line, '\r') < line.len || span_find(line, '\0') < line.len)
		client_fail(client, "CR or NUL in a line: %.*s", (int)line.len, line.base);
	return line;
}

bool client_next(struct client *client, char octet)
{
	return (client->in_from < client->in_to || fill(client)) &&
	       client->in[client->in_from] == octet;
}

void client_expect(struct client *client, struct span octets, const char *what)
{
	size_t seen = 0;

	while (seen < octets.len) {
		size_t len = client->in_to - client->in_from;

		if (len > octets.len - seen)
			len = octets.len - seen;
		if (memcmp(client->in + client->in_from, octets.base + seen, len) != 0)
			client_fail(client, "%s: octets that are not the message's: %.*s", what,
				    (int)(len > 40 ? 40 : len), client->in + client->in_from);
		client->in_from += len;
		seen += len;
		if (seen < octets.len && !fill(client))
			client_fail(client, "%s: the server closed within it", what);
	}
}

void client_close(struct client *client)
{
	if (client->in_from < client->in_to || fill(client))
		client_fail(client, "more after the last reply: %.*s",
			    (int)(client->in_to - client->in_from), client->in + client->in_from);
	fd_close(&client->fd);
}
