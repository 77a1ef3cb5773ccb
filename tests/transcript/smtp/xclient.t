# SPDX-License-Identifier: ISC
# XCLIENT from a trusted peer (Postfix's XCLIENT_README), and from one that is not (hardening 64, 65).
O: accept-domain x.example
S: 220 mx.example ESMTP*

== XCL-001 a peer that is not trusted
C: EHLO a.example
R: 250 -
K! XCLIENT
C: XCLIENT ADDR=192.0.2.9
S: 550 5.7.0 *
C: XCLIENT
S: 550 5.7.0 *
C: xclient nonsense
S: 550 5.7.0 *
C: MAIL FROM:<>
S: 250 2.1.0 *
C: XCLIENT ADDR=192.0.2.9
S: 550 5.7.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *

== XCL-001 other networks are not trusted either
O: trusted-networks 127.0.0.0/8 ::/0
C: EHLO a.example
R: 250 -
K! XCLIENT
C: XCLIENT ADDR=192.0.2.9
S: 550 5.7.0 *

== XCL-001 a trusted peer is told the attributes
O: trusted-networks unix
C: EHLO a.example
R: 250 -
K: XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT
C: HELP
R: 214 2.0.0

== XCL-001 withheld with its verb
O: trusted-networks unix
O: disable-command XCLIENT
C: EHLO a.example
R: 250 -
K! XCLIENT
C: XCLIENT ADDR=192.0.2.9
S: 502 5.5.1 *

== XCL-002 XCL-003 what is malformed applies nothing
O: max-errors 0
O: trusted-networks unix
O: handled connect deliver
C: XCLIENT
S: 501 5.5.4 *
C: XCLIENT ADDR
S: 501 5.5.4 *
C: XCLIENT ADDR=
S: 501 5.5.4 *
C: XCLIENT =192.0.2.9
S: 501 5.5.4 *
C: XCLIENT ADDR=192.0.2.9 COLOUR=red
S: 501 5.5.4 *
C: XCLIENT ADDR=192.0.2.9 PORT
S: 501 5.5.4 *
C: XCLIENT ADDR=192.0.2.999
S: 501 5.5.4 *
C: XCLIENT ADDR=192.0.2.09
S: 501 5.5.4 *
C: XCLIENT ADDR=2001:db8::1
S: 501 5.5.4 *
C: XCLIENT ADDR=IPV6:192.0.2.1
S: 501 5.5.4 *
C: XCLIENT ADDR=IPV6:
S: 501 5.5.4 *
C: XCLIENT ADDR=[192.0.2.1]
S: 501 5.5.4 *
C: XCLIENT ADDR=IPV6:fe80::1%lo
S: 501 5.5.4 *
C: XCLIENT ADDR=[TEMPUNAVAIL]
S: 501 5.5.4 *
C: XCLIENT ADDR=host.example
S: 501 5.5.4 *
C: XCLIENT DESTADDR=host.example
S: 501 5.5.4 *
C: XCLIENT PORT=65536
S: 501 5.5.4 *
C: XCLIENT PORT=-1
S: 501 5.5.4 *
C: XCLIENT DESTPORT=smtp
S: 501 5.5.4 *
C: XCLIENT PROTO=LMTP
S: 501 5.5.4 *
C: XCLIENT PROTO=ESMTPS
S: 501 5.5.4 *
C: XCLIENT NAME=a(b)
S: 501 5.5.4 *
C: XCLIENT NAME=-a.example
S: 501 5.5.4 *
C: XCLIENT NAME=a+20b
S: 501 5.5.4 *
C: XCLIENT NAME=a+0D+0ARSET
S: 501 5.5.4 *
C: XCLIENT NAME=a+00
S: 501 5.5.4 *
C: XCLIENT NAME=a+7F
S: 501 5.5.4 *
C: XCLIENT LOGIN=j+C3+B6rg
S: 501 5.5.4 *
C: XCLIENT LOGIN=j\xc3\xb6rg
S: 501 5.5.4 *
C: XCLIENT LOGIN=-rf
S: 501 5.5.4 *
C: XCLIENT LOGIN=()+20{
S: 501 5.5.4 *
C: XCLIENT HELO=<a>
S: 501 5.5.4 *
C: XCLIENT ADDR=192.0.2.9\tPORT=1
S: 501 5.5.4 *
E: connect -REMOTE_ADDR

== XCL-002 the longest value and one octet more
O: trusted-networks unix
C: XCLIENT NAME=\{255*a}
S: 220 mx.example ESMTP*
C: XCLIENT NAME=\{256*a}
S: 501 5.5.4 *
C: XCLIENT NAME=\{254*a}+61
S: 220 mx.example ESMTP*
C: XCLIENT NAME=\{255*a}+61
S: 501 5.5.4 *

== XCL-002 XCL-003 XCL-005 names, words and verbs in any case; the reply is a greeting
O: trusted-networks unix
C: xclient addr=ipv6:2001:DB8::1 name=[unavailable] Port=[UnAvailable] proto=esmtp
S: 220 mx.example ESMTP*

== XCL-003 every word for what is not known
O: trusted-networks unix
C: XCLIENT NAME=[TEMPUNAVAIL] PORT=[UNAVAILABLE] PROTO=[UNAVAILABLE] HELO=[UNAVAILABLE]
S: 220 mx.example ESMTP*
C: XCLIENT LOGIN=[UNAVAILABLE] DESTADDR=[UNAVAILABLE] DESTPORT=[UNAVAILABLE] NAME=[tempunavail]
S: 220 mx.example ESMTP*

== XCL-002 blanks in a row
O: trusted-networks unix
C: XCLIENT   PORT=1   DESTPORT=2
S: 220 mx.example ESMTP*

== XCL-004 in a transaction, which it leaves alone
O: trusted-networks unix
C: EHLO a.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: XCLIENT ADDR=192.0.2.9
S: 503 5.5.1 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: XCLIENT ADDR=192.0.2.9
S: 503 5.5.1 *
C: DATA
S: 354 *
C: x
C: .
S: 250 2.0.0 *
M: x

== XCL-005 the client has to greet again
O: trusted-networks unix
C: EHLO a.example
R: 250 -
C: XCLIENT PORT=4711
S: 220 mx.example ESMTP*
C: MAIL FROM:<>
S: 503 5.5.1 *
C: HELO a.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *

== XCL-005 the connect program refuses the client for good
O: trusted-networks unix
V: connect 0
V: connect 77 not you
C: EHLO a.example
R: 250 -
C: XCLIENT ADDR=192.0.2.9
S: 554 mx.example not you
C: EHLO a.example
R: 503 -
C: QUIT
S: 221 2.0.0 *

== XCL-005 or for now
O: trusted-networks unix
V: connect 0
V: connect 75
C: EHLO a.example
R: 250 -
C: XCLIENT ADDR=192.0.2.9
S: 421 mx.example *
X: limit

== XCL-006 trust is judged by the new address
O: trusted-networks unix 192.0.2.0/24
C: XCLIENT ADDR=192.0.2.9
S: 220 mx.example ESMTP*
C: EHLO a.example
R: 250 -
K: XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT
C: XCLIENT ADDR=198.51.100.1
S: 220 mx.example ESMTP*
C: EHLO a.example
R: 250 -
K! XCLIENT
K! XFORWARD
C: XCLIENT ADDR=192.0.2.9
S: 550 5.7.0 *
C: XFORWARD ADDR=192.0.2.9
S: 550 5.7.0 *

== XCL-006 who has no known address is not trusted for that
O: trusted-networks unix
C: XCLIENT ADDR=[UNAVAILABLE]
S: 220 mx.example ESMTP*
C: XCLIENT PORT=1
S: 550 5.7.0 *

== XCL-006 LOGIN authenticates, and relays
O: trusted-networks unix
C: XCLIENT LOGIN=joe@x.example
S: 220 mx.example ESMTP*
C: EHLO a.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@elsewhere.example>
S: 250 2.1.5 *
C: RSET
S: 250 2.0.0 *
C: XCLIENT LOGIN=[UNAVAILABLE]
S: 220 mx.example ESMTP*
C: EHLO a.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@elsewhere.example>
S: 550 5.7.1 *

== XCL-005 XCL-007 what programs are told of all attributes, to the end
# program-only
O: trusted-networks unix
O: handled connect helo mail deliver
C: XCLIENT NAME=spike.example ADDR=192.0.2.9 PORT=04711 PROTO=ESMTP HELO=client.example LOGIN=joe+2B+40x.example DESTADDR=IPV6:2001:DB8:0::2 DESTPORT=25
S: 220 mx.example ESMTP*
C: EHLO front.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: x
C: .
S: 250 2.0.0 *
C: EHLO front.example
R: 250 -
M: x
E: connect -REMOTE_ADDR -REMOTE_PORT -REMOTE_HOST -HELO -AUTH_USER -LOCAL_ADDR -LOCAL_PORT
E: connect REMOTE_ADDR=192.0.2.9 REMOTE_PORT=4711 REMOTE_HOST=spike.example HELO=client.example AUTH_USER=joe+@x.example LOCAL_ADDR=2001:db8::2 LOCAL_PORT=25
E: helo REMOTE_ADDR=192.0.2.9 HELO=client.example AUTH_USER=joe+@x.example
E: mail REMOTE_ADDR=192.0.2.9 HELO=client.example AUTH_USER=joe+@x.example
E: deliver REMOTE_ADDR=192.0.2.9 REMOTE_HOST=spike.example HELO=client.example AUTH_USER=joe+@x.example
E: helo REMOTE_ADDR=192.0.2.9 HELO=client.example AUTH_USER=joe+@x.example

== XCL-006 several commands add up, and each greeting's name goes
# program-only
O: trusted-networks unix
O: handled connect mail
C: EHLO front.example
R: 250 -
C: XCLIENT NAME=spike.example PORT=4711
S: 220 mx.example ESMTP*
C: XCLIENT LOGIN=joe
S: 220 mx.example ESMTP*
C: XCLIENT ADDR=192.0.2.9
S: 220 mx.example ESMTP*
C: EHLO client.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
E: connect -HELO -REMOTE_HOST
E: connect REMOTE_HOST=spike.example REMOTE_PORT=4711 -REMOTE_ADDR -HELO
E: connect REMOTE_HOST=spike.example AUTH_USER=joe -REMOTE_ADDR
E: connect REMOTE_HOST=spike.example AUTH_USER=joe REMOTE_ADDR=192.0.2.9 REMOTE_PORT=4711
E: mail HELO=client.example REMOTE_ADDR=192.0.2.9 REMOTE_HOST=spike.example AUTH_USER=joe

== XCL-002 what old clients do not encode is taken as it is
# program-only
O: trusted-networks unix
O: handled connect
C: XCLIENT LOGIN=a=b+c+zz+
S: 220 mx.example ESMTP*
E: connect -AUTH_USER
E: connect AUTH_USER=a=b+c+zz+

== XCL-003 what is not known is unset
# program-only
O: trusted-networks unix 192.0.2.9
O: handled connect
C: XCLIENT NAME=spike.example ADDR=192.0.2.9 PORT=1 HELO=h.example LOGIN=joe DESTADDR=192.0.2.1 DESTPORT=2
S: 220 mx.example ESMTP*
C: XCLIENT NAME=[TEMPUNAVAIL] ADDR=[UNAVAILABLE] PORT=[UNAVAILABLE] HELO=[UNAVAILABLE] LOGIN=[UNAVAILABLE] DESTADDR=[UNAVAILABLE] DESTPORT=[UNAVAILABLE]
S: 220 mx.example ESMTP*
E: connect -REMOTE_ADDR
E: connect REMOTE_ADDR=192.0.2.9 HELO=h.example AUTH_USER=joe REMOTE_HOST=spike.example LOCAL_ADDR=192.0.2.1 LOCAL_PORT=2
E: connect -REMOTE_ADDR -REMOTE_PORT -REMOTE_HOST -HELO -AUTH_USER -LOCAL_ADDR -LOCAL_PORT

== XCL-004 a transaction that RSET ended is none
O: trusted-networks unix
C: EHLO a.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RSET
S: 250 2.0.0 *
C: XCLIENT ADDR=192.0.2.9
S: 220 mx.example ESMTP*

== XCL-005 header fields and values that programs made of the peer are not its client's
# program-only
O: trusted-networks unix
V: connect 0 :header X-Peer: front\n:set PEER=front
V: connect 0
V: helo 0
V: helo 0
C: EHLO front.example
R: 250 -
C: XCLIENT ADDR=192.0.2.9
S: 220 mx.example ESMTP*
C: EHLO client.example
R: 250 -
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
E: connect
E: helo HOOK_PEER=front
E: connect -HOOK_PEER
E: helo -HOOK_PEER
E: deliver -HOOK_PEER
