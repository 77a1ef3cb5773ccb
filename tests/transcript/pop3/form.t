# SPDX-License-Identifier: ISC
# POP3: lines, replies, the greeting (RFC 1939 3, 4; RFC 2449 4).
S: +OK*

== POP-004 POP-042 QUIT before any login
C: QUIT
S: +OK*
C: NOOP
X: quit

== POP-003 DEF-022 keywords are matched whole, in any case
C: QUITTER
S: -ERR*
C: QUITX
S: -ERR*
C: CAPA1
S: -ERR*
C: capa
R: +OK
C: user joe
S: +OK*
C: pass secret
S: +OK*
C: STATUS
S: -ERR*
C: LIST1
S: -ERR*
C: DELE1
S: -ERR*
C: noop
S: +OK*
C: rset
S: +OK*
C: stat
S: +OK 0 0
C: quit
S: +OK*
X: quit

== POP-003 trailing blanks are tolerated
C: CAPA\s
R: +OK
C: USER joe\s
S: +OK*
C: PASS secret
S: +OK*
C: STAT\s\s
S: +OK 0 0
C: NOOP \t
S: +OK*
C: QUIT\s
S: +OK*
X: quit

== POP-002 a line of 255 octets with CRLF is taken
C: USER \{248*a}
S: +OK*

== POP-002 GEN-008 DEF-030 one octet more is not
C: USER \{249*a}
S: -ERR*
C: USER \{100000*a}
S: -ERR*
C: CAPA
R: +OK

== GEN-013 DEF-030 POP-007 bare line ends, NUL and octets above US-ASCII
C\ USER joe\nPASS secret\r\n
S: -ERR*
C\ USER joe\r\r\n
S: -ERR*
C\ USER j\0oe\r\n
S: -ERR*
C\ \n\r\n
S: -ERR*
C: CAPA
R: +OK

== GEN-013 the answer to a bare LF comes at once
C\ CAPA\n
S: -ERR*
X: eof

== GEN-013 HTTP as the first input closes
C: GET / HTTP/1.1
S: -ERR*
C: QUIT

== GEN-013 TLS as the first input closes
C\ \x16\x03\x01
S: -ERR*

== GEN-013 later on both are errors like others
C: CAPA
R: +OK
C: GET / HTTP/1.1
S: -ERR*
C\ \x16\x03\x01\r\n
S: -ERR*
C: CAPA
R: +OK

== GEN-014 twenty errors
C*21: FOO
S*21: -ERR*

== GEN-014 nineteen errors
C*19: FOO
S*19: -ERR*
C: CAPA
R: +OK

== GEN-009 an unfinished line is no command
C: CAPA
R: +OK
C\ QUIT
X: eof

== POP-080 DEF-026 a time limit ends the session without a reply
# engine-only
STOP: timeout
X: timeout

== DESIGN 4: a shutdown is told with -ERR
# engine-only
STOP: shutdown
S: -ERR*
X: shutdown

== MAP-070 --signoff
O: signoff so long
C: QUIT
S: +OK so long
X: quit
