/* SPDX-License-Identifier: ISC */
/* check.c - --check: every certificate that would be used, and what else the options say. */
#include "check.h"

#include "base/descriptor.h"
#include "base/log.h"
#include "context.h"
#include "engine/verdict.h"
#include "opener.h"
#include "trouble.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/x509.h>
#include <unistd.h>

static struct check {
	SSL_CTX *context;
	BIO *text; /* what is printed */
	bool good;
} check;

static void complain(struct buffer *error)
{
	log_note(LOG_ERR, "no TLS", "error", buffer_cstr(error));
	check.good = false;
}

/* "certificate mx.example.org: CN=mx.example.org until Jan  1 00:00:00 2027 GMT" */
static void describe(const char *name, const SSL *ssl)
{
	const X509 *certificate = SSL_get_certificate(ssl);

	BIO_printf(check.text, "certificate %s: ", name);
	X509_NAME_print_ex(check.text, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
	BIO_printf(check.text, " until ");
	ASN1_TIME_print(check.text, X509_get0_notAfter(certificate));
	BIO_printf(check.text, "%s\n",
		   X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0 ? ", which is over"
									      : "");
}

static void check_folder(int folder, const char *name)
{
	char fault[OPTIONS_ERROR_MAX];
	struct buffer error = BUFFER(fault);
	struct certificate_files files;
	SSL *ssl = SSL_new(check.context);

	if (ssl != NULL && opener_open(folder, name, &files, &error) &&
	    certificate_use(ssl, &files, name, &error))
		describe(name, ssl);
	else
		complain(&error);
	SSL_free(ssl);
}

static void check_folders(const char *path)
{
	char fault[OPTIONS_ERROR_MAX];
	struct buffer error = BUFFER(fault);
	DIR *folder = opendir(path);
	const struct dirent *entry;

	if (folder == NULL) {
		trouble_errno(&error, "cannot open", path, errno);
		complain(&error);
		return;
	}
	if (faccessat(dirfd(folder), "default", F_OK, 0) != 0)
		BIO_printf(check.text,
			   "no folder default: clients that name no host, or an unknown "
			   "one, are refused\n");
	while ((entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.' && entry->d_type != DT_REG)
			check_folder(dirfd(folder), entry->d_name);
	closedir(folder);
}

static void check_one(const struct options *options)
{
	char fault[OPTIONS_ERROR_MAX];
	struct buffer error = BUFFER(fault);
	SSL *ssl = SSL_new(check.context);

	if (ssl != NULL && certificate_use_named(ssl, options->tls_cert, options->tls_key, &error))
		describe(options->tls_cert, ssl);
	else
		complain(&error);
	SSL_free(ssl);
}

static bool print(struct buffer *text)
{
	char *described;
	long len = BIO_get_mem_data(check.text, &described);

	return fd_write_all(1, buffer_span(text)) &&
	       fd_write_all(1, (struct span){ described, (size_t)len });
}

int check_run(const struct options *options)
{
	static char bytes[OPTIONS_TEXT_MAX];
	char fault[OPTIONS_ERROR_MAX];
	struct buffer text = BUFFER(bytes), error = BUFFER(fault);

	check.good = true;
	check.context = context_new(options, &error);
	check.text = BIO_new(BIO_s_mem());
	if (check.context == NULL || check.text == NULL) {
		complain(&error);
		return EXIT_CONFIG;
	}
	options_print(&text, options, PROGRAM_TLS);
	if (options->tls_dir != NULL)
		check_folders(options->tls_dir);
	else if (options->tls_cert != NULL)
		check_one(options);
	else
		BIO_printf(check.text, "no certificate: there is no tls-cert and no tls-dir\n");
	if (!print(&text))
		return EXIT_TEMPFAIL;
	return check.good ? 0 : EXIT_CONFIG;
}
