# SPDX-License-Identifier: ISC
# Parameters of MAIL and RCPT (RFC 5321 4.1.2, 4.1.1.11; 1870; 6152; 3461; 6531).
O: accept-domain x.example
S: 220 mx.example ESMTP*
C: EHLO a.example
R: 250 -

== SMTP-051 the grammar of a parameter
C: MAIL FROM:<a@b.example> SIZE==1
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> =5
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> SIZE =5
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> -X=5
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> S_Z=5
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> SIZE=1\t2
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> BODY=8BITMIME=X
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example>SIZE=1
S: 501 5.*
C: RCPT TO:<u@x.example>
S: 503 5.5.1 *

== SMTP-052 unknown parameters
C: MAIL FROM:<a@b.example> FOO=1
S: 555 5.5.4 *
C: MAIL FROM:<a@b.example> FOO
S: 555 5.5.4 *
C: MAIL FROM:<a@b.example> SIZE=1 FOO=1
S: 555 5.5.4 *
C: MAIL FROM:<a@b.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example> FOO=1
S: 555 5.5.4 *
C: RCPT TO:<u@x.example> SIZE=1
S: 555 5.5.4 *
C: DATA
S: 503 5.5.1 *

== SMTP-053 values that are bad, missing, or not wanted
C: MAIL FROM:<a@b.example> BODY=9BIT
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> BODY
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> BODY=
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> SIZE
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> SIZE=
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> SMTPUTF8=1
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> SIZE=1 SIZE=1
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> BODY=7BIT body=8BITMIME
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> SMTPUTF8 SMTPUTF8
S: 501 5.5.4 *

== SMTP-055 a parameter error starts no transaction
C: MAIL FROM:<a@b.example> FOO=1
S: 555 5.5.4 *
C: RCPT TO:<u@x.example>
S: 503 5.5.1 *
C: MAIL FROM:<a@b.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example> FOO=1
S: 555 5.5.4 *
C: DATA
S: 503 5.5.1 *

== GEN-015 SIZE-002 numbers of SIZE
C: MAIL FROM:<a@b.example> SIZE=-1
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> SIZE=+1
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> SIZE=0x10
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> SIZE=1x
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> SIZE=1.5
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> SIZE=000000000000000000001
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> SIZE=18446744073709551617
S: 552 5.3.4 *
C: MAIL FROM:<a@b.example> SIZE=18446744073709551615
S: 552 5.3.4 *
C: MAIL FROM:<a@b.example> SIZE=99999999999999999999
S: 552 5.3.4 *
C: MAIL FROM:<a@b.example> SIZE=00000000000000000001
S: 250 2.1.0 *
C: RSET
S: 250 2.0.0 *
C: MAIL FROM:<a@b.example> SIZE=0
S: 250 2.1.0 *

== SIZE-003 the declared size against the limit
O: size-limit 1000
C: MAIL FROM:<a@b.example> SIZE=1001
S: 552 5.3.4 *
C: MAIL FROM:<a@b.example> SIZE=1000
S: 250 2.1.0 *

== SIZE-001 no limit takes any declaration
O: size-limit 0
C: MAIL FROM:<a@b.example> SIZE=9223372036854775807
S: 250 2.1.0 *

== SIZE-003 the hooks may judge it
V: mail 75 452 4.3.1 no space
V: mail 0
V: rcpt 75 452 4.2.2 full
V: rcpt 73 552 5.2.3 too big for you
C: MAIL FROM:<a@b.example> SIZE=900
S: 452 4.3.1 no space
C: MAIL FROM:<a@b.example> SIZE=900
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 452 4.2.2 full
C: RCPT TO:<u@x.example>
S: 552 5.2.3 too big for you
E: mail MAIL_PARAMS=SIZE=900
E: mail MAIL_PARAMS=SIZE=900
E: rcpt
E: rcpt

== BODY-001 the values of BODY in any case
O: handled mail
C: MAIL FROM:<a@b.example> BODY=7BIT
S: 250 2.1.0 *
C: RSET
S: 250 2.0.0 *
C: MAIL FROM:<a@b.example> BODY=8bitmime
S: 250 2.1.0 *
C: RSET
S: 250 2.0.0 *
C: MAIL FROM:<a@b.example>
S: 250 2.1.0 *
E: mail BODY=7BIT
E: mail BODY=8BITMIME
E: mail -BODY

== CHNK-007 BINARYMIME only when announced
C: MAIL FROM:<a@b.example> BODY=BINARYMIME
S: 501 5.5.4 *

== CHNK-007 announced
O: announce BINARYMIME
V: mail 0
C: MAIL FROM:<a@b.example> BODY=BINARYMIME
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: DATA
S: 503 5.5.1 *
E: mail BODY=BINARYMIME

== DSN-001 not offered: every parameter is unknown
C: MAIL FROM:<a@b.example> RET=FULL
S: 555 5.5.4 *
C: MAIL FROM:<a@b.example> ENVID=x
S: 555 5.5.4 *
C: MAIL FROM:<a@b.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example> NOTIFY=NEVER
S: 555 5.5.4 *
C: RCPT TO:<u@x.example> ORCPT=rfc822;u@x.example
S: 555 5.5.4 *

== DSN-002 DSN-005 DSN-006 parameters of MAIL
O: announce DSN
O: handled mail
C: MAIL FROM:<a@b.example> RET=FULL ENVID=QQ314159
S: 250 2.1.0 *
C: RSET
S: 250 2.0.0 *
C: MAIL FROM:<a@b.example> ret=hdrs envid=a+3Db
S: 250 2.1.0 *
C: RSET
S: 250 2.0.0 *
C: MAIL FROM:<a@b.example> ENVID=a+2bb
S: 250 2.1.0 *
E: mail DSN_RET=FULL DSN_ENVID=QQ314159 MAIL_PARAMS=RET=FULL\sENVID=QQ314159
E: mail DSN_RET=HDRS DSN_ENVID=a=b
E: mail -DSN_RET DSN_ENVID=a+b

== DSN-002 DSN-005 bad values
O: announce DSN
C: MAIL FROM:<a@b.example> RET=BODY
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> RET=
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> RET
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> ENVID=
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> ENVID=a+
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> ENVID=a+4
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> ENVID=a+GG
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> ENVID=a+0D+0Ab
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> ENVID=a+00
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> RET=FULL RET=FULL
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> ENVID=\{101*a}
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> ENVID=\{100*a}
S: 250 2.1.0 *

== DSN-003 DSN-004 DSN-006 parameters of RCPT
O: announce DSN
O: handled rcpt
C: MAIL FROM:<a@b.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example> NOTIFY=NEVER
S: 250 2.1.5 *
C: RCPT TO:<v@x.example> NOTIFY=SUCCESS,failure,DELAY ORCPT=rfc822;a+2Bb@x.example
S: 250 2.1.5 *
C: RCPT TO:<w@x.example> NOTIFY=DELAY
S: 250 2.1.5 *
C: RCPT TO:<w@x.example>
S: 250 2.1.5 *
E: rcpt DSN_NOTIFY=NEVER RCPT_PARAMS=NOTIFY=NEVER
E: rcpt DSN_NOTIFY=SUCCESS,FAILURE,DELAY DSN_ORCPT=rfc822;a+b@x.example
E: rcpt DSN_NOTIFY=DELAY -DSN_ORCPT
E: rcpt -DSN_NOTIFY -DSN_ORCPT -RCPT_PARAMS

== DSN-003 DSN-004 DSN-005 bad values
O: announce DSN
C: MAIL FROM:<a@b.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example> NOTIFY=NEVER,DELAY
S: 501 5.5.4 *
C: RCPT TO:<u@x.example> NOTIFY=
S: 501 5.5.4 *
C: RCPT TO:<u@x.example> NOTIFY=SUCCESS,
S: 501 5.5.4 *
C: RCPT TO:<u@x.example> NOTIFY=ALWAYS
S: 501 5.5.4 *
C: RCPT TO:<u@x.example> ORCPT=u@x.example
S: 501 5.5.4 *
C: RCPT TO:<u@x.example> ORCPT=rfc822;
S: 501 5.5.4 *
C: RCPT TO:<u@x.example> ORCPT=;u@x.example
S: 501 5.5.4 *
C: RCPT TO:<u@x.example> ORCPT=rfc822;a+0D+0Ab
S: 501 5.5.4 *
C: RCPT TO:<u@x.example> ORCPT=rfc822;a+0
S: 501 5.5.4 *
C: RCPT TO:<u@x.example> ORCPT=rfc822;\{494*a}
S: 501 5.5.4 *
C: RCPT TO:<u@x.example> ORCPT=rfc822;\{493*a}
S: 250 2.1.5 *

== DSN-007 parameters of the other command
O: announce DSN
C: MAIL FROM:<a@b.example> NOTIFY=NEVER
S: 555 5.5.4 *
C: MAIL FROM:<a@b.example> ORCPT=rfc822;u@x.example
S: 555 5.5.4 *
C: MAIL FROM:<a@b.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example> RET=FULL
S: 555 5.5.4 *
C: RCPT TO:<u@x.example> ENVID=x
S: 555 5.5.4 *

== UTF8-001 UTF8-002 UTF8-003 SMTP-024 non-ASCII paths in an SMTPUTF8 transaction
O: handled mail rcpt
C: MAIL FROM:<\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b\xe3\x81\x88.example> SMTPUTF8
S: 250 2.1.0 *
C: RCPT TO:<\xc3\xa4@x.example>
S: 250 2.1.5 *
C: RCPT TO:<a\xcc\x88@x.example>
S: 250 2.1.5 *
E: mail SENDER=\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b\xe3\x81\x88.example SMTPUTF8=1
E: rcpt RECIPIENT=\xc3\xa4@x.example
E: rcpt RECIPIENT=a\xcc\x88@x.example

== UTF8-002 malformed UTF-8
C: MAIL FROM:<\xc0\xaf@b.example> SMTPUTF8
S: 501 5.*
C: MAIL FROM:<\xed\xa0\x80@b.example> SMTPUTF8
S: 501 5.*
C: MAIL FROM:<\xf4\x90\x80\x80@b.example> SMTPUTF8
S: 501 5.*
C: MAIL FROM:<\xe7\x94@b.example> SMTPUTF8
S: 501 5.*
C: MAIL FROM:<\x80@b.example> SMTPUTF8
S: 501 5.*
C: MAIL FROM:<\xff@b.example> SMTPUTF8
S: 501 5.*
C: MAIL FROM:<a@\xc3.example> SMTPUTF8
S: 501 5.*

== UTF8-002 limits count octets
C: MAIL FROM:<> SMTPUTF8
S: 250 2.1.0 *
C: RCPT TO:<\{32*\xc3\xa4}@x.example>
S: 250 2.1.5 *
C: RCPT TO:<\{32*\xc3\xa4}a@x.example>
S: 501 5.1.3 *

== UTF8-004 SMTP-024 non-ASCII paths without the parameter
C: MAIL FROM:<\xc3\xa4@b.example>
S: 553 5.6.7 *
C: MAIL FROM:<a@\xc3\xa4.example>
S: 553 5.6.7 *
C: MAIL FROM:<a@b.example>
S: 250 2.1.0 *
C: RCPT TO:<\xc3\xa4@x.example>
S: 553 5.6.7 *

== UTF8-005 UTF-8 in reply text only to an SMTPUTF8 transaction
V: rcpt 0 h\xc3\xa4\nso
C: MAIL FROM:<a@b.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250-2.1.5 h*
S: 250 2.1.5 so

== UTF8-005 in one it passes
V: rcpt 0 h\xc3\xa4
C: MAIL FROM:<a@b.example> SMTPUTF8
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 h\xc3\xa4

== UTF8-006 the rcpt hook refuses what its store cannot take
V: rcpt 69 550 5.6.7 no UTF-8 here
C: MAIL FROM:<a@b.example> SMTPUTF8
S: 250 2.1.0 *
C: RCPT TO:<\xc3\xa4@x.example>
S: 550 5.6.7 no UTF-8 here

== RTLS-001 XTN-001 what is not announced
C: MAIL FROM:<a@b.example> REQUIRETLS
S: 555 5.5.4 *
C: MAIL FROM:<a@b.example> BY=60;R
S: 555 5.5.4 *
C: MAIL FROM:<a@b.example> HOLDFOR=9
S: 555 5.5.4 *
C: MAIL FROM:<a@b.example> MT-PRIORITY=3
S: 555 5.5.4 *
C: MAIL FROM:<a@b.example> SOLICIT=x
S: 555 5.5.4 *
C: MAIL FROM:<a@b.example> TRANSID=<a>
S: 555 5.5.4 *
C: MAIL FROM:<a@b.example> CONPERM
S: 555 5.5.4 *
C: MAIL FROM:<a@b.example> SUBMITTER=a@b.example
S: 555 5.5.4 *
C: MAIL FROM:<a@b.example> AUTH=<>
S: 555 5.5.4 *
C: BURL imap://x LAST
S: 50*
C: ATRN a.example
S: 50*
C: VERB
S: 50*
C: MAIL FROM:<a@b.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example> RRVS=2014-04-03T23:01:00Z
S: 555 5.5.4 *

== XTN-001 XTN-002 XTN-003 what is announced is checked and passed on
O: announce DELIVERBY MT-PRIORITY
O: handled mail
C: MAIL FROM:<a@b.example> BY=60;R MT-PRIORITY=-3
S: 250 2.1.0 *
E: mail MAIL_PARAMS=BY=60;R\sMT-PRIORITY=-3

== XTN-002 with a value that its RFC does not know
O: announce DELIVERBY MT-PRIORITY
C: MAIL FROM:<a@b.example> BY=soon
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> MT-PRIORITY=10
S: 501 5.5.4 *
C: MAIL FROM:<a@b.example> MT-PRIORITY
S: 501 5.5.4 *
