# SPDX-License-Identifier: ISC
# Verdicts and the replies that they become (RFC 5321 4.2, RFC 2034, the exit table).
O: accept-domain x.example
S: 220 mx.example ESMTP*
C: EHLO a.example
R: 250 -
C: MAIL FROM:<s@b.example>
S: 250 2.1.0 *

== SMTP-061 DEF-006 the exit table at rcpt
V: rcpt 0
V: rcpt 65
V: rcpt 67
V: rcpt 68
V: rcpt 69
V: rcpt 100
V: rcpt 20
V: rcpt 31
V: rcpt 73
V: rcpt 77
V: rcpt 99
V: rcpt 78
V: rcpt 75
V: rcpt 111
V: rcpt 1
V: rcpt 2
V: rcpt 64
V: rcpt 126
V: rcpt 127
V: rcpt 255
C*20: RCPT TO:<u@x.example>
S: 250 2.1.5 *
S: 554 5.6.0 *
S: 550 5.1.1 *
S: 550 5.1.2 *
S: 550 5.1.1 *
S: 550 5.1.1 *
S: 550 5.1.1 *
S: 550 5.1.1 *
S: 552 5.2.2 *
S: 550 5.7.1 *
S: 250 2.1.5 *
S: 451 4.3.5 *
S*8: 451 4.3.0 *

== SMTP-061 the exit table at deliver
V: deliver 69
V: deliver 100
V: deliver 99
V: deliver 67
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
C: .
S: 354 *
S: 554 5.0.0 *
M\

C: MAIL FROM:<>
C: RCPT TO:<u@x.example>
C: DATA
C: .
S: 250 2.1.0 *
S: 250 2.1.5 *
S: 354 *
S: 554 5.0.0 *
M\

C: MAIL FROM:<>
C: RCPT TO:<u@x.example>
C: DATA
C: .
S: 250 2.1.0 *
S: 250 2.1.5 *
S: 354 *
S: 250 2.0.0 *
M\

C: MAIL FROM:<>
C: RCPT TO:<u@x.example>
C: DATA
C: .
S: 250 2.1.0 *
S: 250 2.1.5 *
S: 354 *
S: 550 5.1.1 *
M\

== LMTP-019 --quota-tempfail makes exit 73 temporary
O: quota-tempfail yes
V: rcpt 73
C: RCPT TO:<u@x.example>
S: 452 4.2.2 *

== DEF-006 no opinion on a foreign recipient is a refusal
C: RCPT TO:<u@elsewhere.example>
S: 550 5.7.1 *

== GEN-006 DEF-006 no verdict from a hook is a temporary failure
# engine-only
O: handled rcpt deliver
V: rcpt none
C: RCPT TO:<u@elsewhere.example>
S: 550 5.7.1 *

== DESIGN 6: nobody delivers
O: handled none
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: x
C: .
S: 451 4.3.5 *

== GEN-005 DEF-005 MAP-010 an empty text still yields a reply
V: rcpt 0
V: rcpt 67
V: rcpt 0 250
V: rcpt 0 \n
C*4: RCPT TO:<u@x.example>
S: 250 2.1.5 *
S: 550 5.1.1 *
S: 250 2.1.5 *
S: 250 2.1.5 *

== GEN-007 DEF-007 SMTP-060 a code of another class is ignored
V: rcpt 0 550 no
V: rcpt 67 250 yes
V: rcpt 67 450 4.1.1 later
V: rcpt 75 550 5.1.1 never
V: rcpt 0 354 go
C*5: RCPT TO:<u@x.example>
S: 250 2.1.5 *
S: 550 5.1.1 *
S: 550 5.1.1 *
S: 451 4.3.0 *
S: 250 2.1.5 *
C: DATA
S: 354 *
C: .
S: 250 2.0.0 *
M\

== GEN-007 a refusal that prints 250 adds no recipient
V: rcpt 67 250 2.1.5 welcome
C: RCPT TO:<u@x.example>
S: 550 5.1.1 *
C: DATA
S: 503 5.5.1 *

== MAP-008 ESC-003 code, enhanced code and text of the hook
V: rcpt 69 550 5.1.6 moved away
V: rcpt 69 551 gone
V: rcpt 69 5.7.1 no relaying
V: rcpt 75 452 4.2.2 mailbox is full
V: rcpt 0 251 2.1.5 will forward
V: rcpt 0 fine
V: rcpt 69 no such user
C*7: RCPT TO:<u@x.example>
S: 550 5.1.6 moved away
S: 551 5.1.1 gone
S: 550 5.7.1 no relaying
S: 452 4.2.2 mailbox is full
S: 251 2.1.5 will forward
S: 250 2.1.5 fine
S: 550 5.1.1 no such user

== ESC-003 ESC-004 an enhanced code that does not fit gives way to the default
V: rcpt 69 550 4.1.1 x
V: rcpt 69 550 5.01.1 x
V: rcpt 69 550 5.1.1.1 x
V: rcpt 69 550 5.1 x
V: rcpt 69 550 5.1000.1 x
V: rcpt 69 550 5.999.999 x
C: RCPT TO:<u@x.example>
S: 550 5.1.1 *
C: RCPT TO:<u@x.example>
S: 550 5.1.1 *
C: RCPT TO:<u@x.example>
S: 550 5.1.1 *
C: RCPT TO:<u@x.example>
S: 550 5.1.1 *
C: RCPT TO:<u@x.example>
S: 550 5.1.1 *
C: RCPT TO:<u@x.example>
S: 550 5.999.999 x

== SMTP-062 ESC-001 MAP-009 several lines are one reply
V: rcpt 69 550-5.1.1 one\n550-5.1.1 two\n550 5.1.1 three
V: rcpt 69 550 one\n550 two
V: rcpt 69 one\ntwo\n
V: rcpt 69 550 one\n551 two
C: RCPT TO:<u@x.example>
S: 550-5.1.1 one
S: 550-5.1.1 two
S: 550 5.1.1 three
C: RCPT TO:<u@x.example>
S: 550-5.1.1 one
S: 550 5.1.1 two
C: RCPT TO:<u@x.example>
S: 550-5.1.1 one
S: 550 5.1.1 two
C: RCPT TO:<u@x.example>
R: 550 5.1.1

== SMTP-063 DEF-011 codes that are none
V: rcpt 69 513 5.1.1 what
V: rcpt 69 563 what
V: rcpt 69 999 what
V: rcpt 69 5500 what
V: rcpt 69 55 what
C: RCPT TO:<u@x.example>
S: 513 5.1.1 what
C: RCPT TO:<u@x.example>
R: 550 5.1.1
C: RCPT TO:<u@x.example>
R: 550 5.1.1
C: RCPT TO:<u@x.example>
R: 550 5.1.1
C: RCPT TO:<u@x.example>
R: 550 5.1.1

== GEN-003 DEF-012 text is cleaned to printable text on clean lines
V: rcpt 69 550 a\rb
V: rcpt 69 550 a\0b\x1b[2Jc
V: rcpt 69 550 a\r\n250 ok
V: rcpt 69 550 a\tb
V: rcpt 69 550 \x80\xff
C*5: RCPT TO:<u@x.example>
S: 550 5.1.1 a*
S: 550 5.1.1 a*
R: 550 5.1.1
S: 550 5.1.1 a*
S: 550 5.1.1*

== GEN-004 DEF-012 long text is folded into lines of at most 512 octets
V: rcpt 69 550 5.1.1 \{2000*x}
C: RCPT TO:<u@x.example>
R: 550 5.1.1

== GEN-004 long text that ends exactly at the limit
V: rcpt 69 550 5.1.1 \{500*x}
V: rcpt 69 550 5.1.1 \{501*x}
C: RCPT TO:<u@x.example>
R: 550 5.1.1
C: RCPT TO:<u@x.example>
R: 550 5.1.1

== DESIGN 6: :close ends the session after the reply
V: rcpt 69 550 5.7.1 enough\n:close
C: RCPT TO:<u@x.example>
S: 550 5.7.1 enough
C: NOOP
C: QUIT

== MAP-027 DEF-008 GEN-006 a failing hook costs one 451, the session goes on
V: rcpt 139
V: rcpt 0
C: RCPT TO:<u@x.example>
S: 451 4.3.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *

== ESC-001 ESC-005 default enhanced codes
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: NOOP
S: 250 2.0.0 *
C: RSET
S: 250 2.0.0 *
C: VRFY x
S: 252 2.*
C: HELP
R: 214 2.0.0
C: FOO
S: 500 5.5.2 *
C: QUIT
S: 221 2.0.0 *
X: quit
