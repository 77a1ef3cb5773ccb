# SPDX-License-Identifier: ISC
# BDAT (RFC 3030).
O: accept-domain x.example
S: 220 mx.example ESMTP*
C: EHLO a.example
R: 250 -
K: CHUNKING
C: MAIL FROM:<s@b.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *

== CHNK-001 one chunk, no 354, no dots
C: BDAT 10 LAST
C\ a\r\n.\r\n..\r\n
S: 250 2.0.0 *
M\ a\n.\n..\n
C: NOOP
S: 250 2.0.0 *
E: deliver

== CHNK-001 a reply for each chunk
C: BDAT 3
C\ abc
S: 250 2.0.0 *
C: bdat 4 last
C\ d\r\ne
S: 250 2.0.0 *
M\ abcd\ne

== DATA-012 a chunk that begins with a blank does not go on with the Received field
C: BDAT 1
C\ \s
S: 250 2.0.0 *
C: BDAT 4 LAST
C\ ab\r\n
S: 250 2.0.0 *
M\ \n\sab\n

== CHNK-002 a chunk may split a CRLF
C: BDAT 5
C\ a: b\r
S: 250 2.0.0 *
C: BDAT 3 LAST
C\ \n\r\n
S: 250 2.0.0 *
M\ a: b\n\n

== CHNK-002 and a UTF-8 sequence
C: BDAT 1
C\ \xc3
S: 250 2.0.0 *
C: BDAT 1 LAST
C\ \xa4
S: 250 2.0.0 *
M\ \xc3\xa4

== CHNK-003 BDAT 0 LAST ends the message
C: BDAT 3
C\ a\r\n
S: 250 2.0.0 *
C: BDAT 0 LAST
S: 250 2.0.0 *
M: a

== CHNK-003 as the only chunk
C: BDAT 0 LAST
S: 250 2.0.0 *
M\

== CHNK-003 BDAT 0 alone
C: BDAT 0
S: 250 2.0.0 *
C: BDAT 0
S: 250 2.0.0 *
C: BDAT 1 LAST
C\ x
S: 250 2.0.0 *
M\ x

== CHNK-006 what is out of order after a chunk
C: BDAT 1
C\ x
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
C: MAIL FROM:<>
S: 503 5.5.1 *
C: RCPT TO:<v@x.example>
S: 503 5.5.1 *
C: NOOP
S: 250 2.0.0 *
C: BDAT 1 LAST
C\ y
S: 250 2.0.0 *
M\ xy
C: BDAT 1 LAST
C\ z
S: 503 5.5.1 *
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: d
C: .
S: 250 2.0.0 *
# the next message

M: d

== CHNK-005 RSET ends a message of chunks
C: BDAT 6
C\ RSET\r\n
S: 250 2.0.0 *
C: RSET
S: 250 2.0.0 *
C: BDAT 1 LAST
C\ x
S: 503 5.5.1 *

== CHNK-005 a failed chunk: all that follow are swallowed and refused
V: data 75
C: BDAT 6
C\ QUIT\r\n
S: 451 4.3.0 *
C: BDAT 6
C\ QUIT\r\n
S: 503 5.5.1 *
C: BDAT 6 LAST
C\ QUIT\r\n
S: 503 5.5.1 *
C: NOOP
S: 250 2.0.0 *
C: RCPT TO:<u@x.example>
S: 503 5.5.1 *
C: DATA
S: 503 5.5.1 *
C: RSET
S: 250 2.0.0 *
C: MAIL FROM:<>
S: 250 2.1.0 *

== CHNK-008 CHNK-005 over the limit: the chunk is swallowed, LAST delivers nothing
O: size-limit 10
C: BDAT 6
C\ 123456
S: 250 2.0.0 *
C: BDAT 6
C\ QUIT\r\n
S: 552 5.3.4 *
C: BDAT 1
C\ x
S: 503 5.5.1 *
C: BDAT 1 LAST
C\ x
S: 503 5.5.1 *
C: EHLO a.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *

== CHNK-008 SIZE-004 exactly the limit
O: size-limit 10
C: BDAT 10 LAST
C\ 1234567890
S: 250 2.0.0 *
M\ 1234567890

== CHNK-008 one octet more
O: size-limit 10
C: BDAT 11 LAST
C\ 12345678901
S: 552 5.3.4 *
C: NOOP
S: 250 2.0.0 *

== CHNK-008 from ten times the limit on the session is closed
O: size-limit 10
C: BDAT 1000
C\ \{1000*x}
S: 421 *

== CHNK-009 a count that cannot be read closes
C: BDAT x
C: DATA
C: QUIT
S: 501 5.5.4 *

== CHNK-009 no count
C: BDAT
C: QUIT
S: 501 5.5.4 *

== CHNK-009 a sign
C: BDAT -1
C: QUIT
S: 501 5.5.4 *

== CHNK-009 GEN-015 more than 64 bits
C: BDAT 18446744073709551616
C: QUIT
S: 501 5.5.4 *

== CHNK-009 junk behind LAST
C: BDAT 6 LAST now
C: QUIT
S: 501 5.5.4 *

== CHNK-009 junk in place of LAST
C: BDAT 6 FIRST
C: QUIT
S: 501 5.5.4 *

== CHNK-009 only LAST
C: BDAT LAST
C: QUIT
S: 501 5.5.4 *

== CHNK-010 many chunks
C*3000: BDAT 0
S*3000: 250 2.0.0 *
C: BDAT 0 LAST
S: 250 2.0.0 *
M\

== CHNK-011 the data hook runs once, before the first chunk's reply
V: data 0
O: handled data deliver
C: BDAT 1
C\ x
S: 250 2.0.0 *
C: BDAT 1
C\ y
S: 250 2.0.0 *
C: BDAT 0 LAST
S: 250 2.0.0 *
M\ xy
E: data
E: deliver

== CHNK-011 CHNK-004 its refusal comes after the octets
V: data 77
C: BDAT 6 LAST
C\ QUIT\r\n
S: 550 5.7.1 *
C: NOOP
S: 250 2.0.0 *

== CHNK-011 DATA-014 a bare LF in a chunk is refused
C: BDAT 5 LAST
C\ a\nb\r\n
S: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *

== CHNK-011 a bare CR at the end of the last chunk
C: BDAT 2 LAST
C\ a\r
S: 554 5.6.0 *

== CHNK-011 clean makes line ends of them
O: bare-newline clean
C: BDAT 6
C\ a\nb\rc\r
S: 250 2.0.0 *
C: BDAT 1
C\ d
S: 250 2.0.0 *
C: BDAT 1 LAST
C\ \r
S: 250 2.0.0 *
M\ a\nb\nc\nd\n

== CHNK-012 a lost connection inside a chunk delivers nothing
C: BDAT 10 LAST
C\ 123456789
X: eof

== CHNK-012 nor before LAST
C: BDAT 1
C\ x
S: 250 2.0.0 *
X: eof

== CHNK-013 DATA-011 BINARYMIME is never converted
O: announce BINARYMIME
C: RSET
S: 250 2.0.0 *
C: MAIL FROM:<> BODY=BINARYMIME
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: BDAT 12 LAST
C\ a\nb\rc\r\nd\0\r\n.
S: 250 2.0.0 *
M\ a\nb\rc\r\nd\0\r\n.
