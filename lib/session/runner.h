/* SPDX-License-Identifier: ISC */
/*
 * runner.h - the process that runs programs for a session.
 *
 * It parses no protocol.  It trusts nothing that the parser says: every frame is checked by
 * the tables, and an event out of order ends the session.  runner.c receives and
 * dispatches, wait.c waits for programs, ask.c asks the backend, message.c receives and
 * delivers mail, login.c logs in, maildrop.c reads and empties, trusted.c believes trusted peers,
 * secure.c begins TLS.
 */
#ifndef MAILSESSION_RUNNER_H
#define MAILSESSION_RUNNER_H

#include "backend/directory.h"
#include "backend/envelope.h"
#include "backend/environment.h"
#include "backend/hook.h"
#include "backend/serve.h"
#include "backend/spool.h"
#include "mail/trace.h"
#include "option/option.h"
#include "session/frame.h"
#include "session/peer.h"
#include "session/secure.h"

/* Programs that run at the same time: parallel deliveries at the most, a filter, and one more. */
#define RUNNER_DELIVERIES_MAX 64
#define RUNNER_HOOKS_MAX      (RUNNER_DELIVERIES_MAX + 2)
#define RUNNER_HEADERS_MAX    16384
/* Events that are handled for a peer in --trusted-networks. */
#define RUNNER_TRUSTED (EVENT_BIT(EVENT_XCLIENT) | EVENT_BIT(EVENT_XFORWARD))

/* Where a transaction stands. */
enum runner_mail {
	RUNNER_NO_MAIL,
	RUNNER_HAS_MAIL, /* a reverse-path, and recipients as the envelope counts them */
	RUNNER_IN_DATA,  /* octets come down the pipe */
};

/* Where a POP3 session stands. */
enum runner_login {
	RUNNER_NO_LOGIN,
	RUNNER_LOGGED_IN, /* auth reached the store */
	RUNNER_LISTED,    /* and its listing was read: the logout event is due */
};

struct runner {
	enum protocol protocol;
	const struct options *options;
	struct directory *directory;
	struct span hostname;
	event_set handled;       /* events that are asked about; the parser knows the same set */
	struct sasl_offer offer; /* ways to log in now; the parser knows the same */
	bool greeted;            /* what the greeting has offered stays */
	char session[40];        /* SESSION_ID */
	int null;                /* /dev/null */
	int control;             /* frames */
	int pipe;                /* octets of messages */
	int signals;             /* signalfd: SIGTERM */
	int awaited; /* a helper that a turn is to end for when it says something, or -1 */
	pid_t parser;
	bool parser_gone;     /* the control socket has ended */
	int64_t inform_until; /* once it has: informing programs are begun until then */
	bool over;            /* no more frames are served */
	bool answering;       /* the parser has to read before it can be answered */
	bool ahead_is_void;   /* the parser was told to end: questions behind that are not put */
	bool more_ahead;      /* a question that was asked ahead is next: its answer may go along */
	unsigned answer_fds;  /* descriptors that wait with `answers` */
	struct buffer answers; /* that wait to be sent together, over answer_bytes */
	bool draining;
	int64_t drain_deadline;
	int64_t wake; /* a turn ends then at the latest; CLOCK_NEVER but while something is timed */
	enum session_end end;
	struct engine_counts counts;
	int64_t began;
	int64_t hook_time; /* milliseconds spent waiting for programs */
	uint32_t transactions;
	uint32_t auth_failures;
	uint32_t login_wait; /* see peer.h */

	bool told[FACT_COUNT];   /* by XCLIENT: the client's greetings do not change them */
	char via[PEER_ADDR_MAX]; /* whose word the facts on the client are; or empty */

	struct secure secure;

	enum runner_mail mail;
	enum runner_login login;
	struct envelope envelope;
	struct spool spool;
	bool dropped;      /* exit 99 at mail or data: nothing is delivered */
	uint64_t received; /* octets of the message that came down the pipe */
	struct hook *filter;
	int filter_in;      /* its standard input, or -1 */
	int filter_out;     /* its standard output, or -1 */
	bool filter_full;   /* it has to read before it can be given more */
	size_t filter_sent; /* octets of `preamble` that it has */

	unsigned hook_count;
	bool has_run;              /* a hook, ever */
	struct exchange *exchange; /* the SASL exchange that is going on, or NULL */
	struct serve *serve;       /* NULL until one is needed */
	/* Further ones, for deliveries side by side: that of lane N is crew[N - 1]. */
	struct serve *crew[RUNNER_DELIVERIES_MAX - 1];
	unsigned crew_count;
	unsigned serve_losses; /* co-processes that ended before the session */
	bool serve_all;        /* it is the hook-runner: it answers whatever its hello names */

	struct buffer headers;  /* that hooks added: of the session, then of the transaction */
	size_t connect_headers; /* octets of those of connect */
	size_t session_headers; /* octets of the former */
	struct buffer preamble; /* Received, then `headers`: what stands before the message */
	struct facts facts;
	struct hook *hooks[RUNNER_HOOKS_MAX]; /* running or answered, then released ones */
	char timestamp[160];                  /* of the greeting, for APOP; or empty */
	struct environment environment;
	char recipients[320];     /* of the envelope, while there are few */
	char datagram[FRAME_MAX]; /* few octets of it are used, on the page that environment is on
				   */
	char headers_bytes[RUNNER_HEADERS_MAX];
	char preamble_bytes[RUNNER_HEADERS_MAX + TRACE_MAX];
	char answer_bytes[ANSWER_MAX];
	int answer_fd[FRAME_FDS_MAX];
	char tls_binding[48];   /* tls-exporter (RFC 9266) in base64, or empty */
	char tls_identity[256]; /* mail address in a verified certificate, or empty */
};

/* A runner of which nothing is open yet, in memory that was clear. */
void runner_init(struct runner *runner, enum protocol protocol, const struct options *options,
		 struct directory *directory);

/* Serves the parser until it says goodbye or is gone, then runs timeout, logout and disconnect. */
void runner_run(struct runner *runner);

/* The transaction's id, else the session's: what log_identity takes. Valid until the next
 * transaction. */
const char *runner_identity(const struct runner *runner);

/* True inside of TLS, whoever speaks it for us. */
static inline bool runner_in_tls(const struct runner *runner)
{
	return facts_get(&runner->facts, FACT_TLS_VERSION).base != NULL;
}

/* ---- wait.c ---- */

/* What a turn found ready. */
struct turn {
	bool control; /* with `listen`: a frame, or the end of the parser */
	bool pipe;    /* octets of a message */
	bool awaited; /* something on runner->awaited */
};

/*
 * Waits once for programs, signals and the parser's end, and lets what is ready work.  With
 * `listen` it also waits for frames, with `receive` for the pipe.  It may return with nothing
 * found, and sends the answers that wait instead, if there are any: callers look again.
 */
struct turn runner_turn(struct runner *runner, bool listen, bool receive);

/* A hook of the runner's own, not started. NULL when there are too many. */
struct hook *runner_hook(struct runner *runner);
void runner_release(struct runner *runner, struct hook *hook);

/*
 * Waits for a job.  When the parser ends meanwhile, runner->parser_gone is set and only what has to
 * be finished goes on: deliver, delete, and programs that are merely told of something.
 */
void runner_wait(struct runner *runner, const struct job *job);

/* Hangs up on all co-processes and waits for their end, for JOB_GRACE seconds at the most. */
void runner_end_serve(struct runner *runner);

/* Ends whatever is left and reaps it. */
void runner_sweep(struct runner *runner);

/* ---- ask.c ---- */

/* True when a file or the co-process may answer. */
bool runner_handles(const struct runner *runner, enum event event);

/* The environment of a program for `event`, with SESSION_EVENT and HOOK_DEADLINE set. */
char *const *runner_environment(struct runner *runner, enum event event, uint32_t timeout);

/* A co-process that has not been started, or NULL. */
struct serve *runner_new_serve(struct runner *runner);

/*
 * Deliveries to co-processes run side by side in lanes, each of which has one of its own; lane 0 is
 * everything else's too.  Starts what lanes 0 to `wanted` - 1 lack: how many are there now.
 */
unsigned runner_lanes(struct runner *runner, unsigned wanted);

/* Events that the parser may ask about ahead: the co-process takes such calls. */
event_set runner_ahead(const struct runner *runner);

/* What the co-process was asked ahead told it something that has changed: it is asked anew. */
void runner_withdraw(struct runner *runner);

/* Descriptors that an event's program is given beside the usual. */
struct ask {
	enum event event;
	struct span verb; /* of EVENT_COMMAND */
	int message;      /* standard input, or -1 */
	uint64_t message_len;
	int envelope; /* deliver: descriptor 3, or -1 */
	uint64_t envelope_len;
	unsigned lane; /* of a co-process */
};

/*
 * Starts asking: a hook file wins over the co-process.  The job that answers, or NULL when
 * nobody does.  *hook is the hook to release, or NULL.
 */
struct job *runner_ask(struct runner *runner, const struct ask *ask, struct hook **hook);

/* Asks about an event and carries out the directives. *content: a yielding event's data, or -1. */
struct verdict runner_decide(struct runner *runner, const struct ask *ask, int *content);

/* The directives of a finished job; what is left of its text is the reply's. */
struct verdict runner_verdict(struct runner *runner, struct job *job);

/* Tells an informing event's program, if there is one. */
void runner_inform(struct runner *runner, enum event event);

/*
 * Puts a question, and those that were asked ahead behind it, frames at the front of `rest`, to the
 * co-process, if there are any and it takes such calls.  Each is dispatched all the same when its
 * turn has come, and then finds its answer.
 */
void runner_ask_ahead(struct runner *runner, const struct event_call *call, struct span rest);

/* ---- runner.c ---- */

/* Keeps the facts that came with an event. */
void runner_keep_facts(struct runner *runner, const struct event_call *call);

/* Sends an answer to the parser, with a descriptor, which it closes, or -1. While more was asked
 * ahead it may wait for the next ones. */
void runner_answer(struct runner *runner, const struct verdict *verdict, int fd);
/* Sends the answers that wait. True: there were some, and turns may have been taken meanwhile. */
bool runner_send_answers(struct runner *runner);

/* The parser broke the rules: one log line, and the end. */
void runner_violation(struct runner *runner, const char *what);

/* ---- message.c ---- */

void runner_mail_from(struct runner *runner, bool asked);
void runner_rcpt_to(struct runner *runner, bool asked);
/* What is told of a recipient with `before` in front of it, beside what came with its event. */
void runner_recipient_facts(struct runner *runner, uint32_t before);
void runner_data(struct runner *runner, bool asked);
void runner_reset(struct runner *runner);
/* A message came to nothing: takes what is left of its octets out of the pipe. */
void runner_drop(struct runner *runner, uint64_t octets);
/*
 * Waits for the rest of a message of `octets` and for its filter.  True: the spool holds it. False:
 * *verdict says what became of it, or the session is over.
 */
bool runner_message(struct runner *runner, uint64_t octets, struct verdict *verdict);
/* Takes at most `limit` octets of a message out of the pipe, into the spool or the filter. False:
 * the pipe has ended. */
bool runner_receive(struct runner *runner, uint64_t limit);
/* The filter is given no more: its standard input ends. */
void runner_starve_filter(struct runner *runner);
/* Takes octets of a filter's output into the spool. */
void runner_filtered(struct runner *runner);

/* ---- delivery.c ---- */

/* The DELIVER event: SMTP answers once, LMTP once for each recipient, in order. */
void runner_deliver(struct runner *runner, const struct event_call *call);

/* ---- maildrop.c ---- */

void runner_list(struct runner *runner);
void runner_delete(struct runner *runner, const struct event_call *call);
/* The logout event, and the end of the store: its lock is gone when this returns. */
void runner_logout(struct runner *runner);

/* ---- session.c ---- */

/* Starts a parser on these descriptors, with a configuration made anew of the facts. `resumes`: TLS
 * has begun amid the session, and these are the counts so far; else NULL. False with errno. */
bool session_start_parser(struct runner *runner, int in, int out,
			  const struct engine_counts *resumes);

/* ---- secure.c ---- */

/* May TLS begin when the client asks for it? */
bool runner_offers_tls(const struct runner *runner);
/* Keeps copies of the client's descriptors, for TLS. False with errno. */
bool runner_hold_client(struct runner *runner, int in, int out);
/* Closes them: the connection ends with the parser, or with TLS. */
void runner_forget_client(struct runner *runner);
/* The STARTTLS event: whoever speaks TLS is ready when this is answered with yes. */
void runner_starttls(struct runner *runner);
/* Waits for the end of a parser that has said goodbye, but not for long. */
void runner_part_with_parser(struct runner *runner);
/* The parser is gone: the handshake, and a fresh parser.  False: runner->end says why not. */
bool runner_secure(struct runner *runner);
/* The same before there was a parser (--tls implicit). */
bool runner_secure_at_once(struct runner *runner);
/* Reaps tls-session if it has ended. */
void runner_reap_tls(struct runner *runner);
/* The session is over: waits until tls-session has written what is left, but not for ever. */
void runner_end_tls(struct runner *runner);

/* ---- login.c ---- */

/* Finds out which ways to log in there are, by what is known of client and TLS now. */
void runner_offer(struct runner *runner);
/* The events AUTH, TOKEN and SASL. */
void runner_login(struct runner *runner, const struct event_call *call);

/* ---- exchange.c ---- */

/* Ends the exchange, if there is one. */
void runner_exchange_end(struct runner *runner);
/* The same when the client has given it up: nothing of it is known any more. */
void runner_exchange_cancel(struct runner *runner);

/* ---- trusted.c ---- */

/* Lets the peer use XCLIENT and XFORWARD, or not, by what is known of it now. */
void runner_trust(struct runner *runner);
/* The XCLIENT event: the session is somebody else's from here on. */
void runner_xclient(struct runner *runner, const struct event_call *call);
/* The XFORWARD event: facts on the next message. */
void runner_xforward(struct runner *runner, const struct event_call *call);

#endif
