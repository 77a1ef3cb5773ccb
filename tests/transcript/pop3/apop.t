# SPDX-License-Identifier: ISC
# APOP (RFC 1939 7) where it is asked for.
# engine-only
O: handled secret list retrieve
O: auth-mechanisms APOP
O: apop-timestamp <1896.697170952@dbc.mtview.ca.us>
D: m1 Subject: one\n\nhello\n
S: +OK mx.example POP3 ready <1896.697170952@dbc.mtview.ca.us>

== POP-018 POP-001 APOP
C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
S: +OK maildrop has 1 message
E: sasl AUTH_MECH=APOP RESPONSE=mrose\sc4c9334bac560ecc979e58001b3e22fb
E: list

== POP-018 a failure stays in AUTHORIZATION
V: sasl 77
C: APOP mrose 00000000000000000000000000000000
S: -ERR [AUTH] wrong user name or password
C: STAT
S: -ERR*
C: APOP
S: -ERR*
C: AUTH APOP
S: -ERR*
