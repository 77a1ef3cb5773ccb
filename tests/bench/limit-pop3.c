/* SPDX-License-Identifier: ISC */
/*
 * limit-pop3.c - plays a POP3 server on descriptors 0 and 1 that says +OK to all but STAT.
 *
 *   limit-pop3 [STORE ARGUMENT...]
 *
 * With a store, that program is run at PASS, and its output is what STAT says.
 */
#include "limit.h"

#include <fcntl.h>

static char maildrop[64] = "0 0";

static void run_store(char **store)
{
	int ends[2];
	pid_t child;
	size_t len = 0;
	size_t got;

	if (pipe2(ends, O_CLOEXEC) != 0)
		limit_fail("pipe");
	child = limit_spawn(store, 0, ends[1]);
	close(ends[1]);
	while ((got = limit_read(ends[0], maildrop + len, sizeof(maildrop) - 1 - len)) > 0)
		len += got;
	maildrop[len] = '\0';
	close(ends[0]);
	if (limit_wait(child) != 0)
		limit_fail("store");
}

int main(int argc, char **argv)
{
	char in[1 << 14];
	char out[1 << 14];
	size_t from = 0;
	size_t to = 0;
	size_t len = (size_t)snprintf(out, sizeof(out), "+OK limit.example\r\n");

	for (;;) {
		char *end = memchr(in + from, '\n', to - from);
		size_t got;

		if (end == NULL) {
			limit_write(1, out, len);
			len = 0;
			memmove(in, in + from, to - from);
			to -= from;
			from = 0;
			got = limit_read(0, in + to, sizeof(in) - to);
			if (got == 0)
				return 0;
			to += got;
			continue;
		}
		if (in[from] == 'P' && argc > 1)
			run_store(argv + 1);
		if (sizeof(out) - len < sizeof(maildrop) + 8)
			limit_fail("say");
		len += (size_t)snprintf(out + len, sizeof(out) - len, "+OK %s\r\n",
					in[from] == 'S' ? maildrop : "");
		if (in[from] == 'Q')
			break;
		from = (size_t)(end + 1 - in);
	}
	limit_write(1, out, len);
	return 0;
}
