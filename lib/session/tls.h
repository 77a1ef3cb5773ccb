/* SPDX-License-Identifier: ISC */
/*
 * tls.h - tls-session: how it is started, and asked whether its certificates are any good.
 */
#ifndef MAILSESSION_TLS_H
#define MAILSESSION_TLS_H

#include "option/option.h"

#include <sys/types.h>

/*
 * Starts tls-session in a mode (--session, --check) with the options that it shares with us.  fds
 * are those of spawn.h; `envp` ends with NULL. The process id, or -1 with errno.
 */
pid_t tls_spawn(const struct options *options, const char *mode, const int *fds, char *const *envp);

/*
 * Can the certificates be used?  Appends to `text` when TLS begins, and a line for each; what is
 * wrong is logged.  True when there is none, or no TLS.
 */
bool tls_check(const struct options *options, struct buffer *text);

#endif
