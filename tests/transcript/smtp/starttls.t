# SPDX-License-Identifier: ISC
# STARTTLS (RFC 3207): TLS-001 ... 005, 008, 010, 014.
O: accept-domain x.example
O: tls starttls
S: 220 mx.example ESMTP*

== announced in clear, gone behind TLS; no second greeting, and EHLO is needed again (TLS-001, TLS-003, TLS-004)
C: EHLO a.example
R: 250 -
K: STARTTLS
C: STARTTLS
S: 220 2.0.0 *
T: handshake
C: MAIL FROM:<s@b.example>
S: 503 5.5.1 *
C: EHLO a.example
R: 250 -
K! STARTTLS
C: MAIL FROM:<s@b.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: m
C: .
S: 250 2.0.0 *
C: QUIT
S: 221 2.0.0 *
M: m
X: quit

== with an argument 501, and nothing has changed (TLS-002, SMTP-018)
C: EHLO a.example
R: 250 -
C: STARTTLS now
S: 501 5.5.4 *
C: STARTTLS
S: 220 2.0.0 *
T: handshake
C: QUIT
S: 221 2.0.0 *

== a second one 503, with an argument too (TLS-002)
C: EHLO a.example
R: 250 -
C: STARTTLS
S: 220 2.0.0 *
T: handshake
C: STARTTLS
S: 503 5.5.1 *
C: EHLO a.example
R: 250 -
C: STARTTLS
S: 503 5.5.1 *
C: STARTTLS now
S: 503 5.5.1 *

== before EHLO, after HELO and within a transaction 503 (TLS-014, SMTP-026, SMTP-056)
C: STARTTLS
S: 503 5.5.1 *
C: HELO a.example
S: 250 *
C: STARTTLS
S: 503 5.5.1 *
C: EHLO a.example
R: 250 -
C: MAIL FROM:<s@b.example>
S: 250 2.1.0 *
C: STARTTLS
S: 503 5.5.1 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: STARTTLS
S: 503 5.5.1 *
C: BDAT 1
C\ x
S: 250 *
C: STARTTLS
S: 503 5.5.1 *
C: BDAT 1 LAST
C\ y
S: 250 2.0.0 *
M\ xy

== within a transaction 503, after RSET 220 (TLS-014)
C: EHLO a.example
R: 250 -
C: MAIL FROM:<s@b.example>
S: 250 2.1.0 *
C: RSET
S: 250 2.0.0 *
C: STARTTLS
S: 220 2.0.0 *
T: handshake
C: EHLO a.example
R: 250 -

== octets behind the line: one 554, and the end (TLS-005, PIPE-002)
C: EHLO a.example
R: 250 -
C: STARTTLS\r\nRSET
S: 554 5.5.0 *
X: error

== one octet behind the line is enough (TLS-005)
C: EHLO a.example
R: 250 -
C\ STARTTLS\r\n\x16
S: 554 5.5.0 *
X: error

== a whole transaction behind the line is never read (TLS-005)
C: EHLO a.example
R: 250 -
C: STARTTLS\r\nEHLO a.example\r\nMAIL FROM:<s@b.example>\r\nRCPT TO:<u@x.example>\r\nDATA\r\nm\r\n.
S: 554 5.5.0 *
E: none

== in a group where it is last, what is before it is answered (PIPE-001, TLS-006, TLS-014)
C: EHLO a.example\r\nNOOP\r\nRSET\r\nSTARTTLS
R: 250 -
S: 250 2.0.0 *
S: 250 2.0.0 *
S: 220 2.0.0 *
T: handshake
C: EHLO a.example
R: 250 -

== not available now: 454, and mail goes on in clear (TLS-002)
# engine-only
V: starttls 75
C: EHLO a.example
R: 250 -
C: STARTTLS
S: 454 4.7.0 *
T: no handshake
C: MAIL FROM:<s@b.example>
S: 250 2.1.0 *

== told by the runner that octets wait (TLS-005)
# engine-only
V: starttls 65
C: EHLO a.example
R: 250 -
C: STARTTLS
S: 554 5.5.0 *
X: error

== commands and errors are counted on (TLS-003)
O: max-errors 2
C: EHLO a.example
R: 250 -
C: NONSENSE
S: 500 5.5.2 *
C: STARTTLS
S: 220 2.0.0 *
T: handshake
C: NONSENSE
S: 500 5.5.2 *
C: NONSENSE
S: 421 4.7.0 mx.example *
X: limit

== the limit on commands counts those in clear (TLS-003)
O: max-commands 3
C: EHLO a.example
R: 250 -
C: STARTTLS
S: 220 2.0.0 *
T: handshake
C: NOOP
S: 250 2.0.0 *
C: NOOP
S: 421 4.7.0 mx.example *

== disabled: neither announced nor taken
O: disable-command STARTTLS
C: EHLO a.example
R: 250 -
K! STARTTLS
C: STARTTLS
S: 502 5.5.1 *

== TLS required: everything but what leads there is 530 (TLS-008)
O: tls-require yes
C: HELP
R: 214
C: NOOP
S: 250 2.0.0 *
C: RSET
S: 250 2.0.0 *
C: HELO a.example
S: 250 *
C: EHLO a.example
R: 250 -
K: STARTTLS
C: MAIL FROM:<s@b.example>
S: 530 5.7.0 *
C: RCPT TO:<u@x.example>
S: 530 5.7.0 *
C: DATA
S: 530 5.7.0 *
C: BDAT 6
C\ QUIT\r\n
S: 530 5.7.0 *
C: VRFY u
S: 530 5.7.0 *
C: EXPN u
S: 530 5.7.0 *
C: ETRN x
S: 530 5.7.0 *
C: AUTH PLAIN
S: 530 5.7.0 *
C: XCLIENT NAME=a
S: 530 5.7.0 *
C: NONSENSE
S: 530 5.7.0 *
C: STARTTLS
S: 220 2.0.0 *
T: handshake
C: EHLO a.example
R: 250 -
C: MAIL FROM:<s@b.example>
S: 250 2.1.0 *

== TLS required: QUIT in clear (TLS-008)
O: tls-require yes
C: QUIT
S: 221 2.0.0 *
X: quit

== REQUIRETLS behind TLS only (RTLS-001)
O: announce REQUIRETLS
C: EHLO a.example
R: 250 -
K! REQUIRETLS
C: STARTTLS
S: 220 2.0.0 *
T: handshake
C: EHLO a.example
R: 250 -
K: REQUIRETLS
E: none

== a trusted peer: XCLIENT before and behind TLS (TLS-003, XCL-006)
O: trusted-networks unix
C: EHLO proxy.example
R: 250 -
K: XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT
C: XCLIENT NAME=c.example HELO=c.example
S: 220 mx.example ESMTP*
C: EHLO proxy.example
R: 250 -
C: STARTTLS
S: 220 2.0.0 *
T: handshake
C: XCLIENT NAME=d.example
S: 220 mx.example ESMTP*
C: EHLO proxy.example
R: 250 -
K! STARTTLS
C: STARTTLS
S: 503 5.5.1 *
E: none

