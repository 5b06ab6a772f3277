/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses and prefixes: what parses to what, what must not parse, and what
 * each address may be used for.
 */
#include "base/addr.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "hex.h"

static struct addr
parsed(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text), 0);
	return a;
}

static void
there_and_back(void **state)
{
	static const char *const same[] = {"0.0.0.0", "192.0.2.1",
	    "255.255.255.255", "::", "::1", "2001:db8::1", "fe80::1%2",
	    "fe80::1%4294967295", "1111:2222:3333:4444:5555:6666:7777:8888"};
	char buf[ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
		struct addr a = parsed(same[i]);

		assert_string_equal(addr_text(&a, buf), same[i]);
	}
	struct addr a = parsed("::ffff:192.0.2.1");

	assert_int_equal(a.family, ADDR_V4);
	assert_string_equal(addr_text(&a, buf), "192.0.2.1");
	memset(&a, 0, sizeof a);
	assert_string_equal(addr_text(&a, buf), "none");
}

static void
with_a_port(void **state)
{
	struct addr a = parsed("192.0.2.1");
	char buf[ADDR_TEXT_MAX];

	(void)state;
	a.port = 123;
	assert_string_equal(addr_text_port(&a, buf), "192.0.2.1:123");
	a = parsed("1111:2222:3333:4444:5555:6666:7777:8888%4294967295");
	a.port = 65535;
	assert_string_equal(addr_text_port(&a, buf),
	    "[1111:2222:3333:4444:5555:6666:7777:8888%4294967295]:65535");
}

static void
no_addresses(void **state)
{
	static const char *const bad[] = {"", " ", "1", "1.2.3", "1.2.3.256",
	    "1.2.3.4 ", "01.2.3.4.5", "1.2.3.4:123", "[::1]",
	    ":::", "g::", "fe80::1%", "fe80::1%eth0", "fe80::1%-1",
	    "fe80::1%1x", "fe80::1%4294967296", "1.2.3.4%1", "::1/128",
	    "localhost", "1111:2222:3333:4444:5555:6666:7777:8888:9999",
	    "1111111111111111111111111111111111111111111111111111111111"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct addr a;

		memset(&a, 0xff, sizeof a);
		assert_int_equal(addr_parse(&a, bad[i]), ERR_BAD);
		assert_int_equal(a.family, ADDR_NONE);
	}
}

static void
prefixes(void **state)
{
	static const struct {
		const char *text;
		const char *addr;
		unsigned bits;
	} want[] = {
	    {"1.2.3.0/24", "1.2.3.0", 24},
	    {"1.2.3.255/24", "1.2.3.0", 24},
	    {"1.2.3.4", "1.2.3.4", 32},
	    {"1.2.3.4/32", "1.2.3.4", 32},
	    {"1.2.3.7/30", "1.2.3.4", 30},
	    {"0.0.0.0/0", "0.0.0.0", 0},
	    {"9.9.9.9/0", "0.0.0.0", 0},
	    {"1.2.3", "1.2.3.0", 24},
	    {"1.2", "1.2.0.0", 16},
	    {"10", "10.0.0.0", 8},
	    {"10/7", "10.0.0.0", 7},
	    {"2001:db8::/32", "2001:db8::", 32},
	    {"2001:db8:ffff::1/33", "2001:db8:8000::", 33},
	    {"::1", "::1", 128},
	    {"::/0", "::", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		struct addr_prefix p;
		char buf[ADDR_TEXT_MAX];

		assert_int_equal(addr_parse_prefix(&p, want[i].text), 0);
		assert_string_equal(addr_text(&p.addr, buf), want[i].addr);
		assert_int_equal(p.bits, want[i].bits);
	}
}

static void
no_prefixes(void **state)
{
	static const char *const bad[] = {"", "/", "/8", "1.2.3.4/",
	    "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/ 8", "1.2.3.4/8x", "::/129",
	    "1.2.3.", "1..2", "256", "1.2.3.4.5", "1.2.3.4.", "1.2.3.0004", "x",
	    "1.x", "2001:db8", "1.2.3.0/24/24", "+1", "1.+2", " 10",
	    "1111111111111111111111111111111111111111111111111111111111/8"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct addr_prefix p;

		memset(&p, 0xff, sizeof p);
		if (addr_parse_prefix(&p, bad[i]) != ERR_BAD)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(p.addr.family, ADDR_NONE);
	}
}

/* Against a comparison bit by bit, for every length. */
static void
inside_and_outside(void **state)
{
	struct addr a = parsed("2001:db8:1234:5678:9abc:def0:1357:9bdf");
	struct addr v4 = parsed("192.0.2.1");

	(void)state;
	for (unsigned bits = 0; bits <= 128; bits++)
		for (unsigned flip = 0; flip < 128; flip++) {
			struct addr_prefix p;
			struct addr b = a;
			char text[ADDR_TEXT_MAX + 8], buf[ADDR_TEXT_MAX];

			b.bytes[flip / 8] ^= (uint8_t)(0x80 >> flip % 8);
			snprintf(text, sizeof text, "%s/%u", addr_text(&a, buf),
			    bits);
			assert_int_equal(addr_parse_prefix(&p, text), 0);
			assert_true(addr_in_prefix(&a, &p));
			assert_int_equal(addr_in_prefix(&b, &p), flip >= bits);
			assert_false(addr_in_prefix(&v4, &p));
		}
	struct addr_prefix all;
	struct addr none = {0};

	assert_int_equal(addr_parse_prefix(&all, "0.0.0.0/0"), 0);
	assert_true(addr_in_prefix(&v4, &all));
	assert_false(addr_in_prefix(&a, &all));
	assert_false(addr_in_prefix(&none, &all));
}

enum { UNSPEC = 1, LOOP = 2, MULTI = 4, LINK = 8, PRIVATE = 16 };

static void
kinds(void **state)
{
	static const struct {
		const char *text;
		unsigned kinds;
	} want[] = {
	    {"0.0.0.0", UNSPEC},
	    {"::", UNSPEC},
	    {"127.0.0.1", LOOP},
	    {"127.255.255.255", LOOP},
	    {"128.0.0.1", 0},
	    {"::1", LOOP},
	    {"::2", 0},
	    {"::ffff:127.0.0.1", LOOP},
	    {"223.255.255.255", 0},
	    {"224.0.0.1", MULTI},
	    {"239.255.255.255", MULTI},
	    {"240.0.0.1", 0},
	    {"255.255.255.255", MULTI},
	    {"ff02::1", MULTI},
	    {"fe80::1", LINK | PRIVATE},
	    {"febf::1", LINK | PRIVATE},
	    {"fec0::1", 0},
	    {"169.254.1.1", LINK | PRIVATE},
	    {"169.253.1.1", 0},
	    {"10.0.0.1", PRIVATE},
	    {"172.15.0.1", 0},
	    {"172.16.0.1", PRIVATE},
	    {"172.31.255.255", PRIVATE},
	    {"172.32.0.1", 0},
	    {"192.168.0.1", PRIVATE},
	    {"192.169.0.1", 0},
	    {"fc00::1", PRIVATE},
	    {"fdff::1", PRIVATE},
	    {"fe00::1", 0},
	    {"2001:db8::1", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		struct addr a = parsed(want[i].text);
		unsigned got = 0;

		got |= addr_is_unspecified(&a) ? UNSPEC : 0;
		got |= addr_is_loopback(&a) ? LOOP : 0;
		got |= addr_is_multicast(&a) ? MULTI : 0;
		got |= addr_is_link_local(&a) ? LINK : 0;
		got |= addr_is_private(&a) ? PRIVATE : 0;
		assert_int_equal(got, want[i].kinds);
	}
}

static void
same_host(void **state)
{
	struct addr a = parsed("fe80::1%1"), b = a;

	(void)state;
	b.port = 99;
	assert_true(addr_same_host(&a, &b));
	b.scope = 2;
	assert_false(addr_same_host(&a, &b));
	b = a;
	b.bytes[15] = 2;
	assert_false(addr_same_host(&a, &b));
	a = parsed("0.0.0.0");
	b = parsed("::");
	assert_false(addr_same_host(&a, &b));
}

/* A12: IPv4-mapped becomes IPv4, the zone stays. */
static void
a12_kernel_form(void **state)
{
	static const char *const texts[] = {
	    "192.0.2.1", "2001:db8::1", "fe80::1%7"};
	struct sockaddr_storage ss;
	struct sockaddr_in6 in6 = {
	    .sin6_family = AF_INET6, .sin6_port = htons(123)};
	struct addr a, b;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		a = parsed(texts[i]);
		a.port = 0x1234;
		assert_int_equal(addr_to_sockaddr(&a, &ss),
		    a.family == ADDR_V4 ? sizeof(struct sockaddr_in)
					: sizeof(struct sockaddr_in6));
		addr_from_sockaddr(&b, (const struct sockaddr *)&ss);
		assert_true(addr_same_host(&a, &b));
		assert_int_equal(b.port, 0x1234);
	}
	in6.sin6_addr.s6_addr[10] = in6.sin6_addr.s6_addr[11] = 0xff;
	in6.sin6_addr.s6_addr[12] = 192;
	memset(&ss, 0, sizeof ss);
	memcpy(&ss, &in6, sizeof in6);
	addr_from_sockaddr(&b, (const struct sockaddr *)&ss);
	assert_int_equal(b.family, ADDR_V4);
	assert_int_equal(b.bytes[0], 192);
	assert_int_equal(b.port, 123);
	ss.ss_family = AF_UNIX;
	addr_from_sockaddr(&b, (const struct sockaddr *)&ss);
	assert_int_equal(b.family, ADDR_NONE);
	assert_int_equal(addr_to_sockaddr(&b, &ss), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(there_and_back),
	    cmocka_unit_test(with_a_port),
	    cmocka_unit_test(no_addresses),
	    cmocka_unit_test(prefixes),
	    cmocka_unit_test(no_prefixes),
	    cmocka_unit_test(inside_and_outside),
	    cmocka_unit_test(kinds),
	    cmocka_unit_test(same_host),
	    cmocka_unit_test(a12_kernel_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
