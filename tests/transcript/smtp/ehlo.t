# SPDX-License-Identifier: ISC
# EHLO and HELO (RFC 5321 4.1.1.1, 4.1.4).
O: accept-domain x.example
S: 220 mx.example ESMTP*

== SMTP-025 SMTP-033 ESC-002 the list of keywords
C: EHLO a.example
R: 250 -
K: PIPELINING
K: 8BITMIME
K: SMTPUTF8
K: CHUNKING
K: ENHANCEDSTATUSCODES
K: SIZE 52428800
K: HELP
K! DSN
K! BINARYMIME
K! REQUIRETLS
K! STARTTLS
K! AUTH
K! XCLIENT
K! XFORWARD
K! EXPN
K! ETRN
K! VERB
K! DELIVERBY
K! BURL

== SIZE-001 no limit is announced as SIZE without one
O: size-limit 0
C: EHLO a.example
R: 250 -
K! SIZE 52428800

== LIM-001 the limits that are enforced
C: EHLO a.example
R: 250 -
K: LIMITS RCPTMAX=1000

== LIM-001 another limit
O: max-recipients 5
C: EHLO a.example
R: 250 -
K: LIMITS RCPTMAX=5

== SMTP-031 DSN-001 CHNK-007 RTLS-001 extensions are announced by --announce
O: announce DSN BINARYMIME
C: EHLO a.example
R: 250 -
K: DSN
K: BINARYMIME
K! REQUIRETLS

== SMTP-031 UTF8-001 and withheld by it
O: announce -SMTPUTF8
C: EHLO a.example
R: 250 -
K! SMTPUTF8
K: 8BITMIME
C: MAIL FROM:<u@a.example> SMTPUTF8
S: 555 5.5.4 *

== SMTP-022 SMTP-033 EXPN and ETRN are listed with their hooks
# What a co-process answers is not known so early.
# hooks-only
O: handled expn etrn deliver
C: EHLO a.example
R: 250 -
K: EXPN
K: ETRN

== SMTP-026 HELO has one line, and no extensions
C: HELO a.example
S: 250 mx.example*
C: MAIL FROM:<a@b.example> SIZE=1
S: 555 5.5.4 *
C: MAIL FROM:<a@b.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example> NOTIFY=NEVER
S: 555 5.5.4 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: BDAT 4 LAST
C\ QUIT
S: 503 5.5.1 *
C: DATA
S: 354 *
C: x
C: .
S: 250 2.0.0 *
M: x

== SMTP-027 ESC-002 without a name
C: EHLO
R: 501 -
C: HELO
R: 501 -
C: EHLO\s
R: 501 -
C: MAIL FROM:<>
S: 503 5.5.1 *

== SMTP-027 SMTP-028 a failed EHLO changes nothing
C: EHLO a.example
R: 250 -
C: MAIL FROM:<u@a.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: EHLO
R: 501 -
C: HELO a\\b
R: 501 -
C: DATA
S: 354 *
C: .
S: 250 2.0.0 *
M\

== SMTP-028 EHLO and HELO reset the transaction
C: EHLO a.example
R: 250 -
C: MAIL FROM:<u@a.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: EHLO a.example
R: 250 -
C: DATA
S: 503 5.5.1 *
C: MAIL FROM:<u@a.example>
S: 250 2.1.0 *
C: HELO a.example
S: 250 mx.example*
C: RCPT TO:<u@x.example>
S: 503 5.5.1 *

== SMTP-029 IOP-002 IOP-003 IOP-004 IOP-006 names that are no domain names
V: helo 0
C: EHLO my_pc
R: 250 -
C: EHLO [192.168.1.9]
R: 250 -
C: EHLO [IPv6:fe80::1]
R: 250 -
C: EHLO 10.0.0.1
R: 250 -
C: EHLO localhost
R: 250 -
C: EHLO [127.0.1.1]
R: 250 -
C: EHLO [1.2.3
R: 250 -
C: EHLO -
R: 250 -
C: HELO -oQ/tmp
S: 250 mx.example*
E: helo HELO=my_pc
E: helo HELO=[192.168.1.9]
E: helo HELO=[IPv6:fe80::1]
E: helo HELO=10.0.0.1
E: helo HELO=localhost
E: helo HELO=[127.0.1.1]
E: helo -HELO
E: helo -HELO
E: helo -HELO

== SMTP-029 what the relaxed grammar does not take
C: EHLO a<b
R: 501 -
C: EHLO a>b
R: 501 -
C: EHLO a(b
R: 501 -
C: EHLO ()
R: 501 -
C: EHLO a"b
R: 501 -
C: EHLO a;b
R: 501 -
C: EHLO a\\b
R: 501 -
C: EHLO a`b
R: 250 -

== SMTP-029 the longest name
C: EHLO \{255*a}
R: 250 -
C: EHLO \{256*a}
R: 501 -

== SMTP-030 text behind an address literal is ignored
C: EHLO [1.2.3.4] my box
R: 250 -
C: HELO [1.2.3.4]
S: 250 mx.example*
C: HELO [1.2.3.4] my box
S: 250 mx.example*

== SMTP-024 UTF8-004 the name stays ASCII
C: EHLO m\xc3\xbcnchen.example
R: 501 -

== SMTP-029 a helo hook may refuse
V: helo 77
V: helo 75
V: helo 0
C: EHLO bad.example
R: 550 -
C: MAIL FROM:<>
S: 503 5.5.1 *
C: EHLO bad.example
R: 451 -
C: EHLO good.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *

== SMTP-032 XTN-003 MAP-024 keywords of the ehlo hook
V: ehlo 0 XFOO\nXBAR a b=c\nxfoo again\nX FOO\tbar\n-X\nX_Y\n\nSIZE 1\nPIPELINING
C: EHLO a.example
R: 250 -
K: XFOO
K: XBAR a b=c
K! -X
K! X_Y
K! xfoo
K: SIZE 52428800
C: MAIL FROM:<u@a.example> XFOO=1
S: 555 5.5.4 *

== SMTP-032 an ehlo hook that fails adds nothing
V: ehlo 1 XFOO
C: EHLO a.example
R: 250 -
K! XFOO
