# SPDX-License-Identifier: ISC
# Verbs that a backend adds, and verbs that are taken away.
O: accept-domain x.example
S: 220 mx.example ESMTP*

== MAP-013 MAP-075 SMTP-015 a command-NAME hook adds a verb
V: command-XFOO 0 250 done
V: command-XFOO 69
V: command-XFOO 0 ready
C: XFOO a b
S: 250 2.0.0 done
C: xfoo
S: 554 5.0.0 *
C: XFOO
S: 250 2.0.0 ready
C: XFOOX
S: 500 5.5.2 *
E: command-XFOO ARGUMENT=a\sb
E: command-XFOO
E: command-XFOO

== SMTP-016 MAP-025 it wins over 502
V: command-TURN 0 250 turned
C: TURN
S: 250 2.0.0 turned
C: SEND FROM:<>
S: 502 5.5.1 *

== MAP-013 it never wins over a built-in verb
V: command-NOOP 69 550 mine
C: NOOP
S: 250 2.0.0 *

== MAP-013 --disable-command takes verb and keyword away
O: disable-command VRFY HELP BDAT
C: EHLO a.example
R: 250 -
K! HELP
K! CHUNKING
C: VRFY joe
S: 502 5.5.1 *
C: HELP
S: 502 5.5.1 *
C: noop
S: 250 2.0.0 *

== MAP-076 DESIGN 6: :close after a verb of the backend
V: command-XBYE 0 250 bye\n:close
C: XBYE
S: 250 2.0.0 bye
C: NOOP
