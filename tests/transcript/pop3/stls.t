# SPDX-License-Identifier: ISC
# STLS (RFC 2595 4): POP-091, POP-110 ... 112, 127.
D: one Subject: 1\r\n\r\none\r\n

== announced in clear, gone behind TLS; no second greeting (POP-091, POP-110)
O: tls starttls
S: +OK *
C: CAPA
R: +OK
K: STLS
C: STLS
S: +OK *
T: handshake
C: CAPA
R: +OK
K! STLS
K: USER
C: STLS
S: -ERR*
C: USER u
S: +OK*
C: PASS p
S: +OK*
C: STLS
S: -ERR*
C: CAPA
R: +OK
K! STLS
C: QUIT
S: +OK*
X: quit

== no argument, and not in TRANSACTION (POP-110)
O: tls starttls
S: +OK *
C: STLS now
S: -ERR*
C: USER u
S: +OK*
C: PASS p
S: +OK*
C: STLS
S: -ERR*
C: CAPA
R: +OK
K! STLS

== the USER name is forgotten (POP-111)
O: tls starttls
S: +OK *
C: USER u
S: +OK*
C: STLS
S: +OK*
T: handshake
C: PASS p
S: -ERR*
E: none

== octets behind the line: one -ERR, and the end (POP-111, TLS-005)
O: tls starttls
S: +OK *
C: STLS\r\nCAPA
S: -ERR*
X: error

== last in a group (POP-098)
O: tls starttls
S: +OK *
C: UTF8\r\nLANG en\r\nSTLS
S: +OK*
S: +OK*
S: +OK*
T: handshake
C: QUIT
S: +OK*

== plaintext passwords behind TLS only (POP-014, POP-091)
O: tls starttls
O: insecure-auth never
S: +OK *
C: CAPA
R: +OK
K! USER
C: USER u
S: -ERR*
C: STLS
S: +OK*
T: handshake
C: CAPA
R: +OK
K: USER
C: USER u
S: +OK*

== not available now (POP-110)
# engine-only
O: tls starttls
V: starttls 75
S: +OK *
C: STLS
S: -ERR [SYS/TEMP]*
T: no handshake
C: CAPA
R: +OK

== failed logins are counted on (TLS-003, POP-017)
O: tls starttls
O: max-auth-failures 2
V: auth 1
V: auth 1
S: +OK *
C: USER u
S: +OK*
C: PASS no
S: -ERR [AUTH]*
C: STLS
S: +OK*
T: handshake
C: USER u
S: +OK*
C: PASS no
S: -ERR [AUTH]*
X: limit

== TLS required: everything but CAPA, STLS and QUIT is refused (TLS-008)
O: tls starttls
O: tls-require yes
S: +OK *
C: CAPA
R: +OK
K: STLS
K! USER
C: USER u
S: -ERR*
C: PASS p
S: -ERR*
C: UTF8
S: -ERR*
C: LANG en
S: -ERR*
C: NONSENSE
S: -ERR*
C: STLS
S: +OK*
T: handshake
C: USER u
S: +OK*
E: none

== implicit TLS: no STLS (POP-127, TLS-010)
O: tls implicit
S: +OK *
C: CAPA
R: +OK
K! STLS
C: STLS
S: -ERR*

== no TLS: no STLS (POP-091)
O: tls off
S: +OK *
C: CAPA
R: +OK
K! STLS
C: STLS
S: -ERR*
