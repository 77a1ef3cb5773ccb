# SPDX-License-Identifier: ISC
# Messages of every form on their way to the client (RFC 1939 3, 5, 11).
S: +OK*
C: USER joe
S: +OK*
C: PASS secret
S: +OK*

== POP-022 an empty maildrop
C: STAT
S: +OK 0 0
C: LIST
S: +OK*
S: .
C: UIDL
S: +OK*
S: .
C: RETR 1
S: -ERR*
C: LIST 1
S: -ERR*
C: QUIT
S: +OK*
X: quit

== POP-023 POP-024 DEF-020 DEF-021 line ends of every kind
D: m1 a\nb\r\n
C: LIST 1
S: +OK 1 6
C: RETR 1
S: +OK*
S: a
S: b
S: .

== POP-024 a bare CR, NUL and octets above US-ASCII pass unchanged
D: m1 A: b\n\na\rb\0\x80\xff\n\r\n
C: LIST 1
S: +OK 1 18
C: RETR 1
S: +OK*
S: A: b
S:
S\ a\rb\0\x80\xff
S:
S: .

== POP-023 a last line without its end
D: m1 A: b\n\nend
C: LIST 1
S: +OK 1 13
C: RETR 1
S: +OK*
S: A: b
S:
S: end
S: .

== POP-026 DEF-021 blank lines at the end are kept
D: m1 A: b\r\n\r\n\r\n
C: RETR 1
S: +OK*
S: A: b
S:
S:
S: .

== POP-026 DEF-021 an empty message
D: m1 
C: STAT
S: +OK 1 0
C: RETR 1
S: +OK*
S: .
C: TOP 1 5
S: +OK*
S: .

== POP-026 POP-031 DEF-021 a header and no body
D: m1 A: b\n
C: RETR 1
S: +OK*
S: A: b
S: .
C: TOP 1 0
S: +OK*
S: A: b
S: .

== POP-005 DEF-033 dots at line starts
D: m1 .\n\n.\n..\n.a\na.\n.
C: LIST 1
S: +OK 1 23
C: RETR 1
S: +OK*
S: ..
S:
S: ..
S: ...
S: ..a
S: a.
S: ..
S: .

== POP-024 DEF-021 CR CR LF is never made, nor lost
D: m1 a\r\r\nb\r\n
C: LIST 1
S: +OK 1 7
C: RETR 1
S: +OK*
S\ a\r
S: b
S: .

== POP-005 a dot behind a bare CR begins no line
D: m1 a\r.b\n
C: RETR 1
S: +OK*
S\ a\r.b
S: .

== POP-035 a large message
D: m1 A: b\n\n\{3000*0123456789012345678901234567890123456789012345678901234567890123456789\n}
C: STAT
S: +OK 1 216008
C: RETR 1
S: +OK*
S: A: b
S:
S*3000: 0123456789012345678901234567890123456789012345678901234567890123456789
S: .

== POP-027 a retrieval that fails before its first octet
V: list 0 m1 23\n
V: retrieve 75
C: RETR 1
S: -ERR [SYS/TEMP] *
C: NOOP
S: +OK*

== POP-027 GEN-006 each failing exit code
V: list 0 m1 23\n
V: retrieve 1
V: retrieve 67
V: retrieve 78
V: retrieve 77
V: retrieve 69
C: RETR 1
S: -ERR [SYS/TEMP] *
C: RETR 1
S: -ERR *
C: RETR 1
S: -ERR [SYS/PERM] *
C: RETR 1
S: -ERR [SYS/PERM] *
C: RETR 1
S: -ERR *
C: NOOP
S: +OK*

== POP-027 one that fails after +OK ends without the terminator
# engine-only
# The runner waits for the end of a program and so tells a failure before +OK.
V: list 0 m1 23\n
V: retrieve 1 A: b\n\n\{20000*half a message\n}
C: RETR 1
C: NOOP
S: +OK*
S: A: b
S:
S*20000: half a message
X: error

== POP-025 a size that is wrong alters nothing in what is sent
V: list 0 m1 5\n
V: retrieve 0 A: b\n\nlonger than five\n
C: LIST 1
S: +OK 1 5
C: RETR 1
S: +OK*
S: A: b
S:
S: longer than five
S: .
C: NOOP
S: +OK*

== MAP-047 POP-023 sizes that the listing lacks are asked for once
V: list 0 m1\nm2 -\nm3 7\n
V: size 0 10\n
V: size 0 20
C: STAT
S: +OK 3 37
C: LIST 2
S: +OK 2 20
C: STAT
S: +OK 3 37
E: auth
E: list
E: size MESSAGE=m1
E: size MESSAGE=m2

== MAP-047 POP-023 without a size hook they are computed by retrieve
V: list 0 m1\n
V: retrieve 0 a\nb\n
C: LIST 1
S: +OK 1 6
C: STAT
S: +OK 1 6
E: auth
E: list
E: retrieve MESSAGE=m1

== MAP-048 POP-031 a top hook is a shortcut
V: list 0 m1 10\n
V: top 0 A: b\n\none\n
C: TOP 1 1
S: +OK*
S: A: b
S:
S: one
S: .
E: auth
E: list
E: top MESSAGE=m1 TOP_LINES=1

== POP-032 IDs with odd characters
V: list 0 a:2,S=1!"#$%&'()*+,/<>?@[]^`{|}~ 10\n
V: retrieve 0 A: b\n
C: UIDL 1
S: +OK 1 a:2,S=1!"#$%&'()*+,/<>?@[]^`{|}~
C: RETR 1
S: +OK*
S: A: b
S: .
