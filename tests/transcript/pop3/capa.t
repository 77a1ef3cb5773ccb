# SPDX-License-Identifier: ISC
# CAPA, UTF8, LANG, private commands (RFC 2449, 6856).
D: m1 Subject: one\n\nhello\n
S: +OK*

== POP-090 POP-091 DEF-028 MAP-058 before login
C: CAPA
R: +OK
K: TOP
K: UIDL
K: RESP-CODES
K: AUTH-RESP-CODE
K: PIPELINING
K: LANG
K: USER
K: SASL PLAIN LOGIN
K! STLS
K! EXPIRE
K! LOGIN-DELAY
K! VERSION
C: CAPA x
S: -ERR*

== POP-091 UTF8 is announced
C: CAPA
R: +OK
K: UTF8

== POP-091 POP-014 without plaintext logins
O: insecure-auth never
C: CAPA
R: +OK
K! USER
K! SASL
K: TOP

== POP-090 POP-092 after login
C: USER joe
S: +OK*
C: PASS secret
S: +OK*
C: CAPA
R: +OK
K: TOP
K: UIDL
K: RESP-CODES
K: PIPELINING
K! STLS

== POP-093 MAP-052 --expire
O: expire NEVER
C: CAPA
R: +OK
K: EXPIRE NEVER

== POP-093 in days
O: expire 30
C: CAPA
R: +OK
K: EXPIRE 30

== POP-094 MAP-051 a delay that is the same for all
# engine-only
O: login-delay 60
C: CAPA
R: +OK
K: LOGIN-DELAY 60

== POP-093 POP-094 of each user: the worst case, then the user's own
# engine-only
V: expire 0 5\n
V: expire 0 30\n
V: login-delay 0 600
V: login-delay 0 60
C: CAPA
R: +OK
K: EXPIRE 5 USER
K: LOGIN-DELAY 600 USER
C: USER joe
S: +OK*
C: PASS secret
S: +OK*
C: CAPA
R: +OK
K: EXPIRE 30
K: LOGIN-DELAY 60

== POP-093 POP-094 of each user: the worst case, then the user's own, also at login
# program-only
O: login-delay-dir /nonexistent
V: expire 0 5\n
V: expire 0 30\n
V: login-delay 0 600
V: login-delay 0 60
V: login-delay 0 60
C: CAPA
R: +OK
K: EXPIRE 5 USER
K: LOGIN-DELAY 600 USER
C: USER joe
S: +OK*
C: PASS secret
S: +OK*
C: CAPA
R: +OK
K: EXPIRE 30
K: LOGIN-DELAY 60

== POP-124 UTF8 is for AUTHORIZATION, and takes no argument
C: UTF8 x
S: -ERR*
C: UTF8
S: +OK*
C: USER joe
S: +OK*
C: PASS secret
S: +OK*
C: UTF8
S: -ERR*

== POP-125 a message is served as it is in either mode
D: m2 Subject: \xc3\xa4\n\n\xc3\xa4\n
C: USER joe
S: +OK*
C: PASS secret
S: +OK*
C: LIST 2
S: +OK 2 19
C: RETR 2
S: +OK*
S: Subject: \xc3\xa4
S:
S: \xc3\xa4
S: .

== POP-125 with UTF8
D: m2 Subject: \xc3\xa4\n\n\xc3\xa4\n
C: UTF8
S: +OK*
C: USER joe
S: +OK*
C: PASS secret
S: +OK*
C: LIST 2
S: +OK 2 19
C: RETR 2
S: +OK*
S: Subject: \xc3\xa4
S:
S: \xc3\xa4
S: .

== POP-126 LANG
C: LANG
R: +OK
C: LANG en
S: +OK*
C: LANG EN
S: +OK*
C: LANG i-default
S: +OK*
C: LANG *
S: +OK*
C: LANG xx
S: -ERR*
C: LANG en de
S: -ERR*

== POP-126 the list holds both languages
C: LANG
S: +OK*
S: en *
S: i-default *
S: .

== POP-130 MAP-057 VERSION, XTND, LAST are none of POP3
C: VERSION
S: -ERR*
C: XTND XMIT
S: -ERR*
C: LAST
S: -ERR*
C: XSENDER 1
S: -ERR*

== POP-130 MAP-057 MAP-072 MAP-075 a command-NAME hook adds one in both states
V: command-VERSION 0 3.14
V: command-VERSION 0 3.14
C: version
S: +OK 3.14
C: USER joe
S: +OK*
C: PASS secret
S: +OK*
C: VERSION now
S: +OK 3.14
C: CAPA
R: +OK
K! VERSION
E: command-VERSION
E: auth
E: list
E: command-VERSION ARGUMENT=now

== MAP-076 POP-005 further lines make a reply of several
V: command-XLIST 0 two\na\n.b\n
V: command-XLIST 69 no\nmore\n
C: XLIST
S: +OK two
S: a
S: ..b
S: .
C: XLIST
S: -ERR no

== MAP-077 :close ends the session
V: command-XBYE 0 bye\n:close
C: XBYE
S: +OK bye
C: CAPA

== POP-096 text of a hook cannot pose as a response code
V: command-XFOO 69 [AUTH] wrong
V: command-XFOO 0 [x] y
C: XFOO
S: -ERR *
C: XFOO
S: +OK *

== POP-130 --command-state limits the states
O: command-state TRANSACTION
V: command-XFOO 0 yes
C: XFOO
S: -ERR*
C: USER joe
S: +OK*
C: PASS secret
S: +OK*
C: XFOO
S: +OK yes

== MAP-013 --disable-command
O: disable-command TOP
C: CAPA
R: +OK
K! TOP
C: USER joe
S: +OK*
C: PASS secret
S: +OK*
C: TOP 1 0
S: -ERR*
