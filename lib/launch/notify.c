/* SPDX-License-Identifier: ISC */
/* notify.c - sd_notify(3) by hand. */
#include "launch/notify.h"

#include "base/buffer.h"
#include "base/descriptor.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

static int notify_socket = -1;

void notify_init(bool use)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct buffer path = BUFFER(address.sun_path);
	socklen_t len;

	buffer_string(&path, use && getenv("NOTIFY_SOCKET") != NULL ? getenv("NOTIFY_SOCKET") : "");
	unsetenv("NOTIFY_SOCKET");
	if (path.overflow || path.len < 2 || (path.base[0] != '/' && path.base[0] != '@'))
		return;
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0'; /* the abstract name space: no NUL at the end */
	else if (path.len < sizeof address.sun_path)
		len++;
	notify_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify_socket >= 0 && connect(notify_socket, (struct sockaddr *)&address, len) != 0)
		fd_close(&notify_socket);
}

void notify_send(struct span lines)
{
	if (notify_socket >= 0)
		send(notify_socket, lines.base, lines.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}
