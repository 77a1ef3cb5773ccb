# SPDX-License-Identifier: ISC
# Message data and transparency (RFC 5321 4.1.1.4, 4.5.2).
O: accept-domain x.example
S: 220 mx.example ESMTP*
C: EHLO a.example
R: 250 -
C: MAIL FROM:<s@b.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *

== DATA-001 an empty message
C: .
S: 250 2.0.0 *
M\

== DATA-002 the CRLF before the dot belongs to the message
C: a
C: .
S: 250 2.0.0 *
M\ a\n

== DATA-003 unstuffing
C: ..
C: .a
C: ...
C: ....
C: a..
C: .
S: 250 2.0.0 *
M: .
M: a
M: ..
M: ...
M: a..

== DATA-003 at the start of data
C: ..a
C: .
S: 250 2.0.0 *
M: .a

== DATA-003 a stuffed line of one dot more
C: .b
C: .
S: 250 2.0.0 *
M: b

== DATA-004 octets behind the final dot are the next command
C\ x\r\n.\r\nNOOP\r\nQUIT\r\n
S: 250 2.0.0 *
S: 250 2.0.0 *
S: 221 2.0.0 *
M: x
X: quit

== DATA-005 DEF-013 no line is special
C: QUIT
C: RSET
C: From x
C: BDAT 3 LAST
C: DATA
C: .QUIT
C: QUIT
C: .
S: 250 2.0.0 *
M: QUIT
M: RSET
M: From x
M: BDAT 3 LAST
M: DATA
M: QUIT
M: QUIT

== DATA-006 lines up to 1000 octets and longer are passed whole
C: \{998*a}
C: \{999*b}
C: \{70000*c}
C: .
S: 250 2.0.0 *
M: \{998*a}
M: \{999*b}
M: \{70000*c}

== DATA-007 more than 64 KiB
C*1100: \{70*x}
C: .
S: 250 2.0.0 *
M*1100: \{70*x}

== DATA-008 BODY-002 octets above US-ASCII and NUL are kept
C\ a\0b\r\n\x80\xff\r\n\0\r\n
C: .
S: 250 2.0.0 *
M\ a\0b\n\x80\xff\n\0\n

== DATA-009 SIZE-004 SIZE-005 the size limit is told after the end of data
O: size-limit 1000
C*20: \{70*x}
C: .
S: 552 5.3.4 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *

== SIZE-004 exactly the limit
O: size-limit 100
C: \{98*x}
C: .
S: 250 2.0.0 *
M: \{98*x}

== SIZE-004 one octet more
O: size-limit 100
C: \{99*x}
C: .
S: 552 5.3.4 *

== SIZE-004 one octet less
O: size-limit 100
C: \{97*x}
C: .
S: 250 2.0.0 *
M: \{97*x}

== SIZE-004 a stuffing dot does not count
O: size-limit 100
C: .\{98*.}
C: .
S: 250 2.0.0 *
M: \{98*.}

== SIZE-004 stuffed lines, one octet more
O: size-limit 100
C: ..\{30*x}
C: ..\{31*x}
C: ..\{31*x}
C: .
S: 552 5.3.4 *

== DATA-009 ten times the limit closes
O: size-limit 100
C\ \{1200*x}
S: 421 *

== DATA-009 just below ten times the limit
O: size-limit 100
C: \{990*x}
C: .
S: 552 5.3.4 *
C: NOOP
S: 250 2.0.0 *

== DATA-010 SMTP-004 a lost connection delivers nothing
C: x
C\ .\r
X: eof

== DATA-010 nor one after the last line
C: x
X: eof

== DATA-011 line ends are LF
C\ a\r\n\r\nb\r\n.\r\n
S: 250 2.0.0 *
M\ a\n\nb\n

== DATA-011 or CRLF with --line-ends crlf
O: line-ends crlf
C\ a\r\n\r\n..b\r\n.\r\n
S: 250 2.0.0 *
M\ a\r\n\r\n.b\r\n

== DATA-012 a message keeps its first line
C:
C: hello
C: .
S: 250 2.0.0 *
M:
M: hello

== DATA-012 a first line that begins with a blank does not go on with the Received field
C: \sby me
C: \tfrom you
C: .
S: 250 2.0.0 *
M:
M: \sby me
M: \tfrom you

== DATA-012 ... not with a dot before it either, and not with CRLF
O: line-ends crlf
C: .\tby me
C: .
S: 250 2.0.0 *
M\ \r\n\tby me\r\n

== DATA-012 ... but a lone dot and a blank is just that
C: ..\sx
C: .
S: 250 2.0.0 *
M: .\sx

== SMTP-071 a hundred Received fields are taken
C*100: Received: from a by b; date
C:
C*200: Received: in the body
C: .
S: 250 2.0.0 *
M*100: Received: from a by b; date
M:
M*200: Received: in the body

== SMTP-071 one more is a loop
C*101: Received: from a by b; date
C:
C: body
C: .
S: 554 5.4.6 *

== SMTP-071 odd case and folded fields count once
O: max-hops 2
C: rEcEiVeD: from a
C: \tby b;
C: \sReceived: folded
C: Received : with a blank
C: X-Received: no
C: Subject: Received: no
C: Received-SPF: no
C:
C: .
S: 250 2.0.0 *
M: rEcEiVeD: from a
M: \tby b;
M: \sReceived: folded
M: Received : with a blank
M: X-Received: no
M: Subject: Received: no
M: Received-SPF: no
M:

== SMTP-071 --max-hops
O: max-hops 2
C*3: Received: a
C:
C: .
S: 554 5.4.6 *

== SMTP-072 the verdict of deliver is the reply
V: deliver 73
C: x
C: .
S: 552 5.2.2 *
M: x

== SMTP-072 a deliver hook's text
V: deliver 0 250 2.6.0 kept as 1
C: x
C: .
S: 250 2.6.0 kept as 1*
M: x
