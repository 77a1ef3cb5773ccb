# SPDX-License-Identifier: ISC
# TLS from the first octet on (RFC 8314 3.3), and none at all.

== implicit TLS: STARTTLS is neither offered nor taken (TLS-010)
O: tls implicit
S: 220 mx.example ESMTP*
C: EHLO a.example
R: 250 -
K! STARTTLS
C: STARTTLS
S: 503 5.5.1 *
C: QUIT
S: 221 2.0.0 *
X: quit

== implicit TLS is as good as required TLS (TLS-008, TLS-010)
O: tls implicit
O: tls-require yes
S: 220 mx.example ESMTP*
C: EHLO a.example
R: 250 -
C: MAIL FROM:<s@b.example>
S: 250 2.1.0 *

== no TLS: STARTTLS is not offered, 502 (TLS-002)
O: tls off
S: 220 mx.example ESMTP*
C: EHLO a.example
R: 250 -
K! STARTTLS
C: STARTTLS
S: 502 5.5.1 *
