# SPDX-License-Identifier: ISC
# BDAT where it may not be: its octets are swallowed all the same (RFC 3030 2).
O: accept-domain x.example
S: 220 mx.example ESMTP*

== CHNK-004 before EHLO
C: BDAT 6
C\ QUIT\r\n
S: 503 5.5.1 *
C: NOOP
S: 250 2.0.0 *

== CHNK-004 without a transaction
C: EHLO a.example
R: 250 -
C: BDAT 6
C\ QUIT\r\n
S: 503 5.5.1 *
C: BDAT 12 LAST
C\ NOOP\r\nQUIT\r\n
S: 503 5.5.1 *
C: NOOP
S: 250 2.0.0 *

== CHNK-004 without a recipient
C: EHLO a.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: BDAT 6 LAST
C\ QUIT\r\n
S: 503 5.5.1 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *

== CHNK-004 after HELO
C: HELO a.example
S: 250 mx.example*
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: BDAT 6 LAST
C\ QUIT\r\n
S: 503 5.5.1 *

== PIPE-001 CHNK-004 a whole transaction of chunks in one write
C: EHLO a.example
C: MAIL FROM:<>
C: RCPT TO:<u@x.example>
C: BDAT 3
C\ a\r\nBDAT 3 LAST\r\nb\r\nQUIT\r\n
R: 250 -
S: 250 2.1.0 *
S: 250 2.1.5 *
S: 250 2.0.0 *
S: 250 2.0.0 *
S: 221 2.0.0 *
M: a
M: b
X: quit
