/* SPDX-License-Identifier: ISC */
/*
 * certificate.h - a certificate and its key: files of which nobody else is the master, and what
 * OpenSSL makes of them.
 */
#ifndef TLS_SESSION_CERTIFICATE_H
#define TLS_SESSION_CERTIFICATE_H

#include "base/buffer.h"

#include <openssl/ssl.h>

/* Octets of the longest chain, key, list of authorities, response. */
#define CERTIFICATE_FILE_MAX (1 << 18)

struct certificate_files {
	int chain;
	int key;
	int response; /* of OCSP, in DER, to be stapled; -1: none */
};

/*
 * Opens a file that we trust: a regular one that neither group nor others may write, in a folder
 * of which the same is true.  `at` is a folder or AT_FDCWD.  -1 with `error` and errno.
 */
int certificate_open(int at, const char *path, struct buffer *error);

/* As certificate_open; a key that everybody may read is said so in the log. */
int certificate_open_key(int at, const char *path, struct buffer *error);

/* Is the folder one in which nobody but its owner can put files? errno says why not. */
bool certificate_folder_safe(int fd);

/* All of a file of at most CERTIFICATE_FILE_MAX octets; SPAN_NONE with errno. Valid until the next.
 */
struct span certificate_read(int fd);
/* Wipes what certificate_read has read. */
void certificate_forget(void);

/* Opens the two files and gives the connection what is in them. False with `error`. */
bool certificate_use_named(SSL *ssl, const char *chain, const char *key, struct buffer *error);

/* Gives the connection its certificate, and closes the files. False with `error`. */
bool certificate_use(SSL *ssl, struct certificate_files *files, const char *name,
		     struct buffer *error);

#endif
