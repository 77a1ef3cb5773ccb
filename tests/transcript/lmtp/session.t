# SPDX-License-Identifier: ISC
# LMTP (RFC 2033).
O: accept-domain x.example
S: 220 mx.example LMTP*

== LMTP-001 LMTP-002 LMTP-004 greeting and LHLO
C: LHLO a.example
R: 250 -
K: PIPELINING
K: ENHANCEDSTATUSCODES
K: 8BITMIME
K: SMTPUTF8
K: CHUNKING
K: SIZE 52428800
K! DSN
K! STARTTLS
K! REQUIRETLS

== LMTP-002 LHLO without a name
C: LHLO
R: 501 -
C: MAIL FROM:<>
S: 503 5.5.1 *

== LMTP-003 HELO and EHLO never succeed
C: EHLO x
R: 500 -
C: HELO x
R: 500 -
C: MAIL FROM:<>
S: 503 5.5.1 *
C: LHLO x
R: 250 -

== LMTP-003 nor do they reset
C: LHLO x
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: EHLO x
R: 500 -
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *

== LMTP-006 SMTP-057 DATA without an accepted recipient
C: LHLO x
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@elsewhere.example>
S: 550 5.7.1 *
C: DATA
S: 503 5.5.1 *

== LMTP-010 LMTP-011 DEF-014 a reply for each accepted recipient, in order
V: rcpt 0
V: rcpt 67
V: rcpt 0
V: deliver 0
V: deliver 73 452 4.2.2 full
C: LHLO x
R: 250 -
C: MAIL FROM:<s@b.example>
S: 250 2.1.0 *
C: RCPT TO:<a@x.example>
S: 250 2.1.5 *
C: RCPT TO:<b@x.example>
S: 550 5.1.1 *
C: RCPT TO:<c@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: x
C: .
S: 250 2.*
S: 552 5.2.2 *
M: x

== LMTP-013 LMTP-019 LMTP-011 partial failure is normal
V: deliver 0
V: deliver 75 452 4.2.2 mailbox is full
V: deliver 67
V: deliver 255
V: deliver 69 550-5.7.1 no\n550 5.7.1 never
V: deliver 99
C: LHLO x
R: 250 -
C: MAIL FROM:<s@b.example>
S: 250 2.1.0 *
C*6: RCPT TO:<u@x.example>
S*6: 250 2.1.5 *
C: DATA
S: 354 *
C: x
C: .
S: 250 2.*
S: 452 4.2.2 mailbox is full
S: 550 5.1.1 *
S: 451 4.3.0 *
S: 550-5.7.1 no
S: 550 5.7.1 never
S: 250 2.*
M: x

== LMTP-012 SMTP-050 the same address twice
C: LHLO x
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C*2: RCPT TO:<u@x.example>
S*2: 250 2.1.5 *
C: DATA
S: 354 *
C: x
C: .
S*2: 250 2.*
M: x

== LMTP-014 chunks: one reply each, after LAST one a recipient
V: deliver 0
V: deliver 75
C: LHLO x
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C*2: RCPT TO:<u@x.example>
S*2: 250 2.1.5 *
C: BDAT 3
C\ a\r\n
S: 250 2.0.0 *
C: BDAT 3 LAST
C\ b\r\n
S: 250 2.*
S: 451 4.3.0 *
M: a
M: b

== LMTP-015 BDAT LAST without an accepted recipient has no reply
C: LHLO x
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: BDAT 6 LAST
C\ QUIT\r\n
C: NOOP
S: 250 2.0.0 *

== LMTP-015 without LAST it has one
C: LHLO x
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: BDAT 6
C\ QUIT\r\n
S: 503 5.5.1 *
C: NOOP
S: 250 2.0.0 *

== LMTP-015 CHNK-004 without MAIL it has one, too
C: LHLO x
R: 250 -
C: BDAT 6 LAST
C\ QUIT\r\n
S: 503 5.5.1 *
C: NOOP
S: 250 2.0.0 *

== LMTP-017 a message too big: the same error for each recipient
O: size-limit 100
C: LHLO x
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C*3: RCPT TO:<u@x.example>
S*3: 250 2.1.5 *
C: DATA
S: 354 *
C: \{150*x}
C: .
S*3: 552 5.3.4 *
C: NOOP
S: 250 2.0.0 *

== LMTP-017 DATA-014 a bare newline: likewise
C: LHLO x
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C*3: RCPT TO:<u@x.example>
S*3: 250 2.1.5 *
C: DATA
S: 354 *
C\ a\n.\r\nb\r\n.\r\n
S*3: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *

== LMTP-017 SMTP-071 a loop: likewise
O: max-hops 1
C: LHLO x
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C*2: RCPT TO:<u@x.example>
S*2: 250 2.1.5 *
C: DATA
S: 354 *
C: Received: a
C: Received: b
C:
C: .
S*2: 554 5.4.6 *

== LMTP-017 LMTP-014 BDAT LAST with a message too big
O: size-limit 10
C: LHLO x
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C*2: RCPT TO:<u@x.example>
S*2: 250 2.1.5 *
C: BDAT 20 LAST
C\ 12345678901234567890
S*2: 552 5.3.4 *
C: NOOP
S: 250 2.0.0 *

== LMTP-019 exit 73 with and without --quota-tempfail
V: rcpt 73
V: rcpt 0
V: deliver 73
C: LHLO x
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 552 5.2.2 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: .
S: 552 5.2.2 *
M\

== LMTP-019 --quota-tempfail
O: quota-tempfail yes
V: rcpt 73
V: rcpt 0
V: deliver 73
C: LHLO x
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 452 4.2.2 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: .
S: 452 4.2.2 *
M\

== LMTP-025 SMTP-039 a recipient without a domain is the backend's to decide
V: rcpt 0
V: rcpt 67
C: LHLO x
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<joe>
S: 250 2.1.5 *
C: RCPT TO:<jim>
S: 550 5.1.1 *
C: MAIL FROM:<joe>
S: 503 5.5.1 *
C: RSET
S: 250 2.0.0 *
C: MAIL FROM:<joe>
S: 501 5.1.7 *
E: rcpt RECIPIENT=joe
E: rcpt RECIPIENT=jim

== LMTP-010 PIPE-001 everything in one write
C: LHLO x
C: MAIL FROM:<>
C: RCPT TO:<a@x.example>
C: RCPT TO:<b@x.example>
C: DATA
C: x
C: .
C: QUIT
R: 250 -
S: 250 2.1.0 *
S*2: 250 2.1.5 *
S: 354 *
S*2: 250 2.*
S: 221 2.0.0 *
M: x
X: quit

== LMTP-018 SMTP-006 a shutdown is told with 421
# engine-only
C: LHLO x
R: 250 -
STOP: shutdown
S: 421 4.3.2 mx.example*
X: shutdown

== DATA-010 LMTP-013 a lost connection delivers nothing
C: LHLO x
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: x
X: eof
