/* SPDX-License-Identifier: ISC */
/*
 * main.c - sasl-session: one SASL exchange, started by a session on demand.
 *
 * It reads what was sent by the network, and so it enters the same cage as a parser does
 * before it reads the first octet: no files, no programs, no connections.  `verifier` makes what
 * SCRAM stores of a password, for passwd-auth.
 */
#include "mechanism.h"
#include "secret.h"

#include "base/descriptor.h"
#include "session/sandbox.h"

#include <openssl/crypto.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#define EXIT_FAILED 1
#define EXIT_USAGE  64

static const char usage[] =
	"usage: sasl-session MECHANISM   one exchange with a session on fd 0 and 1\n"
	"       sasl-session verifier    print what SCRAM stores of a password\n"
	"\n"
	"MECHANISM is APOP, CRAM-MD5, SCRAM-SHA-256 or SCRAM-SHA-256-PLUS.\n"
	"verifier reads the password from standard input.\n";

static const struct {
	const char *name;
	bool (*prepare)(void);
	void (*run)(struct exchange *exchange);
} mechanisms[] = {
	{ "APOP", digest_prepare, apop_run },
	{ "CRAM-MD5", digest_prepare, cram_md5_run },
	{ "SCRAM-SHA-256", scram_prepare, scram_run },
	{ "SCRAM-SHA-256-PLUS", scram_plus_prepare, scram_run },
};

static int print(struct span text)
{
	return fd_write_all(STDOUT_FILENO, text) ? 0 : EXIT_FAILED;
}

/* The first line of standard input is the password. */
static int print_verifier(void)
{
	struct verifier verifier = { .iterations = SCRAM_ITERATIONS,
				     .salt_len = SCRAM_SALT_OCTETS };
	char password[1024], text[512];
	struct buffer out = BUFFER(text);
	size_t len = 0;
	ssize_t got;
	bool good;

	while ((got = fd_read(STDIN_FILENO, password + len, sizeof(password) - len)) > 0)
		len += (size_t)got;
	len = span_find((struct span){ password, len }, '\n');
	good = got == 0 && len > 0 && len < sizeof(password) &&
	       span_find((struct span){ password, len }, '\0') == len &&
	       getrandom(verifier.salt, SCRAM_SALT_OCTETS, 0) == SCRAM_SALT_OCTETS;
	if (good) {
		password[len] = '\0';
		good = verifier_derive(&verifier, password);
	}
	explicit_bzero(password, sizeof(password));
	if (!good) {
		fd_write_all(STDERR_FILENO,
			     SPAN("sasl-session: no verifier can be made of this password\n"));
		return EXIT_FAILED;
	}
	verifier_put(&out, &verifier);
	buffer_byte(&out, '\n');
	return print(buffer_span(&out));
}

static void serve(size_t mechanism)
{
	static struct exchange exchange;
	struct sandbox_offer offer = sandbox_probe();
	struct span response;
	bool prepared;

	exchange_start(&exchange);
	prepared = mechanisms[mechanism].prepare();
	if (!sandbox_enter(&offer, false))
		fd_write_all(STDERR_FILENO, SPAN("sasl-session: cannot enter the sandbox\n"));
	else if (prepared)
		mechanisms[mechanism].run(&exchange);
	else if (exchange_first(&exchange, &response))
		exchange_trouble("the mechanism cannot be had here");
	exchange_end(&exchange);
}

int main(int argc, char **argv)
{
	struct span word = span_of(argc == 2 ? argv[1] : NULL);

	/* No core and no debugger: secrets pass through here. */
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	if (span_equal(word, SPAN("--help")))
		return print(span_of(usage));
	if (span_equal(word, SPAN("--version")))
		return print(SPAN("sasl-session " MS_VERSION "\n"));
	/* What the system's OpenSSL is told in files is no matter of ours, and takes time to read.
	 */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
	if (span_equal(word, SPAN("verifier")))
		return print_verifier();
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(*mechanisms); i++) {
		if (span_equal(word, span_of(mechanisms[i].name))) {
			serve(i);
			/* Not by exit(3), whose work is not of a cage. */
			_exit(0);
		}
	}
	fd_write_all(STDERR_FILENO, span_of(usage));
	return EXIT_USAGE;
}
