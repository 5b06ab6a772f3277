/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time conversions: the dates of RFC 5905 figure 4, both sides of each era,
 * differences in two's complement, roundings and saturation.
 */
#include "base/tstamp.h"

#include <math.h>

#include "hex.h"

#define NS TSTAMP_NS_PER_S

static struct wall
at(int64_t unix_s)
{
	return (struct wall){unix_s * NS};
}

/* Days and NTP seconds from RFC 5905 figure 4. */
static void
dates_of_the_rfc(void **state)
{
	static const struct {
		int64_t unix_s;
		uint32_t ntp_s;
	} want[] = {
	    {0, 2208988800U},           /* 1970-01-01 */
	    {63072000, 2272060800U},    /* 1972-01-01, UTC begins */
	    {946598400, 3155587200U},   /* 1999-12-31 */
	    {2085978495, 4294967295U},  /* the last second of era 0 */
	    {2085978496, 0},            /* 2036-02-07 06:28:16 */
	    {-2208988800, 0},           /* 1900-01-01 */
	    {-2208988801, 4294967295U}, /* the end of era -1 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		struct ntp_ts ts = tstamp_from_wall(at(want[i].unix_s));

		assert_int_equal(ts.v >> 32, want[i].ntp_s);
		assert_int_equal((uint32_t)ts.v, 0);
	}
	assert_int_equal(
	    (uint32_t)tstamp_from_wall((struct wall){NS / 2}).v, 0x80000000);
	assert_int_equal(
	    (uint32_t)tstamp_from_wall((struct wall){-NS / 4}).v, 0xc0000000);
	assert_int_equal(
	    tstamp_from_wall((struct wall){-NS / 4}).v >> 32, 2208988799U);
}

/* Q1 to Q3: written and read back is the same to the ns, in every era. */
static void
q1_q2_q3_there_and_back(void **state)
{
	uint64_t x = 2463534242;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		struct wall t, pivot, back;
		int64_t away_s;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		/* 1908 to 2122, and a pivot within 68 years of it */
		t.ns = (int64_t)(x % (214ULL * 366 * 86400 * 1000000000)) -
		    62LL * 365 * 86400 * NS;
		away_s = (int64_t)(x >> 32) - 2147483648;
		pivot.ns = t.ns + away_s * NS + (int64_t)(x & 0xffffff);
		back = tstamp_to_wall(tstamp_from_wall(t), pivot);
		assert_int_equal(back.ns, t.ns);
	}
}

static void
q3_the_pivot_chooses_the_era(void **state)
{
	struct ntp_ts rollover = {0};
	struct ntp_ts y2026 = tstamp_from_wall(at(1780000000));
	int64_t era_s = 1LL << 32;

	(void)state;
	assert_int_equal(
	    tstamp_to_wall(rollover, at(1780000000)).ns, 2085978496 * NS);
	assert_int_equal(
	    tstamp_to_wall(rollover, at(-1780000000)).ns, -2208988800 * NS);
	assert_int_equal(tstamp_to_wall(y2026, at(1780000000 + era_s)).ns,
	    (1780000000 + era_s) * NS);
	/* 68 years to either side, and one second more. */
	assert_int_equal(tstamp_to_wall(y2026, at(1780000000 + era_s / 2)).ns,
	    1780000000 * NS);
	assert_int_equal(
	    tstamp_to_wall(y2026, at(1780000000 + era_s / 2 + 1)).ns,
	    (1780000000 + era_s) * NS);
	assert_int_equal(
	    tstamp_to_wall(y2026, at(1780000000 - era_s / 2 + 1)).ns,
	    1780000000 * NS);
}

static void
differences(void **state)
{
	static const struct {
		uint64_t a, b;
		int64_t ns;
	} want[] = {
	    {0, 0, 0},
	    {1ULL << 32, 0, NS},
	    {0, 1ULL << 32, -NS},
	    {0x80000000, 0, NS / 2},
	    {0, 0x80000000, -NS / 2},
	    /* 2^-32 s is 0.23 ns, 4 of them 0.93 */
	    {1, 0, 0},
	    {4, 0, 1},
	    {0, 4, -1},
	    /* across the end of an era */
	    {0x0000000100000000, 0xffffffff00000000, 2 * NS},
	    {0xffffffff80000000, 0x0000000080000000, -NS},
	    /* 68 years */
	    {0x7fffffff00000000, 0, 2147483647 * NS},
	    {0x8000000000000000, 0, -2147483648 * NS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
		assert_int_equal(tstamp_diff((struct ntp_ts){want[i].a},
				     (struct ntp_ts){want[i].b})
				     .ns,
		    want[i].ns);
}

static void
short_format(void **state)
{
	(void)state;
	assert_int_equal(tstamp_short_from_s(0).v, 0);
	assert_int_equal(tstamp_short_from_s(1).v, 0x10000);
	assert_int_equal(tstamp_short_from_s(0.5).v, 0x8000);
	/* A bound stays one: rounded up. */
	assert_int_equal(tstamp_short_from_s(1e-9).v, 1);
	assert_int_equal(tstamp_short_from_s(1.0000001).v, 0x10001);
	assert_int_equal(tstamp_short_from_s(-1).v, 0);
	assert_int_equal(tstamp_short_from_s((double)NAN).v, 0);
	assert_int_equal(tstamp_short_from_s(65535.99999).v, UINT32_MAX);
	assert_int_equal(tstamp_short_from_s(65536).v, UINT32_MAX);
	assert_int_equal(tstamp_short_from_s((double)INFINITY).v, UINT32_MAX);
	for (uint32_t v = 0; v < 0xf0000000U; v += 0x1234567)
		assert_int_equal(tstamp_short_from_s(
				     tstamp_short_to_s((struct ntp_short){v}))
				     .v,
		    v);
	assert_true(tstamp_short_to_s((struct ntp_short){0x18000}) == 1.5);
}

static void
sums_saturate(void **state)
{
	struct wall w = {INT64_MAX - 5};
	struct mono m = {INT64_MIN + 5};

	(void)state;
	assert_int_equal(tstamp_wall_add(w, (struct dur){6}).ns, INT64_MAX);
	assert_int_equal(tstamp_wall_add(w, (struct dur){5}).ns, INT64_MAX);
	assert_int_equal(
	    tstamp_wall_add(w, (struct dur){-5}).ns, INT64_MAX - 10);
	assert_int_equal(tstamp_mono_add(m, (struct dur){-6}).ns, INT64_MIN);
	assert_int_equal(tstamp_wall_diff(w, (struct wall){-6}).ns, INT64_MAX);
	assert_int_equal(
	    tstamp_wall_diff((struct wall){-6}, w).ns, INT64_MIN + 0);
	assert_int_equal(tstamp_mono_diff(m, (struct mono){6}).ns, INT64_MIN);
	assert_int_equal(
	    tstamp_mono_diff((struct mono){7}, (struct mono){9}).ns, -2);
}

/* Every day of the years that ns can tell, against plain counting. */
static void
days_of_months(void **state)
{
	static const unsigned len[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t day = 0;

	(void)state;
	for (unsigned y = 1970; y < 2262; y++) {
		bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);

		for (unsigned m = 0; m < 12; m++) {
			unsigned last = len[m] + (m == 1 && leap);

			for (unsigned d = 1; d <= last; d++, day++)
				assert_int_equal(
				    tstamp_wall_mday((struct wall){
					day * TSTAMP_DAY_NS + (d & 1)}),
				    d);
		}
	}
}

static void
intervals_in_seconds(void **state)
{
	(void)state;
	assert_true(tstamp_dur_to_s((struct dur){1500000000}) == 1.5);
	assert_int_equal(tstamp_dur_from_s(1.5).ns, 1500000000);
	assert_int_equal(tstamp_dur_from_s(-1e-9).ns, -1);
	assert_int_equal(tstamp_dur_from_s(0.6e-9).ns, 1);
	assert_int_equal(tstamp_dur_from_s(-0.4e-9).ns, 0);
	assert_int_equal(tstamp_dur_from_s((double)NAN).ns, 0);
	assert_int_equal(tstamp_dur_from_s((double)INFINITY).ns, INT64_MAX);
	assert_int_equal(tstamp_dur_from_s(-(double)INFINITY).ns, INT64_MIN);
	assert_int_equal(tstamp_dur_from_s(9.3e9).ns, INT64_MAX);
	assert_int_equal(tstamp_dur_from_s(-9.3e9).ns, INT64_MIN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dates_of_the_rfc),
	    cmocka_unit_test(q1_q2_q3_there_and_back),
	    cmocka_unit_test(q3_the_pivot_chooses_the_era),
	    cmocka_unit_test(differences),
	    cmocka_unit_test(short_format),
	    cmocka_unit_test(sums_saturate),
	    cmocka_unit_test(intervals_in_seconds),
	    cmocka_unit_test(days_of_months),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
