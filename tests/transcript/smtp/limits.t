# SPDX-License-Identifier: ISC
# Limits: the exact one and one more.
O: accept-domain x.example
S: 220 mx.example ESMTP*

== GEN-014 twenty errors, and 421
C: EHLO a.example
R: 250 -
C*21: FOO
S*19: 500 5.5.2 *
S: 500 5.5.2 *
S: 421 4.7.0 *

== GEN-014 nineteen errors
C: EHLO a.example
R: 250 -
C*19: FOO
S*19: 500 5.5.2 *
C: NOOP
S: 250 2.0.0 *

== GEN-014 a transaction resets the count
O: max-errors 3
C: EHLO a.example
R: 250 -
C*2: FOO
S*2: 500 5.5.2 *
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: .
S: 250 2.0.0 *
M\
C*2: FOO
S*2: 500 5.5.2 *
C: NOOP
S: 250 2.0.0 *

== GEN-014 zero is no limit
O: max-errors 0
C*200: FOO
S*200: 500 5.5.2 *
X: eof

== SMTP-048 LIM-002 recipients: the limit and one more
O: max-recipients 100
C: EHLO a.example
R: 250 -
K: LIMITS RCPTMAX=100
C: MAIL FROM:<>
S: 250 2.1.0 *
C*100: RCPT TO:<u@x.example>
S*100: 250 2.1.5 *
C: RCPT TO:<u@x.example>
S: 452 4.5.3 *
C: DATA
S: 354 *
C: .
S: 250 2.0.0 *
M\

== SMTP-048 refused recipients do not count
O: max-recipients 2
C: EHLO a.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C*5: RCPT TO:<u@elsewhere.example>
S*5: 550 5.7.1 *
C*2: RCPT TO:<u@x.example>
S*2: 250 2.1.5 *
C: RCPT TO:<u@x.example>
S: 452 4.5.3 *

== SMTP-058 SMTP-048 the count begins anew with each transaction
O: max-recipients 1
C: EHLO a.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C*2: RCPT TO:<u@x.example>
S: 250 2.1.5 *
S: 452 4.5.3 *
C: RSET
S: 250 2.0.0 *
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *

== DESIGN 13: --max-commands
O: max-commands 3
C*4: NOOP
S*3: 250 2.0.0 *
S: 421 *
