# SPDX-License-Identifier: ISC
# The smuggling matrix under --bare-newline clean (RFC 5321 2.3.8, 4.1.1.4, 4.5.2).
O: bare-newline clean
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

== DATA-013 DATA-021 DATA-023 CRLF.CRLF ends the message (clean)
C\ a\r\n.\r\n
S: 250 2.0.0 *
M\ a\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-014 LF.LF (clean)
C\ a\n.\nb\r\n.\r\n
S: 250 2.0.0 *
M\ a\n.\nb\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-015 LF.CRLF (clean)
C\ a\n.\r\nb\r\n.\r\n
S: 250 2.0.0 *
M\ a\n.\nb\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-016 CRLF.LF (clean)
C\ a\r\n.\nb\r\n.\r\n
S: 250 2.0.0 *
M\ a\n\nb\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-017 CR.CR (clean)
C\ a\r.\rb\r\n.\r\n
S: 250 2.0.0 *
M\ a\n.\nb\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-017 CR.CRLF (clean)
C\ a\r.\r\nb\r\n.\r\n
S: 250 2.0.0 *
M\ a\n.\nb\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-017 CRLF.CR and more (clean)
C\ a\r\n.\rxb\r\n.\r\n
S: 250 2.0.0 *
M\ a\n\nxb\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-018 CR CRLF.CRLF ends the message (clean)
C\ a\r\r\n.\r\n
S: 250 2.0.0 *
M\ a\n\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-019 LF CRLF.CRLF ends the message (clean)
C\ a\n\r\n.\r\n
S: 250 2.0.0 *
M\ a\n\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-020 CRLF NUL.CRLF (clean)
C\ a\r\n\0.\r\nb\r\n.\r\n
S: 250 2.0.0 *
M\ a\n\0.\nb\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-020 CR NUL LF.CRLF (clean)
C\ a\r\0\n.\r\nb\r\n.\r\n
S: 250 2.0.0 *
M\ a\n\0\n.\nb\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-020 CRLF.NUL CRLF (clean)
C\ a\r\n.\0\r\nb\r\n.\r\n
S: 250 2.0.0 *
M\ a\n\0\nb\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-018 CR CRLF.CR CRLF (clean)
C\ a\r\r\n.\r\r\nb\r\n.\r\n
S: 250 2.0.0 *
M\ a\n\n\n\nb\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-014 LF LF.CRLF (clean)
C\ a\n\n.\r\nb\r\n.\r\n
S: 250 2.0.0 *
M\ a\n\n.\nb\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-014 LF as the first octet (clean)
C\ \n.\r\nb\r\n.\r\n
S: 250 2.0.0 *
M\ \n.\nb\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-016 .LF as the first octets (clean)
C\ .\nb\r\n.\r\n
S: 250 2.0.0 *
M\ \nb\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-003 dots behind a bare LF are no stuffing (clean)
C\ a\n..b\r\n.\r\n
S: 250 2.0.0 *
M\ a\n..b\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-022 a hidden second transaction (clean)
C\ a\n.\r\nMAIL FROM:<x@b.example>\r\nRCPT TO:<u@x.example>\r\nDATA\r\nb\r\n.\r\n
S: 250 2.0.0 *
M\ a\n.\nMAIL FROM:<x@b.example>\nRCPT TO:<u@x.example>\nDATA\nb\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-022 hidden behind CRLF.LF (clean)
C\ a\r\n.\nMAIL FROM:<x@b.example>\r\nRCPT TO:<u@x.example>\r\nDATA\r\nb\r\n.\r\n
S: 250 2.0.0 *
M\ a\n\nMAIL FROM:<x@b.example>\nRCPT TO:<u@x.example>\nDATA\nb\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-022 hidden behind CR.CR (clean)
C\ a\r.\rMAIL FROM:<x@b.example>\rRCPT TO:<u@x.example>\rDATA\r\nb\r\n.\r\n
S: 250 2.0.0 *
M\ a\n.\nMAIL FROM:<x@b.example>\nRCPT TO:<u@x.example>\nDATA\nb\n
C: NOOP
S: 250 2.0.0 *
C: DATA
S: 503 5.5.1 *
X: eof

== DATA-024 a line that a repair made is CRLF with --line-ends crlf (clean)
O: line-ends crlf
C\ a\n.\r\nb\rc\r\n.\r\n
S: 250 2.0.0 *
M\ a\r\n.\r\nb\r\nc\r\n

