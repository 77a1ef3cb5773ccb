/* SPDX-License-Identifier: ISC */
/* connection.c - one connection: the go, the handshake, what is known, the octets. */
#include "connection.h"

#include "announce.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "client.h"
#include "context.h"
#include "engine/verdict.h"
#include "launch/account.h"
#include "memory.h"
#include "opener.h"
#include "pump.h"
#include "session/sandbox.h"
#include "ticket.h"
#include "trouble.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Seconds for the whole handshake, and for the client to take a buffer of ours. */
#define HANDSHAKE_TIMEOUT 30
#define STALL_TIMEOUT     300

/* What OpenSSL calls beside what a parser does: its random numbers look out for a fork. */
static const long more_calls[] = { SYS_getpid };

static struct {
	const struct connection *connection;
	SSL *ssl;
	struct client client;
	struct opener opener;
	char fault[OPTIONS_ERROR_MAX];
	struct buffer error; /* over it: why our side fails */
} self;

static void say(int level, const char *message, const char *reason)
{
	const struct peer *peer = self.connection->peer;
	struct log_line line;

	log_begin(&line, level, message);
	log_string(&line, "session", getenv("SESSION_ID"));
	if (peer->remote_addr[0] != '\0')
		log_string(&line, "peer", peer->remote_addr);
	if (reason != NULL)
		log_string(&line, "reason", reason);
	log_end(&line);
}

static int fail(int status)
{
	say(LOG_ERR, "no TLS", buffer_cstr(&self.error));
	return status;
}

/* Called in the handshake when the client's name is known. 0 ends it. */
static int choose_certificate(SSL *ssl, void *context)
{
	char name[300];
	struct buffer found = BUFFER(name);
	struct certificate_files files;
	struct span told = span_of(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));

	(void)context;
	return opener_ask(&self.opener, told, &files, &found, &self.error) &&
	       certificate_use(ssl, &files, name, &self.error);
}

static bool prepare_tls(const struct options *options)
{
	SSL_CTX *context = context_new(options, &self.error);

	if (context == NULL)
		return false;
	self.ssl = SSL_new(context);
	if (self.ssl == NULL)
		return trouble_openssl(&self.error, "cannot use", "OpenSSL");
	if (options->tls_dir == NULL)
		return certificate_use_named(self.ssl, options->tls_cert, options->tls_key,
					     &self.error);
	SSL_set_cert_cb(self.ssl, choose_certificate, NULL);
	return opener_start(&self.opener, options->tls_dir, &self.error);
}

/* Everything that needs files, rights or descriptors has been done. */
static bool enter_cage(const struct options *options)
{
	struct sandbox_offer offer;
	const char *lacks;

	/* Certificates are held against the time of day, and a time zone would be a file. */
	setenv("TZ", "UTC0", 1);
	tzset();
	if (options->user != NULL && !account_become(options->user, &self.error))
		return false;
	if (options->sandbox == SANDBOX_OFF)
		return true;
	offer = sandbox_probe();
	lacks = sandbox_lacks(&offer);
	if (lacks != NULL && options->sandbox == SANDBOX_REQUIRE)
		return trouble_words(&self.error, "no", "sandbox", lacks);
	/* A session has said so already. */
	if (lacks != NULL && !self.connection->ready)
		say(LOG_WARNING, "the sandbox lacks something", lacks);
	log_confine();
	/* Log lines may go to a file. */
	if (!sandbox_enter_with(&offer, true, more_calls, sizeof(more_calls) / sizeof(*more_calls)))
		return trouble_errno(&self.error, "cannot enter", "the sandbox", errno);
	return true;
}

/* Waits for the word to begin. False: there will be none. */
static bool await_go(const struct connection *connection, char *word)
{
	*word = 'Y';
	if (connection->ready && fd_write(connection->control, SPAN("r")) != 1)
		return false;
	if (!connection->waits)
		return true;
	return fd_read(connection->control, word, 1) == 1 && (*word == 'Y' || *word == 'y');
}

/* Waits for what the handshake needs. False: its time is up. */
static bool await_client(int error, int64_t deadline)
{
	struct pollfd waiting = { self.client.in, POLLIN, 0 };
	int64_t now = clock_now();

	if (error == SSL_ERROR_WANT_WRITE)
		waiting = (struct pollfd){ self.client.out, POLLOUT, 0 };
	if (now >= deadline)
		return false;
	poll(&waiting, 1, clock_poll_timeout(now, deadline));
	return true;
}

/* NULL, or why there was none. */
static const char *shake_hands(void)
{
	int64_t deadline = clock_deadline(clock_now(), HANDSHAKE_TIMEOUT);

	for (;;) {
		int result = SSL_accept(self.ssl);
		int error = SSL_get_error(self.ssl, result);

		if (result == 1)
			return NULL;
		if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
			if (!await_client(error, deadline))
				return "too slow";
			continue;
		}
		if (self.error.len == 0 && self.client.ended)
			return "the client is gone";
		if (self.error.len == 0)
			trouble_put(&self.error);
		return buffer_cstr(&self.error);
	}
}

/* The keys have done their work. */
static void forget_keys(void)
{
	if (self.connection->options->tls_dir != NULL)
		channel_close(&self.opener.channel);
	SSL_certs_clear(self.ssl);
	ticket_forget();
	memory_keep();
}

static bool announce(int control)
{
	char text[ANNOUNCE_MAX];
	struct buffer known = BUFFER(text);
	bool told;

	announce_put(&known, self.ssl);
	told = !known.overflow && fd_write_all(control, buffer_span(&known));
	OPENSSL_cleanse(text, sizeof(text));
	return told;
}

static bool attach_client(const struct connection *connection)
{
	int on = 1;
	BIO *bio;

	/* Without it small replies wait for the acknowledgement of the one before. */
	setsockopt(connection->out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	self.client = (struct client){ connection->in, connection->out, false };
	bio = client_bio(&self.client);
	if (bio == NULL)
		return trouble_openssl(&self.error, "cannot use", "OpenSSL");
	SSL_set_bio(self.ssl, bio, bio);
	return true;
}

/* Whoever started us looks after them; a client that is gone is seen by the write. */
static void ignore_signals(void)
{
	static const int numbers[] = { SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGQUIT };

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		signal(numbers[i], SIG_IGN);
}

int connection_run(const struct connection *connection)
{
	const char *reason;
	char word;
	int control = connection->control;

	ignore_signals();
	self.connection = connection;
	self.error = BUFFER(self.fault);
	if (!prepare_tls(connection->options) || !attach_client(connection) ||
	    !enter_cage(connection->options))
		return fail(EXIT_CONFIG);
	if (!await_go(connection, &word))
		return 0;
	reason = shake_hands();
	forget_keys();
	if (reason != NULL) {
		say(LOG_NOTICE, "TLS handshake failed", reason);
		return 0;
	}
	if (word == 'Y' && !announce(control))
		return 0;
	fd_close(&control);
	pump_run(self.ssl, &self.client, connection->plain, STALL_TIMEOUT);
	return 0;
}
