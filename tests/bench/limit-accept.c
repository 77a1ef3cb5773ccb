/* SPDX-License-Identifier: ISC */
/*
 * limit-accept.c - the least that can stand before a program: accept, vfork, exec.
 *
 *   limit-accept PROGRAM ARGUMENT...
 *
 * Listens on a free port of the loopback interface and prints it. Ends at SIGTERM, when its
 * children have.
 */
#include "limit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>

static void stop(int signal)
{
	(void)signal;
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (argc < 3)
		return 2;
	address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
	    bind(listener, (struct sockaddr *)&address, len) != 0 || listen(listener, 1024) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &len) != 0)
		limit_fail("listen");
	signal(SIGTERM, stop);
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (client >= 0) {
			limit_spawn(argv + 2, client, client);
			close(client);
		}
		while (waitpid(-1, NULL, WNOHANG) > 0) {
		}
	}
}
