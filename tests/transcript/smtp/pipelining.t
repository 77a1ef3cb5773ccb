# SPDX-License-Identifier: ISC
# Groups of commands (RFC 2920).
O: accept-domain x.example
S: 220 mx.example ESMTP*

== PIPE-001 PIPE-002 PIPE-006 DEF-003 a whole session in one write
C: EHLO a.example
C: MAIL FROM:<s@b.example>
C: RCPT TO:<u@x.example>
C: RCPT TO:<u@elsewhere.example>
C: RCPT TO:<v@x.example>
C: DATA
C: x
C: .
C: MAIL FROM:<s@b.example>
C: RSET
C: NOOP
C: QUIT
R: 250 -
K: PIPELINING
S: 250 2.1.0 *
S: 250 2.1.5 *
S: 550 5.7.1 *
S: 250 2.1.5 *
S: 354 *
S: 250 2.0.0 *
S: 250 2.1.0 *
S: 250 2.0.0 *
S: 250 2.0.0 *
S: 221 2.0.0 *
M: x
X: quit

== PIPE-001 commands that should be last in a group are answered in order elsewhere
C: EHLO a.example
C: NOOP
C: VRFY joe
C: EXPN joe
C: HELP
C: MAIL FROM:<>
C: NOOP
C: RCPT TO:<u@x.example>
C: VRFY joe
C: EHLO a.example
C: MAIL FROM:<>
R: 250 -
S: 250 2.0.0 *
S: 252 2.*
S: 502 5.5.1 *
R: 214 2.0.0
S: 250 2.1.0 *
S: 250 2.0.0 *
S: 250 2.1.5 *
S: 252 2.*
R: 250 -
S: 250 2.1.0 *

== PIPE-002 input is not lost over errors and hooks
V: rcpt 75
V: rcpt 0
C: FOO
C: EHLO a.example
C: MAIL FROM:<>
C: RCPT TO:<a@x.example>
C: BAR
C: RCPT TO:<b@x.example>
C: DATA
S: 500 5.5.2 *
R: 250 -
S: 250 2.1.0 *
S: 451 4.3.0 *
S: 500 5.5.2 *
S: 250 2.1.5 *
S: 354 *

== PIPE-005 PIPE-007 DATA is refused: what follows are commands
C: EHLO a.example
C: MAIL FROM:<>
C: RCPT TO:<u@elsewhere.example>
C: DATA
C: Subject: hello
C:
C: text
C: .
C: QUIT
R: 250 -
S: 250 2.1.0 *
S: 550 5.7.1 *
S: 503 5.5.1 *
S: 500 5.5.2 *
S: 500 5.5.2 *
S: 500 5.5.2 *
S: 500 5.5.2 *
S: 221 2.0.0 *
X: quit

== PIPE-007 GEN-014 and they are bounded
O: max-errors 5
C: EHLO a.example
C: MAIL FROM:<>
C: DATA
C*10: text
R: 250 -
S: 250 2.1.0 *
S: 503 5.5.1 *
S*4: 500 5.5.2 *
S: 421 4.7.0 *

== PIPE-008 a client that speaks before the greeting is answered
C: EHLO a.example
R: 250 -
C: QUIT
S: 221 2.0.0 *
X: quit

== PIPE-009 SMTP-048 a thousand recipients in one write
C: EHLO a.example
C: MAIL FROM:<>
C*1000: RCPT TO:<u@x.example>
C: RCPT TO:<u@x.example>
C: DATA
C: .
R: 250 -
S: 250 2.1.0 *
S*1000: 250 2.1.5 *
S: 452 4.5.3 *
S: 354 *
S: 250 2.0.0 *
M\

== IOP-010 the final dot and QUIT together, callouts are cheap
C: EHLO a.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: RSET
S: 250 2.0.0 *
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C\ x\r\n.\r\nQUIT\r\n
S: 250 2.0.0 *
S: 221 2.0.0 *
M: x
E: deliver
X: quit
