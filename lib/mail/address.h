/* SPDX-License-Identifier: ISC */
/*
 * address.h - paths and mailboxes of SMTP commands (RFC 5321 4.1.2, 4.1.3, RFC 6531 3.3).
 */
#ifndef MAILSESSION_ADDRESS_H
#define MAILSESSION_ADDRESS_H

#include "base/buffer.h"

/* --address-charset: which legal addresses are taken at all. */
enum address_charset {
	ADDRESS_SAFE, /* atoms and dots less '$', '|' and '`', not beginning with '-' */
	ADDRESS_RFC,  /* all of RFC 5321, quoted local parts too */
};

enum address_result {
	ADDRESS_OK,
	ADDRESS_SYNTAX,   /* 501 5.1.3 / 5.1.7 */
	ADDRESS_BRACKETS, /* no <> around it: 501 5.5.2 */
	ADDRESS_UNSAFE,   /* legal, but outside the charset: 553 5.1.3 / 5.1.7 */
	ADDRESS_UTF8,     /* not ASCII, and the transaction is not SMTPUTF8: 553 5.6.7 */
};

/* What an address is parsed for. */
struct address_rules {
	enum address_charset charset;
	bool utf8;       /* SMTPUTF8 transaction */
	bool sender;     /* reverse-path: may be null, local part may be longer than 64 */
	bool bare_local; /* a local part without a domain is taken (LMTP recipients) */
};

struct address {
	struct span mailbox; /* local-part@domain, no <>, no route, no needless quotes */
	struct span local;   /* within mailbox */
	struct span domain;  /* within mailbox; empty when there is none */
};

/* Longest path with <> and longest domain, octets (RFC 5321 4.5.3.1). */
#define PATH_MAX_OCTETS   256
#define DOMAIN_MAX_OCTETS 255
#define LOCAL_MAX_OCTETS  64
#define LABEL_MAX_OCTETS  63

/* Longest name that address_safe_name() makes, octets. */
#define SAFE_NAME_MAX 200

/* Octets of the path at the front of `text`, "<" to ">" (a ">" in quotes does not count), or 0. */
MS_API size_t path_length(struct span text);

/*
 * Parses the path at the front of `text`, "<" to ">" (quote-aware), and sets *used to
 * its octets.  The mailbox is written to `storage` (PATH_MAX_OCTETS suffice) since needless
 * quotes go away.  `<>` gives an empty mailbox when rules->sender; `<postmaster>` gives
 * one without a domain.
 */
MS_API enum address_result address_parse(struct span text, const struct address_rules *rules,
					 struct buffer *storage, struct address *address,
					 size_t *used);

/* True for a domain of RFC 5321 4.1.2 (underscore tolerated) or an address literal of 4.1.3. */
MS_API bool domain_valid(struct span domain, bool utf8);

/* True for "[...]" with a valid IPv4 or tagged IPv6 address inside. */
MS_API bool address_literal_valid(struct span literal);

/* True when `domain` is one of the list; ASCII case does not count. */
MS_API bool domain_listed(struct span domain, const struct span *domains, unsigned count);

/*
 * Writes `value` in the injective form that is fit for a file name: [A-Za-z0-9_+=@-] and inner
 * dots stay, all else becomes %XX, an empty value a lone %.  Overflow past 200 octets.
 */
MS_API void address_safe_name(struct buffer *buffer, struct span value);

#endif
