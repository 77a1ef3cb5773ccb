# SPDX-License-Identifier: ISC
# Submission (RFC 6409) by programs whose line ends are bare: --submission --bare-newline clean.
# engine-only
O: submission
O: bare-newline clean
O: handled auth data deliver
S: 220 *

== SUBM-004 what is missing is added where the header section ends, though its lines end in LF
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
C\ Subject: x\n\nDate: in the body\n
C\ \r\n.\r\n
R: 250 2.0.0
M: Subject: x
M: Date: Thu, 01 Jan 1970 00:00:00 +0000
M: Message-ID: <T1@mx.example>
M\ \n
M: Date: in the body
M\ \n

== SUBM-004 a body alone, behind a bare LF
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
C\ \nhi\r\n.\r\n
R: 250 2.0.0
M: Date: Thu, 01 Jan 1970 00:00:00 +0000
M: Message-ID: <T1@mx.example>
M\ \n
M: hi
