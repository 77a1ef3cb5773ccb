# SPDX-License-Identifier: ISC
# The order of commands beside the table in states.table (RFC 5321 4.1.4).
O: accept-domain x.example
S: 220 mx.example ESMTP*

== SMTP-023 commands that need no EHLO
C: RSET
S: 250 2.0.0 *
C: NOOP
S: 250 2.0.0 *
C: HELP
R: 214 2.0.0
C: VRFY joe
S: 252 2.*
C: EXPN joe
S: 502 5.5.1 *
C: MAIL FROM:<>
S: 503 5.5.1 *
C: QUIT
S: 221 2.0.0 *
X: quit

== SMTP-056 a second MAIL leaves the first transaction alive
O: handled mail deliver
C: EHLO a.example
R: 250 -
C: MAIL FROM:<first@b.example>
S: 250 2.1.0 *
C: MAIL FROM:<second@b.example>
S: 503 5.5.1 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: x
C: .
S: 250 2.0.0 *
M: x
E: mail SENDER=first@b.example
E: deliver

== SMTP-057 PIPE-005 DATA without an accepted recipient
C: EHLO a.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@elsewhere.example>
S: 550 5.7.1 *
C: DATA
S: 503 5.5.1 *

== SMTP-058 after the end of data a new transaction needs MAIL
C: EHLO a.example
R: 250 -
C: MAIL FROM:<> BODY=8BITMIME
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: x
C: .
S: 250 2.0.0 *
M: x
C: RCPT TO:<u@x.example>
S: 503 5.5.1 *
C: DATA
S: 503 5.5.1 *
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: y
C: .
S: 250 2.0.0 *
# another message

M: y

== SMTP-058 after a failed delivery as well
V: deliver 75
V: deliver 65
V: deliver 0
C: EHLO a.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: x
C: .
S: 451 4.3.0 *
C: DATA
S: 503 5.5.1 *
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: y
C: .
S: 554 5.6.0 *
C: RCPT TO:<u@x.example>
S: 503 5.5.1 *
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: z
C: .
S: 250 2.0.0 *
M: x

M: y

M: z

== SMTP-059 RSET clears the transaction only
O: max-recipients 3
C: EHLO a.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: RSET
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *

== SMTP-060 a refusal by mail, rcpt or data leaves the state
V: mail 75
V: mail 0
V: rcpt 77
V: rcpt 0
V: data 75
V: data 0
O: handled mail rcpt data deliver
C: EHLO a.example
R: 250 -
C: MAIL FROM:<a@b.example>
S: 451 4.3.0 *
C: RCPT TO:<u@x.example>
S: 503 5.5.1 *
C: MAIL FROM:<a@b.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 550 5.7.1 *
C: DATA
S: 503 5.5.1 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 451 4.3.0 *
C: DATA
S: 354 *
C: x
C: .
S: 250 2.0.0 *
M: x
E: mail
E: mail
E: rcpt
E: rcpt
E: data
E: data
E: deliver

== TLS-002 TLS-014 STARTTLS that is not offered
C: STARTTLS
S: 502 5.5.1 *
C: EHLO a.example
R: 250 -
C: STARTTLS
S: 502 5.5.1 *
C: NOOP
S: 250 2.0.0 *

== XCL-001 XFW-001 XCLIENT and XFORWARD from a peer that is not trusted
C: EHLO a.example
R: 250 -
K! XCLIENT
K! XFORWARD
C: XCLIENT ADDR=192.0.2.9
S: 550 5.7.0 *
C: XFORWARD ADDR=192.0.2.9
S: 550 5.7.0 *
C: NOOP
S: 250 2.0.0 *

== PRX-013 a PROXY line is an unknown verb
C: PROXY TCP4 192.0.2.1 192.0.2.2 1 2
S: 500 5.5.2 *
C: NOOP
S: 250 2.0.0 *
