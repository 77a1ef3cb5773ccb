/* SPDX-License-Identifier: ISC */
/* attribute.c - the attributes of XCLIENT and XFORWARD: NAME=value with xtext in it. */
#include "engine/attribute.h"

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/network.h"
#include "base/number.h"

/* The longest decoded value. */
#define VALUE_MAX 255

static const struct span ipv6_tag = { "IPV6:", 5 };

bool attribute_host(struct span *value)
{
	for (size_t i = 0; i < value->len; i++) {
		if (!ascii_is_alnum(value->base[i]) && strchr(".-_", value->base[i]) == NULL)
			return false;
	}
	return true;
}

bool attribute_port(struct span *value)
{
	uint64_t port;

	return value->len <= 5 && number_upto(*value, UINT16_MAX, &port);
}

bool attribute_tagged(struct span value)
{
	return value.len > ipv6_tag.len &&
	       span_equal_nocase(span_first(value, ipv6_tag.len), ipv6_tag);
}

bool attribute_address(struct span *value)
{
	struct network_address address;

	if (attribute_tagged(*value))
		*value = span_from(*value, ipv6_tag.len);
	return network_address_read(&address, *value);
}

/* Decodes xtext where it stands. False: a control character, a blank, or not US-ASCII. */
static bool decode(struct span *value)
{
	struct buffer out = { (char *)(uintptr_t)value->base, 0, value->len, false };

	for (size_t i = 0; i < value->len; i++) {
		char c = value->base[i];

		if (c == '+' && value->len - i > 2 && ascii_hex(value->base[i + 1]) >= 0 &&
		    ascii_hex(value->base[i + 2]) >= 0) {
			c = (char)(ascii_hex(value->base[i + 1]) * 16 +
				   ascii_hex(value->base[i + 2]));
			i += 2;
		}
		if (!ascii_is_graph(c))
			return false;
		buffer_byte(&out, c);
	}
	*value = buffer_span(&out);
	return value->len > 0 && value->len <= VALUE_MAX;
}

bool attributes_split(const struct attribute *table, enum attributes_policy policy,
		      struct span argument, struct span *values)
{
	while (argument.len > 0) {
		struct span value = span_take(&argument, ' ');
		struct span name = span_take(&value, '=');
		unsigned i = 0;

		if (name.len == 0) {
			if (value.base != NULL)
				return false;
			continue; /* blanks in a row */
		}
		while (table[i].name != NULL && !span_equal_nocase(name, span_of(table[i].name)))
			i++;
		if (table[i].name == NULL && policy == ATTRIBUTES_ANY)
			continue;
		if (table[i].name == NULL || value.len == 0 || !decode(&value))
			return false;
		values[i] = value;
	}
	return true;
}

bool attribute_unavailable(const struct attribute *attribute, struct span value)
{
	return span_equal_nocase(value, SPAN("[UNAVAILABLE]")) ||
	       (span_equal_nocase(value, SPAN("[TEMPUNAVAIL]")) &&
		span_equal(span_of(attribute->name), SPAN("NAME")));
}

bool attribute_add(struct event_call *call, const struct attribute *attribute, struct span value)
{
	if (attribute_unavailable(attribute, value)) {
		event_add(call, attribute->fact, SPAN(""));
		return true;
	}
	if (value.base[0] == '-' || !attribute->take(&value) ||
	    !fact_is_clean(attribute->fact, value))
		return false;
	event_add(call, attribute->fact, value);
	return true;
}
