# SPDX-License-Identifier: ISC
# XFORWARD (Postfix's XFORWARD_README; hardening 64).
O: accept-domain x.example
S: 220 mx.example ESMTP*

== XFW-001 a peer that is not trusted
C: EHLO a.example
R: 250 -
K! XFORWARD
C: XFORWARD NAME=spike.example
S: 550 5.7.0 *
C: XFORWARD
S: 550 5.7.0 *

== XFW-001 a trusted peer is told the attributes
O: trusted-networks unix
C: EHLO a.example
R: 250 -
K: XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE
C: XFORWARD NAME=spike.example ADDR=192.0.2.9 PORT=4711
S: 250 2.0.0 *
C: XFORWARD PROTO=ESMTP HELO=[192.0.2.9] IDENT=4A2B SOURCE=REMOTE
S: 250 2.0.0 *
C: MAIL FROM:<>
S: 250 2.1.0 *
C: XFORWARD IDENT=1
S: 503 5.5.1 *

== XFW-001 XFW-003 what is malformed
O: max-errors 0
O: trusted-networks unix
C: XFORWARD
S: 501 5.5.4 *
C: XFORWARD NAME
S: 501 5.5.4 *
C: XFORWARD NAME=
S: 501 5.5.4 *
C: XFORWARD LOGIN=joe
S: 501 5.5.4 *
C: XFORWARD =x
S: 501 5.5.4 *
C: XFORWARD ADDR=2001:db8::1
S: 501 5.5.4 *
C: XFORWARD ADDR=host.example
S: 501 5.5.4 *
C: XFORWARD PORT=65536
S: 501 5.5.4 *
C: XFORWARD SOURCE=ELSEWHERE
S: 501 5.5.4 *
C: XFORWARD NAME=a+20b
S: 501 5.5.4 *
C: XFORWARD NAME=a+0D+0A
S: 501 5.5.4 *
C: XFORWARD HELO=a\xc3\xb6
S: 501 5.5.4 *
C: XFORWARD HELO=a+C3+B6
S: 501 5.5.4 *
C: XFORWARD HELO=(comment)
S: 501 5.5.4 *
C: XFORWARD HELO=a;b
S: 501 5.5.4 *
C: XFORWARD IDENT=<x@y>
S: 501 5.5.4 *
C: XFORWARD IDENT=-x
S: 501 5.5.4 *
C: XFORWARD PROTO=\{65*a}
S: 501 5.5.4 *
C: XFORWARD HELO=\{256*a}
S: 501 5.5.4 *
C: XFORWARD PROTO=\{64*a} HELO=\{255*a}
S: 250 2.0.0 *

== XFW-002 XFW-003 for one transaction, told beside the session's own facts
# program-only
O: trusted-networks unix
O: handled mail rcpt deliver
C: EHLO front.example
R: 250 -
C: XFORWARD NAME=spike.example ADDR=IPV6:2001:DB8::9 PORT=4711
S: 250 2.0.0 *
C: XFORWARD PROTO=ESMTP HELO=client.example IDENT=4A2B SOURCE=remote
S: 250 2.0.0 *
C: MAIL FROM:<one@a.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: x
C: .
S: 250 2.0.0 *
C: MAIL FROM:<two@a.example>
S: 250 2.1.0 *
M: x
E: mail XFORWARD_NAME=spike.example XFORWARD_ADDR=2001:db8::9 XFORWARD_PORT=4711 XFORWARD_PROTO=ESMTP XFORWARD_HELO=client.example XFORWARD_IDENT=4A2B XFORWARD_SOURCE=REMOTE HELO=front.example -REMOTE_ADDR -REMOTE_HOST
E: rcpt XFORWARD_NAME=spike.example
E: deliver XFORWARD_NAME=spike.example XFORWARD_SOURCE=REMOTE -REMOTE_ADDR
E: mail -XFORWARD_NAME -XFORWARD_ADDR -XFORWARD_PORT -XFORWARD_PROTO -XFORWARD_HELO -XFORWARD_IDENT -XFORWARD_SOURCE

== XFW-002 RSET and EHLO end a series, a MAIL that is refused does not
# program-only
O: trusted-networks unix
V: mail 0
V: mail 77
V: mail 0
V: mail 0
C: EHLO front.example
R: 250 -
C: XFORWARD NAME=one.example
S: 250 2.0.0 *
C: RSET
S: 250 2.0.0 *
C: MAIL FROM:<one@a.example>
S: 250 2.1.0 *
C: RSET
S: 250 2.0.0 *
C: XFORWARD NAME=two.example
S: 250 2.0.0 *
C: MAIL FROM:<two@a.example>
S: 550 5.7.1 *
C: MAIL FROM:<three@a.example>
S: 250 2.1.0 *
C: RSET
S: 250 2.0.0 *
C: XFORWARD NAME=four.example
S: 250 2.0.0 *
C: EHLO front.example
R: 250 -
C: MAIL FROM:<four@a.example>
S: 250 2.1.0 *
E: mail SENDER=one@a.example -XFORWARD_NAME
E: mail SENDER=two@a.example XFORWARD_NAME=two.example
E: mail SENDER=three@a.example XFORWARD_NAME=two.example
E: mail SENDER=four@a.example -XFORWARD_NAME

== XFW-002 within a series each attribute is what was said last; what is not known is unset
# program-only
O: trusted-networks unix
O: handled mail
C: EHLO front.example
R: 250 -
C: XFORWARD NAME=one.example ADDR=192.0.2.1 IDENT=1
S: 250 2.0.0 *
C: XFORWARD NAME=[TEMPUNAVAIL] ADDR=[UNAVAILABLE] IDENT=2 IDENT=3
S: 250 2.0.0 *
C: MAIL FROM:<>
S: 250 2.1.0 *
E: mail -XFORWARD_NAME -XFORWARD_ADDR XFORWARD_IDENT=3

== XFW-003 XCL-006 XCLIENT keeps it out of its own, and ends a series
# program-only
O: trusted-networks unix
O: handled mail
C: XFORWARD NAME=one.example ADDR=192.0.2.1
S: 250 2.0.0 *
C: XCLIENT NAME=spike.example
S: 220 mx.example ESMTP*
C: EHLO front.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
E: mail REMOTE_HOST=spike.example -XFORWARD_NAME -XFORWARD_ADDR
