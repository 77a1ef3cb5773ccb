/* SPDX-License-Identifier: ISC */
/* certificate.c - a certificate and its key, from files to OpenSSL. */
#include "certificate.h"

#include "base/descriptor.h"
#include "base/log.h"
#include "trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITABLE (S_IWGRP | S_IWOTH)

/* PEM text, and for a moment a key. */
static char file[CERTIFICATE_FILE_MAX + 1];
static size_t file_len;

/* Others' files in a sticky folder are theirs alone. */
bool certificate_folder_safe(int fd)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return false;
	errno = EPERM;
	return (status.st_mode & WRITABLE) == 0 || (status.st_mode & S_ISVTX) != 0;
}

/* The folder that holds `path`, as a descriptor; -1 with errno. */
static int folder_of(int at, const char *path)
{
	char name[1024];
	struct buffer buffer = BUFFER(name);
	size_t slash = span_of(path).len;

	while (slash > 0 && path[slash - 1] != '/')
		slash--;
	buffer_put(&buffer, slash == 0 ? SPAN(".") : (struct span){ path, slash });
	if (buffer_cstr(&buffer) == NULL) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int open_checked(int at, const char *path, struct stat *status, struct buffer *error)
{
	int folder = folder_of(at, path);
	int fd = openat(at, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (folder < 0 || fd < 0 || fstat(fd, status) != 0) {
		trouble_errno(error, "cannot read", path, errno);
	} else if (!S_ISREG(status->st_mode)) {
		errno = EINVAL;
		trouble_words(error, "will not use", path, "not a regular file");
	} else if ((status->st_mode & WRITABLE) != 0) {
		errno = EPERM;
		trouble_words(error, "will not use", path, "group or others may write it");
	} else if (!certificate_folder_safe(folder)) {
		trouble_words(error, "will not use", path, "group or others may write its folder");
	} else {
		fd_close(&folder);
		return fd;
	}
	fd_close(&folder);
	fd_close(&fd);
	return -1;
}

int certificate_open(int at, const char *path, struct buffer *error)
{
	struct stat status;

	return open_checked(at, path, &status, error);
}

int certificate_open_key(int at, const char *path, struct buffer *error)
{
	struct stat status;
	int fd = open_checked(at, path, &status, error);

	if (fd >= 0 && (status.st_mode & S_IROTH) != 0)
		log_note(LOG_WARNING, "everybody may read a key", "file", path);
	return fd;
}

struct span certificate_read(int fd)
{
	ssize_t got = 1;

	for (file_len = 0; got > 0 && file_len < sizeof(file); file_len += (size_t)got) {
		got = fd_read(fd, file + file_len, sizeof(file) - file_len);
		if (got < 0)
			return SPAN_NONE;
	}
	if (file_len < sizeof(file))
		return (struct span){ file, file_len };
	errno = EFBIG;
	return SPAN_NONE;
}

void certificate_forget(void)
{
	OPENSSL_cleanse(file, file_len);
	file_len = 0;
}

/* The file as a BIO; NULL with `error`. */
static BIO *open_bio(int fd, const char *what, const char *name, struct buffer *error)
{
	struct span text = certificate_read(fd);
	BIO *bio = text.base == NULL ? NULL : BIO_new_mem_buf(text.base, (int)text.len);

	if (bio == NULL)
		trouble_errno(error, what, name, errno);
	return bio;
}

/* The certificate, then those that lead from it to a root. */
static bool use_chain(SSL *ssl, BIO *bio)
{
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	bool good = certificate != NULL && SSL_use_certificate(ssl, certificate) == 1;

	X509_free(certificate);
	while (good) {
		certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (certificate == NULL)
			break;
		good = SSL_add0_chain_cert(ssl, certificate) == 1;
	}
	/* What ends the chain is the end of the file, and no error. */
	if (good && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return false;
	if (good)
		ERR_clear_error();
	return good;
}

/* There is nobody to ask for the passphrase of a key. */
static int no_passphrase(char *bytes, int len, int writing, void *context)
{
	(void)bytes, (void)len, (void)writing, (void)context;
	return -1;
}

static bool use_key(SSL *ssl, BIO *bio)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	bool good = key != NULL && SSL_use_PrivateKey(ssl, key) == 1;

	EVP_PKEY_free(key);
	return good;
}

/* A response that cannot be read is as good as none. */
static void use_response(SSL *ssl, int fd)
{
	struct span text = certificate_read(fd);
	unsigned char *copy = text.len == 0 ? NULL : OPENSSL_memdup(text.base, text.len);

	if (copy != NULL)
		SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)text.len);
}

bool certificate_use(SSL *ssl, struct certificate_files *files, const char *name,
		     struct buffer *error)
{
	BIO *bio = open_bio(files->chain, "cannot read the certificate", name, error);
	bool good = bio != NULL;

	if (good && !use_chain(ssl, bio))
		good = trouble_openssl(error, "no good certificate:", name);
	BIO_free(bio);
	if (good) {
		bio = open_bio(files->key, "cannot read the key", name, error);
		good = bio != NULL;
		if (good && !use_key(ssl, bio))
			good = trouble_openssl(error, "no good key:", name);
		BIO_free(bio);
		certificate_forget();
	}
	if (good && files->response >= 0)
		use_response(ssl, files->response);
	fd_close(&files->chain);
	fd_close(&files->key);
	fd_close(&files->response);
	return good;
}

bool certificate_use_named(SSL *ssl, const char *chain, const char *key, struct buffer *error)
{
	struct certificate_files files = { -1, -1, -1 };

	files.chain = certificate_open(AT_FDCWD, chain, error);
	if (files.chain >= 0)
		files.key = certificate_open_key(AT_FDCWD, key, error);
	if (files.key >= 0)
		return certificate_use(ssl, &files, key, error);
	fd_close(&files.chain);
	return false;
}
