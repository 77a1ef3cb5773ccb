# SPDX-License-Identifier: ISC
# AUTHORIZATION (RFC 1939 4, 7; RFC 3206; RFC 2449 8.1).
S: +OK*

== POP-011 USER says +OK for every name
C: USER nobody
S: +OK*
C: USER joe
S: +OK*
C: PASS secret
S: +OK*
E: auth LOGIN_NAME=joe PASSWORD=secret
E: list

== POP-011 DEF-023 USER without a name
C: USER
S: -ERR*
C: USER\s
S: -ERR*

== POP-012 DEF-023 PASS needs USER before it
C: PASS secret
S: -ERR*
E: none

== POP-012 CAPA and errors between them are tolerated
C: USER joe
S: +OK*
C: CAPA
R: +OK
C: NOOP
S: -ERR*
C: PASS secret
S: +OK*

== POP-012 POP-097 after a failed PASS USER is needed again
V: auth 1
C: USER joe
S: +OK*
C: PASS wrong
S: -ERR [AUTH] *
C: PASS secret
S: -ERR*
C: USER joe
S: +OK*
C: PASS secret
S: +OK*
E: auth PASSWORD=wrong
E: auth PASSWORD=secret
E: list

== POP-013 DEF-023 DEF-033 MAP-079 the password is all behind one blank
C: USER joe
S: +OK*
C: PASS  a b\s
S: +OK*
E: auth PASSWORD=\sa\sb\s
E: list

== POP-013 octets above US-ASCII in a password
C: USER joe
S: +OK*
C: PASS \xc3\xa4%"'$`
S: +OK*
E: auth PASSWORD=\xc3\xa4%"'$`
E: list

== POP-013 a password of blanks
C: USER joe
S: +OK*
C: PASS \s\s
S: +OK*
E: auth PASSWORD=\s\s
E: list

== POP-019 names that are none of a user's
C: USER ../../etc
S: +OK*
C: USER a\x01b
S: -ERR*
C: USER ()x
S: -ERR*
C: USER -x
S: -ERR*
C: USER a b
S: +OK*
E: none

== POP-014 plaintext logins that are not allowed are refused at USER
O: insecure-auth never
C: USER joe
S: -ERR*
C: PASS secret
S: -ERR*
C: CAPA
R: +OK
K! USER
E: none

== POP-015 POP-097 a listing that fails is a failed login
V: list 75
C: USER joe
S: +OK*
C: PASS secret
S: -ERR [SYS/TEMP] *
C: STAT
S: -ERR*
C: USER joe
S: +OK*
C: PASS secret
S: +OK*
C: STAT
S: +OK 0 0

== POP-097 DEF-028 AUTH-011 GEN-006 what a failed login says
V: auth 2
V: auth 67
V: auth 77
V: auth 100
V: auth 111
V: auth 75
V: auth 65
V: auth 127
O: max-auth-failures 100
C: USER joe
S: +OK*
C: PASS x
S: -ERR [AUTH] *
C: USER joe
S: +OK*
C: PASS x
S: -ERR [AUTH] *
C: USER joe
S: +OK*
C: PASS x
S: -ERR [AUTH] *
C: USER joe
S: +OK*
C: PASS x
S: -ERR [AUTH] *
C: USER joe
S: +OK*
C: PASS x
S: -ERR [SYS/TEMP] *
C: USER joe
S: +OK*
C: PASS x
S: -ERR [SYS/TEMP] *
C: USER joe
S: +OK*
C: PASS x
S: -ERR [SYS/TEMP] *
C: USER joe
S: +OK*
C: PASS x
S: -ERR [SYS/TEMP] *

== POP-094 POP-097 response codes of auth pass
V: auth 75 [IN-USE] somebody reads
V: auth 75 [LOGIN-DELAY] too soon
C: USER joe
S: +OK*
C: PASS x
S: -ERR [IN-USE] somebody reads
C: USER joe
S: +OK*
C: PASS x
S: -ERR [LOGIN-DELAY] too soon

== POP-016 POP-097 response codes of list pass
V: list 75 [IN-USE] locked
V: list 75 [SYS/PERM] broken
C: USER joe
S: +OK*
C: PASS x
S: -ERR [IN-USE] locked
C: USER joe
S: +OK*
C: PASS x
S: -ERR [SYS/PERM] broken

== POP-017 AUTH-013 three failures, then close
V*3: auth 1
C: USER joe
S: +OK*
C: PASS a
S: -ERR [AUTH] *
C: USER joe
S: +OK*
C: PASS b
S: -ERR [AUTH] *
C: USER joe
S: +OK*
C: PASS c
S: -ERR*
C: QUIT

== POP-018 APOP that is not offered
C: APOP joe c4c9334bac560ecc979e58001b3e22fb
S: -ERR*
C: CAPA
R: +OK

== POP-122 POP-120 AUTH without any mechanism
O: insecure-auth never
C: AUTH
S: -ERR*
C: AUTH FOO
S: -ERR*
C: CAPA
R: +OK
K! SASL

== POP-110 STLS that is not offered
C: STLS
S: -ERR*
C: CAPA
R: +OK
K! STLS

== POP-034 DEF-016 a unique-id that breaks the form
V: list 0 m1 10 \{71*u}\n
C: USER joe
S: +OK*
C: PASS secret
S: -ERR [SYS/PERM] *

== POP-034 DEF-016 a duplicate
V: list 0 m1 10 u\nm2 20 u\n
C: USER joe
S: +OK*
C: PASS secret
S: -ERR [SYS/PERM] *

== POP-034 an ID that is no unique-id, and none beside it
V: list 0 \{71*m} 10\n
C: USER joe
S: +OK*
C: PASS secret
S: -ERR [SYS/PERM] *

== POP-032 DESIGN 6: the longest unique-id, and a long ID with one of its own
V: list 0 m1 10 \{70*u}\n\{200*m} 20 v\n
C: USER joe
S: +OK*
C: PASS secret
S: +OK*
C: UIDL
S: +OK*
S: 1 \{70*u}
S: 2 v
S: .

== POP-015 a listing with a size that is no number
V: list 0 m1 ten\n
C: USER joe
S: +OK*
C: PASS secret
S: -ERR [SYS/PERM] *

== MAP-046 a last line without its LF counts
V: list 0 m1 10\nm2 20
C: USER joe
S: +OK*
C: PASS secret
S: +OK*
C: STAT
S: +OK 2 30

== POP-043 POP-042 QUIT after a failed login deletes nothing
V: auth 1
C: USER joe
S: +OK*
C: PASS x
S: -ERR [AUTH] *
C: QUIT
S: +OK*
E: auth
X: quit

== GEN-016 DEF-030 neither name nor password is echoed
V: auth 1 secret is wrong for joe
C: USER joe
S: +OK*
C: PASS hunter2
S: -ERR [AUTH] *
E: auth PASSWORD=hunter2
