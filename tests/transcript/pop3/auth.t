# SPDX-License-Identifier: ISC
# AUTH and APOP (RFC 5034, RFC 1939 7).
# engine-only
D: m1 Subject: one\n\nhello\n
S: +OK*

== POP-120 POP-121 AUTH PLAIN
C: AUTH PLAIN
S: +\s
C: AGpvZQBzZWNyZXQ=
S: +OK maildrop has 1 message
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
S: -ERR*
E: auth AUTH_MECH=PLAIN LOGIN_NAME=joe PASSWORD=secret
E: list

== POP-122 POP-091 AUTH alone lists
C: AUTH
R: +OK
K: PLAIN
K: LOGIN
C: CAPA
R: +OK
K: SASL PLAIN LOGIN

== POP-120 what is wrong with an exchange
C: AUTH PLAIN abc
S: -ERR not base64
C: AUTH PLAIN =
S: -ERR malformed response
C: AUTH FOO
S: -ERR no such mechanism here
C: AUTH PLAIN
S: +\s
C: *
S: -ERR authentication cancelled
C: AUTH PLAIN
S: +\s
C: \{12289*A}
S: -ERR*
C: CAPA
R: +OK
E: none

== POP-123 POP-097 response codes
V: auth 1
V: auth 75
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
S: -ERR [AUTH] wrong user name or password
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
S: -ERR [SYS/TEMP] the login cannot be checked
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
S: +OK maildrop has 1 message

== POP-017 POP-123 three failures end the session
V: auth 1
V: auth 1
V: auth 1
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
S: -ERR [AUTH]*
C: AUTH LOGIN am9l
S: + UGFzc3dvcmQ6
C: eA==
S: -ERR [AUTH]*
C: USER joe
S: +OK*
C: PASS x
S: -ERR [AUTH]*
X: limit

== POP-123 AUTH-023 a token that is refused
O: handled token list retrieve
V: token 1
C: AUTH XOAUTH2 dXNlcj1qb2UBYXV0aD1CZWFyZXIgdG9rAQE=
S: + eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIn0=
C\ \r\n
S: -ERR [AUTH] wrong user name or password
C: AUTH XOAUTH2 dXNlcj1qb2UBYXV0aD1CZWFyZXIgdG9rAQE=
S: +OK maildrop has 1 message

== POP-098 what stands behind a login of one step is answered
C\ AUTH PLAIN AGpvZQBzZWNyZXQ=\r\nSTAT\r\nQUIT\r\n
S: +OK maildrop has 1 message
S: +OK 1 23
S: +OK*
X: quit

== POP-014 AUTH-002 in clear
O: insecure-auth never
C: AUTH PLAIN
S: -ERR this mechanism needs TLS
C: AUTH
S: -ERR*
E: none
