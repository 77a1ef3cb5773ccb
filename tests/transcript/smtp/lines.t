# SPDX-License-Identifier: ISC
# Command lines: length, blanks, verbs, arguments (RFC 5321 2.3.8, 4.1.1, 4.2.4, 4.5.3.1).
O: accept-domain x.example
S: 220 mx.example ESMTP*
C: EHLO a.example
R: 250 -

== SMTP-011 a line of 2048 octets with CRLF is taken
C: NOOP \{2041*x}
S: 250 2.0.0 *

== SMTP-012 DEF-004 MAP-020 one octet more is refused, and the session goes on
C: NOOP \{2042*x}
S: 500 5.5.2 *
C: NOOP
S: 250 2.0.0 *

== SMTP-011 512 octets and the increments of extensions
C: MAIL FROM:<u@a.example> SIZE=1 BODY=8BITMIME SMTPUTF8\{1989*\s}
S: 250 2.1.0 *

== SMTP-012 GEN-008 DEF-030 a very long line is swallowed and costs one error
C: NOOP \{100000*x}
S: 500 5.5.2 *
C: NOOP
S: 250 2.0.0 *

== SMTP-012 commands inside a line that is too long are not executed
C: \{3000*x}\rQUIT\nQUIT
S: 500 5.5.2 *
C: NOOP
S: 250 2.0.0 *

== SMTP-012 the state is unchanged
C: MAIL FROM:<u@a.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example> \{2100*x}
S: 500 5.5.2 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: .
S: 250 2.0.0 *
M\

== SMTP-013 IOP-009 trailing blanks are tolerated on every command
C: RSET \t
S: 250 2.0.0 *
C: NOOP\s
S: 250 2.0.0 *
C: MAIL FROM:<u@a.example> \t
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>\t
S: 250 2.1.5 *
C: DATA \t
S: 354 *
C: .
S: 250 2.0.0 *
M\
C: EHLO a.example\s
R: 250 -
C: HELO a.example\t\s
S: 250 mx.example*
C: QUIT\s
S: 221 2.0.0 *
X: quit

== SMTP-014 leading blanks are not stripped
C\ \sNOOP\r\n
S: 500 5.5.2 *
C\ \tNOOP\r\n
S: 500 5.5.2 *

== SMTP-015 unknown verbs and the empty line
C: FOO
S: 500 5.5.2 *
C: FOO bar
S: 500 5.5.2 *
C: XFOO
S: 500 5.5.2 *
C\ \r\n
S: 500 5.5.2 *
C\ \s\r\n
S: 500 5.5.2 *
C: NOOP
S: 250 2.0.0 *

== SMTP-016 MAP-025 verbs that are known and not served
C: EXPN list
S: 502 5.5.1 *
C: TURN
S: 502 5.5.1 *
C: SEND FROM:<u@a.example>
S: 502 5.5.1 *
C: SOML FROM:<u@a.example>
S: 502 5.5.1 *
C: SAML FROM:<u@a.example>
S: 502 5.5.1 *
C: ETRN a.example
S: 502 5.5.1 *

== SMTP-017 a verb is matched whole
C: NOOPX
S: 500 5.5.2 *
C: MAILFROM:<>
S: 500 5.5.2 *
C: DATA1
S: 500 5.5.2 *
C: QUITX
S: 500 5.5.2 *
C: NOO
S: 500 5.5.2 *
C: EHLO\x2ca
S: 500 5.5.2 *
C: BDAT0
S: 500 5.5.2 *
C: QUIT\x7f
R: 500 5.5.2
C: NOOP
S: 250 2.0.0 *

== SMTP-017 LHLO is no verb of SMTP
# LMTP-003
C: LHLO a.example
S: 500 *
C: NOOP
S: 250 2.0.0 *

== SMTP-018 arguments where there are none
C: RSET now
S: 501 5.5.4 *
C: QUIT now
S: 501 5.5.4 *
C: MAIL FROM:<u@a.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: RSET x
S: 501 5.5.4 *
C: DATA now
S: 501 5.5.4 *
C: DATA
S: 354 *
C: .
S: 250 2.0.0 *
M\

== SMTP-019 NOOP takes any argument in every state
C: NOOP blah blah
S: 250 2.0.0 *
C: NOOP "\\
S: 250 2.0.0 *
C: MAIL FROM:<u@a.example>
S: 250 2.1.0 *
C: NOOP <>(),:;
S: 250 2.0.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 354 *
C: .
S: 250 2.0.0 *
M\

== SMTP-020 HELP is never refused
C: HELP
R: 214 2.0.0
C: HELP MAIL
R: 214 2.0.0
C: HELP no such thing
R: 214 2.0.0

== SMTP-021 VRFY is always there
C: VRFY joe
S: 252 2.*
C: VRFY <joe@x.example>
S: 252 2.*
C: VRFY ""
S: 252 2.*
C: VRFY
S: 501 5.5.4 *
C: VRFY\s
S: 501 5.5.4 *

== SMTP-021 SMTP-022 a vrfy hook decides
V: vrfy 0 250 Joe <joe@x.example>
V: vrfy 0 251 <joe@y.example>
V: vrfy 67
V: vrfy 69 551 5.1.6 gone
V: vrfy 69 553 5.1.4 ambiguous
V: vrfy 75
C: VRFY joe
S: 250 2.0.0 Joe <joe@x.example>
C: VRFY joe
S: 251 2.0.0 <joe@y.example>
C: VRFY joe
S: 550 5.1.1 *
C: VRFY joe
S: 551 5.1.6 gone
C: VRFY joe
S: 553 5.1.4 ambiguous
C: VRFY joe@x
S: 451 4.3.0 *
E: vrfy ARGUMENT=joe
E: vrfy ARGUMENT=joe
E: vrfy ARGUMENT=joe
E: vrfy ARGUMENT=joe
E: vrfy ARGUMENT=joe
E: vrfy ARGUMENT=joe@x

== SMTP-022 an expn hook answers with a line for each mailbox
V: expn 0 250 <a@x.example>\n250 <b@x.example>
C: EXPN list
S: 250-2.0.0 <a@x.example>
S: 250 2.0.0 <b@x.example>
C: EXPN
S: 501 5.5.4 *
E: expn ARGUMENT=list

== ETRN-001 an etrn hook serves ETRN
V: etrn 0 253 2.0.0 started
V: etrn 0
V: etrn 75 458 4.3.0 unable to queue
C: ETRN
S: 501 5.5.4 *
C: ETRN a.example
S: 253 2.0.0 started
C: ETRN @a.example
S: 250 2.0.0 *
C: ETRN #queue
S: 458 4.3.0 unable to queue
C: MAIL FROM:<>
S: 250 2.1.0 *
C: ETRN a.example
S: 503 5.5.1 *
E: etrn ARGUMENT=a.example
E: etrn ARGUMENT=@a.example
E: etrn ARGUMENT=#queue

== SMTP-024 octets above US-ASCII in a command line
C: NOOP \xc3\xa4
S: 50*
C: \xc3\xa4
S: 50*
C: MAIL FROM:<u@a.example> SIZE=\xc3\xa4
S: 50*
C: NOOP
S: 250 2.0.0 *

== SMTP-023 first commands before any EHLO are answered
# The prologue has greeted; a session that has not is in order.t.
C: MAIL FROM:<u@a.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: HELP
R: 214 2.0.0
C: VRFY joe
S: 252 2.*
C: EXPN joe
S: 502 5.5.1 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 354 *
C: .
S: 250 2.0.0 *
M\

== GEN-012 IOP-009 verbs and keywords compare without case
C: eHlO b.example
R: 250 -
C: mail from:<u@a.example> size=5 body=8bitmime
S: 250 2.1.0 *
C: rcpt to:<u@x.example>
S: 250 2.1.5 *
C: dAtA
S: 354 *
C: .
S: 250 2.0.0 *
M\
C: rset
S: 250 2.0.0 *
C: nOOp
S: 250 2.0.0 *
C: vrfy x
S: 252 2.*
C: help
R: 214 2.0.0
C: quit
S: 221 2.0.0 *
X: quit

== GEN-013 DEF-001 bare line ends in commands cost one error each and execute nothing
C\ RSET\nQUIT\n\nMAIL FROM:<>\r\n
S: 500 5.5.2 *
C\ RSET\r\r\n
S: 500 5.5.2 *
C\ RSET\r \n\r\n
S: 500 5.5.2 *
C\ \n\r\n
S: 500 5.5.2 *
C\ \r\r\r\r\n
S: 500 5.5.2 *
C\ MAIL FROM:<u\0@a.example>\r\n
S: 500 5.5.2 *
C\ \0\r\n
S: 500 5.5.2 *
C: NOOP
S: 250 2.0.0 *

== GEN-013 a bare LF keeps the transaction as it was
C: MAIL FROM:<u@a.example>
S: 250 2.1.0 *
C\ RSET\n\r\n
S: 500 5.5.2 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *

== MAP-025 the informed events see their commands, and cannot alter the reply
V: noop 1 550 no
V: rset 100 550 no
V: quit 75 421 no
C: NOOP hello there
S: 250 2.0.0 *
C: RSET
S: 250 2.0.0 *
C: QUIT
S: 221 2.0.0 *
E: noop ARGUMENT=hello\sthere
E: rset
E: quit
X: quit

== MAP-025 a help hook writes the help
V: help 0 214 ask postmaster
C: HELP me
S: 214 2.0.0 ask postmaster
E: help ARGUMENT=me
