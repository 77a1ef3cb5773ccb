# SPDX-License-Identifier: ISC
# TRANSACTION (RFC 1939 5, 7).
D: m1 Subject: one\n\nhello\n
D: m2 Subject: two\n\na\nb\n.\n..c\n
D: m3 Subject: three\n\n
S: +OK*
C: USER joe
S: +OK*
C: PASS secret
S: +OK*

== POP-021 STAT
C: STAT
S: +OK 3 71

== POP-021 DEF-017 STAT counts what is not marked
C: DELE 2
S: +OK*
C: STAT
S: +OK 2 41

== POP-022 LIST
C: LIST
S: +OK*
S: 1 23
S: 2 30
S: 3 18
S: .
C: LIST 2
S: +OK 2 30
C: LIST 4
S: -ERR*

== POP-022 POP-028 DEF-017 POP-020 IOP-005 LIST after DELE keeps the numbers
C: DELE 2
S: +OK*
C: LIST
S: +OK*
S: 1 23
S: 3 18
S: .
C: LIST 2
S: -ERR*
C: LIST 3
S: +OK 3 18
C: UIDL
S: +OK*
S: 1 m1
S: 3 m3
S: .
C: UIDL 2
S: -ERR*
C: RETR 2
S: -ERR*
C: TOP 2 0
S: -ERR*
C: DELE 2
S: -ERR*

== POP-026 POP-005 MAP-048 RETR
C: RETR 2
S: +OK*
S: Subject: two
S:
S: a
S: b
S: ..
S: ...c
S: .
C: RETR 1
S: +OK*
S: Subject: one
S:
S: hello
S: .
E: auth
E: list
E: retrieve MESSAGE=m2
E: retrieve MESSAGE=m1

== POP-009 DEF-018 GEN-015 numbers that are none
C: RETR 0
S: -ERR*
C: RETR -1
S: -ERR*
C: RETR +1
S: -ERR*
C: RETR 1x
S: -ERR*
C: RETR 1.0
S: -ERR*
C: RETR 0x1
S: -ERR*
C: RETR 4
S: -ERR*
C: RETR 4294967297
S: -ERR*
C: RETR 18446744073709551617
S: -ERR*
C: LIST 0
S: -ERR*
C: UIDL 0
S: -ERR*
C: DELE 0
S: -ERR*
C: TOP 0 1
S: -ERR*
C: DELE 4294967297
S: -ERR*
C: LIST 4294967297
S: -ERR*
C: STAT
S: +OK 3 71

== POP-008 DEF-018 a number that is missing never means the last message
C: DELE
S: -ERR*
C: RETR
S: -ERR*
C: TOP
S: -ERR*
C: TOP 1
S: -ERR*
C: STAT
S: +OK 3 71

== POP-009 POP-003 leading zeros and more blanks
C: LIST 0001
S: +OK 1 23
C: TOP 1  0
S: +OK*
S: Subject: one
S:
S: .

== POP-028 DELE marks, and no more
C: DELE 1
S: +OK*
C: DELE 1
S: -ERR*
E: auth
E: list

== POP-029 RSET takes the marks off
C: DELE 1
S: +OK*
C: DELE 2
S: +OK*
C: RSET
S: +OK*
C: STAT
S: +OK 3 71
C: LIST
S: +OK*
S: 1 23
S: 2 30
S: 3 18
S: .
C: QUIT
S: +OK*
E: auth
E: list
X: quit

== POP-030 NOOP
C: NOOP
S: +OK*

== POP-031 DEF-019 TOP
C: TOP 2 0
S: +OK*
S: Subject: two
S:
S: .
C: TOP 2 1
S: +OK*
S: Subject: two
S:
S: a
S: .
C: TOP 2 3
S: +OK*
S: Subject: two
S:
S: a
S: b
S: ..
S: .
C: TOP 2 999999
S: +OK*
S: Subject: two
S:
S: a
S: b
S: ..
S: ...c
S: .
C: TOP 3 5
S: +OK*
S: Subject: three
S:
S: .
C: TOP 1 -1
S: -ERR*
C: TOP 1 x
S: -ERR*
C: TOP 9 1
S: -ERR*

== POP-032 UIDL
C: UIDL
S: +OK*
S: 1 m1
S: 2 m2
S: 3 m3
S: .
C: UIDL 3
S: +OK 3 m3
C: UIDL x
S: -ERR*

== POP-098 PIPE-002 commands in one write
C: STAT
C: LIST 1
C: FOO
C: RETR 3
C: DELE 3
C: UIDL
C: QUIT
S: +OK 3 71
S: +OK 1 23
S: -ERR*
S: +OK*
S: Subject: three
S:
S: .
S: +OK*
S: +OK*
S: 1 m1
S: 2 m2
S: .
S: +OK*
E: auth
E: list
E: retrieve MESSAGE=m3
E: delete
X: quit
