/* SPDX-License-Identifier: ISC */
/*
 * mail_proxy.c - the header of the PROXY protocol: PRX-003 to PRX-010, hardening 63.  Every good
 * header is cut at every octet, and no cut may ask for an octet behind it.
 */
#include "mail/proxy.h"

#include "check.h"

/* ---- version 1 ---- */

static const char *const v1_good[] = {
	"PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r\n",
	"PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n",
	"PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\n",
	"PROXY TCP6 2001:db8::1 2001:DB8:0:0:0:0:0:2 56324 25\r\n",
	"PROXY TCP6 :: ::1 1 2\r\n",
	"PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.2 56324 25\r\n",
	"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	"65535 65535\r\n",
	"PROXY UNKNOWN\r\n",
	"PROXY UNKNOWN \r\n",
	"PROXY UNKNOWN what ever\tit\rsays\r\n",
	"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	"65535 65535\r\n",
};

static const char *const v1_bad[] = {
	"PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\n",
	"PROXY TCP4 192.0.2.1 198.51.100.2 56324 25 \r\n",
	"PROXY TCP4 192.0.2.1 198.51.100.2 56324 25 1\r\n",
	"PROXY TCP4 192.0.2.1 198.51.100.2 56324\r\n",
	"PROXY TCP4 192.0.2.1 198.51.100.2 56324 \r\n",
	"PROXY TCP4 192.0.2.1 198.51.100.2  25\r\n",
	"PROXY TCP4  192.0.2.1 198.51.100.2 56324 25\r\n",
	"PROXY TCP4\t192.0.2.1 198.51.100.2 56324 25\r\n",
	"PROXY TCP4 192.0.2.1\t198.51.100.2 56324 25\r\n",
	"PROXY  TCP4 192.0.2.1 198.51.100.2 56324 25\r\n",
	"proxy TCP4 192.0.2.1 198.51.100.2 56324 25\r\n",
	"PROXY tcp4 192.0.2.1 198.51.100.2 56324 25\r\n",
	"PROXY TCP5 192.0.2.1 198.51.100.2 56324 25\r\n",
	"PROXY TCP 192.0.2.1 198.51.100.2 56324 25\r\n",
	"PROXY UDP4 192.0.2.1 198.51.100.2 56324 25\r\n",
	"PROXY unknown\r\n",
	"PROXY UNKNOWNS\r\n",
	"PROXY\tUNKNOWN\r\n",
	"PROXY UNKNOWN\n\r\n",
	"PROXY TCP4 192.0.2.01 198.51.100.2 56324 25\r\n",
	"PROXY TCP4 192.0.2 198.51.100.2 56324 25\r\n",
	"PROXY TCP4 192.0.2.256 198.51.100.2 56324 25\r\n",
	"PROXY TCP4 2001:db8::1 2001:db8::2 56324 25\r\n",
	"PROXY TCP4 192.0.2.1 2001:db8::2 56324 25\r\n",
	"PROXY TCP6 192.0.2.1 198.51.100.2 56324 25\r\n",
	"PROXY TCP6 2001:db8:::1 2001:db8::2 56324 25\r\n",
	"PROXY TCP6 fe80::1%lo 2001:db8::2 56324 25\r\n",
	"PROXY TCP6 [2001:db8::1] 2001:db8::2 56324 25\r\n",
	"PROXY TCP4 192.0.2.1 198.51.100.2 65536 25\r\n",
	"PROXY TCP4 192.0.2.1 198.51.100.2 056 25\r\n",
	"PROXY TCP4 192.0.2.1 198.51.100.2 56324 00\r\n",
	"PROXY TCP4 192.0.2.1 198.51.100.2 -1 25\r\n",
	"PROXY TCP4 192.0.2.1 198.51.100.2 +1 25\r\n",
	"PROXY TCP4 192.0.2.1 198.51.100.2 56324 25x\r\n",
	"PROXY \r\n\r\n\r\n\r\n\r\n",
	"EHLO client.example\r\n",
	"\r\n\r\n\r\n\r\n",
	"\x16\x03\x01",
	" PROXY UNKNOWN\r\n",
	/* 108 octets with CRLF */
	("PROXY UNKNOWN 1234567890123456789012345678901234567890123456789012345678901234567890123456"
	 "7890123456789012\r\n"),
};

/*
 * Feeds the header as a reader does, `step` octets at the most at a time, and never more than is
 * asked for. Returns how many octets were taken; *result is the last word.
 */
static size_t feed(struct span bytes, size_t step, struct proxy *proxy, enum proxy_result *result)
{
	size_t have = 0;

	while ((*result = proxy_parse(span_first(bytes, have), proxy)) == PROXY_MORE) {
		size_t more = proxy->length - have;

		CHECK(proxy->length > have);
		if (have == bytes.len)
			break;
		if (more > step)
			more = step;
		have += more < bytes.len - have ? more : bytes.len - have;
	}
	return have;
}

/* A good header with something behind it: cut everywhere, read in steps of every size. */
static struct proxy accept_header(struct span header)
{
	static char bytes[PROXY_MAX + 64];
	struct buffer buffer = BUFFER(bytes);
	struct proxy proxy;
	enum proxy_result result;

	buffer_put(&buffer, header);
	buffer_string(&buffer, "\r\nEHLO client.example\r\n");
	for (size_t cut = 0; cut < header.len; cut++) {
		CHECK(proxy_parse(span_first(header, cut), &proxy) == PROXY_MORE);
		CHECK(proxy.length > cut && proxy.length <= header.len);
	}
	for (size_t step = 1; step <= header.len + 2 && step < 300; step++) {
		CHECK(feed(buffer_span(&buffer), step, &proxy, &result) == header.len);
		CHECK(result == PROXY_OK && proxy.length == header.len);
	}
	CHECK(proxy_parse(header, &proxy) == PROXY_OK);
	return proxy;
}

static void refuse_header(struct span header)
{
	struct proxy proxy;
	enum proxy_result result;

	for (size_t step = 1; step < 200; step++) {
		feed(header, step, &proxy, &result);
		CHECK(result == PROXY_BAD);
		if (result != PROXY_BAD)
			fprintf(stderr, "not refused: %.*s\n", (int)header.len, header.base);
	}
}

static bool is_address(const struct network_address *address, const char *text)
{
	struct network_address wanted;

	return network_address_read(&wanted, span_of(text)) &&
	       memcmp(&wanted, address, sizeof wanted) == 0;
}

/* PRX-004, PRX-005 */
static void test_v1(void)
{
	struct proxy proxy;

	for (size_t i = 0; i < sizeof v1_good / sizeof v1_good[0]; i++)
		accept_header(span_of(v1_good[i]));
	for (size_t i = 0; i < sizeof v1_bad / sizeof v1_bad[0]; i++)
		refuse_header(span_of(v1_bad[i]));
	refuse_header(SPAN("PROXY TCP4 192.0.2.1\0 198.51.100.2 56324 25\r\n"));
	refuse_header(SPAN("\r\n\r\n\0\r\nQUIX\n!\x11\0\0"));

	proxy = accept_header(span_of(v1_good[0]));
	CHECK(proxy.kind == PROXY_INET && is_address(&proxy.source, "192.0.2.1"));
	CHECK(is_address(&proxy.destination, "198.51.100.2"));
	CHECK(proxy.source_port == 56324 && proxy.destination_port == 25);
	proxy = accept_header(span_of(v1_good[3]));
	CHECK(proxy.kind == PROXY_INET && is_address(&proxy.source, "2001:db8::1"));
	proxy = accept_header(span_of(v1_good[5]));
	CHECK(is_address(&proxy.source, "192.0.2.1"));
	CHECK(span_of(v1_good[10]).len == 107);
	for (size_t i = 7; i <= 10; i++)
		CHECK(accept_header(span_of(v1_good[i])).kind == PROXY_OWN);
}

/* ---- version 2 ---- */

struct header {
	struct buffer buffer;
	char bytes[PROXY_MAX + 1];
};

static struct header v2;

static void put(const char *bytes, size_t len)
{
	buffer_put(&v2.buffer, (struct span){ bytes, len });
}

static void put16(size_t number)
{
	buffer_byte(&v2.buffer, (char)(number >> 8));
	buffer_byte(&v2.buffer, (char)(number & 0xff));
}

static void begin(unsigned version_command, unsigned family)
{
	v2.buffer = (struct buffer)BUFFER(v2.bytes);
	put("\r\n\r\n\0\r\nQUIT\n", 12);
	buffer_byte(&v2.buffer, (char)version_command);
	buffer_byte(&v2.buffer, (char)family);
	put16(0);
}

static void put_ipv4_block(void)
{
	put("\xc0\x00\x02\x01\xc6\x33\x64\x02", 8);
	put16(56324);
	put16(25);
}

static void put_tlv(unsigned type, const char *value, size_t len)
{
	buffer_byte(&v2.buffer, (char)type);
	put16(len);
	put(value, len);
}

/* The header with its length filled in. */
static struct span finish(void)
{
	size_t len = v2.buffer.len - 16;

	v2.bytes[14] = (char)(len >> 8);
	v2.bytes[15] = (char)(len & 0xff);
	return buffer_span(&v2.buffer);
}

static void begin_ipv4(void)
{
	begin(0x21, 0x11);
	put_ipv4_block();
}

static void test_v2_addresses(void)
{
	struct proxy proxy;

	begin_ipv4();
	proxy = accept_header(finish());
	CHECK(proxy.kind == PROXY_INET && is_address(&proxy.source, "192.0.2.1"));
	CHECK(is_address(&proxy.destination, "198.51.100.2"));
	CHECK(proxy.source_port == 56324 && proxy.destination_port == 25);
	CHECK(!proxy.tls && proxy.authority.base == NULL);

	begin(0x21, 0x21);
	put("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 32);
	put("\xdc\x04\0\x19", 4);
	proxy = accept_header(finish());
	CHECK(proxy.kind == PROXY_INET && is_address(&proxy.source, "2001:db8::1"));
	CHECK(is_address(&proxy.destination, "2001:db8::2"));
	CHECK(proxy.source_port == 56324 && proxy.destination_port == 25);

	begin(0x21, 0x31);
	for (unsigned i = 0; i < 216; i++)
		put("/", 1);
	CHECK(accept_header(finish()).kind == PROXY_UNIX);
}

/* PRX-006, PRX-008: whatever is not exactly one of the above. */
static void test_v2_codes(void)
{
	for (unsigned code = 0; code < 256; code++) {
		begin(code, 0x11);
		put_ipv4_block();
		if (code == 0x20 || code == 0x21)
			CHECK(accept_header(finish()).kind ==
			      (code == 0x20 ? PROXY_OWN : PROXY_INET));
		else
			refuse_header(finish());
		begin(0x21, code);
		for (unsigned i = 0; i < 216; i++)
			put("\0", 1);
		if (code == 0x00)
			CHECK(accept_header(finish()).kind == PROXY_OWN);
		else if (code == 0x11 || code == 0x21 || code == 0x31)
			CHECK(accept_header(finish()).kind != PROXY_OWN);
		else
			refuse_header(finish());
	}
	for (unsigned len = 0; len < 216; len++) {
		static const unsigned blocks[][2] = { { 0x11, 12 }, { 0x21, 36 }, { 0x31, 216 } };

		for (unsigned i = 0; i < 3; i++) {
			begin(0x21, blocks[i][0]);
			for (unsigned j = 0; j < len; j++)
				put("\0", 1);
			if (len < blocks[i][1])
				refuse_header(finish());
		}
	}
}

/* PRX-007 */
static void test_v2_local(void)
{
	static const size_t lengths[] = { 0, 1, 12, 500, 65535 };

	for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		begin(0x20, i == 2 ? 0x11 : 0xff);
		for (size_t j = 0; j < lengths[i]; j++)
			put("\xff", 1);
		if (lengths[i] < 1000) {
			CHECK(accept_header(finish()).kind == PROXY_OWN);
		} else {
			struct proxy proxy;

			CHECK(proxy_parse(finish(), &proxy) == PROXY_OK);
			CHECK(proxy.length == PROXY_MAX && proxy.kind == PROXY_OWN);
		}
	}
}

/* ---- TLVs ---- */

#define SSL_TLV           \
	"\x01\0\0\0\0"    \
	"\x21\0\7TLSv1.3" \
	"\x22\0\6client"  \
	"\x23\0\4AES!"    \
	"\x24\0\1x"       \
	"\x77\0\0"

/* PRX-009 */
static void test_tlvs(void)
{
	struct proxy proxy;
	char identity[129] = { 0 };

	begin_ipv4();
	put_tlv(0x01, "h2", 2);
	put_tlv(0x02, "mx.example.org", 14);
	put_tlv(0x04, "\0\0\0", 3);
	put_tlv(0x05, identity, 128);
	put_tlv(0x30, "net", 3);
	put_tlv(0xee, "", 0);
	proxy = accept_header(finish());
	CHECK(span_equal(proxy.authority, SPAN("mx.example.org")));

	begin_ipv4();
	put_tlv(0x05, identity, 129);
	refuse_header(finish());
	/* A TLV that is cut, or runs past the header, by whatever. */
	for (size_t cut = 1; cut <= 3 + 5; cut++) {
		begin_ipv4();
		put_tlv(0x02, "abcde", 5);
		if (cut == 3 + 5)
			break;
		v2.buffer.len -= cut;
		refuse_header(finish());
	}
	accept_header(finish());
}

/* PRX-010 */
static void test_ssl(void)
{
	struct span tlv = SPAN(SSL_TLV);
	char bytes[sizeof SSL_TLV];
	struct proxy proxy;

	begin_ipv4();
	put_tlv(0x20, tlv.base, tlv.len);
	proxy = accept_header(finish());
	CHECK(proxy.tls && !proxy.verified);
	CHECK(span_equal(proxy.version, SPAN("TLSv1.3")));
	CHECK(span_equal(proxy.common_name, SPAN("client")));
	CHECK(span_equal(proxy.cipher, SPAN("AES!")));

	/* Flags: 1 TLS, 2 and 4 a certificate; then what came of its verification. */
	for (unsigned flags = 0; flags < 8; flags++) {
		for (unsigned verify = 0; verify < 5; verify++) {
			memcpy(bytes, tlv.base, tlv.len);
			bytes[0] = (char)flags;
			if (verify > 0)
				bytes[verify] = 1;
			begin_ipv4();
			put_tlv(0x20, bytes, tlv.len);
			proxy = accept_header(finish());
			CHECK(proxy.tls == ((flags & 1) != 0));
			CHECK(proxy.verified == ((flags & 6) != 0 && verify == 0));
		}
	}
	for (size_t len = 0; len < tlv.len; len++) {
		bool whole = len == 5 || len == 15 || len == 24 || len == 31 || len == 35;

		begin_ipv4();
		put_tlv(0x20, tlv.base, len);
		if (whole)
			accept_header(finish());
		else
			refuse_header(finish());
	}
}

/* PRX-009: the checksum as proxy-protocol.txt 2.2.3 has it, over a header made elsewhere. */
static void test_checksum(void)
{
	static const char sample[] =
		"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x13\xc0\0\x02\x01\xc6\x33\x64\x02"
		"\xdc\x04\0\x19\x03\0\x04"
		"CRC!";
	char bytes[sizeof sample - 1];
	struct span header = { bytes, sizeof bytes };

	memcpy(bytes, sample, sizeof bytes);
	memcpy(bytes + sizeof bytes - 4, "\x00\x00\x00\x00", 4);
	refuse_header(header);
	memcpy(bytes + sizeof bytes - 4, "\x7f\xab\x4a\xb2", 4);
	accept_header(header);
	for (size_t at = 16; at < 28; at++) {
		bytes[at] ^= 1;
		refuse_header(header);
		bytes[at] ^= 1;
	}
	begin_ipv4();
	put_tlv(0x03, "\0\0\0", 3);
	refuse_header(finish());
	begin_ipv4();
	put_tlv(0x03, "\0\0\0\0\0", 5);
	refuse_header(finish());
}

int main(void)
{
	test_v1();
	test_v2_addresses();
	test_v2_codes();
	test_v2_local();
	test_tlvs();
	test_ssl();
	test_checksum();
	return check_report();
}
