# SPDX-License-Identifier: ISC
# The smuggling matrix under --bare-newline reject (RFC 5321 2.3.8, 4.1.1.4, 4.5.2).
O: bare-newline reject
O: accept-domain x.example
S: 220 mx.example ESMTP*
C: EHLO a.example
R: 250 -
C: MAIL FROM:<s@b.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *

== DATA-013 DATA-021 DATA-023 CRLF.CRLF ends the message (reject)
C\ a\r\n.\r\n
S: 250 2.0.0 *
M\ a\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-014 LF.LF (reject)
C\ a\n.\nb\r\n.\r\n
S: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-015 LF.CRLF (reject)
C\ a\n.\r\nb\r\n.\r\n
S: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-016 CRLF.LF (reject)
C\ a\r\n.\nb\r\n.\r\n
S: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-017 CR.CR (reject)
C\ a\r.\rb\r\n.\r\n
S: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-017 CR.CRLF (reject)
C\ a\r.\r\nb\r\n.\r\n
S: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-017 CRLF.CR and more (reject)
C\ a\r\n.\rxb\r\n.\r\n
S: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-018 CR CRLF.CRLF ends the message (reject)
C\ a\r\r\n.\r\n
S: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-019 LF CRLF.CRLF ends the message (reject)
C\ a\n\r\n.\r\n
S: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-020 CRLF NUL.CRLF (reject)
C\ a\r\n\0.\r\nb\r\n.\r\n
S: 250 2.0.0 *
M\ a\n\0.\nb\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-020 CR NUL LF.CRLF (reject)
C\ a\r\0\n.\r\nb\r\n.\r\n
S: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-020 CRLF.NUL CRLF (reject)
C\ a\r\n.\0\r\nb\r\n.\r\n
S: 250 2.0.0 *
M\ a\n\0\nb\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-018 CR CRLF.CR CRLF (reject)
C\ a\r\r\n.\r\r\nb\r\n.\r\n
S: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-014 LF LF.CRLF (reject)
C\ a\n\n.\r\nb\r\n.\r\n
S: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-014 LF as the first octet (reject)
C\ \n.\r\nb\r\n.\r\n
S: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-016 .LF as the first octets (reject)
C\ .\nb\r\n.\r\n
S: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-003 dots behind a bare LF are no stuffing (reject)
C\ a\n..b\r\n.\r\n
S: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-022 a hidden second transaction (reject)
C\ a\n.\r\nMAIL FROM:<x@b.example>\r\nRCPT TO:<u@x.example>\r\nDATA\r\nb\r\n.\r\n
S: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-022 hidden behind CRLF.LF (reject)
C\ a\r\n.\nMAIL FROM:<x@b.example>\r\nRCPT TO:<u@x.example>\r\nDATA\r\nb\r\n.\r\n
S: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-022 hidden behind CR.CR (reject)
C\ a\r.\rMAIL FROM:<x@b.example>\rRCPT TO:<u@x.example>\rDATA\r\nb\r\n.\r\n
S: 554 5.6.0 *
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-009 DATA-010 a bare LF and no end deliver nothing (reject)
C\ a\nb\r\n
X: eof

== DATA-015 the refused message leaves a session that takes the next (reject)
C\ a\n.\r\n.\r\n
S: 554 5.6.0 *
C: MAIL FROM:<s@b.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: x
C: .
S: 250 2.0.0 *
M: x

== DATA-015 DATA-009 GEN-001 nothing of a refused message, however it came, reaches the next (reject)
C\ one line\r\nanother\r\na\n.\r\n.\r\n
S: 554 5.6.0 *
C: MAIL FROM:<s@b.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: x
C: .
S: 250 2.0.0 *
M: x
