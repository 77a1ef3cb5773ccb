/* SPDX-License-Identifier: ISC */
/*
 * auth-ok - what a checkpassword program runs on success in SMTP and LMTP.
 *
 *     auth-ok FD
 *
 * That it runs is the success (DESIGN 8): it writes `user=NAME` and a newline to descriptor
 * FD, whose other end the runner holds.  NAME is USER as the checkpassword program set
 * it, empty when it set none.  Exit 111: that could not be done.
 */
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/descriptor.h"
#include "base/number.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	char line[512];
	struct buffer out = BUFFER(line);
	struct span user = span_of(getenv("USER"));
	uint64_t fd;

	signal(SIGPIPE, SIG_IGN);
	if (argc != 2 || !number_upto(span_of(argv[1]), INT_MAX, &fd))
		return 111;
	buffer_string(&out, "user=");
	buffer_put(&out, user);
	buffer_byte(&out, '\n');
	for (size_t i = 0; i < user.len; i++) {
		if (ascii_is_control(user.base[i]))
			return 111;
	}
	return !out.overflow && fd_write_all((int)fd, buffer_span(&out)) ? 0 : 111;
}
