/* SPDX-License-Identifier: ISC */
/*
 * opener.h - the process that opens the certificate of a name, for one that may open no files.
 *
 * The name comes from the client, and is known only when the cage is shut.  So another process is
 * made before: it reads nothing but names, which it checks, and answers with descriptors.
 */
#ifndef TLS_SESSION_OPENER_H
#define TLS_SESSION_OPENER_H

#include "backend/record.h"
#include "certificate.h"

#include <limits.h>

struct opener {
	struct channel channel;
	char storage[RECORD_MAX + 1];
};

/* Makes the process, over the folder `path`. False with `error`. It ends with the channel. */
bool opener_start(struct opener *opener, const char *path, struct buffer *error);

/*
 * Opens the files for `name` (SPAN_NONE: the client said none): those of NAME, of _.PARENT, or of
 * `default`.  `found` is the folder's name.  False with `error`.
 */
bool opener_ask(struct opener *opener, struct span name, struct certificate_files *files,
		struct buffer *found, struct buffer *error);

/* Opens the files of one folder. False with `error`; errno is ENOENT when there is no such folder.
 */
bool opener_open(int folder, const char *name, struct certificate_files *files,
		 struct buffer *error);

#endif
