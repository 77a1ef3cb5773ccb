# SPDX-License-Identifier: ISC
# XCLIENT of POP3, as Dovecot's proxy sends it.

== XCL-001 who is not trusted is told nothing of it
S: +OK mx*
C: XCLIENT ADDR=192.0.2.1
S: -ERR not offered here

== XCL-001 XCL-006 the greeting says who may, the proxy goes on without waiting, and its client may not
O: trusted-networks unix
O: insecure-auth always
S: +OK [XCLIENT] mx*
C\ XCLIENT ADDR=192.0.2.1 PORT=4711 SESSION=2iKFuPJOmtZ+2FAAAB TTL=4 FORWARD=a2V5PXZhbHVl\r\nUSER joe\r\nPASS secret\r\nQUIT\r\n
S: +OK updated
S: +OK send PASS
S: +OK maildrop has 0 messages
S: +OK*

== XCL-001 a client whose address was told is not trusted itself
O: trusted-networks unix
S: +OK [XCLIENT]*
C: XCLIENT ADDR=192.0.2.1
S: +OK updated
C: XCLIENT ADDR=192.0.2.2
S: -ERR not offered here

== XCL-003 what programs are told; IPv6 as Dovecot writes it; unknown attributes are passed over
# program-only
O: trusted-networks unix
O: insecure-auth always
S: +OK [XCLIENT]*
C: XCLIENT ADDR=2001:DB8:0::1 PORT=4711 DESTIP=2001:db8::2 DESTPORT=110 DESTNAME=pop.example CLIENT-TRANSPORT=TLS
S: +OK updated
C: USER joe
S: +OK*
C: PASS secret
S: +OK*
E: auth REMOTE_ADDR=2001:db8::1 REMOTE_PORT=4711 LOCAL_ADDR=2001:db8::2 LOCAL_PORT=110 -REMOTE_HOST
E: list REMOTE_ADDR=2001:db8::1

== XCL-003 several of them; as Postfix writes IPv6; what is not known is unset
# program-only
O: trusted-networks unix 192.0.2.0/24 2001:db8::/32
O: insecure-auth always
S: +OK [XCLIENT]*
C: XCLIENT ADDR=192.0.2.1 PORT=4711
S: +OK updated
C: xclient  addr=IPV6:2001:db8::3  name=client.example
S: +OK updated
C: XCLIENT PORT=[UNAVAILABLE] DESTADDR=192.0.2.7
S: +OK updated
C: USER joe
S: +OK*
C: PASS secret
S: +OK*
E: auth REMOTE_ADDR=2001:db8::3 REMOTE_HOST=client.example LOCAL_ADDR=192.0.2.7 -REMOTE_PORT
E: list REMOTE_ADDR=2001:db8::3

== XCL-003 what is malformed changes nothing
O: trusted-networks unix
S: +OK [XCLIENT]*
C: XCLIENT
S: -ERR an argument is missing
C: XCLIENT ADDR=300.1.1.1
S: -ERR the attributes are malformed
C: XCLIENT ADDR=192.0.2.1 PORT=70000
S: -ERR the attributes are malformed
C: XCLIENT ADDR=
S: -ERR the attributes are malformed
C: XCLIENT =192.0.2.1
S: -ERR the attributes are malformed
C: XCLIENT NAME=a/b
S: -ERR the attributes are malformed
C: XCLIENT NAME=-x
S: -ERR the attributes are malformed
C: USER joe
S: +OK*

== POP-002 only its line may be longer than others: to the octet
O: trusted-networks unix
S: +OK [XCLIENT]*
C: XCLIENT FORWARD=\{4078*x}
S: +OK updated
C: XCLIENT FORWARD=\{4079*x}
S: -ERR line too long
C: \{254*N}
S: -ERR line too long
C: \{253*N}
S: -ERR unknown command
C: XCLIENTS \{1000*x}
S: -ERR line too long

== XCL-001 not after the login
O: trusted-networks unix
S: +OK [XCLIENT]*
C: USER joe
S: +OK*
C: PASS secret
S: +OK*
C: XCLIENT ADDR=192.0.2.1
S: -ERR not after the login
C: XCLIENT ADDR=\{300*1}
S: -ERR line too long

== POP-012 the name of USER is forgotten
O: trusted-networks unix
S: +OK [XCLIENT]*
C: USER joe
S: +OK*
C: XCLIENT PORT=1
S: +OK updated
C: PASS secret
S: -ERR USER comes first

== POP-014 a password in clear is judged by the address that was told
O: trusted-networks unix 127.0.0.0/8 ::1 192.0.2.0/24
S: +OK [XCLIENT]*
C: XCLIENT ADDR=127.9.9.9
S: +OK updated
C: USER joe
S: +OK*
C: XCLIENT ADDR=192.0.2.1
S: +OK updated
C: USER joe
S: -ERR a password needs TLS
C: CAPA
R: +OK
K! USER
C: XCLIENT ADDR=0::1
S: +OK updated
C: CAPA
R: +OK
K: USER
C: XCLIENT ADDR=[UNAVAILABLE]
S: +OK updated
C: USER joe
S: -ERR a password needs TLS

== GEN-008 withheld with its verb
O: trusted-networks unix
O: disable-command XCLIENT
S: +OK mx*
C: XCLIENT ADDR=192.0.2.1
S: -ERR the command is disabled
