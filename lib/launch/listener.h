/* SPDX-License-Identifier: ISC */
/*
 * listener.h - listening sockets: opened for --listen, or inherited.
 */
#ifndef MAILSESSION_LISTENER_H
#define MAILSESSION_LISTENER_H

#include "base/buffer.h"

#include <stdint.h>
#include <sys/types.h>

#define LISTENERS_MAX 64

struct listener {
	int fd;         /* close-on-exec and non-blocking */
	uint16_t port;  /* local TCP port, 0 for other families */
	char path[108]; /* the socket's file when it is ours to remove, or "" */
	dev_t device;   /* of that file */
	ino_t inode;
};

/*
 * Opens a socket for "ADDR:PORT", "[ADDR]:PORT", "*:PORT" (all addresses, IPv4 and IPv6), with
 * numeric addresses and ports, or "unix:PATH".  The file of a unix socket that nobody answers any
 * more is replaced. False: `error` says why, and *fault whether the text is wrong rather than the
 * machine unwilling.
 */
bool listener_open(struct listener *listener, struct span spec, struct buffer *error, bool *fault);

/* Takes over the inherited descriptor `fd`, which listens; it moves to a number above 2. False with
 * errno. */
bool listener_inherit(struct listener *listener, int fd);

/* Logs where it listens. */
void listener_announce(const struct listener *listener);

/* Closes the socket and removes a file of ours. */
void listener_close(struct listener *listener);

#endif
