/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access rules: chrony's meaning case by case, then ten thousand random
 * rules against a plain search of the list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "serve/access.h"

#define MANY 10000

struct text_rule {
	const char *prefix; /* NULL: no subnet given */
	bool allow;
	bool all;
};

static struct serve_access *
build(const struct text_rule *t, size_t cnt)
{
	struct serve_access_rule r[16];
	struct serve_access *a;

	memset(r, 0, sizeof r);
	for (size_t i = 0; i < cnt; i++) {
		r[i].allow = t[i].allow;
		r[i].all = t[i].all;
		if (t[i].prefix)
			assert_int_equal(
			    addr_parse_prefix(&r[i].prefix, t[i].prefix), 0);
	}
	a = serve_access_new(r, cnt);
	assert_non_null(a);
	return a;
}

static bool
allows(const struct serve_access *a, const char *text)
{
	struct addr from;

	assert_int_equal(addr_parse(&from, text), 0);
	return serve_access_allows(a, &from);
}

static void
test_nobody_by_default(void **state)
{
	struct serve_access *a = build(NULL, 0);
	struct addr none = {0};

	(void)state;
	assert_false(allows(a, "127.0.0.1"));
	assert_false(allows(a, "::1"));
	assert_false(serve_access_any(a));
	assert_false(serve_access_any(NULL));
	assert_false(allows(NULL, "127.0.0.1"));
	assert_false(serve_access_allows(a, &none));
	serve_access_free(a);
	serve_access_free(NULL);
}

static void
test_allow_without_subnet(void **state)
{
	static const struct text_rule t[] = {{NULL, true, false}};
	struct serve_access *a = build(t, 1);
	struct addr none = {0};

	(void)state;
	assert_true(allows(a, "192.0.2.1"));
	assert_true(allows(a, "2001:db8::1"));
	assert_true(serve_access_any(a));
	assert_false(serve_access_allows(a, &none));
	serve_access_free(a);
}

static void
test_one_family(void **state)
{
	static const struct text_rule v4[] = {{"0.0.0.0/0", true, false}};
	static const struct text_rule v6[] = {{"::/0", true, false}};
	struct serve_access *a = build(v4, 1);

	(void)state;
	assert_true(allows(a, "192.0.2.1"));
	assert_false(allows(a, "2001:db8::1"));
	serve_access_free(a);
	a = build(v6, 1);
	assert_false(allows(a, "192.0.2.1"));
	assert_true(allows(a, "2001:db8::1"));
	serve_access_free(a);
}

/* The example of chrony.conf(5): the order of different prefixes does not
 * matter, the most specific decides. */
static void
test_most_specific(void **state)
{
	static const struct text_rule t[] = {
	    {"1.2.3.4", true, false},
	    {"1.2.0.0/16", false, false},
	    {"1.0.0.0/8", true, false},
	};
	struct serve_access *a = build(t, 3);

	(void)state;
	assert_true(allows(a, "1.2.3.4"));
	assert_false(allows(a, "1.2.3.5"));
	assert_false(allows(a, "1.2.255.255"));
	assert_true(allows(a, "1.3.0.0"));
	assert_false(allows(a, "2.0.0.0"));
	serve_access_free(a);
}

static void
test_all_overrides(void **state)
{
	static const struct text_rule t[] = {
	    {"1.2.3.0/24", true, false},
	    {"10.0.0.0/8", true, false},
	    {"1.2.0.0/16", false, true},
	    {"1.2.9.0/24", true, false},
	};
	struct serve_access *a = build(t, 4);

	(void)state;
	assert_false(allows(a, "1.2.3.4"));
	assert_true(allows(a, "1.2.9.4"));
	assert_true(allows(a, "10.2.3.4"));
	serve_access_free(a);
}

static void
test_deny_all_then_allow_again(void **state)
{
	static const struct text_rule t[] = {
	    {"2001:db8::/32", true, false},
	    {"192.0.2.0/24", true, false},
	    {NULL, false, true},
	    {"2001:db8:1::/48", true, false},
	};
	struct serve_access *a = build(t, 4);

	(void)state;
	assert_false(allows(a, "192.0.2.1"));
	assert_false(allows(a, "2001:db8::1"));
	assert_true(allows(a, "2001:db8:1::1"));
	serve_access_free(a);
	a = build(t, 3);
	assert_false(serve_access_any(a));
	serve_access_free(a);
}

static void
test_later_of_equals(void **state)
{
	static const struct text_rule t[] = {
	    {"10.0.0.0/9", true, false},
	    {"10.128.0.0/9", true, false},
	    {"10.0.0.0/9", false, false},
	};
	struct serve_access *a = build(t, 3);

	(void)state;
	assert_false(allows(a, "10.1.0.0"));
	assert_true(allows(a, "10.200.0.0"));
	serve_access_free(a);
}

/* A12: an IPv4-mapped address is an IPv4 address; a zone changes nothing. */
static void
test_mapped_and_zone(void **state)
{
	static const struct text_rule t[] = {
	    {"192.0.2.0/24", true, false},
	    {"fe80::/10", true, false},
	};
	struct serve_access *a = build(t, 2);
	struct addr from;

	(void)state;
	assert_true(allows(a, "::ffff:192.0.2.9"));
	assert_false(allows(a, "::ffff:192.0.3.9"));
	assert_int_equal(addr_parse(&from, "fe80::1"), 0);
	from.scope = 7;
	assert_true(serve_access_allows(a, &from));
	serve_access_free(a);
}

static void
test_malformed(void **state)
{
	struct serve_access_rule r = {{{.family = ADDR_V4}, 33}, true, false};

	(void)state;
	assert_null(serve_access_new(&r, 1));
	r.prefix.addr.family = ADDR_V6;
	r.prefix.bits = 129;
	assert_null(serve_access_new(&r, 1));
	r.prefix.addr.family = 9;
	assert_null(serve_access_new(&r, 1));
}

static uint32_t
next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*seed >> 33);
}

static bool
covers(const struct addr_prefix *p, const struct addr *a)
{
	for (unsigned i = 0; i < p->bits; i++)
		if ((p->addr.bytes[i / 8] ^ a->bytes[i / 8]) & (0x80U >> i % 8))
			return false;
	return true;
}

/* What the rules say, by reading them one after the other. */
static bool
plain_search(
    const struct serve_access_rule *r, size_t cnt, const struct addr *a)
{
	int best_bits = -1;
	bool best = false;

	for (size_t i = 0; i < cnt; i++) {
		if (r[i].prefix.addr.family != a->family ||
		    !covers(&r[i].prefix, a))
			continue;
		if (r[i].all || r[i].prefix.bits >= best_bits) {
			best_bits = r[i].prefix.bits;
			best = r[i].allow;
		}
	}
	return best;
}

static void
random_addr(struct addr *a, uint64_t *seed)
{
	memset(a, 0, sizeof *a);
	a->family = next_random(seed) & 1 ? ADDR_V4 : ADDR_V6;
	/* Few distinct bytes, so that prefixes nest. */
	for (unsigned i = 0; i < (a->family == ADDR_V4 ? 4U : 16U); i++)
		a->bytes[i] = (uint8_t)(next_random(seed) & 0x81);
}

static void
test_ten_thousand(void **state)
{
	struct serve_access_rule *r = calloc(MANY, sizeof *r);
	struct serve_access *t;
	struct addr a;
	uint64_t seed = 1;
	size_t allowed = 0;

	(void)state;
	assert_non_null(r);
	for (size_t i = 0; i < MANY; i++) {
		random_addr(&r[i].prefix.addr, &seed);
		r[i].prefix.bits = (uint8_t)(next_random(&seed) %
		    (r[i].prefix.addr.family == ADDR_V4 ? 33 : 129));
		r[i].allow = next_random(&seed) & 1;
		r[i].all = next_random(&seed) % 50 == 0;
	}
	t = serve_access_new(r, MANY);
	assert_non_null(t);
	for (int i = 0; i < 3000; i++) {
		random_addr(&a, &seed);
		allowed += serve_access_allows(t, &a);
		assert_int_equal(
		    serve_access_allows(t, &a), plain_search(r, MANY, &a));
	}
	assert_in_range(allowed, 300, 2700);
	serve_access_free(t);
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nobody_by_default),
	    cmocka_unit_test(test_allow_without_subnet),
	    cmocka_unit_test(test_one_family),
	    cmocka_unit_test(test_most_specific),
	    cmocka_unit_test(test_all_overrides),
	    cmocka_unit_test(test_deny_all_then_allow_again),
	    cmocka_unit_test(test_later_of_equals),
	    cmocka_unit_test(test_mapped_and_zone),
	    cmocka_unit_test(test_malformed),
	    cmocka_unit_test(test_ten_thousand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
