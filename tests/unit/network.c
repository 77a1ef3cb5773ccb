/* SPDX-License-Identifier: ISC */
/*
 * network.c - which addresses a network holds: CIDR of both families, IPv4-mapped IPv6, `unix`
 * (DESIGN 5; PRX-001, XCL-001).
 */
#include "base/network.h"

#include "check.h"

/* A network, and addresses that it holds or not. */
static const struct {
	const char *network;
	const char *held[4];
	const char *other[5];
} samples[] = {
	{ "192.0.2.1",
	  { "192.0.2.1", "::ffff:192.0.2.1" },
	  { "192.0.2.0", "192.0.2.2", "::1", "" } },
	{ "192.0.2.0/24", { "192.0.2.0", "192.0.2.255" }, { "192.0.1.255", "192.0.3.0", "" } },
	{ "192.0.2.77/24", { "192.0.2.0", "192.0.2.255" }, { "192.0.3.77" } },
	{ "192.0.2.128/25", { "192.0.2.128", "192.0.2.255" }, { "192.0.2.127", "192.0.3.128" } },
	{ "192.0.2.6/31", { "192.0.2.6", "192.0.2.7" }, { "192.0.2.5", "192.0.2.8" } },
	{ "10.0.0.0/8", { "10.255.255.255", "::ffff:10.0.0.1" }, { "11.0.0.0", "9.255.255.255" } },
	{ "0.0.0.0/0", { "0.0.0.0", "255.255.255.255" }, { "::1", "2001:db8::1", "" } },
	{ "::ffff:192.0.2.0/120", { "192.0.2.9", "::ffff:192.0.2.9" }, { "192.0.3.9" } },
	{ "::1", { "::1" }, { "::", "::2", "127.0.0.1", "0.0.0.1", "" } },
	{ "2001:db8::/32",
	  { "2001:db8::", "2001:DB8:ffff::1" },
	  { "2001:db9::", "2001:db7:ffff::" } },
	{ "2001:db8::/33", { "2001:db8:7fff::" }, { "2001:db8:8000::" } },
	{ "2001:db8::4/127", { "2001:db8::4", "2001:db8::5" }, { "2001:db8::3", "2001:db8::6" } },
	{ "::/0", { "::", "2001:db8::1" }, { "192.0.2.1", "::ffff:192.0.2.1", "" } },
	{ "unix", { "" }, { "127.0.0.1", "::1", "unix" } },
	{ "UNIX", { "" }, { "0.0.0.0" } },
};

static const char *const malformed[] = {
	"",
	"unixx",
	"192.0.2",
	"192.0.2.256",
	"192.0.2.01",
	"192.0.2.1/33",
	"192.0.2.1/",
	"192.0.2.1/-1",
	"192.0.2.1/+8",
	"192.0.2.1/ 8",
	"192.0.2.1/8/8",
	"/8",
	"192.0.2.0/255.255.255.0",
	"2001:db8::/129",
	"2001:db8:::/32",
	"[::1]",
	"fe80::1%lo",
	"example.org",
	"192.0.2.1 ",
	"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111",
};

static bool holds(const char *network, const char *address)
{
	struct span networks[] = { span_of("203.0.113.200"), span_of(network) };

	return network_listed(span_of(address), networks, 2);
}

static void test_spelling(const char *text, const char *spelling)
{
	char storage[ADDRESS_TEXT_MAX];
	struct buffer buffer = BUFFER(storage);
	struct network_address address;

	CHECK(network_address_read(&address, span_of(text)));
	network_address_put(&buffer, &address);
	CHECK(span_equal(buffer_span(&buffer), span_of(spelling)));
}

int main(void)
{
	for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
		CHECK(network_valid(span_of(samples[i].network)));
		for (size_t j = 0; j < 4 && samples[i].held[j] != NULL; j++)
			CHECK(holds(samples[i].network, samples[i].held[j]));
		for (size_t j = 0; j < 5 && samples[i].other[j] != NULL; j++)
			CHECK(!holds(samples[i].network, samples[i].other[j]));
	}
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
		CHECK(!network_valid(span_of(malformed[i])));
	CHECK(!network_valid((struct span){ "::1\0", 4 }));
	CHECK(!network_listed(span_of("::1"), NULL, 0) && !network_listed(SPAN_NONE, NULL, 0));
	test_spelling("2001:0DB8:0:0::1", "2001:db8::1");
	test_spelling("::FFFF:192.0.2.1", "192.0.2.1");
	test_spelling("192.0.2.1", "192.0.2.1");
	CHECK(network_is_loopback(span_of("127.0.0.1")) &&
	      network_is_loopback(span_of("127.9.9.9")) && network_is_loopback(span_of("::1")));
	CHECK(!network_is_loopback(span_of("192.0.2.1")) && !network_is_loopback(span_of("::2")) &&
	      !network_is_loopback(span_of("1.127.0.0")) && !network_is_loopback(SPAN_NONE));
	return check_report();
}
