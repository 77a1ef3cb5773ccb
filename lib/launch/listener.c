/* SPDX-License-Identifier: ISC */
/*
 * listener.c - listening sockets: opened for --listen, or inherited.
 *
 * Addresses and ports are numbers: a service that waits for the name server at boot is
 * one that does not come up.
 */
#include "launch/listener.h"

#include "base/descriptor.h"
#include "base/log.h"
#include "base/number.h"
#include "session/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Connections that may wait to be accepted; the kernel has a limit of its own (net.core.somaxconn).
 */
#define BACKLOG 4096

_Static_assert(sizeof(((struct listener *)0)->path) == sizeof(((struct sockaddr_un *)0)->sun_path),
	       "a listener's path is that of its address");

/* The address of a socket, of any family that we listen on. */
struct endpoint {
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
		struct sockaddr_un local;
	} address;
	socklen_t len;
	bool both; /* an IPv6 socket that takes IPv4 too */
};

static bool fail(struct buffer *error, const char *what, struct span spec, int reason)
{
	buffer_string(error, what);
	buffer_byte(error, ' ');
	buffer_put(error, spec);
	if (reason != 0) {
		buffer_string(error, ": ");
		buffer_string(error, strerror(reason));
	}
	return false;
}

static bool parse_unix(struct span path, struct endpoint *endpoint)
{
	struct buffer buffer = BUFFER(endpoint->address.local.sun_path);

	endpoint->address.local.sun_family = AF_UNIX;
	endpoint->len = sizeof endpoint->address.local;
	buffer_put(&buffer, path);
	return path.len > 0 && buffer_cstr(&buffer) != NULL;
}

/* ADDR:PORT, [ADDR]:PORT, *:PORT */
static bool parse_inet(struct span spec, struct endpoint *endpoint)
{
	char text[PEER_ADDR_MAX];
	struct buffer buffer = BUFFER(text);
	struct span host = spec;
	uint64_t port;

	while (host.len > 0 && host.base[host.len - 1] != ':')
		host.len--;
	if (host.len < 2 || !number_upto(span_from(spec, host.len), UINT16_MAX, &port))
		return false;
	host.len--;
	endpoint->both = span_equal(host, SPAN("*"));
	if (!endpoint->both && host.base[0] != '[') {
		buffer_put(&buffer, host);
		endpoint->address.ipv4.sin_family = AF_INET;
		endpoint->address.ipv4.sin_port = htons((uint16_t)port);
		endpoint->len = sizeof endpoint->address.ipv4;
		return buffer_cstr(&buffer) != NULL &&
		       inet_pton(AF_INET, text, &endpoint->address.ipv4.sin_addr) == 1;
	}
	endpoint->address.ipv6.sin6_family = AF_INET6;
	endpoint->address.ipv6.sin6_port = htons((uint16_t)port);
	endpoint->len = sizeof endpoint->address.ipv6;
	if (endpoint->both)
		return true; /* sin6_addr is zero: any */
	if (host.len < 4 || host.base[host.len - 1] != ']')
		return false;
	buffer_put(&buffer, (struct span){ host.base + 1, host.len - 2 });
	return buffer_cstr(&buffer) != NULL &&
	       inet_pton(AF_INET6, text, &endpoint->address.ipv6.sin6_addr) == 1;
}

/* True when the file is a socket at whose other end nobody is. */
static bool is_stale(const struct endpoint *endpoint)
{
	struct stat status;
	bool stale;
	int fd;

	if (lstat(endpoint->address.local.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	stale = connect(fd, &endpoint->address.any, endpoint->len) != 0 && errno == ECONNREFUSED;
	fd_close(&fd);
	return stale;
}

static bool bind_unix(struct listener *listener, const struct endpoint *endpoint)
{
	const char *path = endpoint->address.local.sun_path;
	struct stat status;

	if (bind(listener->fd, &endpoint->address.any, endpoint->len) != 0 &&
	    (errno != EADDRINUSE || !is_stale(endpoint) || unlink(path) != 0 ||
	     bind(listener->fd, &endpoint->address.any, endpoint->len) != 0))
		return false;
	if (stat(path, &status) != 0)
		return false;
	listener->device = status.st_dev;
	listener->inode = status.st_ino;
	return true;
}

static bool bind_inet(struct listener *listener, const struct endpoint *endpoint)
{
	const int on = 1;
	const int only = !endpoint->both;

	return setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	       (endpoint->address.any.sa_family == AF_INET ||
		setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) == 0) &&
	       bind(listener->fd, &endpoint->address.any, endpoint->len) == 0;
}

static int open_socket(struct endpoint *endpoint)
{
	const int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	int fd = socket(endpoint->address.any.sa_family, type, 0);

	if (fd >= 0 || !endpoint->both || errno != EAFNOSUPPORT)
		return fd;
	/* A kernel without IPv6: "*" is all of IPv4. */
	endpoint->address.ipv4 = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = endpoint->address.ipv6.sin6_port,
	};
	endpoint->len = sizeof endpoint->address.ipv4;
	endpoint->both = false;
	return socket(AF_INET, type, 0);
}

/* The local port of a TCP socket, 0 for anything else. */
static uint16_t port_of(int fd)
{
	struct peer peer;
	uint64_t port = 0;

	peer_gather(&peer, fd, false);
	number_upto(span_of(peer.local_port), UINT16_MAX, &port);
	return (uint16_t)port;
}

bool listener_open(struct listener *listener, struct span spec, struct buffer *error, bool *fault)
{
	const struct span prefix = SPAN("unix:");
	struct endpoint endpoint = { 0 };
	bool local = span_starts(spec, prefix);
	bool bound;

	*listener = (struct listener){ .fd = -1 };
	*fault = !(local ? parse_unix(span_from(spec, prefix.len), &endpoint)
			 : parse_inet(spec, &endpoint));
	if (*fault)
		return fail(error, "bad address to listen on:", spec, 0);
	listener->fd = open_socket(&endpoint);
	bound = listener->fd >= 0 &&
		(local ? bind_unix(listener, &endpoint) : bind_inet(listener, &endpoint));
	if (!bound || listen(listener->fd, BACKLOG) != 0) {
		fd_close(&listener->fd);
		return fail(error, "cannot listen on", spec, errno);
	}
	/* Options are read again, over what they were. */
	if (local)
		memcpy(listener->path, endpoint.address.local.sun_path, sizeof(listener->path));
	listener->port = port_of(listener->fd);
	return true;
}

bool listener_inherit(struct listener *listener, int fd)
{
	*listener = (struct listener){ .fd = fd };
	if (fd <= 2)
		listener->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (listener->fd < 0 || fcntl(listener->fd, F_SETFD, FD_CLOEXEC) != 0 ||
	    !fd_nonblocking(listener->fd))
		return false;
	listener->port = port_of(listener->fd);
	return true;
}

void listener_announce(const struct listener *listener)
{
	struct sockaddr_un address = { 0 };
	socklen_t len = sizeof address - 1;
	struct log_line line;
	struct peer peer;

	log_begin(&line, LOG_INFO, "listening");
	peer_gather(&peer, listener->fd, false);
	if (peer.local_addr[0] != '\0') {
		log_string(&line, "address", peer.local_addr);
		log_string(&line, "port", peer.local_port);
	} else if (getsockname(listener->fd, (struct sockaddr *)&address, &len) == 0 &&
		   address.sun_family == AF_UNIX) {
		log_string(&line, "path", address.sun_path);
	}
	log_end(&line);
}

void listener_close(struct listener *listener)
{
	struct stat status;

	if (listener->path[0] != '\0' && lstat(listener->path, &status) == 0 &&
	    status.st_dev == listener->device && status.st_ino == listener->inode)
		unlink(listener->path);
	fd_close(&listener->fd);
}
