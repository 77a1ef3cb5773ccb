# SPDX-License-Identifier: ISC
# The greeting of POP3 (RFC 1939 4).

== POP-001 the greeting
S: +OK*
X: eof

== POP-001 IOP-005 a greeting of our own; nothing in it looks like a timestamp
O: greeting mail here
S: +OK mail here
X: eof

== POP-001 IOP-005 angle brackets do not pass
# The program does not take such a greeting as an option.
# engine-only
O: greeting hello <a@b>
S: +OK hello (a@b)
X: eof

== MAP-042 a refusal by connect closes
V: connect 77
S: -ERR*
C: USER joe

== MAP-042 a temporary one as well
V: connect 75
S: -ERR*
C: USER joe

== MAP-017 connect may set the text
V: connect 0 good day
S: +OK good day
X: eof

== POP-096 its text cannot pose as a response code
V: connect 77 [AUTH] no
S: -ERR [SYS/PERM]*
