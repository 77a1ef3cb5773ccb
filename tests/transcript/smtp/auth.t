# SPDX-License-Identifier: ISC
# AUTH (RFC 4954) and the mechanisms that the engine takes apart; the backend of every case has auth and token.
# engine-only
O: handled auth token deliver
S: 220 *
C: EHLO x
R: 250

== AUTH-001 what works now is listed, and HELO gets nothing
K: AUTH OAUTHBEARER XOAUTH2 PLAIN LOGIN
K! AUTH=
C: HELO x
R: 250
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 503 5.5.1

== AUTH-001 AUTH-002 without TLS nothing that whoever listens could use
O: insecure-auth never
K! AUTH
C: AUTH PLAIN
R: 504 5.5.4
C: AUTH LOGIN am9l
R: 504 5.5.4
C: AUTH XOAUTH2
R: 504 5.5.4
E: none

== AUTH-001 --auth-mechanisms narrows the list
O: auth-mechanisms LOGIN
K: AUTH LOGIN
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 504 5.5.4
E: none

== IOP-001 the line that old clients look for
O: announce AUTH=
K: AUTH OAUTHBEARER XOAUTH2 PLAIN LOGIN
K: AUTH=OAUTHBEARER XOAUTH2 PLAIN LOGIN

== AUTH-003 names of mechanisms
C: AUTH
R: 501 5.5.4
C: AUTH FOO
R: 504 5.5.4
C: AUTH USER
R: 504 5.5.4
C: AUTH APOP
R: 504 5.5.4
C: AUTH plain AGpvZQBzZWNyZXQ=
S: 235 2.7.0 Authentication successful
E: auth AUTH_MECH=PLAIN LOGIN_NAME=joe PASSWORD=secret

== AUTH-004 once, and not inside a transaction
C: MAIL FROM:<a@b.example>
R: 250 2.1.0
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 503 5.5.1
C: RSET
R: 250 2.0.0
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 235 2.7.0
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 503 5.5.1
C: RSET
R: 250 2.0.0
C: EHLO y
R: 250
K: AUTH OAUTHBEARER XOAUTH2 PLAIN LOGIN
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 503 5.5.1

== AUTH-005 AUTH-006 an empty challenge is the code and a blank
C: AUTH PLAIN
S: 334\s
C: AGpvZQBzZWNyZXQ=
R: 235 2.7.0
E: auth AUTH_MECH=PLAIN LOGIN_NAME=joe PASSWORD=secret

== AUTH-006 AUTH-018 an empty initial response is one
C: AUTH PLAIN =
R: 501 5.5.2
E: none

== AUTH-008 a star cancels, and the session goes on
C: AUTH PLAIN
S: 334\s
C: *
R: 501 5.7.0
C: AUTH LOGIN
S: 334 VXNlcm5hbWU6
C: *
R: 501 5.7.0
C: NOOP
R: 250 2.0.0
E: none

== AUTH-008 GEN-014 who does nothing else has had enough
O: max-errors 3
C: AUTH PLAIN
S: 334\s
C: *
R: 501 5.7.0
C: AUTH PLAIN
S: 334\s
C: *
R: 501 5.7.0
C: AUTH PLAIN
S: 334\s
C: *
R: 501 5.7.0
C: AUTH PLAIN
S: 334\s
C: *
R: 421 4.7.0
E: none

== AUTH-009 base64 is strict
C: AUTH PLAIN
S: 334\s
C: =AAA
R: 501 5.5.2
C: AUTH PLAIN
S: 334\s
C: AAA=BBB
R: 501 5.5.2
C: AUTH PLAIN
S: 334\s
C: abc
R: 501 5.5.2
C: AUTH PLAIN
S: 334\s
C: YWJ=YWJj
R: 501 5.5.2
C: AUTH PLAIN
S: 334\s
C: YWI
R: 501 5.5.2
C: AUTH PLAIN
S: 334\s
C: YW I=
R: 501 5.5.2
C: AUTH PLAIN
S: 334\s
C: YWJ=
R: 501 5.5.2
C: AUTH PLAIN
S: 334\s
C: !!!!
R: 501 5.5.2
E: none

== AUTH-009 so is an initial response
C: AUTH PLAIN abc
R: 501 5.5.2
C: AUTH PLAIN YWJ=
R: 501 5.5.2
E: none

== AUTH-009 an empty line is an empty response
C: AUTH PLAIN
S: 334\s
C\ \r\n
R: 501 5.5.2
E: none

== AUTH-010 a response of 12288 octets is taken
C: AUTH PLAIN
S: 334\s
C: \{12288*A}
R: 501 5.5.2
C: NOOP
R: 250 2.0.0

== AUTH-010 one of 12289 is not, and swallowed
C: AUTH PLAIN
S: 334\s
C: \{12289*A}
R: 500 5.5.6
C: NOOP
R: 250 2.0.0
C: AUTH PLAIN
S: 334\s
C: \{40000*A}
R: 500 5.5.6
C: NOOP
R: 250 2.0.0

== AUTH-011 exit 0 of auth
V: auth 0
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 235 2.7.0

== AUTH-011 exit 1 of auth
V: auth 1
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 535 5.7.8

== AUTH-011 exit 2 of auth
V: auth 2
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 535 5.7.8

== AUTH-011 exit 67 of auth
V: auth 67
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 535 5.7.8

== AUTH-011 exit 77 of auth
V: auth 77
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 535 5.7.8

== AUTH-011 exit 100 of auth
V: auth 100
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 535 5.7.8

== AUTH-011 exit 111 of auth
V: auth 111
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 454 4.7.0

== AUTH-011 exit 75 of auth
V: auth 75
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 454 4.7.0

== AUTH-011 exit 78 of auth
V: auth 78
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 454 4.7.0

== AUTH-011 exit 65 of auth
V: auth 65
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 454 4.7.0

== AUTH-011 exit 99 of auth
V: auth 99
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 454 4.7.0

== AUTH-011 exit 127 of auth
V: auth 127
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 454 4.7.0

== AUTH-011 text of the program stays in the class of the reply
V: auth 1 534 5.7.9 choose a stronger mechanism
V: auth 75 432 4.7.12 a password transition is needed
V: auth 1 250 2.0.0 welcome
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
S: 534 5.7.9 choose a stronger mechanism
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
S: 432 4.7.12 a password transition is needed
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 535 5.7.8

== AUTH-012 what comes is no command
C: AUTH LOGIN
S: 334 VXNlcm5hbWU6
C: QUIT
R: 501 5.5.2
C: NOOP
R: 250 2.0.0

== AUTH-013 three failures, then 421
V: auth 1
V: auth 1
V: auth 1
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 535 5.7.8
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 535 5.7.8
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 535 5.7.8
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 421 4.7.0
X: limit

== AUTH-014 AUTH= of MAIL
C: MAIL FROM:<a@b.example> AUTH=e+3Dmc2@x.example
R: 250 2.1.0
C: RSET
R: 250 2.0.0
C: MAIL FROM:<a@b.example> AUTH=<>
R: 250 2.1.0
C: RSET
R: 250 2.0.0
C: MAIL FROM:<a@b.example> AUTH=e+3
R: 501 5.5.4

== AUTH-014 AUTH= where AUTH is not announced
O: insecure-auth never
C: MAIL FROM:<a@b.example> AUTH=<>
R: 555 5.5.4

== AUTH-015 commands behind a login of one step
C\ AUTH PLAIN AGpvZQBzZWNyZXQ=\r\nNOOP\r\nQUIT\r\n
R: 235 2.7.0
R: 250 2.0.0
R: 221 2.0.0
X: quit

== AUTH-018 malformed PLAIN
C: AUTH PLAIN am9lAHNlY3JldA==
R: 501 5.5.2
C: AUTH PLAIN AGpvZQ==
R: 501 5.5.2
C: AUTH PLAIN AABzZWNyZXQ=
R: 501 5.5.2
C: AUTH PLAIN AGpvZQA=
R: 501 5.5.2
C: AUTH PLAIN AGpvZQBhAGI=
R: 501 5.5.2
C: AUTH PLAIN AGpqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqamoAcw==
R: 501 5.5.2
C: AUTH PLAIN AGpvZQBzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nz
R: 501 5.5.2
C: AUTH PLAIN am9l
R: 501 5.5.2
E: none

== AUTH-018 the longest name and password, and every octet but NUL
C: AUTH PLAIN AGpqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqampqagDkDQoBc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3M=
R: 235 2.7.0

== AUTH-018 for oneself
C: AUTH PLAIN am9lAGpvZQBzZWNyZXQ=
R: 235 2.7.0
E: auth AUTH_MECH=PLAIN LOGIN_NAME=joe PASSWORD=secret

== AUTH-018 GEN-016 for another, or as nobody that there could be: told without what cannot be right
V: auth 77
V: auth 77
V: auth 77
C: AUTH PLAIN YW5uAGpvZQBzZWNyZXQ=
R: 535 5.7.8
C: AUTH PLAIN AC1qb2UAc2VjcmV0
R: 535 5.7.8
C: AUTH PLAIN AGr2ZQBzZWNyZXQ=
R: 535 5.7.8
E: auth AUTH_MECH=PLAIN -LOGIN_NAME -PASSWORD
E: auth AUTH_MECH=PLAIN -LOGIN_NAME -PASSWORD
E: auth AUTH_MECH=PLAIN -LOGIN_NAME -PASSWORD

== AUTH-025 LOGIN asks twice
C: AUTH LOGIN
S: 334 VXNlcm5hbWU6
C: am9l
S: 334 UGFzc3dvcmQ6
C: c2VjcmV0
R: 235 2.7.0
E: auth AUTH_MECH=LOGIN LOGIN_NAME=joe PASSWORD=secret

== AUTH-007 AUTH-025 LOGIN with the name at once
C: AUTH LOGIN am9l
S: 334 UGFzc3dvcmQ6
C: c2VjcmV0
R: 235 2.7.0
E: auth AUTH_MECH=LOGIN LOGIN_NAME=joe PASSWORD=secret

== AUTH-025 LOGIN without a name or a password
C: AUTH LOGIN =
R: 501 5.5.2
C: AUTH LOGIN am9l
S: 334 UGFzc3dvcmQ6
C\ \r\n
R: 501 5.5.2
E: none

== AUTH-022 OAUTHBEARER
C: AUTH OAUTHBEARER bixhPWpvPTJDZT0zRCwBaG9zdD1oAXBvcnQ9MjUBYXV0aD1CZWFyZXIgdG9rLmVufjE9PQEB
R: 235 2.7.0
E: token AUTH_MECH=OAUTHBEARER AUTH_NAME=jo,e= TOKEN=tok.en~1==

== AUTH-022 a token that is refused
V: token 1
C: AUTH OAUTHBEARER bixhPWpvPTJDZT0zRCwBaG9zdD1oAXBvcnQ9MjUBYXV0aD1CZWFyZXIgdG9rLmVufjE9PQEB
S: 334 eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=
C: AQ==
R: 535 5.7.8
V: token 1
C: AUTH OAUTHBEARER bixhPWpvPTJDZT0zRCwBaG9zdD1oAXBvcnQ9MjUBYXV0aD1CZWFyZXIgdG9rLmVufjE9PQEB
S: 334 eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=
C: *
R: 535 5.7.8

== AUTH-022 AUTH-011 a token that cannot be checked
V: token 75
C: AUTH OAUTHBEARER bixhPWpvPTJDZT0zRCwBaG9zdD1oAXBvcnQ9MjUBYXV0aD1CZWFyZXIgdG9rLmVufjE9PQEB
R: 454 4.7.0

== AUTH-022 malformed OAUTHBEARER
C: AUTH OAUTHBEARER cD10bHMtZXhwb3J0ZXIsLAFhdXRoPUJlYXJlciB4AQE=
R: 501 5.5.2
C: AUTH OAUTHBEARER biwsYXV0aD1CZWFyZXIgeAEB
R: 501 5.5.2
C: AUTH OAUTHBEARER biwsAWF1dGg9QmVhcmVyIHgB
R: 501 5.5.2
C: AUTH OAUTHBEARER bixiPWpvZSwBYXV0aD1CZWFyZXIgeAEB
R: 501 5.5.2
C: AUTH OAUTHBEARER bixhPWo9MlhvZSwBYXV0aD1CZWFyZXIgeAEB
R: 501 5.5.2
C: AUTH OAUTHBEARER biwsAWhvc3Q9aAEB
R: 501 5.5.2
C: AUTH OAUTHBEARER biwsAWF1dGg9QmVhcmVyIHgBAW1vcmU=
R: 501 5.5.2
E: none

== AUTH-022 no token at all is told without
V: token 1
C: AUTH OAUTHBEARER biwsAWF1dGg9QmFzaWMgYWJjAQE=
S: 334 eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=
C: AQ==
R: 535 5.7.8
E: token AUTH_MECH=OAUTHBEARER -TOKEN -AUTH_NAME

== AUTH-023 XOAUTH2
C: AUTH XOAUTH2 dXNlcj1qb2UBYXV0aD1CZWFyZXIgdG9rAQE=
R: 235 2.7.0
E: token AUTH_MECH=XOAUTH2 AUTH_NAME=joe TOKEN=tok

== AUTH-023 a token that is refused
V: token 1
C: AUTH XOAUTH2
S: 334\s
C: dXNlcj1qb2UBYXV0aD1CZWFyZXIgdG9rAQE=
S: 334 eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIn0=
C\ \r\n
R: 535 5.7.8

== AUTH-007 CRAM-MD5 takes no initial response
O: handled secret deliver
O: auth-mechanisms CRAM-MD5
K: AUTH CRAM-MD5
C: AUTH CRAM-MD5 eA==
R: 501 5.7.0
E: none

== AUTH-019 CRAM-MD5 begins with a challenge of the server
O: handled secret deliver
O: auth-mechanisms CRAM-MD5
V: sasl challenge PDEuMkBteD4=
V: sasl 0
C: AUTH CRAM-MD5
S: 334 PDEuMkBteD4=
C: am9lIDAw
R: 235 2.7.0
E: sasl AUTH_MECH=CRAM-MD5 -RESPONSE
E: sasl RESPONSE=joe\s00 -AUTH_MECH

== AUTH-020 AUTH-017 SCRAM-SHA-256 with what is left to say as a last challenge
O: handled secret deliver
K: AUTH SCRAM-SHA-256
V: sasl challenge cj14
V: sasl challenge dj14
V: sasl 0
C: AUTH SCRAM-SHA-256
S: 334\s
C: biwsbj1qb2Uscj14
S: 334 cj14
C: Yz1iaXdz
S: 334 dj14
C\ \r\n
R: 235 2.7.0
E: sasl AUTH_MECH=SCRAM-SHA-256 RESPONSE=n,,n=joe,r=x
E: sasl RESPONSE=c=biws
E: sasl RESPONSE=

== AUTH-021 SCRAM-SHA-256-PLUS needs TLS
O: handled secret deliver
C: AUTH SCRAM-SHA-256-PLUS
R: 504 5.5.4
E: none

== AUTH-011 AUTH-020 what sasl-session answers
O: handled secret deliver
V: sasl 65
V: sasl 75
V: sasl 77
C: AUTH SCRAM-SHA-256 eA==
R: 501 5.5.2
C: AUTH SCRAM-SHA-256 eA==
R: 454 4.7.0
C: AUTH SCRAM-SHA-256 eA==
R: 535 5.7.8

== AUTH-024 EXTERNAL without a certificate
C: AUTH EXTERNAL =
R: 504 5.5.4

== SMTP-054 AUTH is refused where nothing makes it possible
O: handled deliver
K! AUTH
C: AUTH PLAIN AGpvZQBzZWNyZXQ=
R: 502 5.5.1

== GEN-012 a NUL in a response ends the exchange
C: AUTH PLAIN
S: 334\s
C: AAA\0AAA
R: 500 5.5.2
C: NOOP
R: 250 2.0.0
