/* SPDX-License-Identifier: ISC */
/* entry.c - a line of the password file. */
#include "entry.h"

#include "base/ascii.h"
#include "base/number.h"

static const struct {
	struct span name;
	enum scheme scheme;
} schemes[] = {
	{ SPAN("CRYPT"), SCHEME_CRYPT },         { SPAN("YESCRYPT"), SCHEME_CRYPT },
	{ SPAN("BLF-CRYPT"), SCHEME_CRYPT },     { SPAN("SHA256-CRYPT"), SCHEME_CRYPT },
	{ SPAN("SHA512-CRYPT"), SCHEME_CRYPT },  { SPAN("MD5-CRYPT"), SCHEME_CRYPT },
	{ SPAN("PLAIN"), SCHEME_PLAIN },         { SPAN("CLEARTEXT"), SCHEME_PLAIN },
	{ SPAN("SCRAM-SHA-256"), SCHEME_SCRAM },
};

static void split_scheme(struct entry *entry, struct span rest)
{
	struct span name;

	entry->scheme = SCHEME_CRYPT;
	entry->hash = rest;
	if (rest.len == 0 || rest.base[0] != '{')
		return;
	rest = span_from(rest, 1);
	name = span_take(&rest, '}');
	entry->scheme = SCHEME_UNKNOWN;
	entry->hash = rest;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
		if (span_equal_nocase(name, schemes[i].name))
			entry->scheme = schemes[i].scheme;
	}
}

/* A number that fits an id: the greatest one means "none" to the kernel. */
static bool parse_id(struct span digits, uint32_t *id)
{
	uint64_t value;

	if (!number_upto(digits, UINT32_MAX - 1, &value))
		return false;
	*id = (uint32_t)value;
	return true;
}

enum entry_result entry_parse(struct span line, struct entry *entry)
{
	struct span rest = span_trim_end(line);
	struct span secret, uid, gid;

	*entry = (struct entry){ .switches = false };
	if (rest.len == 0 || rest.base[0] == '#')
		return ENTRY_NONE;
	entry->user = span_take(&rest, ':');
	if (rest.base == NULL || !entry_user_valid(entry->user))
		return ENTRY_BAD;
	entry->remainder = rest;
	secret = span_take(&rest, ':');
	entry->remainder = span_from(entry->remainder, secret.len);
	split_scheme(entry, secret);
	uid = span_take(&rest, ':');
	gid = span_take(&rest, ':');
	span_take(&rest, ':');
	entry->home = span_take(&rest, ':');
	if (uid.len == 0 && gid.len == 0)
		return ENTRY_OK;
	entry->switches = true;
	return parse_id(uid, &entry->uid) && parse_id(gid, &entry->gid) ? ENTRY_OK : ENTRY_BAD;
}

bool entry_user_valid(struct span user)
{
	if (user.len == 0 || user.len > 255 || user.base[0] == '#')
		return false;
	for (size_t i = 0; i < user.len; i++) {
		if (user.base[i] == ':' || user.base[i] == ' ' || ascii_is_control(user.base[i]))
			return false;
	}
	return true;
}
