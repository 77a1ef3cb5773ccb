/* SPDX-License-Identifier: ISC */
/*
 * table.h - every option of the session programs, once.
 *
 * From this table come struct options, the flags, the environment's names, the words of
 * the configuration file, --help, --check, the OPTIONS section of the manual pages and
 * the completion of the shell.  Texts: one line for --help, and what the manual adds to it.
 *
 *	ACTION(field, name, programs, result, section, help, manual)
 *	BOOL(field, name, programs, section, help, manual)                  default no
 *	SIZE(field, name, programs, default, least, most, section, help, manual)
 *	COUNT(field, name, programs, default, least, most, section, help, manual)
 *	SECONDS(field, name, programs, default, of POP3, least, most, section, help, manual)
 *	CHOICE(field, name, programs, type, words, default, section, help, manual)
 *	TEXT(field, name, programs, default or NULL, argument, rule, section, help, manual)
 *	LIST(field, name, programs, argument, rule, section, help, manual)  default empty
 */
#ifndef MAILSESSION_OPTION_TABLE_H
#define MAILSESSION_OPTION_TABLE_H

#define OPTIONS(ACTION, BOOL, SIZE, COUNT, SECONDS, CHOICE, TEXT, LIST)                               \
	/* ---- general ---- */                                                                       \
	TEXT(config, "config", IN_EVERY, NULL, "FILE", file, GENERAL, "read options from FILE",       \
	     "A line is a name, a blank and a value; # begins a comment line. Options of the "        \
	     "sibling programs are skipped, so that one file can serve all of them.")                 \
	ACTION(check, "check", IN_EVERY, OPTIONS_CHECK, GENERAL,                                      \
	       "say what a session would do, and exit",                                               \
	       "Checks options and backend directory, prints every option with its value and "        \
	       "source, what would be announced, which program each event runs, which logins are "    \
	       "offered to whom and how long certificates last; tls-session options and "             \
	       "certificates alone.")                                                                 \
	ACTION(help, "help", IN_EVERY, OPTIONS_HELP, GENERAL, "print this text, and exit", "")        \
	ACTION(version, "version", IN_EVERY, OPTIONS_VERSION, GENERAL,                                \
	       "print the version, and exit", "")                                                     \
	ACTION(session, "session", IN_TLS, OPTIONS_SESSION, GENERAL,                                  \
	       "what a session starts for STARTTLS and STLS", "")                                     \
	ACTION(ucspi, "ucspi", IN_TLS, OPTIONS_UCSPI, GENERAL, "TLS when PROGRAM asks for it",        \
	       "PROGRAM is started at once, and TLS when it asks by UCSPI-TLS.")                      \
	TEXT(hostname, "hostname", IN_ALL, NULL, "NAME", hostname, GENERAL,                           \
	     "its own name (the system's)",                                                           \
	     "A domain name or an address literal. By default the system's host name if it has a "    \
	     "dot in it, else the local address of the connection as a literal, with a warning.")     \
	TEXT(greeting, "greeting", IN_ALL, NULL, "TEXT", line, GENERAL, "text of the greeting",       \
	     "Stands behind the protocol's own words. The whole line must fit 512 octets. In "        \
	     "POP3 it may not hold <...@...>, which clients take for an offer of APOP.")              \
	TEXT(signoff, "signoff", IN_ALL, NULL, "TEXT", line, GENERAL, "text of the reply to QUIT",    \
	     "")                                                                                      \
	CHOICE(sandbox, "sandbox", IN_EVERY, enum sandbox_mode, sandbox_words, "on", GENERAL,         \
	       "confine the parser of network input",                                                 \
	       "on: with what the kernel offers, and a log line for what it lacks. require: refuse "  \
	       "to serve where something is missing. off: not at all, for debugging.")                \
	/* ---- listening ---- */                                                                     \
	LIST(listen, "listen", IN_ALL, "ADDR:PORT|unix:PATH", text, LISTENING,                        \
	     "listen there, instead of fd 0 and 1",                                                   \
	     "IPv6 addresses stand in brackets; port 0 takes a free one, which the log names.")       \
	COUNT(max_connections, "max-connections", IN_ALL, "1000", 1, 1000000, LISTENING,              \
	      "sessions at a time", "A client over the limit hears 421 or -ERR and is closed.")       \
	COUNT(max_per_source, "max-per-source", IN_ALL, "20", 0, 1000000, LISTENING,                  \
	      "sessions from one address; 0: any", "Counts IPv4 addresses and IPv6 /64 networks.")    \
	COUNT(connection_rate, "connection-rate", IN_ALL, "0", 0, 1000000, LISTENING,                 \
	      "new connections a second; 0: any", "")                                                 \
	SECONDS(idle_exit, "idle-exit", IN_ALL, "0", "0", 0, SECONDS_MOST, LISTENING,                 \
		"exit when idle for so long; 0: never",                                               \
		"For a service that a socket unit starts on demand.")                                 \
	SECONDS(drain, "drain", IN_ALL, "30", "30", 0, SECONDS_MOST, LISTENING,                       \
		"how long sessions may outlive SIGTERM",                                              \
		"Then their clients hear 421 or -ERR. A delivery that has started is finished.")      \
	TEXT(user, "user", IN_EVERY, NULL, "NAME[:GROUP]", account, LISTENING,                        \
	     "user to become once sockets are bound",                                                 \
	     "Without it a program that root starts stays root, with a warning.")                     \
	LIST(proxy_protocol, "proxy-protocol", IN_EVERY, "NETWORK,...", network, LISTENING,           \
	     "front ends that send PROXY headers",                                                    \
	     "A connection from one of these networks begins with a header of the PROXY protocol, "   \
	     "version 1 or 2, within five seconds, or is closed without a word. It says who the "     \
	     "client is, over TLS with what, and nothing else is read with it. A network is an "      \
	     "address, perhaps with a prefix length (192.0.2.0/24, 2001:db8::/32), or the word "      \
	     "unix for peers without an address. Others are served as themselves.")                   \
	/* ---- limits ---- */                                                                        \
	SIZE(size_limit, "size-limit", IN_MAIL, "50M", 0, SIZE_MOST, LIMITS,                          \
	     "octets of a message; 0: no limit",                                                      \
	     "Announced as SIZE. A larger message is read to its end and refused with 552; past "     \
	     "ten times the limit the session ends with 421.")                                        \
	COUNT(max_recipients, "max-recipients", IN_MAIL, "1000", 1, 100000, LIMITS,                   \
	      "recipients of a message",                                                              \
	      "The next one hears 452. RFC 5321 asks for 100 at least.")                              \
	COUNT(max_hops, "max-hops", IN_MAIL, "100", 1, 10000, LIMITS,                                 \
	      "Received fields in a message",                                                         \
	      "A message with more is in a loop and refused with 554 5.4.6.")                         \
	COUNT(max_errors, "max-errors", IN_ALL, "20", 0, 1000000, LIMITS,                             \
	      "refused commands since a message; 0: any",                                             \
	      "Then 421 or -ERR, and the session ends.")                                              \
	COUNT(max_commands, "max-commands", IN_ALL, "0", 0, 1000000000, LIMITS,                       \
	      "commands of a session; 0: any", "Then 421 or -ERR, and the session ends.")             \
	COUNT(max_auth_failures, "max-auth-failures", IN_ALL, "3", 1, 1000, LIMITS,                   \
	      "failed logins",                                                                        \
	      "Then the session ends; in SMTP and LMTP with 421 at the next try.")                    \
	SIZE(min_rate, "min-rate", IN_MAIL, "10", 0, 1 << 30, LIMITS,                                 \
	     "octets a second, at least; 0: any",                                                     \
	     "What a message must reach on average over each --data-timeout, so that nobody holds a " \
	     "session with a trickle.")                                                               \
	/* ---- time limits ---- */                                                                   \
	SECONDS(idle_timeout, "idle-timeout", IN_ALL, "300", "600", 0, SECONDS_MOST, TIMES,           \
		"wait for a command; 0: for ever",                                                    \
		"RFC 1939 wants 600 seconds at least for POP3; less gives a warning. A POP3 "         \
		"session ends in silence, SMTP and LMTP say 421.")                                    \
	SECONDS(data_timeout, "data-timeout", IN_MAIL, "180", "180", 0, SECONDS_MOST, TIMES,          \
		"wait for more of a message; 0: for ever", "")                                        \
	SECONDS(session_timeout, "session-timeout", IN_ALL, "0", "0", 0, SECONDS_MOST, TIMES,         \
		"longest session; 0: any",                                                            \
		"Ends a session that is otherwise alive, but no delivery that has started.")          \
	SECONDS(greeting_delay, "greeting-delay", IN_ALL, "0", "0", 0, 240, TIMES,                    \
		"wait before the greeting",                                                           \
		"Programs that send spam tend not to wait; clients give up after five minutes.")      \
	SECONDS(error_delay, "error-delay", IN_ALL, "0", "0", 0, 60, TIMES,                           \
		"wait before each reply that refuses", "")                                            \
	SECONDS(hook_timeout, "hook-timeout", IN_ALL, "30", "30", 1, 290, TIMES,                      \
		"longest run of a program",                                                           \
		"Then SIGTERM, five seconds later SIGKILL, and the client is told to come back. "     \
		"Below the five minutes that clients wait for a reply (RFC 5321 4.5.3.2).")           \
	SECONDS(deliver_timeout, "deliver-timeout", IN_MAIL, "120", "120", 1, 590, TIMES,             \
		"longest run of deliver",                                                             \
		"Below the ten minutes that clients wait after a message (RFC 5321 4.5.3.2.6).")      \
	/* ---- protocol ---- */                                                                      \
	LIST(accept_domain, "accept-domain", IN_MAIL, "DOMAIN,...", domain, PROTOCOL,                 \
	     "domains whose mail is taken",                                                           \
	     "Without a rcpt program and outside these domains every recipient is refused.")          \
	CHOICE(address_charset, "address-charset", IN_MAIL, enum address_charset, charset_words,      \
	       "safe", PROTOCOL, "which addresses are taken",                                         \
	       "safe: atoms and dots of RFC 5321 less $, | and the backtick, and none that begins "   \
	       "with a dash. rfc: all of RFC 5321, quoted local parts too; every program of the "     \
	       "backend must then be able to bear them.")                                             \
	CHOICE(bare_newline, "bare-newline", IN_MAIL, enum bare_newline, newline_words, "reject",     \
	       PROTOCOL, "a CR or LF that stands alone",                                              \
	       "reject: the message is read to its true end and refused with 554 5.6.0. clean: it "   \
	       "becomes a line end. Neither ever ends a message.")                                    \
	LIST(announce, "announce", IN_MAIL, "KEYWORD,...", keyword, PROTOCOL,                         \
	     "further keywords; -KEYWORD withholds",                                                  \
	     "Announce only what the backend honours (DSN, BINARYMIME, REQUIRETLS): their "           \
	     "parameters reach it in MAIL_PARAMS and RCPT_PARAMS. AUTH= adds the line that old "      \
	     "clients look for.")                                                                     \
	LIST(disable_command, "disable-command", IN_ALL, "VERB,...", verb, PROTOCOL,                  \
	     "verbs to refuse and not to announce", "")                                               \
	LIST(command_state, "command-state", IN_ALL, "[VERB=]STATE,...", state, PROTOCOL,             \
	     "when command-VERB programs may run",                                                    \
	     "STATE alone is for every such verb; states are the words of SESSION_STATE. "            \
	     "Without this option they run in any state.")                                            \
	LIST(auth_mechanisms, "auth-mechanisms", IN_ALL, "NAME,...", mechanism, PROTOCOL,             \
	     "SASL mechanisms to offer",                                                              \
	     "Of those that the backend makes possible: auth PLAIN and LOGIN, token OAUTHBEARER and " \
	     "XOAUTH2, secret SCRAM-SHA-256 and, over TLS, SCRAM-SHA-256-PLUS, a verified client "    \
	     "certificate EXTERNAL. By default all of them but CRAM-MD5 and the APOP of POP3, which " \
	     "are weak and want the password itself from secret: they must be named.")                \
	BOOL(submission, "submission", IN_SMTP, PROTOCOL, "take mail of users, who log in",           \
	     "Mail is taken only from clients that have logged in (RFC 6409), others hear 530 "       \
	     "5.7.0. Date and Message-ID are added to messages that lack them.")                      \
	CHOICE(insecure_auth, "insecure-auth", IN_ALL, enum insecure_auth, insecure_words,            \
	       "local", PROTOCOL, "whose passwords may come in clear",                                \
	       "local: those of peers on a loopback address, a pipe or a unix socket. A TLS "         \
	       "terminator or port forwarder on the same machine makes every client local unless "    \
	       "it passes their addresses on: say never there.")                                      \
	SECONDS(login_delay, "login-delay", IN_POP3, "0", "0", 0, SECONDS_MOST, PROTOCOL,             \
		"least time between logins; 0: any",                                                  \
		"Announced as LOGIN-DELAY; who comes back sooner hears [LOGIN-DELAY] (RFC 2449 "      \
		"6.5). A login-delay program wins over it; what that prints is enforced as well. "    \
		"Trouble with the state keeps nobody out.")                                           \
	TEXT(login_delay_dir, "login-delay-dir", IN_POP3, NULL, "DIR", file, PROTOCOL,                \
	     "where logins are remembered",                                                           \
	     "An empty file for each user, whose time of modification is that of the last login. "    \
	     "It must belong to the user of the sessions and be writable by nobody else. "            \
	     "By default one below --spool-dir for each user id and backend directory, "              \
	     "mail-session-login.UID.HASH, made when it is missing.")                                 \
	TEXT(expire, "expire", IN_POP3, NULL, "DAYS|NEVER", days, PROTOCOL,                           \
	     "how long messages are kept, for CAPA",                                                  \
	     "Announced as EXPIRE (RFC 2449 6.7), no more. An expire program wins over it; "          \
	     "maildir-store is one, which keeps to what it prints.")                                  \
	LIST(trusted_networks, "trusted-networks", IN_ALL, "NETWORK,...", network, PROTOCOL,          \
	     "peers that may use XCLIENT and XFORWARD",                                               \
	     "XCLIENT replaces what is known of the client, its address and login name included; "    \
	     "whether the address it tells is trusted is judged anew. XFORWARD is told to programs "  \
	     "as XFORWARD_* variables and decides nothing. Others hear 550 5.7.0. POP3 has XCLIENT "  \
	     "as Dovecot's proxy sends it, before the login. Networks as for "                        \
	     "--proxy-protocol; behind a PROXY header the address in it counts.")                     \
	/* ---- TLS ---- */                                                                           \
	CHOICE(tls, "tls", IN_ALL, enum tls_mode, tls_words, "starttls", TLS, "when TLS begins",      \
	       "implicit: with the connection, before the greeting (ports 465 and 995). starttls: "   \
	       "when the client says STARTTLS or STLS, which is announced when there is a "           \
	       "certificate, or a server in front that offers UCSPI-TLS. off: never.")                \
	TEXT(tls_cert, "tls-cert", IN_EVERY, NULL, "FILE", file, TLS, "certificate chain, PEM",       \
	     "The server's certificate, then those that lead to a root. Read anew for each "          \
	     "connection, so that a renewal needs no restart.")                                       \
	TEXT(tls_key, "tls-key", IN_EVERY, NULL, "FILE", file, TLS, "the key to it, PEM",             \
	     "Readable by the user of the session, and by nobody else.")                              \
	TEXT(tls_dir, "tls-dir", IN_EVERY, NULL, "DIR", file, TLS,                                    \
	     "certificates by name, instead",                                                         \
	     "Holds a folder for each name that clients ask for (NAME/fullchain.pem, "                \
	     "NAME/privkey.pem), and default for all others.")                                        \
	TEXT(tls_client_ca, "tls-client-ca", IN_EVERY, NULL, "FILE", file, TLS,                       \
	     "ask for certificates of these authorities",                                             \
	     "A client without one is served all the same. The name in one that holds is "            \
	     "TLS_PEER.")                                                                             \
	TEXT(tls_ticket_keys, "tls-ticket-keys", IN_EVERY, NULL, "FILE", file, TLS,                   \
	     "keys that let clients resume",                                                          \
	     "Shared by all sessions that read the file; without it each connection is a full "       \
	     "handshake.")                                                                            \
	CHOICE(tls_min, "tls-min", IN_EVERY, enum tls_version, tls_version_words, "1.2", TLS,         \
	       "oldest version of TLS", "")                                                           \
	BOOL(tls_require, "tls-require", IN_ALL, TLS, "take nothing in clear",                        \
	     "Before TLS all but the commands that lead to it hear 530 5.7.0 or -ERR. Not for a "     \
	     "server that takes mail from the internet (RFC 3207 4).")                                \
	LIST(tls_alpn, "tls-alpn", IN_TLS, "NAME,...", text, TLS,                                     \
	     "application protocols that are spoken (smtp, lmtp, pop3)",                              \
	     "A client that names protocols (ALPN, RFC 7301) and none of these is refused, so that "  \
	     "what a browser sends is no mail.")                                                      \
	/* ---- backend ---- */                                                                       \
	COUNT(parallel_deliveries, "parallel-deliveries", IN_LMTP, "1", 1, 64, BACKEND,               \
	      "deliveries of a message at a time",                                                    \
	      "Replies keep the order of the recipients. Where B/serve delivers, as many of it run.") \
	CHOICE(line_ends, "line-ends", IN_MAIL, enum line_ends, line_end_words, "lf", BACKEND,        \
	       "line ends of messages as programs see them",                                          \
	       "BINARYMIME messages are handed on as they came.")                                     \
	SIZE(spool_memory, "spool-memory", IN_ALL, "1M", 0, 1 << 30, BACKEND,                         \
	     "octets of a message kept in memory", "A larger one goes to a file.")                    \
	TEXT(spool_dir, "spool-dir", IN_ALL, "/var/tmp", "DIR", file, BACKEND,                        \
	     "where large messages are kept", "The files have no names; nothing is left behind.")     \
	BOOL(quota_tempfail, "quota-tempfail", IN_ALL, BACKEND,                                       \
	     "exit code 73 (over quota) is temporary", "452 4.2.2 instead of 552 5.2.2.")             \
	TEXT(lock_file, "lock-file", IN_POP3, NULL, "PATTERN", pattern, BACKEND,                      \
	     "lock of a maildrop, with %u, %n, %d",                                                   \
	     "Held from list until logout when there is no serve program, which keeps its own. "      \
	     "%u is the user, %n what stands before the @, %d what stands behind it.")                \
	/* ---- logging ---- */                                                                       \
	CHOICE(log_format, "log-format", IN_EVERY, enum option_log_format, format_words, "text",      \
	       LOGGING, "form of log lines",                                                          \
	       "text: key=value pairs. json: an object a line. journal: the text, straight to "       \
	       "systemd's journal, with each pair as a field of its own (MAILSESSION_PEER=...); "     \
	       "where there is no journal, text.")                                                    \
	CHOICE(log_level, "log-level", IN_EVERY, int, level_words, "info", LOGGING,                   \
	       "log this and what is graver", "")                                                     \
	TEXT(trace, "trace", IN_ALL, NULL, "FILE", file, LOGGING,                                     \
	     "append the dialogue, secrets masked",                                                   \
	     "For debugging: what clients send in messages is in it.")

#endif
