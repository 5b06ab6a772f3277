/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rate limits: the meaning of interval, burst, leak and kod, who counts as
 * one client, and what a flood from invented addresses can do.
 */
#include "serve/limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "ntp/kiss.h"
#include "serve_rig.h"

#define SECOND_NS TSTAMP_NS_PER_S
#define NEVER     60 /* a leak of 2^-60 */

static uint64_t seed;

static void
fill(void *ctx, void *buf, size_t len)
{
	uint8_t *p = buf;

	(void)ctx;
	for (size_t i = 0; i < len; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		p[i] = (uint8_t)(seed >> 56);
	}
}

static struct rng rng = {fill, NULL};

static struct serve_limit *
make(int interval_log2s, unsigned burst, unsigned leak, unsigned kod)
{
	struct serve_limit_conf conf = {
	    .interval_log2s = (int8_t)interval_log2s,
	    .burst = (uint8_t)burst,
	    .leak_log2 = (uint8_t)leak,
	    .kod_log2 = (uint8_t)kod,
	    .table_len = 65536,
	};
	struct serve_limit *l = serve_limit_new(&conf, &rng);

	assert_non_null(l);
	return l;
}

static struct addr
host(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text), 0);
	return a;
}

static struct addr
nth(uint32_t n)
{
	struct addr a = {.family = ADDR_V4};

	for (unsigned i = 0; i < 4; i++)
		a.bytes[i] = (uint8_t)(n >> (24 - 8 * i));
	return a;
}

/* Return: how many of cnt requests at one moment pass. */
static unsigned
passed(struct serve_limit *l, const char *from, int64_t at_ns, unsigned cnt)
{
	struct addr a = host(from);
	unsigned good = 0;

	for (unsigned i = 0; i < cnt; i++)
		good += serve_limit_charge(l, SERVE_LIMIT_PLAIN, &a,
			    (struct mono){at_ns}) == SERVE_LIMIT_PASS;
	return good;
}

static void
test_burst_then_interval(void **state)
{
	static const int intervals[] = {-10, -1, 0, 3, 12};

	(void)state;
	for (size_t i = 0; i < sizeof intervals / sizeof intervals[0]; i++) {
		struct serve_limit *l = make(intervals[i], 8, NEVER, 0);
		int64_t step_ns = intervals[i] < 0 ? SECOND_NS >> -intervals[i]
						   : SECOND_NS << intervals[i];
		int64_t at_ns = 1000 * step_ns;

		assert_int_equal(passed(l, "192.0.2.1", at_ns, 20), 8);
		for (int n = 0; n < 50; n++) {
			at_ns += step_ns + step_ns / 1000;
			assert_int_equal(passed(l, "192.0.2.1", at_ns, 3), 1);
		}
		/* Quiet for long enough, the burst is there again. */
		at_ns += 9 * step_ns;
		assert_int_equal(passed(l, "192.0.2.1", at_ns, 20), 8);
		serve_limit_free(l);
	}
}

static void
test_idle_for_any_time(void **state)
{
	struct serve_limit *l = make(-4, 4, NEVER, 0);
	int64_t at_ns = SECOND_NS;

	(void)state;
	for (int i = 0; i < 62 - 30; i++) {
		assert_int_equal(passed(l, "192.0.2.1", at_ns, 9), 4);
		/* Beside the moment when 32 bits of ticks come round. */
		at_ns += (SECOND_NS << i) + SECOND_NS;
	}
	serve_limit_free(l);
}

static void
test_who_is_one_client(void **state)
{
	struct serve_limit *l = make(3, 4, NEVER, 0);

	(void)state;
	assert_int_equal(passed(l, "192.0.2.1", 0, 9), 4);
	assert_int_equal(passed(l, "192.0.2.2", 0, 9), 4);
	assert_int_equal(passed(l, "2001:db8:0:1::1", 0, 9), 4);
	assert_int_equal(passed(l, "2001:db8:0:1:ffff::1", 0, 9), 0);
	assert_int_equal(passed(l, "2001:db8:0:2::1", 0, 9), 4);
	/* The same bytes in the other family. */
	assert_int_equal(passed(l, "c000:201::", 0, 9), 4);
	serve_limit_free(l);
}

static void
test_leak_and_kod(void **state)
{
	struct serve_limit *l = make(3, 8, 2, 3);
	struct addr a = host("192.0.2.1");
	unsigned cnt[3] = {0};

	(void)state;
	for (int i = 0; i < 32000; i++)
		cnt[serve_limit_charge(
		    l, SERVE_LIMIT_PLAIN, &a, (struct mono){5})]++;
	/* A quarter, and an eighth of three quarters; 6 sigma. */
	assert_in_range(cnt[SERVE_LIMIT_PASS], 8008 - 470, 8008 + 470);
	assert_in_range(cnt[SERVE_LIMIT_KISS], 2999 - 320, 2999 + 320);
	serve_limit_free(l);
	/* J5: none unless asked for. */
	l = make(3, 8, 1, 0);
	memset(cnt, 0, sizeof cnt);
	for (int i = 0; i < 1000; i++)
		cnt[serve_limit_charge(
		    l, SERVE_LIMIT_PLAIN, &a, (struct mono){5})]++;
	assert_int_equal(cnt[SERVE_LIMIT_KISS], 0);
	serve_limit_free(l);
}

/* What anybody can send in a client's name does not cost it its NTS. */
static void
test_proven_clients_apart(void **state)
{
	struct serve_limit *l = make(3, 8, NEVER, 0);
	struct addr a = host("192.0.2.1");
	unsigned good = 0;

	(void)state;
	assert_int_equal(passed(l, "192.0.2.1", 0, 1000), 8);
	for (int i = 0; i < 20; i++)
		good += serve_limit_charge(l, SERVE_LIMIT_PROVEN, &a,
			    (struct mono){0}) == SERVE_LIMIT_PASS;
	assert_int_equal(good, 8);
	serve_limit_free(l);
}

/* J3: 200 000 addresses in a table of 8192. */
static void
test_invented_addresses(void **state)
{
	struct serve_limit *l = make(3, 4, NEVER, 0);
	struct mono now = {SECOND_NS};
	unsigned good = 0, few = 0;

	(void)state;
	for (uint32_t i = 0; i < 200000; i++) {
		struct addr a = nth(0x0a000000 + i);

		now.ns += 1000;
		good += serve_limit_charge(l, SERVE_LIMIT_PLAIN, &a, now) ==
		    SERVE_LIMIT_PASS;
	}
	/* 781 networks of 256, each with a burst of 4 * 64 and no more. */
	assert_true(good > 100000);
	for (uint32_t i = 0; i < 200000; i++) {
		struct addr a = nth(0x0a000000 + i % 51200);

		now.ns += 1000;
		few += serve_limit_charge(l, SERVE_LIMIT_PLAIN, &a, now) ==
		    SERVE_LIMIT_PASS;
	}
	assert_true(few < 30000);
	/* Others are still served, and those with cookies always. */
	assert_int_equal(passed(l, "192.0.2.1", now.ns, 1), 1);
	for (uint32_t i = 0; i < 1000; i++) {
		struct addr a = nth(0x0a000000 + i);

		assert_int_equal(
		    serve_limit_charge(l, SERVE_LIMIT_PROVEN, &a, now),
		    SERVE_LIMIT_PASS);
	}
	serve_limit_free(l);
}

/* J3, IPv6: with no room left all of a /56 share what 64 clients may have,
 * and the /56 beside it has as much of its own. */
static void
test_a_56_under_pressure(void **state)
{
	struct serve_limit *l = make(3, 1, NEVER, 0);
	struct mono now = {SECOND_NS};
	unsigned good[2] = {0};

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		struct addr a = host("2001:db8::");

		a.bytes[4] = (uint8_t)(i >> 16);
		a.bytes[5] = (uint8_t)(i >> 8);
		a.bytes[6] = (uint8_t)i;
		(void)serve_limit_charge(l, SERVE_LIMIT_PLAIN, &a, now);
	}
	for (uint32_t i = 0; i < 512; i++) {
		struct addr a = host("2001:db9::");

		a.bytes[6] = (uint8_t)(i / 256);
		a.bytes[7] = (uint8_t)i;
		good[i / 256] += serve_limit_charge(l, SERVE_LIMIT_PLAIN, &a,
				     now) == SERVE_LIMIT_PASS;
	}
	assert_in_range(good[0], 64, 66);
	assert_in_range(good[1], 64, 66);
	serve_limit_free(l);
}

/* As many honest clients as the table holds do not disturb each other. */
static void
test_many_clients(void **state)
{
	struct serve_limit *l = make(0, 2, NEVER, 0);
	struct mono now = {0};

	(void)state;
	for (int round = 0; round < 10; round++)
		for (uint32_t i = 0; i < 4000; i++) {
			struct addr a = nth(i * 2654435761U);

			now.ns = round * 2 * SECOND_NS + i;
			assert_int_equal(
			    serve_limit_charge(l, SERVE_LIMIT_PLAIN, &a, now),
			    SERVE_LIMIT_PASS);
		}
	serve_limit_free(l);
}

/* J2, J5: of a flood a few are answered, fewer are told so, others live. */
static void
test_j2_j5_server(void **state)
{
	struct serve_limit_conf conf = {
	    .interval_log2s = 3, .burst = 8, .leak_log2 = 4, .kod_log2 = 4};
	unsigned cnt[SERVE_VERDICT_CNT] = {0};
	struct serve_limit *l;
	struct rig r;

	(void)state;
	rig_init(&r, NULL);
	l = serve_limit_new(&conf, &r.rng);
	assert_non_null(l);
	serve_set_limit(r.serve, l);
	for (int i = 0; i < 2000; i++) {
		cnt[rig_ask(&r)]++;
		if (r.verdict != SERVE_RATE)
			continue;
		assert_int_equal(r.head.ref_id, NTP_KISS_CODE_RATE);
		assert_int_equal(r.head.stratum, 0);
		assert_int_equal(r.head.mode, NTP_MODE_SERVER);
		assert_int_equal(r.head.origin.v, RIG_TRANSMIT);
	}
	assert_in_range(cnt[SERVE_ANSWERED], 8 + 60, 8 + 190);
	assert_in_range(cnt[SERVE_RATE], 55, 180);
	assert_int_equal(cnt[SERVE_DROP_LIMITED],
	    2000 - cnt[SERVE_ANSWERED] - cnt[SERVE_RATE]);
	/* Never to what is no request. */
	rig_plain(&r, 4, NTP_MODE_SERVER);
	for (int i = 0; i < 100; i++)
		assert_int_equal(rig_ask(&r), SERVE_DROP_MODE);
	rig_plain(&r, 4, NTP_MODE_CLIENT);
	r.req.from.bytes[3]++;
	assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	r.req.from.bytes[3]--;
	/* Quiet for a while, it is welcome again. */
	r.now.mono.ns += 64 * SECOND_NS;
	rig_batch(&r);
	for (int i = 0; i < 8; i++)
		assert_int_equal(rig_ask(&r), SERVE_ANSWERED);
	rig_fini(&r);
	serve_limit_free(l);
}

static void
test_none(void **state)
{
	struct addr a = host("192.0.2.1");

	(void)state;
	assert_int_equal(
	    serve_limit_charge(NULL, SERVE_LIMIT_PLAIN, &a, (struct mono){0}),
	    SERVE_LIMIT_PASS);
	serve_limit_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_burst_then_interval),
	    cmocka_unit_test(test_idle_for_any_time),
	    cmocka_unit_test(test_who_is_one_client),
	    cmocka_unit_test(test_leak_and_kod),
	    cmocka_unit_test(test_proven_clients_apart),
	    cmocka_unit_test(test_invented_addresses),
	    cmocka_unit_test(test_a_56_under_pressure),
	    cmocka_unit_test(test_many_clients),
	    cmocka_unit_test(test_j2_j5_server),
	    cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
