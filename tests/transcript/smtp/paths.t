# SPDX-License-Identifier: ISC
# Reverse-path and forward-path (RFC 5321 3.3, 4.1.2, 4.1.3, 4.5.3.1).
O: accept-domain x.example
S: 220 mx.example ESMTP*
C: EHLO a.example
R: 250 -

== SMTP-034 no blank before the colon, keywords in any case
C: MAIL FROM :<a@b.example>
S: 501 5.5.*
C: MAIL FROM<a@b.example>
S: 501 5.5.*
C: MAIL TO:<a@b.example>
S: 501 5.5.*
C: MAIL
S: 501 5.5.*
C: MAIL FROM:
S: 501 5.5.*
C: Mail From:<a@b.example>
S: 250 2.1.0 *
C: RCPT FROM:<u@x.example>
S: 501 5.5.*
C: RCPT TO
S: 501 5.5.*
C: RCPT
S: 501 5.5.*
C: rcpt tO:<u@x.example>
S: 250 2.1.5 *

== SMTP-035 IOP-009 blanks behind the colon and between parameters
C: mail from: <a@b.example>  SIZE=5
S: 250 2.1.0 *
C: rcpt to: \t <u@x.example>
S: 250 2.1.5 *

== SMTP-036 no address without angle brackets
C: MAIL FROM:a@b.example
S: 501 5.5.2 *
C: MAIL FROM:a@b.example>
S: 501 5.5.2 *
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:u@x.example
S: 501 5.5.2 *

== SMTP-037 DEF-002 MAP-021 the local part keeps its case, the domain compares without
V: mail 0
O: handled mail rcpt
C: MAIL FROM:<Joe.USER@B.Example> SIZE=1
S: 250 2.1.0 *
C: RCPT TO:<Joe.USER@X.Example>
S: 250 2.1.5 *
E: mail SENDER=Joe.USER@B.Example MAIL_PARAMS=SIZE=1
E: rcpt RECIPIENT=Joe.USER@X.Example

== SMTP-037 DEF-011 the domain list compares without case
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@X.EXAMPLE>
S: 250 2.1.5 *
C: RCPT TO:<u@y.example>
S: 550 5.7.1 *
C: RCPT TO:<u@sub.x.example>
S: 550 5.7.1 *
C: RCPT TO:<u@ax.example>
S: 550 5.7.1 *

== SMTP-038 the null reverse-path
V: mail 0
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<>
S: 501 5.1.3 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
E: mail SENDER=

== SMTP-039 postmaster without a domain
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<PostMaster>
S: 250 2.1.5 *
C: RCPT TO:<postmaster>
S: 250 2.1.5 *
C: RCPT TO:<joe>
S: 501 5.1.3 *
C: RCPT TO:<postmaster@>
S: 501 5.1.3 *
C: RCPT TO:<postmaster2>
S: 501 5.1.3 *

== SMTP-039 the rcpt hook decides about postmaster
V: rcpt 67
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<Postmaster>
S: 550 5.1.1 *
E: rcpt RECIPIENT=Postmaster

== SMTP-046 a sender without a domain
C: MAIL FROM:<joe>
S: 501 5.1.7 *
C: MAIL FROM:<postmaster>
S: 501 5.1.7 *
C: MAIL FROM:<@b.example>
S: 501 5.1.7 *
C: MAIL FROM:<joe@>
S: 501 5.1.7 *
C: RCPT TO:<u@x.example>
S: 503 5.5.1 *

== SMTP-040 source routes are checked and dropped
O: handled mail rcpt
C: MAIL FROM:<@a.example,@b.example:s@c.example>
S: 250 2.1.0 *
C: RCPT TO:<@a.example,@b.example:u@x.example>
S: 250 2.1.5 *
C: RCPT TO:<@a.example:u@x.example>
S: 250 2.1.5 *
C: RCPT TO:<@a..example:u@x.example>
S: 501 5.1.3 *
C: RCPT TO:<@a.example,b.example:u@x.example>
S: 501 5.1.3 *
C: RCPT TO:<@a.example u@x.example>
S: 501 5.1.3 *
E: mail SENDER=s@c.example
E: rcpt RECIPIENT=u@x.example
E: rcpt RECIPIENT=u@x.example

== SMTP-041 DEF-015 quoted local parts under safe
O: handled rcpt
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<"a> b"@x.example>
S: 553 5.1.3 *
C: RCPT TO:<"a\\"b"@x.example>
S: 553 5.1.3 *
C: RCPT TO:<""@x.example>
S: 553 5.1.3 *
C: RCPT TO:<"a@b"@x.example>
S: 553 5.1.3 *
C: RCPT TO:<"joe"@x.example>
S: 250 2.1.5 *
C: RCPT TO:<"j\\oe.d"@x.example>
S: 250 2.1.5 *
C: RCPT TO:<"-rf"@x.example>
S: 553 5.1.3 *
C: RCPT TO:<"a|b"@x.example>
S: 553 5.1.3 *
C: RSET
S: 250 2.0.0 *
C: MAIL FROM:<"a b"@b.example>
S: 553 5.1.7 *
E: rcpt RECIPIENT=joe@x.example
E: rcpt RECIPIENT=joe.d@x.example

== SMTP-041 quoted local parts under rfc
O: address-charset rfc
O: handled rcpt
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<"a> b"@x.example>
S: 250 2.1.5 *
C: RCPT TO:<"a\\"b"@x.example>
S: 250 2.1.5 *
C: RCPT TO:<""@x.example>
S: 250 2.1.5 *
C: RCPT TO:<"joe"@x.example>
S: 250 2.1.5 *
E: rcpt RECIPIENT="a>\sb"@x.example
E: rcpt RECIPIENT="a\\"b"@x.example
E: rcpt RECIPIENT=""@x.example
E: rcpt RECIPIENT=joe@x.example

== SMTP-041 quotes that do not close
O: address-charset rfc
C: MAIL FROM:<"a@b.example>
S: 501 5.*
C: MAIL FROM:<"a\\"@b.example>
S: 501 5.*
C: MAIL FROM:<"a"b@b.example>
S: 501 5.1.7 *
C: MAIL FROM:<a"b"@b.example>
S: 501 5.1.7 *
C: MAIL FROM:<"
S: 501 5.*
C: MAIL FROM:<\\
S: 501 5.*
C: MAIL FROM:<
S: 501 5.*

== SMTP-042 dots of an unquoted local part
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<.a@x.example>
S: 501 5.1.3 *
C: RCPT TO:<a.@x.example>
S: 501 5.1.3 *
C: RCPT TO:<a..b@x.example>
S: 501 5.1.3 *
C: RCPT TO:<.@x.example>
S: 501 5.1.3 *
C: RCPT TO:<a.b.c@x.example>
S: 250 2.1.5 *

== SMTP-042 specials of an unquoted local part
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<a b@x.example>
S: 501 5.*
C: RCPT TO:<a(b)@x.example>
S: 501 5.1.3 *
C: RCPT TO:<a,b@x.example>
S: 501 5.1.3 *
C: RCPT TO:<a:b@x.example>
S: 501 5.1.3 *
C: RCPT TO:<a;b@x.example>
S: 501 5.1.3 *
C: RCPT TO:<a<b@x.example>
S: 501 5.1.3 *
C: RCPT TO:<a[b]@x.example>
S: 501 5.1.3 *
C: RCPT TO:<a@b@x.example>
S: 501 5.1.3 *
C: RCPT TO:<a\tb@x.example>
S: 501 5.*
C: RCPT TO:<!\#%&'\*+-/=?^_{}~a@x.example>
S: 250 2.1.5 *

== SMTP-043 address literals
O: handled rcpt
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@[192.0.2.1]>
S: 250 2.1.5 *
C: RCPT TO:<u@[IPv6:2001:db8::1]>
S: 250 2.1.5 *
C: RCPT TO:<u@[ipv6:::ffff:192.0.2.1]>
S: 250 2.1.5 *
C: RCPT TO:<u@[IPv6:::]>
S: 250 2.1.5 *
C: RCPT TO:<u@[IPv6:1:2:3:4:5:6:7:8]>
S: 250 2.1.5 *
C: RCPT TO:<u@[256.1.1.1]>
S: 501 5.1.3 *
C: RCPT TO:<u@[1.2.3]>
S: 501 5.1.3 *
C: RCPT TO:<u@[1.2.3.4.5]>
S: 501 5.1.3 *
C: RCPT TO:<u@[2001:db8::1]>
S: 501 5.1.3 *
C: RCPT TO:<u@[IPv6:1::2::3]>
S: 501 5.1.3 *
C: RCPT TO:<u@[IPv6:12345::1]>
S: 501 5.1.3 *
C: RCPT TO:<u@[IPv6:1:2:3:4:5:6:7]>
S: 501 5.1.3 *
C: RCPT TO:<u@[x:y]>
S: 501 5.1.3 *
C: RCPT TO:<u@[]>
S: 501 5.1.3 *
C: RCPT TO:<u@[192.0.2.1>
S: 501 5.*
C: RCPT TO:<u@[192.0.2.1]x>
S: 501 5.1.3 *
E: rcpt RECIPIENT=u@[192.0.2.1]
E: rcpt RECIPIENT=u@[IPv6:2001:db8::1]
E: rcpt RECIPIENT=u@[ipv6:::ffff:192.0.2.1]
E: rcpt RECIPIENT=u@[IPv6:::]
E: rcpt RECIPIENT=u@[IPv6:1:2:3:4:5:6:7:8]

== SMTP-044 domains
O: handled rcpt
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x..example>
S: 501 5.1.3 *
C: RCPT TO:<u@.example>
S: 501 5.1.3 *
C: RCPT TO:<u@x.example.>
S: 501 5.1.3 *
C: RCPT TO:<u@-x.example>
S: 501 5.1.3 *
C: RCPT TO:<u@x-.example>
S: 501 5.1.3 *
C: RCPT TO:<u@x!y.example>
S: 501 5.1.3 *
C: RCPT TO:<u@x y.example>
S: 501 5.*
C: RCPT TO:<u@.>
S: 501 5.1.3 *
C: RCPT TO:<u@my_host.example>
S: 250 2.1.5 *
C: RCPT TO:<u@x-y.example>
S: 250 2.1.5 *
C: RCPT TO:<u@localhost>
S: 250 2.1.5 *
C: RCPT TO:<u@3com.example>
S: 250 2.1.5 *
C: RCPT TO:<u@\{63*a}.example>
S: 250 2.1.5 *
C: RCPT TO:<u@\{64*a}.example>
S: 501 5.1.3 *

== SMTP-045 the local part of a recipient
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<\{64*a}@x.example>
S: 250 2.1.5 *
C: RCPT TO:<\{65*a}@x.example>
S: 501 5.1.3 *

== SMTP-045 a longer local part of a sender, and the longest path
C: MAIL FROM:<\{65*a}@b.example>
S: 250 2.1.0 *
C: RSET
S: 250 2.0.0 *
C: MAIL FROM:<\{244*a}@b.example>
S: 250 2.1.0 *
C: RSET
S: 250 2.0.0 *
C: MAIL FROM:<\{245*a}@b.example>
S: 501 5.1.7 *

== SMTP-045 the longest path of a recipient
O: handled rcpt
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@\{63*a}.\{63*a}.\{63*a}.\{60*a}>
S: 250 2.1.5 *
C: RCPT TO:<u@\{63*a}.\{63*a}.\{63*a}.\{61*a}>
S: 501 5.1.3 *

== SMTP-046 errors leave the state as it was
C: MAIL FROM:<a@b..example>
S: 501 5.1.7 *
C: MAIL FROM:<a@b.example>
S: 250 2.1.0 *
C: RCPT TO:<u@x..example>
S: 501 5.1.3 *
C: DATA
S: 503 5.5.1 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: RCPT TO:<u@x..example>
S: 501 5.1.3 *
C: DATA
S: 354 *
C: .
S: 250 2.0.0 *
M\

== SMTP-047 local parts that a shell would mind, under safe
C: MAIL FROM:<a$b@b.example>
S: 553 5.1.7 *
C: MAIL FROM:<-rf@b.example>
S: 553 5.1.7 *
C: MAIL FROM:<a`id`@b.example>
S: 553 5.1.7 *
C: MAIL FROM:<|id@b.example>
S: 553 5.1.7 *
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<-rf@x.example>
S: 553 5.1.3 *
C: RCPT TO:<a$b@x.example>
S: 553 5.1.3 *
C: RCPT TO:<a|b@x.example>
S: 553 5.1.3 *
C: RCPT TO:<a`b@x.example>
S: 553 5.1.3 *
C: RCPT TO:<a-b@x.example>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: .
S: 250 2.0.0 *
M\

== SMTP-047 the same under rfc
O: address-charset rfc
O: handled mail rcpt
C: MAIL FROM:<-oQ/tmp@b.example>
S: 250 2.1.0 *
C: RCPT TO:<-rf@x.example>
S: 250 2.1.5 *
C: RCPT TO:<a$b@x.example>
S: 250 2.1.5 *
C: RCPT TO:<`id`|x@x.example>
S: 250 2.1.5 *
E: mail SENDER=-oQ/tmp@b.example
E: rcpt RECIPIENT=-rf@x.example
E: rcpt RECIPIENT=a$b@x.example
E: rcpt RECIPIENT=`id`|x@x.example

== SMTP-049 a refused recipient leaves the others untouched
V: rcpt 0
V: rcpt 67
O: handled rcpt deliver
C: MAIL FROM:<s@b.example>
S: 250 2.1.0 *
C: RCPT TO:<good@x.example>
S: 250 2.1.5 *
C: RCPT TO:<bad@x.example>
S: 550 5.1.1 *
C: DATA
S: 354 *
C: x
C: .
S: 250 2.0.0 *
M: x
E: rcpt RECIPIENT=good@x.example
E: rcpt RECIPIENT=bad@x.example
E: deliver

== SMTP-050 a repeated recipient is accepted again
C: MAIL FROM:<>
S: 250 2.1.0 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: RCPT TO:<u@x.example>
S: 250 2.1.5 *
C: RCPT TO:<"u"@X.EXAMPLE>
S: 250 2.1.5 *

== hardening 11: odd arguments
C: MAIL FROM:<(>
S: 501 5.*
C: MAIL FROM:<a@b.example>x
S: 501 5.*
C: MAIL FROM:<<a@b.example>>
S: 501 5.*
C: MAIL FROM:<@a,@b:c@d>
S: 250 2.1.0 *
C: RCPT TO:<friends: u@x.example;>
S: 501 5.*
C: RCPT TO:<u@x.example
S: 501 5.*
C: RCPT TO:<@>
S: 501 5.1.3 *
C: RCPT TO:<@x.example>
S: 501 5.1.3 *
C: RCPT TO:<@x.example:>
S: 501 5.1.3 *
