# SPDX-License-Identifier: ISC
# The greeting, and how sessions end (RFC 5321 3.1, 3.8, 4.1.1.10).

== SMTP-001 the greeting begins with the name of the host and ESMTP
S: 220 mx.example ESMTP*
X: eof

== SMTP-001 the text of --greeting stands behind it
O: greeting no spam please
S: 220 mx.example ESMTP no spam please
X: eof

== SMTP-002 the host's name begins the replies to EHLO and HELO
S: 220 mx.example ESMTP*
C: EHLO a.example
R: 250 -
C: HELO a.example
S: 250 mx.example*
X: eof

== SMTP-003 a permanent refusal serves QUIT only
V: connect 77
S: 554 mx.example*
C: EHLO a.example
R: 503
C: MAIL FROM:<>
S: 503 5.5.1 *
C: FOO
S: 503 5.5.1 *
C: QUIT
S: 221 2.0.0 *
X: quit

== SMTP-003 a temporary refusal closes
V: connect 75
S: 421 mx.example*
C: EHLO a.example

== SMTP-003 DEF-009 the text of a refusal is the hook's
V: connect 69 go away
S: 554 mx.example go away
C: QUIT
S: 221 2.0.0 *
X: quit

== MAP-017 a connect hook sets the text of the greeting
V: connect 0 welcome here
S: 220 mx.example ESMTP welcome here
X: eof

== SMTP-004 QUIT is answered, and what follows is ignored
S: 220 mx.example ESMTP*
C: QUIT
S: 221 2.0.0 *
C: NOOP
C: MAIL FROM:<>
X: quit

== SMTP-004 the text of --signoff
O: signoff so long
S: 220 mx.example ESMTP*
C: QUIT
S: 221 2.0.0 mx.example so long
X: quit

== SMTP-004 QUIT drops an open transaction
O: accept-domain x.example
S: 220 mx.example ESMTP*
C: EHLO a.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: QUIT
S: 221 2.0.0 *
X: quit

== SMTP-006 a shutdown is told with 421 and the host's name
# engine-only
S: 220 mx.example ESMTP*
STOP: shutdown
S: 421 4.3.2 mx.example*
X: shutdown

== SMTP-006 SMTP-007 so is a time limit
# engine-only
S: 220 mx.example ESMTP*
C: EHLO a.example
R: 250 -
STOP: timeout
S: 421 4.4.2 mx.example*
X: timeout

== SMTP-008 a time limit inside DATA delivers nothing
# engine-only
O: accept-domain x.example
S: 220 mx.example ESMTP*
C: EHLO a.example
R: 250 -
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: half a message
STOP: timeout
S: 421 4.4.2 mx.example*
X: timeout

== GEN-009 commands before the end of input are answered
S: 220 mx.example ESMTP*
C: EHLO x
R: 250 -
C: NOOP
S: 250 2.0.0 *
X: eof

== GEN-009 an unfinished line is no command
S: 220 mx.example ESMTP*
C: NOOP
S: 250 2.0.0 *
C\ QUIT
X: eof

== GEN-013 a bare CR or LF does not end the session, even as the first input
S: 220 mx.example ESMTP*
C\ NOOP\nQUIT\r\n
S: 500 5.5.2 *
C\ NOOP\rQUIT\r\n
S: 500 5.5.2 *
C\ NOOP\0\r\n
S: 500 5.5.2 *
C: NOOP
S: 250 2.0.0 *
X: eof

== GEN-013 the reply to a bare LF comes at once, before the end of the line
S: 220 mx.example ESMTP*
C\ NOOP\n
S: 500 5.5.2 *
X: eof

== SMTP-014 a blank before the verb is an error and closes nothing
S: 220 mx.example ESMTP*
C\ \sNOOP\r\n
S: 500 5.5.2 *
C: NOOP
S: 250 2.0.0 *
X: eof

== GEN-013 GET as the first input closes
S: 220 mx.example ESMTP*
C: GET / HTTP/1.1
S: 421 4.7.0 *
C: QUIT

== GEN-013 POST as the first input closes
S: 220 mx.example ESMTP*
C: POST / HTTP/1.1
S: 421 4.7.0 *
C: Host: mx.example
C: QUIT

== GEN-013 CONNECT as the first input closes
S: 220 mx.example ESMTP*
C: CONNECT mx.example:25 HTTP/1.1
S: 421 4.7.0 *
C: QUIT

== GEN-013 the first octet of a TLS handshake closes
S: 220 mx.example ESMTP*
C\ \x16\x03\x01\x02\0
S: 421 4.7.0 *

== GEN-013 later on GET and 0x16 are errors like others
S: 220 mx.example ESMTP*
C: NOOP
S: 250 2.0.0 *
C: GET / HTTP/1.1
S: 500 5.5.2 *
C\ \x16\x03\x01\r\n
S: 500 5.5.2 *
X: eof

== GEN-013 the banner of SSH is an unknown verb
S: 220 mx.example ESMTP*
C: SSH-2.0-OpenSSH_9.2
S: 500 5.5.2 *
X: eof
