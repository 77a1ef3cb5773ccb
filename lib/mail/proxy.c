/* SPDX-License-Identifier: ISC */
/* proxy.c - the header of the PROXY protocol, versions 1 and 2. */
#include "mail/proxy.h"

#include "base/number.h"

/* ---- version 1 (2.1) --------------------------------------------------------------------- */

#define V1_MIN 15  /* "PROXY UNKNOWN" CRLF */
#define V1_MAX 107 /* with CRLF */

static const struct span v1_signature = { "PROXY ", 6 };

/* Decimal in its one spelling, 0 to 65535. */
static bool read_port(struct span digits, uint16_t *port)
{
	uint64_t number;

	if (!number_upto(digits, UINT16_MAX, &number) || (digits.len > 1 && digits.base[0] == '0'))
		return false;
	*port = (uint16_t)number;
	return true;
}

/* An address of the family that was named. */
static bool read_address(struct span text, bool ipv6, struct network_address *address)
{
	return (span_find(text, ':') < text.len) == ipv6 && network_address_read(address, text);
}

/* What stands between the signature and CRLF. */
static enum proxy_result v1_fields(struct span line, struct proxy *proxy)
{
	struct span family = span_take(&line, ' ');
	struct span source, destination, source_port;
	bool ipv6 = span_equal(family, SPAN("TCP6"));

	if (span_equal(family, SPAN("UNKNOWN")))
		return PROXY_OK; /* whatever follows is to be ignored */
	if (!ipv6 && !span_equal(family, SPAN("TCP4")))
		return PROXY_BAD;
	source = span_take(&line, ' ');
	destination = span_take(&line, ' ');
	source_port = span_take(&line, ' ');
	proxy->kind = PROXY_INET;
	return read_address(source, ipv6, &proxy->source) &&
			       read_address(destination, ipv6, &proxy->destination) &&
			       read_port(source_port, &proxy->source_port) && line.base != NULL &&
			       read_port(line, &proxy->destination_port)
		       ? PROXY_OK
		       : PROXY_BAD;
}

static enum proxy_result v1_parse(struct span bytes, struct proxy *proxy)
{
	size_t end = span_find(bytes, '\n');
	bool half = bytes.len > 0 && bytes.base[bytes.len - 1] == '\r';

	if (end == bytes.len) {
		/* Both octets of the line's end are still to come, unless one is there. */
		proxy->length = bytes.len + (half ? 1 : 2);
		if (proxy->length < V1_MIN)
			proxy->length = V1_MIN;
		return proxy->length > V1_MAX ? PROXY_BAD : PROXY_MORE;
	}
	proxy->length = end + 1;
	if (proxy->length < V1_MIN || proxy->length > V1_MAX || bytes.base[end - 1] != '\r')
		return PROXY_BAD;
	bytes = span_first(bytes, end - 1);
	return v1_fields(span_from(bytes, v1_signature.len), proxy);
}

/* ---- version 2 (2.2) --------------------------------------------------------------------- */

#define V2_HEADER 16

static const struct span v2_signature = { "\r\n\r\n\0\r\nQUIT\n", 12 };

/* Types of TLVs that mean something here, and of those inside PP2_TYPE_SSL. */
enum {
	TYPE_AUTHORITY = 0x02,
	TYPE_CRC32C = 0x03,
	TYPE_UNIQUE_ID = 0x05,
	TYPE_SSL = 0x20,
	TYPE_SSL_VERSION = 0x21,
	TYPE_SSL_CN = 0x22,
	TYPE_SSL_CIPHER = 0x23,
};

enum { CLIENT_SSL = 0x01, CLIENT_CERT_CONN = 0x02, CLIENT_CERT_SESS = 0x04 };

#define UNIQUE_ID_MAX 128

static unsigned octet(struct span bytes, size_t at)
{
	return (unsigned char)bytes.base[at];
}

static uint16_t number16(struct span bytes, size_t at)
{
	return (uint16_t)(octet(bytes, at) << 8 | octet(bytes, at + 1));
}

/* Takes a type, a 16-bit length and a value off the front (2.2). False: they overrun. */
static bool take_tlv(struct span *rest, unsigned *type, struct span *value)
{
	size_t length;

	if (rest->len < 3)
		return false;
	*type = octet(*rest, 0);
	length = number16(*rest, 1);
	*rest = span_from(*rest, 3);
	if (length > rest->len)
		return false;
	*value = span_first(*rest, length);
	*rest = span_from(*rest, length);
	return true;
}

/* CRC-32C (RFC 4960 B) of the header, the checksum's own octets taken as zero (2.2.3). */
static bool checksum_holds(struct span header, struct span checksum)
{
	uint32_t crc = UINT32_MAX;
	uint32_t sent = (uint32_t)number16(checksum, 0) << 16 | number16(checksum, 2);

	for (const char *at = header.base; at < header.base + header.len; at++) {
		if (at < checksum.base || at >= checksum.base + checksum.len)
			crc ^= (unsigned char)*at;
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78U : 0);
	}
	return ~crc == sent;
}

/* 2.2.5: flags, the result of the verification (0: fine), and TLVs of its own. */
static bool read_ssl(struct span value, struct proxy *proxy)
{
	unsigned flags, type;
	struct span inner;

	if (value.len < 5)
		return false;
	flags = octet(value, 0);
	proxy->tls = (flags & CLIENT_SSL) != 0;
	proxy->verified = (flags & (CLIENT_CERT_CONN | CLIENT_CERT_SESS)) != 0 &&
			  number16(value, 1) == 0 && number16(value, 3) == 0;
	for (value = span_from(value, 5); value.len > 0;) {
		if (!take_tlv(&value, &type, &inner))
			return false;
		if (type == TYPE_SSL_VERSION)
			proxy->version = inner;
		else if (type == TYPE_SSL_CN)
			proxy->common_name = inner;
		else if (type == TYPE_SSL_CIPHER)
			proxy->cipher = inner;
	}
	return true;
}

static bool read_tlvs(struct span header, struct span rest, struct proxy *proxy)
{
	unsigned type;
	struct span value;

	while (rest.len > 0) {
		if (!take_tlv(&rest, &type, &value))
			return false;
		if (type == TYPE_AUTHORITY)
			proxy->authority = value;
		if ((type == TYPE_CRC32C && (value.len != 4 || !checksum_holds(header, value))) ||
		    (type == TYPE_UNIQUE_ID && value.len > UNIQUE_ID_MAX) ||
		    (type == TYPE_SSL && !read_ssl(value, proxy)))
			return false;
	}
	return true;
}

/* Families with the length of their address block; datagrams are none that mail comes over. */
static const struct family {
	unsigned char code;
	enum proxy_kind kind;
	unsigned char size; /* octets of one address */
	unsigned char block;
} families[] = {
	{ 0x11, PROXY_INET, 4, 12 },
	{ 0x21, PROXY_INET, 16, 36 },
	{ 0x31, PROXY_UNIX, 108, 216 },
};

static void read_block(struct span block, const struct family *family, struct proxy *proxy)
{
	const char *destination = block.base + family->size;
	size_t ports = 2U * family->size;

	proxy->kind = family->kind;
	if (family->kind != PROXY_INET)
		return;
	if (family->size == 4) {
		proxy->source = network_address_of_ipv4(block.base);
		proxy->destination = network_address_of_ipv4(destination);
	} else {
		memcpy(proxy->source.octets, block.base, 16);
		memcpy(proxy->destination.octets, destination, 16);
	}
	proxy->source_port = number16(block, ports);
	proxy->destination_port = number16(block, ports + 2);
}

static enum proxy_result v2_whole(struct span header, struct proxy *proxy)
{
	unsigned command = octet(header, 12) & 0x0f, code = octet(header, 13);
	struct span block = span_from(header, V2_HEADER);

	/* LOCAL: the rest is skipped, whatever it says. UNSPEC: so it is, there being no client. */
	if (command == 0 || code == 0)
		return PROXY_OK;
	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
		if (families[i].code != code)
			continue;
		if (block.len < families[i].block)
			return PROXY_BAD;
		read_block(block, &families[i], proxy);
		return read_tlvs(header, span_from(block, families[i].block), proxy) ? PROXY_OK
										     : PROXY_BAD;
	}
	return PROXY_BAD;
}

static enum proxy_result v2_parse(struct span bytes, struct proxy *proxy)
{
	proxy->length = V2_HEADER;
	if (bytes.len > 12 && (octet(bytes, 12) >> 4 != 2 || (octet(bytes, 12) & 0x0f) > 1))
		return PROXY_BAD;
	if (bytes.len < V2_HEADER)
		return PROXY_MORE;
	proxy->length += number16(bytes, 14);
	return bytes.len < proxy->length ? PROXY_MORE
					 : v2_whole(span_first(bytes, proxy->length), proxy);
}

/* ---- both -------------------------------------------------------------------------------- */

/* Do the octets agree with the signature as far as both go? */
static bool agrees(struct span bytes, struct span signature)
{
	size_t len = bytes.len < signature.len ? bytes.len : signature.len;

	return span_equal(span_first(bytes, len), span_first(signature, len));
}

enum proxy_result proxy_parse(struct span bytes, struct proxy *proxy)
{
	*proxy = (struct proxy){ .length = V1_MIN };
	if (bytes.len == 0)
		return PROXY_MORE;
	if (agrees(bytes, v1_signature))
		return v1_parse(bytes, proxy);
	return agrees(bytes, v2_signature) ? v2_parse(bytes, proxy) : PROXY_BAD;
}
