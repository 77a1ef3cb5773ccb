# SPDX-License-Identifier: ISC
# Submission (RFC 6409): --submission.
# engine-only
O: submission
O: handled auth data deliver etrn
S: 220 *

== SUBM-001 SUBM-002 what is open before the login
C: EHLO x
R: 250
K: AUTH PLAIN LOGIN
K: PIPELINING
K: ENHANCEDSTATUSCODES
K: 8BITMIME
K! ETRN
C: MAIL FROM:<a@b.example>
R: 530 5.7.0
C: RCPT TO:<a@b.example>
R: 530 5.7.0
C: VRFY a
R: 530 5.7.0
C: ETRN a
R: 530 5.7.0
C: BDAT 4 LAST
C\ QUIT
R: 530 5.7.0
C: NOOP
R: 250 2.0.0
C: RSET
R: 250 2.0.0
C: HELP
R: 214 2.0.0
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 235 2.7.0
C: MAIL FROM:<a@b.example>
R: 250 2.1.0
C: RCPT TO:<anybody@else.example>
R: 250 2.1.5
C: QUIT
R: 221 2.0.0

== SUBM-004 Date and Message-ID are added where they are missing
C: EHLO x
R: 250
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 235 2.7.0
C: MAIL FROM:<a@b.example>
R: 250 2.1.0
C: RCPT TO:<c@d.example>
R: 250 2.1.5
C: DATA
R: 354
C: Subject: x
C\ \r\n
C: Date: in the body
C: hi
C: .
R: 250 2.0.0
M: Subject: x
M: Date: Thu, 01 Jan 1970 00:00:00 +0000
M: Message-ID: <T1@mx.example>
M\ \n
M: Date: in the body
M: hi

== SUBM-004 SUBM-006 what is there stays
C: EHLO x
R: 250
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 235 2.7.0
C: MAIL FROM:<a@b.example>
R: 250 2.1.0
C: RCPT TO:<c@d.example>
R: 250 2.1.5
C: DATA
R: 354
C: date : now
C: Bcc: z@z.example
C: MESSAGE-ID: <1@x>
C\ \r\n
C: hi
C: .
R: 250 2.0.0
M: date : now
M: Bcc: z@z.example
M: MESSAGE-ID: <1@x>
M\ \n
M: hi

== SUBM-004 one is missing, and there is no body
C: EHLO x
R: 250
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 235 2.7.0
C: MAIL FROM:<a@b.example>
R: 250 2.1.0
C: RCPT TO:<c@d.example>
R: 250 2.1.5
C: DATA
R: 354
C: Dates: x
C: Message-IDs: x
C: Date: now
C: .
R: 250 2.0.0
M: Dates: x
M: Message-IDs: x
M: Date: now
M: Message-ID: <T1@mx.example>

== SUBM-004 a folded field is none of its own
C: EHLO x
R: 250
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 235 2.7.0
C: MAIL FROM:<a@b.example>
R: 250 2.1.0
C: RCPT TO:<c@d.example>
R: 250 2.1.5
C: DATA
R: 354
C: Subject: x
C: \sDate: no
C\ \r\n
C: hi
C: .
R: 250 2.0.0
M: Subject: x
M: \sDate: no
M: Date: Thu, 01 Jan 1970 00:00:00 +0000
M: Message-ID: <T1@mx.example>
M\ \n
M: hi

== SUBM-004 a message of nothing
C: EHLO x
R: 250
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 235 2.7.0
C: MAIL FROM:<a@b.example>
R: 250 2.1.0
C: RCPT TO:<c@d.example>
R: 250 2.1.5
C: DATA
R: 354
C: .
R: 250 2.0.0
M: Date: Thu, 01 Jan 1970 00:00:00 +0000
M: Message-ID: <T1@mx.example>

== SUBM-004 a body alone
C: EHLO x
R: 250
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 235 2.7.0
C: MAIL FROM:<a@b.example>
R: 250 2.1.0
C: RCPT TO:<c@d.example>
R: 250 2.1.5
C: DATA
R: 354
C\ \r\n
C: hi
C: .
R: 250 2.0.0
M: Date: Thu, 01 Jan 1970 00:00:00 +0000
M: Message-ID: <T1@mx.example>
M\ \n
M: hi
