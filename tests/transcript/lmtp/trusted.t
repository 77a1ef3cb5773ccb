# SPDX-License-Identifier: ISC
# XCLIENT and XFORWARD in LMTP.
O: accept-domain x.example
S: 220 mx.example LMTP*

== XCL-001 XFW-001 a peer that is not trusted
C: LHLO a.example
R: 250 -
K! XCLIENT
K! XFORWARD
C: XCLIENT ADDR=192.0.2.9
S: 550 5.7.0 *
C: XFORWARD ADDR=192.0.2.9
S: 550 5.7.0 *

== XCL-005 XFW-001 a trusted one
O: trusted-networks unix 192.0.2.9
C: LHLO a.example
R: 250 -
K: XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT
K: XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE
C: XCLIENT ADDR=192.0.2.9 PROTO=SMTP
S: 220 mx.example LMTP*
C: MAIL FROM:<>
S: 503 5.5.1 *
C: LHLO a.example
R: 250 -
C: XFORWARD NAME=spike.example
S: 250 2.0.0 *
C: MAIL FROM:<>
S: 250 2.1.0 *
C: XFORWARD NAME=spike.example
S: 503 5.5.1 *
C: XCLIENT ADDR=192.0.2.9
S: 503 5.5.1 *

== XCL-006 XFW-002 what programs are told of it
# program-only
O: trusted-networks unix 192.0.2.9
O: handled deliver
C: XCLIENT ADDR=192.0.2.9 NAME=front.example HELO=client.example
S: 220 mx.example LMTP*
C: LHLO front.example
R: 250 -
C: XFORWARD NAME=spike.example SOURCE=LOCAL
S: 250 2.0.0 *
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: x
C: .
S: 250 2.0.0 *
M: x
E: deliver REMOTE_ADDR=192.0.2.9 REMOTE_HOST=front.example HELO=client.example XFORWARD_NAME=spike.example XFORWARD_SOURCE=LOCAL
