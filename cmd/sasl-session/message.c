/* SPDX-License-Identifier: ISC */
/* message.c - the grammar of SCRAM's messages. */
#include "message.h"

#include "base/ascii.h"
#include "base/utf8.h"

/* Takes the attribute "X=value" off the front; SPAN_NONE when it is another, or empty. */
static struct span take(struct span *rest, char attribute)
{
	struct span item = *rest;

	if (item.len < 3 || item.base[0] != attribute || item.base[1] != '=')
		return SPAN_NONE;
	item = span_from(span_take(rest, ','), 2);
	return item.len > 0 ? item : SPAN_NONE;
}

/* cb-name. */
static bool is_binding_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.base[i];

		if (!ascii_is_alnum(c) && c != '.' && c != '-')
			return false;
	}
	return name.len > 0;
}

static bool is_graphic(struct span nonce)
{
	for (size_t i = 0; i < nonce.len; i++) {
		if (!ascii_is_graph(nonce.base[i]))
			return false;
	}
	return nonce.len > 0;
}

/* Extensions of either kind, "X=value" with commas between, up to the end. */
static bool skip_extensions(struct span rest, bool *mandatory)
{
	while (rest.base != NULL) {
		struct span item = span_take(&rest, ',');

		if (item.len < 3 || !ascii_is_alpha(item.base[0]) || item.base[1] != '=')
			return false;
		*mandatory = *mandatory || item.base[0] == 'm';
	}
	return true;
}

/* gs2-cbind-flag: "n", "y" or "p=" and a name. */
static bool parse_flag(struct client_first *first, struct span flag)
{
	if (flag.len == 1 && (flag.base[0] == 'n' || flag.base[0] == 'y')) {
		first->flag = flag.base[0];
		return true;
	}
	first->flag = 'p';
	if (!span_starts(flag, SPAN("p=")))
		return false;
	first->binding = span_from(flag, 2);
	return is_binding_name(first->binding);
}

bool client_first_parse(struct client_first *first, struct span message)
{
	struct span rest = message;
	struct span authzid;

	*first = (struct client_first){ .flag = 0 };
	if (span_find(message, '\0') < message.len || !utf8_valid(message) ||
	    !parse_flag(first, span_take(&rest, ',')) || rest.base == NULL)
		return false;
	if (rest.len > 0 && rest.base[0] != ',') {
		authzid = take(&rest, 'a');
		first->authzid = authzid;
		if (authzid.base == NULL)
			return false;
	} else {
		span_take(&rest, ',');
	}
	if (rest.base == NULL)
		return false;
	first->gs2_header = span_first(message, message.len - rest.len);
	if (span_starts(rest, SPAN("m="))) {
		first->mandatory_extension = true;
		return true;
	}
	first->name = take(&rest, 'n');
	return first->name.base != NULL && rest.base != NULL && is_graphic(take(&rest, 'r')) &&
	       skip_extensions(rest, &first->mandatory_extension);
}

bool client_final_parse(struct client_final *final, struct span message)
{
	struct span rest = message;
	bool mandatory = false;
	size_t comma = message.len;

	if (span_find(message, '\0') < message.len || !utf8_valid(message))
		return false;
	/* The proof is the last attribute. */
	while (comma > 0 && message.base[comma - 1] != ',')
		comma--;
	if (comma == 0)
		return false;
	rest = span_from(message, comma);
	final->proof = take(&rest, 'p');
	rest = span_first(message, comma - 1);
	final->channel = take(&rest, 'c');
	if (final->proof.base == NULL || final->channel.base == NULL || rest.base == NULL)
		return false;
	final->nonce = take(&rest, 'r');
	return is_graphic(final->nonce) && skip_extensions(rest, &mandatory) && !mandatory;
}

bool saslname_decode(struct buffer *out, struct span name)
{
	while (name.len > 0) {
		if (span_starts(name, SPAN("=2C")) || span_starts(name, SPAN("=3D"))) {
			buffer_byte(out, name.base[1] == '2' ? ',' : '=');
			name = span_from(name, 3);
		} else if (name.base[0] == '=' || name.base[0] == ',') {
			return false;
		} else {
			buffer_byte(out, name.base[0]);
			name = span_from(name, 1);
		}
	}
	return !out->overflow;
}
