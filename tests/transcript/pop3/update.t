# SPDX-License-Identifier: ISC
# UPDATE and other ends (RFC 1939 6).
D: m1 Subject: one\n\nhello\n
D: m2 Subject: two\n\n
S: +OK*
C: USER joe
S: +OK*
C: PASS secret
S: +OK*

== POP-040 POP-041 MAP-049 QUIT hands the marked messages to delete once
C: DELE 1
S: +OK*
C: DELE 2
S: +OK*
C: QUIT
S: +OK*
E: auth
E: list
E: delete IDS=m1,m2
X: quit

== POP-041 with none marked delete does not run
C: QUIT
S: +OK*
E: auth
E: list
X: quit

== POP-041 POP-029 marks that were taken off are not marked
C: DELE 1
S: +OK*
C: RSET
S: +OK*
C: QUIT
S: +OK*
E: auth
E: list
X: quit

== POP-040 DEF-027 a deletion that fails is told
V: delete 75
C: DELE 1
S: +OK*
C: QUIT
S: -ERR*
X: quit

== POP-040 GEN-006 whatever the failure
V: delete 1
C: DELE 1
S: +OK*
C: QUIT
S: -ERR*
X: quit

== POP-043 hardening 46: a lost connection deletes nothing
C: DELE 1
S: +OK*
E: auth
E: list
X: eof

== POP-043 nor does protocol abuse
O: max-errors 3
C: DELE 1
S: +OK*
C*4: FOO
S*4: -ERR*
E: auth
E: list

== POP-044 POP-098 IOP-012 a client that says all at once and goes
C: DELE 1
C: DELE 2
C: QUIT
S*3: +OK*
E: auth
E: list
E: delete
X: quit

== POP-080 POP-043 a time limit: no reply, no update
# engine-only
C: DELE 1
S: +OK*
STOP: timeout
E: auth
E: list
X: timeout

== POP-082 logout comes once for each authenticated session
V: logout 0
C: QUIT
S: +OK*
E: auth
E: list
E: logout
X: quit

== POP-082 MAP-043 also when the client just goes
# program-only
V: logout 0
C: DELE 1
S: +OK*
E: auth
E: list
E: logout
X: eof

== DESIGN 6: without a delete hook DELE is refused
O: handled auth list retrieve
C: DELE 1
S: -ERR*
C: STAT
S: +OK 2 39
C: QUIT
S: +OK*
X: quit
