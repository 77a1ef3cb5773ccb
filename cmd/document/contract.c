/* SPDX-License-Identifier: ISC */
/*
 * contract.c - the tables of mail-session-backend(7): what engine/event.h and
 * engine/verdict.c say, with a word of explanation for each row.
 */
#include "document.h"

#include "engine/verdict.h"

#include <stdio.h>
#include <stdlib.h>

/* When an event comes, and what happens without a program for it; NULL: nothing worth a word. */
static const struct {
	const char *when;
	const char *without;
} events[EVENT_COUNT] = {
	[EVENT_CONNECT] = { "Before the greeting, whose text it may give or which it may refuse.",
			    "everybody is greeted." },
	[EVENT_HELO] = { "HELO, EHLO or LHLO.", "accepted." },
	[EVENT_EHLO] = { "While the reply to EHLO or LHLO is made: prints further keywords, a line "
			 "each.",
			 "no further keywords." },
	[EVENT_MAIL] = { "MAIL FROM.", "accepted." },
	[EVENT_RCPT] = { "RCPT TO.",
			 "accepted when the domain is one of --accept-domain, else 550 5.7.1." },
	[EVENT_DATA] = { "Before the reply 354 to DATA, or at the first BDAT.", "accepted." },
	[EVENT_FILTER] = { "While the message arrives, on standard input; prints what takes its "
			   "place. Its time limit begins at the last octet, and exit 0 counts even if "
			   "it has not read all.",
			   "the message stays as it is." },
	[EVENT_DELIVER] = { "Once the whole message is there: SMTP once, LMTP once for each "
			    "recipient. The message is on standard input, the envelope on descriptor "
			    "3.",
			    "451 4.3.5." },
	[EVENT_RSET] = { "After RSET.", NULL },
	[EVENT_NOOP] = { "After NOOP.", NULL },
	[EVENT_QUIT] = { "After QUIT.", NULL },
	[EVENT_VRFY] = { "VRFY.", "252." },
	[EVENT_EXPN] = { "EXPN.", "502." },
	[EVENT_HELP] = { "HELP.", "a text of our own." },
	[EVENT_ETRN] = { "ETRN.", "502." },
	[EVENT_AUTH] = { "A user name and a password are there to be checked; see AUTHENTICATION.",
			 "POP3 refuses every login, SMTP and LMTP do not announce AUTH." },
	[EVENT_SECRET] = { "A mechanism needs the user's secret: prints one line.",
			   "those mechanisms are not announced." },
	[EVENT_TOKEN] = { "A bearer token, on descriptor 3, is to be checked.",
			  "those mechanisms are not announced." },
	[EVENT_LIST] = { "After login: prints a line ID [SIZE or -] [UID] for each message, in "
			 "order.",
			 "login fails [SYS/TEMP]." },
	[EVENT_SIZE] = { "A size is wanted that the listing did not give: prints octets.",
			 "found out with retrieve." },
	[EVENT_RETRIEVE] = { "RETR or TOP: prints the message.", "-ERR [SYS/TEMP]." },
	[EVENT_TOP] = { "TOP: prints the header, the empty line and as many lines of the body.",
			"made out of retrieve." },
	[EVENT_DELETE] = { "QUIT, once, when messages are marked: their IDs are on standard input, "
			   "a line each.",
			   "DELE is refused." },
	[EVENT_LOGIN_DELAY] = { "CAPA, and before list: prints seconds. USER is unset before login: "
				"the longest of all users. Who logs in again sooner hears "
				"[LOGIN-DELAY].",
				"--login-delay." },
	[EVENT_EXPIRE] = { "CAPA: prints days or NEVER. USER is unset before login: the shortest "
			   "of all users.",
			   "--expire." },
	[EVENT_LOGOUT] = { "An authenticated session ends; before disconnect.", NULL },
	[EVENT_TIMEOUT] = { "A time limit ended the session; before disconnect.", NULL },
	[EVENT_DISCONNECT] = { "Every session, once, last.", NULL },
	[EVENT_COMMAND] = { "command-VERB, capitals and digits, at most 12: a verb that is not built "
			    "in; --command-state says in which states. In POP3 further lines of the "
			    "output make a reply of several lines.",
			    "500 or -ERR; 502 for verbs that RFCs once had." },
};

static const char *const facts[FACT_COUNT] = {
	[FACT_SESSION_ID] = "In every log line of the session.",
	[FACT_TRANSACTION_ID] = "In the Received field, in the reply 250 and in log lines.",
	[FACT_SESSION_PROTOCOL] = "SMTP, LMTP or POP3.",
	[FACT_SESSION_EVENT] = "The event, as in argv[1].",
	[FACT_SESSION_STATE] = "The protocol's state.",
	[FACT_SESSION_END] = "Why the session ended; see below.",
	[FACT_HOOK_DEADLINE] = "When the program will be ended, in Unix seconds.",
	[FACT_REMOTE_ADDR] = "The client's address; unset on a pipe or a unix socket.",
	[FACT_REMOTE_PORT] = "Its port.",
	[FACT_REMOTE_HOST] =
		"Its name, when whoever accepted the connection looked it up or XCLIENT told it.",
	[FACT_LOCAL_ADDR] = "The address that it connected to.",
	[FACT_LOCAL_PORT] = "The port that it connected to.",
	[FACT_HELO] = "What the client calls itself; unset when that is unfit for a program.",
	[FACT_AUTH_USER] = "The authenticated identity.",
	[FACT_AUTH_MECH] = "The mechanism of the authentication.",
	[FACT_AUTH_NAME] = "The name that the client authenticates as.",
	[FACT_TLS_VERSION] = "The TLS version; unset without TLS.",
	[FACT_TLS_CIPHER] = "The TLS cipher.",
	[FACT_TLS_SNI] = "The server name that the client asked for.",
	[FACT_TLS_PEER] = "The subject of a verified client certificate.",
	[FACT_SENDER] = "The reverse-path; empty for the null sender.",
	[FACT_SENDER_SAFE] = "SENDER in a form that is fit for a file name.",
	[FACT_ORIGINAL_SENDER] = "SENDER as it was before :sender.",
	[FACT_MAIL_PARAMS] = "The parameters of MAIL, as sent.",
	[FACT_BODY] = "7BIT, 8BITMIME or BINARYMIME.",
	[FACT_SMTPUTF8] = "1 in an SMTPUTF8 transaction.",
	[FACT_DSN_RET] = "RET of MAIL.",
	[FACT_DSN_ENVID] = "ENVID of MAIL, decoded.",
	[FACT_RECIPIENT] = "The forward-path. For deliver only when there is one recipient.",
	[FACT_RECIPIENT_SAFE] = "RECIPIENT in a form that is fit for a file name.",
	[FACT_ORIGINAL_RECIPIENT] = "RECIPIENT as it was before :recipient.",
	[FACT_RCPT_PARAMS] = "The parameters of RCPT, as sent.",
	[FACT_DSN_NOTIFY] = "NOTIFY of RCPT.",
	[FACT_DSN_ORCPT] = "ORCPT of RCPT, decoded.",
	[FACT_RECIPIENT_COUNT] = "How many recipients were accepted.",
	[FACT_MESSAGE_SIZE] = "Octets on standard input.",
	[FACT_XFORWARD_NAME] = "NAME of XFORWARD.",
	[FACT_XFORWARD_ADDR] = "ADDR of XFORWARD.",
	[FACT_XFORWARD_PORT] = "PORT of XFORWARD.",
	[FACT_XFORWARD_PROTO] = "PROTO of XFORWARD.",
	[FACT_XFORWARD_HELO] = "HELO of XFORWARD.",
	[FACT_XFORWARD_IDENT] = "IDENT of XFORWARD.",
	[FACT_XFORWARD_SOURCE] = "SOURCE of XFORWARD.",
	[FACT_USER] = "The user who logged in.",
	[FACT_USER_SAFE] = "USER in a form that is fit for a file name.",
	[FACT_MESSAGE] = "The ID of a message, as list printed it.",
	[FACT_TOP_LINES] = "Lines of the body that TOP wants.",
	[FACT_ARGUMENT] = "What stood behind the verb.",
};

static const char *const ends[END_COUNT] = {
	[END_QUIT] = "The client said QUIT.",
	[END_TIMEOUT] = "A time limit passed.",
	[END_EOF] = "The client closed the connection.",
	[END_LIMIT] = "Too many errors, commands or failed logins, or too much data.",
	[END_SHUTDOWN] = "The server stops.",
	[END_ERROR] = "Trouble on our side.",
};

/* Names of exit codes in sysexits.h; the others are qmail's. */
static const struct {
	int exit;
	const char *name;
} exit_names[] = {
	{ EXIT_DONE, "done" },
	{ EXIT_DATAERR, "EX_DATAERR" },
	{ EXIT_NOUSER, "EX_NOUSER" },
	{ EXIT_NOHOST, "EX_NOHOST" },
	{ EXIT_UNAVAILABLE, "EX_UNAVAILABLE" },
	{ EXIT_CANTCREAT, "EX_CANTCREAT, over quota" },
	{ EXIT_NOPERM, "EX_NOPERM" },
	{ EXIT_CONFIG, "EX_CONFIG" },
	{ EXIT_DROPPED, "dropped on purpose" },
	{ EXIT_PERMANENT, "refused" },
};

/* A row of a table in the library has no words here: the build fails until it has. */
static const char *words(const char *text, const char *of)
{
	if (text == NULL) {
		fprintf(stderr, "document: no words for %s\n", of);
		exit(1);
	}
	return text;
}

/* The variables that come with an event, as "Told .Ev A , B ." */
static void put_told(enum event event)
{
	const char *before = "Told\n.Ev ";

	for (enum fact_name fact = FACT_FIRST_PUBLIC; fact < FACT_COUNT; fact++) {
		if ((fact_table[fact].events & EVENT_BIT(event)) == 0)
			continue;
		printf("%s%s", before, fact_table[fact].name);
		before = " , ";
	}
	if (before[0] == ' ')
		puts(" .");
}

void document_events(void)
{
	static const char *const kinds[] = {
		[EVENT_DECIDES] = "decides",
		[EVENT_YIELDS] = "prints data",
		[EVENT_STREAMS] = "prints data",
		[EVENT_INFORMS] = "is told",
	};

	puts(".Bl -tag -width Ds");
	for (enum event event = 0; event < EVENT_COUNT; event++) {
		const struct event_info *info = &event_table[event];

		if (info->kind == EVENT_OWN)
			continue;
		printf(".It Cm %s%s Pq ", info->file, event == EVENT_COMMAND ? "-VERB" : "");
		document_protocols(info->protocols);
		printf("; %s%s\n", kinds[info->kind], info->servable ? "; serve may answer" : "");
		document_text(words(events[event].when, info->file));
		put_told(event);
		if (events[event].without != NULL) {
			fputs("Without a program: ", stdout);
			document_text(events[event].without);
		}
	}
	puts(".El");
}

void document_facts(void)
{
	puts(".Bl -tag -width XFORWARD_SOURCE");
	for (enum fact_name fact = FACT_FIRST_PUBLIC; fact < FACT_COUNT; fact++) {
		printf(".It Ev %s\n", fact_table[fact].name);
		document_text(words(facts[fact], fact_table[fact].name));
	}
	puts(".El");
}

void document_ends(void)
{
	puts(".Bl -tag -width shutdown");
	for (unsigned end = 0; end < END_COUNT; end++) {
		printf(".It Cm %s\n", session_end_words[end]);
		document_text(words(ends[end], session_end_words[end]));
	}
	puts(".El");
}

static void put_exit(int code)
{
	struct exit_meaning meaning = exit_meaning(code, EVENT_DELIVER, false);
	const char *name = "refused";

	for (size_t i = 0; i < sizeof(exit_names) / sizeof(exit_names[0]); i++) {
		if (exit_names[i].exit == code)
			name = exit_names[i].name;
	}
	printf(".It %d Ta %s Ta ", code, name);
	if (meaning.code == 0)
		printf("2xx Ta +OK");
	else
		printf("%u %s Ta -ERR", meaning.code, meaning.enhanced);
	if (meaning.pop3[0] != '\0')
		printf(" [%s]", meaning.pop3);
	putchar('\n');
}

void document_exits(void)
{
	struct exit_meaning other = exit_meaning(EXIT_TEMPFAIL, EVENT_DELIVER, false);

	puts(".Bl -column \"any other\" \"EX_CANTCREAT, over quota\" \"SMTP and LMTP\" \"POP3\"");
	puts(".It Em exit Ta Em meaning Ta Em SMTP and LMTP Ta Em POP3");
	for (int code = 0; code < 256; code++) {
		struct exit_meaning meaning = exit_meaning(code, EVENT_DELIVER, false);

		if (meaning.code != other.code || strcmp(meaning.enhanced, other.enhanced) != 0)
			put_exit(code);
	}
	printf(".It any other Ta try again later Ta %u %s Ta -ERR [%s]\n.El\n", other.code,
	       other.enhanced, other.pop3);
}
