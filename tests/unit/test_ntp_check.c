/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tests on an answer, each alone and in order, and the arithmetic of an
 * exchange against numbers worked out by hand.
 */
#include "ntp/check.h"

#include <math.h>

#include "hex.h"

static const struct ntp_packet good = {
    .version = 4,
    .mode = NTP_MODE_SERVER,
    .stratum = 2,
    .poll = 6,
    .precision = -24,
    .root_delay = {0x4000},      /* 0.25 s */
    .root_dispersion = {0x2000}, /* 0.125 s */
    .ref_id = 0xc0000201,
    .reference = {0xeead299000000000},
    .origin = {0x1122334455667788},
    .receive = {0xeead29a000000000},
    .transmit = {0xeead29a000010000},
};

static const struct ntp_expect expect = {
    .version = 4,
    .origin = {0x1122334455667788},
    .distance_max_s = NTP_CHECK_DISTANCE_MAX_S,
};

static void
a_good_answer(void **state)
{
	struct ntp_packet p = good;

	(void)state;
	assert_int_equal(ntp_check_answer(&p, &expect), NTP_CHECK_OK);
	for (uint8_t s = 1; s <= 15; s++) {
		p.stratum = s;
		assert_int_equal(ntp_check_answer(&p, &expect), NTP_CHECK_OK);
	}
	for (uint8_t leap = 0; leap < 3; leap++) {
		p.leap = leap;
		assert_int_equal(ntp_check_answer(&p, &expect), NTP_CHECK_OK);
	}
	p.reference.v = 0; /* unknown */
	assert_int_equal(ntp_check_answer(&p, &expect), NTP_CHECK_OK);
}

/* G4: version and mode, before all else. */
static void
g4_version_and_mode(void **state)
{
	(void)state;
	for (unsigned v = 0; v < 8; v++)
		for (unsigned mode = 0; mode < 8; mode++) {
			struct ntp_packet p = good;
			enum ntp_check want = v != 4 ? NTP_CHECK_VERSION
			    : mode != 4              ? NTP_CHECK_MODE
						     : NTP_CHECK_OK;

			p.version = (uint8_t)v;
			p.mode = (uint8_t)mode;
			assert_int_equal(ntp_check_answer(&p, &expect), want);
			p.origin.v = 0;
			assert_int_equal(ntp_check_answer(&p, &expect),
			    want == NTP_CHECK_OK ? NTP_CHECK_ORIGIN : want);
		}
}

/* G1: another origin, zero, all ones; zero even when nothing is expected. */
static void
g1_origin(void **state)
{
	static const uint64_t wrong[] = {0, UINT64_MAX, 0x1122334455667789,
	    0x8877665544332211, 0xeead29a000000000};
	struct ntp_expect none = expect;
	struct ntp_packet p = good;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		p.origin.v = wrong[i];
		/* Nor may a kiss, G6. */
		p.stratum = i % 2 ? 0 : 2;
		assert_int_equal(
		    ntp_check_answer(&p, &expect), NTP_CHECK_ORIGIN);
	}
	none.origin.v = 0;
	p.origin.v = 0;
	assert_int_equal(ntp_check_answer(&p, &none), NTP_CHECK_ORIGIN);
	p = good;
	assert_int_equal(ntp_check_answer(&p, &none), NTP_CHECK_ORIGIN);
}

/* G9: interleaved only when we asked for it. */
static void
g9_interleaved_origin(void **state)
{
	struct ntp_expect e = expect;
	struct ntp_packet p = good;

	(void)state;
	p.origin.v = 0x99;
	assert_int_equal(ntp_check_answer(&p, &e), NTP_CHECK_ORIGIN);
	e.interleaved.v = 0x99;
	assert_int_equal(ntp_check_answer(&p, &e), NTP_CHECK_OK);
	p.origin = good.origin;
	assert_int_equal(ntp_check_answer(&p, &e), NTP_CHECK_OK);
	p.origin.v = 0x98;
	assert_int_equal(ntp_check_answer(&p, &e), NTP_CHECK_ORIGIN);
}

/* H1: everything that makes an answer unfit, one at a time. */
static void
h1_unfit_answers(void **state)
{
	struct ntp_packet p = good;

	(void)state;
	p.stratum = 0;
	assert_int_equal(ntp_check_answer(&p, &expect), NTP_CHECK_KISS);
	p.leap = 3;
	assert_int_equal(ntp_check_answer(&p, &expect), NTP_CHECK_KISS);
	p.stratum = 1;
	assert_int_equal(ntp_check_answer(&p, &expect), NTP_CHECK_LEAP);
	for (unsigned s = 16; s <= 255; s++) {
		p = good;
		p.stratum = (uint8_t)s;
		assert_int_equal(
		    ntp_check_answer(&p, &expect), NTP_CHECK_STRATUM);
	}
	p = good;
	p.receive.v = 0;
	assert_int_equal(ntp_check_answer(&p, &expect), NTP_CHECK_ZERO_TIME);
	p = good;
	p.transmit.v = 0;
	assert_int_equal(ntp_check_answer(&p, &expect), NTP_CHECK_ZERO_TIME);
	p = good;
	p.root_delay.v = UINT32_MAX;
	assert_int_equal(ntp_check_answer(&p, &expect), NTP_CHECK_DISTANCE);
	p = good;
	p.root_dispersion.v = UINT32_MAX;
	assert_int_equal(ntp_check_answer(&p, &expect), NTP_CHECK_DISTANCE);
}

static void
root_distance_edge(void **state)
{
	struct ntp_expect e = expect;
	struct ntp_packet p = good;

	(void)state;
	assert_true(ntp_check_distance_s(&p) == 0.25);
	e.distance_max_s = 0.25;
	assert_int_equal(ntp_check_answer(&p, &e), NTP_CHECK_DISTANCE);
	e.distance_max_s = 0.2500001;
	assert_int_equal(ntp_check_answer(&p, &e), NTP_CHECK_OK);
	e.distance_max_s = (double)NAN;
	assert_int_equal(ntp_check_answer(&p, &e), NTP_CHECK_DISTANCE);
}

static void
h1_reference_time(void **state)
{
	struct ntp_packet p = good;

	(void)state;
	p.reference.v = p.transmit.v + (1ULL << 32);
	assert_int_equal(ntp_check_answer(&p, &expect), NTP_CHECK_OK);
	p.reference.v += 1ULL << 16;
	assert_int_equal(ntp_check_answer(&p, &expect), NTP_CHECK_REFERENCE);
	/* Interleaved: transmit is a poll ago, receive is now. */
	p.transmit.v -= 64ULL << 32;
	p.reference.v = p.receive.v;
	assert_int_equal(ntp_check_answer(&p, &expect), NTP_CHECK_OK);
	/* Q1: the reference before, the answer after the end of the era. */
	p.reference.v = 0xffffffff00000000;
	p.receive.v = 0x0000000100000000;
	p.transmit.v = 0x0000000100001000;
	assert_int_equal(ntp_check_answer(&p, &expect), NTP_CHECK_OK);
}

static void
what_ends_the_wait(void **state)
{
	(void)state;
	for (unsigned c = 0; c < NTP_CHECK_CNT; c++) {
		bool ours = c != NTP_CHECK_VERSION && c != NTP_CHECK_MODE &&
		    c != NTP_CHECK_ORIGIN;

		assert_int_equal(ntp_check_is_ours((enum ntp_check)c), ours);
		assert_string_not_equal(ntp_check_text(c), "unknown");
	}
	assert_string_equal(ntp_check_text(NTP_CHECK_CNT), "unknown");
}

#define NS         TSTAMP_NS_PER_S
#define Y2026      (1780000000 * NS)
#define MS(n)      ((n)*1000000LL)
#define NEAR(x, y) (fabs((x) - (y)) < 1e-9)

static struct ntp_exchange
exchange(int64_t t1, int64_t t2, int64_t t3, int64_t t4)
{
	return (struct ntp_exchange){
	    .t1 = {t1},
	    .t2 = tstamp_from_wall((struct wall){t2}),
	    .t3 = tstamp_from_wall((struct wall){t3}),
	    .t4 = {t4},
	    .pivot = {Y2026},
	    .precision_s = 1e-6,
	};
}

static void
measured_by_hand(void **state)
{
	/* Server 100 ms ahead, 10 ms out, 1 ms inside, 30 ms back. */
	struct ntp_exchange x =
	    exchange(Y2026, Y2026 + MS(110), Y2026 + MS(111), Y2026 + MS(41));
	struct ntp_measure m;

	(void)state;
	assert_int_equal(ntp_check_measure(&x, &m), NTP_CHECK_OK);
	assert_true(NEAR(m.offset_s, 0.1 - 0.010));
	assert_true(NEAR(m.delay_s, 0.040));
	assert_true(NEAR(m.server_time_s, 0.001));
	/* Behind by 3 s. */
	x = exchange(Y2026, Y2026 - MS(2990), Y2026 - MS(2990), Y2026 + MS(20));
	assert_int_equal(ntp_check_measure(&x, &m), NTP_CHECK_OK);
	assert_true(NEAR(m.offset_s, -3.0));
	assert_true(NEAR(m.delay_s, 0.020));
	/* A resolution of 1 ns is kept. */
	x = exchange(Y2026, Y2026 + 5001, Y2026 + 5001, Y2026 + 10000);
	assert_int_equal(ntp_check_measure(&x, &m), NTP_CHECK_OK);
	assert_true(fabs(m.offset_s - 1e-9) < 0.6e-9);
}

/* Who answers at once, and makes his stamps random below their precision, as
 * RFC 5905 wants, often says that he answered before he was asked. */
static void
order_within_the_precision(void **state)
{
	struct ntp_exchange x =
	    exchange(Y2026, Y2026 + MS(2), Y2026 + MS(1), Y2026 + MS(9));
	struct ntp_measure m;

	(void)state;
	x.precision_s = 0.0009;
	assert_int_equal(ntp_check_measure(&x, &m), NTP_CHECK_ORDER);
	x.precision_s = 0.0011;
	assert_int_equal(ntp_check_measure(&x, &m), NTP_CHECK_OK);
	assert_true(m.server_time_s == 0);
	assert_true(fabs(m.delay_s - 0.010) < 1e-9);
	assert_true(fabs(m.offset_s - (0.002 - 0.008) / 2) < 1e-9);
	/* However coarse it says that it is. */
	x = exchange(Y2026, Y2026 + MS(22), Y2026 + MS(1), Y2026 + MS(30));
	x.precision_s = 1024;
	assert_int_equal(ntp_check_measure(&x, &m), NTP_CHECK_ORDER);
}

static void
h1_impossible_times(void **state)
{
	struct ntp_exchange x;
	struct ntp_measure m;

	(void)state;
	/* T2 > T3. */
	x = exchange(Y2026, Y2026 + MS(2), Y2026 + MS(1), Y2026 + MS(9));
	assert_int_equal(ntp_check_measure(&x, &m), NTP_CHECK_ORDER);
	assert_true(m.offset_s == 0 && m.delay_s == 0);
	/* T4 < T1. */
	x = exchange(Y2026, Y2026, Y2026, Y2026 - MS(1));
	assert_int_equal(ntp_check_measure(&x, &m), NTP_CHECK_ORDER);
	/* T3 far behind T2. */
	x = exchange(Y2026, Y2026, Y2026 + MS(4001), Y2026 + MS(4002));
	assert_int_equal(ntp_check_measure(&x, &m), NTP_CHECK_SERVER_TIME);
	x = exchange(Y2026, Y2026, Y2026 + 3600 * NS, Y2026 + MS(10));
	assert_int_equal(ntp_check_measure(&x, &m), NTP_CHECK_SERVER_TIME);
	/* It claims more time than the whole exchange took. */
	x = exchange(Y2026, Y2026, Y2026 + MS(10), Y2026 + MS(9));
	assert_int_equal(ntp_check_measure(&x, &m), NTP_CHECK_DELAY);
	/* Less than the precision of the stamps: no lie, but no less. */
	x = exchange(Y2026, Y2026, Y2026 + 1000, Y2026 + 500);
	assert_int_equal(ntp_check_measure(&x, &m), NTP_CHECK_OK);
	assert_true(m.delay_s == 1e-6);
	assert_true(NEAR(m.short_s, 1.5e-6));
	/* Nor is a server's guess that came out a little behind the fact. */
	x = exchange(Y2026, Y2026, Y2026 + 30000, Y2026 + 15000);
	assert_int_equal(ntp_check_measure(&x, &m), NTP_CHECK_OK);
	assert_true(m.delay_s == 1e-6);
	assert_true(NEAR(m.short_s, 16e-6));
	x = exchange(Y2026, Y2026, Y2026 + 60000, Y2026 + 15000);
	assert_int_equal(ntp_check_measure(&x, &m), NTP_CHECK_DELAY);
}

/* Q1, Q3: eras; our clock may be anywhere, the pivot decides. */
static void
q1_q3_eras(void **state)
{
	static const int64_t ours[] = {0, 1780000000, 2085978496, 4102444800};
	static const int64_t theirs[] = {
	    1780000000, 2085978495, 2085978496, 3700000000};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < 4; k++) {
			int64_t t = ours[i] * NS, s = theirs[k] * NS;
			struct ntp_exchange x =
			    exchange(t, s + MS(5), s + MS(5), t + MS(10));
			struct ntp_measure m;

			assert_int_equal(
			    ntp_check_measure(&x, &m), NTP_CHECK_OK);
			assert_true(fabs(m.offset_s -
					(double)(theirs[k] - ours[i])) < 1e-6);
			assert_true(NEAR(m.delay_s, 0.010));
		}
	/* T2 and T3 on either side of the rollover. */
	struct ntp_exchange x =
	    exchange(2085978495 * NS, 2085978496 * NS - MS(1),
		2085978496 * NS + MS(1), 2085978495 * NS + MS(4));
	struct ntp_measure m;

	assert_int_equal(ntp_check_measure(&x, &m), NTP_CHECK_OK);
	assert_true(NEAR(m.offset_s, 0.998));
	assert_true(NEAR(m.server_time_s, 0.002));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_good_answer),
	    cmocka_unit_test(g4_version_and_mode),
	    cmocka_unit_test(g1_origin),
	    cmocka_unit_test(g9_interleaved_origin),
	    cmocka_unit_test(h1_unfit_answers),
	    cmocka_unit_test(root_distance_edge),
	    cmocka_unit_test(h1_reference_time),
	    cmocka_unit_test(what_ends_the_wait),
	    cmocka_unit_test(measured_by_hand),
	    cmocka_unit_test(order_within_the_precision),
	    cmocka_unit_test(h1_impossible_times),
	    cmocka_unit_test(q1_q3_eras),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
