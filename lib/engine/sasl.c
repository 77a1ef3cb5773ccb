/* SPDX-License-Identifier: ISC */
/* sasl.c - the server's side of a SASL exchange. */
#include "engine/sasl.h"

#include "base/ascii.h"
#include "base/base64.h"
#include "base/utf8.h"

const struct sasl_info sasl_table[SASL_COUNT] = {
#define X(name, word, event, program, flags) { word, event, program, flags },
	SASL_MECHANISMS(X)
#undef X
};

enum sasl_mechanism sasl_by_name(struct span name)
{
	enum sasl_mechanism mechanism = 0;

	while (mechanism < SASL_COUNT &&
	       !span_equal_nocase(name, span_of(sasl_table[mechanism].name)))
		mechanism++;
	return mechanism;
}

struct sasl_offer sasl_offer(const struct sasl_means *means)
{
	struct sasl_offer offer = { 0, 0 };

	for (enum sasl_mechanism mechanism = 0; mechanism < SASL_COUNT; mechanism++) {
		const struct sasl_info *info = &sasl_table[mechanism];
		bool lacks_tls = ((info->flags & SASL_PLAINTEXT) != 0 && !means->plaintext) ||
				 ((info->flags & SASL_BINDING) != 0 && !means->binding);
		bool allowed = means->allowed_count > 0 && mechanism != SASL_USER
				       ? span_listed(span_of(info->name), means->allowed,
						     means->allowed_count)
				       : (info->flags & SASL_ON_REQUEST) == 0;

		if (!allowed ||
		    (info->program != EVENT_COUNT &&
		     (means->programs & EVENT_BIT(info->program)) == 0) ||
		    ((info->flags & SASL_CERTIFICATE) != 0 && !means->certificate))
			continue;
		offer.with_tls |= SASL_BIT(mechanism);
		offer.now |= lacks_tls ? 0 : SASL_BIT(mechanism);
	}
	return offer;
}

void sasl_put_names(const struct sasl_offer *offer, const char *separator, struct buffer *out)
{
	const char *before = "";

	for (enum sasl_mechanism mechanism = 0; mechanism < SASL_COUNT; mechanism++) {
		if ((offer->now & SASL_NAMED & SASL_BIT(mechanism)) == 0)
			continue;
		buffer_string(out, before);
		buffer_string(out, sasl_table[mechanism].name);
		before = separator;
	}
}

bool login_name_fits(struct span name)
{
	return name.len > 0 && fact_is_clean(FACT_LOGIN_NAME, name) && utf8_is_ascii(name) &&
	       name.base[0] != '-' && span_trim(name).len == name.len;
}

/* ---- storage ----------------------------------------------------------------------------- */

static void wipe(struct sasl *sasl)
{
	explicit_bzero(sasl->bytes, sasl->used);
	sasl->used = 0;
	sasl->name = sasl->secret = SPAN_NONE;
}

void sasl_end(struct sasl *sasl)
{
	wipe(sasl);
	sasl->step = SASL_STEP_RESPONSE;
	sasl->begun = sasl->hopeless = false;
	sasl->challenge = SPAN_NONE;
}

static void begin(struct sasl *sasl, enum sasl_mechanism mechanism)
{
	sasl_end(sasl);
	sasl->mechanism = mechanism;
}

/* Copies to behind what is kept; there is room for any line and a name. */
static struct span keep(struct sasl *sasl, struct span bytes)
{
	struct buffer all = { sasl->bytes, sasl->used, SASL_STORAGE, false };

	buffer_put(&all, bytes);
	bytes = span_from(buffer_span(&all), sasl->used);
	sasl->used = all.len;
	return bytes;
}

/* ---- what mechanisms send ---------------------------------------------------------------- */

/* The name decides nothing about the reply: one that cannot be anybody's is refused like a wrong
 * password, by the backend's side, so that it takes as long. */
static enum sasl_result ask_for(struct sasl *sasl, struct span name)
{
	sasl->name = name;
	sasl->hopeless |= name.len > 0 && !login_name_fits(name);
	return SASL_ASK;
}

/* RFC 4616 2: a control character is in no name, so what has one is no response. */
static bool is_name(struct span name)
{
	return name.len > 0 && fact_is_clean(FACT_LOGIN_NAME, name);
}

static bool is_secret(struct span password)
{
	return password.len > 0 && fact_is_clean(FACT_PASSWORD, password);
}

/* RFC 4616 2: [authzid] NUL authcid NUL passwd. */
static enum sasl_result take_plain(struct sasl *sasl, struct span response)
{
	struct span authzid = span_take(&response, '\0');
	struct span name = span_take(&response, '\0');

	if (response.base == NULL || !is_name(name) || !is_secret(response))
		return SASL_MALFORMED;
	sasl->hopeless = authzid.len > 0 && !span_equal(authzid, name);
	sasl->secret = response;
	return ask_for(sasl, name);
}

/* Prompts and answers as the clients know them (AUTH-025). */
static enum sasl_result take_login(struct sasl *sasl, struct span response)
{
	if (sasl->step == SASL_STEP_RESPONSE) {
		if (!is_name(response))
			return SASL_MALFORMED;
		sasl->name = response;
		sasl->step = SASL_STEP_PASSWORD;
		sasl->challenge = SPAN("UGFzc3dvcmQ6");
		return SASL_CHALLENGE;
	}
	if (!is_secret(response))
		return SASL_MALFORMED;
	sasl->secret = response;
	return ask_for(sasl, sasl->name);
}

/* RFC 6750 2.1. */
static bool is_token(struct span token)
{
	size_t at = 0;

	while (at < token.len &&
	       (ascii_is_alnum(token.base[at]) || span_find(SPAN("-._~+/"), token.base[at]) < 6))
		at++;
	if (at == 0)
		return false;
	while (at < token.len && token.base[at] == '=')
		at++;
	return at == token.len;
}

/*
 * Pairs KEY=VALUE, each ended by ^A, and another ^A at the end (RFC 7628 3.1). The value of `auth`
 * must be there to be refused or not; the keys that are not asked for mean nothing here.
 */
static enum sasl_result take_pairs(struct sasl *sasl, struct span pairs, struct span *user)
{
	struct span bearer = SPAN("Bearer "), auth = SPAN_NONE;

	while (pairs.len > 0 && pairs.base[0] != '\1') {
		struct span value = span_take(&pairs, '\1');
		struct span key = span_take(&value, '=');

		if (pairs.base == NULL || key.len == 0 || value.base == NULL)
			return SASL_MALFORMED;
		if (span_equal_nocase(key, SPAN("auth")))
			auth = value;
		else if (span_equal_nocase(key, SPAN("user")))
			*user = value;
	}
	if (!span_equal(pairs, SPAN("\1")) || auth.base == NULL)
		return SASL_MALFORMED;
	if (auth.len < bearer.len || !span_equal_nocase(span_first(auth, bearer.len), bearer))
		sasl->hopeless = true;
	else
		sasl->secret = span_from(auth, bearer.len);
	sasl->hopeless |= !is_token(sasl->secret);
	return SASL_ASK;
}

static enum sasl_result take_xoauth2(struct sasl *sasl, struct span response)
{
	struct span user = SPAN_NONE;
	enum sasl_result result = take_pairs(sasl, response, &user);

	if (result != SASL_ASK)
		return result;
	return user.len == 0 ? SASL_MALFORMED : ask_for(sasl, user);
}

/* RFC 5801 4: "=2C" is a comma, "=3D" is "=", nothing else begins with "=". In place. */
static bool decode_saslname(struct sasl *sasl, struct span *name)
{
	struct buffer out = { sasl->bytes + (name->base - sasl->bytes), 0, name->len, false };

	for (size_t i = 0; i < name->len; i++) {
		struct span rest = span_from(*name, i);
		char c = *rest.base;

		if (c == '=' && span_starts(rest, SPAN("=2C")))
			c = ',';
		else if (c == '=' && !span_starts(rest, SPAN("=3D")))
			return false;
		i += *rest.base == '=' ? 2 : 0;
		buffer_byte(&out, c);
	}
	*name = buffer_span(&out);
	return name->len > 0;
}

/* RFC 7628 3.1: the header of GS2, which says for whom, then pairs. */
static enum sasl_result take_oauthbearer(struct sasl *sasl, struct span response)
{
	struct span rest = response, ignored = SPAN_NONE;
	struct span flag = span_take(&rest, ','), name = span_take(&rest, ',');
	enum sasl_result result;

	if ((!span_equal(flag, SPAN("n")) && !span_equal(flag, SPAN("y"))) || rest.len == 0 ||
	    rest.base[0] != '\1')
		return SASL_MALFORMED;
	if (name.len > 0) {
		if (!span_starts(name, SPAN("a=")))
			return SASL_MALFORMED;
		name = span_from(name, 2);
		if (!decode_saslname(sasl, &name))
			return SASL_MALFORMED;
	}
	result = take_pairs(sasl, span_from(rest, 1), &ignored);
	return result == SASL_ASK ? ask_for(sasl, name) : result;
}

/* Somebody else understands it. */
static enum sasl_result take_any(struct sasl *sasl, struct span response)
{
	sasl->secret = response;
	return SASL_ASK;
}

static enum sasl_result take(struct sasl *sasl, struct span response)
{
	switch (sasl->mechanism) {
	case SASL_PLAIN:
		return take_plain(sasl, response);
	case SASL_LOGIN:
		return take_login(sasl, response);
	case SASL_XOAUTH2:
		return take_xoauth2(sasl, response);
	case SASL_OAUTHBEARER:
		return take_oauthbearer(sasl, response);
	default:
		return take_any(sasl, response);
	}
}

/* ---- the exchange ------------------------------------------------------------------------ */

static enum sasl_result take_base64(struct sasl *sasl, struct span text)
{
	struct buffer all = { sasl->bytes, sasl->used, SASL_STORAGE, false };
	size_t before = sasl->used;
	bool whole = text.len <= SASL_LINE_MAX && base64_decode(&all, text);

	sasl->used = all.len;
	return whole ? take(sasl, span_from(buffer_span(&all), before)) : SASL_NOT_BASE64;
}

/* What ends the exchange leaves nothing behind. */
static enum sasl_result ended(struct sasl *sasl, enum sasl_result result)
{
	if (result >= SASL_SUCCESS)
		sasl_end(sasl);
	return result;
}

enum sasl_result sasl_begin(struct sasl *sasl, const struct sasl_offer *offer, struct span name,
			    struct span initial)
{
	enum sasl_mechanism mechanism = sasl_by_name(name);
	sasl_set bit = SASL_BIT(mechanism) & SASL_NAMED;
	bool server_first;

	if ((offer->now & bit) == 0)
		return (offer->with_tls & bit) != 0 ? SASL_NEEDS_TLS : SASL_UNKNOWN;
	begin(sasl, mechanism);
	server_first = (sasl_table[mechanism].flags & SASL_SERVER_FIRST) != 0;
	if (initial.base == NULL && server_first)
		return SASL_ASK;
	if (initial.base == NULL) {
		/* RFC 4954 4: nothing is said but that the client may begin. */
		sasl->challenge = mechanism == SASL_LOGIN ? SPAN("VXNlcm5hbWU6") : SPAN("");
		return SASL_CHALLENGE;
	}
	if (server_first)
		return SASL_NO_INITIAL;
	return ended(sasl, take_base64(sasl, span_equal(initial, SPAN("=")) ? SPAN("") : initial));
}

enum sasl_result sasl_respond(struct sasl *sasl, struct span line)
{
	/* Whatever the client says to it, its token was refused. */
	if (sasl->step == SASL_STEP_REFUSED)
		return ended(sasl, SASL_REFUSED);
	if (span_equal(line, SPAN("*")))
		return ended(sasl, SASL_CANCELLED);
	return ended(sasl, take_base64(sasl, line));
}

enum sasl_result sasl_user(struct sasl *sasl, struct span name)
{
	begin(sasl, SASL_USER);
	if (!login_name_fits(name))
		return SASL_MALFORMED;
	sasl->name = keep(sasl, name);
	return SASL_CHALLENGE;
}

enum sasl_result sasl_pass(struct sasl *sasl, struct span password)
{
	/* None at all is right nowhere, but to some programs as good as any (RFC 4513 5.1.2). */
	sasl->hopeless |= !is_secret(password);
	sasl->secret = keep(sasl, password);
	return SASL_ASK;
}

enum sasl_result sasl_apop(struct sasl *sasl, struct span argument)
{
	begin(sasl, SASL_APOP);
	sasl->secret = keep(sasl, argument);
	return SASL_ASK;
}

void sasl_ask(struct sasl *sasl, struct event_call *call)
{
	static const enum fact_name names[EVENT_COUNT] = {
		[EVENT_AUTH] = FACT_LOGIN_NAME, [EVENT_TOKEN] = FACT_AUTH_NAME
	};
	static const enum fact_name secrets[EVENT_COUNT] = { [EVENT_AUTH] = FACT_PASSWORD,
							     [EVENT_TOKEN] = FACT_TOKEN,
							     [EVENT_SASL] = FACT_RESPONSE };

	if (!sasl->begun && sasl->mechanism != SASL_USER)
		event_add(call, FACT_AUTH_MECH, span_of(sasl_table[sasl->mechanism].name));
	sasl->begun = true;
	if (sasl->hopeless)
		return;
	if (sasl->name.len > 0)
		event_add(call, names[call->event], sasl->name);
	if (sasl->secret.base != NULL)
		event_add(call, secrets[call->event], sasl->secret);
}

/* What a client is told of a token that was refused (RFC 7628 3.2.2; Google's for XOAUTH2): JSON.
 */
static struct span refused_token(enum sasl_mechanism mechanism)
{
	return mechanism == SASL_XOAUTH2 ? SPAN("eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIn0=")
					 : SPAN("eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=");
}

enum sasl_result sasl_judge(struct sasl *sasl, const struct verdict *verdict)
{
	wipe(sasl);
	if (verdict->exit == VERDICT_CHALLENGE && sasl_event(sasl) == EVENT_SASL) {
		sasl->challenge = verdict->text;
		return SASL_CHALLENGE;
	}
	if (verdict->exit == EXIT_DONE)
		return SASL_SUCCESS;
	if (sasl_event(sasl) == EVENT_SASL && verdict->exit == EXIT_DATAERR)
		return SASL_MALFORMED;
	if (!exit_refuses_login(verdict->exit))
		return SASL_TROUBLE;
	if (sasl_event(sasl) != EVENT_TOKEN)
		return SASL_REFUSED;
	sasl->step = SASL_STEP_REFUSED;
	sasl->challenge = refused_token(sasl->mechanism);
	return SASL_CHALLENGE;
}
