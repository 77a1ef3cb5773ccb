/* SPDX-License-Identifier: ISC */
/*
 * connection.h - one connection: the go, the handshake, what is known, the octets.
 */
#ifndef TLS_SESSION_CONNECTION_H
#define TLS_SESSION_CONNECTION_H

#include "option/option.h"
#include "session/peer.h"

struct connection {
	const struct options *options;
	const struct peer *peer;
	int in, out; /* the client */
	int control; /* stream socket to whoever asks for TLS */
	int plain;   /* stream socket to whoever speaks inside it */
	bool ready;  /* says when it is ready */
	bool waits;  /* until it is told to go; else it goes at once */
};

/*
 * Serves the connection, in a cage once the keys are read, and becomes --user before that.  On
 * control it writes `r` when ready, reads the go (`Y`, or `y` for one who wants to hear nothing),
 * and writes what announce.h tells when the handshake is done.  Returns the exit status:
 * EXIT_CONFIG and EXIT_TEMPFAIL when there can be no TLS, else 0, whatever the client does.
 */
int connection_run(const struct connection *connection);

#endif
